"""A library with four verbs: one made of the lab's model passes, one with a mistake does not."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from lab.conformance.case import choose
from lab.conformance.examine import examine
from lab.conformance.examinee import LIBRARY, Examinee, examinee
from lab.conformance.result import FAIL, NOT_APPLICABLE, PASS, Examination
from lab.conformance.stage import player_for
from lab.errors import DriverError, ScenarioError

EXAMPLE = f'["{sys.executable}", "-m", "lab.conformance.example"'
ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture(autouse=True)
def importable(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let programs that are started find the lab."""
    monkeypatch.setenv("PYTHONPATH", str(ROOT))


def sut(folder: Path, library: str, rest: str = "") -> Examinee:
    """Return who is examined by a SUT file."""
    path = folder / "mine.toml"
    path.write_text(f'name = "mine"\nlibrary = {library}\n{rest}')
    return examinee(str(path))


def scripted(folder: Path, body: str) -> str:
    """Return the command line of a program that answers line by line as `body` says."""
    path = folder / "program.py"
    path.write_text(f"import json, sys\nfor line in sys.stdin:\n    row = json.loads(line)\n    {body}\n")
    return f'["{sys.executable}", "{path}"]'


def examined(who: Examinee, *cases: str) -> Examination:
    """Examine one in some cases."""
    return examine(choose(cases), [who], player_for([who]))


def test_good_library_passes(tmp_path: Path) -> None:
    """The lab's own model behind the four verbs passes: a roll, a restart, a kill, a replay, an outage."""
    cases = ("RFC5011-6.3-ROLL-01", "RFC5011-2.4.1-ADD-02", "STATE-KILL-01", "STATE-OFF-01", "REPLAY-03",
             "STATE-RESET-01", "RFC5011-5-LAST-01", "RFC5011-2.2-DARK-02", "OPS-ANCHOR-01", "CLOCK-JUMP-01",
             )  # fmt: skip
    who = sut(tmp_path, EXAMPLE + "]", 'version = "1.0"')
    found = examined(who, *cases)
    assert {one.case: one.status for one in found.results} == dict.fromkeys(sorted(cases), PASS)
    assert found.examinees == (("mine", LIBRARY, "1.0"),)


def test_broken_library_fails(tmp_path: Path) -> None:
    """A library without a hold-down fails where it trusts too early, and passes where it does not matter."""
    found = examined(
        sut(tmp_path, EXAMPLE + ', "--rows", "AddPend seen Valid"]'),
        "RFC5011-2.4.1-ADD-02", "RFC5011-2.2-ADD-04", "RFC5011-2.2-ADD-01",
    )  # fmt: skip
    statuses = {one.case: one.status for one in found.results}
    assert statuses == {
        "RFC5011-2.2-ADD-01": PASS, "RFC5011-2.2-ADD-04": FAIL, "RFC5011-2.4.1-ADD-02": FAIL,
    }  # fmt: skip
    assert found.verdict == "failed"
    assert "seen first: 2020-03-03T" in found.of("RFC5011-2.4.1-ADD-02", "mine").message


def test_what_a_library_has_not_does_not_apply(tmp_path: Path) -> None:
    """Cases on the network, on answers to clients and on files that cannot be written are left out."""
    found = examined(
        sut(tmp_path, EXAMPLE + "]"), "NET-UDP-0*", "STATE-RO-*", "STATE-FULL-01", "RFC4035-5.3.1-SIG-03"
    )
    assert {one.status for one in found.results} == {NOT_APPLICABLE}
    assert found.verdict == "inconclusive"


@pytest.mark.parametrize(
    ("body", "said"),
    [
        ("sys.exit(3)", "it ended with status 3"),
        ("print('hello', flush=True)", "no JSON object: hello"),
        ("print('[]', flush=True)", "no JSON object"),
        ("print(json.dumps({'error': 'no such anchor'}), flush=True)", "init: no such anchor"),
        ("print(json.dumps({'next': 'soon'}), flush=True)", "next is no instant"),
        ("print('x' * 2000000, flush=True)", "longer than 1048576 octets"),
        ("print('{}', flush=True)", "state has no list of keys"),
        ("print(json.dumps({'keys': [{'state': 'Valid'}]}), flush=True)", "lacks key_tag"),
        ("print(json.dumps({'keys': []}), flush=True)", "no result of secure"),
    ],
)
def test_misbehaviour_is_a_failure_with_a_reason(tmp_path: Path, body: str, said: str) -> None:
    """A program that ends or answers nonsense is down, and the outcome says why."""
    found = examined(sut(tmp_path, scripted(tmp_path, body)), "BOOT-DS-01")
    (one,) = found.results
    assert one.status == FAIL
    assert one.seen is not None
    assert one.seen.outcome == "down"
    assert said in one.seen.outcomes[0].detail


def test_missing_program_is_told(tmp_path: Path) -> None:
    """A program that is not there is the environment's fault, in one line."""
    with pytest.raises(DriverError, match=r"no-such-program cannot be started: .*mend `library`"):
        examined(sut(tmp_path, '["no-such-program"]'), "BOOT-DS-01")


def test_known_failures_have_to_fail(tmp_path: Path) -> None:
    """An xfail that fails is one; an xfail that passes is a failure."""
    xfails = '[xfails]\n"RFC5011-2.4.1-ADD-02" = "no timer yet"\n'
    broken = sut(tmp_path, EXAMPLE + ', "--rows", "AddPend seen Valid"]', xfails)
    (one,) = examined(broken, "RFC5011-2.4.1-ADD-02").results
    assert (one.status, one.reason) == ("xfail", "no timer yet")
    mended = sut(tmp_path, EXAMPLE + "]", xfails)
    (one,) = examined(mended, "RFC5011-2.4.1-ADD-02").results
    assert one.status == FAIL
    assert "(no timer yet), and passes: strike it off the list" in one.message


@pytest.mark.parametrize(
    ("rest", "said"),
    [
        (
            '[xfails]\n"REPLAY-1" = "why"\n',
            'xfails.REPLAY-1: there is no such case; did you mean "REPLAY-01"',
        ),
        ('[xfails]\n"REPLAY-01" = ""\n', "must not be empty"),
        ("colour = 1\n", "colour: unknown key"),
    ],
)
def test_mistakes_in_the_file_are_told(tmp_path: Path, rest: str, said: str) -> None:
    """A mistake in a SUT file is one line that names the place."""
    with pytest.raises(ScenarioError, match=r"mine\.toml") as caught:
        sut(tmp_path, '["x"]', rest)
    assert said in str(caught.value)
