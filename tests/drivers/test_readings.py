"""What daemons print and write, as they did in the lab: versions, keys, stamps, and why they ended."""

from __future__ import annotations

from pathlib import Path

import pytest

from lab.clock import DAY, parse_instant
from lab.dnssec.keys import DS, REVOKE, SEP, ZONE, Key
from lab.drivers import driver as drivers
from lab.drivers import named, recursor
from lab.drivers.driver import Reading, Setting
from lab.drivers.table import DRIVERS
from lab.errors import StateFileError
from lab.resolver.rfc5011 import State

NEAR = parse_instant("2018-10-11T16:00:00Z")
OLD = DS(20326, 8, 2, bytes(32))

SECROOTS = """\
secure roots as of 12-Jan-2027 00:35:00.288:

 Start view _default
   Secure roots:

./RSASHA256/38696 ; managed
alpha/RSASHA256/1 ; static

   Negative trust anchors:

./RSASHA256/7 ; expiry
"""
STATUS = """\
view: _default
next scheduled event: Wed, 13 Jan 2027 00:35:00 GMT

    name: alpha
    keyid: 1
\talgorithm: RSASHA256
\tflags: SEP
\tnext refresh: Wed, 13 Jan 2027 00:35:00 GMT
\ttrusted since: Tue, 11 Feb 2025 00:20:00 GMT
    name: .
    keyid: 20454
\talgorithm: RSASHA256
\tflags: REVOKE SEP
\tnext refresh: Wed, 13 Jan 2027 00:35:00 GMT
\tremove at: Thu, 11 Feb 2027 00:35:00 GMT
\ttrust revoked
    keyid: 38696
\talgorithm: RSASHA256
\tflags: SEP
\tnext refresh: Wed, 13 Jan 2027 00:35:00 GMT
\ttrusted since: Tue, 11 Feb 2025 00:20:00 GMT
    keyid: 11
\talgorithm: RSASHA256
\tflags: SEP
\tnext refresh: Wed, 13 Jan 2027 00:35:00 GMT
\ttrust pending: Thu, 11 Feb 2027 00:20:00 GMT
    keyid: 12
\talgorithm: RSASHA256
\tflags: SEP
\tnext refresh: Wed, 13 Jan 2027 00:35:00 GMT
\ttrusted since: Mon, 11 Jan 2027 00:20:00 GMT
"""
TAS = "Configured Trust Anchors:\n.\n\t\t20326 8 2 " + "00" * 32 + "\nalpha.\n\t\t1 8 2 " + "11" * 32 + "\n"


def setting(folder: Path) -> Setting:
    """Return a setting with the old key for an anchor."""
    return Setting(folder, "127.0.0.2", (OLD,))


@pytest.mark.parametrize(
    ("name", "text", "version"),
    [
        ("unbound", "Version 1.17.1\n\nConfigure line: --build=x\n", "1.17.1"),
        ("named", "BIND 9.18.49-1~deb12u3-Debian (Extended Support Version) <id:>\n", "9.18.49"),
        ("kresd", "Knot Resolver, version 5.6.0\n", "5.6.0"),
        ("pdns_recursor", "Nov 24 08:11:47 PowerDNS Recursor 4.8.8 (C) 2001-2022 PowerDNS.COM BV\n", "4.8.8"),
        ("dnsmasq", "Dnsmasq version 2.90  Copyright (c) 2000-2024 Simon Kelley\n", "2.90"),
        ("stubby", "Stubby 0.3.0\n", "0.3.0"),
        ("systemd-resolved", "systemd 252 (252.39-1~deb12u2)\n+PAM +AUDIT\n", "252.39"),
    ],
)
def test_version(name: str, text: str, version: str) -> None:
    """The version is found in what the program prints, and none in anything else."""
    assert DRIVERS[name].version(text) == version
    assert DRIVERS[name].version("command not found") == ""


@pytest.mark.parametrize(
    ("name", "line"),
    [
        ("unbound", "[1539273600] unbound[7:0] info: start of service (unbound 1.17.1)."),
        ("named", "11-Oct-2018 16:00:00.123 running"),
        (
            "pdns_recursor",
            'Oct 11 16:00:00 msg="Enabled multiplexer" tid="0" ts="1539273600.967" name="epoll"',
        ),
        ("pdns_recursor", "Oct 11 16:00:00 PowerDNS Recursor 4.8.8 (C) 2001-2022 PowerDNS.COM BV"),
        ("systemd-resolved", "Thu 2018-10-11 16:00:00 UTC Positive Trust Anchors:"),
    ],
)
def test_stamp(name: str, line: str) -> None:
    """A log line's stamp is read in full, and a line without one has none."""
    assert DRIVERS[name].log_instant(line, NEAR + 40 * DAY) == NEAR
    assert DRIVERS[name].log_instant("stack traceback:", NEAR) is None


