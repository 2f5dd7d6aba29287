"""What goes through a scenario: one face for embedded models and real daemons, and the models' side of it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final, Protocol

from ..authority.signer import ChildNames, ZoneAuthority
from ..clock import MINUTE, Instant, Seconds, format_instant
from ..dnssec.keys import DS, Key
from ..nameserver.responder import Responder
from ..nameserver.switchboard import Switch, Switchboard, in_time
from ..observation import Anchor, Observation, Outcome, Sentinel
from ..resolver.child import ChildView, view_children
from ..resolver.client import FAR, Held
from ..resolver.diagnose import cause_of, ede_of
from ..resolver.model import ResolverModel
from ..resolver.rfc5011 import TrustPoint
from ..resolver.sentinel import sentinel_answer
from ..resolver.validator import DnskeySet
from ..scenario.spec import (
    Action,
    Dark,
    Disturb,
    Off,
    Replay,
    Restart,
    SetAnchors,
    SetClock,
    SetStateWritable,
)

ANEW: Final[Seconds] = MINUTE
"""How often clients make a resolver that fails try again, where it is chance that decides."""


class Subject(Protocol):
    """One configuration in a run; the engine knows nothing else about it."""

    @property
    def name(self) -> str:
        """Return the name results are shown under."""

    @property
    def kind(self) -> str:
        """Return `model` or `daemon`."""

    @property
    def version(self) -> str:
        """Return the version of what it is or imitates."""

    def start(self, now: Instant) -> None:
        """Start for the first time."""

    def act(self, action: Action, now: Instant) -> None:
        """Undergo one scenario event."""

    def resume(self, now: Instant) -> None:
        """Start again after `Off`, with the state it had."""

    def world_changed(self) -> None:
        """Learn that the authority serves something else from now on."""

    def advance(self, begin: Instant, end: Instant, settled: Instant) -> None:
        """Live from `begin` up to, not including, `end`; the world outside stays as it is until `settled`."""

    def finish(self, now: Instant) -> None:
        """Tell the state it ends in."""

    def take(self) -> list[Observation]:
        """Return the observations since the last call, in order."""


AnchorsOf = Callable[[tuple[str, ...], str], tuple[Key | DS, ...]]
"""(key names, `ds` or `dnskey`) -> configured anchors."""


class ModelSubject:
    """Drive one resolver model against a responder, in memory, and see what its clients see."""

    kind = "model"

    def __init__(
        self,
        model: ResolverModel,
        responder: Responder,
        authority: ZoneAuthority | None,
        children: ChildNames | None,
        version: str,
        anchors_of: Callable[[tuple[str, ...]], tuple[Key | DS, ...]],
        tags: tuple[int, ...] = (),
        seed: int = 0,
    ) -> None:
        """Take the parts. `authority` and `children` are None where only the DNSKEY RRset exists.

        `tags` are the key tags that clients ask about by sentinel names. What the network does by chance is
        drawn from `seed` and the subject's name.
        """
        self.model, self.version, self._tags = model, version, tags
        self._responder, self._authority, self._children, self._anchors_of = (
            responder,
            authority,
            children,
            anchors_of,
        )
        self._dark_until: Instant = 0
        self._board = Switchboard(f"{seed}/{model.setup.name}/network")
        self._stale = True
        self._seen: tuple[object, ...] = ()
        self._view: ChildView | None = None
        self._view_of: DnskeySet | None = None
        self._recheck_at: Instant = FAR
        self._last: Outcome | None = None
        self._told: tuple[TrustPoint | None, bool, tuple[int, ...]] = (None, False, ())

    @property
    def name(self) -> str:
        """Return the name results are shown under."""
        return self.model.setup.name

    def exchange(self, query: bytes, now: Instant, tcp: bool) -> bytes | None:
        """Carry a query to the authority, unless the root is out of reach or an attacker answers instead."""
        if now < self._dark_until:
            return None
        found = self._board.answer(
            self._responder, query, now, tcp, client=self.name, letter=self._board.some_letter()
        )
        return in_time(found)

    # -- life ------------------------------------------------------------------------------------------------

    def start(self, now: Instant) -> None:
        """Start for the first time."""
        self.model.start(now)

    def resume(self, now: Instant) -> None:
        """Start again with the state it had; a resolver that ended by itself stays down."""
        if not self.model.ended and not self.model.running:
            self.model.start(now)
            self._stale = True

    def act(self, action: Action, now: Instant) -> None:
        """Undergo one scenario event."""
        model = self.model
        if isinstance(action, Restart):
            self._restart(now, action)
        elif isinstance(action, Off):
            if model.running:
                model.stop(now)
                self._seen, self._last = (), None
        elif isinstance(action, SetClock):
            model.set_clock(action.offset, now)
        elif isinstance(action, SetAnchors):
            model.set_anchors(self._anchors_of(action.keys), now, at_once=action.apply == "now")
        elif isinstance(action, SetStateWritable):
            model.writable = action.writable
        elif isinstance(action, Dark):
            self._dark_until = max(self._dark_until, action.until)
        else:
            switch_on(self._board, action, now)
        self.world_changed()

    def _restart(self, now: Instant, action: Restart) -> None:
        """Stop and start at once; that also brings back a resolver that ended by itself."""
        model = self.model
        if model.running:
            model.stop(now, "killed" if action.kill else "restart", kill=action.kill)
        model.start(now, keep=action.keep_state)

    def world_changed(self) -> None:
        """Learn that the authority serves something else, so that clients may see something else."""
        self._stale = True

    def advance(self, begin: Instant, end: Instant, settled: Instant) -> None:
        """Live from `begin` up to `end`: run every timer in its second, and look as a client would."""
        now, model = begin, self.model
        while True:
            due = model.next_timer()
            while due is not None and due <= now:
                steady = min(settled, now + ANEW) if self._board.by_chance(now) else settled
                model.advance(now, self.exchange, steady)
                after = model.next_timer()
                assert after is None or after > now, f"{self.name}: a timer that does not advance at {now}"
                due = after
            self._look(now)
            self._sentinel(now)
            nearest = min(FAR if due is None else due, self._recheck_at)
            if nearest >= end:
                return
            now = max(nearest, now + 1)

    # -- what clients see ------------------------------------------------------------------------------------

    def _look(self, now: Instant) -> None:
        """Observe what a client sees, if anything it depends on has changed."""
        model = self.model
        if not model.running and not model.ended:
            self._recheck_at = FAR
            return
        if now >= self._recheck_at:
            self._stale = True
        seen = (model.running, model.held, model.point.deleted)
        if not self._stale and self._seen and all(a is b for a, b in zip(seen, self._seen, strict=True)):
            return
        if self._stale:
            self._view_of, self._recheck_at = None, FAR
        self._seen, self._stale = seen, False
        outcome = self._outcome(now)
        last = self._last
        if last is None or (last.outcome, last.unsigned, last.cause) != (
            outcome.outcome,
            outcome.unsigned,
            outcome.cause,
        ):
            self._last = outcome
            model.out.append(outcome)

    def _sentinel(self, now: Instant) -> None:
        """Ask every sentinel name (RFC 8509), if who is trusted or what clients see has changed.

        Only a validated answer is a sentinel's, so of a subject that is not secure nothing is told.
        """
        model = self.model
        secure = self._last is not None and self._last.outcome == "secure"
        point, was_secure, told = self._told
        if model.point is point and secure is was_secure:
            return
        support = model.policy.signals.sentinel
        tags = told
        if secure and support != "no" and self._tags:
            names = ((tag, f"root-key-sentinel-is-ta-{tag:05d}") for tag in self._tags)
            tags = tuple(t for t, name in names if sentinel_answer(name, model.point, support) == "original")
            if tags != told or point is None:
                model.out.append(Sentinel(now, self.name, tags))
        self._told = (model.point, secure, tags)

    def _outcome(self, now: Instant) -> Outcome:
        model = self.model
        name, held = self.name, model.held
        if not model.running:
            return Outcome(now, name, "down", "down", self._cause_of_end(), None, model.ended)
        if model.point.deleted:
            return Outcome(now, name, "insecure", "insecure", "all-anchors-revoked", None, "")
        if held is None or not held.good:
            return self._failing(now, held)
        if self._children is None:
            return Outcome(now, name, "secure", "insecure", "", None, "")
        view = self._children_seen(now, held)
        if view is None or (view.signed == "secure" and view.unsigned == "insecure"):
            return Outcome(now, name, "secure", "insecure", "", None, "")
        cause = "clock-skew" if model.offset else "zsk-missing" if view.zsk_missing else "bad-signature"
        if model.policy.trust.on_bogus == "pass":
            return Outcome(now, name, "unvalidated", "unvalidated", cause, None, "")
        return Outcome(now, name, view.signed, view.unsigned, cause, ede_of(cause), "")

    def _cause_of_end(self) -> str:
        """Return why the resolver ended by itself; that stays the cause, whatever changes after it."""
        model, last = self.model, self._last
        if last is not None and last.outcome == "down" and last.detail == model.ended:
            return last.cause
        return "crashed" if model.writable else "state-unwritable"

    def _failing(self, now: Instant, held: Held | None) -> Outcome:
        model = self.model
        cause = cause_of(
            held, model.point, model.policy, now + model.offset,
            skewed=model.offset != 0, resets=model.resets, stuck=model.stuck,
        )  # fmt: skip
        passes = model.policy.trust.on_bogus == "pass" and held is not None and held.dnskeys is not None
        outcome = "unvalidated" if passes else "bogus"
        return Outcome(now, self.name, outcome, outcome, cause, None if passes else ede_of(cause), "")

    def _children_seen(self, now: Instant, held: Held) -> ChildView | None:
        """Look at both children through the keys that clients hold.

        While nothing outside changes, the same keys show the same. Out of reach of the root, what a resolver
        has of the children in its cache is taken to be good.
        """
        model = self.model
        assert held.dnskeys is not None
        assert self._children is not None
        if self._view_of is held.dnskeys:
            return self._view
        view = view_children(
            held.dnskeys,
            self._children,
            self.exchange,
            now,
            model.offset,
            model.setup.path,
            model.policy.trust,
        )
        self._view, self._view_of = view, held.dnskeys
        if view is None:
            return None
        if model.offset and self._authority is not None:
            self._recheck_at = max(now + 1, min(view.until, self._authority.edition(now).until))
        return view

    # -- the end ---------------------------------------------------------------------------------------------

    def finish(self, now: Instant) -> None:
        """Tell the state of every key, by the resolver's own clock."""
        model = self.model
        for cell in (*model.point.cells, *model.point.residue):
            model.out.append(
                Anchor(
                    now,
                    self.name,
                    model.setup.label(cell.anchor),
                    cell.anchor.key_tag,
                    cell.state.value,
                    cell.since,
                )
            )

    def take(self) -> list[Observation]:
        """Return the observations since the last call, in order."""
        return self.model.take()


def switch_on(board: Switchboard, action: Action, now: Instant) -> None:
    """Let a replay, a fault or an impairment begin; of a kind the last for the same letters counts."""
    if isinstance(action, Replay):
        board.on(Switch("replay", format_instant(action.of)), now, action.until)
    else:
        assert isinstance(action, Disturb), f"an action nobody knows: {action}"
        board.on(Switch(action.name, action.argument, action.letters), now, action.until)
