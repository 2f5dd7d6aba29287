"""Resolvers of every preset in one world that an adversary moves: what the zone serves, when, and to whom.

Each resolver is watched through its `Watch`: every look it takes is told to its ledger. All of them see the
same answers at the same times, so one sequence of steps tries all presets.
"""

from __future__ import annotations

from collections.abc import Iterable
from functools import lru_cache

from lab.clock import DAY, Instant, Seconds
from lab.dnssec.codec import parse_message, records_of, render_response
from lab.dnssec.rrset import SignedRRset
from lab.resolver import managed
from lab.resolver.model import ResolverModel
from lab.resolver.policy import ResolverPolicy
from lab.resolver.rfc5011 import TrustPoint
from lab.resolver.state.formats import FORMATS, Format, read_state, written_by_model
from lab.resolver.state.keeper import FiledModel
from lab.resolver.state.vocabulary import TrustState
from lab.resolver.validator import DnskeySet

from ..resolver.world import ROOT, T0, resolver_of, signed_set
from .ledger import Ledger, Served, Violation

RESIGN: Seconds = 10 * DAY
"""How often the zone's owner signs anew, on a grid from T0 on."""


@lru_cache(maxsize=4096)
def sign(served: Served) -> SignedRRset:
    """Return a set as it goes over the wire."""
    keys = " ".join([*map(str, served.plain), *(f"-{number}" for number in served.flagged)])
    by = " ".join([*map(str, served.by), *(f"~{number}" for number in served.broken)])
    return signed_set.__wrapped__(keys, by, served.ttl, served.window)


@lru_cache(maxsize=4096)
def respond(served: Served, query: bytes) -> bytes:
    """Return the response to a query for DNSKEY; all fit into one datagram."""
    return render_response(parse_message(query), aa=True, answer=records_of(sign(served)))


class Recorder:
    """Stand between a model and its `Watch`; tell the ledger of every look, make remembered ones anew."""

    def __init__(self, model: ResolverModel, ledger: Ledger, known: dict[tuple[bytes, ...], Served]) -> None:
        """Take the place of the model's watch."""
        self._watch, self._policy, self._ledger, self._known = model._watch, model.policy, ledger, known
        self._seen: managed.Sighting | None = None
        model._watch = self  # type: ignore[assignment]

    def observe(
        self, point: TrustPoint, dnskeys: DnskeySet | None, now: Instant, *, reached: bool
    ) -> managed.Sighting:
        """Return what the watch saw, which must be what a look without memory sees."""
        sighting = self._watch.observe(point, dnskeys, now, reached=reached)
        again = managed.observe(point, self._policy, dnskeys, now, reached=reached)
        if sighting is self._seen and sighting != again:
            raise Violation(f"{self._ledger.name}: what was remembered is not what there is")
        self._seen = sighting
        served = None if dnskeys is None else self._known[fingerprint(dnskeys)]
        self._ledger.looked(point, served, sighting, now)
        return sighting


def fingerprint(dnskeys: DnskeySet) -> tuple[bytes, ...]:
    """Return what tells one signed set from another."""
    return (*dnskeys.rrset.rdatas, *(rrsig.signature for rrsig in dnskeys.rrsigs))


@lru_cache(maxsize=4096)
def survives(form: Format, state: TrustState) -> bool:
    """Tell whether a format brings back of a state what it can hold; without anchors there is no file."""
    held = form.held(state)
    if not held.entries and form.name in ("knot", "anchors", "xml"):
        return True
    return read_state(form.write(state), "state", form) == held


