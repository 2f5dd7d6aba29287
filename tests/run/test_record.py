"""A stored run: the same bytes again, whole or not at all, and nothing of the machine it was made on."""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from io import BytesIO
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lab.errors import RecordError
from lab.observation import KINDS, Outcome
from lab.run import record as stored
from lab.run.explain import explain
from lab.run.judge import judge
from lab.run.record import Record

from .stage import BOTH, STATIC, STRICT, event, outcome, record_of, run

Row = dict[str, Any]
Damage = Callable[[Row], object]


@pytest.fixture(scope="module")
def record() -> Record:
    """Return a run in which much is seen."""
    return run(STRICT, STATIC, BOTH, event("2018-10-13T00:00:00Z", "off = { until = 2018-10-14T00:00:00Z }"))


@pytest.fixture
def path(record: Record, tmp_path: Path) -> Path:
    """Return the file of that run."""
    record.write(tmp_path / "run.jsonl")
    return tmp_path / "run.jsonl"


def damaged(path: Path, number: int, damage: Damage) -> Path:
    """Damage one line, counted from one, of a record's file."""
    lines = path.read_bytes().splitlines(keepends=True)
    row = json.loads(lines[number - 1])
    damage(row)
    lines[number - 1] = json.dumps(row).encode() + b"\n"
    path.write_bytes(b"".join(lines))
    return path


def test_what_was_written_is_read(record: Record, path: Path) -> None:
    """A record comes back equal, and gives the same bytes again."""
    assert Record.read(path) == record
    assert Record.read(path).to_bytes() == path.read_bytes() == record.to_bytes()


def test_one_json_object_a_line(path: Path) -> None:
    """The header is the first line, and keys are sorted."""
    rows = [json.loads(line) for line in path.read_text(encoding="ascii").splitlines()]
    assert [list(row) == sorted(row) for row in rows] == [True] * len(rows)
    assert rows[0]["format"] == "root-rollover-lab record 1"
    assert {row["kind"] for row in rows[1:]} <= set(KINDS)


def test_nothing_of_the_machine(record: Record, path: Path) -> None:
    """A record names no folder, and no year but those of the scenario: the wall clock shows 1999 here."""
    content = record.to_bytes().decode("ascii")
    for trace in (str(path.parent), os.getcwd(), "scenario.toml", "1999-"):
        assert trace not in content
    assert "2018-10-11T16:00:00Z" in content


def test_a_line_may_end_as_on_other_systems(record: Record, path: Path) -> None:
    """Line ends with carriage returns are read."""
    path.write_bytes(path.read_bytes().replace(b"\n", b"\r\n"))
    assert Record.read(path) == record


def test_a_file_is_replaced_whole(path: Path) -> None:
    """Writing replaces what was there, and leaves nothing else in the folder."""
    record_of(outcome(1, "secure")).write(path)
    assert len(Record.read(path).observations) == 1
    assert os.listdir(path.parent) == ["run.jsonl"]


@pytest.mark.parametrize("gone", ["gone/run.jsonl", "."])
def test_nothing_is_left_of_a_failure(gone: str, record: Record, tmp_path: Path) -> None:
    """A record that cannot be written says where, and leaves no part of it behind."""
    (tmp_path / "folder").mkdir()
    target = tmp_path / "folder" if gone == "." else tmp_path / gone
    with pytest.raises(RecordError) as caught:
        record.write(target)
    assert str(caught.value).startswith(f"{target}: cannot be written: ")
    assert os.listdir(tmp_path) == ["folder"]


def test_an_interrupted_write_leaves_the_old_record(
    path: Path, record: Record, monkeypatch: pytest.MonkeyPatch
) -> None:
    """If the writing is broken off, the file is as it was and there is no other."""

    def interrupted(_record: Record) -> bytes:
        raise KeyboardInterrupt

    before = path.read_bytes()
    monkeypatch.setattr(Record, "to_bytes", interrupted)
    with pytest.raises(KeyboardInterrupt):
        record.write(path)
    assert (path.read_bytes(), os.listdir(path.parent)) == (before, ["run.jsonl"])


def test_no_such_file(tmp_path: Path) -> None:
    """A file that is not there is named."""
    with pytest.raises(RecordError, match=r"none\.jsonl: cannot be read: No such file or directory; give a"):
        Record.read(tmp_path / "none.jsonl")


@pytest.mark.parametrize(
    "content", [b"", b"{}\n", b'{"format": "root-rollover-lab record 0"}\n', b'{"kind": "gap"}\n']
)
def test_not_a_record(content: bytes, tmp_path: Path) -> None:
    """Any other file, be it JSON, is no record."""
    (tmp_path / "other").write_bytes(content)
    with pytest.raises(RecordError, match=r"other(: line 1)?: is not a record; give a file made with run"):
        Record.read(tmp_path / "other")


