"""Small worlds for property tests: fast keys, timelines off IANA's grid, and a way to play them.

Keys are ECDSA P-256 with numbers for secrets: a signature costs a twentieth of an RSA-2048 one, and no
property here depends on the algorithm.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from functools import partial
from pathlib import Path
from typing import Any
from unittest import mock

from lab.authority.signer import ZoneAuthority
from lab.authority.timeline import KeySet, Step, Timeline
from lab.clock import DAY, Instant, Seconds
from lab.dnssec.codec import parse_message
from lab.dnssec.names import ROOT
from lab.dnssec.rrtypes import DNSKEY
from lab.nameserver.responder import Responder
from lab.run import engine
from lab.run.engine import play
from lab.run.judge import judge
from lab.run.verdict import SubjectResult
from lab.scenario.spec import EventSpec, Scenario, SubjectSpec
from lab.strategies import KSKS as KSKS
from lab.strategies import START as START
from lab.strategies import ZSKS as ZSKS
from lab.strategies import key_files as key_files


def keys(ksks: str, signers: str = "", revoked: str = "", zsks: str = "y", zone: str = "y") -> KeySet:
    """Return a key set from letters: `keys("ab", "a")` publishes key-a and key-b, and key-a signs."""
    return KeySet(
        tuple(f"key-{letter}" for letter in ksks),
        tuple(f"zsk-{letter}" for letter in zsks),
        tuple(f"key-{letter}" for letter in revoked),
        tuple(f"key-{letter}" for letter in signers or ksks[:1]),
        tuple(f"zsk-{letter}" for letter in zone),
    )


def timeline(
    sets: Iterable[tuple[Seconds, KeySet]], *, ttl: Seconds = 2 * DAY, validity: Seconds = 21 * DAY
) -> Timeline:
    """Return a timeline of (seconds after START, key set), signed anew every half validity in between."""
    pairs = [(START + after, keyset) for after, keyset in sets]
    ends = [at for at, _ in pairs[1:]] + [pairs[-1][0] + 20 * validity]
    steps: list[Step] = []
    for (at, keyset), end in zip(pairs, ends, strict=True):
        steps += [Step(time, keyset, time, time + validity) for time in range(at, end, max(1, validity // 2))]
    return Timeline(tuple(steps), ttl)


def subject(
    name: str, model: str, anchors: str = "a", first_start: Instant = START, **knobs: Any
) -> SubjectSpec:
    """Return a subject; anchors by letter, knobs of its policy with underscores."""
    policy = tuple((knob.replace("_", "-"), value) for knob, value in knobs.items())
    return SubjectSpec(name, model, tuple(f"key-{letter}" for letter in anchors), first_start, policy=policy)


def scenario(
    zone: Timeline,
    subjects: Sequence[SubjectSpec],
    *,
    start: Instant = START,
    stop: Instant | None = None,
    events: Sequence[EventSpec] = (),
    seed: int = 0,
    files: dict[str, Path] | None = None,
    **others: Any,
) -> Scenario:
    """Return a scenario by hand; it ends with the timeline's last signature unless said."""
    fields: dict[str, Any] = {
        "xml": (), "expectations": (), "digest": "", "anchors_default": (), "key_names": (), **others,
    }  # fmt: skip
    return Scenario(
        name="small", path="small.toml", title="A small world", start=start,
        stop=zone.steps[-1].expiration if stop is None else stop, timeline=zone,
        key_files=key_files() if files is None else files, subjects=tuple(subjects), events=tuple(events),
        seed=seed, **fields,
    )  # fmt: skip


def played(world: Scenario, **how: Any) -> dict[str, SubjectResult]:
    """Play a scenario, and return what was seen of each subject."""
    return {one.name: one for one in judge(play(world, **how)).subjects}


def is_secure(result: SubjectResult) -> tuple[tuple[Instant, bool], ...]:
    """Return when a subject began and ceased to be secure, in the form of the oracle's `secure`."""
    changes: list[tuple[Instant, bool]] = []
    for seen in result.outcomes:
        if not changes or changes[-1][1] is not (seen.outcome == "secure"):
            changes.append((seen.at, seen.outcome == "secure"))
    return tuple(changes)


Choice = Callable[[Instant, tuple[Step, ...]], Step]
"""(now, steps whose signatures are still valid, newest first) -> the step an attacker answers with."""


class Replayer(Responder):
    """An attacker on the path, who answers `. DNSKEY` with any earlier answer whose signatures hold."""

    def __init__(self, authority: ZoneAuthority, choose: Choice) -> None:
        """Stand before an authority."""
        super().__init__(authority)
        self._steps, self._choose = authority.timeline.steps, choose

    def answer(self, query_wire: bytes, now: Instant, tcp: bool = False) -> bytes | None:
        """Answer as the root did at the step chosen, or as it does now to any other question."""
        question = parse_message(query_wire).question
        if question is not None and (question[0], question[1]) == (ROOT, DNSKEY):
            served = [step for step in reversed(self._steps) if step.at <= now]
            valid = tuple(step for step in served if step.inception <= now <= step.expiration)
            now = self._choose(now, valid).at if valid else now
        return super().answer(query_wire, now, tcp)


def attacked(world: Scenario, choose: Choice) -> dict[str, SubjectResult]:
    """Play a scenario against a Replayer."""
    with mock.patch.object(engine, "Responder", partial(Replayer, choose=choose)):
        return played(world)


def holding(name: str, until: Instant) -> Choice:
    """Return an attacker who gives the newest answer without a key in one form until an instant.

    `name` is a key that must be absent, or with a leading `*` one whose revoked copy must be.
    """

    def choose(now: Instant, steps: tuple[Step, ...]) -> Step:
        wanted = [step for step in steps if not _holds(step, name)] if now <= until else []
        return wanted[0] if wanted else steps[0]

    return choose


def _holds(step: Step, name: str) -> bool:
    return name[1:] in step.keys.revoked if name.startswith("*") else name in step.keys.ksks
