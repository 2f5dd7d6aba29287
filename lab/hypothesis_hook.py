"""What Hypothesis runs when it is imported where the lab is installed (entry point `hypothesis`).

It registers types for `st.from_type`, those alone that are imported in a moment; `lab.strategies`, which is
imported when a value is drawn, registers the rest.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from hypothesis.strategies import SearchStrategy


def register() -> None:
    """Let `st.from_type` know Timeline, ResolverPolicy and TrustPoint."""
    from hypothesis import strategies as st

    from .authority.timeline import Timeline
    from .resolver.policy import ResolverPolicy
    from .resolver.rfc5011 import TrustPoint

    st.register_type_strategy(Timeline, _timelines)
    st.register_type_strategy(ResolverPolicy, _policies)
    st.register_type_strategy(TrustPoint, _trust_points)


def _timelines(_type: Any) -> SearchStrategy[Any]:
    from .strategies import timelines

    return timelines()


def _policies(_type: Any) -> SearchStrategy[Any]:
    from .strategies import policies

    return policies()


def _trust_points(_type: Any) -> SearchStrategy[Any]:
    from .strategies import trust_points

    return trust_points()
