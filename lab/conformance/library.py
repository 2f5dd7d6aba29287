"""A library under test as the engine sees it: the lab carries its queries, it says what it trusts.

It has no clients and no cache: what a client would see is what it makes of the root's DNSKEY RRset at the
moment. The lab asks it after everything that happens, and at every refresh it plans.
"""

from __future__ import annotations

import base64
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

from ..authority.signer import ZoneAuthority
from ..clock import Instant, format_instant, parse_instant
from ..dnssec.codec import parse_message
from ..dnssec.names import ROOT, name_to_text
from ..dnssec.rrtypes import DNSKEY
from ..drivers.blame import Circumstances, cause_of
from ..drivers.driver import Reading, anchor_rdata
from ..drivers.trust import Trust
from ..observation import Anchor, Observation, Outcome, Started, Stopped
from ..resolver.diagnose import ede_of
from ..resolver.fetch import Path as Route
from ..resolver.fetch import ask
from ..resolver.rfc5011 import State
from ..run.cast import World
from ..scenario.spec import Action, Dark, Off, Replay, Restart, SetAnchors, SetClock, SubjectSpec
from .sut import Library
from .verbs import Gone, Verbs

RESULTS: Final = ("secure", "insecure", "bogus")
"""What a library can say of an RRset."""


class LibrarySubject:
    """Drive one program that speaks the four verbs."""

    kind = "daemon"

    def __init__(self, spec: SubjectSpec, world: World, library: Library, folder: Path) -> None:
        """Take the parts and an empty folder; nothing is started yet."""
        self.spec, self.name, self.version = spec, spec.name, library.version
        self._world, self._library, self._folder = world, library, folder
        self._state = folder / "state"
        self._anchors, self._offset = spec.anchors, spec.clock_offset
        self._trust = Trust(world.labels, spec.name)
        self._verbs: Verbs | None = None
        self._next: Instant | None = None
        self._dark_until: Instant = 0
        self._replay: Replay | None = None
        self._resets = 0
        self._stale = True
        self._ended = ""
        self._last: tuple[str, str] = "", ""
        self._out: list[Observation] = []

    # -- life ------------------------------------------------------------------------------------------------

    def start(self, now: Instant) -> None:
        """Start for the first time."""
        self._launch(now, "first", fresh=True)

    def resume(self, now: Instant) -> None:
        """Start again after `Off`, with the state it had."""
        if self._verbs is None and not self._ended:
            self._launch(now, "restart", fresh=False)

    def act(self, action: Action, now: Instant) -> None:
        """Undergo one scenario event."""
        if isinstance(action, Restart):
            self._stop(kill=action.kill)
            self._resets += not action.keep_state
            self._launch(now, "restart" if action.keep_state else "reset", fresh=not action.keep_state)
        elif isinstance(action, Off):
            if self._verbs is not None:
                self._out.append(Stopped(now, self.name, "off", ""))
            self._stop()
        elif isinstance(action, SetClock):
            self._offset = action.offset
        elif isinstance(action, SetAnchors):
            self._anchors = action.keys
            if action.apply == "now" and self._verbs is not None:
                self._stop()
                self._launch(now, "restart", fresh=False)
        elif isinstance(action, Dark):
            self._dark_until = max(self._dark_until, action.until)
        else:
            assert isinstance(action, Replay), f"nothing that can be done to a library: {action}"
            self._replay = action
        self._stale = True

    def world_changed(self) -> None:
        """Learn that the authority serves something else from now on."""
        self._stale = True

    def advance(self, begin: Instant, end: Instant, settled: Instant) -> None:
        """Live from `begin` up to `end`: refresh when it wants to, and look at what it says."""
        now = begin
        while self._verbs is not None:
            if self._next is not None and self._next <= now:
                self._tell(now, self._refresh)
                self._stale = True
            if self._stale:
                self._stale = False
                self._tell(now, self._look)
            if self._next is None or self._next >= end or self._verbs is None:
                return
            now = self._next

    def finish(self, now: Instant) -> None:
        """Tell the state of every key, and end."""
        self._out += [Anchor(now, self.name, *told) for told in self._trust.final()]
        self._stop()

    def close(self) -> None:
        """End the program, if it runs."""
        self._stop(kill=True)

    def take(self) -> list[Observation]:
        """Return the observations since the last call, in order."""
        out, self._out = self._out, []
        return out

    def _launch(self, now: Instant, how: str, *, fresh: bool) -> None:
        if fresh:
            shutil.rmtree(self._state, ignore_errors=True)
        self._state.mkdir(parents=True, exist_ok=True)
        anchors = self._world.anchors(self._anchors, self.spec.anchor_format)
        if fresh:
            self._trust.reset([(anchor, now) for anchor in anchors])
        self._out.append(Started(now, self.name, how))
        self._ended, self._last, self._stale = "", ("", ""), True
        command = [word.replace("$here", str(self._library.folder)) for word in self._library.command]
        self._verbs = Verbs(command, self._folder / "log")
        records = [f"{name_to_text(ROOT)} IN {anchor_rdata(anchor)}" for anchor in anchors]
        self._tell(
            now, lambda at: self._plan(at, self._ask("init", at, folder=str(self._state), anchors=records))
        )

    def _stop(self, *, kill: bool = False) -> None:
        if self._verbs is not None:
            self._verbs.end(kill=kill)
        self._verbs, self._next = None, None

    # -- the verbs -------------------------------------------------------------------------------------------

    def _tell(self, now: Instant, what: Callable[[Instant], None]) -> None:
        """Do something with the program; if it is gone then, that is seen."""
        try:
            what(now)
        except Gone as gone:
            self._ended = str(gone)
            self._stop(kill=True)
            self._out.append(Stopped(now, self.name, "exit", self._ended))
            self._out.append(Outcome(now, self.name, "down", "down", "crashed", None, self._ended))

    def _ask(self, verb: str, now: Instant, **fields: Any) -> dict[str, Any]:
        assert self._verbs is not None
        return self._verbs.ask(verb, now=format_instant(now + self._offset), **fields)

    def _plan(self, now: Instant, answer: dict[str, Any]) -> None:
        """Take note of when it wants to refresh next; not more often than every second."""
        wanted = answer.get("next")
        at = None if wanted is None else _instant(wanted, "next")
        self._next = (
            None if at is None else max(now + 1 if self._next is not None else now, at - self._offset)
        )

    def _response(self, now: Instant) -> str | None:
        """Return the root's answer for DNSKEY in base64, None if none comes."""
        route = Route(self.spec.udp_size, self.spec.tcp, self.spec.drop_above)
        wire, _ = ask(self._exchange, ROOT, DNSKEY, now, route)
        return None if wire is None else base64.b64encode(wire).decode("ascii")

    def _exchange(self, query: bytes, now: Instant, tcp: bool) -> bytes | None:
        if now < self._dark_until:
            return None
        assert parse_message(query).question is not None
        replayed = self._replay is not None and now < self._replay.until
        at = self._replay.of if self._replay is not None and replayed else now
        return self._world.responder.answer(query, at, tcp)

    def _refresh(self, now: Instant) -> None:
        self._plan(now, self._ask("refresh", now, response=self._response(now)))

    def _look(self, now: Instant) -> None:
        """Ask what it trusts, and what it makes of the root's DNSKEY RRset."""
        rows = self._ask("state", now).get("keys")
        if not isinstance(rows, list) or len(rows) > 1000:
            raise Gone("its answer to state has no list of keys")
        self._out += self._trust.read([_reading(row) for row in rows], now, self._offset)
        response = self._response(now)
        if response is None:
            outcome = "bogus"
        else:
            outcome = str(self._ask("validate", now, response=response).get("result"))
            if outcome not in RESULTS:
                raise Gone(f"its answer to validate has no result of {', '.join(RESULTS)}")
        cause = "" if outcome == "secure" else cause_of(self._circumstances(now, outcome))
        if (outcome, cause) != self._last:
            self._last = outcome, cause
            plain = "bogus" if outcome == "bogus" else "insecure"
            ede = ede_of(cause) if outcome == "bogus" else None
            self._out.append(Outcome(now, self.name, outcome, plain, cause, ede, ""))

    def _circumstances(self, now: Instant, outcome: str) -> Circumstances:
        authority = self._world.authority
        assert isinstance(authority, ZoneAuthority)
        keys = authority.timeline.key_set(now)
        return Circumstances(
            outcome=outcome,
            signers=tuple(self._trust.state(name) for name in keys.trusted_signers),
            states=self._trust.states(),
            dark=now < self._dark_until,
            cramped=not self.spec.tcp or bool(self.spec.drop_above),
            skewed=bool(self._offset),
            stuck=False,
            resets=self._resets,
            managed=True,
        )


def _instant(value: object, what: str) -> Instant:
    try:
        return parse_instant(value if isinstance(value, str) else "")
    except ValueError:
        raise Gone(f"{what} is no instant such as 2020-03-01T12:00:00Z: {str(value)[:40]}") from None


def _reading(row: object) -> Reading:
    """Read one key of the answer to `state`. Raises Gone."""
    states = {state.value: state for state in State}
    if not isinstance(row, dict) or row.get("state") not in states or type(row.get("key_tag")) is not int:
        raise Gone(f"a key of its state lacks key_tag or one of the states {', '.join(states)}")
    since = row.get("since")
    at = None if since is None else _instant(since, "since")
    return Reading(row["key_tag"], None, states[row["state"]], at)
