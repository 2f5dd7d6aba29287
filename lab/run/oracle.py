"""Foretell when a resolver fails and recovers, from timeline, start phase and policy alone.

The second opinion on the engine: no wire, no cryptography, no authority, none of the models' code; keys are
names, signatures are windows, knowledge of a key is a page of dates (`oracle_book`). Between two dates at
which anything can change, refreshes and clients' fetches repeat themselves on a grid, so the oracle leaps
along it instead of living through it.

Clients' traffic is taken to be steady: an entry of the key cache that ends is fetched again in that very
second, and a failure that is remembered is tried again the second the memory ends.

Covered are the presets of every family in `oracle_laws` and any change of their durations, schedule and
cache. Not covered, and refused with NotCoveredError: rows of one's own, `algorithms = all`, anchors from XML,
clocks that are wrong, state that cannot be written, and events other than absences and restarts.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from ..authority.timeline import Step, Timeline
from ..clock import DAY, Instant, Seconds, parse_duration
from ..resolver.policy import ResolverPolicy
from ..resolver.profiles import MODELS
from ..resolver.refresh import Jitter
from ..scenario.spec import Off, Restart, Scenario
from .oracle_book import NO_TTL, Book, tolerance
from .oracle_laws import Law, law_of

_FAR: Instant = 2**62
_LONGEST_EXPIRY: Seconds = 15 * DAY
"""Unbound looks at most this far ahead for the end of a signature (validator/autotrust.c, `min_expiry`)."""


class NotCoveredError(ValueError):
    """Say what about a policy or scenario the oracle cannot foretell."""


@dataclass(frozen=True, slots=True)
class Prediction:
    """What the oracle foretells; instants are whole seconds, None is never.

    `first_failure` and `recovered_at` are those of `verdict.SubjectResult`. `secure` are the instants at
    which it begins and ceases to be secure, the first start included; absences are left out. `valid_since`
    is when each key first became trusted (configured ones at the first start), `ended` when one first ceased
    to be, by revocation or because it was forgotten. `trusted` are the keys trusted at the stop, sorted.
    """

    first_failure: Instant | None
    recovered_at: Instant | None
    secure: tuple[tuple[Instant, bool], ...]
    valid_since: Mapping[str, Instant]
    ended: Mapping[str, Instant]
    trusted: tuple[str, ...]


def predict(
    timeline: Timeline,
    policy: ResolverPolicy,
    anchors: Sequence[str],
    *,
    first_start: Instant,
    stop: Instant,
    by_digest: bool = True,
    off: Sequence[tuple[Instant, Instant]] = (),
    restarts: Sequence[tuple[Instant, bool]] = (),
    seed: int = 0,
    name: str = "",
) -> Prediction:
    """Foretell a resolver that starts at `first_start` with `anchors` (key names), watched until `stop`.

    `by_digest` tells DS anchors from DNSKEY lines; `off` are spans without it (a restart in one does not
    happen), `restarts` pairs (when, is the state kept). `seed` and the subject's `name` fix what Unbound
    draws. Raises NotCoveredError.
    """
    law = law_of(policy)
    if law is None:
        raise NotCoveredError("the policy has rows of its own")
    if policy.trust.algorithms != "any" or policy.trust.feed == "xml":
        raise NotCoveredError("the policy needs every algorithm, or takes its anchors from XML")
    course = _Course(timeline, policy, law, tuple(anchors), by_digest, stop, Jitter(seed, f"{name}/refresh"))
    life: list[tuple[Instant, str]] = [(first_start, "first")]
    away = _merged(off)
    for begin, end in away:
        life += [(begin, "off"), (end, "on")]
    for at, keep in restarts:
        if not any(begin <= at < end for begin, end in away):
            life.append((at, "restart" if keep else "reset"))
    return course.run(sorted(life, key=lambda entry: entry[0]))


def _merged(spans: Sequence[tuple[Instant, Instant]]) -> list[tuple[Instant, Instant]]:
    """Return spans of absence ascending, those that touch made one."""
    merged: list[tuple[Instant, Instant]] = []
    for begin, end in sorted(spans):
        if merged and begin <= merged[-1][1]:
            merged[-1] = (merged[-1][0], max(end, merged[-1][1]))
        else:
            merged.append((begin, end))
    return merged


def predict_subject(scenario: Scenario, name: str, *, seed: int | None = None) -> Prediction:
    """Foretell one subject of a scenario. Raises NotCoveredError; KeyError for a subject it has not."""
    spec = {spec.name: spec for spec in scenario.subjects}[name]
    if spec.clock_offset or not spec.state_writable:
        raise NotCoveredError("its clock is wrong, or its state cannot be written")
    if not spec.tcp:
        raise NotCoveredError("without TCP it may not get long answers")
    off = [(window.begin, window.end) for window in spec.off]
    restarts: list[tuple[Instant, bool]] = []
    if spec.restart_every is not None:
        times = range(spec.first_start + spec.restart_every, scenario.stop, spec.restart_every)
        restarts += [(at, spec.keep_state) for at in times]
    for event in scenario.events:
        if event.subject in (None, name):
            if isinstance(event.action, Off):
                off.append((event.at, event.action.until))
            elif isinstance(event.action, Restart):
                restarts.append((event.at, event.action.keep_state))
            else:
                raise NotCoveredError("something other than an absence or a restart happens to it")
    return predict(
        scenario.timeline, MODELS[spec.model].policy.override(dict(spec.policy)), spec.anchors,
        first_start=max(spec.first_start, scenario.start), stop=scenario.stop,
        by_digest=spec.anchor_format == "ds", off=off, restarts=restarts,
        seed=scenario.seed if seed is None else seed, name=name,
    )  # fmt: skip


@dataclass(frozen=True, slots=True)
class _Entry:
    """What the key cache holds: a step's set, good or bad, from `fetched` until before `expires`."""

    step: Step
    good: bool
    expires: Instant


