"""Models played through real ceremony files: what they see is the file's, and nothing is invented."""

from __future__ import annotations

from pathlib import Path

import pytest

from lab.errors import CeremonyError, ScenarioError
from lab.observation import Gap, Outcome, Started, Stopped, Transition, ZoneChange
from lab.run.cast import SKR_MODELS
from lab.run.engine import play_ceremony
from lab.run.judge import judge
from lab.run.record import Record

from .stage import story


@pytest.fixture(scope="session")
def quarters(shared_data: Path) -> tuple[Path, ...]:
    """Return the SKRs of 2017Q1 to 2017Q3."""
    return tuple(sorted((shared_data / "skr").glob("skr-root-2017-*.xml")))


@pytest.fixture(scope="session")
def year(quarters: tuple[Path, ...]) -> Record:
    """Return all models played through 27 bundles."""
    return play_ceremony(quarters)


def test_who_is_played(year: Record) -> None:
    """Without names the models of the design are played, each under its name."""
    played = [(one["name"], one["model"], one["kind"]) for one in year.header["subjects"]]
    assert [name for name, _, _ in played] == [name for name, _ in SKR_MODELS]
    assert ("static-old", "static-old", "model") in played
    assert [one["version"] for one in year.header["subjects"]][1] == "1.17.1"


def test_the_span_is_that_of_the_bundles(year: Record) -> None:
    """The run begins with the first inception and ends with the last expiration."""
    assert (year.header["start"], year.header["stop"]) == ("2017-01-01T00:00:00Z", "2017-10-10T00:00:00Z")
    assert (year.header["scenario"], year.header["has_child"]) == ("skr", False)


def test_every_bundle_is_a_zone(year: Record) -> None:
    """The zone changes with every bundle, at its inception."""
    zones = [when for when, _ in story(year, None, ZoneChange)]
    assert (len(zones), zones[0], zones[-1]) == (27, "2017-01-01T00:00:00Z", "2017-09-19T00:00:00Z")


def test_real_signatures_validate(year: Record) -> None:
    """Every model validates the real RRsets from the real KSK-2010, and nobody fails."""
    assert {(seen.outcome, seen.cause) for seen in year.observations if isinstance(seen, Outcome)} == {
        ("secure", "")
    }
    assert judge(year).verdict == "passed"


def test_the_real_key_is_learnt(year: Record) -> None:
    """The strict model sees KSK-2017 with slot 2 of 2017Q3 and trusts it 30 days later (RFC 5011, 2.4.1)."""
    moves = [seen for seen in year.observations if isinstance(seen, Transition)]
    strict = [(seen.source, seen.target, seen.at) for seen in moves if seen.subject == "rfc5011-strict"]
    assert [(source, target) for source, target, _ in strict] == [("Start", "AddPend"), ("AddPend", "Valid")]
    assert {seen.key_tag for seen in moves} == {20326}
    days = [when[:10] for when, _ in story(year, "rfc5011-strict", Transition)]
    assert days == ["2017-07-11", "2017-08-10"]


def test_subjects_by_name(quarters: tuple[Path, ...]) -> None:
    """Models can be named, any of them, and one named twice is played once."""
    record = play_ceremony(quarters[:1], ["knot", "static-old", "knot", "dnsmasq"])
    assert [one["name"] for one in record.header["subjects"]] == ["knot", "static-old", "dnsmasq"]
    assert [one.subject for one in record.observations if isinstance(one, Started)] == [
        "knot",
        "static-old",
        "dnsmasq",
    ]


def test_an_unknown_model(quarters: tuple[Path, ...]) -> None:
    """A model that does not exist is refused with those that do."""
    with pytest.raises(ScenarioError, match=r"^there is no model 'unbund'; the models are rfc5011-strict, "):
        play_ceremony(quarters[:1], ["unbund"])


def test_a_gap(quarters: tuple[Path, ...]) -> None:
    """In a gap the subjects stand still, and what was seen on either side proves nothing."""
    record = play_ceremony((quarters[2], quarters[0]), ["static"])
    assert story(record, "", Gap) == [("2017-04-11T00:00:01Z", "gap 2017-07-01T00:00:00Z")]
    assert story(record, "static", Started, Stopped) == [
        ("2017-01-01T00:00:00Z", "started first"),
        ("2017-04-11T00:00:01Z", "stopped off"),
        ("2017-07-01T00:00:00Z", "started restart"),
    ]
    assert judge(record).verdict == "inconclusive"


def test_files_decide_the_digest(quarters: tuple[Path, ...], tmp_path: Path) -> None:
    """The digest is that of the files' content, whatever they are called."""
    copy = tmp_path / "copy.xml"
    copy.write_bytes(quarters[0].read_bytes())
    first, renamed, other = (play_ceremony([path], ["static"]) for path in (quarters[0], copy, quarters[1]))
    assert renamed.to_bytes() == first.to_bytes()
    assert other.header["digest"] != first.header["digest"]
    assert len(first.header["digest"]) == 64


def test_the_seed_moves_unbound(quarters: tuple[Path, ...]) -> None:
    """The seed is in the header, and decides when Unbound looks."""
    records = [play_ceremony(quarters[2:], ["unbound"], seed=seed) for seed in (0, 1)]
    assert [record.header["seed"] for record in records] == [0, 1]
    moves = [story(record, "unbound", Transition) for record in records]
    assert [len(told) for told in moves] == [2, 2]
    assert moves[0] != moves[1]


def test_progress(quarters: tuple[Path, ...]) -> None:
    """A run on files tells how far it is."""
    told: list[float] = []
    play_ceremony(quarters[:1], ["static"], progress=lambda fraction, _: told.append(fraction))
    assert told == sorted(told)
    assert told[-1] == 1.0


def test_a_request_cannot_be_played(shared_data: Path) -> None:
    """A request (KSR) has no signature by a KSK."""
    (request, *_) = sorted((shared_data / "ksr").glob("*.xml"))
    with pytest.raises(CeremonyError, match="KSR"):
        play_ceremony([request])
