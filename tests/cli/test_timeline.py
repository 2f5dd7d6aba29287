"""`rootlab timeline` and `rootlab zone`: what the authority serves."""

from __future__ import annotations

import json
from pathlib import Path
from xml.etree.ElementTree import Element

import pytest
from defusedxml.ElementTree import fromstring

from .ended import Rootlab

ROLL = "2018-10-11T16:00:00Z"


def test_the_table(rootlab: Rootlab) -> None:
    """Above the table stands what happens to the KSKs and how long the waits are."""
    lines = rootlab("timeline", "2018-actual").out.splitlines()
    assert lines[3:8] == [
        "2017-07-11T16:00:00Z~ ksk-2017 (20326) is published",
        "2018-10-11T16:00:00Z  ksk-2010 (19036) ceases to sign as a trusted key",
        "2018-10-11T16:00:00Z  ksk-2017 (20326) begins to sign the DNSKEY RRset",
        "2019-01-11T14:00:00Z  ksk-2010 (19164) is published as revoked",
        "2019-03-22T16:00:00Z~ ksk-2010 (19036) is no longer published",
    ]
    assert lines[8].startswith("ksk-2017 may sign alone from 2017-08-23T00:00:00Z, ")
    assert [" ".join(line.split()) for line in lines if " 2017Q3/9 " in line or " 2019Q1/2 " in line] == [
        "2017-09-19T15:00:00Z~ 2017Q3/9 ksk-2010 S ksk-2017 P 2017q3 (2017q4) 1414 2017-09-19 to 2017-10-10",
        "2019-01-11T14:00:00Z 2019Q1/2 ksk-2010 R ksk-2017 S 2019q1 1425 2019-01-11 to 2019-02-01",
    ]


@pytest.mark.parametrize("width", [80, 120])
def test_the_table_fits(width: int, rootlab: Rootlab, monkeypatch: pytest.MonkeyPatch) -> None:
    """The table keeps to the terminal, with nothing cut off."""
    monkeypatch.setenv("COLUMNS", str(width))
    out = rootlab("timeline", "2018-actual").out
    assert max(map(len, out.splitlines())) <= width
    assert "…" not in out


def test_a_wait_that_is_too_short(tmp_path: Path, rootlab: Rootlab) -> None:
    """A roll before every RFC 5011 resolver can have learnt the key is said to be too early."""
    path = tmp_path / "rash.toml"
    path.write_text(
        'title = "Rash"\nstart = 2017-07-01T00:00:00Z\nstop = 2018-03-01T00:00:00Z\n'
        '[authority]\nbase = "2017-planned"\n[[authority.operator]]\n'
        'emergency = { at = 2017-09-01T00:00:00Z, key = "ksk-emergency", notice = "P5D" }\n',
        encoding="utf-8",
    )
    out = " ".join(rootlab("timeline", path).out.split())
    assert "ksk-emergency may sign alone from" in out
    assert "here it does from 2017-09-01T00:00:00Z, 41 days TOO EARLY." in out


def test_one_instant(rootlab: Rootlab) -> None:
    """--at shows the keys served then, with tags, flags and what they sign."""
    lines = rootlab("timeline", "2018-actual", "--at", "2019-01-12").out.splitlines()
    assert lines[:5] == [
        "2018-actual at 2019-01-12T00:00:00Z",
        "served since 2019-01-11T14:00:00Z, slot 2019Q1/2",
        "signatures valid 2019-01-11T00:00:00Z to 2019-02-01T00:00:00Z",
        "DNSKEY response 1425 octets, TTL 172800",
        "next change 2019-01-21T16:00:00Z",
    ]
    assert [line.split() for line in lines[8:10]] == [
        ["ksk-2010", "19164", "385", "revoked", "DNSKEY"],
        ["ksk-2017", "20326", "257", "signing", "DNSKEY"],
    ]


