"""Hand out the lab's signing keys by name, and never a key the real root is trusted by.

The shipped keys are public on purpose (zones/keys/README.md); a scenario may add key files of its own. A
name says what a key is for: `zsk-...` signs zone data (flags 256), every other name is a key signing key
(flags 257), unless the caller asks for other flags. `zsk-2017q3` and its like are drawn from a pool, so
that every quarter of the calendar has its ZSK.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Final

from ..dnssec.keys import SEP, ZONE, Key, SigningKey
from ..dnssec.root_keys import is_real_root_ksk
from ..errors import KeyFileError
from ..resources import zones_path
from .key_files import MAX_KEY_FILE as MAX_KEY_FILE
from .key_files import PEM_BLOCK, OwnKey, check_pair, read_own_key
from .stand_in import stand_in

KSK_FLAGS: Final = ZONE | SEP
"""257 (RFC 4034 section 2.1.1)."""
ZSK_FLAGS: Final = ZONE
"""256."""
CHILD_KEY: Final = "child"
"""The name of the key that signs the signed child."""

_NAME: Final = re.compile(r"[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?")
_QUARTER: Final = re.compile(r"zsk-(?P<year>\d{4})q(?P<quarter>[1-4])")
_FIRST_2048: Final = 2016 * 4 + 4
"""The root's ZSKs have 2048 bits from the one of 2016Q4 on (facts: ZSK 39291); before that 1024."""


class KeyRing:
    """Load signing keys by name, each once, and remember their names.

    `extra` maps names to the caller's own key files, PEM or BIND's, and wins over shipped names. Nothing is
    read before it is asked for. Errors are KeyFileError: an unknown name, a file that is not one private key,
    a key that must not be used.
    """

    def __init__(self, extra: Mapping[str, Path] | None = None, *, folder: Path | None = None) -> None:
        """Prepare an empty ring over the shipped keys, or over another `folder` of the same layout."""
        self._extra = dict(extra or {})
        self._folder = folder if folder is not None else zones_path() / "keys"
        self._pools: dict[str, tuple[bytes, ...]] = {}
        self._loaded: dict[str, SigningKey] = {}
        self._keys: dict[tuple[str, int], SigningKey] = {}
        self._labels: dict[tuple[int, bytes], str] = {}
        for name in self._extra:
            _check_name(name)

    def get(self, name: str, flags: int | None = None) -> SigningKey:
        """Return the signing key of a name, with the flags the name stands for unless others are asked for.

        A revoked key (flags 385) is the same key under another tag (RFC 5011 section 2.1).
        """
        wanted = flags if flags is not None else default_flags(name)
        known = self._keys.get((name, wanted))
        if known is None:
            first = self._loaded.get(name)
            if first is None:
                first = self._loaded[name] = self._load(name)
                self._labels.setdefault(first.key.identity, name)
            known = self._keys[name, wanted] = first.with_flags(wanted)
        return known

    def key(self, name: str, flags: int | None = None) -> Key:
        """Return the public half of `get`."""
        return self.get(name, flags).key

    def label(self, identity: tuple[int, bytes]) -> str | None:
        """Return the name under which this ring first loaded a key (algorithm, public key), or None."""
        return self._labels.get(identity)

    def names(self) -> tuple[str, ...]:
        """Return every name that has a file of its own, sorted.

        The pool's `zsk-YYYYqN` and stand-ins of any size come on top.
        """
        shipped = {path.stem for path in self._folder.glob("*.pem") if not path.stem.endswith("-pool")}
        return tuple(sorted(shipped | self._extra.keys()))

    def _load(self, name: str) -> SigningKey:
        """Read one key, and refuse it if resolvers out there trust it."""
        _check_name(name)
        flags = default_flags(name)
        made = stand_in(name, flags) if name not in self._extra else None
        if made is not None:
            return made
        place, own = self._own(name)
        try:
            found = SigningKey.from_pem(own.pem, flags, own.algorithm, trusted=name not in self._extra)
        except ValueError as problem:
            raise KeyFileError(
                f"key {name!r} cannot be used: {problem}", place=place, remedy="name a file with another key"
            ) from None
        if is_real_root_ksk(found.key):
            raise KeyFileError(
                f"key {name!r} is a trust anchor of the real root, and the lab does not sign with one",
                place=place,
                remedy="make one: openssl genpkey -algorithm RSA -pkeyopt rsa_keygen_bits:2048 -out FILE",
            )
        check_pair(own, found.key, flags, place)
        return found

    def _own(self, name: str) -> tuple[str, OwnKey]:
        """Return where the key lies and what lies there."""
        own = self._extra.get(name)
        if own is not None:
            return str(own), read_own_key(own)
        quarter = _QUARTER.fullmatch(name)
        if quarter is not None:
            number = int(quarter["year"]) * 4 + int(quarter["quarter"])
            pool = self._pool("zsk-pool" if number >= _FIRST_2048 else "zsk-1024-pool")
            return name, OwnKey(pool[number % len(pool)])
        path = self._folder / f"{name}.pem"
        if name.endswith("-pool") or not path.is_file():
            raise KeyFileError(
                f"there is no key named {name!r}",
                remedy=f"known names: {', '.join(self.names())}, zsk-YYYYqN, stand-in-KEY-SIGNATURE; or name"
                " a key file for it",
            )
        return str(path), read_own_key(path)

    def _pool(self, stem: str) -> tuple[bytes, ...]:
        """Return the PEM blocks of a pool, split once."""
        blocks = self._pools.get(stem)
        if blocks is None:
            text = (self._folder / f"{stem}.pem").read_bytes()
            blocks = self._pools[stem] = tuple(match[0] for match in PEM_BLOCK.finditer(text))
            assert blocks, f"{stem}.pem holds no key"
        return blocks


def default_flags(name: str) -> int:
    """Return the DNSKEY flags a key's name stands for."""
    return ZSK_FLAGS if name.startswith("zsk-") else KSK_FLAGS


def _check_name(name: str) -> None:
    """Refuse a name that could not be a file's: names come from scenarios and end up in paths."""
    if _NAME.fullmatch(name) is None:
        raise KeyFileError(
            f"{name!r} is not a name for a key",
            remedy="use lower-case letters, digits and inner hyphens, 63 at most",
        )
