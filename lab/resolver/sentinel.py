"""RFC 8509: a client asks whether a key is a trust anchor by the name it looks up."""

from __future__ import annotations

import re

from .rfc5011 import TrustPoint

_LABEL = re.compile(r"root-key-sentinel-(?P<kind>is|not)-ta-(?P<tag>[0-9]{5})")


def sentinel_answer(label: str, point: TrustPoint, support: str = "yes") -> str:
    """Return `original` or `servfail` for a leftmost label, as a resolver that validated the answer gives it.

    A label that is no sentinel gets `original` (RFC 8509 section 2: the tag has exactly five digits). The
    key counts as an anchor if it is trusted now, so neither pending nor revoked. `support` is the policy's
    knob: Knot Resolver 2.0.0 had the logic inverted.
    """
    match = _LABEL.fullmatch(label.lower())
    if match is None or support == "no":
        return "original"
    trusted = any(cell.anchor.key_tag == int(match["tag"]) for cell in point.trusted())
    wanted = match["kind"] == ("is" if support == "yes" else "not")
    return "original" if trusted is wanted else "servfail"
