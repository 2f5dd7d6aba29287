"""A switchboard as boards of the control API: one table each, on the lab's clock."""

from __future__ import annotations

import pytest

from lab.authority.faults import FAULTS
from lab.errors import UserError
from lab.nameserver.boards import SwitchedKind
from lab.nameserver.impairments import IMPAIRMENTS
from lab.nameserver.live_clock import LiveClock
from lab.nameserver.switchboard import Switch, Switchboard

from .test_live_root import Real


def test_two_tables_one_switchboard() -> None:
    """Each board shows and clears its own table; what is for some letters is cleared by its name, too."""
    real, seen = Real(), list[Switch]()
    shared, clock = Switchboard(), LiveClock(1000, 1.0, real)
    faults, ways = (SwitchedKind(rows, shared, clock, seen.append) for rows in (FAULTS, IMPAIRMENTS))
    assert dict(faults.known())["expired"] == FAULTS["expired"].title
    assert set(ways.known()) == set(IMPAIRMENTS)
    faults.set("expired", "dnskey", "cac")
    faults.set("expired", "", "")
    faults.set("unsigned", "", "b")
    ways.set("dark", "PT1M", "")
    assert faults.active() == (("expired", "dnskey", "ac"), ("expired", "", ""), ("unsigned", "", "b"))
    assert ways.active() == (("dark", "PT1M", ""),)
    real.seconds += 61
    assert ways.active() == ()
    faults.clear("expired")
    assert faults.active() == (("unsigned", "", "b"),)
    ways.set("loss", "", "")
    faults.clear()
    assert (faults.active(), ways.active()) == ((), (("loss", "", ""),))
    assert seen[0] == Switch("expired", "dnskey", "ac")


def test_what_is_refused() -> None:
    """A name of the other table is none of this one, and what the check refuses is not switched on."""

    def refuse(switch: Switch) -> None:
        raise UserError("no", place=switch.name)

    shared = Switchboard()
    faults = SwitchedKind(FAULTS, shared, LiveClock(0, 0, Real()), refuse)
    with pytest.raises(UserError, match="loss: there is no such thing"):
        faults.set("loss", "", "")
    with pytest.raises(UserError, match="expired: no"):
        faults.set("expired", "", "")
    assert shared.active(0) == ()
