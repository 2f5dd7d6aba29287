"""Test what clients live on: how long a DNSKEY RRset lasts, and when a failure is tried again."""

from __future__ import annotations

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from lab.clock import DAY, HOUR
from lab.dnssec.rrset import SignedRRset
from lab.resolver.client import FAR, Held, KeyCache, bad_entry, good_entry, next_edge, retry_at
from lab.resolver.policy import STRICT, ResolverPolicy
from lab.resolver.validator import DnskeySet

from .world import T0, TTL, dnskeys, signed_set

SKEWED = STRICT.override({"skew": "tenth"})


def life_of(policy: ResolverPolicy, ttl: int, expires_in: int, *, offset: int = 0, after: int = DAY) -> int:
    """Return for how long a set is cached whose signature expires some seconds from now."""
    window = (T0 - after, T0 + expires_in)
    entry = good_entry(dnskeys("1", "1", ttl, window), policy.cache, policy.trust, T0, offset)
    assert entry.good
    assert entry.fetched == T0
    return entry.expires - T0


@pytest.mark.parametrize(
    ("knobs", "ttl", "expires_in", "life"),
    [
        ({}, TTL, 10 * DAY, TTL),
        ({"ttl-cap": "P1D"}, TTL, 10 * DAY, DAY),
        ({"ttl-cap": "P1D"}, HOUR, 10 * DAY, HOUR),
        ({"ttl-floor": "PT1M"}, 5, 10 * DAY, 60),
        ({"ttl-floor": "PT1M"}, 61, 10 * DAY, 61),
        ({"ttl-cap": "PT0S"}, TTL, 10 * DAY, 0),
        ({}, TTL, DAY, DAY),
        ({"ttl-floor": "P7D"}, TTL, DAY, DAY),
        ({}, TTL, 1, 1),
        ({}, TTL, 0, 1),
    ],
)
def test_life_of_a_good_set(knobs: dict[str, str], ttl: int, expires_in: int, life: int) -> None:
    """A set lasts min(TTL, cap), at least the floor, never beyond its signature (RFC 4035 section 5.3.3)."""
    assert life_of(STRICT.override(knobs), ttl, expires_in) == life


def test_original_ttl_is_a_bound() -> None:
    """A TTL raised on the way is cut down to the signed one (RFC 4035 section 5.3.3)."""
    raised = DnskeySet(SignedRRset(signed_set("1", "1", 500).rrset, signed_set("1", "1", 100).rrsigs))
    assert good_entry(raised, STRICT.cache, STRICT.trust, T0, 0).expires == T0 + 100


def test_offset_of_the_clock() -> None:
    """The signature ends by the resolver's own clock."""
    assert life_of(STRICT, TTL, DAY, offset=HOUR) == DAY - HOUR


@pytest.mark.parametrize(
    ("expires_in", "life"), [(1, 1), (0, 17280), (-1, 17279), (-17280, 1), (-17281, TTL)]
)
def test_signature_taken_late(expires_in: int, life: int) -> None:
    """A signature that Unbound takes beyond its end counts to the end of the tolerance: a tenth of two days.

    One too old even for that is none of those that verified, so it bounds nothing.
    """
    assert life_of(SKEWED, TTL, expires_in, after=2 * DAY - expires_in) == life


@pytest.mark.parametrize("negative", ["PT0S", "PT61S"])
def test_life_of_a_bad_set(negative: str) -> None:
    """A failure is remembered for as long as the policy says, with what went wrong."""
    entry = bad_entry(None, STRICT.override({"negative": negative}).cache, T0, "no-answer")
    assert entry == Held(None, False, T0, T0 + (61 if negative == "PT61S" else 0), "no-answer")


@given(st.integers(0, 100), st.integers(-50, 10**6))
@example(1, 0)
def test_grid_of_retries(negative: int, later: int) -> None:
    """The retry is the first on the grid of the memory's ends at which the failure could end otherwise."""
    cache = STRICT.override({"negative": f"PT{negative}S"}).cache
    held = bad_entry(None, cache, T0)
    found = retry_at(held, cache, T0 + later)
    if negative == 0:
        assert found == T0 + later
        return
    assert (found - T0) % negative == 0
    assert found >= max(T0 + later, T0 + negative)
    assert found - negative < max(T0 + later, T0 + negative)


def test_no_retry_without_a_change() -> None:
    """If nothing will ever change there is no next try."""
    cache = STRICT.override({"negative": "PT61S"}).cache
    assert retry_at(bad_entry(None, cache, T0), cache, FAR) == FAR


@pytest.mark.parametrize(
    ("policy", "starts", "wait"),
    [
        (STRICT, 500, 500),
        (STRICT, 0, 20 * DAY + 1),
        (STRICT, -5, 20 * DAY - 4),
        (STRICT, -20 * DAY, 1),
        (STRICT, -20 * DAY - 1, None),
        (SKEWED, DAY + 7, 7),
        (SKEWED, DAY, 22 * DAY + 1),
    ],
)
def test_edges_of_validity(policy: ResolverPolicy, starts: int, wait: int | None) -> None:
    """Wait for a signature that becomes valid, or ceases to be, with the tolerance at either end."""
    window = (T0 + starts, T0 + starts + 20 * DAY)
    assert next_edge(dnskeys("1", "1", TTL, window), policy.trust, T0) == wait


