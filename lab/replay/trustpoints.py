"""Trust points of one run: a resolver model for each, its state file, and what a client's need makes it do.

The model is the one that plays in scenarios (`lab.resolver.model`). Here it is not driven by a clock but by
the steps of a script: the probe timer fires when time passes, a client's question primes. A failing attempt
is made again as often as the implementation does (Unbound: val-max-restart, so six in all).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

from ..clock import Instant
from ..dnssec.codec import rrsets_of
from ..dnssec.keys import DS, Key
from ..dnssec.names import ROOT, MalformedName, MalformedRdata, is_subdomain, name_from_text, name_to_text
from ..dnssec.rrset import SignedRRset
from ..dnssec.rrtypes import DNSKEY
from ..resolver.client import FAR
from ..resolver.fetch import Exchange, Fetch
from ..resolver.model import ResolverModel, Setup
from ..resolver.policy import ResolverPolicy
from ..resolver.profiles import Profile
from ..resolver.refresh import Intervals, Jitter
from ..resolver.rfc5011 import TrustPoint
from ..resolver.state import unbound
from ..resolver.state.autotrust import load_autotrust
from ..resolver.state.points import of_point, to_point
from ..resolver.state.vocabulary import CONFIGURED, Entry, TrustState
from .chain import Find, Status, ZoneKeys
from .configuration import Configuration
from .iterate import Answer, Search
from .script import Attachment
from .signatures import EDE_BOGUS, EDE_NO_KEY, Judge, LegacySet, order_of


class NotStarted(Exception):
    """Report that the resolver would not start with this configuration, and why."""


@dataclass(frozen=True, slots=True)
class Ledger:
    """What Unbound keeps about its probes beside the keys (validator/autotrust.h, `autr_point_data`)."""

    last_queried: Instant = 0
    last_success: Instant = 0
    query_failed: int = 0
    interval: int = 0
    retry: int = 0


class ReplayedModel(ResolverModel):
    """A model that is given its answers, and keeps account of how its looks ended."""

    def __init__(self, policy: ResolverPolicy, setup: Setup, point: TrustPoint, ledger: Ledger) -> None:
        """Begin with the state of an earlier life."""
        super().__init__(policy, setup)
        self.ledger = ledger
        self.result = ""
        self._given = Fetch(None)
        self.point = self._stored = point
        self._met = True

    def resume(self, now: Instant, next_probe: Instant) -> None:
        """Start with that state; the schedule is that of the state file, where it has one."""
        self.planner.at = next_probe
        if self.ledger.interval:
            self.planner.times = Intervals(self.ledger.interval, self.ledger.retry)
        self.start(now)

    def probe(self, fetch: Fetch, now: Instant) -> None:
        """Take what a refresh brought."""
        self._given, self.result = fetch, ""
        self._probe(now, _no_exchange, now + 1)

    def prime(self, fetch: Fetch, now: Instant) -> None:
        """Take what a client's need brought."""
        self._given, self.result = fetch, ""
        self._serve(now, _no_exchange, now + 1)

    def _fetch(self, now: Instant, exchange: Exchange) -> Fetch:
        return self._given

    def _observe(self, now: Instant, fetch: Fetch) -> str:
        """Look, and write the outcome down: an attempt without an answer is not even counted."""
        before = self.point
        self.result = super()._observe(now, fetch)
        ledger = replace(self.ledger, last_queried=now)
        if self.result in ("ok", "miss"):
            ledger = replace(ledger, last_success=now, query_failed=0)
        elif self.point.deleted and not before.deleted:
            ledger = replace(ledger, last_success=now)
            self.result = "deleted"
        elif self.result != "none" and ledger.last_success:
            ledger = replace(ledger, query_failed=(ledger.query_failed + 1) % 256)
        self.ledger = ledger
        return "bogus" if self.result == "deleted" else self.result

    @property
    def writes(self) -> bool:
        """Tell whether the last look had the state file rewritten."""
        unverified = self.result not in ("ok", "miss", "deleted", "none", "")
        return self.result in ("ok", "miss", "deleted") or (unverified and self.ledger.last_success > 0)


def _no_exchange(query: bytes, now: Instant, tcp: bool) -> bytes | None:
    return None


