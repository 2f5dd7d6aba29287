"""Write the DNSKEY side of a run as an .rpl scenario that testbound can execute.

The file has a range for each DNSKEY RRset that is asked for, with the octets the run served, and probes at
the start, at every instant at which the run saw a key change its state, and once for each RRset in between.
What the state file must say after them is taken from a replay of the very file that is written, so it holds
for the lab by construction; whether it holds for Unbound is what testbound is for.
"""

from __future__ import annotations

import re
from base64 import b64encode
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Final, NamedTuple

from ..clock import DAY, HOUR, Instant, Seconds, format_instant, parse_duration
from ..dnssec.keys import DS, Key
from ..dnssec.rrset import Rrsig, SignedRRset
from ..errors import UserError, one_line
from ..observation import Transition
from ..resolver.policy import ResolverPolicy
from ..resolver.profiles import Profile
from ..resolver.state.dates import digits
from .configuration import configure
from .rpl import parse_rpl
from .runner import Run
from .script import Step

SERVER: Final = "193.0.14.129"
"""The address of the file's root server, k.root-servers.net: a name in the file, nothing is sent there."""
FILE_ID: Final = "root"
_PROBE: Final = 10
"""Numbers of steps that each probe takes."""
_SETTLED: Final = 12 * HOUR
"""How long after it is first served an RRset is asked for where nothing changes."""
_APART: Final = DAY
"""How far such a probe keeps from a transition, whose place it must not take."""
_MAX_PROBES: Final = 5000
_CONFIGURABLE: Final = {
    "add-hold-down": "add-holddown",
    "remove-hold-down": "del-holddown",
    "keep-missing": "keep-missing",
    "ttl-cap": "cache-max-ttl",
}
"""Knobs that unbound.conf has too, in seconds."""
_NEXT_PROBE: Final = re.compile(r";;next_probe_time: [1-9].*")


@dataclass(frozen=True, slots=True)
class Subject:
    """Who the file is about: name, preset (one of Unbound), policy with its knobs turned, first anchors."""

    name: str
    profile: Profile
    policy: ResolverPolicy
    anchors: tuple[Key | DS, ...]
    start: Instant


class Exported(NamedTuple):
    """The text of a file, and in what it differs from the run."""

    text: str
    differences: tuple[str, ...]


class Look(NamedTuple):
    """What a probe left: when, its state file, whether it wrote that, and the bounds of the next delay."""

    at: Instant
    lines: tuple[str, ...]
    written: bool
    low: Seconds
    high: Seconds


def export(
    title: str,
    subject: Subject,
    dnskey: Callable[[Instant], SignedRRset | None],
    changes: Iterable[Instant],
    transitions: Iterable[Transition],
    stop: Instant,
) -> Exported:
    """Return a run as a scenario for testbound.

    `dnskey` is what the root serves at an instant, `changes` are those at which it begins to serve something
    else, `transitions` what the subject went through before `stop`. Raises UserError for a model that has no
    file which testbound could check.
    """
    if not subject.profile.name.startswith("unbound"):
        raise UserError(
            f"{subject.name} is no Unbound: testbound checks Unbound's state file",
            remedy="name a subject whose model is unbound, with --subject",
        )
    wanted = [change for change in transitions if change.subject == subject.name]
    polls = _polls(subject.start, stop, changes, [change.at for change in wanted])
    plan = _Plan(title, subject, polls, [dnskey(at) for at in polls])
    script = parse_rpl(plan.text(()), "export")
    recorder = _Recorder(script, configure(script), subject.profile, 0)
    looks, found = recorder.record()
    text = plan.text(looks)
    knobs = [knob for knob, _, _ in subject.policy.differences(subject.profile.policy)]
    differences = [
        f"the knob {knob} has no line in unbound.conf" for knob in knobs if knob not in _CONFIGURABLE
    ]
    differences += _unlike(wanted, found)
    return Exported(text, tuple(differences))


