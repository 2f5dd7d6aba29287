"""Write what `rootlab fleet` has to say: cohorts, counts, and the story of one resolver."""

from __future__ import annotations

import json
from dataclasses import dataclass
from math import sqrt
from textwrap import fill
from typing import Any

from ..clock import DAY, format_duration, format_instant
from ..errors import one_line
from ..observation import to_json
from ..population.arrays import OUTCOMES
from ..population.draws import seed_key
from ..population.fleet import Fleet
from ..population.scalar import Member, fate_of, lives, play_members
from ..population.strata import Compiled
from ..population.tables import Cohort
from ..population.vector import live
from ..scenario.spec import Scenario
from .fleet_work import Counted

NOT_MODELLED = (
    "Not modelled: wrong clocks, lost answers, forwarders, a second repair; and shares are the file's best "
    "values, its ranges are not drawn."
)


def shown(fleet: Fleet, width: int) -> str:
    """Return the cohorts of a fleet as text."""
    total = sum(cohort.share.value for cohort in fleet.cohorts)
    lines = [one_line(fleet.file.title)]
    if fleet.file.known_until is not None:
        lines.append(f"built from what was known on {format_instant(fleet.file.known_until)[:10]}")
    lines += ["", f"{'cohort':<16}{'% of fleet':>11}  {'share (range)':<19}{'model':<16}anchors"]
    for cohort in fleet.cohorts:
        low, high = cohort.share.range
        share = f"{cohort.share.value:g} ({low:g} to {high:g})"
        part = f"{100 * cohort.share.value / total:.1f}"
        lines.append(f"{cohort.name:<16}{part:>11}  {share:<19}{cohort.model:<16}{' '.join(cohort.anchors)}")
    for cohort in fleet.cohorts:
        lines += ["", f"{cohort.name}: {one_line(cohort.title)}"]
        for what, source in _sources(cohort):
            text = f"{what} [{one_line(source)}]"
            lines.append(fill(text, width, initial_indent="  ", subsequent_indent="    "))
    return "\n".join([*lines, "", f"SHA-256 {fleet.digest}"]) + "\n"


def _sources(cohort: Cohort) -> list[tuple[str, str]]:
    """Return what a cohort says in words, with the source of each."""
    said = [("share", cohort.share.source)]
    if cohort.users is not None:
        low, high = cohort.users.range
        said.append((f"users {cohort.users.value:g} ({low:g} to {high:g})", cohort.users.source))
    said.append(("start", cohort.start.source))
    if cohort.cache is not None:
        said.append((f"cache of {len(cohort.cache.cap)} kinds", cohort.cache.source))
    if (habit := cohort.absence) is not None:
        state = "" if habit.keep_state else ", state lost"
        away = "" if habit.restarts >= 1 else f", away up to {format_duration(habit.longest)}"
        said.append((f"restarted every {format_duration(habit.every)}{away}{state}", habit.source))
    if (repair := cohort.repair) is not None:
        late = f"{format_duration(repair.soonest)} to {format_duration(repair.latest)}"
        said.append((f"mended ({repair.how}) by {repair.share:.0%}, after {late}", repair.source))
    if cohort.telemetry is not None:
        said.append((f"{cohort.telemetry.reports.value:.0%} signal", cohort.telemetry.reports.source))
    return said


def shown_json(fleet: Fleet) -> str:
    """Return a fleet for programs."""
    cohorts = [cohort.model_dump(mode="json", by_alias=True) for cohort in fleet.cohorts]
    known = fleet.file.known_until
    return _json({
        "fleet": fleet.name, "title": one_line(fleet.file.title), "sha256": fleet.digest,
        "known_until": None if known is None else format_instant(known), "cohorts": cohorts,
    })  # fmt: skip


def _json(value: Any) -> str:
    return json.dumps(value, indent=2) + "\n"