class _Course:
    """The course of one resolver's life, from date to date."""

    def __init__(
        self,
        timeline: Timeline,
        policy: ResolverPolicy,
        law: Law,
        anchors: tuple[str, ...],
        by_digest: bool,
        stop: Instant,
        jitter: Jitter,
    ) -> None:
        self.timeline, self.policy, self.stop, self.jitter = timeline, policy, stop, jitter
        self.book = Book(policy, law, anchors, by_digest, timeline.dnskey_ttl)
        self.running = False
        self.refresh_at: Instant = _FAR
        self.fetch_at: Instant = _FAR
        self.life_at: Instant = _FAR
        self.entry: _Entry | None = None
        self.times = self._shortest()
        self.draws = 0
        self.secure: list[tuple[Instant, bool]] = []

    def run(self, life: list[tuple[Instant, str]]) -> Prediction:
        """Go from date to date until the stop, and sum up."""
        now = life[0][0]
        while now < self.stop:
            while life and life[0][0] <= now:
                what = life.pop(0)[1]
                self.life_at = life[0][0] if life else _FAR
                self._live(what, now)
            if self.running and self.refresh_at <= now:
                self._refresh(now)
            if self.running and self.fetch_at <= now:
                self._fetch(now)
            if self.running:
                self._note(now)
            change = self.timeline.next_change(now)
            now = min(self.refresh_at, self.fetch_at, self.life_at) if self.running else self.life_at
            now = now if change is None else min(now, change)
        failures = [at for at, good in self.secure if not good]
        recovered = self.secure[-1][0] if failures and self.secure[-1][1] else None
        trusted = tuple(sorted(dict.fromkeys(self.book.trusted())))
        first = failures[0] if failures else None
        return Prediction(
            first, recovered, tuple(self.secure), self.book.valid_since, self.book.ended, trusted
        )

    def _live(self, what: str, now: Instant) -> None:
        """Begin, end, or begin again."""
        self.entry = None
        if what == "off":
            self.running, self.fetch_at = False, _FAR
            return
        self.running, self.fetch_at = True, now
        if what in ("first", "reset"):
            self.book.configure(now)
        else:
            self.book.load(now)
        schedule = self.policy.schedule
        if not self.book.opened:
            self.times = self._shortest()
        stored = what in ("on", "restart") and schedule.first_probe == "stored"
        if not schedule.probes or self.book.deleted:
            self.refresh_at = _FAR
        elif not stored or self.refresh_at == _FAR or self.refresh_at < now:
            self.refresh_at = now

    def _note(self, now: Instant) -> None:
        """Note whether a new name in the signed child is secure: its zone's key must be in the cached set."""
        good = self.entry is not None and self.entry.good and not self.book.deleted
        if good and self.entry is not None:
            signers, held = self.timeline.key_set(now).zone_signers, self.entry.step.keys
            plain = [name for name in held.published if name not in held.revoked]
            good = not signers or any(name in plain for name in signers)
        if not self.secure or self.secure[-1][1] is not good:
            self.secure.append((now, good))

    # -- refreshes -------------------------------------------------------------------------------------------

    def _refresh(self, now: Instant) -> None:
        """Refresh the DNSKEY RRset (RFC 5011 section 2.3), and plan the next time."""
        book, entry, schedule = self.book, self.entry, self.policy.schedule
        turns = book.turns
        book.remerge()
        cached = entry if entry is not None and entry.good and entry.expires > now else None
        step = self.timeline.step(now)
        if cached is not None and schedule.refresh_from_cache:
            step = cached.step
        book.attempt(now)
        result = book.look(step, now)
        delay = self._plan(result, step, now)
        if delay and book.turns == turns and not (schedule.jitter_tenths or schedule.clients_observe):
            until = self._until(now, step)
            if cached is not None:
                until = min(until, cached.expires)
            if self._delay(result, step, until) == delay:
                self.refresh_at = self._deadline(_before(now, delay, until), now)
        good, swap = result in ("ok", "miss"), self.policy.cache.swap
        if swap in ("flush", "replace") or (swap == "renew" and good):
            self._keep(step, now, good=good)

    def _plan(self, result: str, step: Step, now: Instant) -> Seconds | None:
        """Set the next refresh, and return the delay before any draw; None is never."""
        if result in ("ok", "miss"):
            self.times = self._intervals(step, now)
        delay = self._delay(result, step, now)
        if delay is None or self.book.deleted:
            self.refresh_at = _FAR
            return None
        wait, part = delay, delay * self.policy.schedule.jitter_tenths // 10
        if part:
            self.draws += 1
            wait = max(1, delay - part + self.jitter.draw(self.draws, part))
        self.refresh_at = self._deadline(now + wait, now)
        return delay

    def _deadline(self, planned: Instant, now: Instant) -> Instant:
        """Return when a planned refresh is really made: some resolvers look at the end of a hold-down."""
        ends = self.book.terms() if self.policy.schedule.deadline_probe else []
        return min([planned, *(end for end in ends if end > now)])

    def _delay(self, result: str, step: Step, now: Instant) -> Seconds | None:
        """Return what a result asks for: a word of the policy leads to another one, or to a duration."""
        schedule = self.policy.schedule
        rules = {"ok": schedule.after_ok, "miss": schedule.after_miss, "none": schedule.after_none}
        rules |= {"bogus": schedule.after_bogus, "lost": schedule.after_lost, "blind": schedule.after_blind}
        word = result
        while word in rules:
            word = rules[word]
        if word == "interval":
            return self._intervals(step, now)[0]
        return None if word == "never" else self.times[1] if word == "retry" else parse_duration(word)

    def _intervals(self, step: Step, now: Instant) -> tuple[Seconds, Seconds]:
        """Return queryInterval and retryTime (RFC 5011 section 2.3) for a step's set."""
        schedule, cap = self.policy.schedule, self.policy.cache.ttl_cap
        if schedule.fixed_interval is not None:
            return schedule.fixed_interval, schedule.fixed_interval
        base = self.timeline.dnskey_ttl
        if schedule.ttl_source == "stored":
            base = min([page.ttl or NO_TTL for page in self.book.pages], default=NO_TTL)
        elif schedule.ttl_source == "capped" and cap is not None:
            base = min(base, cap)
        left = step.expiration - now
        if schedule.expiry_source == "minimum":
            left = min(left, _LONGEST_EXPIRY) if left >= 0 else _LONGEST_EXPIRY
        if schedule.expiry_source != "none":
            base = min(base, max(0, left))
        interval = min(schedule.interval_cap, base // schedule.interval_divisor)
        retry = min(schedule.retry_cap, base // schedule.retry_divisor)
        return max(schedule.floor, interval), max(schedule.floor, retry)

    def _shortest(self) -> tuple[Seconds, Seconds]:
        """Return the intervals of a resolver that has not verified anything yet."""
        schedule = self.policy.schedule
        shortest = schedule.floor if schedule.fixed_interval is None else schedule.fixed_interval
        return shortest, shortest

    # -- clients ---------------------------------------------------------------------------------------------

    def _fetch(self, now: Instant) -> None:
        """Fetch the DNSKEY RRset for a client: what it shows may be for the book too."""
        book, schedule = self.book, self.policy.schedule
        step, turns = self.timeline.step(now), book.turns
        if schedule.clients_observe and not book.deleted:
            book.attempt(now)
            good = book.look(step, now) in ("ok", "miss")
            if good and schedule.probes:
                self._plan("ok", step, now)
        else:
            good = bool(book.vouchers(step, now))
        if book.deleted:
            self.fetch_at = self.refresh_at = _FAR
            return
        self._keep(step, now, good=good)
        again = self.fetch_at - now
        if book.turns == turns and not (good and schedule.clients_observe and schedule.probes):
            until = min(self._until(now, step), self.refresh_at)
            self.fetch_at = _before(now, again, min(until, step.expiration - again) if good else until)

    def _keep(self, step: Step, now: Instant, *, good: bool) -> None:
        """Put a set, or its failure, into the key cache.

        A good set stays for min(TTL, cap), at least the floor, and not beyond its signatures' expiration (RFC
        4035 section 5.3.3); one that may not be cached is fetched each second.
        """
        cache = self.policy.cache
        stay = cache.negative
        if good:
            stay = max(
                min([self.timeline.dnskey_ttl, *([] if cache.ttl_cap is None else [cache.ttl_cap])]),
                cache.ttl_floor,
            )
            left = step.expiration - now
            left += tolerance(step, self.policy.trust) if left <= 0 else 0
            stay = min(stay, max(1, left))
        self.entry = _Entry(step, good, now + stay)
        self.fetch_at = now + max(1, stay)

    def _until(self, now: Instant, step: Step) -> Instant:
        """Return up to when nothing changes by itself: the world, a date of a key, a signature's validity."""
        change = self.timeline.next_change(now)
        end = step.expiration + 1
        ahead = [end, end + tolerance(step, self.policy.trust), *self.book.dates()]
        ahead += [] if change is None else [change]
        return min([self.life_at, self.stop, *(at for at in ahead if at > now)])


def _before(now: Instant, delay: Seconds, until: Instant) -> Instant:
    """Return the last instant on the grid of `delay` before `until`, at least the first one."""
    return now + delay * max(1, (until - 1 - now) // delay)
