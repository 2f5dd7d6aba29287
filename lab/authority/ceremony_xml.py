"""Read a small XML file somebody else made into a bounded tree and its fields, or say in one line why not.

Ceremony files arrive by mail and download, so the file, the parser and the tree are all limited: a regular
file of at most 16 MiB, no document type (hence no entities, no external reference, no bomb), and fixed limits
on depth, elements, attributes and text. A limit is met while parsing, before memory is spent.
"""

from __future__ import annotations

import binascii
import errno
import os
import re
import stat
from base64 import b64encode
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NoReturn

from defusedxml.common import DefusedXmlException
from defusedxml.ElementTree import DefusedXMLParser, ParseError

from ..clock import Instant, Seconds, parse_duration, parse_instant
from ..errors import CeremonyError

MAX_FILE_OCTETS = 16 * 1024 * 1024
"""Largest file read; a real SKR has about 24 kB."""

MAX_DEPTH = 16
MAX_ELEMENTS = 120_000
MAX_ATTRIBUTES = 16
MAX_ATTRIBUTE_CHARACTERS = 1024
MAX_TEXT_CHARACTERS = 32_768

DAMAGED = "the file is damaged, fetch it again"

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
    text: str = ""
    children: list[Node] = field(default_factory=list)


def read_limited(path: Path) -> bytes:
    """Return the octets of a regular file of at most `MAX_FILE_OCTETS`.

    Opened without blocking and inspected before the first read, so that a pipe or an endless device is
    refused and never waited for. Raises CeremonyError.
    """
    place = shown(str(path))
    try:
        handle = os.open(path, os.O_RDONLY | os.O_CLOEXEC | getattr(os, "O_NONBLOCK", 0))
    except (OSError, ValueError) as error:
        raise CeremonyError(_open_problem(error), place=place, remedy="give a KSR or SKR file") from None
    try:
        mode = os.fstat(handle).st_mode
        if not stat.S_ISREG(mode):
            kind = "a directory" if stat.S_ISDIR(mode) else "not a regular file"
            raise CeremonyError(kind, place=place, remedy="give a KSR or SKR file")
        with os.fdopen(handle, "rb", closefd=False) as stream:
            data = stream.read(MAX_FILE_OCTETS + 1)
    except OSError as error:
        raise CeremonyError(_open_problem(error), place=place, remedy="give a readable file") from None
    finally:
        os.close(handle)
    if len(data) > MAX_FILE_OCTETS:
        raise CeremonyError(
            f"larger than {MAX_FILE_OCTETS} octets",
            place=place,
            remedy="a KSR or SKR has 20 kB; check the path",
        )
    return data


def _open_problem(error: OSError | ValueError) -> str:
    code = getattr(error, "errno", None)
    if code == errno.ENOENT:
        return "no such file"
    if code is None:
        return "not a usable path"
    return f"cannot be read ({os.strerror(code)})"


def parse_xml(data: bytes, file: str) -> Node:
    """Parse octets into the root `Node`; `file` names them in errors. Raises CeremonyError, nothing else."""
    file = shown(file)
    builder = _Builder(file)
    parser: Any = DefusedXMLParser(
        target=builder, forbid_dtd=True, forbid_entities=True, forbid_external=True
    )
    builder.expat = parser.parser
    if not data.strip(b"\x00 \t\r\n"):
        raise CeremonyError("empty", place=file, remedy=DAMAGED)
    try:
        for start in range(0, len(data), _CHUNK):
            parser.feed(data[start : start + _CHUNK])
            builder.check_progress(start)
        parser.close()
    except DefusedXmlException:
        raise CeremonyError(
            "has a document type or entity declaration, which a KSR or SKR never has",
            place=f"{file}: line {builder.line}",
            remedy="do not trust this file; fetch it from the ceremony's page",
        ) from None
    except (ParseError, ValueError, LookupError) as error:
        problem = f"not well-formed XML ({_reason(error)})"
        raise CeremonyError(problem, place=f"{file}: line {builder.line}", remedy=DAMAGED) from None
    assert builder.root is not None, "expat accepts no document without an element"
    return builder.root


def _reason(error: Exception) -> str:
    # expat ends its text with ": line 3, column 7"; the place says that already.
    return str(error).split(": line ", 1)[0] or type(error).__name__


