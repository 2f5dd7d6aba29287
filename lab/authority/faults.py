"""What an authority can be made to do wrong: one row of FAULTS each, usable alone and together.

A fault is switched on for all letters of the root or for some, from an instant on: by an event of a scenario,
by `rootlab serve --fault`, or while a server runs. What happens on the way to the asker is no fault of the
authority but an impairment (lab/nameserver/impairments.py).
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Final, Literal, NamedTuple

from ..clock import DAY, Instant, Seconds, parse_duration, parse_instant
from ..dnssec.codec import Question
from ..dnssec.crypto import RSASHA256
from ..dnssec.keys import SEP, ZONE
from ..dnssec.names import ROOT, name_from_text
from ..dnssec.rrset import Rrsig, signed_data
from ..dnssec.rrtypes import DNSKEY, DS, NS, NSEC, SOA, TXT, ZONEMD, A
from .faulty_signer import Twist
from .keyring import KSK_FLAGS
from .signer import Signing, ZoneSigner
from .timeline import KeySet
from .zone_data import Zone

FAR_OFF: Final[Seconds] = 2 * DAY
"""How far from now a wrong signature's window lies: more than any validator's tolerance for clocks, of which
Unbound's is the largest, a tenth of the validity but a day at most (resolvers.md, val-sig-skew-max)."""

Scope = Literal["dnskey", "zone", "all"]
_SCOPES: Final[tuple[Scope, ...]] = ("dnskey", "zone", "all")
_TYPES: Final = {"A": A, "NS": NS, "SOA": SOA, "TXT": TXT, "DS": DS, "NSEC": NSEC, "DNSKEY": DNSKEY}
_KEY: Final = re.compile(r"[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?", re.ASCII)
_EXPONENT: Final = b"\x03\x01\x00\x01"
"""65537, with its length before it (RFC 3110 section 2)."""
MAX_KEYS: Final = 64
"""Keys of a DNSKEY RRset at most: of 2048 bits each they fill a fourth of the longest message."""


@dataclass(frozen=True, slots=True)
class _Signatures(Twist):
    """Begin a fault of signatures: those of the DNSKEY RRset, of the rest of the root, or of both."""

    scope: Scope

    def meets(self, signing: Signing) -> bool:
        """Tell whether a signature is to be wrong."""
        return self.scope == "all" or (signing.rrset.rrtype == DNSKEY) is (self.scope == "dnskey")


class Expired(_Signatures):
    """Serve signatures that ended before the data was published."""

    def wanted(self, signing: Signing) -> Signing:
        """Move the window into the past."""
        if not self.meets(signing):
            return signing
        end = signing.inception - FAR_OFF
        return signing._replace(inception=end - (signing.expiration - signing.inception), expiration=end)


class NotYetValid(_Signatures):
    """Serve signatures that begin after all the time in which they are served."""

    def wanted(self, signing: Signing) -> Signing:
        """Move the window into the future."""
        if not self.meets(signing):
            return signing
        begin = signing.expiration + FAR_OFF
        return signing._replace(inception=begin, expiration=begin + signing.expiration - signing.inception)


class WrongKey(_Signatures):
    """Serve signatures under the right tag that another key has made."""

    def rrsig(self, signer: ZoneSigner, signing: Signing, rrsig: Rrsig) -> Rrsig | None:
        """Sign the same octets with a key that nobody published."""
        if not self.meets(signing):
            return rrsig
        others = [signer.keyring.get(name) for name in _STRANGERS]
        right = (rrsig.algorithm, rrsig.key_tag)
        fits = [key for key in others if key.key.algorithm == right[0] and key.key.tag != right[1]]
        return replace(rrsig, signature=(fits or others)[0].sign(signed_data(signing.rrset, rrsig)))


_STRANGERS: Final = (
    "ksk-spare-1", "ksk-spare-2", "zsk-ecdsa-2", "ksk-ecdsa", "ksk-ed25519", "zsk-ed25519",
)  # fmt: skip


class Corrupted(_Signatures):
    """Serve signatures with one bit turned over."""

    def rrsig(self, signer: ZoneSigner, signing: Signing, rrsig: Rrsig) -> Rrsig | None:
        """Turn the last bit over."""
        if not self.meets(signing):
            return rrsig
        old = rrsig.signature
        return replace(rrsig, signature=old[:-1] + bytes((old[-1] ^ 1,)))


class Missing(_Signatures):
    """Serve the DNSSEC records of a signed zone, but no signatures."""

    def rrsig(self, signer: ZoneSigner, signing: Signing, rrsig: Rrsig) -> Rrsig | None:
        """Leave it out."""
        return None if self.meets(signing) else rrsig


class Unsigned(Twist):
    """Serve the root as it was before it was signed: no DNSKEY, no NSEC, no signature; DS as plain data."""

    def zone(self, zone: Zone) -> Zone:
        """Take what makes it a signed zone out of the root."""
        if zone.apex != ROOT:
            return zone
        gone = (DNSKEY, NSEC, ZONEMD)
        nodes = {
            owner: {rrtype: content for rrtype, content in node.items() if rrtype not in gone}
            for owner, node in zone.nodes.items()
        }
        return replace(zone, secure=False, nodes=nodes, chain=(), order=())


