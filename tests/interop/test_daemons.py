"""Each driver against its daemon: it starts, answers and asks where it is told, and tells what it trusts."""

from __future__ import annotations

from functools import cache
from itertools import pairwise

import pytest

from lab.clock import DAY, HOUR
from lab.drivers.driver import Driver
from lab.drivers.netns import available
from lab.drivers.process import find_program
from lab.drivers.resolved import PACKAGE, PROGRAM
from lab.drivers.table import DRIVERS, driver_of
from lab.drivers.unpack import unpack
from lab.errors import DriverError
from tests.conftest import unavailable
from tests.interop.rehearsal import (
    ADDRESS,
    ADDRESS6,
    NEW,
    OLD,
    RESOLVER,
    SERVERS,
    START,
    Asked,
    Play,
    Seen,
    rehearse,
)

SECURE: Asked = (0, True)
INSECURE: Asked = (0, False)
BOGUS: Asked = (2, False)
RESOLVERS = ("unbound", "named", "kresd", "kresd-debian", "pdns_recursor")
FORWARDERS = ("dnsmasq", "stubby")
STATIC = ("unbound-static", "named-static")
"""Described in files; they have the programs of others, so that little is tried of them."""


@pytest.fixture(autouse=True)
def _network() -> None:
    if reason := available():
        unavailable(reason)


def driver(name: str) -> Driver:
    """Return a driver whose program is here."""
    found = driver_of(name)
    try:
        find_program(found.program)
    except DriverError as error:
        unavailable(str(error))
    return found


@cache
def played(name: str, play: Play) -> Seen:
    """Play once for all tests that look at it."""
    return rehearse(driver(name), play)


@pytest.mark.parametrize("form", ["ds", "dnskey"])
@pytest.mark.parametrize("name", RESOLVERS + FORWARDERS + STATIC)
def test_validates(name: str, form: str) -> None:
    """With the anchor of today in either form, the signed child is secure and the unsigned one insecure."""
    seen = played(name, Play(dnskey=form == "dnskey"))
    assert seen.ended == ""
    answers, _ = seen.at[0]
    assert (answers["signed"], answers["unsigned"]) == (SECURE, INSECURE), seen.log


@pytest.mark.parametrize("name", RESOLVERS + FORWARDERS + STATIC)
def test_does_not_validate_by_another_key(name: str) -> None:
    """With the old key alone, which signs no more, nothing can be validated: the anchors are the lab's."""
    answers, _ = played(name, Play(anchors=("old",))).at[0]
    assert (answers["signed"], answers["unsigned"]) == (BOGUS, BOGUS)


@pytest.mark.parametrize("name", RESOLVERS + FORWARDERS)
def test_version_and_stamps(name: str) -> None:
    """The version is a number, and stamps of the log are the lab's time."""
    seen = played(name, Play())
    assert seen.version[0].isdigit()
    assert all(START <= stamp < START + HOUR for stamp in seen.stamps)
    assert bool(seen.stamps) is (name in ("unbound", "named", "pdns_recursor"))


@pytest.mark.parametrize(
    ("name", "states"),
    [
        ("unbound", {NEW.tag: "Valid", OLD.tag: "AddPend"}),
        ("named", {NEW.tag: "Valid", OLD.tag: "Valid"}),
        ("kresd", {NEW.tag: "Valid", OLD.tag: "AddPend"}),
        ("kresd-debian", {NEW.tag: "Valid"}),
        ("pdns_recursor", {NEW.tag: "Valid"}),
        ("dnsmasq", {NEW.tag: "Valid"}),
        ("stubby", {NEW.tag: "Valid"}),
    ],
)
def test_trust_at_first_start(name: str, states: dict[int, str]) -> None:
    """What is read of the keys at the first start; BIND takes all keys of the first set (resolvers.md)."""
    assert played(name, Play()).states == [states]


@pytest.mark.parametrize("name", ["unbound", "named", "kresd"])
def test_reading_agrees_with_the_sentinel(name: str) -> None:
    """A key is Valid in the reading if and only if the daemon says so itself (RFC 8509 section 3.1)."""
    seen = played(name, Play())
    answers, _ = seen.at[0]
    said = {NEW.tag: answers["is-ta-new"][0] == 0, OLD.tag: answers["is-ta-old"][0] == 0}
    assert said == {tag: state == "Valid" for tag, state in seen.states[0].items()}


ROLL = tuple(
    f"{day}T{hour}:00Z"
    for day, hour in (
        ("2025-01-10", "12:00"), ("2025-01-13", "12:05"), ("2025-01-15", "12:10"), ("2025-02-13", "13:00"),
        ("2025-02-15", "13:10"), ("2027-01-12", "12:00"), ("2027-01-14", "12:10"), ("2027-02-15", "12:00"),
        ("2027-02-17", "12:10"), ("2027-02-19", "12:20"),
    )
)  # fmt: skip
"""Through the roll, twice for each thing that happens: the second time the refresh of the first has come."""


@pytest.mark.parametrize("name", ["unbound", "named", "kresd"])
def test_reading_through_a_roll(name: str) -> None:
    """The new key is pending, then valid; the old one revoked, then forgotten (RFC 5011 section 4)."""
    seen = played(name, Play(anchors=("old",), moments=ROLL))
    assert seen.ended == "", seen.log
    trusted = seen.states
    assert trusted[0] == {OLD.tag: "Valid"}
    assert trusted[2] == {OLD.tag: "Valid"} or trusted[3] == {OLD.tag: "Valid", NEW.tag: "AddPend"}
    assert {OLD.tag: "Valid", NEW.tag: "AddPend"} in trusted[2:5]
    assert trusted[5] == {OLD.tag: "Valid", NEW.tag: "Valid"}
    assert {OLD.tag: "Revoked", NEW.tag: "Valid"} in trusted[6:8]
    assert trusted[-1] == {NEW.tag: "Valid"}


