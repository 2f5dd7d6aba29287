"""How long a publisher has to wait: RFC 7583, RFC 5011 and the waits that draft 13 adds to them.

All arguments and results are whole seconds, halves and tenths rounded down, as the clocks of the lab are.
"HARD" below is draft-ietf-dnsop-rfc5011-security-considerations-13. Two of its printed results are arithmetic
slips (facts.md 7.4): with its own formulas the root has to wait 53 days to roll, not 52, and 23 days to
remove a revoked key, not 26.

The resolver's side has timers of its own (lab.resolver); this is what the publisher may count on.
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from fractions import Fraction

from ..clock import DAY, HOUR, Instant, Seconds

ADD_HOLD_DOWN: Seconds = 30 * DAY
"""RFC 5011 section 2.4.1; a longer TTL of the first RRset with the new key takes its place."""

_LONGEST_REFRESH: Seconds = 15 * DAY
_LONGEST_RETRY: Seconds = DAY
_SHORTEST: Seconds = HOUR

_HEADER, _QUESTION_AT_ROOT, _OPT = 12, 5, 11
_RR_FIXED_AT_ROOT = 1 + 10
_DNSKEY_FIXED, _RRSIG_FIXED_AT_ROOT = 4, 18 + 1

RSA_2048_KEY, RSA_1024_KEY, P256_KEY = 260, 132, 64
"""Octets of a public key field: RFC 3110 section 2 with e = 65537; RFC 6605 section 4."""

RSA_2048_SIGNATURE, RSA_1024_SIGNATURE, P256_SIGNATURE = 256, 128, 64
"""Octets of a signature field: RFC 3110 section 3; RFC 6605 section 4."""


def query_interval(ttl: Seconds, expires_in: Seconds) -> Seconds:
    """Return RFC 5011's queryInterval, between active refreshes (section 2.3).

    `ttl` is the original TTL of the DNSKEY RRset, `expires_in` the time from its retrieval to the expiration
    of its RRSIG. At the root: 86400.
    """
    return max(_SHORTEST, min(_LONGEST_REFRESH, ttl // 2, expires_in // 2))


def retry_time(ttl: Seconds, expires_in: Seconds) -> Seconds:
    """Return RFC 5011's retryTime, after a failed active refresh (section 2.3). At the root: 17280."""
    return max(_SHORTEST, min(_LONGEST_RETRY, ttl // 10, expires_in // 10))


def add_hold_down(ttl: Seconds) -> Seconds:
    """Return RFC 5011's add hold-down time for a first RRset with this original TTL (section 2.4.1)."""
    return max(ADD_HOLD_DOWN, ttl)


def modified_query_interval(ttl_key: Seconds) -> Seconds:
    """Return RFC 7583's modifiedQueryInterval (section 3.3.4.1), which leaves the signature's end out."""
    return max(_SHORTEST, min(_LONGEST_REFRESH, ttl_key // 2))


def i_trp(ttl_key: Seconds, hold_down: Seconds = ADD_HOLD_DOWN) -> Seconds:
    """Return the least Itrp, the wait for RFC 5011 resolvers to trust a key (RFC 7583 section 3.3.4.1).

    At the root 32 days. HARD calls it insecure, since a replayed old RRset can delay resolvers further.
    """
    return hold_down + 2 * modified_query_interval(ttl_key)


def i_pub_c(dprp_c: Seconds, ttl_key: Seconds, itrp: Seconds = 0) -> Seconds:
    """Return IpubC, from publishing a KSK to its being usable (RFC 7583 sections 3.3.1, 3.3.4.1).

    `dprp_c` is DprpC, the propagation delay; `itrp` is Itrp where resolvers follow RFC 5011, else 0.
    """
    return dprp_c + max(itrp, ttl_key)


def i_pub_p(dprp_p: Seconds, ttl_ds: Seconds) -> Seconds:
    """Return IpubP, from publishing a DS in the parent to its being everywhere (RFC 7583 section 3.3.2)."""
    return dprp_p + ttl_ds


def i_pub(dreg: Seconds, ipub_p: Seconds, ipub_c: Seconds) -> Seconds:
    """Return Ipub of the Double-RRset method: both DS and KSK everywhere (RFC 7583 section 3.3.3)."""
    return max(dreg + ipub_p, ipub_c)


def i_ret(ipub: Seconds, dreg: Seconds) -> Seconds:
    """Return Iret of the Double-RRset method: the old KSK has to stay (RFC 7583 section 3.3.3)."""
    return ipub - dreg


def i_rev(dprp_c: Seconds, ttl_key: Seconds) -> Seconds:
    """Return the least Irev, for which a revoked KSK stays published (RFC 7583 section 3.3.4.2)."""
    return dprp_c + modified_query_interval(ttl_key)


def active_refresh(ttl: Seconds, validity: Seconds) -> Seconds:
    """Return HARD's activeRefresh: queryInterval, at worst over the whole signature validity.

    `validity` is sigExpirationTime, from an RRSIG's inception to its expiration.
    """
    return query_interval(ttl, validity)


def timing_safety_margin(ttl: Seconds, validity: Seconds, hold_down: Seconds = ADD_HOLD_DOWN) -> Seconds:
    """Return HARD's timingSafetyMargin: the largest of three margins.

    They are activeRefreshOffset, what the hold-down leaves of the last refresh, and one activeRefresh each
    for the drift of clocks and of retries; the first is always smaller.
    """
    refresh = active_refresh(ttl, validity)
    active_refresh_offset = hold_down % refresh
    clock_skew_drift_margin = retry_drift_margin = refresh
    return max(active_refresh_offset, clock_skew_drift_margin, retry_drift_margin)


def retry_count(resolvers: int, success_rate: float) -> int:
    """Return HARD's retryCountWait: how many retries leave at most one of `resolvers` without success.

    `success_rate` is the share of queries that succeed, 0.001 to 0.999. The result is the logarithm of
    `resolvers` to the base 1 / (1 - rate), rounded up and found by multiplying exactly: a logarithm of floats
    makes 3 of the 2 retries that 10^4 resolvers need at a rate of .99. Raises ValueError.
    """
    if resolvers < 1 or not 0.001 <= success_rate <= 0.999:
        raise ValueError(
            f"no retry count for {resolvers} resolvers at a success rate of {success_rate}; "
            "give at least 1 resolver and a rate from 0.001 to 0.999"
        )
    failure = 1 - Fraction(str(success_rate))
    count = max(0, math.floor(math.log(resolvers) / -math.log(failure)) - 1)
    while resolvers * failure.numerator**count > failure.denominator**count:
        count += 1
    return count


def retry_safety_margin(retries: int, ttl: Seconds, validity: Seconds) -> Seconds:
    """Return HARD's retrySafetyMargin: `retries` (see retry_count) times the retryTime."""
    return retries * retry_time(ttl, validity)


def add_wait_time(
    ttl: Seconds,
    validity: Seconds,
    remaining: Seconds | None = None,
    retry_margin: Seconds = 0,
) -> Seconds:
    """Return HARD's addWaitTime: from the publication of a new key to the first use of it alone.

    `ttl` is that of the DNSKEY RRset without the new key, `validity` its RRSIG's whole length and `remaining`
    what is left of it at publication (all of it unless said). At the root: 30 + 21 + 1 + 1 = 53 days.
    """
    hold_down = add_hold_down(ttl)
    left = validity if remaining is None else remaining
    return left + hold_down + _refresh_and_margins(ttl, validity, hold_down, retry_margin)


def add_wall_clock_time(
    last_expiration: Instant,
    ttl: Seconds,
    validity: Seconds,
    retry_margin: Seconds = 0,
) -> Instant:
    """Return HARD's addWallClockTime: from when on a new key may sign alone.

    `last_expiration` is lastSigExpirationTime, the latest expiration of any RRSIG over a DNSKEY RRset without
    the new key; a leaked back-out file counts. For KSK-2017: 2017-08-23.
    """
    return last_expiration + add_wait_time(ttl, validity, 0, retry_margin)


def rem_wait_time(
    ttl: Seconds,
    validity: Seconds,
    remaining: Seconds | None = None,
    retry_margin: Seconds = 0,
) -> Seconds:
    """Return HARD's remWaitTime: how long a revoked key stays published. At the root 23 days."""
    left = validity if remaining is None else remaining
    return left + _refresh_and_margins(ttl, validity, add_hold_down(ttl), retry_margin)


def rem_wall_clock_time(
    last_expiration: Instant,
    ttl: Seconds,
    validity: Seconds,
    retry_margin: Seconds = 0,
) -> Instant:
    """Return HARD's remWallClockTime: from when on a revoked key may leave.

    `last_expiration` is the latest expiration of any RRSIG over a DNSKEY RRset that has the key unrevoked.
    For KSK-2010: 2019-01-24.
    """
    return last_expiration + rem_wait_time(ttl, validity, 0, retry_margin)


def _refresh_and_margins(
    ttl: Seconds, validity: Seconds, hold_down: Seconds, retry_margin: Seconds
) -> Seconds:
    """Return the terms that both waits share."""
    return active_refresh(ttl, validity) + timing_safety_margin(ttl, validity, hold_down) + retry_margin


def dnskey_response_size(public_keys: Iterable[int], signatures: Iterable[int]) -> int:
    """Return the octets of the root's answer to `. DNSKEY` with an empty OPT record (facts.md 2.5).

    `public_keys` and `signatures` are the octets of each public key field and each signature field. Nothing
    in it can be compressed: every owner is the root.
    """
    keys = sum(_RR_FIXED_AT_ROOT + _DNSKEY_FIXED + octets for octets in public_keys)
    rrsigs = sum(_RR_FIXED_AT_ROOT + _RRSIG_FIXED_AT_ROOT + octets for octets in signatures)
    return _HEADER + _QUESTION_AT_ROOT + _OPT + keys + rrsigs
