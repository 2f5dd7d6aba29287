"""Files from outside are bounded before memory is spent, and refused in one line that says what to do."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from lab.authority.ceremony_xml import MAX_FILE_OCTETS, parse_xml, read_limited
from lab.errors import CeremonyError

BILLION_LAUGHS = b"""<!DOCTYPE KSR [<!ENTITY a "ha"><!ENTITY b "&a;&a;&a;&a;"><!ENTITY c "&b;&b;&b;&b;">]>
<KSR>&c;</KSR>"""

REFUSED = {
    "empty": (b"", "empty"),
    "white space": (b" \n\t ", "empty"),
    "zeros": (bytes(100), "empty"),
    "no element": (b"<!-- nothing -->", "not well-formed"),
    "truncated": (b"<KSR><Response>", "not well-formed"),
    "text": (b"20326 8 2 E06D44B8", "not well-formed"),
    "internal entities": (BILLION_LAUGHS, "document type"),
    "external entity": (
        b'<!DOCTYPE KSR [<!ENTITY x SYSTEM "file:///etc/passwd">]><KSR>&x;</KSR>',
        "document type",
    ),
    "external subset": (b'<!DOCTYPE KSR SYSTEM "http://127.0.0.1/ksr.dtd"><KSR/>', "document type"),
    "bare document type": (b"<!DOCTYPE KSR><KSR/>", "document type"),
    "undefined entity": (b"<KSR>&x;</KSR>", "undefined entity"),
    "unknown encoding": (b'<?xml version="1.0" encoding="klingon"?><KSR/>', "not well-formed"),
    "codec that is no encoding": (b'<?xml version="1.0" encoding="zlib"?><KSR/>', "not well-formed"),
    "attribute twice": (b'<KSR id="1" id="2"/>', "duplicate attribute"),
    "unbound prefix": (b"<ksr:KSR/>", "unbound prefix"),
    "depth": (b"<KSR>" * 17, "nested deeper"),
    "bottomless": (b"<KSR>" * 1_000_000, "nested deeper"),
    "elements": (b"<KSR>" + b"<K/>" * 1_000_000, "more than 120000 elements"),
    "attributes": (b"<KSR " + b" ".join(b'a%d=""' % n for n in range(17)) + b"/>", "more than 16 attributes"),
    "attribute length": (b'<KSR id="' + b"x" * 2000 + b'"/>', "an attribute longer"),
    "text length": (b"<KSR>" + b"x" * 40_000 + b"</KSR>", "text longer"),
    "tag length": (b"<KSR " + b" " * 1_000_000 + b"/>", "a tag or comment longer"),
    "comment length": (b"<!--" + b"x" * 15_000_000 + b"--><KSR/>", "a tag or comment longer"),
}


@pytest.mark.parametrize(("data", "problem"), REFUSED.values(), ids=REFUSED.keys())
def test_refused(data: bytes, problem: str) -> None:
    """What is no small well-formed document is refused in one line with its remedy."""
    with pytest.raises(CeremonyError) as caught:
        parse_xml(data, "some.xml")
    assert str(caught.value).startswith("some.xml")
    assert problem in str(caught.value)
    assert caught.value.remedy
    assert "\n" not in str(caught.value)


def test_text_outside_the_root() -> None:
    """White space around the root is no text of it, however much there is."""
    root = parse_xml(b"\n" * 100_000 + b"<a/>" + b"\n" * 100_000, "f")
    assert (root.tag, root.text, root.line) == ("a", "", 100_001)


def test_tree() -> None:
    """A tree keeps tags, attributes, direct text, order and lines; comments and instructions vanish."""
    root = parse_xml(
        b'<?xml version="1.0"?>\n<a x="1">\n<b>one</b><!-- two --><?go?>\n<b>&lt;</b>tail</a>', "f"
    )
    assert (root.tag, root.attributes, root.text.split(), root.line) == ("a", {"x": "1"}, ["tail"], 2)
    assert [(child.tag, child.text, child.line) for child in root.children] == [
        ("b", "one", 3),
        ("b", "<", 4),
    ]


def test_encodings() -> None:
    """UTF-16 with a byte order mark is read like UTF-8, as XML demands of every processor."""
    assert parse_xml('<a x="ä"/>'.encode("utf-16"), "f").attributes == {"x": "ä"}


def test_reads_a_file(tmp_path: Path) -> None:
    """A regular file of up to 16 MiB comes back octet by octet."""
    path = tmp_path / "skr.xml"
    path.write_bytes(b"<KSR/>")
    assert read_limited(path) == b"<KSR/>"


def test_size_cap(tmp_path: Path) -> None:
    """A file one octet over 16 MiB is refused; the hole in it shows that its size alone decides."""
    path = tmp_path / "large.xml"
    with path.open("wb") as stream:
        stream.truncate(MAX_FILE_OCTETS + 1)
    with pytest.raises(CeremonyError, match="larger than 16777216 octets"):
        read_limited(path)


def test_pipe_is_not_waited_for(tmp_path: Path) -> None:
    """A pipe without a writer is refused at once."""
    path = tmp_path / "pipe"
    os.mkfifo(path)
    with pytest.raises(CeremonyError, match="pipe: not a regular file"):
        read_limited(path)


@pytest.mark.parametrize(
    ("path", "problem"),
    [
        ("/dev/zero", "not a regular file"),
        ("/", "a directory"),
        ("no/such.xml", "no such file"),
        ("nul\0.xml", "not a usable path"),
        ("x" * 5000, "cannot be read"),
    ],
)
def test_unreadable(path: str, problem: str) -> None:
    """An endless device, a directory and a path that leads nowhere are refused and named."""
    with pytest.raises(CeremonyError, match=problem) as caught:
        read_limited(Path(path))
    assert caught.value.place == (path if len(path) < 160 else "..." + path[-157:])


def test_read_error(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A disk that fails while reading is an error of one line too."""
    path = tmp_path / "skr.xml"
    path.write_bytes(b"<KSR/>")

    def broken(*_: object, **__: object) -> None:
        raise OSError(5, "Input/output error")

    monkeypatch.setattr(os, "fdopen", broken)
    with pytest.raises(CeremonyError, match="cannot be read"):
        read_limited(path)
