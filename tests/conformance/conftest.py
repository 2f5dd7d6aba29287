"""One examination of all models in all cases, for all who look at it."""

from __future__ import annotations

import pytest

from lab.conformance.case import shipped_cases
from lab.conformance.examine import examine
from lab.conformance.examinee import examinee
from lab.conformance.result import Examination
from lab.conformance.stage import player_for
from lab.resolver.profiles import MODELS


@pytest.fixture(scope="session")
def everybody() -> Examination:
    """Examine all models in all cases."""
    who = [examinee(name) for name in MODELS]
    return examine(shipped_cases(), who, player_for(who))