class Point:
    """One trust point: its model, and the text of its file as it would be on disk."""

    def __init__(
        self, model: ReplayedModel, lines: tuple[str, ...], judge: Judge, clock: Callable[[], Instant]
    ) -> None:
        """Take the parts; the file is as it was given until the model writes it."""
        self.model, self.lines, self._judge, self._clock = model, lines, judge, clock
        self.probing = False
        self.probes = self.primes = 0

    @property
    def owner(self) -> bytes:
        """Return the name of the trust point."""
        return self.model.setup.owner

    @property
    def due(self) -> Instant | None:
        """Return when the probe timer fires, None for never."""
        at = self.model.planner.at
        over = at >= FAR or not self.model.running or self.model.point.deleted
        return None if over else at

    @property
    def tags(self) -> tuple[int, ...]:
        """Return the key tags trusted, ascending."""
        return tuple(sorted({cell.anchor.key_tag for cell in self.model.point.trusted()}))

    # -- what it does ----------------------------------------------------------------------------------------

    def probe(self, find: Find) -> Search[None]:
        """Refresh because the timer says so."""
        self.probing = True
        self.probes += 1
        fetch = yield from self._look(find, refresh=True)
        self.probing = False
        self.model.probe(fetch, self._clock())
        self._after()
        yield from self._again(find)

    def keys(self, find: Find) -> Search[ZoneKeys]:
        """Return the keys clients live on, primed first if there are none or they are over."""
        if self._useless():
            return ZoneKeys(self.owner, Status.INSECURE)
        held = self.model.held
        if held is None or held.expires <= self._clock():
            self.primes += 1
            fetch = yield from self._look(find, refresh=False)
            self.model.prime(fetch, self._clock())
            self._after()
            yield from self._again(find)
            held = self.model.held
        if self._useless():
            return ZoneKeys(self.owner, Status.INSECURE)
        if held is not None and held.good and held.dnskeys is not None:
            return ZoneKeys(self.owner, Status.SECURE, held.dnskeys.keys)
        return ZoneKeys(self.owner, Status.BOGUS, ede=self._why())

    def _useless(self) -> bool:
        """Tell whether the zone counts as never configured: all revoked, or no algorithm is known."""
        if self.model.point.deleted:
            return True
        trusted = self.model.point.trusted()
        return bool(trusted) and not any(self._judge.supports(cell.anchor.algorithm) for cell in trusted)

    def _again(self, find: Find) -> Search[None]:
        """Try again after a failure, as often as the implementation does."""
        if not self.model.policy.schedule.clients_observe and self.model.policy.base == "rfc":
            return
        for _ in range(self.model.policy.cache.burst - 1):
            held = self.model.held
            if self.model.point.deleted or not self.model.running or (held is not None and held.good):
                return
            fetch = yield from self._look(find, refresh=False)
            self.model.prime(fetch, self._clock())
            self._after()

    def _look(self, find: Find, *, refresh: bool) -> Search[Fetch]:
        """Fetch the DNSKEY RRset."""
        if refresh and self.model.policy.schedule.refresh_from_cache:
            cached = self.model.cache.good_set(self._clock())
            if cached is not None:
                return Fetch(cached)
        answer = yield from find(self.owner, DNSKEY)
        return self._fetched(answer)

    def _fetched(self, answer: Answer) -> Fetch:
        if answer.failed or answer.rcode:
            return Fetch(None, "no-answer")
        try:
            for signed in rrsets_of(answer.answer):
                if signed.rrset.rrtype == DNSKEY and signed.rrset.owner == self.owner:
                    return Fetch(LegacySet(signed, order_of(answer.answer, self.owner), self._judge))
        except MalformedRdata:
            pass
        return Fetch(None, "no-dnskey")

    def _why(self) -> int:
        """Return the extended error of a DNSKEY RRset that does not verify (RFC 8914)."""
        held = self.model.held
        if held is None or held.dnskeys is None:
            return EDE_NO_KEY
        dnskeys = held.dnskeys
        trusted = [cell.anchor for cell in self.model.point.trusted()]
        keys = [anchor for anchor in trusted if isinstance(anchor, Key)]
        by_ds = [anchor for anchor in trusted if isinstance(anchor, DS)]
        keys += [key for key in dnskeys.keys if any(ds.matches(self.owner, key) for ds in by_ds)]
        signed = SignedRRset(dnskeys.rrset, dnskeys.rrsigs)
        judged = self._judge.judge(signed, keys, self.owner, self._clock())
        return judged.ede or EDE_BOGUS

    # -- its file --------------------------------------------------------------------------------------------

    def _after(self) -> None:
        """Write the file anew if the implementation would have."""
        model = self.model
        if model.result in ("ok", "miss"):
            times = model.planner.times
            model.ledger = replace(model.ledger, interval=times.interval, retry=times.retry)
        if model.writes:
            self.lines = tuple(unbound.write(self.state()).decode("ascii").split("\n")[:-1])

    def state(self) -> TrustState:
        """Return what the state file would say if it were written now, newest key first."""
        model, ledger = self.model, self.model.ledger
        state = of_point(model.point, model.policy.durations)
        return replace(
            state,
            entries=state.entries[::-1],
            last_queried=ledger.last_queried,
            last_success=ledger.last_success,
            next_probe_time=0 if self.due is None else self.due,
            query_failed=ledger.query_failed,
            query_interval=ledger.interval,
            retry_time=ledger.retry,
        )


