"""Trust points of one run: a resolver model for each, its state file, and what a client's need makes it do.

The model is the one that plays in scenarios (`lab.resolver.model`). Here it is not driven by a clock but by
the steps of a script: the probe timer fires when time passes, a client's question primes. A failing attempt
is made again as often as the implementation does (Unbound: val-max-restart, so six in all).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from ..clock import Instant
from ..dnssec.codec import rrsets_of
from ..dnssec.keys import DS, Key
from ..dnssec.names import ROOT, MalformedName, MalformedRdata, is_subdomain, name_from_text, name_to_text
from ..dnssec.rrset import SignedRRset
from ..dnssec.rrtypes import DNSKEY
from ..resolver.client import FAR
from ..resolver.fetch import Exchange, Fetch
from ..resolver.model import Setup
from ..resolver.policy import ResolverPolicy
from ..resolver.profiles import Profile
from ..resolver.refresh import Jitter
from ..resolver.state import unbound
from ..resolver.state.autotrust import load_autotrust
from ..resolver.state.keeper import FiledModel
from ..resolver.state.vocabulary import CONFIGURED, Entry, Loaded, TrustState
from .chain import Find, Status, ZoneKeys
from .configuration import Configuration
from .iterate import Answer, Search
from .script import Attachment
from .signatures import EDE_BOGUS, EDE_NO_KEY, Judge, LegacySet, order_of


class NotStarted(Exception):
    """Report that the resolver would not start with this configuration, and why."""


class ReplayedModel(FiledModel):
    """A model that is given its answers, one attempt at a time, and keeps its file as text.

    `lines` are the file: as it was given until the model writes it. `attempts` is how often a failing look is
    made; each counts by itself here, so the policy it runs under says one.
    """

    def __init__(self, policy: ResolverPolicy, setup: Setup, lines: tuple[str, ...]) -> None:
        """Make a model not yet started."""
        super().__init__(replace(policy, cache=replace(policy.cache, burst=1)), setup)
        self.attempts = policy.cache.burst
        self.lines = lines
        self._given = Fetch(None)

    def probe(self, fetch: Fetch, now: Instant) -> None:
        """Take what a refresh brought."""
        self._given = fetch
        self._probe(now, _no_exchange, now + 1)
        self._keep(now)

    def prime(self, fetch: Fetch, now: Instant) -> None:
        """Take what a client's need brought."""
        self._given = fetch
        self._serve(now, _no_exchange, now + 1)
        if self.point.deleted:
            self.planner.at = FAR
        self._keep(now)

    def _fetch(self, now: Instant, exchange: Exchange) -> Fetch:
        return self._given

    def _keep(self, now: Instant) -> None:
        """Write the file, newest key first, if the look gave reason to."""
        before = self._written
        self._store()
        if self._written is not before:
            state = self.state(now)
            text = unbound.write(replace(state, entries=state.entries[::-1])).decode("ascii")
            self.lines = tuple(text.split("\n")[:-1])


def _no_exchange(query: bytes, now: Instant, tcp: bool) -> bytes | None:
    return None


class Point:
    """One trust point: its model, and the text of its file as it would be on disk."""

    def __init__(
        self, model: ReplayedModel, judge: Judge, clock: Callable[[], Instant], *, needs_keys: bool
    ) -> None:
        """Take the parts; the model is started. Without `needs_keys` a zone that has no keys is insecure."""
        self.model, self._judge, self._clock, self._needs_keys = model, judge, clock, needs_keys
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
            yield from self._again(find)
            held = self.model.held
        if self._useless():
            return ZoneKeys(self.owner, Status.INSECURE)
        if held is not None and held.good and held.dnskeys is not None:
            return ZoneKeys(self.owner, Status.SECURE, held.dnskeys.keys)
        if not self._needs_keys and (held is None or held.dnskeys is None):
            return ZoneKeys(self.owner, Status.INSECURE)
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
        for _ in range(self.model.attempts - 1):
            held = self.model.held
            if self.model.point.deleted or not self.model.running or (held is not None and held.good):
                return
            fetch = yield from self._look(find, refresh=False)
            self.model.prime(fetch, self._clock())

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

        def add(loaded: Loaded, owner: bytes, lines: tuple[str, ...], rules: ResolverPolicy) -> Point:
            name = f"{profile.name}/{name_to_text(owner)}"
            anchors = () if loaded.state is None else tuple(entry.anchor for entry in loaded.state.trusted)
            setup = Setup(profile.name, owner, anchors, Jitter(seed, name), lambda a: str(a.key_tag))
            model = ReplayedModel(rules, setup, lines)
            model.load_state(loaded)
            model.start(clock())
            if not model.running:
                raise NotStarted(f"{name_to_text(owner)}: {model.ended}")
            model.cache.drop(FAR)
            self.points[owner] = Point(model, judge, clock, needs_keys=config.strict_stripped)
            return self.points[owner]

        for attached in config.managed:
            loaded = _loaded(attached)
            owner = ROOT if loaded.state is None else loaded.state.owner
            self.files[attached.name] = add(loaded, owner, attached.lines, policy)
        for owner, entries in _configured(config).items():
            if owner not in self.points:
                add(Loaded("state", TrustState(owner, entries)), owner, (), _static(policy))

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

    def due(self) -> Instant | None:
        """Return when the next probe timer fires, None for never."""
        return min((point.due for point in self.files.values() if point.due is not None), default=None)


def _loaded(attached: Attachment) -> Loaded:
    """Return what Unbound makes of an inline state file."""
    try:
        owner = name_from_text(attached.name)
    except MalformedName:
        owner = ROOT
    data = "".join(f"{line}\n" for line in attached.lines).encode("latin-1")
    return load_autotrust(data, None, owner)


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
