"""When a resolver without the new key begins to fail, and how often it asks the root while it does.

The same questions for models and for real resolvers: two names at a time that nobody asked for before, one in
the signed and one in the unsigned child; every half hour until the first failure is seen and for a day from
then on, then every 7.5 seconds for an hour. That is done twice, by resolvers started in a morning and in an
evening, for caches and refreshes count from the start. Counted are DNSKEY queries that reach the root, be it
for clients or to refresh.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Final, Protocol

from ..authority.keyring import KeyRing
from ..authority.signer import ZoneSigner
from ..authority.timeline import Timeline
from ..clock import DAY, HOUR, Instant, Seconds, format_duration
from ..dnssec.names import ROOT
from ..errors import ScenarioError
from ..nameserver.responder import Responder
from ..resolver.asked import AskedModel
from ..resolver.model import Setup
from ..resolver.policy import ResolverPolicy
from ..resolver.refresh import Jitter
from ..scenario.spec import Scenario, SubjectSpec
from .cast import DAEMON, Labels, profile_of

MORNING, EVENING = 7 * HOUR + 18 * 60, 19 * HOUR + 6 * 60
"""Times of the day in seconds at which a resolver is started."""
AHEAD: Final[Seconds] = 7 * DAY
"""It is started so long before the day of the roll."""
NEAR: Final[Seconds] = 2 * DAY
SELDOM: Final = 4
"""Until so long before the roll there are so many times fewer looks."""
PATIENCE: Final[Seconds] = 4 * DAY
"""After the roll it has so long to fail: twice the TTL of the root's DNSKEY RRset."""
SLOW, FAST = 48, 480
"""Looks in a day, and in an hour; a look is a question in each child."""
AT_A_LOOK: Final = 2

CLASSES: Final[tuple[tuple[float, str], ...]] = (
    (0.01, "hardly ever"),
    (0.5, "less than questions"),
    (2.0, "about as questions"),
    (float("inf"), "more than questions"),
)
"""Classes of the rate of queries to questions: what each is below, and its name."""


class Asked(Protocol):
    """A resolver that is asked when we want it to be: a model or a real one."""

    @property
    def sent(self) -> Sequence[Instant]:
        """Return when it has sent its DNSKEY queries so far, ascending."""

    def start(self, now: Instant) -> None:
        """Start for the first time."""

    def look(self, now: Instant) -> bool:
        """Live until `now`, be asked for two new names, and return whether both were answered."""


@dataclass(frozen=True, slots=True)
class Onset:
    """What was seen from one start on: instants, and DNSKEY queries in the day and in the hour of failing.

    `fetched` is when it last asked for the keys before the roll, `failed` the first look that failed, None
    if none did.
    """

    started: Instant
    roll: Instant
    fetched: Instant
    failed: Instant | None
    in_a_day: int = 0
    in_an_hour: int = 0

    @property
    def rate(self) -> float:
        """Return the DNSKEY queries for each of the 960 questions of the hour."""
        return self.in_an_hour / (FAST * AT_A_LOOK)

    @property
    def rate_class(self) -> str:
        """Return the class of the rate."""
        return next(name for below, name in CLASSES if self.rate < below)


@dataclass(frozen=True, slots=True)
class Row:
    """One resolver of the table, `model` or `daemon`: why it does as it does, and what both starts showed."""

    name: str
    kind: str
    version: str
    why: str
    onsets: tuple[Onset, ...]


