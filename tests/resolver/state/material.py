"""Keys, entries, states and trust points that tests of state files draw from."""

from __future__ import annotations

import random
from dataclasses import replace
from functools import cache

from hypothesis import strategies as st

from lab.dnssec.keys import DS, Key
from lab.resolver.rfc5011 import Cell, State, TrustPoint
from lab.resolver.state.vocabulary import BOOKKEEPING, MAX_INSTANT, Entry, TrustState

ROOT = b"\x00"
EXAMPLE = b"\x07example\x03com\x00"
NAMES = (ROOT, EXAMPLE, b"\x03xn-\x05\xff\x00\\. \x00", b"\x3f" + b"x" * 63 + b"\x3f" + b"y" * 63 + b"\x00")
SIZES = {3: 65, 5: 68, 8: 260, 13: 64, 15: 32, 16: 57, 200: 1}
"""Octets of a public key by algorithm: DSA, 512-bit RSA, RSA-2048, P-256, the EdDSA, and an unknown one."""


@cache
def key(number: int, algorithm: int = 13, flags: int = 257) -> Key:
    """Return the same key for the same number, of an algorithm the lab need not know."""
    octets = random.Random(f"{number}/{algorithm}").randbytes(SIZES[algorithm])
    return Key(flags, algorithm, octets)


def ds(number: int, digest_type: int = 2) -> DS:
    """Return the DS of a key at the root."""
    return key(number).ds(ROOT, digest_type)


def points(count: int, seed: int = 5011) -> list[TrustPoint]:
    """Return trust points as a resolver could hold them, the same ones for the same seed."""
    chance = random.Random(seed)
    return [_point(chance) for _ in range(count)]


def _point(chance: random.Random) -> TrustPoint:
    now = chance.randrange(1_000_000_000, 2_000_000_000)
    cells = []
    for number in chance.sample(range(40), chance.randrange(1, 8)):
        state = chance.choice([s for s in State if s is not State.START])
        anchor: Key | DS = key(number, chance.choice(tuple(SIZES)), chance.choice((256, 257, 257, 257)))
        if chance.random() < 0.2:
            anchor = ds(number, chance.choice((1, 2, 4)))
        pending = state is State.ADD_PEND
        sightings = chance.randrange(1, 251) if pending else 0
        since = now - chance.randrange(400 * 86400)
        cells.append(Cell(anchor, state, since, ttl=chance.choice((0, 60, 3600, 86400)), sightings=sightings))
    initialised = chance.random() < 0.8
    if not initialised:
        cells = [replace(cell, state=State.VALID, sightings=0) for cell in cells]
    deleted = initialised and chance.random() < 0.1
    return TrustPoint(chance.choice(NAMES), tuple(cells), initialised, deleted=deleted)


def noted(state: TrustState, seed: int) -> TrustState:
    """Return a state with bookkeeping, the same for the same seed; one without success stays without."""
    chance = random.Random(seed)
    if not state.is_initialised:
        return state
    return state.noting(
        {name: chance.randrange(1, 250) * (1 if "failed" in name else 10**6) for name in BOOKKEEPING}
    )


INSTANTS = st.integers(0, MAX_INSTANT)
ANCHORS: st.SearchStrategy[Key | DS] = st.one_of(
    st.builds(key, st.integers(0, 30), st.sampled_from(tuple(SIZES)), st.sampled_from((256, 257, 385))),
    st.builds(ds, st.integers(0, 30), st.sampled_from((1, 2, 4))),
)
TEXTS = st.text(
    st.characters(min_codepoint=0x20, max_codepoint=0xD7FF, exclude_characters="\x7f"), max_size=20
)
ENTRIES = st.builds(
    Entry,
    ANCHORS,
    st.sampled_from(State),
    since=st.none() | INSTANTS,
    until=st.none() | INSTANTS,
    sightings=st.none() | st.integers(0, 300),
    ttl=st.none() | INSTANTS,
    refresh=st.none() | INSTANTS,
    accepted=st.none() | INSTANTS,
    valid_from=st.none() | INSTANTS,
    valid_until=st.none() | INSTANTS,
    identifier=TEXTS,
    note=TEXTS,
)
STATES = st.builds(
    TrustState,
    st.sampled_from(NAMES),
    st.lists(ENTRIES, max_size=6, unique_by=lambda entry: entry.identity).map(tuple),
    last_queried=st.none() | INSTANTS,
    last_success=st.none() | INSTANTS,
    next_probe_time=st.none() | INSTANTS,
    query_failed=st.none() | st.integers(0, 255),
    query_interval=st.none() | st.integers(0, 2**31 - 1),
    retry_time=st.none() | st.integers(0, 2**31 - 1),
    deleted=st.booleans(),
    serial=st.none() | INSTANTS,
    identifier=TEXTS,
    source=TEXTS,
)
"""Any state at all, sensible or not: whatever is in the fields, a format holds it or lets it go."""