class Subject:
    """One resolver, with the ledger that judges it by the policy it claims to have, and its state file.

    The file is in the format of the implementation a preset imitates, None where the lab knows no such file.
    """

    def __init__(
        self,
        name: str,
        policy: ResolverPolicy,
        configured: tuple[int, ...] = (1,),
        form: str = "ds",
        claimed: ResolverPolicy | None = None,
    ) -> None:
        """Make a resolver; it is not started yet."""
        self.name, self.policy = name, policy
        self.model = FiledModel(policy, resolver_of(policy, " ".join(map(str, configured)), form).setup)
        self.ledger = Ledger(name, claimed or policy, configured)
        self.file = FORMATS.get(name.partition("-")[0]) if policy.base == "rfc" else None

    def start(self, now: Instant, *, keep: bool) -> None:
        """Start, with the state or without; a resolver that stores none begins anew either way."""
        before = self.model.point
        if keep:
            self.ledger.between(before, now + self.model.offset)
        stored = bool(before.cells or before.deleted) and self.policy.base == "rfc"
        self.model.start(now, keep=keep)
        if keep and stored:
            self.ledger.loaded(before, self.model.point, now + self.model.offset)
        else:
            self.ledger.reset()

    def files(self, now: Instant) -> None:
        """Write the state in every format and read it again; go on from what the resolver's own file says."""
        state = self.model.state(now)
        for form in FORMATS.values():
            if not survives(form, state):
                raise Violation(f"{self.name}: {form.name} does not bring back {form.held(state)}")
        if self.file is not None and self.file.held(state).entries:
            self.model.load_state(read_state(written_by_model(state, self.file), "state", owner=ROOT))


class Fleet:
    """All resolvers in their world. `zone` is what the owner serves; `instead` what the adversary does."""

    def __init__(self, subjects: Iterable[Subject]) -> None:
        """Begin at T0 with key 1 published and signing."""
        self.subjects = tuple(subjects)
        self.now: Instant = T0
        self.plain: list[int] = [1]
        self.flagged: list[int] = []
        self.by: list[int] = [1]
        self.ttl: Seconds = 2 * DAY
        self.instead: Served | None = None
        self.reachable = True
        self.known: dict[tuple[bytes, ...], Served] = {}
        self.history: list[Served] = []
        for subject in self.subjects:
            Recorder(subject.model, subject.ledger, self.known)
            subject.start(self.now, keep=True)

    def served(self, now: Instant) -> Served:
        """Return the zone's set in force, signed on the owner's grid with 5 days to spare at either end."""
        begin = T0 + (now - T0) // RESIGN * RESIGN
        window = (begin - 5 * DAY, begin + RESIGN + 5 * DAY)
        return Served(tuple(self.plain), tuple(self.flagged), tuple(self.by), window, self.ttl)

    def wait(self, length: Seconds) -> None:
        """Let time pass; what is served changes only where the owner signs anew."""
        end = self.now + length
        while self.now < end:
            edge = T0 + ((self.now - T0) // RESIGN + 1) * RESIGN
            self._live(min(end, edge))

    def _live(self, end: Instant) -> None:
        answer = self.instead or self.served(self.now)
        signed = sign(answer)
        self.known[(*signed.rrset.rdatas, *(rrsig.signature for rrsig in signed.rrsigs))] = answer
        if self.reachable and answer not in self.history:
            self.history.append(answer)

        def exchange(query: bytes, now: Instant, tcp: bool) -> bytes | None:
            return respond(answer, query) if self.reachable else None

        for subject in self.subjects:
            model, now = subject.model, self.now
            while (due := model.next_timer()) is not None and max(due, now) < end:
                now = max(due, now)
                model.advance(now, exchange, end)
            model.take()
        self.now = end

    def during(self, length: Seconds, served: Served | None) -> None:
        """Let time pass with another answer than the zone's, or with none."""
        self.instead, self.reachable = served, served is not None
        self.wait(length)
        self.instead, self.reachable = None, True

    def restart(self, *, keep: bool, off: Seconds = 0, files: bool = False) -> None:
        """Stop all resolvers, and start them after a while, perhaps from their state files."""
        for subject in self.subjects:
            subject.model.stop(self.now)
            if files:
                subject.files(self.now)
        self.now += off
        for subject in self.subjects:
            subject.start(self.now, keep=keep)

    def set_clocks(self, offset: Seconds) -> None:
        """Set all clocks ahead of the truth by some seconds."""
        for subject in self.subjects:
            subject.model.set_clock(offset, self.now)
