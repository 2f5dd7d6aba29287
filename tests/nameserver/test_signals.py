"""What resolvers tell a server of their trust anchors: RFC 8145 sections 4, 4.1 and 5, RFC 8509."""

from __future__ import annotations

import csv
import io

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lab.dnssec.codec import make_query
from lab.dnssec.names import ROOT, name_from_text
from lab.dnssec.rrtypes import DNSKEY, A
from lab.nameserver.signals import (
    COLUMNS,
    KEY_TAG_OPTION,
    MAX_TAGS,
    Signal,
    SignalLog,
    csv_line,
    csv_row,
    signals_in,
)
from lab.resolver.telemetry import key_tag_name

NULL = 10


def heard(query: bytes) -> list[tuple[str, tuple[int, ...]]]:
    """Return kind and tags of what a query tells."""
    return [(signal.kind, signal.key_tags) for signal in signals_in(query, 7, "192.0.2.1", False)]


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("_ta-4a5c.", [("key-tag-query", (19036,))]),
        ("_TA-4A5C-4F66.", [("key-tag-query", (19036, 20326))]),
        ("_ta-4a5c.example.", [("key-tag-query", (19036,))]),
        ("root-key-sentinel-is-ta-20326.alpha.", [("sentinel-is-ta", (20326,))]),
        ("Root-Key-Sentinel-not-ta-00042.alpha.", [("sentinel-not-ta", (42,))]),
        ("_ta-4a5.", []),
        ("_ta-4a5c-.", []),
        ("_ta-.", []),
        ("x._ta-4a5c.", []),
        ("root-key-sentinel-is-ta-2032.alpha.", []),
        ("root-key-sentinel-is-ta-020326.alpha.", []),
        ("alpha.", []),
        (".", []),
    ],
)
def test_names(name: str, expected: list[tuple[str, tuple[int, ...]]]) -> None:
    """The first label tells, in any case; tags have four hexadecimal digits, or exactly five decimal ones."""
    assert heard(make_query(name_from_text(name), NULL)) == expected


@pytest.mark.parametrize(
    ("qtype", "options", "expected"),
    [
        (DNSKEY, [(KEY_TAG_OPTION, b"\x4a\x5c")], [(19036,)]),
        (
            DNSKEY,
            [(KEY_TAG_OPTION, b"\x4a\x5c\x4f\x66"), (KEY_TAG_OPTION, b"\x97\x28")],
            [(19036, 20326), (38696,)],
        ),
        (DNSKEY, [(KEY_TAG_OPTION, bytes(1000))], [(0,) * MAX_TAGS]),
        (DNSKEY, [(KEY_TAG_OPTION, b"")], []),
        (DNSKEY, [(KEY_TAG_OPTION, b"\x4a\x5c\x4f")], []),
        (DNSKEY, [(10, b"\x00\x0e\x4a\x5c\x4a\x5c\x4a\x5c")], []),
        (A, [(KEY_TAG_OPTION, b"\x4a\x5c")], []),
    ],
)
def test_options(qtype: int, options: list[tuple[int, bytes]], expected: list[tuple[int, ...]]) -> None:
    """A DNSKEY query may carry the option, a forwarder's more than once; of odd length it means nothing."""
    found = heard(make_query(ROOT, qtype, options=options))
    assert found == [("key-tag-option", tags) for tags in expected]


def test_a_signal_is_whole() -> None:
    """Who said it, when, over what, and the name in lower case."""
    found = signals_in(make_query(name_from_text("_ta-9728."), NULL), 7, "2001:db8::1", True)
    assert found == (Signal(7, "2001:db8::1", "tcp", "key-tag-query", (38696,), "_ta-9728."),)


@given(st.lists(st.integers(0, 0xFFFF), min_size=1, max_size=12))
def test_what_the_models_say_is_understood(tags: list[int]) -> None:
    """A key tag query of the lab's resolvers is read back to its tags."""
    query = make_query(name_from_text(key_tag_name(tags)), NULL)
    assert heard(query) == [("key-tag-query", tuple(sorted(set(tags))))]


@given(st.binary(max_size=60), st.sampled_from([b"", b"_ta-", b"\x00\x0e", b"\x04_ta-4a5c\x00"]))
def test_no_octets_raise_anything(octets: bytes, mark: bytes) -> None:
    """Rubbish, and answers, tell nothing."""
    assert signals_in(octets + mark, 7, "192.0.2.1", False) is not None
    query = make_query(name_from_text("_ta-4a5c."), NULL)
    assert heard(query[:2] + bytes([query[2] | 0x80]) + query[3:]) == []
    assert heard(query[:-3] + mark) == []


def test_log_is_bounded() -> None:
    """The oldest signals go first, numbers go on, and clearing forgets all."""
    log = SignalLog(limit=2)
    for at in range(3):
        log.add(Signal(at, f"192.0.2.{at}", "udp", "key-tag-query", (1,), "_ta-0001."))
    assert [number for number, _ in log.after(0, 10)] == [2, 3]
    assert [number for number, _ in log.after(0, 1)] == [2]
    assert [number for number, _ in log.after(0, 10, "192.0.2.2")] == [3]
    log.clear()
    assert (log.after(0, 10), log.heard) == ((), 3)


def test_csv() -> None:
    """A line of CSV is read back to the columns, whatever a name holds (RFC 4180)."""
    signal = Signal(0, "192.0.2.1", "udp", "sentinel-is-ta", (7, 8), 'a",\\010b.')
    rows = list(csv.DictReader(io.StringIO(csv_line(COLUMNS) + csv_row(signal))))
    assert rows == [
        {
            "at": "1970-01-01T00:00:00Z", "source": "192.0.2.1", "transport": "udp",
            "signal": "sentinel-is-ta", "key_tags": "7 8", "name": 'a",\\010b.',
        }
    ]  # fmt: skip