class _Builder:
    """Build the tree as the parser's target, and stop at the first limit."""

    def __init__(self, file: str) -> None:
        self.file = file
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
        node = Node(tag, dict(attributes), self.line)
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
        refuse(f"{self.file}: line {self.line}", problem, "this is no KSR or SKR file")


def several(node: Node, tag: str, limit: int, place: str) -> list[Node]:
    """Return the children with a tag, at least one and at most `limit`."""
    found = [child for child in node.children if child.tag == tag]
    if not found:
        refuse(place, f"no {tag}", DAMAGED)
    if len(found) > limit:
        refuse(place, f"more than {limit} {tag}", "this is no KSR or SKR file")
    return found


def optional(node: Node, tag: str, place: str) -> Node | None:
    """Return the one child with a tag, or None."""
    found = [child for child in node.children if child.tag == tag]
    if len(found) > 1:
        refuse(place, f"{tag} stands twice", DAMAGED)
    return found[0] if found else None


def text_of(node: Node, tag: str, place: str) -> str:
    """Return the text of the one child with a tag, without the white space around it."""
    child = optional(node, tag, place)
    if child is None:
        refuse(place, f"no {tag}", DAMAGED)
    if child.children:
        refuse(f"{place}: {tag}", f"holds an element {short(child.children[0].tag)}", DAMAGED)
    return child.text.strip(" \t\r\n")


def attribute(node: Node, name: str, place: str) -> str:
    """Return the value of an attribute that must be there."""
    value = node.attributes.get(name)
    if value is None:
        refuse(place, f"no attribute {name}", DAMAGED)
    return value


def integer(node: Node, tag: str, limit: int, place: str) -> int:
    """Return the number in the one child with a tag, from 0 to `limit`."""
    return bounded(text_of(node, tag, place), limit, f"{place}: {tag}")


def bounded(text: str, limit: int, place: str) -> int:
    """Read a number from 0 to `limit`, in ASCII digits only."""
    if not _DIGITS.fullmatch(text) or int(text) > limit:
        refuse(place, f"{short(text)!r} is not a number from 0 to {limit}", DAMAGED)
    return int(text)


def instant_of(node: Node, tag: str, place: str) -> Instant:
    """Read a timestamp; one without offset is UTC, as in the requests up to 2017."""
    text = text_of(node, tag, place)
    try:
        if not _TIMESTAMP.fullmatch(text):
            raise ValueError
        instant = parse_instant(text)
        if not 0 <= instant <= MAX_U32:
            raise ValueError
    except ValueError:
        problem = f"{short(text)!r} is not an instant from 1970 to 2106"
        refuse(f"{place}: {tag}", problem, "write it like 2018-10-11T00:00:00Z")
    return instant


def duration_of(node: Node, tag: str, place: str) -> Seconds | None:
    """Read an ISO 8601 duration in seconds, or None where the child is missing."""
    if optional(node, tag, place) is None:
        return None
    try:
        return parse_duration(text_of(node, tag, place))
    except ValueError as error:
        refuse(f"{place}: {tag}", short(str(error), 120), DAMAGED)


def octets_of(node: Node, tag: str, limit: int, place: str) -> bytes:
    """Read base64 strictly: its alphabet and white space, right padding, no stray bits at the end."""
    text = text_of(node, tag, place).translate(_SPACE)
    try:
        octets = binascii.a2b_base64(text, strict_mode=True)
    except ValueError:
        octets = b""
    if not octets or b64encode(octets).decode("ascii") != text:
        refuse(f"{place}: {tag}", "not base64" if text else "empty", DAMAGED)
    if len(octets) > limit:
        refuse(f"{place}: {tag}", f"longer than {limit} octets", DAMAGED)
    return octets


def shown(file: str, limit: int = 160) -> str:
    """Return a path as error lines have room for it: a long one loses its beginning."""
    return file if len(file) <= limit else "..." + file[3 - limit :]


def short(text: str, limit: int = 48) -> str:
    """Cut text from a file to what an error line has room for."""
    return text if len(text) <= limit else text[: limit - 3] + "..."


def refuse(place: str, problem: str, remedy: str) -> NoReturn:
    """Raise the one-line error."""
    raise CeremonyError(problem, place=place, remedy=remedy)