@pytest.mark.parametrize("name", ["kresd", "kresd-debian", "dnsmasq", "stubby"])
def test_no_stamp(name: str) -> None:
    """Who gives no stamp, or none with a date, has none."""
    assert DRIVERS[name].log_instant("[16:00:00.141288] STUBBY: Read config from file", NEAR) is None


@pytest.mark.parametrize(
    ("line", "near", "instant"),
    [
        ("Dec 31 23:59:59 x", "2019-01-01T00:00:00Z", "2018-12-31T23:59:59Z"),
        ("Jan  1 00:00:01 x", "2018-12-31T23:00:00Z", "2019-01-01T00:00:01Z"),
        ("Feb 29 12:00:00 x", "2021-01-01T00:00:00Z", "2020-02-29T12:00:00Z"),
    ],
)
def test_stamp_without_year(line: str, near: str, instant: str) -> None:
    """The year is the one that brings the stamp closest to when it was written."""
    assert drivers.syslog_instant(line, parse_instant(near)) == parse_instant(instant)


@pytest.mark.parametrize("line", ["Foo 11 16:00:00", "Feb 30 16:00:00", "Oct 11 25:00:00", ""])
def test_no_such_stamp(line: str) -> None:
    """What is no date is no stamp."""
    assert drivers.syslog_instant(line, NEAR) is None


LUA = (
    'Nov 24 08:19:31 msg="Unable to load Lua script" error="Exception thrown by a callback function.',
    "stack traceback:",
    """\t[C]: in function 'readTrustAnchorsFromFile'""",
    '\t[string \\"chunk\\"]:1: in main chunk" subsystem="luaconfig" level="0" prio="Error" tid="0"',
    'Nov 24 08:19:31 msg="Exception loading Lua" error="Error while reading" prio="Error" tid="0"',
    'Nov 24 08:19:31 msg="Fatal error" error="Exception thrown by a callback function called by Lua.',
    '\t[string \\"chunk\\"]:1: in main chunk" subsystem="config" level="0" prio="Critical" tid="0"',
)


@pytest.mark.parametrize(
    ("name", "log", "reason"),
    [
        ("unbound", ("[1] unbound[7:0] fatal error: could not open autotrust file for writing, x",), 0),
        ("unbound", ("[1] unbound[7:0] error: can't bind socket", "[1] unbound[7:0] fatal error: x"), 1),
        (
            "named",
            (
                "24-Nov-2026 08:18:56.567 directory '/run/x/state' is not writable",
                "24-Nov-2026 08:18:56.567 /run/x/named.conf:4: parsing failed: permission denied",
                "24-Nov-2026 08:18:56.567 exiting (due to fatal error)",
            ),
            0,
        ),
        (
            "named",
            (
                "24-Nov-2026 08:19:34.683 /run/x/named.conf:3: unknown option 'nonsense'",
                "24-Nov-2026 08:19:34.683 loading configuration: failure",
                "24-Nov-2026 08:19:34.683 exiting (due to fatal error)",
            ),
            0,
        ),
        ("named", ("24-Nov-2026 08:19:34.683 out of luck", "x exiting (due to fatal error)"), 0),
        (
            "kresd",
            (
                "[system] warning: hard limit for number of file-descriptors is only 20000",
                "[system] error while loading config: [ ta ] ERROR: write access needed to keyfile dir 'x'",
            ),
            1,
        ),
        ("pdns_recursor", LUA, 4),
        ("pdns_recursor", ('x msg="Fatal error" error="Trying to set unknown setting" prio="Critical"',), 0),
        ("dnsmasq", ("dnsmasq[7]: started", "dnsmasq: failed to create listening socket for 10.9.9.9: x"), 1),
        ("dnsmasq", ("dnsmasq: bad option at line 11 of dnsmasq.conf",), 0),
        ("stubby", ("[09:20:37.661211] STUBBY: x", "error: Could not bind on given addresses: x"), 1),
        ("systemd-resolved", ("x UTC Failed to drop remaining caps: Operation not permitted",), 0),
    ],
)
def test_why_it_ended(name: str, log: tuple[str, ...], reason: int) -> None:
    """The line that says most about an end is found, and none in a log without complaint."""
    assert DRIVERS[name].fatal(log) == log[reason].strip()
    assert DRIVERS[name].fatal(("service stopped", "")) == ""


def test_bind_trusts_what_secroots_lists() -> None:
    """Only the root's keys count, and only those that are not among the negative trust anchors."""
    assert named.trusted_tags(SECROOTS) == (38696,)


