"""A scenario file becomes the values it says, and everything it leaves out has the documented default."""

from __future__ import annotations

import time
from pathlib import Path

import pytest

from lab.clock import DAY, parse_instant
from lab.scenario.catalogue import shipped_scenarios
from lab.scenario.load import load_scenario, load_text
from lab.scenario.spec import (
    Dark,
    Disturb,
    EventSpec,
    Off,
    Replay,
    Restart,
    SetAnchors,
    SetClock,
    SetStateWritable,
    SubjectSpec,
    Window,
)


def test_defaults(small: str) -> None:
    """A subject that only has a name is that model, up from the start, with the KSK that signs then as DS."""
    scenario = load_text(small, Path("dir/small.toml"))
    start = parse_instant("2017-07-01")
    assert scenario.subjects == (
        SubjectSpec("unbound", "unbound", ("ksk-2010",), start),
        SubjectSpec("bind", "bind", ("ksk-2010",), start),
    )
    assert scenario.subjects[0].udp_size == 1232
    assert (scenario.name, scenario.path, scenario.title) == ("small", "dir/small.toml", "Small")
    assert (scenario.seed, scenario.cites, scenario.notes) == (0, (), "")
    assert (scenario.events, scenario.expectations, scenario.key_files) == ((), (), {})
    assert scenario.anchors_default == ("ksk-2010",)


def test_every_subject_key(everything: Path) -> None:
    """Every key of a subject arrives where it belongs."""
    assert load_scenario(everything).subjects[0] == SubjectSpec(
        name="mine",
        model="unbound",
        anchors=("ksk-2010", "ksk-2017"),
        first_start=parse_instant("2017-08-01"),
        version="1.17",
        anchor_format="dnskey",
        policy=(("add-hold-down", "P20D"), ("burst", 3), ("sentinel", "no"), ("deadline-probe", True)),
        clock_offset=-300,
        restart_every=7 * DAY,
        keep_state=False,
        off=(
            Window(parse_instant("2018-01-01"), parse_instant("2018-02-01")),
            Window(parse_instant("2018-11-01"), parse_instant("2018-12-01")),
        ),
        state_writable=False,
        udp_size=4096,
        tcp=False,
        drop_above=1280,
    )


def test_every_event(everything: Path) -> None:
    """Events come by time, at one instant in the order of the file; what lasts ends at the end of the run."""
    day = {n: parse_instant(f"2017-09-{n:02}") for n in (1, 3, 4, 5, 6, 7, 8, 9, 10, 16)}
    end = parse_instant("2018-12-01")
    assert load_scenario(everything).events == (
        EventSpec(parse_instant("2017-08-15"), None, Off(parse_instant("2017-08-16"))),
        EventSpec(day[1], "mine", Restart(keep_state=False, kill=True)),
        EventSpec(day[1], "bind", SetClock(DAY)),
        EventSpec(day[3], None, SetAnchors(("my-key",), "next-read")),
        EventSpec(day[4], None, SetStateWritable(True)),
        EventSpec(day[5], None, Dark(parse_instant("2018-12-01"))),
        EventSpec(day[6], None, Replay(parse_instant("2017-07-02"), day[16])),
        EventSpec(day[7], None, Disturb("revoke", "ksk-2010", "ab", day[16])),
        EventSpec(day[8], None, Disturb("loss", "", "", end)),
        EventSpec(day[9], None, Dark(day[16])),
        EventSpec(day[10], None, Disturb("dark", "", "m", end)),
    )


def test_keys(everything: Path) -> None:
    """A user's own key is found beside the scenario, and the scenario lists all keys it speaks of."""
    scenario = load_scenario(everything)
    assert scenario.key_files == {"my-key": everything.parent / "own.pem"}
    assert [name for name in scenario.key_names if not name.startswith("zsk-")] == [
        "ksk-2010", "ksk-2017", "ksk-emergency", "my-key",
    ]  # fmt: skip


@pytest.mark.parametrize(
    "written",
    [
        "2017-07-01", "2017-07-01T00:00:00Z", "2017-07-01T02:00:00+02:00", "2017-07-01T00:00:00",
        '"2017-07-01"', '"2017-07-01T00:00:00Z"',
    ],
)  # fmt: skip
def test_instants(small: str, written: str) -> None:
    """A date, a date-time with an offset, one without (UTC) and their text are the same instant."""
    assert load_text(small.replace("2017-07-01", written)).start == parse_instant("2017-07-01")


def test_digest_is_of_the_content(small: str, tmp_path: Path) -> None:
    """The digest ignores comments, layout, key order and file names, and nothing else."""
    digest = load_text(small).digest
    head, rest = small.split("\n", 1)
    moved = f"# a comment\n{rest.split('[authority]')[0]}{head}\n[authority]{rest.split('[authority]')[1]}"
    assert load_text(moved, tmp_path / "other.toml").digest == digest
    changed = [
        small.replace("Small", "Smaller"),
        small.replace("2018-06-01", "2018-06-02"),
        small.replace("2017Q4", "2018Q1").replace('2018Q1 = "revoke"', '2018Q2 = "revoke"'),
        small + 'model = "knot"\n',
        small + 'policy = { add-hold-down = "P20D" }\n',
    ]
    digests = [load_text(text).digest for text in changed]
    assert len({digest, *digests}) == 1 + len(changed)


def test_digest_covers_bases_and_key_files(small: str, tmp_path: Path, everything: Path) -> None:
    """The digest changes with a base's timeline and a key file's octets, not with their names."""
    (tmp_path / "base.toml").write_text(small)
    (tmp_path / "same.toml").write_text(small.replace("Small", "Other title"))
    (tmp_path / "later.toml").write_text(small.replace('2018Q1 = "revoke"', '2018Q2 = "revoke"'))
    own = 'title = "x"\nstart = 2017-07-01\nstop = 2018-06-01\n[authority]\nbase = "base.toml"\n'
    digests = [
        load_text(own.replace("base.toml", name), tmp_path / "own.toml").digest
        for name in ("base.toml", "same.toml", "later.toml")
    ]
    assert digests[0] == digests[1]
    assert digests[0] != digests[2]
    keyed = own.replace("[authority]", '[keys]\nmy-key = "a.pem"\n[authority]')
    key = (everything.parent / "own.pem").read_bytes()
    found = []
    for name, data in (("a.pem", key), ("b.pem", key), ("a.pem", key + b"\n")):
        (tmp_path / name).write_bytes(data)
        found.append(load_text(keyed.replace("a.pem", name), tmp_path / "own.toml").digest)
    assert found[0] == found[1]
    assert found[0] != found[2]


@pytest.mark.real_clock
@pytest.mark.parametrize("name", ["2017-planned", "2018-actual", "2026-planned"])
def test_loading_is_quick(name: str) -> None:
    """Loading a shipped scenario takes less than 150 ms."""
    load_scenario(name)
    path = shipped_scenarios()[name]
    spent = []
    for _ in range(3):
        begin = time.process_time()
        load_scenario(path)
        spent.append(time.process_time() - begin)
    assert min(spent) < 0.150
