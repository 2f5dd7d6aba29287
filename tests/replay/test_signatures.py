"""Signatures are judged by the clock the scenario prescribes, really, and fakes are told."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

from lab.dnssec.rrset import Rrsig, SignedRRset, make_rrset
from lab.dnssec.rrtypes import A
from lab.replay.configuration import Configuration
from lab.replay.signatures import EDE_BOGUS, EDE_EARLY, EDE_EXPIRED, EDE_NO_KEY, EDE_UNSIGNED, Judge

from .test_legacy import PUBLIC
from .workshop import NOON, OWNER, complaints, key_line, key_of, play, probe, scenario, set_lines, zone

LAB = Path(__file__).resolve().parent.parent.parent / "lab"
BEGIN, END = 1_000_000, 2_000_000
RRSET = make_rrset(OWNER, A, 60, [bytes(4)])


def rrsig(begin: int = BEGIN, end: int = END, algorithm: int = 5, tag: int | None = None) -> Rrsig:
    """Return an RRSIG whose signature is bad."""
    key_tag = key_of("a").tag if tag is None else tag
    return Rrsig(A, algorithm, 2, 60, end, begin, key_tag, OWNER, b"\0" * 41)


def judged(now: int, config: Configuration | None = None, **fields: int) -> int:
    """Return the extended error of an RRset whose only signature is bad."""
    judge = Judge(config or Configuration())
    return judge.judge(SignedRRset(RRSET, (rrsig(**fields),)), [key_of("a")], OWNER, now).ede


@pytest.mark.parametrize(
    ("now", "ede"),
    [
        (BEGIN + 1, EDE_BOGUS),
        (END + 86_400, EDE_BOGUS),
        (END + 86_401, EDE_EXPIRED),
        (BEGIN - 86_400, EDE_BOGUS),
        (BEGIN - 86_401, EDE_EARLY),
    ],
)
def test_tolerance(now: int, ede: int) -> None:
    """A tenth of the period, at most a day, is granted at either end (val-sig-skew-max)."""
    assert judged(now) == ede


def test_configured_tolerance() -> None:
    """The bounds of the tolerance are configured; the upper one wins (validator/val_sigcrypt.c)."""
    assert judged(END + 1, Configuration(skew_min=0, skew_max=0)) == EDE_EXPIRED
    assert judged(END + 200_000, Configuration(skew_min=300_000, skew_max=300_000)) == EDE_BOGUS
    assert judged(END + 200_000, Configuration(skew_min=300_000, skew_max=100_000)) == EDE_EXPIRED


def test_prescribed_date() -> None:
    """With val-override-date the time of the run does not count, and -1 lets any date pass."""
    assert judged(END * 9, Configuration(override_date=BEGIN + 5)) == EDE_BOGUS
    assert judged(BEGIN + 5, Configuration(override_date=END * 9)) == EDE_EXPIRED
    assert judged(END * 9, Configuration(override_date=-1)) == EDE_BOGUS


def test_no_signature_and_no_key() -> None:
    """No signature at all, and none by a key of the zone, are told apart (RFC 8914 sections 4.7 to 4.11)."""
    judge = Judge(Configuration())
    assert judge.judge(SignedRRset(RRSET, ()), [key_of("a")], OWNER, BEGIN).ede == EDE_UNSIGNED
    assert judged(BEGIN + 1, tag=1) == EDE_NO_KEY
    assert judge.judge(SignedRRset(RRSET, (rrsig(),)), [key_of("-a")], OWNER, BEGIN + 1).ede == EDE_NO_KEY


@pytest.mark.parametrize(
    ("algorithm", "options", "good", "told"),
    [
        (3, {}, False, 0),
        (3, {"fake_sha1": True}, True, 1),
        (3, {"fake_dsa": True}, True, 1),
        (5, {"fake_dsa": True}, False, 0),
        (5, {"fake_sha1": True}, False, 1),
    ],
)
def test_fakes(algorithm: int, options: dict[str, bool], good: bool, told: int) -> None:
    """DSA may be faked (RFC 8624 section 3.1); SHA-1 is verified really, and a difference told."""
    from lab.dnssec.keys import Key

    public = PUBLIC if algorithm == 3 else key_of("a").public_key
    key = Key(257, algorithm, public)
    judge = Judge(Configuration(**options))  # type: ignore[arg-type]
    assert judge.is_good(RRSET, rrsig(algorithm=algorithm, tag=key.tag), key) is good
    assert [case.accepted for case in judge.disagreements] == [good] * told


def test_supported_algorithms() -> None:
    """RSA/MD5 counts for nothing (RFC 6725), all other algorithms verified here or elsewhere do."""
    judge = Judge(Configuration())
    assert [number for number in range(256) if judge.supports(number)] == [3, 5, 6, 7, 8, 10, 13, 14, 15, 16]


def test_dates_are_prescribed_for_trust_points_too() -> None:
    """A probe judges signatures by the prescribed date, while hold-downs go by the clock."""
    text = scenario(
        key_line("a"),
        zone(0, 100, set_lines("a z", "a")),
        probe(10, "0", 4800, 5400, "ELAPSE 100"),
        server=f"val-override-date: {NOON[0] + 5}",
    )
    assert complaints(play(text)) == []
    late = text.replace(str(NOON[0] + 5), str(NOON[1] + 86_401))
    assert play(late).verdict == "failed"


def test_only_replay_reaches_the_arithmetic() -> None:
    """No module outside lab.replay imports the legacy verifier, and only one inside does."""
    importers = set()
    for path in LAB.rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.ImportFrom | ast.Import):
                names = [alias.name for alias in node.names] + [getattr(node, "module", None) or ""]
                if any(name.rpartition(".")[2] == "legacy" for name in names):
                    importers.add(path.relative_to(LAB).as_posix())
    assert importers == {"replay/signatures.py"}
