"""A result of a sweep that is made up, so that every number in it is known."""

from __future__ import annotations

from typing import Any

from lab.population.plan_result import (
    Day,
    Gain,
    Input,
    Inputs,
    Interval,
    Lane,
    Row,
    Sensitivity,
    Study,
    Sure,
    Sweep,
)

GATE = """
[[gate]]
name = "half"
metric = "resolvers-broken"
at-most = 0.5
"""


def around(median: float, by: float = 1.0) -> Sure:
    """Return an interval of known ends."""
    return Sure(low=median - by, median=median, high=median + by)


def row(months: int, rolled_at: str, broken: float, load: Sure | None = None) -> Row:
    """Return a delay at which repair is not seen to end."""
    return Row(
        months=months, rolled_at=rolled_at, resolvers_broken=around(broken), users_broken=around(2.5, 0.5),
        days_to_repair=Interval(low=5, median=None, high=None), peak_load=load,
    )  # fmt: skip


def sweep(fleet: str = "2017", load: Sure | None = None, **inputs: Any) -> Sweep:
    """Return a sweep of two delays whose resolvers broken are 3 [2 to 4] and 2 [1 to 3] percent."""
    lanes = [
        Lane(months=months, kind=kind, name=name, state=state, begin=begin, end=end)
        for months in (0, 6)
        for kind, name, state, begin, end in (
            ("key", "ksk-2010", "signing", "2017-07-01T00:00:00Z", "2017-10-11T16:00:00Z"),
            ("key", "ksk-2017", "published", "2017-07-11T16:00:00Z", "2017-10-11T16:00:00Z"),
            ("key", "ksk-2017", "signing", "2017-10-11T16:00:00Z", "2017-11-10T16:00:00Z"),
            ("key", "ksk-2010", "revoked", "2017-10-11T16:00:00Z", "2017-11-10T16:00:00Z"),
            ("anchors", "bind", "old key only", "2017-07-01T00:00:00Z", "2017-08-10T00:00:00Z"),
            ("anchors", "unwritable", "mixed", "2017-07-01T00:00:00Z", "2017-11-10T16:00:00Z"),
            ("anchors", "bind", "new key trusted", "2017-08-10T00:00:00Z", "2017-11-10T16:00:00Z"),
        )
    ]  # fmt: skip
    sensitivity = [
        Sensitivity(answer=answer, assumption=f"share of {name}", low=1, value=2, high=3, source="assumed",
                    first=around(total, 0.01), total=around(total, 0.01))
        for answer in ("resolvers_broken", "users_broken", "resolvers_gain", "users_gain")
        for name, total in (("bind", 0.2), ("static-old", 0.5), ("firmware", 0.1), ("late-install", 0.05))
    ]  # fmt: skip
    study = Study(
        fleet=fleet, timeline="2017-planned",
        rows=(row(0, "2017-10-11T16:00:00Z", 3.0, load), row(6, "2018-04-11T16:00:00Z", 2.0, load)),
        gains=(Gain(from_months=0, to_months=6, resolvers=around(1 / 6, 0.1), users=around(0.0, 0.1)),),
        sensitivity=tuple(sensitivity),
        curve=tuple(
            Day(months=m, day=d, broken=around(3.0 / (d + 1), 0.2)) for m in (0, 6) for d in range(31)
        ),
        lanes=tuple(lanes),
    )  # fmt: skip
    given = {
        "rootlab": "0.1.0", "fleets": (Input(name=fleet, title="A fleet <b>", sha256="a" * 64,
                                             known_until="2017-09-30"),),
        "timelines": (Input(name="2017-planned", title="The roll", sha256="b" * 64),), "delays": (0, 6),
        "resolvers": 1000, "worlds": 200, "sobol": 64, "seed": 7, "watch_days": 30,
    }  # fmt: skip
    return Sweep(inputs=Inputs.model_validate(given | inputs), not_modelled=("forwarders",), studies=(study,))
