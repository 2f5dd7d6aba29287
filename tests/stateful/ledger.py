"""Keep book on what one resolver has been shown, and object to trust that nothing it was shown accounts for.

The ledger knows who signed what, since the test did the signing: it verifies no signature and reads no state
but that which it judges. Of the resolver's policy it reads the durations and the rows, because what it allows
is what RFC 5011 allows and, beyond that, what the preset's own rows say.

Where a set may or may not verify (an anchor known by its digest alone, a pending key that time has made
trusted), it gives the resolver the benefit of the doubt; so what it objects to is wrong, whatever else is.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from lab.clock import DAY, HOUR, Instant, Seconds
from lab.dnssec.keys import DS, Key
from lab.resolver.managed import Sighting
from lab.resolver.policy import ResolverPolicy
from lab.resolver.rfc5011 import FALLBACK, RFC_TABLE, TRUSTED, Event, Row, State, TrustPoint

from ..resolver.world import ds, key


class Violation(AssertionError):
    """Say that a resolver trusts what it must not."""


@dataclass(frozen=True, slots=True)
class Served:
    """One DNSKEY RRset as it is served: keys by number, those with REVOKE apart, and its signatures.

    `by` are signers, negative where the revoked copy signs; `broken` signs besides, but wrongly.
    """

    plain: tuple[int, ...]
    flagged: tuple[int, ...]
    by: tuple[int, ...]
    window: tuple[Instant, Instant]
    ttl: Seconds
    broken: tuple[int, ...] = ()

    def signers(self, policy: ResolverPolicy, local: Instant) -> tuple[int, ...]:
        """Return who signed, if the signatures are in their period, as this resolver sees that."""
        begin, end = self.window
        slack = min(DAY, max(HOUR, (end - begin) // 10)) if policy.trust.skew == "tenth" else 0
        return self.by if begin - slack <= local <= end + slack else ()


@dataclass
class Watched:
    """One key under observation: since when without a break, its TTL, its first signers, how often seen."""

    since: Instant
    ttl: Seconds
    validators: tuple[int, ...]
    sightings: int = 0


@dataclass
class Book:
    """The entries on one resolver: everything since its state began."""

    vouched: set[int] = field(default_factory=set)
    watched: dict[int, Watched] = field(default_factory=dict)
    dead: dict[int, State] = field(default_factory=dict)


NUMBERS = {key(number).identity: number for number in range(12)}
TAGS = {ds(number).key_tag: number for number in range(12)}


def number_of(anchor: Key | DS) -> int:
    """Return the number of a key, or of the DS of one."""
    return NUMBERS[anchor.identity] if isinstance(anchor, Key) else TAGS[anchor.key_tag]


def states_of(point: TrustPoint) -> dict[int, State]:
    """Return the state of every key that is stored."""
    return {number_of(cell.anchor): cell.state for cell in point.cells}


def trusted_by(point: TrustPoint) -> set[int]:
    """Return the keys that may validate now."""
    return {number_of(cell.anchor) for cell in point.trusted()}


def spoken(policy: ResolverPolicy, state: State, event: Event) -> tuple[Row, ...]:
    """Return the rows a policy names for an event: its own before the RFC's, nearer events before others."""
    base = RFC_TABLE if policy.base == "rfc" else ()
    while True:
        for source in (policy.overrides, base):
            found = [row for row in source if (row.state, row.event) == (state, event)]
            if found:
                return tuple(row for row in found if row.target is not None)
        if event not in FALLBACK:
            return ()
        event = FALLBACK[event]


def leads_to_trust(policy: ResolverPolicy, state: State) -> bool:
    """Tell whether a policy's rows lead from a state to a trusted one, by whatever events."""
    reached, new = {state}, [state]
    while new:
        here = new.pop()
        for row in (row for event in Event for row in spoken(policy, here, event)):
            if row.target is not None and row.target not in reached:
                reached.add(row.target)
                new.append(row.target)
    return not reached.isdisjoint(TRUSTED)


def _guarded(row: Row) -> bool:
    return bool(row.after or row.before or row.twice or row.if_valid)