@dataclass(frozen=True)
class Result:
    """A simulation that is done."""

    fleet: Fleet
    scenario: Scenario
    compiled: Compiled
    seed: int
    engine: str
    counted: Counted

    def rows(self) -> list[dict[str, Any]]:
        """Return the counts of each cohort."""
        tally, found = self.counted.tally, []
        for number, cohort in enumerate(self.fleet.cohorts):
            own = [k for k, stratum in enumerate(self.compiled.strata) if stratum.cohort == number]
            final, failed = tally.final[own].sum(axis=0), int(tally.failed[own].sum())
            found.append({
                "cohort": cohort.name, "resolvers": int(final.sum()), "absent": int(tally.absent[own].sum()),
                "failed": failed, "recovered": int(tally.recovered[own].sum()),
                "users": 1.0 if cohort.users is None else float(cohort.users.value),
                "final": {name: int(one) for name, one in zip(OUTCOMES, final, strict=True)},
            })  # fmt: skip
        return found

    def json(self) -> str:
        """Return everything for programs; instants by day, and what it took."""
        tally, counted, world = self.counted.tally, self.counted, self.compiled.world
        days = [format_instant(world.start + day * DAY)[:10] for day in range(tally.failed.shape[1])]

        def curve(counts: Any) -> dict[str, int]:
            return {day: int(one) for day, one in zip(days, counts, strict=True) if one}

        return _json({
            "fleet": self.fleet.name, "fleet_sha256": self.fleet.digest, "scenario": self.scenario.name,
            "scenario_sha256": self.scenario.digest, "seed": self.seed, "resolvers": tally.resolvers,
            "engine": self.engine, "jobs": counted.jobs, "checksum": f"{tally.checksum:016x}",
            "visits": tally.visits, "wall_s": round(counted.wall_s, 3), "cpu_s": round(counted.cpu_s, 3),
            "peak_rss_mb": round(counted.peak_rss_mb, 1), "cohorts": self.rows(),
            "failed_by_day": curve(tally.failed.sum(axis=0)),
            "recovered_by_day": curve(tally.recovered.sum(axis=0)),
            "valid_by_day": {
                name: curve(tally.valid[k].sum(axis=0)) for k, name in enumerate(world.keys)
            },
            "not_modelled": NOT_MODELLED,
        })  # fmt: skip

    def text(self, width: int) -> str:
        """Return the counts for readers."""
        rows, tally, counted = self.rows(), self.counted.tally, self.counted
        lines = [
            one_line(f"{self.fleet.name}: {self.fleet.file.title}"),
            one_line(f"{self.scenario.name}: {self.scenario.title}"), "",
            f"{'cohort':<16}{'resolvers':>11}{'failed':>10}{'healed':>10}   not secure at the stop",
        ]  # fmt: skip
        for row in rows:
            bad = {k: n for k, n in row["final"].items() if n and k not in ("secure", "off")}
            told = ", ".join(f"{n} {k}" for k, n in bad.items()) or "-"
            lines.append(
                f"{row['cohort']:<16}{row['resolvers']:>11}{row['failed']:>10}{row['recovered']:>10}   {told}"
            )
        there = sum(row["resolvers"] for row in rows)
        lines += ["", _part("failed", sum(row["failed"] for row in rows), there)]
        lines += [_part("not healed", sum(row["failed"] - row["recovered"] for row in rows), there)]
        users = sum(row["users"] * row["resolvers"] for row in rows)
        broken = sum(row["users"] * row["failed"] for row in rows)
        lines += [
            f"users behind a resolver that failed: {broken / users:.2%} (by the file's best values)",
            "",
        ]
        lines += [
            f"seed {self.seed}, {tally.resolvers} resolvers, checksum {tally.checksum:016x}",
            f"{self.engine}: {counted.wall_s:.1f} s, {counted.cpu_s:.1f} s of CPU, "
            f"largest process {counted.peak_rss_mb:.0f} MB",
            fill(NOT_MODELLED, width),
            f"fleet {self.fleet.digest[:16]}, scenario {self.scenario.digest[:16]} (SHA-256)",
        ]  # fmt: skip
        return "\n".join(lines) + "\n"


def _part(what: str, some: int, of: int) -> str:
    """Return a share with the 95 % interval that sampling alone leaves (Wilson's)."""
    if not of:
        return f"{what}: nobody was there"
    share, z = some / of, 1.96
    middle = (share + z * z / (2 * of)) / (1 + z * z / of)
    wide = z * sqrt(share * (1 - share) / of + z * z / (4 * of * of)) / (1 + z * z / of)
    return f"{what}: {share:.2%} of the resolvers ({middle - wide:.2%} to {middle + wide:.2%} by sampling)"


def replayed(fleet: Fleet, scenario: Scenario, compiled: Compiled, seed: int, number: int) -> str:
    """Return the story of one resolver, played by the scalar engine, and whether the jumps agree."""
    one, told = lives(compiled, scenario, seed, [number])[number]
    cohort = fleet.cohorts[one.stratum.cohort]
    lines = [f"resolver {number} of fleet {fleet.name}, seed {seed}: {cohort.name}, a {cohort.model}"]
    lines.append(f"first started {format_instant(one.born)}" + _absences(one))
    if told is None:
        return "\n".join([*lines, "that is after the run"]) + "\n"
    if one.mended_at is not None:
        lines.append(f"its operator mends it at {format_instant(one.mended_at)}")
    lines.append("")
    for seen in play_members(compiled, scenario, [one]).observations:
        row = to_json(seen)
        if row.pop("subject", ""):
            kind, at = row.pop("kind"), row.pop("at")
            facts = ", ".join(f"{name} {value}" for name, value in row.items() if value not in (None, "", []))
            lines.append(one_line(f"{at}  {kind:<10} {facts}", 110))
    jumped = fate_of(compiled, live(number, 1, seed_key(seed), compiled.arrays, compiled.tables)[:, 0])
    ends = f"first failure {_when(told.failed_at)}, healed {_when(told.recovered_at)}"
    lines += ["", f"outcome {told.outcome}, {ends}"]
    agree = jumped == told
    lines.append("the engine that jumps says the same" if agree else f"the engine that jumps says: {jumped}")
    return "\n".join(lines) + "\n"


def _absences(one: Member) -> str:
    away = [window for window in one.absences if window.end > window.begin]
    return f", {len(one.absences) - len(away)} restarts, {len(away)} times away"


def _when(at: int | None) -> str:
    return "never" if at is None else format_instant(at)
