"""Hypothesis strategies for rollovers, for property tests of the lab's users and its own.

    from hypothesis import given
    from lab.strategies import scenarios

    @given(scenarios(models=["unbound"]))
    def test_nothing_is_bogus(scenario): ...

All shrink to what a reader wants to see: timelines to the shortest roll (old key, both, new key), with
the root's TTL; policies to RFC 5011 read strictly; resolvers to `rfc5011-strict` with the old key; events to
none. Keys are the lab's own of ECDSA P-256: the names `key-a` to `key-d` and `zsk-y`, `zsk-z`, whose files
`key_files()` has. A signature costs a twentieth of an RSA-2048 one.
"""

from __future__ import annotations

import tempfile
from collections.abc import Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import Any

from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from hypothesis import strategies as st

from .authority.timeline import ROOT_DNSKEY_TTL, KeySet, Step, Timeline
from .clock import DAY, HOUR, Instant, Seconds, format_duration, parse_instant
from .dnssec.keys import SigningKey
from .dnssec.names import ROOT
from .dnssec.rrset import SignedRRset, make_rrset, sign_rrset
from .dnssec.rrtypes import DNSKEY
from .resolver.policy import KNOBS, STRICT, ResolverPolicy
from .resolver.profiles import MODELS
from .resolver.rfc5011 import Cell, State, TrustPoint
from .scenario.spec import (
    Action,
    Dark,
    EventSpec,
    Off,
    PolicyValue,
    Replay,
    Restart,
    Scenario,
    SetAnchors,
    SetClock,
    SetStateWritable,
    SubjectSpec,
    Window,
)

KSKS = ("key-a", "key-b", "key-c")
"""Key signing keys of drawn timelines; the first one signs at the beginning."""
ZSKS = ("zsk-y", "zsk-z")
START: Instant = parse_instant("2020-01-01T00:00:00Z")
"""Where drawn timelines begin."""
LATEST: Instant = parse_instant("2099-12-31")
"""The latest instant drawn, unless another is asked for."""

_FOLDER = tempfile.TemporaryDirectory(prefix="rootlab-keys-")