def test_lint(rootlab: Rootlab) -> None:
    """--lint lists warnings and changes no exit status."""
    ended = rootlab("timeline", "2018-actual", "--lint")
    assert ended.status == 0
    assert "2019-01-11T14:00:00Z  response-size  the DNSKEY response has 1425 octets" in ended.out
    assert ended.out.splitlines()[-1] == f"2018-actual: {ended.out.count('T1')} warnings"


def test_json(rootlab: Rootlab) -> None:
    """The JSON holds events, waits, steps and warnings; with --at the one step."""
    values = json.loads(rootlab("timeline", "2018-actual", "--format", "json").out)
    assert list(values) == [
        "scenario", "title", "start", "stop", "dnskey_ttl", "events", "waits", "steps", "warnings",
    ]  # fmt: skip
    assert values["waits"][0] == {
        "key": "ksk-2017",
        "what": "sign-alone",
        "safe_from": "2017-08-23T00:00:00Z",
        "planned": ROLL,
        "margin": "P414DT16H",
    }
    one = json.loads(rootlab("timeline", "2018-actual", "--at", ROLL, "--format", "json").out)
    assert one["steps"] == [step for step in values["steps"] if step["at"] == ROLL]
    assert len(one["steps"]) == 1


def test_svg(rootlab: Rootlab) -> None:
    """The drawing is well-formed, and has a lane for each KSK."""
    root = fromstring(rootlab("timeline", "2018-actual", "--format", "svg").out)
    assert isinstance(root, Element)
    words = [item.text for item in root.iter("{http://www.w3.org/2000/svg}text")]
    assert root.tag == "{http://www.w3.org/2000/svg}svg"
    assert [word for word in words if word and word.startswith("ksk-")] == [
        "ksk-2010 19036",
        "ksk-2017 20326",
    ]


@pytest.mark.parametrize("options", [["--at", ROLL, "--lint"], ["--format", "svg", "--lint"]])
def test_options_that_exclude_each_other(options: list[str], rootlab: Rootlab) -> None:
    """Options that make no sense together are a usage error."""
    ended = rootlab("timeline", "2018-actual", *options)
    assert (ended.status, ended.out, ended.err.count("\n")) == (2, "", 1)


def test_zone(tmp_path: Path, rootlab: Rootlab) -> None:
    """The zone is one record a line: absolute lower-case owner, TTL, class, type, data; or it is a file."""
    ended = rootlab("zone", "2018-actual", "--at", ROLL)
    fields = [line.split("\t") for line in ended.out.splitlines()]
    assert {len(line) for line in fields} == {5}
    assert all(
        owner.endswith(".") and owner == owner.lower() and ttl.isdecimal() for owner, ttl, *_ in fields
    )
    assert [data.split()[0] for owner, _, _, kind, data in fields if (owner, kind) == (".", "DNSKEY")].count(
        "257"
    ) == 2
    assert rootlab("zone", "2018-actual", "--at", ROLL, "--output", tmp_path / "zone") == (0, "", "")
    assert (tmp_path / "zone").read_text(encoding="ascii") == ended.out


def test_the_whole_root(tmp_path: Path, rootlab: Rootlab) -> None:
    """A full zone has every top-level domain, and the same keys as a minimal one."""
    path = tmp_path / "zone"
    assert rootlab("zone", "2018-actual", "--at", ROLL, "--size", "full", "--output", path) == (0, "", "")
    full = [line.split("\t") for line in path.read_text(encoding="ascii").splitlines()]
    assert len({owner for owner, _, _, kind, _ in full if kind == "NS"}) == 1441
    minimal = [line.split("\t") for line in rootlab("zone", "2018-actual", "--at", ROLL).out.splitlines()]
    keys = [[line for line in lines if line[3] == "DNSKEY"] for lines in (full, minimal)]
    assert keys[0] == keys[1]


def test_a_zone_before_the_first(tmp_path: Path, rootlab: Rootlab) -> None:
    """Before the timeline there is no zone, and no file."""
    ended = rootlab("zone", "2018-actual", "--at", "1999-01-01", "--output", tmp_path / "zone")
    assert (ended.status, ended.out, list(tmp_path.iterdir())) == (2, "", [])
