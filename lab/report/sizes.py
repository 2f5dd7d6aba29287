"""Show how large responses are in each phase of a timeline, and from which limit on they need TCP.

A phase lasts while kinds and numbers of keys and of signers stay the same, whatever keys they are. The octets
are those of responses that the lab really makes, signatures included.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any, Final, NamedTuple

from rich.text import Text

from ..authority.timeline import Step
from ..clock import Instant, format_instant
from ..dnssec.crypto import ECDSAP256, ECDSAP384, ED448, ED25519, MLDSA44, RSA_ALGORITHMS, split_rsa
from ..dnssec.keys import Key
from ..errors import one_line
from . import Page
from .as_json import dump
from .sheet import paragraph, screen, table, text_of
from .timeline import TimelineView

LIMITS: Final = (512, 1232, 1280, 1452, 1500)
"""Octets that clients let an answer have over UDP, or links: RFC 1035, the DNS flag day of 2020, IPv6's least
MTU, Ethernet less IPv6 and UDP, Ethernet."""

Measure = Callable[[Instant], Mapping[str, int]]
"""measure(now): octets by name of a response."""

_NAMES = {ECDSAP256: "P-256", ECDSAP384: "P-384", ED25519: "Ed25519", ED448: "Ed448", MLDSA44: "ML-DSA-44"}
_LEGEND = (
    "Octets of responses with EDNS and DO. UDP: a client that allows so many octets gets the answer at once; "
    "TCP: it gets a truncated one and has to ask again over TCP. 512: a client without larger buffers; "
    "1232: the usual buffer, which leaves IPv6's least MTU of 1280 room for headers; 1452: Ethernet's 1500 "
    "less those of IPv6.",
    "NXDOMAIN is the answer for a top-level domain that does not exist, of the lab's minimal root.",
)


class Composition(NamedTuple):
    """Say of which kinds keys and signers are, each kind as often as there are keys of it."""

    ksks: tuple[str, ...]
    zsks: tuple[str, ...]
    dnskey_signers: tuple[str, ...]
    zone_signers: tuple[str, ...]


class Phase(NamedTuple):
    """Hold one phase: when it begins, what its keys are, and the octets of its responses by name."""

    at: Instant
    keys: Composition
    octets: Mapping[str, int]


def phases(view: TimelineView, measure: Measure) -> tuple[Phase, ...]:
    """Return the phases of the part of a timeline that is shown, in time."""
    found: list[Phase] = []
    for step in view.steps:
        keys = _composition(view, step)
        if not found or found[-1].keys != keys:
            found.append(Phase(step.at, keys, measure(step.at)))
    return tuple(found)


def kind_of(key: Key) -> str:
    """Name what makes a key's size: `RSA-2048`, `P-256`, `Ed25519`, or algorithm and octets of another."""
    if key.algorithm in RSA_ALGORITHMS:
        try:
            return f"RSA-{split_rsa(key.public_key)[1].bit_length()}"
        except ValueError:
            pass
    return _NAMES.get(key.algorithm, f"{key.algorithm}:{len(key.public_key)}")


def _composition(view: TimelineView, step: Step) -> Composition:
    keys = step.keys

    def kinds(names: Iterable[str]) -> tuple[str, ...]:
        marked = (kind_of(view.key(name, None)) + "*" * (name in keys.revoked) for name in names)
        return tuple(sorted(marked, key=_order))

    return Composition(
        kinds(keys.ksks), kinds(keys.zsks), kinds(keys.dnskey_signers), kinds(keys.zone_signers)
    )


def _order(kind: str) -> tuple[bool, str]:
    """Put RSA first: it was there first."""
    return not kind.startswith("RSA"), kind


def render_sizes(view: TimelineView, measure: Measure, page: Page) -> str:
    """Return the phases, and under them how large each response is against each limit."""
    found = phases(view, measure)
    console = screen(page)
    console.print(Text(f"{one_line(view.name)}: {one_line(view.title)}", style="bold"))
    console.print(f"{format_instant(view.start)} to {format_instant(view.stop)}")
    console.print()
    keys = table()
    for title in ("#", "served from", "KSKs", "ZSKs", "signs DNSKEY", "signs zone"):
        keys.add_column(title, no_wrap=title in ("#", "served from"))
    for number, phase in enumerate(found, 1):
        keys.add_row(str(number), format_instant(phase.at)[:10], *map(_counted, phase.keys))
    console.print(keys)
    console.print()
    grid = table()
    for title in ("#", "response", "octets", *map(str, LIMITS)):
        grid.add_column(title, no_wrap=True, justify="right" if title == "octets" else "left")
    for number, phase in enumerate(found, 1):
        for name, octets in phase.octets.items():
            over = ["UDP" if octets <= limit else "TCP" for limit in LIMITS]
            grid.add_row(str(number), name, str(octets), *over)
    console.print(grid)
    console.print()
    for text in _LEGEND:
        paragraph(console, text)
    if any("*" in kind for phase in found for kind in phase.keys.ksks):
        paragraph(console, "*: revoked.")
    return text_of(console)


def _counted(kinds: tuple[str, ...]) -> str:
    """Write kinds with their number where it is not one."""
    counts = {kind: kinds.count(kind) for kind in kinds}
    return ", ".join(f"{count} {kind}" if count > 1 else kind for kind, count in counts.items()) or "-"


def render_sizes_json(view: TimelineView, measure: Measure) -> str:
    """Return the phases as JSON (docs/json.md)."""
    value: dict[str, Any] = {
        "scenario": view.name,
        "title": view.title,
        "limits": list(LIMITS),
        "phases": [
            {
                "at": format_instant(phase.at),
                **{name: list(kinds) for name, kinds in phase.keys._asdict().items()},
                "responses": [
                    {
                        "response": name,
                        "octets": octets,
                        "tcp_at": [limit for limit in LIMITS if octets > limit],
                    }
                    for name, octets in phase.octets.items()
                ],
            }
            for phase in phases(view, measure)
        ],
    }
    return dump(value)
