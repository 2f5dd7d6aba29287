"""The adversary: every way in which a zone's owner, a network, a clock and an operator can go wrong.

Rolls done wrong, forged answers, replays, outages, restarts with and without the state, clocks set wrong; all
presets see the same. Hypothesis chooses the steps; `ledger` says what must not come of them.
"""

from __future__ import annotations

from collections.abc import Iterable

from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, precondition, rule

from lab.clock import DAY, HOUR, Seconds
from lab.resolver.profiles import MODELS

from .fleet import Fleet, Subject
from .ledger import Served

KEYS = st.integers(1, 4)
FORGERS = st.integers(8, 9)
SHORT: st.SearchStrategy[Seconds] = st.sampled_from((1, HOUR, 12 * HOUR, DAY, 2 * DAY, 3 * DAY))
LONG: st.SearchStrategy[Seconds] = st.sampled_from((5 * DAY, 11 * DAY))
OFF: st.SearchStrategy[Seconds] = st.sampled_from(
    (0, HOUR, DAY, 15 * DAY, 29 * DAY, 30 * DAY - 1, 30 * DAY, 30 * DAY + 1, 31 * DAY, 91 * DAY, 367 * DAY)
)


class Adversary(RuleBasedStateMachine):
    """A zone whose owner errs, a network that lies, and resolvers of every preset."""

    def subjects(self, configured: tuple[int, ...], form: str) -> Iterable[Subject]:
        """Return the resolvers to try."""
        return (Subject(name, profile.policy, configured, form) for name, profile in MODELS.items())

    @initialize(both=st.booleans(), form=st.sampled_from(("ds", "dnskey")))
    def begin(self, both: bool, form: str) -> None:
        """Start in a zone that one of the anchors signs."""
        self.fleet = Fleet(self.subjects((1, 2) if both else (1,), form))
        self.fleet.wait(HOUR)

    @rule(
        number=KEYS,
        alone=st.booleans(),
        gap=st.booleans(),
        off=st.sampled_from((27 * DAY, 28 * DAY, 29 * DAY)),
    )
    def roll_to(self, number: int, alone: bool, gap: bool, off: Seconds) -> None:
        """Publish a key for about 30 days, perhaps with a gap, and let it sign, perhaps alone."""
        self.publish(number, DAY)
        if gap:
            self.withdraw(number, DAY)
            self.publish(number, HOUR)
        self.fleet.wait(DAY)
        self.restart(off, files=False)
        self.fleet.by = [number] if alone else sorted({*self.fleet.by, number})
        self.fleet.wait(DAY)

    @rule(number=KEYS, length=SHORT)
    def publish(self, number: int, length: Seconds) -> None:
        """Publish a key, or publish one again without REVOKE."""
        fleet = self.fleet
        fleet.flagged = [one for one in fleet.flagged if one != number]
        fleet.by = [one for one in fleet.by if one != -number]
        fleet.plain = sorted({*fleet.plain, number})
        fleet.wait(length)

    @rule(number=KEYS, length=SHORT)
    def withdraw(self, number: int, length: Seconds) -> None:
        """Withdraw a key; it may go on signing."""
        fleet = self.fleet
        fleet.plain = [one for one in fleet.plain if one != number]
        fleet.flagged = [one for one in fleet.flagged if one != number]
        fleet.wait(length)

    @rule(number=KEYS, signs=st.booleans(), length=SHORT)
    def revoke(self, number: int, signs: bool, length: Seconds) -> None:
        """Publish a key with REVOKE, with its own signature or without."""
        fleet = self.fleet
        fleet.plain = [one for one in fleet.plain if one != number]
        fleet.flagged = sorted({*fleet.flagged, number})
        fleet.by = [one for one in fleet.by if abs(one) != number] + [-number] * signs
        fleet.wait(length)

    @rule(number=KEYS, length=SHORT)
    def sign(self, number: int, length: Seconds) -> None:
        """Let a key sign if it did not, published or not, and cease to if it did."""
        fleet = self.fleet
        fleet.by = sorted({*fleet.by} ^ {number})
        fleet.wait(length)

    @rule(length=SHORT | LONG)
    def wait(self, length: Seconds) -> None:
        """Let time pass."""
        self.fleet.wait(length)

    @rule(ttl=st.sampled_from((HOUR, 2 * DAY, 40 * DAY)))
    def set_ttl(self, ttl: Seconds) -> None:
        """Serve the set with another TTL."""
        self.fleet.ttl = ttl

    @rule(forger=FORGERS, plain=st.frozensets(KEYS), flagged=st.frozensets(KEYS), length=SHORT)
    def forge(self, forger: int, plain: frozenset[int], flagged: frozenset[int], length: Seconds) -> None:
        """Serve a set that strangers made: any keys with any bits, signed by theirs and badly by others."""
        begin, end = self.fleet.served(self.fleet.now).window
        broken = tuple(sorted(plain))
        forged = Served(
            (*broken, forger), tuple(sorted(flagged - plain)), (forger,), (begin, end), DAY, broken
        )
        self.fleet.during(length, forged)

    @rule(length=SHORT | LONG)
    def outage(self, length: Seconds) -> None:
        """Answer nothing."""
        self.fleet.during(length, None)

    @precondition(lambda self: self.fleet.history)
    @rule(data=st.data(), length=SHORT | LONG)
    def replay(self, data: st.DataObject, length: Seconds) -> None:
        """Serve a set of the past, its signatures still valid or not."""
        self.fleet.during(length, data.draw(st.sampled_from(self.fleet.history)))

    @rule(number=KEYS, off=st.sampled_from((0, 31 * DAY, 121 * DAY)), back=st.booleans())
    def bury(self, number: int, off: Seconds, back: bool) -> None:
        """Revoke a key as it should be, wait until it may be forgotten, and perhaps roll to it again."""
        self.fleet.by = sorted({*self.fleet.by, *[one for one in self.fleet.plain if one != number][:1]})
        self.revoke(number, signs=True, length=DAY)
        self.withdraw(number, DAY)
        self.restart(off, files=False)
        self.fleet.wait(DAY)
        if back:
            self.roll_to(number, alone=False, gap=False, off=29 * DAY)

    @rule(off=OFF, files=st.booleans())
    def restart(self, off: Seconds, files: bool) -> None:
        """Restart all resolvers with their state, perhaps through their state files."""
        self.fleet.restart(keep=True, off=off, files=files)
        self.fleet.wait(HOUR)

    @rule(off=st.sampled_from((0, DAY)))
    def reset(self, off: Seconds) -> None:
        """Restart all resolvers without their state."""
        self.fleet.restart(keep=False, off=off)
        self.fleet.wait(HOUR)

    @rule(offset=st.sampled_from((0, HOUR, -HOUR, 3 * DAY, -3 * DAY, 31 * DAY, -31 * DAY)), length=SHORT)
    def step_clocks(self, offset: Seconds, length: Seconds) -> None:
        """Set all clocks wrong, or right again."""
        self.fleet.set_clocks(offset)
        self.fleet.wait(length)
