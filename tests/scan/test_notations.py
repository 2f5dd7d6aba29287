"""Every notation is found, with its key and in one region; what only looks like an anchor is not."""

from __future__ import annotations

import io

import pytest

from lab.dnssec.root_keys import REAL_ROOT_DS
from lab.scan.gate import forms_in
from lab.scan.material import KNOWN
from lab.scan.stream import Finding, scan_stream

from .notations import DECOYS, KEY, NOTATIONS


def scanned(content: str | bytes, name: str = "file", *, hints: bool = False) -> list[Finding]:
    """Return what a file with this content holds."""
    octets = content.encode() if isinstance(content, str) else content
    return list(scan_stream(io.BytesIO(octets), name, hints=hints))


def test_known_keys_are_the_roots() -> None:
    """The public keys are those whose digests IANA publishes."""
    assert [(known.tag, known.digests[0][1]) for known in KNOWN] == [
        (ds.key_tag, ds.digest) for _, ds in REAL_ROOT_DS
    ]


@pytest.mark.parametrize("name", NOTATIONS)
def test_notation_is_found(name: str) -> None:
    """An anchor is found once, and its key is known by public key or digest."""
    assert [found.keys for found in scanned(NOTATIONS[name], name)] == [(20326,)]


@pytest.mark.parametrize("name", DECOYS)
def test_decoy_is_not_found(name: str) -> None:
    """What is altered, cut, another zone's, another key's, revoked, pending or a comment is no anchor."""
    assert scanned(DECOYS[name], name) == []


@pytest.mark.parametrize("tag", [known.tag for known in KNOWN])
def test_every_key_is_found(tag: int) -> None:
    """The three keys are told apart, in octets, hexadecimal, base64, arrays and escapes."""
    (known,) = (known for known in KNOWN if known.tag == tag)
    for octets in (known.public_key, known.digests[0][1]):
        for content in (
            b"\0" + octets,
            octets.hex(),
            ", ".join(f"0x{octet:x}" for octet in octets),
            ", ".join(map(str, octets)),
            f"x = {octets!r}",
            '"' + "".join(f"\\{octet:03o}" if octet < 32 else f"\\x{octet:02x}" for octet in octets) + '"',
        ):
            assert [found.keys for found in scanned(content)] == [(tag,)], content


def test_gate_lets_nothing_ordinary_pass() -> None:
    """The sweep that comes first leaves ordinary text alone: that is what makes a scan quick."""
    assert forms_in(b"the quick brown fox 20326 dead beef 0x49 \\x49" * 1000) == frozenset()


def test_line_is_where_the_record_begins() -> None:
    """The line is that of the record's owner, not that of the key in it."""
    lines = ["$TTL 3600", "", ". IN DNSKEY (", "  257 3 8", f"  {KEY[:60]}", f"  {KEY[60:]} )", ""]
    assert [found.line for found in scanned("\n".join(lines), "root.zone")] == [3]


def test_hints_are_asked_for() -> None:
    """A tag beside words of DNSSEC is a hint if hints are wanted; a bare number never is."""
    text = "the root KSK is 20326\nport 20326\nkeytag: 19036, then 20326\n"
    assert scanned(text) == []
    assert scanned(text, hints=True) == [
        Finding("file", 1, "hint", (20326,)),
        Finding("file", 3, "hint", (19036, 20326)),
    ]


def test_hint_says_nothing_twice() -> None:
    """The tag in an anchor's own record is no hint beside it."""
    found = scanned(NOTATIONS["root.ds"], hints=True)
    assert [row.notation for row in found] == ["ds"]