@cache
def key_files() -> dict[str, Path]:
    """Return the PEM files of the keys, written once a process and gone with it."""
    files: dict[str, Path] = {}
    for secret, name in enumerate(KSKS + ZSKS, 1000):
        key = ec.derive_private_key(secret, ec.SECP256R1())
        files[name] = Path(_FOLDER.name) / f"{name}.pem"
        files[name].write_bytes(key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
    return files


# -- times and keys ------------------------------------------------------------------------------------------

GAPS: st.SearchStrategy[Seconds] = st.one_of(
    st.integers(1, 40 * DAY), st.integers(HOUR, 20 * DAY), st.sampled_from((30 * DAY, 30 * DAY + 1, 31 * DAY))
)
"""Times between two versions of the DNSKEY RRset."""
TTLS: st.SearchStrategy[Seconds] = st.one_of(
    st.sampled_from((ROOT_DNSKEY_TTL, HOUR, DAY, 6 * DAY, 30 * DAY)), st.integers(HOUR // 2, 30 * DAY)
)
"""TTLs of the DNSKEY RRset, the root's first."""


def instants(earliest: Instant = START, latest: Instant = LATEST) -> st.SearchStrategy[Instant]:
    """Draw an instant, whole seconds since 1970, both ends included; shrinks to the earliest."""
    return st.integers(earliest, latest)


@st.composite
def keys(draw: st.DrawFn, flags: st.SearchStrategy[int] | None = None) -> SigningKey:
    """Draw a signing key, its public half under `.key`; shrinks to a KSK (flags 257) without REVOKE."""
    chosen = draw(st.sampled_from((257, 256, 385)) if flags is None else flags)
    return _signing_key(draw(st.integers(1, 8)), chosen)


@cache
def _signing_key(secret: int, flags: int) -> SigningKey:
    private = ec.derive_private_key(secret, ec.SECP256R1())
    pem = private.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    return SigningKey.from_pem(pem, flags)


@st.composite
def dnskey_rrsets(
    draw: st.DrawFn, *, now: Instant = START, owner: bytes = ROOT, valid: bool = False
) -> SignedRRset:
    """Draw a signed DNSKEY RRset; shrinks to one KSK that signs it, at `now` valid for a day to come.

    With `valid` the signatures' windows include `now`, else they may be over or not have begun. A revoked key
    may sign: that is how its revocation is proved (RFC 5011 section 2.1).
    """
    held = draw(st.lists(keys(), min_size=1, max_size=4, unique_by=lambda one: one.key.identity))
    signers = draw(st.lists(st.sampled_from(held), min_size=1, unique_by=lambda one: one.key.identity))
    rrset = make_rrset(owner, DNSKEY, draw(TTLS), [one.key.rdata for one in held])
    begins = draw(st.integers(0, 30 * DAY))
    ends = draw(st.integers(DAY, 30 * DAY))
    late = 0 if valid else draw(st.sampled_from((0, 0, 0, 60 * DAY, -60 * DAY)))
    window = (now - begins + late, now + ends + late)
    return SignedRRset(rrset, tuple(sign_rrset(rrset, one, owner, *window) for one in signers))


# -- timelines -----------------------------------------------------------------------------------------------

_LIKELY = {
    "absent": ("published",) * 6 + ("signing", "revoked", "flagged"),
    "published": ("signing",) * 4 + ("absent",) * 4 + ("revoked", "flagged"),
    "signing": ("revoked",) * 4 + ("published",) * 4 + ("absent", "flagged"),
    "revoked": ("absent",) * 4 + ("published",) * 3 + ("signing", "flagged"),
}
"""What may become of a key; `flagged` is a REVOKE bit without the key's own signature."""


def _key_set(states: Mapping[str, str], zsks: tuple[str, ...], zone: str) -> KeySet:
    """Return the key set in which keys have some states."""
    return KeySet(
        tuple(name for name in states if states[name] != "absent"),
        zsks,
        tuple(name for name in states if states[name] in ("revoked", "flagged")),
        tuple(name for name in states if states[name] in ("signing", "revoked")),
        (zone,),
    )


@st.composite
def _next_set(draw: st.DrawFn, before: KeySet, ksks: tuple[str, ...], zsks: tuple[str, ...]) -> KeySet:
    """Draw what may follow a key set: one or two keys change their state, as rolls go or as they do not."""
    states: dict[str, str] = {name: before.state(name) for name in ksks}
    for name in draw(st.lists(st.sampled_from(ksks), max_size=2, unique=True)):
        states[name] = draw(st.sampled_from(_LIKELY[states[name]]))
    if "signing" not in states.values():
        states[draw(st.sampled_from(ksks))] = "signing"
    rotate = draw(st.integers(0, 5)) == 5
    zone = draw(st.sampled_from(zsks)) if rotate else before.zone_signers[0]
    return _key_set(states, (zone,) if draw(st.integers(0, 3)) == 3 else zsks, zone)


@st.composite
def timelines(
    draw: st.DrawFn,
    *,
    ksks: tuple[str, ...] = KSKS,
    zsks: tuple[str, ...] = ZSKS,
    start: Instant = START,
    max_steps: int = 15,
) -> Timeline:
    """Draw a timeline of 3 to `max_steps` versions of the DNSKEY RRset, with any waits between them.

    It shrinks to the shortest roll: the first key alone, both, the second one signing. Otherwise keys come,
    sign, go and are revoked, proved or not, and signatures may run out before they are renewed.
    """
    usual = draw(st.integers(0, 3)) < 2
    states = dict.fromkeys(ksks, "absent") | {ksks[0]: "signing"}
    sets = [_key_set(states, zsks, zsks[0])]
    if usual:
        states = states | {ksks[1]: "published"}
        sets.append(_key_set(states, zsks, zsks[0]))
        sets.append(_key_set(states | {ksks[0]: "published", ksks[1]: "signing"}, zsks, zsks[0]))
    least = max(3, min(5, max_steps)) - len(sets) if not usual else 0
    for _ in range(draw(st.integers(least, max_steps - len(sets)))):
        sets.append(draw(_next_set(sets[-1], ksks, zsks)))
    ttl, at = draw(TTLS), start
    steps: list[Step] = []
    for keyset in sets:
        gap, early, late = draw(GAPS), draw(st.integers(0, 5 * DAY)), draw(st.integers(0, 9)) == 9
        lasts = draw(st.integers(1, gap)) if late else gap + draw(st.integers(0, 10 * DAY))
        steps.append(Step(at, keyset, at - early, at + lasts))
        at += gap
    return Timeline(tuple(steps), ttl)


# -- resolvers -----------------------------------------------------------------------------------------------

_DELAYS = ("interval", "retry", "never", "ok", "miss", "none", "bogus", "lost")


def knob_values(knob: str) -> st.SearchStrategy[PolicyValue]:
    """Draw what one knob of a policy takes, as a scenario file writes it; KeyError for no knob."""
    meta = KNOBS[knob][2]
    lengths = st.integers(max(int(meta.get("low", 0)), 0), 60 * DAY).map(format_duration)
    if meta["kind"] == "flag":
        return st.booleans()
    if meta["kind"] == "choice":
        return st.sampled_from(tuple(meta["choices"]))
    if meta["kind"] == "count":
        return st.integers(meta["low"], min(meta["high"], meta["low"] + 20))
    if meta["kind"] == "delay":
        # those that lead to another one in a circle are refused by nobody, and never end
        return st.one_of(st.sampled_from(_DELAYS[:3]), st.integers(1, 2 * DAY).map(format_duration))
    return st.one_of(st.just(meta["none"]), lengths) if meta["none"] else lengths


@st.composite
def turned_knobs(
    draw: st.DrawFn,
    knobs: Mapping[str, st.SearchStrategy[PolicyValue]] | None = None,
    *,
    max_turned: int = 3,
) -> tuple[tuple[str, PolicyValue], ...]:
    """Draw knobs with values, as `SubjectSpec.policy` has them: those of `knobs`, or all; shrinks to none."""
    choices = {name: knob_values(name) for name in KNOBS} if knobs is None else knobs
    names = draw(st.lists(st.sampled_from(tuple(choices)), max_size=max_turned, unique=True))
    return tuple((name, draw(choices[name])) for name in names)


@st.composite
def policies(
    draw: st.DrawFn,
    *,
    models: Sequence[str] | None = None,
    knobs: Mapping[str, st.SearchStrategy[PolicyValue]] | None = None,
    max_turned: int = 3,
) -> ResolverPolicy:
    """Draw a preset's policy with some knobs turned; shrinks to RFC 5011 read strictly.

    `models` are presets to choose from, all if None; it shrinks to the first.
    """
    base = MODELS[draw(st.sampled_from(tuple(MODELS if models is None else models)))].policy
    return base.override(dict(draw(turned_knobs(knobs, max_turned=max_turned))))


@st.composite
def trust_points(draw: st.DrawFn, *, now: Instant = START, owner: bytes = ROOT) -> TrustPoint:
    """Draw what a resolver knows of keys at an instant; shrinks to one Valid key.

    Every key is in a state of its own, entered up to 60 days ago; at least one may validate.
    """
    kept = draw(st.lists(st.integers(1, 8), min_size=1, max_size=5, unique=True))
    states = [State.VALID, State.ADD_PEND, State.MISSING, State.REVOKED, State.REMOVED]
    cells = []
    for number, secret in enumerate(kept):
        state = draw(st.sampled_from(states)) if number else State.VALID
        since = now - draw(st.integers(0, 60 * DAY))
        sightings = draw(st.integers(1, 60)) if state is State.ADD_PEND else 0
        cells.append(Cell(_signing_key(secret, 257).key, state, since, sightings=sightings))
    return TrustPoint(owner, tuple(cells), initialised=True)


# -- scenarios -----------------------------------------------------------------------------------------------


@st.composite
def windows(draw: st.DrawFn, begin: Instant, end: Instant) -> tuple[Window, ...]:
    """Draw up to two absences between two instants; shrinks to none."""
    edges = sorted(draw(st.lists(st.integers(begin + 1, end - 1), max_size=4, unique=True)))
    return tuple(Window(a, b) for a, b in zip(edges[::2], edges[1::2], strict=False))


@st.composite
def faults(
    draw: st.DrawFn, begin: Instant, end: Instant, *, subject: str | None = None, ksks: tuple[str, ...] = KSKS
) -> EventSpec:
    """Draw one thing that goes wrong between two instants; shrinks to a restart that keeps the state.

    It happens to a subject, or to all of them if that is None. What lasts is over before `end`.
    """
    at = draw(st.integers(begin, end - 2))
    kind = draw(st.sampled_from(("restart", "kill", "off", "dark", "replay", "clock", "writable", "anchors")))
    until, of = draw(st.integers(at + 1, end - 1)), draw(st.integers(begin, at))
    flag, name, offset = draw(st.booleans()), draw(st.sampled_from(ksks)), draw(st.integers(0, 400 * DAY))
    actions: dict[str, Action] = {
        "restart": Restart(keep_state=not flag),
        "kill": Restart(keep_state=not flag, kill=True),
        "off": Off(until),
        "dark": Dark(until),
        "replay": Replay(of, until),
        "clock": SetClock(-offset if flag else offset),
        "writable": SetStateWritable(flag),
        "anchors": SetAnchors((name,)),
    }  # all is drawn whatever happens, so that the first kind is the simplest
    action = actions[kind]
    return EventSpec(at, subject, action)


@st.composite
def scenarios(
    draw: st.DrawFn,
    *,
    models: Sequence[str] | None = None,
    zone: st.SearchStrategy[Timeline] | None = None,
    max_subjects: int = 3,
    max_faults: int = 3,
) -> Scenario:
    """Draw a whole scenario to `play`; shrinks to one `rfc5011-strict` with the old key, and no faults.

    `models` are presets to choose from, all if None, `zone` draws the timeline, of keys that `key_files` has.
    Nothing is expected of anybody. The run ends a month after the last change.
    """
    timeline = draw(timelines() if zone is None else zone)
    stop = timeline.steps[-1].at + 31 * DAY
    known = tuple(MODELS if models is None else models)
    cast = []
    for number in range(draw(st.integers(1, max_subjects))):
        model = draw(st.sampled_from(known))
        begin = timeline.start + draw(st.integers(0, (stop - timeline.start) // 2))
        cast.append(
            SubjectSpec(
                f"{model}-{number + 1}",
                model,
                draw(st.sampled_from(((KSKS[0],), KSKS[:2], (KSKS[1],)))),
                begin,
            )
        )
    events = draw(st.lists(faults(timeline.start, stop), max_size=max_faults))
    return Scenario(
        name="drawn", path="drawn.toml", title="A scenario drawn at random", start=timeline.start, stop=stop,
        timeline=timeline, anchors_default=(KSKS[0],), key_names=KSKS, key_files=key_files(), xml=(),
        subjects=tuple(cast), events=tuple(sorted(events, key=lambda event: event.at)), expectations=(),
        digest="",
    )  # fmt: skip


def _register() -> None:
    """Let `st.from_type` know the types that this module draws."""
    drawn: dict[type[Any], st.SearchStrategy[Any]] = {
        Timeline: timelines(), ResolverPolicy: policies(), TrustPoint: trust_points(), Scenario: scenarios(),
        SigningKey: keys(), SignedRRset: dnskey_rrsets(),
    }  # fmt: skip
    for kind, strategy in drawn.items():
        st.register_type_strategy(kind, strategy)


assert MODELS["rfc5011-strict"].policy == STRICT == next(iter(MODELS.values())).policy, (
    "what policies shrink to"
)
_register()