@pytest.mark.parametrize(
    "line", [b"x", b"[1]", b"\xff\xfe", b"[" * 100_000, b'{"at": ' + b"1" * 5000 + b"}", b""]
)
def test_not_json(line: bytes, path: Path) -> None:
    """A line that is no JSON object is refused with its number."""
    lines = path.read_bytes().splitlines()
    path.write_bytes(b"\n".join([*lines[:4], line, *lines[4:]]) + b"\n")
    with pytest.raises(RecordError, match=r"run\.jsonl: line 5: is not a JSON object; record the run again$"):
        Record.read(path)


@pytest.mark.parametrize(
    ("number", "damage"),
    [
        (3, lambda row: row.update(kind="weather")),
        (3, lambda row: row.pop("kind")),
        (3, lambda row: row.update(kind=["outcome"])),
        (2, lambda row: row.pop("signers")),
        (2, lambda row: row.update(at="yesterday")),
        (2, lambda row: row.update(at=1539273600)),
        (2, lambda row: row.update(ksks="ksk-2010")),
        (3, lambda row: row.update(how="slowly")),
        (3, lambda row: row.update(subject="\x1b[2J")),
    ],
)
def test_not_an_observation(number: int, damage: Damage, path: Path) -> None:
    """An unknown kind, a missing field and a value of the wrong kind are refused with the line's number."""
    with pytest.raises(RecordError) as caught:
        Record.read(damaged(path, number, damage))
    assert str(caught.value).startswith(f"{path}: line {number}: is not an observation (")


@pytest.mark.parametrize(
    "damage",
    [
        lambda row: row.pop("seed"),
        lambda row: row.update(seed="0"),
        lambda row: row.update(title="two\nlines"),
        lambda row: row.update(start="soon"),
        lambda row: row.update(stop=5),
        lambda row: row.update(has_child="yes"),
        lambda row: row.update(expectations={}),
        lambda row: row.update(assumed_hours=None),
        lambda row: row.update(assumed_hours=["noon"]),
        lambda row: row.update(subjects=["static"]),
        lambda row: row["subjects"][0].update(kind="human"),
        lambda row: row["subjects"][0].pop("version"),
        lambda row: row.update(subjects=5),
    ],
)
def test_a_damaged_header(damage: Damage, path: Path) -> None:
    """A header that lacks something, or has it in another form, is refused as the first line."""
    with pytest.raises(
        RecordError, match=r"run\.jsonl: line 1: its header is damaged; record the run again$"
    ):
        Record.read(damaged(path, 1, damage))


ODD: tuple[Any, ...] = (
    None,
    True,
    5,
    -1,
    2**70,
    1.5,
    "",
    "x",
    "\x1b[31m",
    "\ud800",
    [],
    {},
    [1],
    [[]],
    "9999-12-31T23:59:59Z",
)


@settings(max_examples=150)
@given(data=st.data())
def test_any_change_is_refused_or_read(data: st.DataObject, record: Record) -> None:
    """A record in which something was changed is refused in a line, or judged and told as any other."""
    rows = [json.loads(line) for line in record.lines()]
    row = rows[data.draw(st.integers(0, len(rows) - 1))] if data.draw(st.booleans()) else rows[0]
    changed = row["subjects"][0] if "subjects" in row and data.draw(st.booleans()) else row
    changed[data.draw(st.sampled_from(sorted(changed)))] = data.draw(st.sampled_from(ODD))
    content = "".join(json.dumps(row) + "\n" for row in rows).encode("ascii")
    refused = ""
    try:
        read = stored._parse(BytesIO(content), "changed.jsonl")
        judge(read)
        explain(read)
    except RecordError as problem:
        refused = str(problem)
    assert refused.isprintable()


def test_a_long_line(path: Path) -> None:
    """A line longer than 4 MiB is refused, and not taken for two."""
    with path.open("ab") as file:
        file.write(b'{"kind": "' + b"a" * (1 << 22) + b'"}\n')
    with pytest.raises(RecordError, match=r"line \d+: is not a JSON object"):
        Record.read(path)


def test_a_large_file(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A file larger than the limit is refused."""
    monkeypatch.setattr(stored, "_SIZE_LIMIT", path.stat().st_size)
    assert Record.read(path).observations
    with path.open("ab") as file:
        file.write(b"\n")
    with pytest.raises(RecordError, match=r"run\.jsonl: is larger than 1 GiB; give a record of one run$"):
        Record.read(path)


def test_a_file_without_end() -> None:
    """What has neither lines nor an end is refused at once."""
    with pytest.raises(RecordError, match=r"^/dev/zero: line 1: is not a JSON object"):
        Record.read(Path("/dev/zero"))


def test_the_header_alone(tmp_path: Path) -> None:
    """A run in which nothing was seen can be stored, too."""
    record_of().write(tmp_path / "empty.jsonl")
    assert Record.read(tmp_path / "empty.jsonl") == record_of()


def test_instants_and_absent_values(tmp_path: Path) -> None:
    """Instants are written in RFC 3339 and absent values as null."""
    (row,) = [json.loads(line) for line in record_of(outcome(0, "secure")).lines()[1:]]
    assert (row["at"], row["ede"]) == ("1970-01-01T00:00:00Z", None)
    assert Outcome(0, "s", "secure", "insecure", "", None, "") == outcome(0, "secure")
    assert tmp_path.exists()