def _polls(
    start: Instant, stop: Instant, changes: Iterable[Instant], moments: Sequence[Instant]
) -> tuple[Instant, ...]:
    """Return when to probe, ascending. Raises UserError if that is too often."""
    fixed = sorted({start, *(at for at in moments if start <= at < stop)})
    edges = sorted({at for at in changes if start < at < stop})
    between = [
        at + _SETTLED
        for at, following in zip(edges, [*edges[1:], stop], strict=True)
        if at + _SETTLED < following and all(abs(at + _SETTLED - moment) >= _APART for moment in fixed)
    ]
    polls = tuple(sorted({*fixed, *between}))
    if len(polls) > _MAX_PROBES:
        raise UserError(
            f"the run has {len(polls)} probes, more than {_MAX_PROBES}", remedy="export a shorter one"
        )
    return polls


def _unlike(wanted: Sequence[Transition], found: Sequence[Transition]) -> list[str]:
    """Return in which transitions the file's replay differs from the run."""
    one, other = (
        [(t.at, t.key_tag, t.source, t.target) for t in transitions] for transitions in (wanted, found)
    )
    missing = [item for item in one if item not in other]
    surplus = [item for item in other if item not in one]
    return [f"the run has, and the file has not: {_shown(item)}" for item in missing] + [
        f"the file has, and the run has not: {_shown(item)}" for item in surplus
    ]


def _shown(item: tuple[Instant, int, str, str]) -> str:
    at, tag, source, target = item
    return f"{format_instant(at)} key {tag} {source} to {target}"