class Ledger:
    """Judge one resolver by the policy it is said to have (`claimed`)."""

    def __init__(self, name: str, claimed: ResolverPolicy, configured: tuple[int, ...]) -> None:
        """Begin with the configured anchors vouched for, and nothing else."""
        self.name, self.policy, self.configured = name, claimed, configured
        self.always = claimed.trust.configured == "always" or claimed.base != "rfc"
        self._spoken: dict[tuple[State, Event], tuple[Row, ...]] = {}
        self._before: TrustPoint | None = None
        self._last: tuple[Served | None, bool] = (None, False)
        self.reset()

    def reset(self) -> None:
        """Begin anew: the state is lost."""
        self.book = Book(vouched=set(self.configured))
        self._before = None

    def rows(self, state: State, event: Event) -> tuple[Row, ...]:
        """Return the rows claimed for an event, looked up once."""
        place = (state, event)
        if place not in self._spoken:
            self._spoken[place] = spoken(self.policy, state, event)
        return self._spoken[place]

    # -- what the ledger is told -----------------------------------------------------------------------------

    def loaded(self, before: TrustPoint, after: TrustPoint, local: Instant) -> None:
        """Enter a start with the state of `before`; one that the rows empty is no state any more (BIND)."""
        if self._emptied(before):
            self.reset()
            return
        self._entries(before, after, local, dict.fromkeys(states_of(before), (Event.LOAD,)))
        for number in states_of(before):
            self._interrupt(number, Event.LOAD, local)
        self._settle(after, local, None)
        self._before = after

    def _emptied(self, before: TrustPoint) -> bool:
        """Tell whether the rows for a start may drop every key."""
        gone = [[row.target for row in self.rows(cell.state, Event.LOAD)] for cell in before.cells]
        return all(State.START in targets for targets in gone)

    def looked(self, before: TrustPoint, served: Served | None, sighting: Sighting, local: Instant) -> None:
        """Enter one look at a set, or at no answer; `before` is the trust point it was made with."""
        after, verified = sighting.point, sighting.result in ("ok", "miss")
        again = served is not None and after is before and self._last == (served, verified)
        if again and served is not None and self._before is before:
            self._count(served, verified)
            return
        self.between(before, local)
        self._last, self._before = (served, verified), after
        may = served is not None and self._may_verify(before, served, local)
        if verified and not may:
            raise self._violation(local, "took a set that no trusted key signed")
        if served is not None and may:
            self.book.vouched.update(served.plain)
        self._entries(before, after, local, self._events(before, served, may, local))
        if served is not None:
            self._revocations(before, after, served, verified, local)
            self._interruptions(served, verified, local)
        self._settle(after, local, served if may else None)
        if served is not None and verified:
            self._count(served, verified)

    def between(self, point: TrustPoint, local: Instant) -> None:
        """Enter what happened between looks: configured anchors may have been put back (sdns), no others."""
        if self._before is None or self._before is point:
            return
        for number in sorted(trusted_by(point) - trusted_by(self._before)):
            merged = number in self.configured and self.policy.trust.configured == "merge"
            if not merged or number in self.book.dead:
                raise self._violation(local, f"trusts key {number} out of nothing")

    # -- what it objects to ----------------------------------------------------------------------------------

    def _violation(self, local: Instant, what: str) -> Violation:
        return Violation(f"{self.name} {what} (at {local}): {self.book}")

    def _may_verify(self, before: TrustPoint, served: Served, local: Instant) -> bool:
        """Tell whether a set could verify for a resolver with this trust point."""
        signers = served.signers(self.policy, local)
        able = trusted_by(before)
        if self.rows(State.ADD_PEND, Event.ATTEMPT) or self.rows(State.ADD_PEND, Event.ANSWER):
            able |= {number for number, state in states_of(before).items() if state is State.ADD_PEND}
        if self.policy.trust.signer == "presence":
            return bool(signers) and not able.isdisjoint(served.plain)
        usable = able & set(served.plain) if self.policy.trust.signer == "in-set" else able
        return not usable.isdisjoint(signers)

    def _events(
        self, before: TrustPoint, served: Served | None, may: bool, local: Instant
    ) -> dict[int, tuple[Event, ...]]:
        """Return, for every key, the events that a look may have meant for it."""
        found: dict[int, tuple[Event, ...]] = dict.fromkeys(states_of(before), (Event.ATTEMPT,))
        if served is None:
            return found
        found = dict.fromkeys(found, (Event.ATTEMPT, Event.ANSWER))
        signers = served.signers(self.policy, local)
        for number in sorted({*found, *served.plain, *served.flagged}):
            events = [*found.get(number, ())]
            if number in served.flagged and -number in signers:
                events.append(Event.REVOKED)
            if number in served.plain:
                seen = (Event.SEEN, Event.FIRST, Event.FIRST_UNSIGNED)[: 1 if before.initialised else 3]
                events += seen if may else (Event.BOGUS,)
            elif may:
                events += [Event.FLAGGED if number in served.flagged else Event.ABSENT]
            found[number] = tuple(events)
        return found

    def _entries(
        self, before: TrustPoint, after: TrustPoint, local: Instant, events: dict[int, tuple[Event, ...]]
    ) -> None:
        """Object to a key that came to be trusted unless a row of the policy says so."""
        if before is after:
            return
        states, held = states_of(before), trusted_by(before)
        for number in sorted(trusted_by(after) - held):
            if self.always and number in self.configured:
                continue
            state = states.get(number, State.START)
            rows = [row for event in events.get(number, ()) for row in self.rows(state, event)]
            if number not in self.book.vouched:
                raise self._violation(local, f"trusts key {number}, for which no trusted key vouched")
            if number in self.book.dead and not leads_to_trust(self.policy, self.book.dead[number]):
                raise self._violation(local, f"trusts key {number}, which was revoked")
            if not any(row.target in TRUSTED and self._guards_hold(row, number, local) for row in rows):
                raise self._violation(local, f"trusts key {number}, {state} before, by no row")

    def _guards_hold(self, row: Row, number: int, local: Instant) -> bool:
        watched = self.book.watched.get(number)
        if row.after == "add" and (watched is None or local - watched.since < self._hold(watched)):
            return False
        return not row.twice or (watched is not None and watched.sightings >= 2)

    def _hold(self, watched: Watched) -> Seconds:
        durations = self.policy.durations
        length = max(durations.add_hold_down, watched.ttl if durations.hold_down_takes_ttl else 0)
        return length + durations.strictly_after

    def _revocations(
        self, before: TrustPoint, after: TrustPoint, served: Served, verified: bool, local: Instant
    ) -> None:
        """Object to a key still trusted after a revocation that the policy's rows honour."""
        signers, held = served.signers(self.policy, local), trusted_by(after)
        for cell in before.cells:
            number = number_of(cell.anchor)
            if number not in served.flagged or cell.state not in TRUSTED or not isinstance(cell.anchor, Key):
                continue
            proved = -number in signers and bool(self.rows(cell.state, Event.REVOKED))
            if not proved and (not verified or number in served.plain):
                continue
            rows = self.rows(cell.state, Event.REVOKED if proved else Event.FLAGGED)
            ends = bool(rows) and rows[0].target not in TRUSTED and not _guarded(rows[0])
            if ends and number in held and not (self.always and number in self.configured):
                raise self._violation(local, f"trusts key {number} in spite of its revocation")
            if ends and number not in held:
                self.book.dead[number] = states_of(after).get(number, State.START)

    # -- the entries on pending keys -------------------------------------------------------------------------

    def _count(self, served: Served, verified: bool) -> None:
        """Count a sighting of every watched key in a set that verified."""
        if verified:
            for number in served.plain:
                if number in self.book.watched:
                    self.book.watched[number].sightings += 1

    def _interruptions(self, served: Served, verified: bool, local: Instant) -> None:
        """Let watched keys suffer what the policy's rows make of an absence, a revocation, a bogus set."""
        signers = served.signers(self.policy, local)
        for number in sorted(self.book.watched):
            validators = self.book.watched[number].validators
            if self.policy.trust.validators_matter and all(one in self.book.dead for one in validators):
                del self.book.watched[number]
                continue
            if number in served.flagged and -number in signers:
                self._interrupt(number, Event.REVOKED, local)
            if number in served.plain:
                if not verified:
                    self._interrupt(number, Event.BOGUS, local)
            elif verified:
                self._interrupt(number, Event.FLAGGED if number in served.flagged else Event.ABSENT, local)

    def _interrupt(self, number: int, event: Event, local: Instant) -> None:
        watched = self.book.watched.get(number)
        if watched is None:
            return
        over = local - watched.since >= self._hold(watched)
        for row in self.rows(State.ADD_PEND, event):
            if (row.before and over) or (row.after and not over):
                continue
            if row.restart:
                watched.since = local
            elif row.target is not State.ADD_PEND:
                del self.book.watched[number]
            return

    def _settle(self, after: TrustPoint, local: Instant, served: Served | None) -> None:
        """Watch the keys that are pending now, and those alone; a new one must be in the set at hand."""
        pending = [number for number, state in states_of(after).items() if state is State.ADD_PEND]
        for number in [number for number in self.book.watched if number not in pending]:
            del self.book.watched[number]
        for number in pending:
            if number not in self.book.watched and served is not None and number in served.plain:
                signers = served.signers(self.policy, local)
                self.book.watched[number] = Watched(local, served.ttl, signers)
