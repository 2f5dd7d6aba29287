"""What rules for `ceremony lint` are made of: their table rows, what they look at, and what they yield.

`ceremony_verify` asks whether files are true; the rules built on this module ask whether they are wise: do
they keep the root's calendar, the waits of RFC 5011, and the thread from one quarter to the next.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import NamedTuple, TypeAlias

from ..dnssec.keys import DS, Key
from ..dnssec.names import ROOT
from .ceremony import Bundle, CeremonyFile
from .ceremony_verify import Severity
from .ceremony_xml import short
from .slots import QuarterIndex, parse_quarter, quarter_of

MAX_RESPONSE_OCTETS = 1452
"""What a DNSKEY answer may have: an Ethernet frame over IPv6 holds it whole (1500 - 40 - 8)."""

SLOTS = 9
"""Bundles a quarter (facts.md 2.1)."""

Complaint: TypeAlias = tuple[CeremonyFile, Bundle | None, str]
"""Where a rule is broken, and how."""

Identity: TypeAlias = tuple[int, bytes]
"""Algorithm and public key: what a key is, whatever its flags and its name."""


@dataclass(frozen=True)
class Given:
    """Hold what is linted: files in the order given, trust anchors, and the largest answer allowed."""

    files: tuple[CeremonyFile, ...]
    anchors: tuple[DS | Key, ...] = ()
    max_size: int = MAX_RESPONSE_OCTETS

    @cached_property
    def line(self) -> tuple[CeremonyFile, ...]:
        """Return the files in time, by their first inceptions; requests before responses."""
        return tuple(sorted(self.files, key=lambda file: (file.bundles[0].inception, file.kind)))

    @property
    def responses(self) -> tuple[CeremonyFile, ...]:
        """Return the signed responses in time."""
        return tuple(file for file in self.line if file.kind == "skr")

    def before(self, file: CeremonyFile) -> CeremonyFile | None:
        """Return the file that a file goes on from, or None.

        It ends while this one begins, and is of the same zone; one of the same kind is preferred.
        """
        begins = file.bundles[0].inception
        found = [
            other
            for other in self.line
            if other.owner == file.owner
            and other.bundles[-1].inception < begins <= other.bundles[-1].expiration
        ]
        return max(
            found, key=lambda other: (other.kind == file.kind, other.bundles[-1].inception), default=None
        )


class Rule(NamedTuple):
    """Bind an identifier to what it claims, whence that is, and the check that yields what is wrong."""

    identifier: str
    severity: Severity
    claim: str
    source: str
    check: Callable[[Given], Iterator[Complaint]]


def each_file(check: Callable[[CeremonyFile], Iterator[Complaint]]) -> Callable[[Given], Iterator[Complaint]]:
    """Turn a check of one file into one of all."""
    return lambda given: (complaint for file in given.files for complaint in check(file))


def of_root(check: Callable[[CeremonyFile], Iterator[Complaint]]) -> Callable[[Given], Iterator[Complaint]]:
    """Turn a check of one file into one of all that are for the root: IANA's calendar binds no other zone."""
    return each_file(lambda file: check(file) if file.owner == ROOT else iter(()))


def whole_quarter(file: CeremonyFile) -> bool:
    """Tell whether a file has as many bundles as a quarter has slots, so that they can be told apart."""
    return len(file.bundles) == SLOTS


def quarter(file: CeremonyFile) -> QuarterIndex:
    """Return the quarter of a file's first bundle."""
    return parse_quarter(quarter_of(file.bundles[0].inception))


def ksks(bundle: Bundle) -> tuple[Identity, ...]:
    """Return the KSKs of a bundle, each once, revoked or not."""
    return tuple(dict.fromkeys(key.key.identity for key in bundle.keys if key.key.is_sep))


def zsks(bundle: Bundle) -> tuple[Identity, ...]:
    """Return the ZSKs of a bundle, each once."""
    return tuple(dict.fromkeys(key.key.identity for key in bundle.keys if not key.key.is_sep))


def signers(bundle: Bundle) -> tuple[Identity, ...]:
    """Return the keys a bundle's signatures are by, as their tags say, each once."""
    found = (bundle.signer(signature) for signature in bundle.signatures)
    return tuple(dict.fromkeys(key.key.identity for key in found if key is not None))


def named(bundle: Bundle, identity: Identity) -> str:
    """Return how findings call a key of a bundle: its identifier and its tag with REVOKE clear."""
    key = next(key for key in bundle.keys if key.key.identity == identity)
    return f"{short(key.identifier)} ({key.key.key_tag})"
