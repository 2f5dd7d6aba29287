"""The presets: which rows and knobs make a policy behave as an implementation does, with sources.

Sources are files and functions of the implementations (Debian 12's versions unless a version is named), or
their change logs. A preset differs from RFC 5011 read strictly only in what is written here.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from .policy import STRICT, ResolverPolicy
from .rfc5011 import rows


@dataclass(frozen=True, slots=True)
class Profile:
    """One preset: its name, the software it imitates, its policy, and where that was read."""

    name: str
    version: str
    title: str
    policy: ResolverPolicy
    cites: tuple[str, ...]


_LEARNER = {"hold-down-takes-ttl": False, "validators-matter": False}
"""What nobody implements: hold-downs longer than 30 days, and the last sentence of RFC 5011 section 2.2."""

_STATIC: dict[str, Any] = {
    "probes": False,
    "signer": "in-set",
    "when-empty": "fail",
    "when-empty-at-start": "fail",
}
"""A validator that never changes its anchors."""


def _policy(knobs: dict[str, Any], table: str = "", base: str = "rfc") -> ResolverPolicy:
    return ResolverPolicy(overrides=rows(table), base=base).override(knobs)


_UNBOUND = _policy(
    {
        **_LEARNER, "keep-missing": "P366D", "strictly-after": "PT1S", "skew": "tenth",
        "ttl-source": "capped", "expiry-source": "minimum", "jitter-tenths": 1, "first-probe": "stored",
        "clients-observe": True, "timers": "dated", "swap": "flush", "ttl-cap": "P1D", "negative":
        "PT61S", "negative-clock": "wall", "zone-keys": "replaced", "burst": 6, "unwritable": "exit",
        "key-tag-query": "prime",
        "sentinel": "yes",
    },
    """
    AddPend  answer      Valid    after add  twice
    Missing  absent      Start    after keep if-valid
    Revoked  absent      Start    after rem
    Revoked  flagged     Start    after rem
    Valid    nofirst-ds  Start
    """,
)  # fmt: skip

_BIND = _policy(
    {
        **_LEARNER, "signer": "in-set", "when-empty": "fail", "after-miss": "PT1H", "after-none": "PT1H",
        "after-bogus": "interval", "after-lost": "PT27S", "after-blind": "never", "expiry-source": "first",
        "deadline-probe": True, "swap": "replace", "ttl-cap": "P7D", "negative": "PT30S",
        "negative-clock": "wall", "burst": 26,
        "unwritable-start": "exit", "unwritable": "rollback", "key-tag-query": "daily", "sentinel": "yes",
    },
    """
    Start    first    Valid
    Valid    nofirst  Start+
    AddPend  absent   !        before add
    AddPend  bogus    !        before add
    AddPend  load     Valid    after add
    AddPend  flagged  AddPend
    AddPend  revoked  Start
    Valid    absent   -
    Revoked  seen     AddPend
    Revoked  flagged  -
    Revoked  attempt  Start    after rem
    Revoked  load     Start    after rem
    """,
)  # fmt: skip

_TA_UPDATE: dict[str, Any] = {
    "match-ds-by": "tag", "ttl-source": "stored", "expiry-source": "none", "timers": "monotonic",
    "swap": "renew", "ttl-cap": "P1D", "ttl-floor": "PT5S", "burst": 5, "key-tag-query": "prime",
    "key-tag-memory": "P1D", "key-tag-states": "valid", "sentinel": "yes",
}  # fmt: skip
"""Knot Resolver, whether its anchors are managed or not: its module refreshes the keys and their copy."""

_KNOT = _policy(
    {
        **_LEARNER, **_TA_UPDATE, "keep-missing": "P120D", "signer": "in-set", "when-empty": "fail",
        "when-empty-at-start": "fail", "unwritable-start": "exit", "unwritable": "crash",
    },
    """
    Valid    revoked  -
    Missing  revoked  -
    Valid    flagged  Revoked
    Missing  flagged  Revoked
    AddPend  flagged  Valid    after add
    Missing  absent   Start    after keep
    Revoked  seen     Removed  after rem
    Revoked  flagged  Removed  after rem
    Revoked  absent   -
    Removed  seen     AddPend
    Removed  absent   Start
    """,
)  # fmt: skip

_SDNS = _policy(
    {
        **_LEARNER, "keep-missing": "P90D", "strictly-after": "PT1S", "configured": "merge", "when-empty":
        "fail", "when-empty-at-start": "fail", "fixed-interval": "PT12H", "unwritable": "keep",
    },
    """
    Valid    revoked  Removed
    Missing  revoked  Removed
    Missing  absent   Start    after keep
    """,
)  # fmt: skip

_CDNSD = _policy(
    {
        **_LEARNER, "keep-missing": "P30D", "configured": "always", "signer": "in-set", "when-empty": "fail",
        "when-empty-at-start": "fail", "fixed-interval": "P1D",
    },
    """
    Valid    revoked  -
    Missing  revoked  -
    Valid    flagged  Start
    Missing  flagged  Start
    Missing  absent   Start    after keep
    """,
)  # fmt: skip


def _static(**knobs: Any) -> ResolverPolicy:
    named = {name.replace("_", "-"): value for name, value in knobs.items()}
    if "negative" in named:
        named["negative-clock"] = "wall"
    return _policy({**_LEARNER, **_STATIC, **named}, base="none")


_RESOLVED = _policy(
    {
        **_LEARNER, **_STATIC, "ttl-cap": "PT2H", "clients-observe": True, "revoked-ds": True,
    },
    "Valid    revoked  Start",
    base="none",
)  # fmt: skip

_FIRST_UNSIGNED = "Valid    first-unsigned  AddPend"
_NEVER_STORED = """
    Start    seen  -
    Removed  seen  Start
