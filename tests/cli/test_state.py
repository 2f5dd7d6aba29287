"""`rootlab state` shows, converts and makes state files, and says in one line what is wrong with one."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from lab.cli.state import FORMAT_NAMES
from lab.clock import parse_instant
from lab.resolver.rfc5011 import State
from lab.resolver.state.formats import FORMATS, written_by_model
from lab.resolver.state.vocabulary import Entry, TrustState
from lab.run.state_at import Part, state_at
from lab.scenario.load import load_scenario

from ..resolver.state.damage import STATE, whole
from ..resolver.state.material import EXAMPLE, ROOT, ds, key
from ..rfc9718.test_root_anchors import IANA
from .ended import Rootlab

PENDING = str(key(3).key_tag)


@pytest.fixture
def root_key(tmp_path: Path) -> Path:
    """Return an Unbound file with two keys trusted and one pending."""
    path = tmp_path / "root.key"
    path.write_bytes(whole("unbound"))
    return path


def test_names_are_the_table() -> None:
    """The command knows every format, without importing them for its help."""
    assert sorted(FORMAT_NAMES) == sorted(FORMATS)


def test_show_table(root_key: Path, rootlab: Rootlab) -> None:
    """The table has a row for each key, and a column only where some key has something to say."""
    ended = rootlab("state", "show", root_key)
    lines = ended.out.splitlines()
    assert (ended.status, ended.err) == (0, "")
    assert lines[0] == f"{root_key}: Unbound auto-trust-anchor-file, for ."
    assert lines[1] == "asked 2020-09-13T12:25:00Z, verified 2020-09-13T12:25:00Z"
    assert lines[2] == "next probe 2020-09-13T12:28:20Z, every PT12H, retry after PT2H24M"
    assert lines[4].split() == ["key", "tag", "state", "since", "seen", "TTL", "anchor"]
    assert lines[-1].split() == [
        PENDING,
        "AddPend",
        "2020-09-12T12:26:40Z",
        "2",
        "86400",
        "DNSKEY",
        "257",
        "3",
        "13",
    ]


@pytest.mark.parametrize("form", FORMAT_NAMES)
def test_show_every_format(form: str, tmp_path: Path, rootlab: Rootlab) -> None:
    """Every format is found out and shown, as a table of at most 120 columns and as JSON."""
    path = tmp_path / "state"
    path.write_bytes(whole(form))
    ended = rootlab("state", "show", path)
    assert ended.status == 0
    assert FORMATS[form].title in ended.out.splitlines()[0]
    assert max(len(line) for line in ended.out.splitlines()[1:]) <= 120
    shown = json.loads(rootlab("state", "show", path, "--format", "json").out)
    assert (shown["format"], shown["owner"]) == (form, ".")
    assert [row["key_tag"] for row in shown["keys"]] == [
        entry.anchor.key_tag for entry in FORMATS[form].held(STATE).entries
    ]


def test_show_json(root_key: Path, rootlab: Rootlab) -> None:
    """JSON has every field of every key, absent ones null, in the order of docs/state-files.md."""
    shown = json.loads(rootlab("state", "show", root_key, "--format", "json").out)
    row = shown["keys"][2]
    assert (row["state"], row["trusted"], row["confirmed"]) == ("AddPend", False, True)
    assert (row["since"], row["until"], row["sightings"]) == ("2020-09-12T12:26:40Z", None, 2)
    assert (shown["query_interval"], shown["last_success"]) == ("PT12H", "2020-09-13T12:25:00Z")
    page = (Path(__file__).parents[2] / "docs" / "state-files.md").read_text(encoding="utf-8")
    listed = [
        line.split("`")[1] for line in page.splitlines() if line.startswith("| `") and line.endswith(" |")
    ]
    fields = [name for name in listed if name in (*shown, *row)]
    assert fields == [*shown, *row]


def test_show_configured_and_notes(tmp_path: Path, rootlab: Rootlab) -> None:
    """Anchors never confirmed are called configured; one that is of no use is shown with the reason."""
    path = tmp_path / "root-anchors.xml"
    path.write_bytes(IANA)
    ended = rootlab("state", "show", path, "--at", "2020-01-01")
    assert ended.status == 0
    first = next(line.split() for line in ended.out.splitlines() if line.startswith("  19036"))
    assert first[:5] == ["19036", "Start", "configured", "2010-07-15T00:00:00Z", "2019-01-11T00:00:00Z"]
    assert "KSK-2010 of the real root" in ended.out
    assert "19036: not valid after 2019-01-11T00:00:00Z" in ended.out


def test_show_nothing(tmp_path: Path, rootlab: Rootlab) -> None:
    """A file without a key is shown as such, and so is a trust point that was deleted."""
    path = tmp_path / "root.key"
    path.write_bytes(FORMATS["unbound"].write(TrustState(ROOT, (), deleted=True)))
    ended = rootlab("state", "show", path)
    assert "All anchors were revoked" in ended.out
    assert ended.out.endswith("no keys\n")


def test_show_one_of_several(tmp_path: Path, rootlab: Rootlab) -> None:
    """A file for several names is read about the one that is named."""
    path = tmp_path / "anchors"
    path.write_text(f". DS {ds(1).to_text()}\nexample.com. DS {ds(2).to_text()}\n", encoding="ascii")
    refused = rootlab("state", "show", path)
    assert refused.status == 2
    assert refused.err == f"rootlab: {path}: keys of several names (., example.com.); say which one\n"
    ended = rootlab("state", "show", path, "--owner", "example.com", "--as", "anchors")
    assert (ended.status, str(ds(2).key_tag) in ended.out) == (0, True)
    assert rootlab("state", "show", path, "--owner", "a..b").status == 2


def test_instant_of_reading(tmp_path: Path, rootlab: Rootlab) -> None:
    """With --at a file of BIND is read as BIND reads it when it starts then."""
    path = tmp_path / "managed-keys.bind"
    path.write_bytes(whole("bind"))
    assert "AddPend" in rootlab("state", "show", path).out
    assert "AddPend" not in rootlab("state", "show", path, "--at", "2021-01-01").out


def test_damaged(tmp_path: Path, rootlab: Rootlab) -> None:
    """Damage is one line: file, line, what, remedy, and what the resolver whose file it is would do."""
    path = tmp_path / "root.key"
    path.write_bytes(whole("unbound") * 2)
    ended = rootlab("state", "show", path)
    assert (ended.status, ended.out) == (2, "")
    assert ended.err == (
        f"rootlab: {path}: line 13: a second ;;id; delete one half of the file; "
        "Unbound 1.17.1 would not start (line 13: trust anchor presented twice)\n"
    )


@pytest.mark.parametrize(("name", "problem"), [("nowhere", "no such file"), (".", "a directory")])
def test_no_file(name: str, problem: str, tmp_path: Path, rootlab: Rootlab) -> None:
    """What is no file is named as such."""
    ended = rootlab("state", "show", tmp_path / name)
    assert (ended.status, problem in ended.err) == (2, True)


def test_convert(root_key: Path, tmp_path: Path, rootlab: Rootlab) -> None:
    """A conversion writes the other format and tells on stderr what it loses."""
    target = tmp_path / "root.keys"
    ended = rootlab("state", "convert", root_key, "--to", "knot", "--output", target)
    assert (ended.status, ended.out) == (0, "")
    assert all(line.startswith("lost: ") for line in ended.err.splitlines())
    assert f"lost: how often a pending key was seen (key {PENDING})" in ended.err.splitlines()
    again = FORMATS["knot"].read(target.read_bytes(), "f")
    assert [entry.anchor for entry in again.entries] == [entry.anchor for entry in STATE.entries[::-1]]


def test_convert_to_itself(root_key: Path, rootlab: Rootlab) -> None:
    """A file converted into its own format comes back to the octet, and nothing is lost."""
    ended = rootlab("state", "convert", root_key, "--to", "unbound")
    assert (ended.status, ended.err) == (0, "")
    assert ended.out.encode() == root_key.read_bytes()


def test_convert_asks_when(tmp_path: Path, rootlab: Rootlab) -> None:
    """Anchors that are not valid for ever are converted as of an instant, which must be said."""
    path = tmp_path / "root-anchors.xml"
    path.write_bytes(IANA)
    refused = rootlab("state", "convert", path, "--to", "anchors")
    assert refused.status == 2
    assert refused.err == f"rootlab: {path}: not all its anchors are valid for ever; say when: --at INSTANT\n"
    ended = rootlab("state", "convert", path, "--to", "anchors", "--at", "2026-10-11T16:00:00Z")
    assert [line.split("\t")[2] for line in ended.out.splitlines()] == ["DS", "DNSKEY"]
    assert "lost: key 19036 (a DS, Start, not valid after 2019-01-11T00:00:00Z) is left out" in ended.err
    assert rootlab("state", "convert", path, "--to", "xml").status == 2


def test_convert_nothing(tmp_path: Path, rootlab: Rootlab) -> None:
    """A state that a format cannot say at all is refused, and no file is made."""
    path, target = tmp_path / "root.key", tmp_path / "anchors"
    pending = TrustState(EXAMPLE, (Entry(key(1), State.ADD_PEND, 5),), last_success=9)
    path.write_bytes(FORMATS["unbound"].write(pending))
    ended = rootlab("state", "convert", path, "--to", "anchors", "-o", target)
    assert (ended.status, target.exists()) == (2, False)
    assert "no key of this state is trusted" in ended.err


@pytest.mark.parametrize("form", ["unbound", "bind", "knot"])
def test_make(form: str, scenario: Path, tmp_path: Path, rootlab: Rootlab) -> None:
    """The file made is the one the model of its format has then, octet for octet; nothing is lost."""
    target = tmp_path / "made"
    as_of = "2018-10-13T12:00:00Z"
    ended = rootlab("state", "make", "--as-of", as_of, "--timeline", scenario, "--format", form, "-o", target)
    assert (ended.status, ended.out, ended.err) == (0, "", "")
    state = state_at(load_scenario(str(scenario)), Part(form), parse_instant(as_of))
    assert target.read_bytes() == written_by_model(state, FORMATS[form])
    assert state.is_initialised


def test_make_of_another_model(scenario: Path, rootlab: Rootlab) -> None:
    """Any model can be asked for, in any format, with other anchors and another seed."""
    common = ("state", "make", "--as-of", "2018-10-08", "--timeline", scenario)
    plain = rootlab(*common, "--format", "anchors")
    assert plain.status == 0
    assert "lost: the bookkeeping: " in plain.err
    assert len(plain.out.splitlines()) == 1
    both = rootlab(
        *common, "--format", "anchors", "--model", "bind", "--anchor", "ksk-2010", "--anchor", "ksk-2017"
    )
    assert len(both.out.splitlines()) == 2
    one, two = (rootlab(*common, "--format", "unbound", "--seed", seed).out for seed in (1, 2))
    assert one != two


def test_make_outside(scenario: Path, rootlab: Rootlab) -> None:
    """An instant outside the scenario, and a model nobody knows, are refused in one line."""
    common = ("state", "make", "--timeline", scenario, "--format", "unbound")
    late = rootlab(*common, "--as-of", "2020-01-01")
    assert (late.status, "lies outside the scenario" in late.err) == (2, True)
    nobody = rootlab(*common, "--as-of", "2018-10-08", "--model", "nobody")
    assert (nobody.status, "there is no model 'nobody'" in nobody.err) == (2, True)
