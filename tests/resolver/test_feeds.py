"""Test anchors from outside the DNS: files read daily, root-anchors.xml, and merged configuration."""

from __future__ import annotations

import pytest

from lab.clock import DAY, HOUR
from lab.observation import Transition
from lab.resolver.model import Anchors, ResolverModel

from .world import T0, Life, World, anchors, live, policy_of, signed_set, world

ROLL = world((0, "1 2", "1"), (5.2, "1 2", "2"))


def give(life: Life, numbers: str, *, at_once: bool = False) -> Life:
    """Let an operator put other anchors in place."""

    def put(model: ResolverModel, now: int) -> None:
        model.set_anchors(anchors(numbers), now, at_once=at_once)

    return life.do(put)


def test_file_is_read_daily() -> None:
    """PowerDNS reads its file a day after its start and every day; it replaces all anchors."""
    life = give(live("pdns-recursor", World(ROLL.steps)).run(3.5), "2")
    assert life.run(3.99).states() == "1 Valid"
    assert life.run(4.01).states() == "2 Valid"


def test_first_reading_is_after_one_period() -> None:
    """The period counts from the start."""
    life = give(live("pdns-recursor", World(ROLL.steps)).run(0.5).restart().run(0.6), "2")
    assert life.run(1.49).states() == "1 Valid"
    assert life.run(1.51).states() == "2 Valid"


def test_file_in_time_saves_the_resolver() -> None:
    """With the new anchor in its file before the roll PowerDNS does not fail; without it does."""
    saved = give(live("pdns-recursor", World(ROLL.steps)).run(3.5), "1 2").run(20)
    assert saved.first("bad") is None
    assert live("pdns-recursor", World(ROLL.steps)).run(20).view() == "bad"


def test_same_file_changes_nothing() -> None:
    """Reading the same anchors again disturbs nothing."""
    life = live("pdns-recursor", World(ROLL.steps)).run(1.5)
    before = life.model.point
    assert life.run(4.5).model.point is before


def test_merged_anchor_heals_clients_at_once() -> None:
    """An anchor that sdns had dropped and merges again counts for clients from that refresh on."""
    steps = ((T0, signed_set("1 2", "1")), (T0 + 35 * DAY, signed_set("2", "2", 1800)))
    life = live("sdns", World(steps)).run(200)
    dropped = [seen.at for seen in life.out if isinstance(seen, Transition) and seen.target == "Start"]
    assert len(dropped) == 1
    old = (dropped[0] + HOUR, signed_set("1 2", "1", 1800))
    again = live("sdns", World((*steps, old))).run(200)
    assert again.first("bad", dropped[0]) is not None
    assert again.first("good", dropped[0]) == dropped[0] + DAY // 2


@pytest.mark.parametrize("model", ["dnsmasq", "static", "hickory"])
def test_anchors_are_read_at_a_start(model: str) -> None:
    """Where no file is re-read new anchors count from the next start on."""
    life = give(live(model, World(ROLL.steps)).run(3.5), "2").run(30)
    assert (life.states(), life.view()) == ("1 Valid", "bad")
    assert life.restart().states() == "2 Valid"
    assert life.run(31).view() == "good"


def test_anchors_at_once() -> None:
    """New anchors applied at once heal the resolver in the same second, if it remembers no failure."""
    life = give(live("dnsmasq", World(ROLL.steps)).run(20), "2", at_once=True)
    assert life.run(20.1).first("good", T0 + 19 * DAY) == T0 + 20 * DAY


def test_replaced_anchors_are_told() -> None:
    """Anchors replaced in a running resolver are told: what went, what came, what is trusted again."""
    place = world((0, "1 2", "1"), (1.2, "-1 2", "-1 2"))
    life = give(live("rfc5011-strict", place, "1 2").run(3), "1 3", at_once=True)
    told = [(seen.key, seen.source, seen.target) for seen in life.out if isinstance(seen, Transition)]
    assert told[-3:] == [("2", "Valid", "Start"), ("1", "Revoked", "Valid"), ("3", "Start", "Valid")]


def test_kept_anchors_are_not_told() -> None:
    """An anchor that is configured still, and trusted as before, is no news, though it is a DS again."""
    life = give(live("rfc5011-strict", World(ROLL.steps), "1 2").run(3), "2 1", at_once=True)
    assert [seen for seen in life.out if isinstance(seen, Transition)] == []


def test_anchors_given_right_before_a_restart() -> None:
    """Anchors applied to the state are in the state that the next start reads."""
    life = give(live("rfc5011-strict", World(ROLL.steps)).run(3), "2", at_once=True).restart()
    assert (life.states(), life.model.resets) == ("2 Valid", 0)


def test_anchors_for_a_stopped_resolver() -> None:
    """A stopped resolver reads new anchors when it starts."""
    life = live("dnsmasq", World(ROLL.steps)).run(3).do(lambda model, now: model.stop(now))
    give(life, "2", at_once=True)
    assert life.states() == "1 Valid"
    life.do(lambda model, now: model.start(now))
    assert life.states() == "2 Valid"


def test_feed_stops_with_the_resolver() -> None:
    """A stopped resolver reads no file."""
    life = live("pdns-recursor", World(ROLL.steps)).run(3.5).do(lambda model, now: model.stop(now))
    give(life, "2").run(6)
    assert life.states() == "1 Valid"


# -- root-anchors.xml ----------------------------------------------------------------------------------------


