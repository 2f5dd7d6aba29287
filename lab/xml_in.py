"""Read a small XML file somebody else made into a bounded tree and its fields, or say in one line why not.

Such files arrive by mail and download, so the file, the parser and the tree are all limited: no document type
(hence no entities, no external reference, no bomb), and fixed limits on depth, elements, attributes and text.
A limit is met while parsing, before memory is spent.
"""

from __future__ import annotations

import binascii
import re
from base64 import b64encode
from dataclasses import dataclass, field
from typing import Any

from defusedxml.common import DefusedXmlException
from defusedxml.ElementTree import DefusedXMLParser, ParseError

from .clock import Instant, Seconds, parse_duration, parse_instant
from .infile import DAMAGED, Kind, short, shown

MAX_DEPTH = 16
MAX_ELEMENTS = 120_000
MAX_ATTRIBUTES = 16
MAX_ATTRIBUTE_CHARACTERS = 1024
MAX_TEXT_CHARACTERS = 32_768

MAX_U32 = 2**32 - 1

_CHUNK = 65_536
_TIMESTAMP = re.compile(
    r"[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}(\.0{1,9})?(Z|[+-][0-9]{2}:[0-9]{2})?"
)
_DIGITS = re.compile(r"[0-9]{1,10}")
_SPACE = str.maketrans("", "", " \t\r\n")


@dataclass(slots=True)
class Node:
    """Hold one element: tag, attributes, the text directly inside it, children, and its line (from 1)."""

    tag: str
    attributes: dict[str, str]
    line: int
    kind: Kind
    text: str = ""
    children: list[Node] = field(default_factory=list)


def parse_xml(data: bytes, file: str, kind: Kind) -> Node:
    """Parse octets into the root `Node`; `file` names them in errors. Raises `kind.error`, nothing else."""
    file = shown(file)
    builder = _Builder(file, kind)
    parser: Any = DefusedXMLParser(
        target=builder, forbid_dtd=True, forbid_entities=True, forbid_external=True
    )
    builder.expat = parser.parser
    if not data.strip(b"\x00 \t\r\n"):
        kind.refuse(file, "empty")
    try:
        for start in range(0, len(data), _CHUNK):
            parser.feed(data[start : start + _CHUNK])
            builder.check_progress(start)
        parser.close()
    except DefusedXmlException:
        raise kind.error(
            f"has a document type or entity declaration, which {kind.name} never has",
            place=f"{file}: line {builder.line}",
            remedy=f"do not trust this file; fetch it from {kind.source}",
        ) from None
    except (ParseError, ValueError, LookupError) as error:
        problem = f"not well-formed XML ({_reason(error)})"
        raise kind.error(problem, place=f"{file}: line {builder.line}", remedy=DAMAGED) from None
    assert builder.root is not None, "expat accepts no document without an element"
    return builder.root


def _reason(error: Exception) -> str:
    # expat ends its text with ": line 3, column 7"; the place says that already.
    return str(error).split(": line ", 1)[0] or type(error).__name__


class _Builder:
    """Build the tree as the parser's target, and stop at the first limit."""

    def __init__(self, file: str, kind: Kind) -> None:
        self.file, self.kind = file, kind
        self.expat: Any = None
        self.root: Node | None = None
        self._open: list[Node] = []
        self._texts: list[list[str]] = []
        self._lengths: list[int] = []
        self._elements = 0

    @property
    def line(self) -> int:
        return int(self.expat.CurrentLineNumber)

    def check_progress(self, fed: int) -> None:
        """Refuse a tag or comment longer than a chunk: the parser would scan it again and again."""
        if fed - self.expat.CurrentByteIndex > _CHUNK:
            self._refuse(f"a tag or comment longer than {_CHUNK} octets")

    def start(self, tag: str, attributes: dict[str, str]) -> None:
        self._elements += 1
        if len(self._open) >= MAX_DEPTH:
            self._refuse(f"elements nested deeper than {MAX_DEPTH}")
        if self._elements > MAX_ELEMENTS:
            self._refuse(f"more than {MAX_ELEMENTS} elements")
        if len(attributes) > MAX_ATTRIBUTES:
            self._refuse(f"more than {MAX_ATTRIBUTES} attributes on one element")
        for name, value in attributes.items():
            if len(name) + len(value) > MAX_ATTRIBUTE_CHARACTERS:
                self._refuse(f"an attribute longer than {MAX_ATTRIBUTE_CHARACTERS} characters")
        node = Node(tag, dict(attributes), self.line, self.kind)
        if self._open:
            self._open[-1].children.append(node)
        else:
            self.root = node
        self._open.append(node)
        self._texts.append([])
        self._lengths.append(0)

    def data(self, text: str) -> None:
        self._lengths[-1] += len(text)
        if self._lengths[-1] > MAX_TEXT_CHARACTERS:
            self._refuse(f"text longer than {MAX_TEXT_CHARACTERS} characters in one element")
        self._texts[-1].append(text)

    def end(self, tag: str) -> None:
        self._open.pop().text = "".join(self._texts.pop())
        self._lengths.pop()

    def close(self) -> None:
        return None

    def _refuse(self, problem: str) -> None:
        self.kind.refuse(f"{self.file}: line {self.line}", problem, f"this is not {self.kind.name}")