class _Recorder(Run):
    """A replay of a file without checks that writes down what each probe left."""

    looks: list[Look]

    def record(self) -> tuple[tuple[Look, ...], tuple[Transition, ...]]:
        """Run to the end; return the looks, and the transitions seen."""
        self.looks = []
        self.play()
        assert self.points is not None
        seen = self.points.files[FILE_ID].model.take()
        return tuple(self.looks), tuple(one for one in seen if isinstance(one, Transition))

    def _take(self, step: Step) -> None:
        """Look at the model once its probe is over."""
        super()._take(step)
        if step.kind != "ASSIGN":
            return
        assert self.points is not None
        point = self.points.files[FILE_ID]
        model = point.model
        before = self.looks[-1].lines if self.looks else ()
        good = model.held is not None and model.held.good
        base = model.planner.times.interval if good else model.planner.times.retry
        bounds = (0, 0) if point.due is None else (base - base // 10, base)
        self.looks.append(Look(self.now(), model.lines, model.lines is not before, *bounds))


class _Plan:
    """The parts of a file, and its text with or without checks."""

    def __init__(
        self, title: str, subject: Subject, polls: Sequence[Instant], served: Sequence[SignedRRset | None]
    ) -> None:
        """Take the probes and what each is answered with."""
        self.title, self.subject, self.polls, self.served = title, subject, polls, served

    def text(self, looks: Sequence[Look]) -> str:
        """Return the file; without looks it checks nothing."""
        lines = [*self._head(), *self._ranges()]
        written = 0
        checked: tuple[str, ...] = ()
        for number, at in enumerate(self.polls):
            lines += self._probe(number, at, looks[number] if looks else None)
            if looks:
                written = number if looks[number].written else written
                states = _states(looks[number].lines)
                if states != checked or number == len(self.polls) - 1:
                    checked = states
                    lines += self._check(number, written, looks[number].lines)
        return "\n".join([*lines, "SCENARIO_END", ""])

    def _head(self) -> list[str]:
        subject = self.subject
        return [
            f"; {one_line(self.title, 100)}",
            f"; subject {one_line(subject.name, 60)}, model {subject.profile.name}; written by rootlab run",
            "server:",
            '\ttarget-fetch-policy: "0 0 0 0 0"',
            "\tlog-time-ascii: yes",
            "\ttrust-anchor-signaling: no",
            *(f"\t{option}" for option in _options(subject.policy)),
            "stub-zone:",
            '\tname: "."',
            f"\tstub-addr: {SERVER}",
            f"AUTOTRUST_FILE {FILE_ID}",
            *(_anchor_line(anchor) for anchor in subject.anchors),
            "AUTOTRUST_END",
            "CONFIG_END",
            "",
            f"SCENARIO_BEGIN {one_line(self.title, 100)}",
            "",
        ]

    def _ranges(self) -> list[str]:
        """Return a range for each stretch of probes that get the same answer."""
        lines: list[str] = []
        first = 0
        for number, signed in enumerate(self.served):
            if number + 1 < len(self.served) and self.served[number + 1] == signed:
                continue
            steps = f"{_PROBE * (first + 1)} {_PROBE * (number + 2) - 1}"
            lines += [
                f"; from {format_instant(self.polls[first])}",
                f"RANGE_BEGIN {steps}",
                f"\tADDRESS {SERVER}",
            ]
            lines += [*_entry(signed), "RANGE_END", ""]
            first = number + 1
        return lines

    def _probe(self, number: int, at: Instant, look: Look | None) -> list[str]:
        step = _PROBE * (number + 1)
        passed = at - (self.polls[number - 1] if number else 0)
        lines = [
            f"; {format_instant(at)}",
            f"STEP {step} TIME_PASSES ELAPSE {passed}",
            f"STEP {step + 1} TRAFFIC",
            f"STEP {step + 2} ASSIGN t{number} = ${{time}}",
        ]
        if look is not None:
            bounds = f"{look.low} ${{timeout}} {look.high}"
            lines.append(f"STEP {step + 3} ASSIGN p{number} = ${{range {bounds}}}")
        return lines

    def _check(self, number: int, written: int, lines: Sequence[str]) -> list[str]:
        moment = f"$t{written} + $p{written}"
        line = f";;next_probe_time: ${{{moment}}} ;;${{ctime {moment}}}"
        return [
            f"STEP {_PROBE * (number + 1) + 4} CHECK_AUTOTRUST {FILE_ID}",
            "FILE_BEGIN",
            *(_NEXT_PROBE.sub(line, text) for text in lines),
            "FILE_END",
            "",
        ]


def _states(lines: Sequence[str]) -> tuple[str, ...]:
    """Return what a state file says about keys, counts apart: what makes it worth a check."""
    return tuple(re.sub(r";;count=\d+", "", line) for line in lines if not line.startswith(";"))


def _options(policy: ResolverPolicy) -> list[str]:
    """Return the lines of unbound.conf for what a policy has otherwise than the default."""
    lines = []
    for knob, option in _CONFIGURABLE.items():
        value = str(policy.value(knob))
        seconds = 0 if value in ("for-ever", "none") else parse_duration(value)
        lines.append(f"{option}: {seconds}")
    if policy.value("algorithms") == "all":
        lines.append("harden-algo-downgrade: yes")
    return lines


def _anchor_line(anchor: Key | DS) -> str:
    if isinstance(anchor, DS):
        return f".\t172800\tIN\tDS\t{anchor.to_text()}"
    return f".\t172800\tIN\t{_dnskey(anchor.rdata)}"


def _entry(signed: SignedRRset | None) -> list[str]:
    """Return what the root server says to `. DNSKEY`: the RRset, or SERVFAIL where there is none."""
    lines = [
        "ENTRY_BEGIN",
        "MATCH opcode qname qtype",
        "ADJUST copy_id",
        "REPLY QR AA NOERROR" if signed is not None else "REPLY QR AA SERVFAIL",
        "SECTION QUESTION",
        ". IN DNSKEY",
    ]
    if signed is not None:
        ttl = signed.rrset.ttl
        lines.append("SECTION ANSWER")
        lines += [f".\t{ttl}\tIN\t{_dnskey(rdata)}" for rdata in signed.rrset.rdatas]
        lines += [f".\t{ttl}\tIN\t{_rrsig(rrsig)}" for rrsig in signed.rrsigs]
    return [*lines, "ENTRY_END"]


def _dnskey(rdata: bytes) -> str:
    flags = int.from_bytes(rdata[:2], "big")
    return f"DNSKEY\t{flags} {rdata[2]} {rdata[3]} {b64encode(rdata[4:]).decode('ascii')}"


def _rrsig(rrsig: Rrsig) -> str:
    times = f"{digits(rrsig.expiration)} {digits(rrsig.inception)}"
    return (
        f"RRSIG\tDNSKEY {rrsig.algorithm} {rrsig.labels} {rrsig.original_ttl} {times} {rrsig.key_tag} . "
        + b64encode(rrsig.signature).decode("ascii")
    )
