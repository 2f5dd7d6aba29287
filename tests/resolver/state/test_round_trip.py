"""What a format can hold survives writing and reading; what it cannot hold is known before it is written."""

from __future__ import annotations

import pytest
from hypothesis import given

from lab.errors import StateFileError
from lab.resolver.policy import Durations
from lab.resolver.state.formats import FORMATS, Format, detect, read_state
from lab.resolver.state.points import of_point
from lab.resolver.state.vocabulary import TrustState

from .material import STATES, noted, points

POINTS = points(1000)
FORMS = pytest.mark.parametrize("form", FORMATS.values(), ids=FORMATS.keys())


def is_seed(form: Format, data: bytes) -> bool:
    """Tell whether a file of Unbound or Knot Resolver is an operator's seed, which has no marks of theirs."""
    return form.name in ("unbound", "knot") and b";;id:" not in data and b"KeyTag:" not in data


def survives(form: Format, state: TrustState) -> bool:
    """Write a state, see it read back as what the format holds of it, and tell whether there was any."""
    held = form.held(state)
    assert form.held(held) == held
    if not held.entries and form.name in ("knot", "anchors", "xml"):
        with pytest.raises(StateFileError) as caught:
            form.write(state)
        assert caught.value.defect == "nothing-left"
        return False
    data = form.write(state)
    assert form.write(held) == data
    assert detect(data).name in (form.name, "anchors" if is_seed(form, data) else form.name)
    assert read_state(data, "state", form) == held
    return True


@FORMS
def test_thousand_points(form: Format) -> None:
    """Of a thousand trust points every format brings back what it can hold, and writes it alike again."""
    written = [survives(form, noted(of_point(point, Durations()), seed)) for seed, point in enumerate(POINTS)]
    assert sum(written) > 800


@FORMS
@given(state=STATES)
def test_any_state(form: Format, state: TrustState) -> None:
    """Any state whatever, sensible or not, comes back as what the format holds of it."""
    survives(form, state)
