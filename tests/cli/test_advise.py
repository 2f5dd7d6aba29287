"""`rootlab advise`: exit statuses, formats, and an outlook that is the one `rootlab run` sees."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from lab.run.engine import play
from lab.run.judge import judge
from lab.scenario.load import load_scenario

from ..advise.configurations import NEW, OLD
from .ended import Rootlab

AUTO = 'server:\n  auto-trust-anchor-file: "/var/lib/unbound/root.key"\n'
DNSMASQ = f"dnssec\ntrust-anchor=.,{OLD.replace(' ', ',')}\n"


@pytest.fixture
def config(tmp_path: Path) -> Path:
    """Return a dnsmasq.conf with the old anchor alone."""
    path = tmp_path / "dnsmasq.conf"
    path.write_text(DNSMASQ)
    return path


def test_outlook_is_played(config: Path, rootlab: Rootlab) -> None:
    """First failure, cause and outcome are those of the same subject in the scenario itself."""
    ended = rootlab("advise", config, "--format", "json")
    (seen,) = json.loads(ended.out)["validators"]
    run = judge(play(load_scenario("2026-planned"), subjects=["dnsmasq"])).subjects[0]
    assert (ended.status, seen["model"], seen["cause"], seen["outcome"]) == (
        1,
        "dnsmasq",
        run.cause,
        run.outcome,
    )
    assert (seen["first_failure"], run.first_failure) == ("2026-10-13T00:00:00Z", 1791849600)


def test_json(config: Path, rootlab: Rootlab) -> None:
    """JSON has what the text has: line, anchors, assumptions, remedy."""
    found = json.loads(rootlab("advise", config, "--format", "json").out)
    (seen,) = found.pop("validators")
    assert found == {
        "config": str(config), "kind": "dnsmasq", "timeline": "2026-planned",
        "installed": "2025-01-01T00:00:00Z", "failing": True, "notes": [],
    }  # fmt: skip
    line = DNSMASQ.splitlines()[1]
    assert seen["decides"] == {"path": str(config), "line": 2, "text": line}
    assert (seen["anchors"], seen["assumptions"], seen["policy"]) == (["ksk-2017"], [], {})
    assert seen["outcomes"][-1] == {"at": "2026-10-13T00:00:00Z", "outcome": "bogus"}
    assert seen["remedy"].startswith(
        "add the key 38696 (KSK-2024) to its anchors before 2026-10-13T00:00:00Z"
    )


def test_both_keys(config: Path, rootlab: Rootlab) -> None:
    """With the new key beside the old nothing fails; the next roll is spoken of, for nothing is learnt."""
    config.write_text(f"{DNSMASQ}trust-anchor=.,{NEW.replace(' ', ',')}\n")
    ended = rootlab("advise", config)
    assert (ended.status, "none for this roll" in ended.out) == (0, True)


@pytest.mark.parametrize(
    ("installed", "status", "words"),
    [
        (None, 0, "secure to the end of the timeline, 2027-06-01T00:00:00Z"),
        ("2026-09-20", 1, "bogus from 2026-10-11T"),
        ("2026-11-01", 1, "bogus from 2026-11-01T00:00:00Z, not well"),
    ],
)
def test_installed(installed: str | None, status: int, words: str, tmp_path: Path, rootlab: Rootlab) -> None:
    """Who manages anchors learns the new one, if it is there for a hold-down before the roll."""
    path = tmp_path / "unbound.conf"
    path.write_text(AUTO)
    ended = rootlab("advise", path, *(("--installed", installed) if installed else ()))
    assert (ended.status, words in " ".join(ended.out.split())) == (status, True), ended.out
    assert "20326 (KSK-2017), the timeline's first, is assumed" in " ".join(ended.out.split())


def test_timeline(tmp_path: Path, rootlab: Rootlab) -> None:
    """Another scenario's timeline is played instead, from its own first key on."""
    path = tmp_path / "recursor.conf"
    path.write_text("lua-config-file=/x.lua\n")
    ended = rootlab("advise", path, "--timeline", "2018-actual", "--format", "json")
    (seen,) = json.loads(ended.out)["validators"]
    assert (seen["anchors"], seen["first_failure"][:10]) == (["ksk-2010"], "2018-10-12")


def test_text_fits(tmp_path: Path, rootlab: Rootlab) -> None:
    """No line of the text is longer than 80 columns, whatever the configuration says."""
    path = tmp_path / ("folder" * 20) / "named.conf"
    path.parent.mkdir()
    path.write_text(
        f'include "/etc/{"x" * 200}";\noptions {{ max-cache-ttl 2d; dnssec-validation yes; }};\n'
        f"view a {{ trust-anchors {{ . static-ds {OLD}; }}; }};\nview b {{ dnssec-validation no; }};\n"
        "view c { }; view d { dnssec-validation auto; managed-keys-directory x; bindkeys-file y; };\n"
    )
    ended = rootlab("advise", path)
    assert ended.status == 1
    assert max(len(line) for line in ended.out.splitlines()) <= 80


@pytest.mark.parametrize(
    ("text", "status", "words"),
    [
        ("dnssec\n", 1, "down: it does not start"),
        ("no-resolv\n", 0, "answers without checking, whichever key signs"),
        ("conf-file=/etc/none\n", 0, "not every file was read"),
    ],
)
def test_nothing_to_play(text: str, status: int, words: str, config: Path, rootlab: Rootlab) -> None:
    """What does not start fails; what does not validate is not failed by a roll, and is told so."""
    config.write_text(text)
    ended = rootlab("advise", config, "--kind", "dnsmasq")
    assert (ended.status, words in " ".join(ended.out.split())) == (status, True), ended.out


@pytest.mark.parametrize(
    ("knobs", "words"),
    [
        ("  val-permissive-mode: yes\n", "unvalidated from 2026-10-"),
        ("  add-holddown: 90000000\n", "bogus from 2026-10-"),
    ],
)
def test_knobs_are_played(knobs: str, words: str, tmp_path: Path, rootlab: Rootlab) -> None:
    """Options that change the behaviour change the outlook."""
    path = tmp_path / "unbound.conf"
    start = AUTO if "holddown" in knobs else f'server:\n  trust-anchor: ". DS {OLD}"\n'
    path.write_text(start + knobs)
    ended = rootlab("advise", path)
    assert (ended.status, words in ended.out) == (1, True), ended.out


def test_heals(tmp_path: Path, rootlab: Rootlab) -> None:
    """An Unbound that saw the new key in time, but not for long enough, heals, and the outlook says when."""
    path = tmp_path / "unbound.conf"
    path.write_text(AUTO)
    out = " ".join(rootlab("advise", path, "--installed", "2026-09-20").out.split())
    assert "secure again from 2026-10-2" in out


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("missing.conf",), "no such file"),
        (("dnsmasq.conf", "--installed", "2020-01-01"), "outside the timeline 2026-planned"),
        (("dnsmasq.conf", "--timeline", "none"), "none"),
        (("other.txt",), "is no configuration"),
        ((".",), "a directory"),
    ],
)
def test_refused(arguments: tuple[str, ...], words: str, config: Path, rootlab: Rootlab) -> None:
    """What cannot be read, is unknown or makes no sense ends with status 2 and one line."""
    (config.parent / "other.txt").write_text("hello")
    ended = rootlab("advise", config.parent / arguments[0], *arguments[1:])
    assert (ended.status, ended.out, ended.err.count("\n")) == (2, "", 1)
    assert words in ended.err
