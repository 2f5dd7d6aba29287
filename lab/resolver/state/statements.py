"""Read trust anchors out of BIND's configuration: `trust-anchors`, `managed-keys` and `trusted-keys`.

Unbound takes the last of these in a `trusted-keys-file`. Everything else in the file is passed over, so that
a whole named.conf or bind.keys will do; `include` is not followed.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import NamedTuple

from ...dnssec.keys import DS, Key
from ...dnssec.names import MalformedName, name_from_text
from ...infile import short
from .reading import MAX_ENTRIES, anchor_of, refuse, text_of

STATEMENTS = ("trust-anchors", "managed-keys", "trusted-keys")

_TOKEN = re.compile(
    r"""(?P<space>\s+)|(?P<comment>//[^\n]*|\#[^\n]*|/\*.*?\*/)|"(?P<quoted>[^"]*)"|(?P<mark>[{};])"""
    r"""|(?P<word>[^\s{};"#]+)""",
    re.DOTALL,
)
_KINDS = {"static-key": "DNSKEY", "initial-key": "DNSKEY", "static-ds": "DS", "initial-ds": "DS"}
_MARK = re.compile(rb"^[ \t]*(?:trust-anchors|managed-keys|trusted-keys)\s*\{", re.MULTILINE)


class _Word(NamedTuple):
    text: str
    line: int
    mark: bool


def has_statements(data: bytes) -> bool:
    """Tell whether octets look like a configuration with trust anchors in it."""
    return _MARK.search(data) is not None


def read_statements(data: bytes, file: str) -> tuple[tuple[bytes, Key | DS], ...]:
    """Return owner and anchor of every entry, in the order of the file. Raises StateFileError."""
    words = list(_words(text_of(data, file), file))
    found: list[tuple[bytes, Key | DS]] = []
    at = 0
    while at < len(words):
        if words[at].text in STATEMENTS and words[at + 1 : at + 2] and words[at + 1].text == "{":
            at += 2 + _entries(words[at].text, words[at + 2 :], file, found)
        else:
            at += 1
    if not found:
        refuse(file, 0, "no trust anchor", f"give a file with {' or '.join(STATEMENTS)}", defect="empty")
    return tuple(found)


def _words(text: str, file: str) -> Iterator[_Word]:
    at, line = 0, 1
    while at < len(text):
        token = _TOKEN.match(text, at)
        if token is None:
            refuse(file, line, f"cannot be read from {short(text[at:], 24)!r} on")
        at = token.end()
        if token.lastgroup in ("quoted", "mark", "word"):
            yield _Word(token[token.lastgroup], line, token.lastgroup == "mark")
        line += token[0].count("\n")


def _entries(kind: str, words: list[_Word], file: str, found: list[tuple[bytes, Key | DS]]) -> int:
    """Read the entries of a statement from behind its brace, and return how many words they take."""
    entry: list[_Word] = []
    for taken, word in enumerate(words, 1):
        if not word.mark:
            entry.append(word)
        elif word.text == "}" and not entry:
            return taken
        elif word.text == ";" and entry:
            if len(found) >= MAX_ENTRIES:
                refuse(file, word.line, f"more than {MAX_ENTRIES} anchors", defect="oversized")
            found.append(_anchor(kind, entry, file))
            entry = []
        else:
            refuse(file, word.line, f"{word.text!r} where it cannot stand")
    line = words[-1].line if words else 0
    return refuse(file, line, f"{kind} that nothing closes", "the end is missing", defect="unbalanced")


def _anchor(kind: str, entry: list[_Word], file: str) -> tuple[bytes, Key | DS]:
    line = entry[0].line
    texts = [word.text for word in entry]
    if kind != "trusted-keys":
        if len(texts) < 2 or texts[1] not in _KINDS:
            refuse(file, line, f"{short(' '.join(texts[:2]))!r} names no kind of anchor", "; ".join(_KINDS))
        rrtype = _KINDS[texts.pop(1)]
    else:
        rrtype = "DNSKEY"
    try:
        owner = name_from_text(texts[0] if texts[0].endswith(".") else f"{texts[0]}.")
    except MalformedName as error:
        refuse(file, line, short(str(error), 120))
    fields = (*texts[1:4], *" ".join(texts[4:]).split())
    return owner, anchor_of(rrtype, fields, file, line)
