"""An embedded resolver: a policy, a trust point, a key cache, and timers; no I/O and no clock.

The caller says what time it is and carries queries to the authority and back (`Exchange`). `settled` is the
instant up to which the world outside is known to stay as it is; it lets a model skip attempts that cannot
end otherwise than the last one, without changing what any of them would have done.

Times inside the trust point are by the resolver's own clock (`local = now + offset`), timers are true time.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

from ..clock import Instant, Seconds
from ..dnssec.keys import DS, Key
from ..observation import Observation, Refresh, Signal, Started, Stopped, Transition
from . import managed
from .client import FAR, Held, KeyCache
from .fetch import Exchange, Fetch, Path, fetch_dnskey
from .planner import Planner, next_change
from .policy import ResolverPolicy
from .refresh import UNKNOWN_TTL, Jitter
from .rfc5011 import Cell, Change, State, TrustPoint
from .telemetry import Telemetry
from .validator import DnskeySet, validate
from .watch import Watch

Anchors = tuple[Key | DS, ...]
Feed = Callable[[Instant], Anchors]
"""What an outside source of anchors (root-anchors.xml) holds at a true instant."""


@dataclass(frozen=True, slots=True)
class Setup:
    """What a model is told about itself and its surroundings; everything else is policy."""

    name: str
    owner: bytes
    anchors: Anchors
    jitter: Jitter
    label: Callable[[Key | DS], str]
    path: Path = Path()
    feed: Feed | None = None
    memo: bool = True


class ResolverModel:
    """Imitate one resolver. Observations gather in `out` until `take` empties it."""

    def __init__(
        self, policy: ResolverPolicy, setup: Setup, *, offset: Seconds = 0, writable: bool = True
    ) -> None:
        """Make a resolver not yet started; `offset` is how far its clock is ahead of the truth."""
        self.policy, self.setup, self.offset, self.writable = policy, setup, offset, writable
        self.anchors: Anchors = setup.anchors
        self.file_anchors: Anchors = setup.anchors
        self.running = False
        self.ended = ""
        self.point = self._stored = TrustPoint(setup.owner, ())
        self.cache = KeyCache(policy)
        self.planner = Planner(policy, setup.jitter)
        self._watch = Watch(policy, memo=setup.memo)
        self.resets = 0
        self.stuck = False
        self.out: list[Observation] = []
        self._telemetry = Telemetry(policy.signals)
        self._feed_at: Instant = FAR
        self._met = False
        self._from_xml = False
        self._result = ""

    @property
    def held(self) -> Held | None:
        """Return what clients live on now."""
        return self.cache.held

    def start(self, now: Instant, *, keep: bool = True) -> None:
        """Start, with the state of the last run (`keep`) or from the configured anchors alone."""
        first, self._met = not self._met, True
        how = "first" if first else "restart" if keep else "reset"
        self.out.append(Started(now, self.setup.name, how))
        self.running, self.ended, self._result = True, "", ""
        self.cache.drop(now)
        if (
            self.policy.schedule.probes
            and not self.writable
            and self.policy.persistence.unwritable_start == "exit"
        ):
            self._end(now, "exit", "the state directory cannot be written")
            return
        self._restore(now, keep=keep and not first, first=first)
        self.planner.begin(now, self.offset, keep=keep, deleted=self.point.deleted)
        self._feed_at = now + self.policy.trust.feed_every if self.policy.trust.feed == "file" else FAR
        self._telemetry.begin(now)

    def _restore(self, now: Instant, *, keep: bool, first: bool) -> None:
        """Read the state, or begin from the configured anchors (their file is read at every start)."""
        self.anchors = self.file_anchors
        local = now + self.offset
        if self.point is not self._stored:
            self.point = self._stored
            self.resets += keep
        if keep and (self.point.cells or self.point.deleted) and self.policy.base == "rfc":
            sighting = managed.load(self.point, self.policy, local)
            self.point = replace(sighting.point, residue=self._always())
            self._tell(now, sighting.changes)
            if not self.point.cells and not self.point.deleted:
                self._configure(now)
            elif self._nothing_left():
                self.point = replace(self.point, deleted=True)
            return
        if not first and not keep:
            self.resets += 1
        self._configure(now)

    def _nothing_left(self) -> bool:
        """Tell whether a start finds every anchor revoked, so that none counts (BIND's `load_secroots`)."""
        if self.policy.trust.when_empty_at_start != "insecure" or self.point.trusted():
            return False
        return all(cell.state in (State.REVOKED, State.REMOVED) for cell in self.point.cells)

    def _configure(self, now: Instant) -> None:
        """Make a trust point of the configured anchors."""
        local = now + self.offset
        cells = tuple(self._cell(anchor, local) for anchor in self.anchors)
        always = self._always()
        self.point = TrustPoint(self.setup.owner, () if always else cells, residue=always)
        self.planner.forget()

    def _configure_anew(self, now: Instant) -> None:
        """Replace the trust point while running, and tell which anchors are gone, new, or trusted again."""
        before = self.point
        self._configure(now)
        self._tell(now, managed.replaced(before, self.point, self.setup.label))

    def _always(self) -> tuple[Cell, ...]:
        """Return configured anchors that stay trusted whatever the state says (cdnsd)."""
        if self.policy.trust.configured != "always" or self.policy.base != "rfc":
            return ()
        return tuple(self._cell(anchor, 0) for anchor in self.anchors)

    @staticmethod
    def _cell(anchor: Key | DS, local: Instant) -> Cell:
        """Return the cell of a configured anchor: Valid; a DNSKEY line without a TTL counts as one hour."""
        return Cell(anchor, State.VALID, local, ttl=UNKNOWN_TTL if isinstance(anchor, Key) else 0)

    def stop(self, now: Instant, reason: str = "off", *, kill: bool = False) -> None:
        """Stop from outside: the cache is lost, the state is not; a `kill` leaves no time to write it."""
        if self.running:
            self._halt(write=not kill)
            self.out.append(Stopped(now, self.setup.name, "off", reason))

    def _end(self, now: Instant, how: str, reason: str) -> None:
        """Stop by itself: `exit` or `crash`."""
        self._halt()
        self.ended = reason
        self.out.append(Stopped(now, self.setup.name, how, reason))

    def _halt(self, *, write: bool = True) -> None:
        if write:
            self._store()
        self.running = False
        self.cache.drop(FAR)
        self._feed_at = FAR
        self._telemetry.end()

    def _store(self) -> None:
        """Write the state, if it can be written; a restart finds what was written last."""
        if self.writable:
            self._stored = self.point

    def set_anchors(self, anchors: Anchors, now: Instant, *, at_once: bool) -> None:
        """Let the operator replace the configured anchors: now, or when their file is read next."""
        self.file_anchors = anchors
        if at_once and self.running:
            self._read_file(now)

    def _read_file(self, now: Instant) -> None:
        if self.anchors != self.file_anchors:
            self.anchors = self.file_anchors
            self._configure_anew(now)
            self._store()
            self.cache.retry_from(now)

    def set_clock(self, offset: Seconds, now: Instant) -> None:
        """Set the clock `offset` seconds ahead of the truth; wall-clock timers move with it."""
        step, self.offset = offset - self.offset, offset
        self.planner.clock_stepped(step, now)
        self.cache.clock_stepped(step, now)

    def next_timer(self) -> Instant | None:
        """Return the true instant at which the model wants to be advanced, None for never."""
        if not self.running:
            return None
        due = min(self.planner.at, self.cache.at, self._telemetry.at, self._feed_at)
        return None if due >= FAR else due

    def take(self) -> list[Observation]:
        """Return the observations gathered since the last call, in order."""
        out, self.out = self.out, []
        return out

    def advance(self, now: Instant, exchange: Exchange, settled: Instant) -> None:
        """Do what is due at `now`: read the file, refresh, serve clients, signal; `settled` is later."""
        if self._feed_at <= now and self.running:
            self._feed_at += self.policy.trust.feed_every
            self._read_file(now)
        if self.planner.is_due(now, self.offset) and self.running:
            self._probe(now, exchange, settled)
        if self.cache.at <= now and self.running:
            self._serve(now, exchange, settled)
        if self._telemetry.at <= now and self.running:
            self._signal(now, self._telemetry.at_timer(self.point, now))
        self._store()

    def _probe(self, now: Instant, exchange: Exchange, settled: Instant) -> None:
        """Refresh the DNSKEY RRset, let the table have it, and plan the next refresh."""
        if self.policy.trust.configured == "merge":
            self._merge_configured(now)
        self._signal(now, self._telemetry.at_fetch(self.point, now))
        fetch = self._refresh_fetch(now, exchange)
        result = self._observe(now, fetch)
        if not self.running:
            return
        self._report(now, result, fetch)
        self._plan(now, result, fetch.dnskeys, settled)
        self._swap(now, result, fetch, settled)

    def _refresh_fetch(self, now: Instant, exchange: Exchange) -> Fetch:
        """Fetch for a refresh; some versions answer it from the cache (BIND before change 4771)."""
        if self.policy.schedule.refresh_from_cache:
            cached = self.cache.good_set(now)
            if cached is not None:
                return Fetch(cached)
        return self._fetch(now, exchange)

    def _fetch(self, now: Instant, exchange: Exchange) -> Fetch:
        return fetch_dnskey(exchange, self.setup.owner, now, self.setup.path)

    def _merge_configured(self, now: Instant) -> None:
        """Put configured anchors back that are neither known nor tombstoned (sdns, at every run)."""
        known = [cell.anchor.key_tag for cell in self.point.cells]
        missing = [anchor for anchor in self.anchors if anchor.key_tag not in known]
        if missing:
            cells = self.point.cells + tuple(self._cell(anchor, now + self.offset) for anchor in missing)
            self.point = replace(self.point, cells=cells)
            self.cache.retry_from(now)

    def _observe(self, now: Instant, fetch: Fetch) -> str:
        """Let the table have one look, honour what a failing write does, and return how the look ended."""
        reached = fetch.trouble in ("udp-size", "no-dnskey")
        sighting = self._watch.observe(self.point, fetch.dnskeys, now + self.offset, reached=reached)
        if not self.writable and self._write_fails(now, sighting):
            return sighting.result
        if self._chokes_on(fetch.dnskeys, sighting):
            self._end(now, "crash", "a key of an unsupported algorithm was introduced")
            return sighting.result
        if sighting.point is not self.point:
            self.point = sighting.point
            self._tell(now, sighting.changes)
            if sighting.changes:
                self.cache.retry_from(now)
        return sighting.result

    def _chokes_on(self, dnskeys: DnskeySet | None, sighting: managed.Sighting) -> bool:
        """Tell whether a verified set holds what kills this version (CVE-2018-5745)."""
        if self.policy.trust.unsupported != "crash" or dnskeys is None or not sighting.validators:
            return False
        return not all(dnskeys.supports(key) for key in dnskeys.entry_points)

    def _write_fails(self, now: Instant, sighting: managed.Sighting) -> bool:
        """Do what the resolver does when its state cannot be written; True if the look is thereby undone."""
        verified = sighting.result in ("ok", "miss")
        failed = sighting.result != "none" and (self.point.initialised or sighting.point.deleted)
        what = self.policy.persistence.unwritable
        if what == "exit" and (verified or failed):
            self._end(now, "exit", "could not write the trust anchor file")
            return True
        if what == "crash" and verified:
            self._end(now, "crash", "could not write the trust anchor file")
            return True
        if what in ("rollback", "keep") and sighting.point is not self.point:
            kept = managed.remembered(self.point, sighting) if what == "rollback" else None
            self.stuck = self.stuck or len(sighting.changes) > (len(kept.changes) if kept else 0)
            if kept is not None and kept.changes:
                self.point = kept.point
                self._tell(now, kept.changes)
            return True
        return False

    def _tell(self, now: Instant, changes: tuple[Change, ...]) -> None:
        for change in changes:
            key = change.published or change.anchor
            wire = key.tag if isinstance(key, Key) else key.key_tag
            self.out.append(
                Transition(
                    now, self.setup.name, self.setup.label(change.anchor), change.anchor.key_tag, wire,
                    change.source.value, change.target.value,
                )
            )  # fmt: skip

    def _report(self, now: Instant, result: str, fetch: Fetch) -> None:
        if result != self._result:
            self._result = result
            tags = fetch.dnskeys.signer_tags if fetch.dnskeys is not None else ()
            self.out.append(Refresh(now, self.setup.name, result, tags))

    def _swap(self, now: Instant, result: str, fetch: Fetch, settled: Instant) -> None:
        """Let a refresh do to the cached RRset what the implementation does."""
        swap = self.policy.cache.swap
        verified = result in ("ok", "miss")
        if self.cache.is_from_the_future(now):
            return
        if verified and fetch.dnskeys is not None and swap != "bypass":
            self._hold_good(now, fetch.dnskeys, settled)
        elif swap == "flush" or (swap == "replace" and fetch.dnskeys is not None):
            self._hold_bad(now, fetch, settled)

    def _plan(self, now: Instant, result: str, dnskeys: DnskeySet | None, settled: Instant) -> None:
        self.point = self.planner.plan(self.point, result, dnskeys, now, self.offset, settled)

    def _hold_good(self, now: Instant, dnskeys: DnskeySet, settled: Instant) -> None:
        self._telemetry.validated(now)
        self.cache.hold_good(dnskeys, now, self.offset, self._next_change(now, settled, dnskeys))

    def _hold_bad(self, now: Instant, fetch: Fetch, settled: Instant) -> None:
        change = FAR if self.point.deleted else self._next_change(now, settled, fetch.dnskeys)
        self.cache.hold_bad(fetch.dnskeys, now, change, fetch.trouble)

    def _next_change(self, now: Instant, settled: Instant, dnskeys: DnskeySet | None) -> Instant:
        return next_change(self.point, self.policy, dnskeys, now, self.offset, settled)

    def _serve(self, now: Instant, exchange: Exchange, settled: Instant) -> None:
        """Fetch and validate the DNSKEY RRset because a client's question needs it."""
        if self.point.deleted:
            self.cache.at = FAR
            return
        self._signal(now, self._telemetry.at_fetch(self.point, now))
        fetch = self._fetch(now, exchange)
        if self.policy.schedule.clients_observe:
            good = self._observe(now, fetch) in ("ok", "miss")
            if not self.running or self.point.deleted:
                self.cache.at = self.planner.at = FAR
                return
            if good and self.policy.schedule.probes:
                self._plan(now, "ok", fetch.dnskeys, settled)
        else:
            good = self._verifies(fetch, now)
        if not good and self.policy.trust.feed == "xml" and self._follow_xml(now, fetch):
            good = self._verifies(fetch, now)
        if good and fetch.dnskeys is not None:
            self._hold_good(now, fetch.dnskeys, settled)
            self._watch_xml(now, fetch.dnskeys)
        else:
            self._hold_bad(now, fetch, settled)

    def _verifies(self, fetch: Fetch, now: Instant) -> bool:
        return fetch.dnskeys is not None and bool(
            validate(
                fetch.dnskeys, self.point.trusted(), self.setup.owner, self.policy.trust, now + self.offset,
                memo=self.setup.memo,
            )
        )  # fmt: skip

    def _follow_xml(self, now: Instant, fetch: Fetch) -> bool:
        """Take the anchors of root-anchors.xml after a failure (getdns, dnssec.c); True if they differ."""
        if self.setup.feed is None or fetch.dnskeys is None or not fetch.dnskeys.rrsigs:
            return False
        listed = self.setup.feed(now)
        self._from_xml = True
        if not listed or listed == self.anchors:
            return False
        self.anchors = self.file_anchors = listed
        self._configure_anew(now)
        return True

    def _watch_xml(self, now: Instant, dnskeys: DnskeySet) -> None:
        """Read root-anchors.xml again when the set shows an unlisted entry point (getdns, anchor.c)."""
        if self.policy.trust.feed == "xml" and self._from_xml:
            listed = [anchor.key_tag for anchor in self.anchors]
            if any(key.key_tag not in listed for key in dnskeys.entry_points if not key.is_revoked):
                self._follow_xml(now, Fetch(dnskeys))

    def _signal(self, now: Instant, name: str) -> None:
        """Observe an RFC 8145 key tag query that the root sees, if its name is another."""
        if name:
            self.out.append(Signal(now, self.setup.name, name))
