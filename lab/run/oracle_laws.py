"""How implementations read RFC 5011: one `Law` for each, in the words of their comparison.

The models express the same differences as rows of a table of states and events (lab.resolver.profiles). The
laws were written from the comparison of the implementations, not from those rows, so that the oracle and the
models can catch each other's slips.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from ..resolver.policy import ResolverPolicy
from ..resolver.profiles import MODELS


@dataclass(frozen=True, slots=True)
class Law:
    """How one implementation answers the questions on which RFC 5011 is read differently.

    The defaults are RFC 5011 sections 2 and 4 to the letter. `at_first`: who is trusted at the first verified
    set, the configured keys, those of them that sign (asked of a DS alone), or every key in it.
    `unpublished`: what becomes of a configured key that this set lacks (`lost` goes for a DS alone).
    `time_alone`: the hold-down's end is enough once a key was seen twice. `pending_*`: what becomes of a
    waiting key that is absent, in a set that does not verify, present with the REVOKE bit, or proved revoked.
    `proof`: what revokes a key. `unproved`: what a REVOKE bit without proof counts as. `afterwards`: for how
    long a key stays revoked.
    """

    learns: bool = True
    at_first: Literal["configured", "signing", "all"] = "configured"
    unpublished: Literal["kept", "lost", "until-restart"] = "kept"
    time_alone: bool = False
    at_load: bool = False
    pending_absent: Literal["forgotten", "restarted"] = "forgotten"
    pending_bogus: Literal["kept", "restarted"] = "kept"
    pending_flagged: Literal["forgotten", "kept", "seen"] = "forgotten"
    pending_proved: Literal["kept", "forgotten"] = "kept"
    notices_absence: bool = True
    drops_missing: Literal["never", "always", "if-another-is-valid"] = "never"
    proof: Literal["signature", "flag", "none"] = "signature"
    unproved: Literal["absent", "ignored"] = "absent"
    afterwards: Literal["for-ever", "until-gone", "until-time", "until-seen", "forgotten"] = "for-ever"


_UNBOUND = Law(
    unpublished="lost", time_alone=True, drops_missing="if-another-is-valid", afterwards="until-gone"
)
_BIND = Law(
    at_first="all", unpublished="until-restart", at_load=True, pending_absent="restarted",
    pending_bogus="restarted", pending_flagged="kept", pending_proved="forgotten", notices_absence=False,
    unproved="ignored", afterwards="until-time",
)  # fmt: skip
_KNOT = Law(pending_flagged="seen", drops_missing="always", proof="flag", afterwards="until-seen")

_FAMILIES: tuple[tuple[str, Law], ...] = (
    ("rfc5011-strict", Law()),
    ("unbound", _UNBOUND),
    (
        "unbound-1.6.4",
        Law(
            at_first="signing", unpublished="lost", time_alone=True, drops_missing="if-another-is-valid",
            afterwards="until-gone",
        ),
    ),
    ("bind", _BIND),
    ("knot", _KNOT),
    (
        "knot-5.1.2",
        Law(
            learns=False, pending_flagged="seen", drops_missing="always", proof="flag",
            afterwards="until-seen",
        ),
    ),
    ("sdns", Law(drops_missing="always")),
    ("cdnsd", Law(drops_missing="always", proof="flag", afterwards="forgotten")),
    ("static", Law(learns=False, notices_absence=False, proof="none")),
    ("systemd-resolved", Law(learns=False, notices_absence=False, afterwards="forgotten")),
)  # fmt: skip
"""A preset of each family, to be known by its rows, and the family's law."""


def law_of(policy: ResolverPolicy) -> Law | None:
    """Return the law of the family a policy's rows make it one of, None for rows the oracle does not know."""
    for name, law in _FAMILIES:
        known = MODELS[name].policy
        if (policy.base, policy.overrides) == (known.base, known.overrides):
            return law
    return None