@dataclass(frozen=True, slots=True)
class Stale(Twist):
    """Serve what was served some time ago: always so long ago, or for ever what was served at an instant."""

    lag: Seconds = 0
    stuck: Instant | None = None

    def instant(self, now: Instant, question: Question | None) -> Instant:
        """Go back."""
        return now - self.lag if self.stuck is None else min(now, self.stuck)

    def later(self, span: Seconds) -> Twist:
        """Move the instant."""
        return self if self.stuck is None else replace(self, stuck=self.stuck + span)


@dataclass(frozen=True, slots=True)
class Replayed(Twist):
    """Answer one question as it was answered at an instant, signatures and all (RFC 5011 section 2.3)."""

    of: Instant
    owner: bytes = ROOT
    qtype: int = DNSKEY

    def instant(self, now: Instant, question: Question | None) -> Instant:
        """Go back for that question."""
        asked = question is not None and question.owner == self.owner and question.qtype == self.qtype
        return min(now, self.of) if asked else now

    def later(self, span: Seconds) -> Twist:
        """Move the instant."""
        return replace(self, of=self.of + span)


@dataclass(frozen=True, slots=True)
class Revoked(Twist):
    """Publish a key with the REVOKE bit and let it sign that (RFC 5011 section 2.1)."""

    key: str

    def keys(self, keys: KeySet) -> KeySet:
        """Revoke it, while it is published."""
        if self.key not in keys.ksks or self.key in keys.revoked:
            return keys
        signers = dict.fromkeys((*keys.dnskey_signers, self.key))
        zone_signers = tuple(name for name in keys.zone_signers if name != self.key)
        return replace(
            keys,
            revoked=(*keys.revoked, self.key),
            dnskey_signers=tuple(signers),
            zone_signers=zone_signers,
        )


class RevokeUnsigned(Twist):
    """Publish revoked keys, but let none of them sign: nobody may believe it (RFC 5011 section 2.1)."""

    def keys(self, keys: KeySet) -> KeySet:
        """Let those sign that are not revoked."""
        return replace(keys, dnskey_signers=keys.trusted_signers)


@dataclass(frozen=True, slots=True)
class Withdrawn(Twist):
    """Take a key out of the DNSKEY RRset, whatever it still has to sign in the zone."""

    key: str

    def keys(self, keys: KeySet) -> KeySet:
        """Leave it out."""

        def others(names: tuple[str, ...]) -> tuple[str, ...]:
            return tuple(name for name in names if name != self.key)

        return replace(
            keys,
            ksks=others(keys.ksks),
            zsks=others(keys.zsks),
            revoked=others(keys.revoked),
            dnskey_signers=others(keys.dnskey_signers),
        )


class TagCollision(Twist):
    """Publish a twin beside every key signing key: another key, whose tag is the same.

    A tag is a sum of 16-bit words (RFC 4034 appendix B), so two words that change places leave it as it is.
    Nobody has the private half.
    """

    def rdatas(self, rdatas: tuple[bytes, ...]) -> tuple[bytes, ...]:
        """Add the twins."""
        ksks = (rdata for rdata in rdatas if int.from_bytes(rdata[:2], "big") == KSK_FLAGS)
        return (*rdatas, *map(_twin, ksks))


def _twin(rdata: bytes) -> bytes:
    """Return DNSKEY rdata with two neighbouring words of the public key in each other's place."""
    at = next(at for at in range(8, len(rdata) - 6, 2) if rdata[at : at + 2] != rdata[at + 2 : at + 4])
    return rdata[:at] + rdata[at + 2 : at + 4] + rdata[at : at + 2] + rdata[at + 4 :]


@dataclass(frozen=True, slots=True)
class ExtraKeys(Twist):
    """Publish as many keys of 2048 bits as make a set of some size; nobody has their private halves."""

    count: int

    def rdatas(self, rdatas: tuple[bytes, ...]) -> tuple[bytes, ...]:
        """Add the keys."""
        numbers = range(self.count - len(rdatas))
        return (*rdatas, *(_key(RSASHA256, _EXPONENT + _modulus(number)) for number in numbers))


@dataclass(frozen=True, slots=True)
class UnknownAlgorithm(Twist):
    """Publish a key signing key of an algorithm nobody knows."""

    algorithm: int

    def rdatas(self, rdatas: tuple[bytes, ...]) -> tuple[bytes, ...]:
        """Add the key."""
        return (*rdatas, _key(self.algorithm, hashlib.shake_256(b"unknown algorithm").digest(64)))


def _key(algorithm: int, public: bytes) -> bytes:
    """Return the rdata of a key signing key (RFC 4034 section 2.1)."""
    return (ZONE | SEP).to_bytes(2, "big") + bytes((3, algorithm)) + public


def _modulus(number: int) -> bytes:
    """Return 256 octets that look like an RSA modulus: the first bit and the last are set."""
    octets = bytearray(hashlib.shake_256(f"extra key {number}".encode()).digest(256))
    octets[0] |= 0x80
    octets[-1] |= 1
    return bytes(octets)


