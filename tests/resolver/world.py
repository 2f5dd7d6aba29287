"""A small root for resolver models: keys by number, DNSKEY sets in shorthand, answers that change in time.

A set is written `1 2 -3`: the keys published, those with REVOKE behind a minus. Its signers are written
alike: `1 -3` says that key 1 signs and key 3 signs as the revoked key it is; `~1` is a signature of key 1
that is broken. Key 0 is the zone signing key; it is always published. All keys are P-256, for speed, but for
key `r`, which is RSA, and key `u`, whose algorithm nobody knows. As an anchor `1x` is a DS with the tag of
key 1 and another digest.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from functools import cache

from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec

from lab.authority.keyring import KeyRing
from lab.clock import DAY, Instant, Seconds, parse_instant
from lab.dnssec.codec import parse_message, records_of, render_response
from lab.dnssec.keys import DS, Key, SigningKey
from lab.dnssec.rrset import Rrsig, SignedRRset, make_rrset, sign_rrset
from lab.dnssec.rrtypes import DNSKEY
from lab.observation import Observation
from lab.resolver import managed
from lab.resolver.fetch import Path
from lab.resolver.model import Anchors, Feed, ResolverModel, Setup
from lab.resolver.policy import ResolverPolicy
from lab.resolver.profiles import MODELS
from lab.resolver.refresh import Jitter
from lab.resolver.rfc5011 import State, TrustPoint
from lab.resolver.validator import DnskeySet

ROOT = b"\x00"
T0 = parse_instant("2017-07-01T00:00:00Z")
TTL: Seconds = 172800
WINDOW = (T0 - 400 * DAY, T0 + 4000 * DAY)
"""A validity period that no test reaches the end of, unless it says so."""


RSA, UNKNOWN = 2010, 200
"""The numbers of keys `r` and `u`."""


@cache
def signing(number: int) -> SigningKey:
    """Return key `number`: P-256, with flags 257, and 256 for key 0."""
    if number == RSA:
        return KeyRing().get("ksk-2010")
    if number == UNKNOWN:
        return SigningKey(Key(257, UNKNOWN, bytes(32)), lambda data: data[:32])
    private = ec.derive_private_key(number + 1, ec.SECP256R1())
    form = (serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    return SigningKey.from_pem(private.private_bytes(*form), 257 if number else 256, trusted=True)


def key(number: int) -> Key:
    """Return the public half of a key, REVOKE clear."""
    return signing(number).key


def ds(number: int) -> DS:
    """Return the DS of a key at the root."""
    return key(number).ds(ROOT)


def anchors(text: str, form: str = "ds") -> Anchors:
    """Return configured anchors, as `ds` or as `dnskey` lines."""
    return tuple(_anchor(word, form) for word in text.split())


def _anchor(word: str, form: str) -> Key | DS:
    number = _number(word.rstrip("x"))
    if word.endswith("x"):
        return replace(ds(number), digest=bytes(32))
    return ds(number) if form == "ds" else key(number)


def _number(word: str) -> int:
    named = {"r": RSA, "u": UNKNOWN}
    return named.get(word.strip("-~")) or abs(int(word.strip("~")))


def number_of(anchor: Key | DS) -> str:
    """Return the number of a key or of the DS of one."""
    for number in (*range(20), RSA, UNKNOWN):
        known = key(number)
        if anchor in (known, known.revoked(), ds(number)):
            return str(number)
    return "?"


def _flagged(word: str) -> SigningKey:
    found = signing(_number(word))
    return found.revoked() if word.startswith("-") else found


@cache
def signed_set(
    keys: str, by: str, ttl: Seconds = TTL, window: tuple[Instant, Instant] = WINDOW
) -> SignedRRset:
    """Return a DNSKEY RRset in shorthand, signed in the order in which its signers are named."""
    rdatas = [_flagged(word).key.rdata for word in (*keys.split(), "0")]
    rrset = make_rrset(ROOT, DNSKEY, ttl, rdatas)
    rrsigs = []
    for word in by.split():
        rrsig = sign_rrset(rrset, _flagged(word.lstrip("~")), ROOT, *window)
        rrsigs.append(_broken(rrsig) if word.startswith("~") else rrsig)
    return SignedRRset(rrset, tuple(rrsigs))


def _broken(rrsig: Rrsig) -> Rrsig:
    return replace(rrsig, signature=bytes((rrsig.signature[0] ^ 1, *rrsig.signature[1:])))


@cache
def dnskeys(keys: str, by: str, ttl: Seconds = TTL, window: tuple[Instant, Instant] = WINDOW) -> DnskeySet:
    """Return a DNSKEY RRset in shorthand as a resolver holds it; the same one for the same words."""
    return DnskeySet(signed_set(keys, by, ttl, window))


def policy_of(model: str | ResolverPolicy) -> ResolverPolicy:
    """Return the policy of a preset by name, or the policy itself."""
    return MODELS[model].policy if isinstance(model, str) else model


@dataclass
class Machine:
    """One trust point under a policy, looked at set by set: the table without timers and clients."""

    model: str | ResolverPolicy
    configured: str = "1"
    form: str = "ds"
    now: Instant = T0
    result: str = ""
    log: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        """Take the policy and the trust point that a first start makes of the configured anchors."""
        self.policy = policy_of(self.model)
        resolver = resolver_of(self.policy, self.configured, self.form)
        resolver.start(self.now)
        self.point: TrustPoint = resolver.point

    def look(self, days: float, keys: str, by: str, *, ttl: Seconds = TTL) -> Machine:
        """Look at a set `days` after T0; no keys means that no answer came."""
        return self.look_at(T0 + round(days * DAY), keys, by, ttl=ttl)

    def look_at(self, now: Instant, keys: str, by: str, *, ttl: Seconds = TTL) -> Machine:
        """Look at a set at an instant."""
        self.now = now
        sighting = managed.observe(
            self.point, self.policy, dnskeys(keys, by, ttl) if keys else None, self.now
        )
        return self._take(sighting)

    def load(self, days: float) -> Machine:
        """Read the state at a start `days` after T0."""
        self.now = T0 + round(days * DAY)
        return self._take(managed.load(self.point, self.policy, self.now))

    def _take(self, sighting: managed.Sighting) -> Machine:
        self.point, self.result = sighting.point, sighting.result
        self.log += [f"{number_of(c.anchor)} {c.source}->{c.target}" for c in sighting.changes]
        return self

    def state(self, number: int) -> str:
        """Return the state of a key; Start if it is not stored."""
        for cell in self.point.cells:
            if number_of(cell.anchor) == str(number):
                return str(cell.state)
        return str(State.START)

    def states(self) -> str:
        """Return all states: `1 Valid, 2 AddPend`."""
        return ", ".join(f"{number_of(cell.anchor)} {cell.state}" for cell in self.point.cells)

    def trusts(self, number: int) -> bool:
        """Tell whether a key may validate, stored or not."""
        return str(number) in [number_of(cell.anchor) for cell in self.point.trusted()]


def resolver_of(
    policy: ResolverPolicy,
    configured: str = "1",
    form: str = "ds",
    *,
    offset: Seconds = 0,
    writable: bool = True,
    path: Path | None = None,
    feed: Feed | None = None,
    memo: bool = True,
) -> ResolverModel:
    """Return a model for this root, not yet started."""
    setup = Setup(
        "subject", ROOT, anchors(configured, form), Jitter(1, "test"), number_of, path or Path(), feed, memo
    )
    return ResolverModel(policy, setup, offset=offset, writable=writable)


Answer = SignedRRset | bytes | None
"""What the root answers: a set, octets as they are, or nothing at all."""


@dataclass
class World:
    """What the root answers from when on, and every query it got: (instant, over TCP)."""

    steps: tuple[tuple[Instant, Answer], ...]
    queries: list[tuple[Instant, bool]] = field(default_factory=list)

    def answer(self, now: Instant) -> Answer:
        """Return the answer in force at an instant."""
        return self.steps[bisect_right([at for at, _ in self.steps], now) - 1][1]

    def next_change(self, now: Instant) -> Instant:
        """Return the next instant at which another answer is in force, else the end of all tests."""
        return next((at for at, _ in self.steps if at > now), T0 + 3000 * DAY)

    def exchange(self, query: bytes, now: Instant, tcp: bool) -> bytes | None:
        """Answer a query as an authority does: cut down to the size the client takes, over UDP."""
        self.queries.append((now, tcp))
        answer = self.answer(now)
        if answer is None or isinstance(answer, bytes):
            return answer
        message = parse_message(query)
        whole = render_response(message, aa=True, answer=records_of(answer))
        room = message.edns.udp_size if message.edns is not None else 512
        return whole if tcp or len(whole) <= room else render_response(message, aa=True, tc=True)


def world(*steps: tuple[float, str, str] | tuple[float, None]) -> World:
    """Return a world: (days after T0, keys, signers), or (days, None) for a root out of reach."""
    return World(
        tuple(
            (T0 + round(step[0] * DAY), signed_set(step[1], step[2]) if len(step) == 3 else None)
            for step in steps
        )
    )


@dataclass
class Life:
    """A model living in a world from T0 on; `probes` are its refreshes, `fetches` its other queries."""

    model: ResolverModel
    world: World
    now: Instant = T0
    probes: list[Instant] = field(default_factory=list)
    fetches: list[Instant] = field(default_factory=list)
    seen: list[tuple[Instant, str]] = field(default_factory=list)
    out: list[Observation] = field(default_factory=list)
    started: bool = False

    def run(self, days: float) -> Life:
        """Live until `days` after T0."""
        return self.until(T0 + round(days * DAY))

    def until(self, end: Instant) -> Life:
        """Live up to, not including, an instant."""
        if not self.started:
            self.started = True
            self.model.start(self.now)
            self.out += self.model.take()
        while True:
            due = self.model.next_timer()
            if due is None or max(due, self.now) >= end:
                self.now = end
                return self
            self.now = max(due, self.now)
            self._advance()
            after = self.model.next_timer()
            assert after is None or after > self.now, "a timer that does not advance"

    def _advance(self) -> None:
        model, now = self.model, self.now
        probing, asked = model.planner.at <= now, len(self.world.queries)
        model.advance(now, self.world.exchange, self.world.next_change(now))
        self.probes += [now] * probing
        self.fetches += [now] * (len(self.world.queries) - asked - probing)
        self.out += model.take()
        view = self.view()
        if not self.seen or self.seen[-1][1] != view:
            self.seen.append((now, view))

    def view(self) -> str:
        """Return what a client gets: `good`, `bad`, `insecure` or `down`."""
        if not self.model.running:
            return "down"
        if self.model.point.deleted:
            return "insecure"
        held = self.model.held
        return "good" if held is not None and held.good else "bad"

    def do(self, what: Callable[[ResolverModel, Instant], object]) -> Life:
        """Do something to the model at the present instant."""
        what(self.model, self.now)
        self.out += self.model.take()
        return self

    def restart(self, *, keep: bool = True) -> Life:
        """Stop and start at the present instant."""
        self.model.stop(self.now, "restart")
        return self.do(lambda model, now: model.start(now, keep=keep))

    def first(self, view: str, after: Instant = T0) -> Instant | None:
        """Return when clients first got `view`, at or after an instant."""
        return next((at for at, what in self.seen if what == view and at >= after), None)

    def states(self) -> str:
        """Return the states of all keys: `1 Valid, 2 AddPend`."""
        return ", ".join(f"{number_of(cell.anchor)} {cell.state}" for cell in self.model.point.cells)


def live(
    model: str | ResolverPolicy, place: World, configured: str = "1", form: str = "ds", **setup: object
) -> Life:
    """Return a life about to begin at T0."""
    return Life(resolver_of(policy_of(model), configured, form, **setup), place)  # type: ignore[arg-type]
