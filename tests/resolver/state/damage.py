"""Damaged state files of each implementation that has one, made from the same undamaged file."""

from __future__ import annotations

from lab.resolver.rfc5011 import State
from lab.resolver.state.formats import FORMATS
from lab.resolver.state.vocabulary import Entry, TrustState

from .material import ROOT, key

NOW = 1_600_000_000
STATE = TrustState(
    ROOT,
    (
        Entry(key(1), State.VALID, since=NOW - 10_000_000, ttl=86400, sightings=0),
        Entry(key(2), State.VALID, since=NOW - 9_000_000, ttl=86400, sightings=0),
        Entry(key(3), State.ADD_PEND, since=NOW - 86400, until=NOW + 2_505_600, ttl=86400, sightings=2),
    ),
    last_queried=NOW - 100,
    last_success=NOW - 100,
    next_probe_time=NOW + 100,
    query_interval=43200,
    retry_time=8640,
)
"""Two keys trusted and one pending, as every format but the plain ones can hold it."""


def whole(form: str) -> bytes:
    """Return the undamaged file."""
    return FORMATS[form].write(STATE)


def damaged(form: str, how: str) -> bytes:
    """Return the file damaged in a way that `DAMAGE` names."""
    text = whole(form).decode()
    last = text.rindex("KEYDATA") if form == "bind" else text.rindex("\n", 0, -1) + 1
    tail = text[last:]
    if how == "a character that is no base64 in the last key":
        at = text.index("13 ", last) + (60 if form == "bind" else 20)
        return (text[:at] + "*" + text[at + 1 :]).encode()
    if how == "cut off in the last key":
        return text[: last + (120 if form == "bind" else 60)].encode()
    if how == "a parenthesis too many":
        return f"{text}. DNSKEY ( 257\n".encode()
    if how == "the last record twice":
        return (text + ("\t\t\t" if form == "bind" else "") + tail).encode()
    if how == "the whole file twice":
        return (text + text).encode()
    if how == "a record of another name":
        name = "example.com.\t" if form == "bind" else ""
        return (text + name + tail.replace(".", "example.com.", 1 if form != "bind" else 0)).encode()
    if how == "a word that is no record":
        return f"{text}garbage\n".encode()
    if how == "10240 spaces before the state of the last key":
        mark = {"unbound": ";;state", "knot": "; AddPend", "bind": ") ; KSK"}[form]
        at = text.rindex(mark)
        return (text[:at] + " " * 10_240 + text[at:]).encode()
    assert how == "empty", how
    return b""


DAMAGE = (
    "a character that is no base64 in the last key",
    "cut off in the last key",
    "a parenthesis too many",
    "the last record twice",
    "the whole file twice",
    "a record of another name",
    "a word that is no record",
    "10240 spaces before the state of the last key",
    "empty",
)
