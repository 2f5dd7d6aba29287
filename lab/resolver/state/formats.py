"""The table of state-file formats: how each is known, read and written, and what it can hold."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

from ...clock import Instant
from ...dnssec.names import ROOT, name_to_text
from ...errors import StateFileError
from ...infile import shown
from . import anchors, bind, knot, root_anchors, unbound
from .loading import reaction
from .reading import refuse
from .vocabulary import TrustState


class Reader(Protocol):
    """Read octets strictly: `at` is when a resolver would read them, `owner` the name to read about."""

    def __call__(
        self, data: bytes, file: str, *, at: Instant | None = None, owner: bytes | None = None
    ) -> TrustState:
        """Return the state. Raises StateFileError and nothing else."""


@dataclass(frozen=True, slots=True)
class Format:
    """One format. `held` is the part of a state it can hold: `read(write(state)) == held(state)`.

    `marks` finds the format in a file. `newest_first` tells that its resolver writes the key it met last at
    the top.
    """

    name: str
    title: str
    marks: re.Pattern[bytes]
    read: Reader
    write: Callable[[TrustState], bytes]
    held: Callable[[TrustState], TrustState]
    newest_first: bool = False


def _marks(pattern: bytes) -> re.Pattern[bytes]:
    return re.compile(pattern, re.MULTILINE)


FORMATS: dict[str, Format] = {
    form.name: form
    for form in (
        Format(
            "xml", "root-anchors.xml (RFC 9718, RFC 7958)",
            _marks(rb"\A(?:\xff\xfe|\xfe\xff|(?:\xef\xbb\xbf)?[ \t\r\n]*<)"),
            root_anchors.read, root_anchors.write, root_anchors.held,
        ),
        Format(
            "bind", "BIND managed-keys.bind or *.mkeys",
            _marks(rb"^[^;\n]*[ \t]KEYDATA[ \t]"),
            bind.read, bind.write, bind.held,
        ),
        Format(
            "unbound", "Unbound auto-trust-anchor-file",
            _marks(rb"^; autotrust trust anchor file|^;;(?:id|last_queried|last_success|REVOKED)\b|;;state="),
            unbound.read, unbound.write, unbound.held, newest_first=True,
        ),
        Format(
            "knot", "Knot Resolver root.keys, managed",
            _marks(rb";[ \t]*(?:Start|AddPend|Valid|Missing|Revoked|Removed):[0-9]*[ \t]*;[ \t]*KeyTag:"),
            knot.read, knot.write, knot.held,
        ),
        Format(
            "anchors", "DS and DNSKEY records, one anchor each",
            _marks(rb"^[^;\n]*[ \t](?:DS|DNSKEY|ds|dnskey)[ \t]"),
            anchors.read, anchors.write, anchors.held,
        ),
    )
}  # fmt: skip
"""Every format by name, in the order in which a file is held against them."""


def detect(data: bytes, file: str = "") -> Format:
    """Return the format a file is in. Raises StateFileError if it is in none."""
    for form in FORMATS.values():
        if form.marks.search(data):
            return form
    defect = "unknown" if data.strip(b"\0 \t\r\n") else "empty"
    problem = "empty" if defect == "empty" else "in no format the lab reads"
    remedy = f"name its format, one of {', '.join(FORMATS)}"
    raise StateFileError(problem, place=shown(file), remedy=remedy, defect=defect)


def read_state(
    data: bytes,
    file: str,
    form: Format | None = None,
    *,
    at: Instant | None = None,
    owner: bytes | None = None,
) -> TrustState:
    """Read a state file, its format detected unless given; see `Format.read`.

    Raises StateFileError, which also says how the implementation takes such a file.
    """
    form = form or detect(data, file)
    try:
        state = form.read(data, file, at=at, owner=owner)
        if owner is not None and state.owner != owner:
            refuse(file, 0, f"no key of {name_to_text(owner)}", f"it has keys of {name_to_text(state.owner)}",
                   defect="other-owner")  # fmt: skip
    except StateFileError as error:
        if error.defect in ("other-owner", "mixed-owners") and form.name in ("bind", "anchors"):
            raise
        outcome, said = reaction(form.name, data, at, owner or ROOT)
        raise StateFileError(
            error.problem,
            place=error.place,
            remedy=error.remedy,
            defect=error.defect,
            line=error.line,
            outcome=outcome,
            reaction=said,
        ) from None
    return state


def written_by_model(state: TrustState, form: Format) -> bytes:
    """Return the file a resolver would write of its own state, whose keys are in the order they were met."""
    if form.newest_first:
        state = state.turned()
    return form.write(state)
