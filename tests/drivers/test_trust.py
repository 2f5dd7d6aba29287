"""Readings of a daemon's keys become the transitions that a model would tell."""

from __future__ import annotations

from dataclasses import replace

from lab.authority.keyring import KeyRing
from lab.dnssec.names import ROOT
from lab.drivers.driver import Reading
from lab.drivers.trust import Trust, revoked_tag
from lab.observation import Looked, Transition
from lab.resolver.rfc5011 import State
from lab.run.cast import Labels

RING = KeyRing()
OLD, NEW = RING.key("ksk-2010"), RING.key("ksk-2017")


def trust() -> Trust:
    """Return what is known of a daemon that starts at 10 with the old key."""
    made = Trust(Labels({"ksk-2010": OLD, "ksk-2017": NEW}), "it")
    made.reset([(OLD.ds(ROOT), 10)])
    return made


def reading(key: object, state: State, since: int | None = None) -> Reading:
    """Return a reading of the old or the new key."""
    known = OLD if key is OLD else NEW
    return Reading(known.key_tag, known, state, since)


def test_configured_anchor_is_no_transition() -> None:
    """What the operator configured is Valid from the start on."""
    assert trust().read([reading(OLD, State.VALID)], 20) == []


def test_stamp_of_the_daemon_counts() -> None:
    """A transition is stamped by the daemon if that lies between the readings."""
    known = trust()
    known.read([reading(OLD, State.VALID)], 20)
    seen = known.read([reading(OLD, State.VALID), reading(NEW, State.ADD_PEND, 25)], 30)
    assert seen == [Transition(25, "it", "ksk-2017", NEW.key_tag, NEW.key_tag, "Start", "AddPend")]


def test_without_a_stamp_the_look_before_is_told() -> None:
    """Without a stamp, or with one from before the last reading, it came between the two."""
    known = trust()
    known.read([reading(OLD, State.VALID)], 20)
    for since in (None, 5):
        seen = known.read([reading(OLD, State.VALID), reading(NEW, State.ADD_PEND, since)], 30)
        assert seen[0] == Looked(20, "it", "transition", 30)
        assert seen[1].at == 30
        known = trust()
        known.read([reading(OLD, State.VALID)], 20)


def test_tag_alone_is_enough() -> None:
    """A daemon that names keys by tag tells of the same keys."""
    known = trust()
    seen = known.read([Reading(OLD.key_tag, None, State.VALID), Reading(NEW.key_tag, None, State.VALID)], 20)
    assert [(one.key, one.source, one.target) for one in seen if isinstance(one, Transition)] == [
        ("ksk-2017", "Start", "Valid")
    ]


def test_key_that_is_told_no_more_is_forgotten() -> None:
    """A revoked key that disappears is at Start again; its tag on the wire had REVOKE."""
    known = trust()
    seen = known.read([reading(OLD, State.REVOKED, 15)], 20)
    assert isinstance(seen[0], Transition)
    assert (seen[0].wire_tag, seen[0].target) == (OLD.revoked().tag, "Revoked")
    gone = known.read([], 30)
    assert [(one.source, one.target) for one in gone if isinstance(one, Transition)] == [("Revoked", "Start")]
    assert known.final() == []
    assert known.state("ksk-2010") is None


def test_what_is_written_down_late_is_stamped_as_it_was_noted() -> None:
    """Unbound notes the end of a hold-down while the root is dark, and writes it when it has an answer."""
    seen: dict[bool, tuple[int, ...]] = {}
    for late in (False, True):
        known = trust()
        known.read([reading(OLD, State.VALID), reading(NEW, State.ADD_PEND, 15)], 20)
        known.unchanged(40)
        found = known.read([reading(OLD, State.VALID), replace(reading(NEW, State.VALID, 30), late=late)], 50)
        seen[late] = tuple(one.at for one in found if isinstance(one, Transition))
    assert seen == {False: (50,), True: (30,)}


def test_trusted_key_that_validates_no_more_was_seen_revoked() -> None:
    """BIND takes a revoked key out of its table at once; its key data follow with the next refresh."""
    known = trust()
    dropped = known.read([replace(reading(OLD, State.ADD_PEND), by_clock=True)], 20)
    followed = known.read([reading(OLD, State.REVOKED, 25)], 30)
    assert [(one.at, one.target) for one in dropped if isinstance(one, Transition)] == [(20, "Revoked")]
    assert followed == []


def test_removed_key_is_at_start_once_it_is_told_no_more() -> None:
    """Knot drops a removed key at the refresh after the removal, as its model does."""
    known = trust()
    known.read([reading(OLD, State.REMOVED, 15)], 20)
    gone = known.read([], 30)
    assert [(one.source, one.target) for one in gone if isinstance(one, Transition)] == [("Removed", "Start")]
    assert known.final() == []


def test_tag_with_revoke() -> None:
    """Setting REVOKE adds 128 to the sum behind a tag, with its carry (RFC 4034 appendix B)."""
    assert [revoked_tag(tag) for tag in (19036, 0xFFFF, 0xFFFF - 128)] == [19164, 128, 0xFFFF]
    assert revoked_tag(NEW.key_tag) == NEW.revoked().tag