def test_bind_does_not_answer() -> None:
    """If rndc prints something else, nobody knows what BIND trusts: not that it trusts nothing."""
    driver = DRIVERS["named"]
    assert driver.trust(setting(Path("/nowhere")), lambda _: "rndc: connect failed: timed out") is None
    assert driver.trust(setting(Path("/nowhere")), lambda _: "   Secure roots:\n") == ()


def test_bind_status_is_not_believed() -> None:
    """Where BIND's clock says "trusted" of a key that secroots lacks, the key is pending still."""

    def tool(command: object) -> str:
        return SECROOTS if "secroots" in list(command) else STATUS  # type: ignore[call-overload]

    readings = DRIVERS["named"].trust(setting(Path("/nowhere")), tool)
    at = parse_instant
    assert readings == (
        Reading(38696, None, State.VALID, at("2025-02-11T00:20:00Z")),
        Reading(20326, OLD, State.REVOKED, at("2027-01-12T00:35:00Z")),
        Reading(11, None, State.ADD_PEND, at("2027-01-12T00:20:00Z"), by_clock=True),
        Reading(12, None, State.ADD_PEND, at("2026-12-12T00:20:00Z"), by_clock=True),
    )


def test_recursor_anchors() -> None:
    """The root's anchors are read; other output is no list of anchors, an empty list is one."""
    assert recursor.trusted(TAS) == (Reading(20326, OLD, State.VALID),)
    assert recursor.trusted("Configured Trust Anchors:\n") == ()
    assert recursor.trusted("Unable to connect to remote") is None


@pytest.mark.parametrize(
    ("name", "written", "hours"),
    [
        ("kresd", "", ()),
        ("kresd", ". 86400 DNSKEY 257 3 13 AA== ; Valid: ; KeyTag:1\n", (2.4, 12)),
        ("kresd", "; . 21600 DNSKEY 257 3 13 AA== ; AddPend:9 ; KeyTag:1\n", (1, 3)),
        ("kresd", ". DS 1 13 2 AA\n", (1, 1)),
        ("kresd-debian", "", (1, 2.4, 12)),
    ],
)
def test_when_knot_refreshes(tmp_path: Path, name: str, written: str, hours: tuple[float, ...]) -> None:
    """It plans for half or a tenth of the least TTL it has written, an hour at least; of a DS for an hour."""
    (tmp_path / "state").mkdir()
    if written:
        (tmp_path / "state" / "root.keys").write_text(written)
    due = DRIVERS[name].due(setting(tmp_path), lambda _: "", 1000)
    assert {at - 1000 for at in due} == {int(3600 * hour) for hour in hours}
    assert DRIVERS[name].due(setting(tmp_path), lambda _: "", None) == ()


@pytest.mark.parametrize(("name", "file"), [("unbound", "root.key"), ("kresd", "root.keys")])
def test_state_file(tmp_path: Path, name: str, file: str) -> None:
    """A file that is not there, or was just emptied, says nothing; one that makes no sense is refused."""
    driver, one = DRIVERS[name], setting(tmp_path)
    (tmp_path / "state").mkdir()
    assert driver.trust(one, lambda _: "") == ()
    (tmp_path / "state" / file).write_text("")
    assert driver.trust(one, lambda _: "") == ()
    (tmp_path / "state" / file).write_text(driver.seeds(one)[f"state/{file}"])
    assert driver.trust(one, lambda _: "") == (Reading(20326, OLD, State.VALID, late=name == "unbound"),)
    (tmp_path / "state" / file).write_text(". IN DS nonsense\n")
    with pytest.raises(StateFileError):
        driver.trust(one, lambda _: "")


@pytest.mark.parametrize("octet", range(0, 256, 5))
def test_tag_without_revoke(octet: int) -> None:
    """The tag a key has without REVOKE follows from the one with it (RFC 5011 section 2.1)."""
    key = Key(ZONE | SEP | REVOKE, 8, bytes((octet, 255 - octet)) * 33 + bytes((octet,)))
    assert drivers.without_revoke(key.tag) == key.key_tag


def test_named_s_placeholder_is_no_key() -> None:
    """Before its first good refresh named has a key of zeros, which it tells of as of others."""
    nothing = (
        "    name: .\n    keyid: 0\n\talgorithm: 0\n\tflags:\n\tnext refresh: Wed, 13 Jan 2027 00:35:00 GMT\n"
    )
    assert named.key_data(nothing) == ()
    assert [key.key_tag for key in named.key_data(nothing + STATUS.partition("name: .\n")[2])] == [
        20326,
        38696,
        11,
        12,
    ]