@pytest.mark.parametrize("name", ["unbound", "named", "kresd"])
def test_state_is_written_when_trust_changes(name: str) -> None:
    """While the files of the state stay the same, so does the reading: it need not be made."""
    seen = played(name, Play(anchors=("old",), moments=ROLL))
    pairs = list(zip(seen.stamps_of_state, seen.states, strict=True))
    changes = [(one, two) for one, two in pairwise(pairs) if one[1] != two[1]]
    assert len(changes) >= 3
    assert [one for one, two in changes if one[0] == two[0]] == []


def test_mkeytimers() -> None:
    """BIND takes the option of its own fast clock."""
    seen = played("named", Play(mkeytimers=(2, 5, 60)))
    assert seen.ended == "", seen.log
    assert seen.at[0][0]["signed"] == SECURE


@pytest.mark.parametrize("name", RESOLVERS)
def test_asks_from_its_addresses(name: str) -> None:
    """The authority can tell daemons apart; they offer the size as shipped, and begin with the hints."""
    seen = played(name, Play(six=True, roots=SERVERS[:4]))
    assert {query[0] for query in seen.queries} <= {ADDRESS, ADDRESS6}
    assert seen.first in SERVERS[:4]
    assert {query[3] for query in seen.queries} == {1232}
    assert seen.at[0][0]["signed"] == SECURE


def test_who_has_the_knob() -> None:
    """What the tests of sizes and of TCP try is what the drivers say they can."""
    sizes = {name for name, one in DRIVERS.items() if "udp_size" in one.knobs}
    assert sizes == {*RESOLVERS, "dnsmasq"}
    assert {name for name, one in DRIVERS.items() if "tcp" in one.knobs} == {"unbound", "stubby"}


@pytest.mark.parametrize("name", RESOLVERS)
def test_udp_size(name: str) -> None:
    """A smaller EDNS size is offered, and what does not fit comes over TCP."""
    seen = played(name, Play(udp_size=700))
    assert {query[3] for query in seen.queries if not query[2]} == {700}
    assert any(query[2] for query in seen.queries)
    assert seen.at[0][0]["signed"] == SECURE


def test_udp_size_of_dnsmasq() -> None:
    """The size is offered, but TCP is left to the client: it is answered with TC, and not authenticated."""
    seen = played("dnsmasq", Play(udp_size=700))
    assert {query[2:] for query in seen.queries} == {(False, 700)}
    assert seen.at[0][0]["signed"] == INSECURE


@pytest.mark.parametrize("name", ["unbound", "stubby"])
def test_tcp_off(name: str) -> None:
    """Those whose configuration can do without TCP use none, and get what fits."""
    seen = played(name, Play(tcp=False))
    assert {query[2] for query in seen.queries} == {False}
    assert seen.at[0][0]["signed"] == SECURE


@pytest.mark.parametrize(
    ("name", "why"),
    [
        ("unbound", "could not open autotrust file for writing"),
        ("named", "is not writable"),
        ("kresd", "write access needed to keyfile dir"),
    ],
)
def test_unwritable_state(name: str, why: str) -> None:
    """A managed daemon that cannot write its state ends, and its log's reason is found (daemons.md 6)."""
    seen = played(name, Play(writable=False))
    assert seen.status == 1
    assert why in seen.ended


@pytest.mark.parametrize(
    ("name", "why"),
    [("unbound", "could not open autotrust file for writing"), ("named", ""), ("kresd", "Permission denied")],
)
def test_state_turns_unwritable(name: str, why: str) -> None:
    """When it can be written no more, Unbound and Knot end at the next refresh; BIND never learns."""
    seen = played(name, Play(anchors=("old",), moments=ROLL[:5], spoiled=True))
    assert why in seen.ended
    assert (seen.status is None) is (name == "named"), seen.log
    if name == "named":
        assert seen.states[-1] == {OLD.tag: "Valid"}
        assert "permission denied" in seen.log


@pytest.mark.parametrize("name", ["kresd-debian", "pdns_recursor", "dnsmasq", "stubby"])
def test_static_needs_no_state(name: str) -> None:
    """What never writes runs on where it cannot."""
    seen = played(name, Play(writable=False))
    assert seen.at[0][0]["signed"] == SECURE


def test_anchors_set_live() -> None:
    """PowerDNS takes an operator's anchors while it runs, and heals at once (daemons.md section 4)."""
    seen = played("pdns_recursor", Play(anchors=("old",), new_anchors=("new",)))
    assert seen.live
    assert seen.states == [{OLD.tag: "Valid"}, {NEW.tag: "Valid"}]
    assert seen.at[1][0]["signed"] == SECURE


@pytest.mark.parametrize("dnskey", [False, True])
def test_resolved(dnskey: bool) -> None:
    """systemd-resolved validates, from its unpacked package, by an anchor in either form; it needs a link."""
    try:
        unpack(PACKAGE, PROGRAM)
    except DriverError as error:
        unavailable(str(error))
    seen = played("systemd-resolved", Play(link=True, dnskey=dnskey))
    answers, _ = seen.at[0]
    assert (answers["signed"], answers["unsigned"]) == (SECURE, INSECURE), seen.log
    assert seen.states == [{NEW.tag: "Valid"}]
    assert seen.stamps
    assert all(START <= stamp < START + DAY for stamp in seen.stamps)
    assert {query[1] for query in seen.queries} == {RESOLVER}


def test_every_driver_is_tried() -> None:
    """No driver is without a live test."""
    assert set(DRIVERS) == {*RESOLVERS, *FORWARDERS, *STATIC, "systemd-resolved"}
