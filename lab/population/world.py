"""The authority as a fleet sees it: epochs, in each of which the DNSKEY RRset means the same to everyone.

A timeline has a version of the DNSKEY RRset for each slot, ten days apart; most differ in their signatures
alone. An epoch runs until the next version that some resolver could tell apart: other entry points, or
another signer. What the engine cannot foretell from epochs alone is refused: signatures that end while they
are served, and zone keys that cached sets lack.
"""

from __future__ import annotations

from bisect import bisect_right
from dataclasses import dataclass

from ..authority.keyring import KeyRing
from ..authority.signer import ZoneSigner
from ..authority.timeline import KeySet, Step, Timeline
from ..clock import DAY, Instant, Seconds
from ..errors import ScenarioError
from ..nameserver.responder import Responder
from ..scenario.spec import Scenario

LONGEST_TTL: Seconds = 15 * DAY
"""With a longer TTL the expiration of signatures would shape refresh intervals (Unbound's `min_expiry`)."""
_STAGED: Instant = 4 * 10**9 - 2**30
_VALID: Seconds = 2**29


@dataclass(frozen=True, slots=True)
class Epoch:
    """One epoch: from `at` on, `keys` are what is published; `kind` numbers what it means to entry points."""

    at: Instant
    keys: KeySet
    kind: int


@dataclass(frozen=True, slots=True)
class World:
    """What a fleet lives in: a span of time, epochs, and the names of all entry points.

    `margin` is how long, at least, signatures are valid after they cease to be served.
    """

    start: Instant
    stop: Instant
    dnskey_ttl: Seconds
    margin: Seconds
    epochs: tuple[Epoch, ...]
    kinds: tuple[KeySet, ...]
    keys: tuple[str, ...]

    def epoch_at(self, now: Instant) -> int:
        """Return the number of the epoch in force; the first one before its beginning, too."""
        return max(0, bisect_right([epoch.at for epoch in self.epochs], now) - 1)


def world_of(scenario: Scenario, extra_keys: tuple[str, ...] = ()) -> World:
    """Return the world of a scenario. Raises ScenarioError for a timeline the engine cannot foretell."""
    timeline = scenario.timeline
    steps = _served(timeline, scenario.start, scenario.stop)
    margin = _check_signatures(scenario, steps)
    _check_zone_keys(scenario, steps)
    kinds: dict[tuple[tuple[str, ...], ...], tuple[int, KeySet]] = {}
    epochs: list[Epoch] = []
    for step in steps:
        keys = step.keys
        meaning = (keys.ksks, keys.revoked, keys.dnskey_signers)
        kind = kinds.setdefault(meaning, (len(kinds), keys))[0]
        if not epochs or epochs[-1].kind != kind:
            epochs.append(Epoch(max(step.at, scenario.start), keys, kind))
    names = [name for step in steps for name in step.keys.ksks] + list(extra_keys)
    return World(
        scenario.start, scenario.stop, timeline.dnskey_ttl, margin, tuple(epochs),
        tuple(keys for _, keys in kinds.values()), tuple(dict.fromkeys(names)),
    )  # fmt: skip


def _served(timeline: Timeline, start: Instant, stop: Instant) -> tuple[Step, ...]:
    """Return the steps in force between two instants."""
    first = timeline.step(start).at
    return tuple(step for step in timeline.steps if first <= step.at < stop)


def _check_signatures(scenario: Scenario, steps: tuple[Step, ...]) -> Seconds:
    """Refuse signatures that end so soon that they shape intervals or the life of what is cached.

    Return how long they are valid after they are served, at least.
    """
    ttl = scenario.timeline.dnskey_ttl
    if not 0 < ttl <= LONGEST_TTL:
        raise ScenarioError(
            f"the DNSKEY TTL is {ttl} seconds", place=scenario.path,
            remedy="a fleet needs one of at least a second and at most 15 days",
        )  # fmt: skip
    ends = [step.at for step in steps[1:]] + [scenario.stop]
    for step, end in zip(steps, ends, strict=True):
        if end > step.expiration - ttl:
            raise ScenarioError(
                "its signatures end while they are served, or less than a TTL after",
                place=f"{scenario.path}: {step.place()}",
                remedy="a fleet is not played through expiring signatures; stop earlier, or `rootlab run` it",
            )
    return min(step.expiration - end for step, end in zip(steps, ends, strict=True))


def _check_zone_keys(scenario: Scenario, steps: tuple[Step, ...]) -> None:
    """Refuse a zone key that signs while sets without it may be cached: failures would not be the roll's."""
    ttl = scenario.timeline.dnskey_ttl
    for number, step in enumerate(steps):
        plain = [name for name in step.keys.published if name not in step.keys.revoked]
        end = steps[number + 1].at if number + 1 < len(steps) else scenario.stop
        for later in steps[number:]:
            if later.at > end + ttl:
                break
            signers = later.keys.zone_signers
            if signers and not any(name in plain for name in signers):
                raise ScenarioError(
                    f"{', '.join(signers)} signs the zone while caches may hold a set without it",
                    place=f"{scenario.path}: {later.place()}",
                    remedy="publish zone keys a TTL before they sign, or `rootlab run` it",
                )


class Stage:
    """Answers for models under study: each kind of DNSKEY RRset on demand, validly signed at any time."""

    def __init__(self, world: World, scenario: Scenario) -> None:
        """Sign nothing yet."""
        steps = tuple(
            Step(_STAGED + number, keys, _STAGED - _VALID, _STAGED + _VALID)
            for number, keys in enumerate(world.kinds)
        )
        self.keyring = KeyRing(scenario.key_files)
        authority = ZoneSigner(Timeline(steps, world.dnskey_ttl), self.keyring, watermark=scenario.name)
        self._responder = Responder(authority)
        self.now: Instant = _STAGED
        self.shown = 0

    def exchange(self, query: bytes, now: Instant, tcp: bool) -> bytes | None:
        """Answer with the kind that is shown, whatever the time."""
        return self._responder.answer(query, _STAGED + self.shown, tcp)
