"""Policies that are wrong on purpose: each departs from RFC 5011 in one way that real code has, or had.

Every one of them names the conformance property that catches it. `code` says where the deviation was read;
without a name it is a mistake that is easily made.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from lab.resolver.policy import STRICT, ResolverPolicy


@dataclass(frozen=True, slots=True)
class Wrong:
    """One wrong policy: its name, the property that catches it, and how it departs from the RFC."""

    name: str
    caught_by: str
    rows: str = ""
    knobs: dict[str, Any] = field(default_factory=dict)
    code: str = ""

    @property
    def policy(self) -> ResolverPolicy:
        """Return the policy: RFC 5011 read strictly, but for this."""
        return STRICT.override(self.knobs).with_rows(self.rows)


def knob(**values: Any) -> dict[str, Any]:
    """Return knobs under the names that policies know them by."""
    return {name.replace("_", "-"): value for name, value in values.items()}


_ADDING = (
    Wrong(
        "new keys are never stored", "new-keys-wait", "Start seen -", code="Knot Resolver 4.0.0 to 5.1.2",
    ),
    Wrong("a pending key is trusted at first sight", "new-keys-wait", "Start seen Valid"),
    Wrong("every key of the first set is trusted", "new-keys-wait", "Start first Valid", code="BIND 9.18"),
    Wrong(
        "of two DS anchors only the one that signs is trusted", "configured-anchors-are-trusted",
        "Valid first-unsigned AddPend", code="Unbound before 1.6.5",
    ),
    Wrong(
        "a DS whose key is not published at first is lost", "unpublished-anchors-are-kept",
        "Valid nofirst-ds Start", code="Unbound 1.17",
    ),
    Wrong(
        "an anchor not published at first is lost at a restart", "unpublished-anchors-are-kept",
        "Valid nofirst Start+", code="BIND 9.18",
    ),
    Wrong(
        "a DS is matched by its tag", "ds-is-matched-by-its-digest", knobs=knob(match_ds_by="tag"),
        code="Knot Resolver 5.6",
    ),
    Wrong("the hold-down is 29 days", "hold-down-lasts-thirty-days", knobs=knob(add_hold_down="P29D")),
    Wrong("there is no hold-down", "hold-down-lasts-thirty-days", knobs=knob(add_hold_down="PT0S")),
    Wrong("the hold-down is not looked at", "hold-down-lasts-thirty-days", "AddPend seen Valid"),
    Wrong("two sightings are enough", "hold-down-lasts-thirty-days", "AddPend seen Valid twice"),
    Wrong(
        "the hold-down must be exceeded", "accepted-when-thirty-days-are-over",
        knobs=knob(strictly_after="PT1S"), code="Unbound 1.17, sdns 1.8",
    ),
    Wrong("the hold-down is 31 days", "accepted-when-thirty-days-are-over", knobs=knob(add_hold_down="P31D")),
    Wrong("pending keys stay pending", "accepted-when-thirty-days-are-over", "AddPend seen -"),
    Wrong("each sighting starts the timer anew", "accepted-when-thirty-days-are-over", "AddPend seen !"),
    Wrong(
        "the TTL does not lengthen the hold-down", "hold-down-lasts-the-ttl",
        knobs=knob(hold_down_takes_ttl=False), code="all that were read",
    ),
    Wrong(
        "time alone makes a key trusted", "acceptance-takes-a-verified-sighting",
        "AddPend answer Valid after add twice", code="Unbound 1.17",
    ),
    Wrong(
        "a restart makes a key trusted whose time is over", "acceptance-takes-a-verified-sighting",
        "AddPend load Valid after add", code="BIND 9.18",
    ),
    Wrong(
        "a set that does not verify makes a key trusted", "acceptance-takes-a-verified-sighting",
        "AddPend bogus Valid after add",
    ),
    Wrong(
        "a set signed by a pending key is accepted", "pending-keys-verify-nothing", "AddPend attempt Valid",
    ),
    Wrong("the timer goes on while a key is absent", "absence-ends-the-acceptance", "AddPend absent AddPend"),
    Wrong(
        "a pending key that is absent is not forgotten", "absence-ends-the-acceptance",
        "AddPend absent ! before add", code="BIND 9.18",
    ),
    Wrong(
        "an unproved REVOKE bit leaves a pending key alone", "absence-ends-the-acceptance",
        "AddPend flagged AddPend", code="BIND 9.18",
    ),
    Wrong(
        "a revoked pending key becomes trusted", "absence-ends-the-acceptance",
        "AddPend flagged Valid after add", code="Knot Resolver 5.6",
    ),
    Wrong("a pending key can be revoked", "absence-ends-the-acceptance", "AddPend revoked Revoked"),
    Wrong(
        "a set that does not verify starts the timer anew", "unverified-sets-are-no-evidence",
        "AddPend bogus !", code="BIND 9.18",
    ),
    Wrong(
        "a revocation in a set that does not verify forgets a pending key", "unverified-sets-are-no-evidence",
        "AddPend revoked Start", code="BIND 9.18",
    ),
    Wrong("a pending key is forgotten if no answer comes", "unverified-sets-are-no-evidence",
          "AddPend attempt Start"),
    Wrong("a set that does not verify brings a missing key back", "unverified-sets-move-no-missing-key",
          "Missing bogus Valid"),
    Wrong("the hold-down is forgotten at a restart", "restart-keeps-the-hold-down", "AddPend load !",
          code="cdnsd before its state was stored"),
    Wrong("a pending key is forgotten at a restart", "restart-keeps-the-hold-down", "AddPend load Start"),
    Wrong("a pending key is trusted at a restart", "restart-keeps-the-hold-down", "AddPend load Valid"),
    Wrong(
        "a revoked key goes on vouching for the pending ones", "revoked-validators-do-not-vouch",
        knobs=knob(validators_matter=False), code="all that were read",
    ),
)  # fmt: skip

_LOSING = (
    Wrong("a key that is absent is dropped at once", "missing-keys-stay-trusted", "Valid absent Start"),
    Wrong("a missing key is dropped when it is still absent", "missing-keys-stay-trusted",
          "Missing absent Start"),
    Wrong(
        "a missing key is dropped after 30 days", "missing-keys-stay-trusted",
        "Missing absent Start after keep", knob(keep_missing="P30D"), code="cdnsd",
    ),
    Wrong(
        "a missing key is dropped after 366 days", "missing-keys-stay-trusted",
        "Missing absent Start after keep if-valid", knob(keep_missing="P366D"), code="Unbound 1.17",
    ),
    Wrong("a missing key is not trusted", "missing-keys-stay-trusted", "Valid absent AddPend"),
    Wrong("there is no state Missing", "missing-keys-stay-trusted", "Valid absent -", code="BIND 9.18"),
    Wrong("a missing key is dropped at a restart", "missing-keys-stay-trusted", "Missing load Start"),
    Wrong("a missing key stays missing", "missing-keys-return", "Missing seen -"),
    Wrong("a missing key that returns is pending", "missing-keys-return", "Missing seen AddPend"),
    Wrong(
        "only a key in the set can verify it", "absent-trusted-keys-verify", knobs=knob(signer="in-set"),
        code="BIND 9.18, Knot Resolver 5.6",
    ),
    Wrong("a revocation is ignored", "revocation-is-immediate", "Valid revoked -"),
    Wrong("a missing key cannot be revoked", "revocation-is-immediate", "Missing revoked -"),
    Wrong("a revoked key is missing", "revocation-is-immediate", "Valid revoked Missing"),
    Wrong(
        "a revoked key is forgotten", "revocation-is-immediate", "Valid revoked Start",
        code="systemd-resolved 252",
    ),
    Wrong(
        "a revoked key has no remove hold-down", "revocation-is-immediate", "Valid revoked Removed",
        code="sdns 1.8",
    ),
    Wrong(
        "a revocation counts in verified sets alone", "revocation-takes-no-other-signature",
        "Valid revoked -\nMissing revoked -\nValid flagged Revoked\nMissing flagged Revoked",
        code="Knot Resolver 5.6",
    ),
    Wrong(
        "a revocation is accepted without the key's own signature",
        "revocation-takes-the-keys-own-signature", "Valid flagged Revoked\nMissing flagged Revoked",
        code="Knot Resolver 5.6",
    ),
    Wrong(
        "a REVOKE bit deletes", "revocation-takes-the-keys-own-signature",
        "Valid flagged Start\nMissing flagged Start", code="cdnsd",
    ),
    Wrong(
        "an unproved REVOKE bit is ignored", "unproved-revocation-is-absence", "Valid flagged Valid",
        code="BIND 9.18",
    ),
    Wrong(
        "there are no tombstones", "revocation-is-permanent", "Revoked absent Start after rem",
        code="Unbound 1.17",
    ),
    Wrong("a revoked key that returns is trusted", "revocation-is-permanent", "Revoked seen Valid"),
    Wrong(
        "a revoked key that returns is pending", "revocation-is-permanent", "Revoked seen AddPend",
        code="BIND 9.18, cdnsd",
    ),
    Wrong("a revoked key is trusted after a restart", "revocation-is-permanent", "Revoked load Valid"),
    Wrong("a key revoked before the first verified set is forgotten", "revocation-may-come-first",
          "Revoked nofirst Start"),
    Wrong("a key revoked before the first verified set is trusted", "revocation-may-come-first",
          "Revoked first Valid"),
    Wrong(
        "a revoked key is purged while it is published", "revoked-keys-are-kept-while-published",
        "Revoked flagged Removed after rem", code="Unbound 1.17, Knot Resolver 5.6",
    ),
    Wrong("seeing a revoked key does not keep it", "revoked-keys-are-kept-while-published", "Revoked seen -"),
    Wrong("the remove hold-down is 29 days", "remove-hold-down-lasts-thirty-days",
          knobs=knob(remove_hold_down="P29D")),
    Wrong("there is no remove hold-down", "remove-hold-down-lasts-thirty-days", "Revoked absent Removed"),
    Wrong(
        "time alone removes a revoked key", "remove-hold-down-lasts-thirty-days",
        "Revoked attempt Removed after rem", code="BIND 9.18",
    ),
    Wrong(
        "a revoked key that is gone stays revoked", "remove-hold-down-lasts-thirty-days", "Revoked absent -",
        code="Knot Resolver 5.6",
    ),
    Wrong(
        "a removed key that returns is pending", "removal-is-the-end", "Removed seen AddPend",
        code="Knot Resolver 5.6",
    ),
    Wrong("a removed key is forgotten", "removal-is-the-end", "Removed absent Start",
          code="Unbound 1.17, Knot Resolver 5.6"),
    Wrong(
        "with every anchor revoked nothing resolves", "last-anchor-revoked-is-insecure",
        knobs=knob(when_empty="fail"), code="BIND 9.18, sdns 1.8",
    ),
)  # fmt: skip

_VERIFYING = (
    Wrong(
        "an anchor in the set is taken for its signature", "sets-take-a-trusted-signature",
        knobs=knob(signer="presence"), code="numa, pull request 258",
    ),
    Wrong(
        "every algorithm must verify", "one-signature-is-enough", knobs=knob(algorithms="all"),
        code="Unbound before 1.5.5, or with harden-algo-downgrade",
    ),
    Wrong(
        "a signature counts a while longer", "signatures-count-in-their-period-alone",
        knobs=knob(skew="tenth"), code="Unbound 1.17",
    ),
    Wrong(
        "configured anchors are trusted whatever the state says", "configuration-is-a-seed",
        knobs=knob(configured="always"), code="cdnsd",
    ),
    Wrong(
        "a key of an unknown algorithm stops the resolver", "unknown-algorithms-are-ignored",
        knobs=knob(unsupported="crash"), code="BIND before 9.11.5, CVE-2018-5745",
    ),
    Wrong("refreshes come at a fixed time", "refreshes-follow-the-formula",
          knobs=knob(fixed_interval="PT12H"), code="sdns 1.8"),
    Wrong("refreshes are as far apart as the TTL", "refreshes-follow-the-formula",
          knobs=knob(interval_divisor=1)),
    Wrong("refreshes may be 16 days apart", "refreshes-follow-the-formula", knobs=knob(interval_cap="P16D")),
    Wrong("refreshes may be a minute apart", "refreshes-follow-the-formula", knobs=knob(floor="PT1M")),
    Wrong(
        "a missing key brings the next refresh forward", "refreshes-follow-the-formula",
        knobs=knob(after_miss="PT1H"), code="BIND 9.18",
    ),
    Wrong("there are no refreshes", "refreshes-follow-the-formula", knobs=knob(probes=False),
          code="every static validator"),
    Wrong("signatures' ends do not count", "refreshes-follow-the-formula", knobs=knob(expiry_source="none"),
          code="Knot Resolver 5.6"),
    Wrong(
        "refreshes follow the TTL that was stored", "refreshes-follow-the-formula",
        knobs=knob(ttl_source="stored"), code="Knot Resolver 5.6",
    ),
    Wrong(
        "refreshes are answered from the cache", "refreshes-are-fetched", knobs=knob(refresh_from_cache=True),
        code="BIND before 9.11.3",
    ),
    Wrong(
        "no answer is followed by an hour", "failures-are-tried-again", knobs=knob(after_none="PT1H"),
        code="BIND 9.18",
    ),
    Wrong(
        "a set that does not verify is followed by a full interval", "failures-are-tried-again",
        knobs=knob(after_bogus="interval"), code="BIND 9.18",
    ),
    Wrong(
        "a set without any known key ends all refreshes", "failures-are-tried-again",
        knobs=knob(after_blind="never"), code="BIND 9.18",
    ),
    Wrong(
        "a set without the trusted key is fetched again every 27 s", "failures-are-tried-again",
        knobs=knob(after_lost="PT27S"), code="BIND 9.18",
    ),
)  # fmt: skip

WRONG: tuple[Wrong, ...] = _ADDING + _LOSING + _VERIFYING
"""Every wrong policy."""
