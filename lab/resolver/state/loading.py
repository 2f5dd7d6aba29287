"""What an implementation itself makes of its state file at start, a damaged one included.

Readers elsewhere in this package are strict, because a person wants to hear of damage. Implementations are
not: Unbound passes over lines it cannot read and cuts long ones, BIND throws the whole file away, Knot
Resolver stops at the first bad line. A model that is to fail like the real thing is loaded from here.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from ...clock import Instant
from ...dnssec.names import ROOT, name_to_text
from ...errors import StateFileError, UserError
from . import bind, knot
from .autotrust import load_autotrust
from .masterfile import records
from .vocabulary import Entry, Loaded, TrustState


@dataclass(frozen=True, slots=True)
class Loader:
    """How one implementation reads: its name and version in words, and the function."""

    software: str
    load: Callable[[bytes, Instant | None, bytes], Loaded]


def load_for(model: str, data: bytes, *, at: Instant | None = None, owner: bytes = ROOT) -> Loaded:
    """Return what a model's implementation makes of the octets of its state file, at an instant.

    `model` is a preset's name. Raises UserError if the implementation keeps no state file.
    """
    loader = LOADERS.get(family(model))
    if loader is None:
        kept = ", ".join(LOADERS)
        raise UserError(f"{model} keeps no state file that the lab reads", remedy=f"those do: {kept}")
    return loader.load(data, at, owner)


def family(model: str) -> str:
    """Return the implementation a preset is of: `unbound` for `unbound-1.6.4`."""
    return model.partition("-")[0]


def reaction(form: str, data: bytes, at: Instant | None = None, owner: bytes = ROOT) -> tuple[str, str]:
    """Return the outcome and a sentence on how the implementation of a format takes a damaged file."""
    loader = LOADERS.get(form)
    if loader is None:
        return "", ""
    loaded = loader.load(data, at, owner)
    if loaded.outcome == "exit":
        return "exit", f"{loader.software} would not start ({loaded.reason})"
    if loaded.outcome == "fresh":
        return "fresh", f"{loader.software} would begin anew from its configuration ({loaded.reason})"
    assert loaded.state is not None
    trusted = ", ".join(str(entry.anchor.key_tag) for entry in loaded.state.trusted[:4]) or "nothing"
    lines = ", ".join(map(str, loaded.passed_over[:4]))
    said = f", pass over line {lines}" if lines else ""
    return "state", f"{loader.software} would start{said} and trust {trusted}"


def _load_bind(data: bytes, at: Instant | None, owner: bytes) -> Loaded:
    """Return BIND's view: one bad record and the whole file counts for nothing (seen with 9.18.49).

    lib/dns/zone.c, `zone_postload` and `sync_keyzone`.
    """
    if not data.strip():
        reason = "unable to synchronize managed keys: keys are not maintained until the next start"
        return Loaded("fresh", reason=reason)
    try:
        by_name, serial = bind.keydata(data.decode("latin-1"), "", at)
    except StateFileError as error:
        return Loaded("fresh", reason=f"loading from master file failed: {error.problem}")
    found = by_name.get(owner)
    if not found:
        return Loaded("fresh", reason=f"no key of {name_to_text(owner)} in it")
    entries = {entry.identity: entry for _, entry in reversed(found)}
    return Loaded("state", TrustState(owner, tuple(reversed(entries.values())), serial=serial))


_OTHER_TYPES = (
    "A", "NS", "CNAME", "SOA", "PTR", "MX", "TXT", "AAAA", "SRV", "DNAME", "RRSIG", "NSEC", "NSEC3", "CDS",
    "CDNSKEY", "ZONEMD",
)  # fmt: skip
"""Types that may stray into a key file; Knot Resolver reads them, and then has no use for them."""


def _load_knot(data: bytes, at: Instant | None, owner: bytes) -> Loaded:
    """Return Knot Resolver's view: records up to the first bad line, then keys commented out with a state.

    daemon/lua/trust_anchors.lua, `keyset_read`.
    """
    text = data.decode("latin-1").replace("\r\n", "\n")
    entries: list[Entry] = []
    names: list[bytes] = []
    passed_over: list[int] = []
    try:
        for record in records(text, ""):
            if record.rrtype in _OTHER_TYPES:
                return Loaded("exit", reason=f"line {record.line}: invalid key")
            entries.append(knot.entry_of(record, ""))
            names.append(record.owner)
    except StateFileError as error:
        passed_over.append(error.line)
    for number, line in enumerate(text.split("\n"), 1):
        if not line.startswith("; ") or knot.COMMENTED.match(line) is None:
            continue
        try:
            for record in records(line[2:], ""):
                entries.append(knot.entry_of(record, ""))
                names.append(record.owner)
        except StateFileError:
            passed_over.append(number)
    if not entries:
        return Loaded("exit", reason="failed to read anchors: empty TA set")
    if any(name != names[0] for name in names):
        return Loaded("exit", reason="failed to read anchors: do not mix TAs of several names in one file")
    return Loaded("state", TrustState(names[0], tuple(entries)), passed_over=tuple(passed_over))


LOADERS: dict[str, Loader] = {
    "unbound": Loader("Unbound 1.17.1", load_autotrust),
    "bind": Loader("BIND 9.18.49", _load_bind),
    "knot": Loader("Knot Resolver 5.6.0", _load_knot),
}
"""Implementations that keep their trust state in a file the lab reads, by the family of the preset."""
