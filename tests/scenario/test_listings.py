"""What root-anchors.xml lists by default, and what becomes of it under another timeline."""

from __future__ import annotations

from lab.authority.operators import delay, emergency
from lab.clock import parse_instant
from lab.scenario.listings import default_listings, relisted
from lab.scenario.load import load_scenario
from lab.scenario.spec import XmlListing

TIMELINE = load_scenario("2018-actual").timeline
REVOKED = parse_instant("2019-01-11")


def test_default() -> None:
    """A key is listed from its real validFrom until its last midnight unrevoked (RFC 9718 section 2)."""
    assert default_listings(TIMELINE) == (
        XmlListing("ksk-2010", parse_instant("2010-07-15"), REVOKED),
        XmlListing("ksk-2017", parse_instant("2017-02-02")),
    )


def test_relisted() -> None:
    """A delay moves the end that followed from the plan, a new key is listed, what a file said stays."""
    said = XmlListing("ksk-2017", parse_instant("2099-01-01"))
    at = parse_instant("2018-10-01")
    later = emergency(delay(TIMELINE, quarters=1), at, "ksk-spare-1", 0)
    delayed = relisted((default_listings(TIMELINE)[0], said), TIMELINE, delay(TIMELINE, quarters=1))
    assert delayed == (XmlListing("ksk-2010", parse_instant("2010-07-15"), parse_instant("2019-04-11")), said)
    assert relisted(delayed, delay(TIMELINE, quarters=1), later) == (
        XmlListing("ksk-2010", parse_instant("2010-07-15")),
        said,
        XmlListing("ksk-spare-1", at),
    )