"""
_QUIET = {"key-tag-query": "none", "sentinel": "no"}

_PROFILES = (
    Profile("rfc5011-strict", "RFC 5011", "RFC 5011 read strictly", STRICT, ("RFC 5011 sections 2 to 5",)),
    Profile(
        "unbound",
        "1.17.1",
        "Unbound, auto-trust-anchor-file",
        _UNBOUND,
        ("validator/autotrust.c: autr_process_prime, do_statetable, set_tp_times, calc_next_probe",),
    ),
    Profile(
        "unbound-harden",
        "1.17.1",
        "Unbound with harden-algo-downgrade",
        _UNBOUND.override({"algorithms": "all"}),
        ("validator/val_utils.c: all algorithms of the trust point must verify",),
    ),
    Profile(
        "unbound-permissive",
        "1.17.1",
        "Unbound with val-permissive-mode",
        _UNBOUND.override({"on-bogus": "pass"}),
        ("doc/unbound.conf: val-permissive-mode",),
    ),
    Profile(
        "unbound-1.5.3",
        "1.5.3",
        "Unbound before a file that cannot be written was fatal",
        _UNBOUND.override({**_QUIET, "algorithms": "all", "unwritable": "memory"}).with_rows(_FIRST_UNSIGNED),
        ("doc/Changelog 1.5.4: fatal exit when the file cannot be written", "1.5.5: one algorithm suffices"),
    ),
    Profile(
        "unbound-1.5.4",
        "1.5.4",
        "Unbound that needs every algorithm of its trust point",
        _UNBOUND.override({**_QUIET, "algorithms": "all"}).with_rows(_FIRST_UNSIGNED),
        ("doc/Changelog 1.5.5: one algorithm suffices",),
    ),
    Profile(
        "unbound-1.6.4",
        "1.6.4",
        "Unbound that trusts at first only the DS anchor that signs",
        _UNBOUND.override(_QUIET).with_rows(_FIRST_UNSIGNED),
        ("doc/Changelog 1.6.5: both DS anchors are Valid at first start",),
    ),
    Profile(
        "unbound-1.6.5",
        "1.6.5",
        "Unbound with the fix for two DS anchors",
        _UNBOUND.override(_QUIET),
        ("doc/Changelog 1.6.5",),
    ),
    Profile(
        "unbound-1.6.7",
        "1.6.7",
        "the first Unbound that signals its anchors by default",
        _UNBOUND.override({"sentinel": "no"}),
        ("doc/Changelog 1.6.7: trust-anchor-signaling", "1.7.1: sentinel"),
    ),
    Profile(
        "unbound-static",
        "1.17.1",
        "Unbound, trust-anchor-file",
        _static(
            ttl_cap="P1D", negative="PT61S", burst=6, skew="tenth", key_tag_query="prime", sentinel="yes"
        ),
        ("validator/val_anchor.c", "validator/validator.c: primeResponseToKE, NULL_KEY_TTL"),
    ),
    Profile(
        "bind",
        "9.18.49",
        "BIND, dnssec-validation auto",
        _BIND,
        (
            "lib/dns/zone.c: keyfetch_done, refresh_time, load_secroots, zone_refreshkeys",
            "lib/dns/resolver.c: every address of the root servers is asked for better keys",
        ),
    ),
    Profile(
        "bind-static",
        "9.18.49",
        "BIND, static-ds or trusted-keys, over IPv4 alone",
        _static(ttl_cap="P7D", negative="PT30S", burst=13, key_tag_query="daily", sentinel="yes"),
        ("lib/dns/validator.c: validate_dnskey", "lib/dns/badcache.c"),
    ),
    Profile(
        "bind-9.11.2",
        "9.11.2",
        "BIND whose refresh may be answered from the cache",
        _BIND.override(
            {"refresh-from-cache": True, "swap": "bypass", "sentinel": "no", "unwritable-start": "runs"}
        ),
        ("CHANGES 4771: refresh answered from the cache", "CHANGES 4769: directory must be writable"),
    ),
    Profile(
        "bind-9.11.3",
        "9.11.3",
        "BIND that always fetches anew, and crashes on an unknown algorithm",
        _BIND.override({"sentinel": "no", "unwritable-start": "runs", "unsupported": "crash"}),
        ("CHANGES 4771", "CHANGES 5118, CVE-2018-5745"),
    ),
    Profile(
        "bind-9.20",
        "9.20",
        "BIND whose timers run on the monotonic clock",
        _BIND.override({"timers": "monotonic"}),
        ("lib/isc/timer.c: libuv loop timers",),
    ),
    Profile(
        "knot",
        "5.6.0",
        "Knot Resolver, managed anchors",
        _KNOT,
        (
            "modules/ta_update/ta_update.lua",
            "daemon/lua/trust_anchors.lua.in",
            "lib/cache/api.c: cache_stash, a refresh's answer too, if it is secure",
            "lib/layer/validate.c: validate_keyset merges with the cached set, a second query mends that",
            "modules/ta_signal_query: the query after a refresh is cancelled by ta_update's refresh_plan, "
            "whose event.cancel(id) means an event that is over, and whose id it was given since",
            "lib/cache/nsec1.c: a denial in the cache answers",
            "lib/defines.h: KR_COUNT_NO_NSADDR_LIMIT, 5 servers are asked for better keys",
        ),
    ),
    Profile(
        "knot-debian",
        "5.6.0",
        "Knot Resolver as Debian ships it: anchors not managed",
        _static(probes=True, **_TA_UPDATE),
        ("debian/rules: managed_ta=disabled", "ta_update.lua: refreshes as ever, check_upstream only warns"),
    ),
    Profile(
        "knot-2.0.0",
        "2.0.0",
        "Knot Resolver with the sentinel's logic inverted",
        _KNOT.override({"sentinel": "inverted"}),
        ("NEWS 2.1.0: ta_sentinel",),
    ),
    Profile(
        "knot-5.1.2",
        "5.1.2",
        "Knot Resolver 4.0.0 to 5.1.2: new keys are never stored",
        _KNOT.with_rows(_NEVER_STORED),
        ("ta_update.lua before commit e46cfb3d5 (5.1.3)",),
    ),
    Profile(
        "knot-5.1.3",
        "5.1.3",
        "Knot Resolver with new keys stored again",
        _KNOT,
        ("ta_update.lua, commit e46cfb3d5",),
    ),
    Profile(
        "pdns-recursor",
        "4.8.8",
        "PowerDNS Recursor: anchors from a file read daily",
        _static(feed="file", ttl_cap="P1D", negative="PT1H", configured="always"),
        ("pdns/rec-lua-conf.cc", "pdns/recursordist/rec-main.cc: housekeeping", "pdns/validate.cc"),
    ),
    Profile(
        "dnsmasq",
        "2.90",
        "dnsmasq: trust-anchor lines",
        _static(ttl_floor="PT1M", configured="always"),
        ("src/dnssec.c: dnssec_validate_by_ds", "src/cache.c: DNSSEC_MIN_TTL"),
    ),
    Profile(
        "systemd-resolved",
        "252.39",
        "systemd-resolved, DNSSEC=yes",
        _RESOLVED,
        ("src/resolve/resolved-dns-trust-anchor.c", "src/resolve/resolved-dns-cache.c"),
    ),
    Profile(
        "systemd-resolved-downgrade",
        "252.39",
        "systemd-resolved, DNSSEC=allow-downgrade",
        _RESOLVED.override({"when-empty": "insecure"}),
        ("src/resolve/resolved-dns-transaction.c",),
    ),
    Profile(
        "getdns",
        "1.6.0",
        "getdns and Stubby, zero configuration: root-anchors.xml",
        _static(feed="xml", ttl_cap="PT0S"),
        ("src/anchor.c", "src/dnssec.c"),
    ),
    Profile(
        "stubby",
        "0.3.0",
        "Stubby on getdns, anchors from a file",
        _static(ttl_cap="PT0S"),
        ("getdns src/context.c: dnssec_trust_anchors", "src/anchor.c: source APP"),
    ),
    Profile("sdns", "1.8", "sdns, AutoTA", _SDNS, ("middleware/resolver/auto_trust_anchor.go",)),
    Profile("cdnsd", "HEAD 2026-08", "cdnsd", _CDNSD, ("internal/dns/root_anchor.go",)),
    Profile(
        "hickory",
        "2026-08",
        "Hickory DNS: built-in or configured anchors",
        _static(),
        ("crates/net/src/dnssec/mod.rs: no RFC 5011, issue 3675",),
    ),
    Profile(
        "technitium",
        "2026-08",
        "Technitium DNS Server: root-anchors.xml shipped with it",
        _static(),
        ("DnsServerCore/root-anchors.xml",),
    ),
    Profile(
        "static",
        "any",
        "a validator whose anchors never change",
        _static(),
        ("BIND trusted-keys, Unbound trust-anchor, dnsmasq trust-anchor",),
    ),
    Profile(
        "presence",
        "any",
        "a validator that takes the set for good if its anchor stands in it",
        _static(signer="presence"),
        ("numa, pull request 258",),
    ),
    Profile(
        "fail-open",
        "any",
        "a validator that goes on without AD when validation fails",
        _static(on_bogus="pass"),
        ("ferrous-dns, pull request 186",),
    ),
)

MODELS: dict[str, Profile] = {profile.name: profile for profile in _PROFILES}
"""Every preset by its name."""
