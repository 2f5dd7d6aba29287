"""Dates in comments are those of C's ctime and of HTTP, as Python's own library writes them."""

from __future__ import annotations

import time
from email.utils import formatdate

import pytest
from hypothesis import given

from lab.clock import DAY
from lab.resolver.state.dates import ctime, http_time

from .material import INSTANTS


@given(INSTANTS)
def test_any_date(instant: int) -> None:
    """Any instant of 32 bits is written as ctime and HTTP write it."""
    assert ctime(instant) == time.asctime(time.gmtime(instant))
    assert http_time(instant) == formatdate(instant, usegmt=True)


@pytest.mark.parametrize("month", range(12))
def test_every_month_and_day_of_the_week(month: int) -> None:
    """Every month and every day of the week has its name."""
    for day in range(7):
        instant = (month * 31 + day) * DAY + 3723
        assert ctime(instant) == time.asctime(time.gmtime(instant))
        assert http_time(instant) == formatdate(instant, usegmt=True)