class TrustPoints:
    """All trust points of a run."""

    def __init__(
        self,
        config: Configuration,
        profile: Profile,
        policy: ResolverPolicy,
        judge: Judge,
        clock: Callable[[], Instant],
        seed: int = 0,
    ) -> None:
        """Start a model for every name. Raises NotStarted."""
        self._find: Find | None = None
        self.points: dict[bytes, Point] = {}
        self.files: dict[str, Point] = {}

        def add(state: TrustState, lines: tuple[str, ...], rules: ResolverPolicy) -> Point:
            point = _make(state, lines, rules, profile, judge, clock, seed)
            self.points[state.owner] = point
            return point

        for attached in config.managed:
            state = _loaded(attached)
            self.files[attached.name] = add(state, attached.lines, policy)
        for owner, anchors in _configured(config).items():
            if owner not in self.points:
                add(TrustState(owner, anchors), (), _static(policy))

    def connect(self, find: Find) -> None:
        """Say how to ask."""
        self._find = find

    def closest(self, name: bytes) -> bytes | None:
        """Return the deepest trust point at or above a name, None if there is none or it was given up."""
        found = [
            owner
            for owner, point in self.points.items()
            if is_subdomain(name, owner) and not point.model.point.deleted
        ]
        return max(found, key=len, default=None)

    def keys_at(self, owner: bytes) -> Search[ZoneKeys]:
        """Return the keys of a trust point."""
        assert self._find is not None
        return (yield from self.points[owner].keys(self._find))

    def forget(self, name: bytes) -> None:
        """Forget the cached keys of trust points at and below a name."""
        for owner, point in self.points.items():
            if is_subdomain(owner, name):
                point.model.cache.drop(FAR)

    def due(self) -> Instant | None:
        """Return when the next probe timer fires, None for never."""
        return min((point.due for point in self.files.values() if point.due is not None), default=None)


def _make(
    state: TrustState,
    lines: tuple[str, ...],
    policy: ResolverPolicy,
    profile: Profile,
    judge: Judge,
    clock: Callable[[], Instant],
    seed: int,
) -> Point:
    """Return a trust point with its model started."""
    owner = name_to_text(state.owner)
    anchors = tuple(entry.anchor for entry in state.trusted)
    setup = Setup(
        profile.name, state.owner, anchors, Jitter(seed, f"{profile.name}/{owner}"), lambda a: str(a.key_tag)
    )
    ledger = Ledger(
        state.last_queried or 0,
        state.last_success or 0,
        state.query_failed or 0,
        state.query_interval or 0,
        state.retry_time or 0,
    )
    model = ReplayedModel(policy, setup, to_point(state, policy.durations), ledger)
    model.resume(clock(), state.next_probe_time or 0)
    model.cache.drop(FAR)
    return Point(model, lines, judge, clock)


def _loaded(attached: Attachment) -> TrustState:
    """Return what Unbound makes of an inline state file. Raises NotStarted."""
    try:
        owner = name_from_text(attached.name)
    except MalformedName:
        owner = ROOT
    data = "".join(f"{line}\n" for line in attached.lines).encode("latin-1")
    loaded = load_autotrust(data, None, owner)
    if loaded.state is None:
        raise NotStarted(f"{attached.name}: {loaded.reason}")
    return loaded.state


def _configured(config: Configuration) -> dict[bytes, tuple[Entry, ...]]:
    """Return the anchors of `trust-anchor` lines by name."""
    found: dict[bytes, list[Entry]] = {}
    for record in config.anchors:
        try:
            anchor = Key.from_rdata(record.rdata) if record.rrtype == DNSKEY else DS.from_rdata(record.rdata)
        except MalformedRdata as problem:
            raise NotStarted(f"trust-anchor {name_to_text(record.owner)}: {problem}") from None
        found.setdefault(record.owner, []).append(Entry(anchor, since=CONFIGURED, ttl=record.ttl))
    return {owner: tuple(entries) for owner, entries in found.items()}


def _static(policy: ResolverPolicy) -> ResolverPolicy:
    """Return a policy under which anchors never change."""
    schedule = replace(policy.schedule, probes=False, clients_observe=False)
    return replace(policy, base="none", overrides=(), schedule=schedule)