def xml(*listings: tuple[float, str]) -> Anchors | object:
    """Return root-anchors.xml as a function of time: (days after T0, keys listed from then on)."""

    def listed(now: int) -> Anchors:
        current = [text for day, text in listings if T0 + day * DAY <= now]
        return anchors(current[-1]) if current else ()

    return listed


def test_getdns_fetches_after_a_failure() -> None:
    """A bogus set makes getdns fetch root-anchors.xml; with the new key listed clients notice nothing."""
    life = live("getdns", World(ROLL.steps), feed=xml((2, "1 2"))).run(20)
    assert life.states() == "1 Valid, 2 Valid"
    assert life.first("bad") is None


@pytest.mark.parametrize("feed", [None, xml(), xml((0, "1"))])
def test_getdns_without_the_key(feed: object) -> None:
    """Without a feed, with an empty one, or one that lists the old key alone, getdns fails."""
    life = live("getdns", World(ROLL.steps), feed=feed).run(20)
    assert life.view() == "bad"
    assert life.states() == "1 Valid"


def test_getdns_fetches_for_a_signed_set_only() -> None:
    """A set without signatures is no reason to fetch, nor is silence."""
    for answer in (signed_set("1 2", ""), None):
        place = World(((T0, signed_set("1 2", "1")), (T0 + 5 * DAY, answer)))
        life = live("getdns", place, feed=xml((0, "2"))).run(6)
        assert (life.view(), life.states()) == ("bad", "1 Valid")


def test_getdns_follows_a_prepublished_key() -> None:
    """Once its anchors came from the XML, getdns fetches again when it sees an entry point not listed."""
    place = world((0, "1", "1"), (3, "2", "2"), (10, "2 3", "2"), (20, "3", "3"))
    feed = xml((2, "2"), (9, "2 3"))
    life = live("getdns", place, feed=feed).run(11)
    assert life.states() == "2 Valid, 3 Valid"
    assert life.run(30).first("bad") is None


def test_getdns_with_configured_anchors_does_not_watch() -> None:
    """While its anchors are the configured ones an unknown entry point is no reason to fetch."""
    place = world((0, "1", "1"), (3, "1 2", "1"))
    assert live("getdns", place, feed=xml((0, "1 2"))).run(9).states() == "1 Valid"


def test_getdns_ignores_revoked_entry_points() -> None:
    """A revoked key that the XML no longer lists is no news."""
    place = world((0, "1", "1"), (3, "2", "2"), (10, "2 -1", "2 -1"))
    asked = []
    listed = xml((0, "2"))

    def counted(now: int) -> Anchors:
        asked.append(now)
        return listed(now)  # type: ignore[operator,no-any-return]

    life = live("getdns", place, feed=counted).run(20)
    assert life.view() == "good"
    assert len(asked) == 1


def test_other_resolvers_ignore_the_xml() -> None:
    """Only a resolver whose policy says so reads root-anchors.xml."""
    assert live("dnsmasq", World(ROLL.steps), feed=xml((0, "1 2"))).run(20).view() == "bad"


# -- merged and permanent configuration ----------------------------------------------------------------------


def test_sdns_merges_its_configuration() -> None:
    """A configured key that sdns dropped after 90 days is back at its next run, though it is not seen."""
    life = live("sdns", world((0, "1 2", "1"), (1.2, "2", "2")), "1 2").run(92.2)
    assert life.states() == "2 Valid"
    assert life.run(92.6).states() == "2 Valid, 1 Missing"


def test_sdns_serves_what_it_merged_at_once() -> None:
    """Clients that fail for want of a dropped key are served from the very run that brings it back."""
    place = world((0, "1 2", "1"), (1.2, "2", "2"), (92.1, "1", "1"))
    life = live(policy_of("sdns").override({"ttl-cap": "PT1H"}), place, "1 2").run(94)
    broken = life.first("bad")
    assert broken is not None
    assert T0 + 92.1 * DAY <= broken <= T0 + 92.2 * DAY
    assert life.first("good", broken) == T0 + 92.5 * DAY


def test_sdns_keeps_a_tombstone() -> None:
    """A configured key that was revoked is not merged again, by restart or run."""
    place = world((0, "1 2", "1"), (1.2, "-1 2", "-1 2"), (9.2, "1 2", "2"))
    life = live("sdns", place, "1 2").run(60).restart().run(200)
    assert life.states() == "1 Removed, 2 Valid"


def test_cdnsd_trusts_its_configuration_for_ever() -> None:
    """A configured key is trusted by cdnsd even once it is revoked, and needs no state for it."""
    place = world((0, "1 2", "1"), (1.2, "-1 2", "-1 2"), (40, "1", "1"))
    life = live("cdnsd", place).run(3)
    assert life.view() == "bad"
    assert life.run(45).view() == "good"
    assert len(life.model.point.trusted()) >= 1
    life.restart()
    assert [cell.anchor.key_tag for cell in life.model.point.residue] == [anchors("1")[0].key_tag]


def test_cdnsd_learns_beside_its_configuration() -> None:
    """The first refresh puts even the configured key into AddPend, as a harmless duplicate."""
    life = live("cdnsd", world((0, "1 2", "1"))).run(1)
    assert life.states() == "2 AddPend, 1 AddPend"
    assert life.run(32).states() == "2 Valid, 1 Valid"
    assert life.restart().states() == "2 Valid, 1 Valid"


def test_always_means_nothing_to_a_static_resolver() -> None:
    """Where nothing is ever learnt the configured anchors are all there is."""
    static = policy_of("static").override({"configured": "always"})
    assert live(static, World(ROLL.steps)).run(1).model.point.residue == ()
