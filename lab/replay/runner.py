"""Run a script against a model, one step after the other, as testbound's event loop does.

There is one thread and no hurry. Before each step whatever is waiting for an answer gets it, if a range of
that step has one; only then the step is taken (testcode/fake_event.c, `run_scenario`). So TRAFFIC has nothing
to do by itself. Time begins at 0 and passes in TIME_PASSES alone; timers that are over by then fire at the
time reached, not when they were due. Unlike testbound a run goes on after a check that failed.
"""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction
from typing import Final, NamedTuple

from ..clock import Instant
from ..dnssec.codec import Question
from ..dnssec.names import ROOT, MalformedName
from ..dnssec.rrtypes import IN
from ..resolver.policy import PolicyError, ResolverPolicy
from ..resolver.profiles import MODELS, Profile
from . import statefile
from .chain import Chain
from .configuration import Configuration, configure
from .expressions import Expander, ExpressionError, OutOfRange
from .iterate import Iterator
from .matching import differences
from .outcome import DONE, FAILED, INCONCLUSIVE, PASSED, PASSED_OVER, ReplayResult, StepResult
from .packets import as_query
from .rdata import read_name, type_number
from .records import class_number
from .script import Note, Script, Step
from .server import Server
from .signatures import Judge
from .trustpoints import NotStarted, TrustPoints
from .waiting import MAX_ROUNDS, Waiting, is_reply

CLIENT: Final = "127.0.0.1"
"""Where questions come from unless a step says otherwise."""
_MAX_TIME: Final = 2**32
"""Seconds a scenario may reach: the end of what files count."""


def replay(script: Script, model: str = "unbound", *, seed: int = 0) -> ReplayResult:
    """Return how a script goes through a model. Raises RplError for a configuration that cannot be read.

    `model` is the name of a preset (a key of `MODELS`); `seed` is that of its jitter.
    """
    return Run(script, configure(script), MODELS[model], seed).play()


def policy_for(profile: Profile, config: Configuration) -> ResolverPolicy:
    """Return the policy of a preset with what the configuration changes. Raises NotStarted."""
    knobs = dict(config.knobs)
    if not profile.policy.schedule.clients_observe:
        knobs.pop("burst", None)
    try:
        return profile.policy.override(knobs)
    except PolicyError as problem:
        raise NotStarted(str(problem)) from None


class Reply(NamedTuple):
    """A reply that no check has looked at yet, and the client it went to."""

    wire: bytes
    address: str