def several(node: Node, tag: str, limit: int, place: str) -> list[Node]:
    """Return the children with a tag, at least one and at most `limit`."""
    found = [child for child in node.children if child.tag == tag]
    if not found:
        node.kind.refuse(place, f"no {tag}")
    if len(found) > limit:
        node.kind.refuse(place, f"more than {limit} {tag}", f"this is not {node.kind.name}")
    return found


def optional(node: Node, tag: str, place: str) -> Node | None:
    """Return the one child with a tag, or None."""
    found = [child for child in node.children if child.tag == tag]
    if len(found) > 1:
        node.kind.refuse(place, f"{tag} stands twice")
    return found[0] if found else None


def text_of(node: Node, tag: str, place: str) -> str:
    """Return the text of the one child with a tag, without the white space around it."""
    child = optional(node, tag, place)
    if child is None:
        node.kind.refuse(place, f"no {tag}")
    if child.children:
        node.kind.refuse(f"{place}: {tag}", f"holds an element {short(child.children[0].tag)}")
    return child.text.strip(" \t\r\n")


def attribute(node: Node, name: str, place: str) -> str:
    """Return the value of an attribute that must be there."""
    value = node.attributes.get(name)
    if value is None:
        node.kind.refuse(place, f"no attribute {name}")
    return value


def integer(node: Node, tag: str, limit: int, place: str) -> int:
    """Return the number in the one child with a tag, from 0 to `limit`."""
    return bounded(text_of(node, tag, place), limit, f"{place}: {tag}", node.kind)


def bounded(text: str, limit: int, place: str, kind: Kind) -> int:
    """Read a number from 0 to `limit`, in ASCII digits only."""
    if not _DIGITS.fullmatch(text) or int(text) > limit:
        kind.refuse(place, f"{short(text)!r} is not a number from 0 to {limit}")
    return int(text)


def instant_of(node: Node, tag: str, place: str) -> Instant:
    """Read the timestamp in the one child with a tag; see `timestamp`."""
    return timestamp(text_of(node, tag, place), f"{place}: {tag}", node.kind)


def timestamp(text: str, place: str, kind: Kind) -> Instant:
    """Read a timestamp; one without offset is UTC, as in the key signing requests up to 2017."""
    try:
        if not _TIMESTAMP.fullmatch(text):
            raise ValueError
        instant = parse_instant(text)
        if not 0 <= instant <= MAX_U32:
            raise ValueError
    except ValueError:
        problem = f"{short(text)!r} is not an instant from 1970 to 2106"
        kind.refuse(place, problem, "write it like 2018-10-11T00:00:00Z")
    return instant


def duration_of(node: Node, tag: str, place: str) -> Seconds | None:
    """Read an ISO 8601 duration in seconds, or None where the child is missing."""
    if optional(node, tag, place) is None:
        return None
    try:
        return parse_duration(text_of(node, tag, place))
    except ValueError as error:
        node.kind.refuse(f"{place}: {tag}", short(str(error), 120))


def octets_of(node: Node, tag: str, limit: int, place: str) -> bytes:
    """Read base64 strictly: its alphabet and white space, right padding, no stray bits at the end."""
    text = text_of(node, tag, place).translate(_SPACE)
    try:
        octets = binascii.a2b_base64(text, strict_mode=True)
    except ValueError:
        octets = b""
    if not octets or b64encode(octets).decode("ascii") != text:
        node.kind.refuse(f"{place}: {tag}", "not base64" if text else "empty")
    if len(octets) > limit:
        node.kind.refuse(f"{place}: {tag}", f"longer than {limit} octets")
    return octets
