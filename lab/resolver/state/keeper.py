"""A resolver model that has a state file: it starts from one, and says what its own would hold.

The base model keeps what decides how it behaves. Here is the bookkeeping beside it, which only state files
show: when the DNSKEY RRset was asked for and verified last, and how often it failed since.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from ...clock import Instant, Seconds
from ...observation import Started
from ..client import FAR
from ..fetch import Fetch
from ..model import ResolverModel, Setup
from ..policy import ResolverPolicy
from ..refresh import Intervals
from ..rfc5011 import Cell, State, TrustPoint
from .points import of_point, to_point
from .vocabulary import Loaded, TrustState

_COUNT_MASK = 0xFF
"""Unbound counts failures in eight bits (validator/autotrust.h, `query_failed`)."""


@dataclass(frozen=True, slots=True)
class _Written:
    """What a model wrote last: trust point, and by its own clock when it refreshes next (0: never)."""

    point: TrustPoint
    next_probe_time: Instant
    times: Intervals
    last_queried: Instant
    last_success: Instant
    query_failed: int


class FiledModel(ResolverModel):
    """Imitate one resolver together with its state file. What the base model does, this one does alike."""

    def __init__(
        self, policy: ResolverPolicy, setup: Setup, *, offset: Seconds = 0, writable: bool = True
    ) -> None:
        """Make a resolver not yet started; see `ResolverModel`."""
        super().__init__(policy, setup, offset=offset, writable=writable)
        self._refusal = ""
        self._last_queried = self._last_success = self._query_failed = 0
        self._unwritten = False
        self._written: _Written | None = None
        self._file: TrustState | None = None

    def load_state(self, loaded: TrustState | Loaded) -> None:
        """Take a state file, or what an implementation makes of it, for that of an earlier run.

        To be called before `start`. A resolver that refuses its file ends when it is started; one that begins
        anew does so from its configured anchors.
        """
        if isinstance(loaded, Loaded):
            self._refusal = loaded.reason if loaded.outcome == "exit" else ""
            if loaded.state is None:
                return
            loaded = loaded.state
        assert loaded.owner == self.setup.owner, "a state of another trust point"
        self.point = self._stored = to_point(loaded, self.policy.durations)
        self._met, self._file = True, loaded
        self._last_queried, self._last_success = loaded.last_queried or 0, loaded.last_success or 0
        self._query_failed = loaded.query_failed or 0
        planner = self.planner
        if loaded.query_interval and loaded.retry_time:
            planner.times = Intervals(loaded.query_interval, loaded.retry_time)
        if loaded.next_probe_time:
            planner.resume(loaded.next_probe_time, self.offset)

    def start(self, now: Instant, *, keep: bool = True) -> None:
        """Start as the base model does, unless the state file cannot be read."""
        if keep and self._refusal:
            self.out.append(Started(now, self.setup.name, "restart"))
            self._end(now, "exit", self._refusal)
            return
        if not keep:
            self._refusal, self._file, self._written = "", None, None
            self._last_queried = self._last_success = self._query_failed = 0
        super().start(now, keep=keep)

    def _observe(self, now: Instant, fetch: Fetch) -> str:
        """Do the bookkeeping of a look: a revocation of all anchors is a success, no answer is not noted."""
        result = super()._observe(now, fetch)
        self._last_queried = now + self.offset
        if result in ("ok", "miss") or self.point.deleted:
            self._last_success, self._query_failed, self._unwritten = self._last_queried, 0, True
        elif result != "none" and self._last_success:
            self._query_failed = self._query_failed + self.policy.cache.burst & _COUNT_MASK
            self._unwritten = True
        return result

    def _store(self) -> None:
        """Write the state, with what is planned, where a look gave reason to."""
        super()._store()
        if self._unwritten and self.running and self.writable:
            at = self.planner.at
            self._unwritten = False
            self._written = _Written(
                self.point,
                0 if at >= FAR else at + self.offset,
                self.planner.times,
                self._last_queried,
                self._last_success,
                self._query_failed,
            )

    def state(self, now: Instant) -> TrustState:
        """Return what the model's state file says at a true instant, keys in the order they were met.

        A resolver that keeps its schedule (Unbound) writes after looks that got an answer, so the file is as
        old as the last of those; others keep nothing but the trust point, which is as it is now.
        """
        if self.policy.schedule.first_probe == "stored":
            return self._last_written()
        at, local = self._next_probe(now), now + self.offset
        point = replace(
            self.point, cells=tuple(self._not_before_its_time(c, local) for c in self.point.cells)
        )
        state = of_point(point, self.policy.durations)
        if not self.policy.schedule.probes:
            return state
        entries = tuple(replace(entry, refresh=at) for entry in state.entries)
        numbers = {
            "last_queried": self._last_queried,
            "last_success": self._last_success,
            "next_probe_time": at,
            "query_failed": self._query_failed,
            "query_interval": self.planner.times.interval,
            "retry_time": self.planner.times.retry,
        }
        return replace(state, entries=entries).noting(numbers)

    def _last_written(self) -> TrustState:
        written = self._written
        if written is None:
            return self._file or of_point(replace(self.point, initialised=False), self.policy.durations)
        numbers = {
            "last_queried": written.last_queried,
            "last_success": written.last_success,
            "next_probe_time": written.next_probe_time,
            "query_failed": written.query_failed,
            "query_interval": written.times.interval,
            "retry_time": written.times.retry,
        }
        return of_point(written.point, self.policy.durations).noting(numbers)

    def _next_probe(self, now: Instant) -> Instant | None:
        """Return the next refresh by the model's clock, jumps over refreshes that must fail undone."""
        planner = self.planner
        if planner.at >= FAR:
            return None
        at = planner.at
        if planner.delay and planner.regular == at:
            at -= max(0, (at - now - 1) // planner.delay) * planner.delay
        return at + self.offset

    def _not_before_its_time(self, cell: Cell, local: Instant) -> Cell:
        """Return a pending cell with the timer it has now, where a jump set the one of a later failure."""
        delay = self.planner.delay
        if cell.state is not State.ADD_PEND or cell.since <= local or not delay:
            return cell
        return replace(cell, since=cell.since - -(-(cell.since - local) // delay) * delay)