class Run:
    """One script and one model."""

    def __init__(self, script: Script, config: Configuration, profile: Profile, seed: int) -> None:
        """Set the stage; the model is started by `play`."""
        self.script, self.config, self.profile, self.seed = script, config, profile, seed
        self.time = Fraction(0)
        self.at = 0
        self.variables: dict[str, str] = {}
        self.expander = Expander(self.variables, self.now, self.timeout)
        self.judge = Judge(config)
        self.iterator = Iterator(config, self.now)
        self.notes: list[Note] = [*script.notes, *config.notes]
        self.waiting = Waiting(script, self.notes)
        self.replies: list[Reply] = []
        self.results: list[StepResult] = []
        self.stopped = False
        self.points: TrustPoints | None = None
        self.server: Server | None = None
        self._ident = 0

    def now(self) -> Instant:
        """Return the time of the run in whole seconds."""
        return int(self.time)

    def timeout(self) -> int:
        """Return the seconds until the probe timer fires, 0 if there is none or it is over."""
        due = None if self.points is None else self.points.due()
        return 0 if due is None else max(0, due - self.now())

    def play(self) -> ReplayResult:
        """Take every step and return how it went."""
        try:
            self._start()
        except NotStarted as why:
            return self._result(FAILED, f"the resolver does not start: {why}")
        steps = self.script.steps
        while self.at < len(steps) and not self.stopped:
            self._settle()
            if self.at < len(steps) and not self.stopped:
                self.at += 1
                self._take(steps[self.at - 1])
        if steps and not self.stopped:
            self._settle()
            self._look_behind(steps[-1])
        return self._judged()

    def _start(self) -> None:
        policy = policy_for(self.profile, self.config)
        self.points = TrustPoints(self.config, self.profile, policy, self.judge, self.now, self.seed)
        self.points.connect(self.iterator.find)
        chain = Chain(self.config, self.points, self.iterator.find, self.judge, self.now)
        self.server = Server(self.config, policy, self.points, self.iterator, chain, self.now)

    def _settle(self) -> None:
        """Give answers as long as the next step has some for what is asked."""
        steps = self.script.steps
        while self.waiting.rounds < MAX_ROUNDS:
            step = steps[min(self.at, len(steps) - 1)]
            if self.at < len(steps) and step.kind == "CHECK_OUT_QUERY" and self._check_out(step):
                continue
            if not self.waiting.answer_one(step.number):
                return
        self._fail(steps[min(self.at, len(steps) - 1)], "too many questions: the scenario loops")
        self.stopped = True

    def _take(self, step: Step) -> None:
        """Take one step."""
        try:
            _STEPS[step.kind](self, step)
        except ExpressionError as problem:
            self._fail(step, str(problem))

    def _report(self, step: Step, outcome: str, *details: str) -> None:
        self.results.append(StepResult(step.number, step.line, step.kind, outcome, details))

    def _fail(self, step: Step, *details: str) -> None:
        self._report(step, FAILED, *details)

    # -- steps -----------------------------------------------------------------------------------------------

    def nothing(self, step: Step) -> None:
        """Do nothing: what the step is for has happened before it was taken."""
        self._report(step, DONE)

    def query(self, step: Step) -> None:
        """Let a client ask."""
        assert step.entry is not None
        assert self.server is not None
        self._ident = (self._ident + 1) % 0x10000
        address = step.address or CLIENT

        def done(wire: bytes | None) -> None:
            if wire is not None:
                self.replies.append(Reply(wire, address))

        try:
            wire = as_query(step.entry.packet, self._ident)
        except ValueError as problem:
            self._fail(step, f"the question cannot be sent: {problem}")
            return
        self._report(step, DONE)
        self.waiting.begin(self.server.reply(wire), done)

    def check_answer(self, step: Step) -> None:
        """Look for a reply that matches; it is used up, and where none does the oldest is."""
        assert step.entry is not None
        transport = step.entry.match.transport or "UDP"
        seen: tuple[str, ...] = ("no reply has been sent",)
        for reply in self.replies:
            seen = differences(step.entry, reply.wire, transport)
            if step.address not in ("", reply.address):
                seen = (f"the reply went to {reply.address}", *seen)
            if not seen:
                self.replies.remove(reply)
                self._report(step, PASSED)
                return
        del self.replies[:1]
        self._fail(step, *seen)

    def check_out_query(self, step: Step) -> None:
        """Fail: a question that matches would have been seen before the step was taken."""
        asked = self.waiting.asked() or "none"
        self._fail(step, f"no question that matches is waiting; servers asked: {asked}")

    def _check_out(self, step: Step) -> bool:
        """Pass a CHECK_OUT_QUERY step if a waiting question matches; an entry that is a reply answers it."""
        assert step.entry is not None
        task = self.waiting.matching(step.entry, step.address)
        if task is None:
            return False
        self.at += 1
        self._report(step, PASSED)
        if is_reply(step.entry):
            self.waiting.advance(task, self.waiting.answer(step.entry, task))
        return True

    def reply(self, step: Step) -> None:
        """Answer the first waiting question, or that of an address."""
        assert step.entry is not None
        task = self.waiting.first(step.address)
        if task is None:
            self._fail(step, "nobody waits for an answer")
            return
        self._report(step, DONE)
        self.waiting.advance(task, self.waiting.answer(step.entry, task))

    def lose(self, step: Step) -> None:
        """Let the first waiting question time out, or be refused by the network."""
        task = self.waiting.first(step.address)
        if task is None:
            self._fail(step, "nobody waits for an answer")
            return
        self._report(step, DONE)
        self.waiting.advance(task, None)

    def time_passes(self, step: Step) -> None:
        """Move the clock, then let timers that are over fire."""
        passed = self.expander.number(step.text) if step.kind.endswith("EVAL") else Fraction(step.text)
        if passed < 0 or self.time + passed >= _MAX_TIME:
            self._fail(step, f"{float(passed):.0f} seconds cannot pass")
            self.stopped = True
            return
        self.time += passed
        self._report(step, DONE)
        assert self.points is not None
        for point in self.points.files.values():
            if point.due is not None and point.due <= self.now() and not point.probing:
                self.waiting.begin(point.probe(self.iterator.find), lambda _: None)

    def assign(self, step: Step) -> None:
        """Set a variable; `${range ...}` in its value is a check, but the value counts in any case."""
        try:
            value, problem = self.expander.expand(step.text), ""
        except OutOfRange as outside:
            value, problem = self.expander.expand(step.text, bounded=False), str(outside)
        self.variables[step.variable] = value
        if problem:
            self._fail(step, problem)
        else:
            self._report(step, PASSED if "${range" in step.text else DONE)

    def check_autotrust(self, step: Step) -> None:
        """Compare a state file with what it should be."""
        assert self.points is not None
        point = self.points.files.get(step.text)
        if point is None:
            self._fail(step, f"there is no trust-anchor file {step.text[:60]!r}")
            return
        wanted = tuple(self.expander.expand(line) for line in step.content)
        found = statefile.compare(wanted, point.model.lines)
        self._compared(step, found.fields)
        if found.text:
            self.notes.append(Note(step.line, "text-differs", f"{step.text[:40]}: {found.text[0]}"))

    def check_tempfile(self, step: Step) -> None:
        """Compare a file that came with the configuration; the lab never changes one."""
        wanted = [self.expander.expand(line).rstrip() for line in step.content]
        for attached in self.script.tempfiles:
            if attached.name == step.text:
                same = [line.rstrip() for line in attached.lines] == wanted
                self._compared(step, () if same else (f"{step.text[:60]} is not as expected",))
                return
        self.pass_over(step)

    def _compared(self, step: Step, found: tuple[str, ...]) -> None:
        if found:
            self._fail(step, *found)
        else:
            self._report(step, PASSED)

    def flush_message(self, step: Step) -> None:
        """Forget the answer to a question: a name, a type and a class in any order."""
        assert self.server is not None
        name, *rest = (*step.text.split(), "")
        numbers = [(type_number(word), class_number(word)) for word in rest if word]
        rrtype = next((found for found, _ in numbers if found is not None), None)
        rrclass = next((found for _, found in numbers if found is not None), IN)
        try:
            if rrtype is None:
                raise MalformedName(f"{step.text[:60]!r} is not a name, a type and a class")
            self.server.flush(Question(read_name(name, ROOT), rrtype, rrclass))
        except MalformedName as problem:
            self._fail(step, str(problem))
        else:
            self._report(step, DONE)

    def pass_over(self, step: Step) -> None:
        """Note a step that changes nothing here."""
        self._report(step, PASSED_OVER)
        self.notes.append(Note(step.line, "not-acted-on", f"{step.kind} {step.text}".strip()[:80]))

    # -- the end ---------------------------------------------------------------------------------------------

    def _look_behind(self, step: Step) -> None:
        """Fail, as testbound does, if a question or a reply is left over."""
        if self.waiting.tasks:
            self._fail(step, f"questions are left unanswered, to {self.waiting.asked()}")
        elif self.replies:
            self._fail(step, "a reply was never checked")

    def _judged(self) -> ReplayResult:
        """Judge by the checks; a failure proves nothing where the lab did not do as it was told."""
        lacking = [note.text for note in self.notes if note.kind in ("not-acted-on", "unknown")]
        outcomes = [result.outcome for result in self.results]
        if FAILED in outcomes:
            if lacking:
                return self._result(INCONCLUSIVE, f"the lab does not act on {'; '.join(lacking)}")
            return self._result(FAILED, "")
        if PASSED not in outcomes:
            return self._result(INCONCLUSIVE, "nothing was checked")
        return self._result(PASSED, "")

    def _result(self, verdict: str, reason: str) -> ReplayResult:
        files = () if self.points is None else tuple(self.points.files.values())
        return ReplayResult(
            self.script.path, self.script.title, self.profile.name, verdict, reason, tuple(self.results),
            tuple(self.notes), tuple(self.judge.disagreements), sum(point.probes for point in files),
            self.now(),
        )  # fmt: skip


_STEPS: Final[dict[str, Callable[[Run, Step], None]]] = {
    "NOTHING": Run.nothing,
    "TRAFFIC": Run.nothing,
    "QUERY": Run.query,
    "CHECK_ANSWER": Run.check_answer,
    "CHECK_OUT_QUERY": Run.check_out_query,
    "REPLY": Run.reply,
    "TIMEOUT": Run.lose,
    "ERROR": Run.lose,
    "TIME_PASSES ELAPSE": Run.time_passes,
    "TIME_PASSES EVAL": Run.time_passes,
    "ASSIGN": Run.assign,
    "CHECK_AUTOTRUST": Run.check_autotrust,
    "CHECK_TEMPFILE": Run.check_tempfile,
    "FLUSH_MESSAGE": Run.flush_message,
    "EXPIRE_MESSAGE": Run.flush_message,
    "INFRA_RTT": Run.pass_over,
    "LOG": Run.pass_over,
    "MOCK": Run.pass_over,
}
"""What each kind of step does."""
