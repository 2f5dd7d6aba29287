"""Play what a configuration describes through a timeline, on the preset that behaves so, and say what to do.

The outlook is that of `rootlab run`: engine, wire, signatures and judge are the same.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from ..clock import Instant, format_instant
from ..errors import UserError
from ..resolver.profiles import MODELS
from ..run.engine import Progress, play
from ..run.judge import judge
from ..run.verdict import SubjectResult
from ..scan.material import TAGS
from ..scenario.spec import Scenario, SubjectSpec
from .reading import Reading


@dataclass(frozen=True, slots=True)
class Outlook:
    """What becomes of one validator: `result` is None if there is nothing to play.

    `anchors` are the KSKs it was played with, `assumptions` sentences on what was taken for granted.
    """

    reading: Reading
    anchors: tuple[str, ...]
    assumptions: tuple[str, ...]
    remedy: str
    result: SubjectResult | None

    @property
    def failing(self) -> bool:
        """Tell whether it does not start, or its clients lose secure answers at some time."""
        return not self.reading.starts or (self.result is not None and self.result.first_failure is not None)


def outlook(
    reading: Reading, scenario: Scenario, installed: Instant | None = None, progress: Progress | None = None
) -> Outlook:
    """Play one validator, first started at an instant; the timeline's start if it is None.

    Raises UserError for an instant that the timeline does not hold.
    """
    first = scenario.start if installed is None else installed
    if not scenario.start <= first < scenario.stop:
        raise UserError(
            f"{format_instant(first)} is outside the timeline {scenario.name}",
            place="--installed",
            remedy=f"name an instant from {format_instant(scenario.start)} on, before "
            f"{format_instant(scenario.stop)}",
        )
    if not reading.model:
        return Outlook(reading, (), (), _remedy(reading, scenario, (), None), None)
    anchors = reading.anchors or scenario.anchors_default
    spec = SubjectSpec(
        "advised", reading.model, anchors, first, anchor_format=reading.form, policy=reading.policy
    )
    alone = replace(scenario, subjects=(spec,), events=(), expectations=())
    result = judge(play(alone, progress=progress)).subjects[0]
    return Outlook(
        reading, anchors, _assumptions(reading, anchors), _remedy(reading, scenario, anchors, result), result
    )


def label(key: str) -> str:
    """Return a key as people know it: its tag and its name."""
    return f"{TAGS[key]} ({key.upper()})" if key in TAGS else key.upper()


def _assumptions(reading: Reading, anchors: tuple[str, ...]) -> tuple[str, ...]:
    if reading.anchors:
        return tuple(f"{what}; no anchor of it is played" for what in reading.unread)
    held = " and ".join(map(label, anchors))
    return tuple(f"{what}; {held}, the timeline's first, is assumed" for what in reading.unread)


def _remedy(
    reading: Reading, scenario: Scenario, anchors: tuple[str, ...], result: SubjectResult | None
) -> str:
    """Say what to do: which keys to add by when, and how such a configuration is made to follow the root."""
    if result is None:
        return reading.fix if not reading.starts else f"to validate: {reading.fix}"
    last = scenario.timeline.steps[-1].keys.trusted_signers
    missing = [label(key) for key in last if key not in anchors]
    if result.first_failure is None:
        static = MODELS[reading.model].policy.base == "none"
        return f"none for this roll; for the next one: {reading.fix}" if static else "none needed"
    before = format_instant(result.first_failure)
    if missing:
        return f"add the key {' and '.join(missing)} to its anchors before {before}; {reading.fix}"
    return f"{reading.fix}, before {before}"