def test_nothing_to_wait_for() -> None:
    """Without a set there is no signature that could become valid."""
    assert next_edge(None, STRICT.trust, T0) is None


def cache_of(**knobs: str) -> KeyCache:
    """Return an empty cache under a policy."""
    return KeyCache(STRICT.override({name.replace("_", "-"): value for name, value in knobs.items()}))


def test_an_empty_cache() -> None:
    """At first nothing is held, and nobody asks until the resolver runs."""
    cache = cache_of()
    assert (cache.held, cache.at, cache.good_set(T0)) == (None, FAR, None)
    cache.drop(T0)
    assert cache.at == T0


def test_good_set_until_its_end() -> None:
    """A good set is in the cache until the second it expires, and is fetched again then."""
    cache, held = cache_of(), dnskeys("1", "1")
    cache.hold_good(held, T0, 0, FAR)
    assert cache.at == T0 + TTL
    assert cache.good_set(T0 + TTL - 1) is held
    assert cache.good_set(T0 + TTL) is None


def test_bad_set_is_no_good_set() -> None:
    """What did not verify is remembered and not used."""
    cache = cache_of(negative="PT61S")
    cache.hold_bad(dnskeys("1", "2"), T0, T0 + 1000, "")
    assert cache.good_set(T0) is None
    assert cache.at == T0 + 17 * 61


def test_uncached_set_is_fetched_when_it_can_differ() -> None:
    """A set that is not cached at all is fetched again at the next change, or when its signature ends."""
    cache = cache_of(ttl_cap="PT0S")
    cache.hold_good(dnskeys("1", "1", TTL, (T0 - DAY, T0 + 500)), T0, 0, T0 + 1000)
    assert cache.at == T0 + 501
    cache.hold_good(dnskeys("1", "1", TTL, (T0 - DAY, T0 + 500)), T0, 0, T0 + 400)
    assert cache.at == T0 + 400
    cache.hold_good(dnskeys("1", "1", TTL, (T0 - DAY, T0)), T0, 0, T0 + 400)
    assert cache.at == T0 + 1
    cache.hold_good(dnskeys("1", "1", TTL, (T0 - DAY, T0 - 500)), T0, 0, T0 + 400)
    assert cache.at == T0 + 400


def test_uncached_set_ends_by_the_resolvers_clock() -> None:
    """What is not cached is fetched again when its signature ends by the clock that judges it."""
    cache = cache_of(ttl_cap="PT0S")
    cache.hold_good(dnskeys("1", "1", TTL, (T0 - DAY, T0 + 500)), T0, 100, T0 + 1000)
    assert cache.at == T0 + 401


@pytest.mark.parametrize("good", [True, False])
def test_retry_after_a_change_of_trust(good: bool) -> None:
    """A change of what is trusted lets clients try again, as soon as the failure is forgotten."""
    cache = cache_of(negative="PT61S")
    cache.retry_from(T0)
    assert cache.at == FAR
    if good:
        cache.hold_good(dnskeys("1", "1"), T0, 0, FAR)
    else:
        cache.hold_bad(None, T0, FAR, "")
    cache.retry_from(T0 + 100)
    assert cache.at == (T0 + TTL if good else T0 + 122)


@pytest.mark.parametrize(
    ("step", "good", "at"),
    [
        (100, True, T0 + TTL - 100),
        (-100, True, T0 + TTL + 100),
        (9 * TTL, True, T0 + 50),
        (100, False, T0 + 50),
        (-9 * TTL, False, T0 + 50),
    ],
)
def test_clock_steps(step: int, good: bool, at: int) -> None:
    """An entry ends by the clock it was made by; a failure is tried again at once."""
    cache = cache_of(negative="PT7M")
    cache.clock_stepped(step, T0)
    assert cache.held is None
    if good:
        cache.hold_good(dnskeys("1", "1"), T0, 0, FAR)
    else:
        cache.hold_bad(None, T0, FAR, "")
    cache.clock_stepped(step, T0 + 50)
    assert cache.at == at


@pytest.mark.parametrize(("step", "at"), [(-TTL, T0 + 840 + TTL), (100, T0 + 740), (9 * TTL, T0 + 500)])
def test_failure_remembered_by_the_wall_clock(step: int, at: int) -> None:
    """Set back, the clock takes longer to reach the end of the last failure on the grid; set on, less."""
    cache = cache_of(negative="PT7M", negative_clock="wall")
    cache.hold_bad(None, T0, FAR, "")
    cache.clock_stepped(step, T0 + 500)
    assert cache.at == at
    assert cache.is_from_the_future(T0 + 500) is (step < 0)
    cache.clock_stepped(100, T0 + 501)
    assert cache.is_from_the_future(T0 + 501) is (step < 0)
