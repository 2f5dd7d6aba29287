"""How many examples a property is tried on: a handful in `make test`, many times as many by night."""

from __future__ import annotations

from hypothesis import settings

ORDINARY = 100
"""The examples of Hypothesis' own default, which `make test` keeps: what `examples` counts is parts of it."""


def examples(ordinary: int) -> settings:
    """Return settings with so many examples, or in proportion to what the profile tries.

    For properties dear enough to have a number of their own, which a search by night shall not keep.
    """
    return settings(max_examples=max(1, ordinary * settings().max_examples // ORDINARY))