def measure(asked: Asked, start: Instant, roll: Instant) -> Onset:
    """Ask a resolver from its start on until it fails, then for a day, then for an hour."""
    asked.start(start)
    at = start
    while asked.look(at):
        at += DAY // SLOW * (1 if at >= roll - NEAR else SELDOM)
        if at > roll + PATIENCE:
            return Onset(start, roll, _last(asked.sent, roll), None)
    for number in range(1, SLOW):
        asked.look(at + number * DAY // SLOW)
    begin = at + DAY
    for number in range(FAST):
        asked.look(begin + number * HOUR // FAST)
    day = sum(at <= sent < begin for sent in asked.sent)
    hour = sum(begin <= sent < begin + HOUR for sent in asked.sent)
    return Onset(start, roll, _last(asked.sent, roll), at, day, hour)


def _last(sent: Sequence[Instant], roll: Instant) -> Instant:
    return max(at for at in sent if at < roll)


def starts_of(scenario: Scenario) -> tuple[Instant, tuple[Instant, Instant]]:
    """Return the instant of a scenario's roll, and both starts. Raises ScenarioError if nothing is rolled."""
    roll = _roll(scenario.timeline, scenario.anchors_default)
    if roll is None:
        raise ScenarioError(
            "no key of the start ceases to sign", place=scenario.path, remedy="choose a scenario with a roll"
        )
    day = roll - roll % DAY - AHEAD
    starts = (day + MORNING, day + EVENING)
    if starts[0] < scenario.timeline.steps[0].at:
        raise ScenarioError(
            "its zone begins too late", place=scenario.path,
            remedy=f"choose one that begins {format_duration(AHEAD)} before its roll",
        )  # fmt: skip
    return roll, starts


def _roll(timeline: Timeline, anchors: Sequence[str]) -> Instant | None:
    """Return when the DNSKEY RRset is signed by none of the anchors for the first time."""
    changes = (step.at for step in timeline.steps if not set(step.keys.trusted_signers) & set(anchors))
    return next(changes, None)


def as_asked(scenario: Scenario, name: str, start: Instant) -> Scenario:
    """Return a scenario whose only subject is a preset or a daemon with the old key, from its start on."""
    spec = SubjectSpec(name, name, scenario.anchors_default, start)
    return replace(scenario, subjects=(spec,), events=(), expectations=(), start=start)


class _Model:
    """A preset of the models, asked."""

    def __init__(self, scenario: Scenario, policy: ResolverPolicy, seed: int) -> None:
        """Take a preset's policy; it is anchored in the DS of the key that signs at first."""
        ring = KeyRing(scenario.key_files)
        responder = Responder(ZoneSigner(scenario.timeline, ring, watermark=scenario.name))
        keys = {name: ring.key(name) for name in scenario.key_names}
        anchors = tuple(ring.key(name).ds(ROOT) for name in scenario.anchors_default)
        setup = Setup("asked", ROOT, anchors, Jitter(seed, "asked/refresh"), Labels(keys))
        self._model = AskedModel(policy, setup, responder.answer)

    @property
    def sent(self) -> Sequence[Instant]:
        return self._model.sent

    def start(self, now: Instant) -> None:
        self._model.start(now)

    def look(self, now: Instant) -> bool:
        self._model.live(now)
        answered = [self._model.ask(now) for _ in range(AT_A_LOOK)]
        return all(answered)


def onset_of_model(scenario: Scenario, name: str, *, seed: int = 0) -> Row:
    """Return the row of a preset. Raises ScenarioError if there is none of that name, or no roll."""
    assert not name.startswith(DAEMON)
    profile = profile_of(name)
    roll, starts = starts_of(scenario)
    onsets = tuple(measure(_Model(scenario, profile.policy, seed), start, roll) for start in starts)
    return Row(name, "model", profile.version, why_of(profile.policy), onsets)


def why_of(policy: ResolverPolicy) -> str:
    """Say in a line what of a policy decides when a resolver fails and how often it asks."""
    cache = policy.cache
    cap = "for its TTL" if cache.ttl_cap is None else f"for {format_duration(cache.ttl_cap)} at most"
    renewed = ", and anew at each refresh" if cache.swap != "bypass" and policy.schedule.probes else ""
    queries = "one query" if cache.burst == 1 else f"{cache.burst} queries"
    forgets = f"once in {format_duration(cache.negative)}" if cache.negative else "at every question"
    return f"keeps the keys {cap}{renewed}; while failing, {queries} {forgets}"
