"""What a resolver knows of each key, as dates: the oracle's second derivation of RFC 5011.

The models drive a table of states and events. This book keeps a page of dates for each key instead (waiting
since, missing since, revoked since), and a `Law` says how an implementation goes by them. Keys are names, and
a signature is good while its step's window is open: no wire, no cryptography, no table, so that nothing here
shares a fault with the engine it is held against.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from ..authority.timeline import KeySet, Step
from ..clock import DAY, HOUR, Instant, Seconds
from ..resolver.policy import ResolverPolicy, Trust
from .oracle_laws import Law

NO_TTL: Seconds = HOUR
"""The TTL of an anchor whose line names none."""


def tolerance(step: Step, trust: Trust) -> Seconds:
    """Return by how much a validator stretches a step's signature window at either end."""
    if trust.skew == "none":
        return 0
    return min(DAY, max(HOUR, (step.expiration - step.inception) // 10))


def in_time(step: Step, trust: Trust, now: Instant) -> bool:
    """Tell whether a step's signatures are valid at an instant; both ends are (RFC 4034 section 3.1.5)."""
    slack = tolerance(step, trust)
    return step.inception - slack <= now <= step.expiration + slack


@dataclass(slots=True)
class Page:
    """The dates of one key. At most one of trusted, waiting, revoked and `purged` holds.

    `met` is False while a digest is all that is known of the key. `ttl` is that of the set it came with.
    """

    name: str
    met: bool
    ttl: Seconds
    trusted: bool = False
    missing: Instant | None = None
    waiting: Instant | None = None
    hold: Seconds = 0
    sightings: int = 0
    vouchers: tuple[str, ...] = ()
    revoked: Instant | None = None
    purged: bool = False


@dataclass(slots=True)
class Book:
    """All pages of one resolver, from its configured anchors on.

    `standing` are keys trusted beside the pages. `turns` counts changes other than a clock that starts anew,
    so that a caller sees whether a look was in vain. `valid_since` and `ended` keep the first instant at
    which a key became trusted and ceased to be.
    """

    policy: ResolverPolicy
    law: Law
    anchors: tuple[str, ...]
    by_digest: bool
    ttl: Seconds
    pages: list[Page] = field(default_factory=list)
    standing: tuple[str, ...] = ()
    opened: bool = False
    deleted: bool = False
    turns: int = 0
    valid_since: dict[str, Instant] = field(default_factory=dict)
    ended: dict[str, Instant] = field(default_factory=dict)

    def configure(self, now: Instant) -> None:
        """Begin anew from the configured anchors."""
        always = self.policy.trust.configured == "always" and self.policy.base == "rfc"
        self.pages, self.opened, self.deleted = [], False, False
        self.standing = self.anchors if always else ()
        self.turns += 1
        for name in self.anchors:
            if not always:
                self._configured(name)
            self.valid_since.setdefault(name, now)

    def _configured(self, name: str) -> None:
        ttl = 0 if self.by_digest else NO_TTL
        self.pages.append(Page(name, not self.by_digest, ttl, trusted=True))

    def load(self, now: Instant) -> None:
        """Read the state at a restart; without one, begin from the configured anchors."""
        if self.policy.base == "rfc":
            self.standing = self.anchors if self.policy.trust.configured == "always" else ()
        for page in tuple(self.pages):
            if self.law.at_load and self._is_over(page, now):
                self._trust(page, now)
            self._expire(page, now)
        if self.policy.base != "rfc" or not self.pages:
            self.configure(now)
            return
        closed = all(page.revoked is not None or page.purged for page in self.pages)
        if closed and not self.trusted() and self.policy.trust.when_empty_at_start == "insecure":
            self.deleted = True

    # -- questions -------------------------------------------------------------------------------------------

    def trusted(self) -> tuple[str, ...]:
        """Return the keys that may verify now."""
        return (*(page.name for page in self.pages if page.trusted), *self.standing)

    def vouchers(self, step: Step, now: Instant) -> tuple[str, ...]:
        """Return the trusted keys by which a step's set verifies; empty means bogus."""
        if not in_time(step, self.policy.trust, now):
            return ()
        keys, trusted = step.keys, self.trusted()
        plain = [name for name in keys.ksks if name not in keys.revoked]
        if self.policy.trust.signer == "presence" and any(name in plain for name in trusted):
            return keys.dnskey_signers
        return tuple(name for name in keys.trusted_signers if name in trusted and name in plain)

    def term(self, page: Page) -> Instant | None:
        """Return when a waiting key's hold-down, or a revoked key's remove hold-down, is over."""
        durations = self.policy.durations
        if page.waiting is not None:
            return page.waiting + max(durations.add_hold_down, page.hold) + durations.strictly_after
        if page.revoked is not None:
            return page.revoked + durations.remove_hold_down + durations.strictly_after
        return None

    def _is_over(self, page: Page, now: Instant) -> bool:
        term = self.term(page)
        return page.waiting is not None and term is not None and term <= now

    def terms(self) -> list[Instant]:
        """Return the ends of all hold-downs."""
        return [term for page in self.pages if (term := self.term(page)) is not None]

    def dates(self) -> list[Instant]:
        """Return every date at which a look could do something by time alone."""
        kept = self.policy.durations.keep_missing
        late = self.policy.durations.strictly_after
        missing = [page.missing for page in self.pages if page.missing is not None]
        return self.terms() + [since + kept + late for since in missing if kept is not None]

    # -- looks -----------------------------------------------------------------------------------------------

    def remerge(self) -> None:
        """Put configured anchors back of which there is no page (sdns, at each run)."""
        for name in self.anchors:
            if self.policy.trust.configured == "merge" and all(page.name != name for page in self.pages):
                self._configured(name)
                self.turns += 1

    def attempt(self, now: Instant) -> None:
        """Do what time alone allows, before an answer is looked at."""
        for page in tuple(self.pages):
            if self.law.time_alone and page.sightings >= 2 and self._is_over(page, now):
                self._trust(page, now)
            self._expire(page, now)

    def _expire(self, page: Page, now: Instant) -> None:
        """Forget a revoked key by the clock alone, where that is the law."""
        if self.law.afterwards == "until-time" and page.revoked is not None:
            self._forget_if_due(page, now)

    def look(self, step: Step, now: Instant) -> str:
        """Look at a step's set; return `ok`, `miss`, `bogus`, `lost` or `blind` as refreshes end."""
        keys = step.keys
        self._hear_revocations(step, now)
        if self.deleted:
            return "bogus"
        vouchers = self.vouchers(step, now)
        if not vouchers:
            return self._unverified(keys, now)
        first, self.opened = not self.opened, True
        known = tuple(self.pages)
        for page in known:
            if page.name in keys.ksks and page.name not in keys.revoked:
                self._seen(page, keys, now, first, vouchers)
        for page in sorted(known, key=_turn):
            if page.name in keys.revoked and page.met:
                self._flagged(page, now)
            elif page.name not in keys.ksks or page.name in keys.revoked:
                self._absent(page, now, first)
        names = [page.name for page in known]
        for name in keys.ksks:
            if self.law.learns and name not in keys.revoked and name not in names:
                self._meet(name, now, first, vouchers)
        return "miss" if any(page.trusted and not _has(keys, page) for page in self.pages) else "ok"

    def _hear_revocations(self, step: Step, now: Instant) -> None:
        """Take in revocations proved by their own signature, in whatever set (RFC 5011 section 2.1)."""
        if self.law.proof != "signature" or not in_time(step, self.policy.trust, now):
            return
        had = bool(self.trusted())
        proved = [name for name in step.keys.revoked if name in step.keys.dnskey_signers]
        for page in tuple(self.pages):
            if page.name in proved and (page.met or self.policy.trust.revoked_ds):
                if page.trusted:
                    self._revoke(page, now)
                elif page.waiting is not None and self.law.pending_proved == "forgotten":
                    self._forget(page, now)
        dead = [page.name for page in self.pages if page.revoked is not None]
        for page in tuple(self.pages):
            orphan = page.waiting is not None and bool(page.vouchers)
            if self.policy.trust.validators_matter and orphan and all(one in dead for one in page.vouchers):
                self._forget(page, now)
        if had and not self.trusted() and self.policy.trust.when_empty == "insecure":
            self.deleted = True
            self.turns += 1

    def _unverified(self, keys: KeySet, now: Instant) -> str:
        for page in self.pages:
            plain = page.name in keys.ksks and page.name not in keys.revoked
            if plain and self.law.pending_bogus == "restarted" and not self._is_over(page, now):
                page.waiting = None if page.waiting is None else now
        if not any(_has(keys, page) for page in self.pages):
            return "blind"
        return "lost" if any(page.trusted and not _has(keys, page) for page in self.pages) else "bogus"

    def _seen(self, page: Page, keys: KeySet, now: Instant, first: bool, vouchers: tuple[str, ...]) -> None:
        """Enter a plain copy in a verified set."""
        by_digest = not page.met
        if by_digest:
            page.met, page.ttl = True, self._kept(self.ttl)
        if page.trusted:
            page.missing = None
            only_signers = first and by_digest and self.law.at_first == "signing"
            if only_signers and page.name not in keys.dnskey_signers:
                self._wait(page, now, vouchers)
        elif page.waiting is not None:
            page.sightings += 1
            if self._is_over(page, now):
                self._trust(page, now)
        elif page.purged and not self.law.learns:
            self._forget(page, now)
        elif page.purged or (page.revoked is not None and self.law.afterwards == "until-time"):
            self._wait(page, now, vouchers)
        elif page.revoked is not None and self.law.afterwards == "until-seen":
            self._purge_if_due(page, now)
        elif page.revoked is not None:
            page.revoked = now

    def _flagged(self, page: Page, now: Instant) -> None:
        """Enter a copy with the REVOKE bit in a verified set; what its signature proves is entered before."""
        if page.trusted and self.law.proof == "flag":
            self._revoke(page, now)
        elif page.trusted and self.law.unproved == "absent":
            self._absent(page, now, False)
        elif page.waiting is not None and self.law.pending_flagged == "seen":
            if self._is_over(page, now):
                self._trust(page, now)
        elif (page.waiting is not None and self.law.pending_flagged == "forgotten") or page.purged:
            self._forget(page, now)
        elif page.revoked is not None and self.law.afterwards == "until-seen":
            self._purge_if_due(page, now)
        elif page.revoked is not None and self.law.afterwards == "until-gone":
            self._forget_if_due(page, now)

    def _absent(self, page: Page, now: Instant, first: bool) -> None:
        """Enter that a verified set lacks a key."""
        if page.trusted and first and self.law.unpublished != "kept":
            if self.law.unpublished == "until-restart":
                self.standing = (*self.standing, page.name)
            if self.law.unpublished == "until-restart" or not page.met:
                self._forget(page, now)
                return
        if page.trusted and self.law.notices_absence:
            self._miss(page, now)
        elif page.waiting is not None and self.law.pending_absent == "forgotten":
            self._forget(page, now)
        elif page.waiting is not None and not self._is_over(page, now):
            page.waiting = now
        elif page.purged:
            self._forget(page, now)
        elif page.revoked is not None and self.law.afterwards == "until-gone":
            self._forget_if_due(page, now)

    # -- entries ---------------------------------------------------------------------------------------------

    def _meet(self, name: str, now: Instant, first: bool, vouchers: tuple[str, ...]) -> None:
        """Open a page for a key never met, or forgotten since."""
        page = Page(name, True, self._kept(self.ttl))
        self.pages.append(page)
        if first and self.law.at_first == "all":
            self._trust(page, now)
        else:
            self._wait(page, now, vouchers)

    def _kept(self, ttl: Seconds) -> Seconds:
        cap = self.policy.cache.ttl_cap
        return ttl if cap is None else min(ttl, cap)

    def _wait(self, page: Page, now: Instant, vouchers: tuple[str, ...]) -> None:
        """Start the hold-down: 30 days or the set's TTL, whichever is longer (RFC 5011 section 2.4.1)."""
        longer = self.ttl if self.policy.durations.hold_down_takes_ttl else 0
        page.trusted, page.missing, page.revoked, page.purged = False, None, None, False
        page.waiting, page.sightings, page.vouchers = now, 1, vouchers
        page.hold = max(page.hold, longer)
        self.turns += 1

    def _trust(self, page: Page, now: Instant) -> None:
        page.trusted, page.waiting = True, None
        self.valid_since.setdefault(page.name, now)
        self.turns += 1

    def _miss(self, page: Page, now: Instant) -> None:
        """Note that a trusted key is missing, or forget one that has been for too long."""
        kept, law = self.policy.durations.keep_missing, self.law.drops_missing
        if page.missing is None:
            page.missing = now
            self.turns += 1
            return
        another = any(one.trusted and one.missing is None for one in self.pages)
        drops = law == "always" or (law == "if-another-is-valid" and another)
        if drops and kept is not None and now >= page.missing + kept + self.policy.durations.strictly_after:
            self._forget(page, now)

    def _revoke(self, page: Page, now: Instant) -> None:
        page.trusted, page.missing, page.revoked = False, None, now
        self.ended.setdefault(page.name, now)
        self.turns += 1
        if self.law.afterwards == "forgotten":
            self._forget(page, now)

    def _purge_if_due(self, page: Page, now: Instant) -> None:
        term = self.term(page)
        if term is not None and term <= now:
            page.revoked, page.purged = None, True
            self.turns += 1

    def _forget_if_due(self, page: Page, now: Instant) -> None:
        term = self.term(page)
        if term is not None and term <= now:
            self._forget(page, now)

    def _forget(self, page: Page, now: Instant) -> None:
        """Tear a page out; a key trusted until then no longer is, unless it is `standing`."""
        if page.trusted and page.name not in self.standing:
            self.ended.setdefault(page.name, now)
        self.pages.remove(page)
        self.turns += 1


def _has(keys: KeySet, page: Page) -> bool:
    """Tell whether a set holds a page's key; the revoked copy of one known by digest cannot be told."""
    return page.name in keys.ksks and (page.met or page.name not in keys.revoked)


def _turn(page: Page) -> int:
    """Order keys a set lacks: trusted ones first, then those missing already, then the rest."""
    return 2 if not page.trusted else 0 if page.missing is None else 1