# -- arguments -----------------------------------------------------------------------------------------------


def _scoped(make: Callable[[Scope], Twist]) -> Callable[[str], Twist]:
    """Return a reader of what a fault of signatures takes."""

    def read(argument: str) -> Twist:
        for scope in _SCOPES:
            if argument == scope:
                return make(scope)
        raise ValueError("must be dnskey, zone or all")

    return read


def _plain(make: Callable[[], Twist]) -> Callable[[str], Twist]:
    """Return a reader for a fault that takes nothing."""

    def read(argument: str) -> Twist:
        if argument:
            raise ValueError("must be left out")
        return make()

    return read


def _of_key(make: Callable[[str], Twist]) -> Callable[[str], Twist]:
    """Return a reader of the name of a key."""

    def read(argument: str) -> Twist:
        if _KEY.fullmatch(argument) is None:
            raise ValueError("must be the name of a key, such as ksk-2017")
        return make(argument)

    return read


def _numbered(make: Callable[[int], Twist], least: int, most: int) -> Callable[[str], Twist]:
    """Return a reader of a whole number."""

    def read(argument: str) -> Twist:
        if not (argument.isascii() and argument.isdigit() and len(argument) < 6):
            raise ValueError(f"must be a whole number from {least} to {most}")
        if not least <= int(argument) <= most:
            raise ValueError(f"must lie between {least} and {most}")
        return make(int(argument))

    return read


def _stale(argument: str) -> Twist:
    """Read a duration or an instant."""
    if argument.startswith("P"):
        lag = parse_duration(argument)
        if lag <= 0:
            raise ValueError("must be longer than zero")
        return Stale(lag=lag)
    return Stale(stuck=parse_instant(argument))


def _replayed(argument: str) -> Twist:
    """Read an instant, and an owner and a type if they are not `. DNSKEY`."""
    instant, *question = argument.split()
    if not question:
        return Replayed(parse_instant(instant))
    if len(question) != 2 or question[1] not in _TYPES:
        raise ValueError(f"must be INSTANT or INSTANT OWNER TYPE, TYPE one of {', '.join(_TYPES)}")
    return Replayed(parse_instant(instant), name_from_text(question[0]).lower(), _TYPES[question[1]])


class FaultKind(NamedTuple):
    """One row: what it is, what argument it takes, the one meant if none is given, and how it is read."""

    title: str
    takes: str
    default: str
    read: Callable[[str], Twist]


_SCOPE: Final = "dnskey | zone | all"
_BIG: Final = _numbered(ExtraKeys, 2, MAX_KEYS)
_UNKNOWN: Final = _numbered(UnknownAlgorithm, 24, 122)

FAULTS: Final[dict[str, FaultKind]] = {
    "expired": FaultKind("signatures expired days ago", _SCOPE, "all", _scoped(Expired)),
    "not-yet-valid": FaultKind("signatures begin days from now", _SCOPE, "all", _scoped(NotYetValid)),
    "wrong-key": FaultKind("signatures under the right tag by another key", _SCOPE, "all", _scoped(WrongKey)),
    "corrupted": FaultKind("signatures with one bit turned over", _SCOPE, "all", _scoped(Corrupted)),
    "missing-signatures": FaultKind("no signatures in a signed zone", _SCOPE, "all", _scoped(Missing)),
    "unsigned": FaultKind("the root as if it had never been signed", "", "", _plain(Unsigned)),
    "stale": FaultKind(
        "what was served so long ago, or at one instant for ever", "DURATION | INSTANT", "P1D", _stale
    ),
    "replay": FaultKind(
        "an old answer to one question, by default `. DNSKEY`", "INSTANT [OWNER TYPE]", "", _replayed
    ),
    "revoke": FaultKind("a key revoked, signed by itself", "KEY", "", _of_key(Revoked)),
    "revoke-unsigned": FaultKind("revoked keys do not sign their revocation", "", "", _plain(RevokeUnsigned)),
    "withdraw": FaultKind("a key gone from the DNSKEY RRset", "KEY", "", _of_key(Withdrawn)),
    "tag-collision": FaultKind("another key beside each KSK, with its tag", "", "", _plain(TagCollision)),
    "extra-keys": FaultKind("a DNSKEY RRset of so many keys", f"2 to {MAX_KEYS}", "10", _BIG),
    "unknown-algorithm": FaultKind("a KSK of an algorithm without meaning", "24 to 122", "100", _UNKNOWN),
}
"""Every fault by its name. `takes` is empty where no argument is; without a default one must be given."""


def read_fault(name: str, argument: str = "") -> Twist:
    """Return a fault by its name and argument. Raises ValueError in words that follow the name of either."""
    kind = FAULTS[name]
    given = argument or kind.default
    if kind.takes and not given:
        raise ValueError(f"is missing: {kind.takes}")
    return kind.read(given)


def key_of_fault(twist: Twist) -> str:
    """Return the name of the key that a fault is about, "" if it is about none."""
    return twist.key if isinstance(twist, (Revoked, Withdrawn)) else ""
