"""One real resolver as the engine sees it: it undergoes what a model does, and yields what a model does.

Its stage moves time for all daemons of a run together and says when to look; what is seen between two looks
is stamped by what the daemon itself says of when it happened, else by the look.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Final

from ..authority.signer import ZoneAuthority
from ..clock import Instant, Seconds
from ..dnssec.codec import parse_message
from ..dnssec.names import ROOT
from ..dnssec.rrtypes import DNSKEY
from ..errors import DriverError, StateFileError
from ..nameserver.switchboard import Switchboard, in_time
from ..observation import (
    Anchor,
    Looked,
    NoEvidence,
    Observation,
    Outcome,
    Sentinel,
    Signal,
    Started,
    Stopped,
)
from ..resolver.diagnose import ede_of
from ..run.cast import World
from ..run.subject import switch_on
from ..scenario.spec import (
    Action,
    Dark,
    Off,
    Restart,
    SetAnchors,
    SetClock,
    SetStateWritable,
    SubjectSpec,
)
from . import client as clients
from .blame import Circumstances, cause_of
from .casting import clock_of
from .driver import MKEYTIMERS, Driver, Setting
from .trust import Trust

if TYPE_CHECKING:
    from .stage import Stage

TRUNCATED: Final = 0x02
"""In the third octet of a header: the rest is to be had over TCP (RFC 1035 section 4.1.1)."""
SIGNAL: Final = b"_ta-"
"""How an RFC 8145 key tag query's name begins (section 5.1)."""

_NEVER: Final = object()
"""The stamp of a daemon that was not read yet."""


class DaemonSubject:
    """Drive one daemon of a stage."""

    kind = "daemon"

    def __init__(self, spec: SubjectSpec, world: World, driver: Driver, stage: Stage, number: int) -> None:
        """Take the parts; nothing is started yet."""
        self.spec, self.world, self.driver, self.stage, self.number = spec, world, driver, stage, number
        self.name, self.version = spec.name, stage.version_of(driver)
        self.anchors, self.clock = spec.anchors, clock_of(spec, driver)
        self.trust = Trust(world.labels, spec.name)
        self.seat = stage.seat(number, spec, driver)
        self.dark_until: Instant = 0
        self._board = Switchboard(f"{world.seed}/{spec.name}/network")
        self.due: tuple[Instant, ...] = ()
        """When it may refresh its keys next, in true time."""
        self.queries = 0
        """How many DNSKEY queries it has sent so far."""
        self._writable, self._resets, self._offset = spec.state_writable, 0, spec.clock_offset
        self._out: list[Observation] = []
        self._last: Outcome | None = None
        self._looked: Instant | None = None
        self._signals: list[str] = []
        self._told_signal = ""
        self._seen_at: Instant | None = None
        self._asked_at: Instant | None = None
        self._read: tuple[object, object] = _NEVER, None
        self._told_tags: tuple[int, ...] | None = None
        self.withheld = False
        """Whether the lab kept something from it since it last answered: its silence is a failure then."""
        self._blind = self._ended = ""

    # -- what the engine asks for --------------------------------------------------------------------------

    def start(self, now: Instant) -> None:
        """Start for the first time."""
        self._launch(now, "first", fresh=True)

    def act(self, action: Action, now: Instant) -> None:
        """Undergo one scenario event."""
        self.stage.reach(now)
        if isinstance(action, Restart):
            self._stop(now, "kill" if action.kill else "restart")
            self._resets += not action.keep_state
            self._launch(now, "restart" if action.keep_state else "reset", fresh=not action.keep_state)
        elif isinstance(action, Off):
            self._stop(now, "off")
        elif isinstance(action, SetClock):
            self._offset = action.offset
            self.seat.skew(self._ahead)
        elif isinstance(action, SetAnchors):
            self._set_anchors(action, now)
        elif isinstance(action, SetStateWritable):
            self._writable = action.writable
            self.seat.set_writable(action.writable)
        elif isinstance(action, Dark):
            self.dark_until = max(self.dark_until, action.until)
        else:
            switch_on(self._board, action, now)

    def resume(self, now: Instant) -> None:
        """Start again with the state it had; a daemon that ended by itself stays down."""
        if not self._ended and not self.seat.running:
            self._launch(now, "restart", fresh=False)

    def world_changed(self) -> None:
        """Learn that the authority serves something else: a look finds out."""

    def advance(self, begin: Instant, end: Instant, settled: Instant) -> None:
        """Live from `begin` up to `end`, together with the other daemons of the stage."""
        self.stage.advance(begin, end)

    def finish(self, now: Instant) -> None:
        """Tell the state of every key, and end."""
        self._out += [Anchor(now, self.name, *told) for told in self.trust.final()]
        self.seat.stop()

    def take(self) -> list[Observation]:
        """Return the observations since the last call, in order."""
        out, self._out = self._out, []
        return out

    # -- life ------------------------------------------------------------------------------------------------

    def setting(self) -> Setting:
        """Return how it is to run now."""
        anchors = self.world.anchors(self.anchors, self.spec.anchor_format)
        setting = self.seat.setting(anchors, self.spec)
        return replace(setting, mkeytimers=MKEYTIMERS) if self.clock == "mkeytimers" else setting

    @property
    def _ahead(self) -> Seconds:
        """Return how far its date is ahead of the scenario's."""
        return self._offset + self.stage.lag

    def _launch(self, now: Instant, how: str, *, fresh: bool) -> None:
        self.stage.reach(now)
        self.seat.skew(self._ahead)
        setting = self.setting()
        self._ended = ""
        self._read, self._asked_at, self.due = (_NEVER, None), None, ()
        if fresh:
            self.trust.reset([(anchor, now) for anchor in setting.anchors])
        else:
            self.trust.unchanged(now)  # whatever it says, nothing has become of a key while it was off
        self._out.append(Started(now, self.name, how))
        self._last, self._looked = None, None
        if self._blind or self._refuse(now, self.stage.refusal(self.clock)):
            return
        self.seat.start(setting, fresh=fresh, writable=self._writable)
        self.stage.await_ready(self)
        if self.seat.running and self._refuse(now, self.seat.canary()):
            self.seat.stop()

    def _refuse(self, now: Instant, reason: str) -> bool:
        """Show nothing from now on, if there is a reason for it; tell whether there is."""
        if reason:
            self._blind = reason
            self._out.append(NoEvidence(now, self.name, reason))
        return bool(reason)

    def wake(self) -> None:
        """Run again after a jump that its clock could not show it: no restart that anybody is told of."""
        self.seat.start(self.setting(), fresh=False, writable=self._writable)
        self.stage.await_ready(self)

    def _stop(self, now: Instant, how: str) -> None:
        if self.seat.running:
            self.see_trust(now)
            if how == "kill":
                self.seat.kill()
            else:
                self.seat.stop()
            if how == "off":
                self._out.append(Stopped(now, self.name, how, ""))
                self._last = None

    def _set_anchors(self, action: SetAnchors, now: Instant) -> None:
        """Give it other anchors: live if there is a way, else by a restart, or whenever it starts next."""
        self.anchors = action.keys
        setting = self.setting()
        self.seat.write(setting, seeds=False)
        if action.apply == "now" and self.seat.running:
            if not self.driver.set_anchors(setting, self.seat.tool):
                self._stop(now, "restart")
                self.seat.write(setting, seeds=True)
                self._launch(now, "restart", fresh=False)
            self._read = _NEVER, self._asked_at
            self.see_trust(now)

    # -- the wire --------------------------------------------------------------------------------------------

    def serve(self, wire: bytes, now: Instant, root: bool, tcp: bool, letter: str) -> bytes | None:
        """Answer a query of this daemon as its network lets it; called by the listener's threads.

        `letter` is the root server it asks, "" for who asks none in particular.
        """
        if (root and now < self.dark_until) or (tcp and not self.spec.tcp):
            self.withheld = True
            return None
        if root and (question := parse_question(wire)) is not None:
            owner, qtype = question
            if qtype == DNSKEY and owner == ROOT:
                self.queries += 1
                self._asked_at = now
            elif owner[1:5].lower() == SIGNAL:
                self._signals.append(owner[1 : 1 + owner[0]].decode("ascii", "replace").lower())
        server = self.stage.server(root, forwarded=self.driver.forwards)
        asked = letter or self._board.some_letter()
        found = self._board.answer(server, wire, now, tcp, client=self.name, letter=asked)
        response = in_time(found)
        self.withheld |= response is None
        above = self.spec.drop_above
        if response is not None and above and not tcp and len(response) > above:
            self.withheld = True
            return None
        if response is not None and not tcp and not self.spec.tcp and response[2] & TRUNCATED:
            self.withheld = True
        return response

    # -- what is seen ----------------------------------------------------------------------------------------

    def look(self, now: Instant) -> None:
        """Ask as clients do; what comes back is seen when the stage has settled."""
        self.seat.client.look(now, self.world.labels.tags)

    def see(self, now: Instant, *, looked: bool) -> None:
        """Observe what there is to see after time has moved to `now`."""
        if not self.seat.running:
            self._see_end(now)
            return
        for name in self._signals:
            if name != self._told_signal:
                self._told_signal = name
                if self._seen_at is not None and self._seen_at < now:
                    self._out.append(Looked(self._seen_at, self.name, "signal", now))
                self._out.append(Signal(now, self.name, name))
        self._signals.clear()
        self._seen_at = now
        self.see_trust(now)
        if looked:
            self._see_clients(now)

    def see_trust(self, now: Instant) -> None:
        """Read what it trusts, and tell what changed; what it has not written since is not read again."""
        setting, (known, asked) = self.setting(), self._read
        stamp = self.driver.stamp(setting) if self._writable else object()
        if stamp == known:
            self.trust.unchanged(now)
            if asked == self._asked_at:
                return
        try:
            if stamp != known:
                readings = self.driver.trust(setting, self.seat.tool)
                self._out += self.trust.read(readings, now, self._ahead) if readings is not None else ()
            due = self.driver.due(setting, self.seat.tool, self._asked_at)
        except (DriverError, StateFileError) as error:
            if self.seat.running:
                raise DriverError(f"{self.name}: what it trusts cannot be read: {error}") from None
            return  # it has ended, which is seen next
        planned = [at - self._ahead for at in due]
        if planned and (twin := self.world.witnessed.get(self.name)) is not None:
            twin.plans.append((now, min(planned)))
        older = () if self.seat.client.fails else self.due  # who fails asks for every client: each plans anew
        self.due = tuple(sorted({*planned, *(at for at in older if at > now)}))
        self._read = stamp, self._asked_at

    def _see_end(self, now: Instant) -> None:
        """Tell that it ended by itself, once, and why."""
        if self._ended or not self.seat.started:
            return
        self._ended = self.seat.reason() or "it ended and said nothing"
        self._out.append(Stopped(now, self.name, "exit", self._ended))
        cause = "crashed" if self._writable else "state-unwritable"
        self._tell(Outcome(now, self.name, "down", "down", cause, None, self._ended), now)

    def _see_clients(self, now: Instant) -> None:
        answers = self.seat.client.answers
        signed, unsigned = answers.get(clients.SIGNED), answers.get(clients.UNSIGNED)
        silent = signed is None or unsigned is None
        if silent and not self.withheld:
            self._out.append(
                NoEvidence(now, self.name, f"it runs and did not answer: {self.seat.client.told()}")
            )
            return
        self.withheld = silent
        outcome = clients.outcome_of(signed, passes=self.seat.passes)
        plain = "bogus" if unsigned is None or unsigned.rcode else "insecure"
        if outcome == "secure":
            self._tell(Outcome(now, self.name, outcome, plain, "", None, ""), now)
            self._see_sentinel(now)
            return
        cause = cause_of(self._circumstances(now, outcome))
        ede = ede_of(cause) if outcome == "bogus" else None
        self._tell(Outcome(now, self.name, outcome, plain, cause, ede, self.seat.client.told()), now)

    def _tell(self, outcome: Outcome, now: Instant) -> None:
        """Observe an outcome if it differs from the last, with the look before it."""
        last, looked = self._last, self._looked
        self._looked = now
        if last is not None and _gist(last) == _gist(outcome):
            return
        if last is not None and looked is not None and looked < now:
            self._out.append(Looked(looked, self.name, "outcome", now))
        self._last = outcome
        self._out.append(outcome)

    def _see_sentinel(self, now: Instant) -> None:
        answers = self.seat.client.answers
        labels = [(tag, answers.get(f"{tag:05d}")) for tag in self.world.labels.tags]
        if not self.driver.managed or any(answer is None for _, answer in labels):
            return
        tags = tuple(tag for tag, answer in labels if answer is not None and answer.rcode == 0)
        if tags != self._told_tags:
            self._told_tags = tags
            self._out.append(Sentinel(now, self.name, tags))

    def _circumstances(self, now: Instant, outcome: str) -> Circumstances:
        authority = self.world.authority
        assert isinstance(authority, ZoneAuthority)
        keys = authority.timeline.key_set(now)
        return Circumstances(
            outcome=outcome,
            signers=tuple(self.trust.state(name) for name in keys.trusted_signers),
            states=self.trust.states(),
            dark=now < self.dark_until,
            cramped=not self.spec.tcp or bool(self.spec.drop_above),
            skewed=bool(self._offset),
            stuck=not self._writable,
            resets=self._resets,
            managed=self.driver.managed,
        )


def _gist(outcome: Outcome) -> tuple[str, str, str]:
    return outcome.outcome, outcome.unsigned, outcome.cause


def parse_question(wire: bytes) -> tuple[bytes, int] | None:
    """Return owner and type of a query's question, None if there is none to be read."""
    try:
        question = parse_message(wire).question
    except ValueError:
        return None
    return None if question is None else (question.owner, question.qtype)
