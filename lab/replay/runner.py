"""Run a script against a model, one step after the other, as testbound's event loop does.

There is one thread and no hurry. Before each step whatever is waiting for an answer gets it, if a range of
that step has one; only then the step is taken (testcode/fake_event.c, `run_scenario`). So TRAFFIC has nothing
to do by itself. Time begins at 0 and passes in TIME_PASSES alone; timers that are over by then fire at the
time reached, not when they were due.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from fractions import Fraction
from typing import Final

from ..clock import Instant
from ..dnssec.codec import Question
from ..resolver.policy import PolicyError, ResolverPolicy
from ..resolver.profiles import MODELS, Profile
from . import statefile
from .chain import Chain
from .configuration import Configuration, configure
from .expressions import Expander, ExpressionError, OutOfRange
from .iterate import Ask, Iterator, Search
from .matching import differences, matches, parse
from .outcome import DONE, FAILED, INCONCLUSIVE, PASSED, PASSED_OVER, ReplayResult, StepResult
from .packets import answer_from, as_query
from .rdata import read_name, type_number
from .records import class_number
from .script import Entry, Note, Script, Step
from .server import Server
from .signatures import Judge
from .trustpoints import NotStarted, TrustPoints

CLIENT: Final = "127.0.0.1"
"""Where questions come from unless a step says otherwise."""
_MAX_ROUNDS: Final = 100_000
"""Answers in one scenario; more mean that it loops."""
_MAX_TIME: Final = 2**40
"""Seconds a scenario may reach."""


def replay(script: Script, model: str = "unbound", *, seed: int = 0) -> ReplayResult:
    """Return how a script goes through a model. Raises RplError for a configuration that cannot be read.

    `model` is the name of a preset; `seed` is that of its jitter.
    """
    config = configure(script)
    profile = MODELS[model]
    run = Run(script, config, profile, seed)
    return run.play()


def policy_for(profile: Profile, config: Configuration) -> ResolverPolicy:
    """Return the policy of a preset with what the configuration changes. Raises NotStarted."""
    knobs = dict(config.knobs)
    if not profile.policy.schedule.clients_observe:
        knobs.pop("burst", None)
    try:
        return profile.policy.override(knobs)
    except PolicyError as problem:
        raise NotStarted(str(problem)) from None


@dataclass(slots=True)
class Task:
    """A search in progress, and what to do with what it finds."""

    search: Search[object]
    done: Callable[[object], None]
    asks: Ask | None = None


@dataclass(frozen=True, slots=True)
class Reply:
    """A reply that no check has looked at yet."""

    wire: bytes
    address: str


@dataclass(slots=True)
class _Progress:
    """What has happened so far."""

    steps: list[StepResult] = field(default_factory=list)
    notes: list[Note] = field(default_factory=list)
    stopped: bool = False


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
        self.pending: list[Task] = []
        self.replies: list[Reply] = []
        self.progress = _Progress(notes=[*script.notes, *config.notes])
        self.rounds = 0
        self.points: TrustPoints | None = None
        self.server: Server | None = None
        self.chain: Chain | None = None
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
            return self._result(f"the resolver does not start: {why}", FAILED)
        steps = self.script.steps
        while self.at < len(steps) and not self.progress.stopped:
            self._settle()
            if self.at < len(steps) and not self.progress.stopped:
                step = steps[self.at]
                self.at += 1
                self._take(step)
        if not self.progress.stopped:
            self._settle()
        return self._conclude()

    def _start(self) -> None:
        policy = policy_for(self.profile, self.config)
        self.points = TrustPoints(self.config, self.profile, policy, self.judge, self.now, self.seed)
        self.points.connect(self.iterator.find)
        self.chain = Chain(self.config, self.points, self.iterator.find, self.judge, self.now)
        self.server = Server(self.config, policy, self.points, self.iterator, self.chain, self.now)

    # -- searches --------------------------------------------------------------------------------------------

    def _begin(self, search: Search[object], done: Callable[[object], None]) -> None:
        """Begin a search; it goes on when somebody answers."""
        self._advance(Task(search, done), None)

    def _advance(self, task: Task, wire: bytes | None) -> None:
        """Hand a search what came, and wait for what it asks next."""
        if task in self.pending:
            self.pending.remove(task)
        try:
            task.asks = next(task.search) if task.asks is None else task.search.send(wire)
        except StopIteration as end:
            task.done(end.value)
            return
        self.pending.append(task)

    def _settle(self) -> None:
        """Give answers as long as a range of the next step has one for what is asked."""
        while self.rounds < _MAX_ROUNDS:
            step = self._next()
            if step is not None and step.kind == "CHECK_OUT_QUERY" and self._check_out(step):
                continue
            task, wire = self._answerable()
            if task is None:
                return
            self.rounds += 1
            self._advance(task, wire)
        self._fail(self._next(), "too many answers were asked for: the scenario loops")

    def _next(self) -> Step | None:
        steps = self.script.steps
        return steps[self.at] if self.at < len(steps) else None

    def _answerable(self) -> tuple[Task | None, bytes | None]:
        """Return a search that a range answers now, and the octets."""
        steps = self.script.steps
        number = steps[min(self.at, len(steps) - 1)].number if steps else 0
        for task in self.pending:
            asks = task.asks
            assert asks is not None
            for entry in self._entries(number, asks.address):
                if matches(entry, asks.query, "TCP" if asks.tcp else "UDP"):
                    if "do_not_answer" in entry.adjust.words:
                        return task, None
                    return task, self._answer(entry, asks)
        return None, None

    def _entries(self, number: int, address: str) -> list[Entry]:
        """Return the entries that servers at an address have while step `number` is next."""
        return [
            entry
            for held in self.script.ranges
            if held.first <= number <= held.last and (not held.addresses or address in held.addresses)
            for entry in held.entries
        ]

    def _answer(self, entry: Entry, asks: Ask) -> bytes | None:
        query = parse(asks.query)
        assert query is not None
        try:
            return answer_from(entry, query)
        except ValueError as problem:
            self.progress.notes.append(
                Note(entry.line, "not-acted-on", f"an entry cannot be sent: {problem}")
            )
            return None

    # -- steps -----------------------------------------------------------------------------------------------

    def _take(self, step: Step) -> None:
        """Take one step."""
        try:
            _STEPS[step.kind](self, step)
        except OutOfRange as outside:
            self._fail(step, str(outside))
        except ExpressionError as problem:
            self._fail(step, f"{step.text[:80]}: {problem}")

    def _report(self, step: Step, outcome: str, *details: str) -> None:
        self.progress.steps.append(StepResult(step.number, step.line, step.kind, outcome, details))

    def _fail(self, step: Step | None, *details: str) -> None:
        """Report a failed check; as in testbound the run ends there."""
        if step is None:
            step = self.script.steps[-1]
        self._report(step, FAILED, *details)
        self.progress.stopped = True

    def nothing(self, step: Step) -> None:
        """Do nothing: what the step is for has happened before it was taken."""
        self._report(step, DONE)

    def query(self, step: Step) -> None:
        """Let a client ask."""
        assert step.entry is not None and self.server is not None
        self._ident = (self._ident + 1) % 0x10000
        address = step.address or CLIENT
        self._report(step, DONE)

        def done(wire: object) -> None:
            if isinstance(wire, bytes):
                self.replies.append(Reply(wire, address))

        self._begin(self.server.reply(as_query(step.entry.packet, self._ident)), done)

    def check_answer(self, step: Step) -> None:
        """Look for a reply that matches; it is used up."""
        assert step.entry is not None
        transport = step.entry.match.transport or "UDP"
        seen: tuple[str, ...] = ()
        for reply in self.replies:
            seen = differences(step.entry, reply.wire, transport)
            if not seen and step.address in ("", reply.address):
                self.replies.remove(reply)
                self._report(step, PASSED)
                return
        if not self.replies:
            seen = ("no reply has been sent",)
        self._fail(step, *(seen or (f"the reply went to another client than {step.address}",)))

    def check_out_query(self, step: Step) -> None:
        """Fail: a question that matches would have been seen before the step was taken."""
        asked = [task.asks.address for task in self.pending if task.asks is not None]
        self._fail(step, f"no question that matches is waiting; servers asked: {', '.join(asked) or 'none'}")

    def _check_out(self, step: Step) -> bool:
        """Pass a CHECK_OUT_QUERY step if a waiting question matches; an entry that replies also answers it."""
        assert step.entry is not None
        for task in self.pending:
            asks = task.asks
            assert asks is not None
            if step.address not in ("", asks.address):
                continue
            if matches(step.entry, asks.query, "TCP" if asks.tcp else "UDP"):
                self.at += 1
                self._report(step, PASSED)
                if step.entry.packet.flags & 0x8000:
                    self._advance(task, self._answer(step.entry, asks))
                return True
        return False

    def reply(self, step: Step) -> None:
        """Answer the first waiting question, or that of an address."""
        assert step.entry is not None
        task = self._waiting(step)
        if task is None or task.asks is None:
            self._fail(step, "nobody waits for an answer")
            return
        self._report(step, DONE)
        self._advance(task, self._answer(step.entry, task.asks))

    def lose(self, step: Step) -> None:
        """Let the first waiting question time out, or be refused by the network."""
        task = self._waiting(step)
        if task is None:
            self._fail(step, "nobody waits for an answer")
            return
        self._report(step, DONE)
        self._advance(task, None)

    def _waiting(self, step: Step) -> Task | None:
        for task in self.pending:
            if task.asks is not None and step.address in ("", task.asks.address):
                return task
        return None

    def time_passes(self, step: Step) -> None:
        """Move the clock, then let timers that are over fire."""
        passed = self.expander.number(step.text) if step.kind.endswith("EVAL") else Fraction(step.text)
        if passed < 0 or self.time + passed > _MAX_TIME:
            self._fail(step, f"{float(passed):.0f} seconds cannot pass")
            return
        self.time += passed
        self._report(step, DONE)
        assert self.points is not None
        for point in self.points.files.values():
            if point.due is not None and point.due <= self.now() and not point.probing:
                self._begin(point.probe(self.iterator.find), lambda _: None)

    def assign(self, step: Step) -> None:
        """Set a variable; `${range ...}` in its value is a check."""
        self.variables[step.variable] = self.expander.expand(step.text)
        self._report(step, PASSED if "range" in step.text else DONE)

    def check_autotrust(self, step: Step) -> None:
        """Compare a state file with what it should be."""
        assert self.points is not None
        point = self.points.files.get(step.text)
        if point is None:
            self._fail(step, f"there is no trust-anchor file {step.text[:60]!r}")
            return
        wanted = tuple(self.expander.expand(line) for line in step.content)
        found = statefile.compare(wanted, point.lines)
        if found:
            self._fail(step, *found)
        else:
            self._report(step, PASSED)

    def check_tempfile(self, step: Step) -> None:
        """Compare a file that came with the configuration; the lab never changes one."""
        wanted = [self.expander.expand(line).rstrip() for line in step.content]
        for attached in self.script.tempfiles:
            if attached.name == step.text:
                if [line.rstrip() for line in attached.lines] == wanted:
                    self._report(step, PASSED)
                else:
                    self._fail(step, f"{step.text[:60]} is not as expected; the lab writes no such file")
                return
        self._report(step, PASSED_OVER, "the lab writes no such file")
        self.progress.notes.append(Note(step.line, "not-acted-on", f"CHECK_TEMPFILE {step.text[:60]}"))

    def flush_message(self, step: Step) -> None:
        """Forget the answer to a question: name, type and class."""
        words = step.text.split()
        rrtype = type_number(words[1]) if len(words) > 1 else None
        rrclass = class_number(words[2]) if len(words) > 2 else 1
        if not words or rrtype is None or rrclass is None:
            self._fail(step, f"{step.text[:60]!r} is not a name, a type and a class")
            return
        assert self.server is not None
        try:
            self.server.flush(Question(read_name(words[0], b"\0"), rrtype, rrclass))
        except ValueError as problem:
            self._fail(step, str(problem))
            return
        self._report(step, DONE)

    def pass_over(self, step: Step) -> None:
        """Note a step that changes nothing here."""
        self._report(step, PASSED_OVER)
        self.progress.notes.append(Note(step.line, "not-acted-on", f"{step.kind} {step.text}".strip()[:80]))

    # -- the end ---------------------------------------------------------------------------------------------

    def _conclude(self) -> ReplayResult:
        """Judge the run; as in testbound nothing may be left over."""
        if not self.progress.stopped and self.script.steps:
            asked = [task.asks.address for task in self.pending if task.asks is not None]
            if self.pending:
                self._fail(None, f"questions are left unanswered, to {', '.join(asked)}")
            elif self.replies:
                self._fail(None, "a reply was never checked")
        return self._result("", "")

    def _result(self, reason: str, verdict: str) -> ReplayResult:
        steps = tuple(self.progress.steps)
        lacking = [note.text for note in self.config.notes if note.kind == "not-acted-on"]
        if not verdict:
            if any(step.outcome == FAILED for step in steps):
                verdict = INCONCLUSIVE if lacking else FAILED
                reason = f"the lab does not act on {'; '.join(lacking)}" if lacking else ""
            elif not any(step.outcome == PASSED for step in steps):
                verdict, reason = INCONCLUSIVE, "nothing was checked"
            else:
                verdict = PASSED
        probes = 0 if self.points is None else sum(point.probes for point in self.points.files.values())
        return ReplayResult(
            self.script.path, self.script.title, self.profile.name, verdict, reason, steps,
            tuple(self.progress.notes), tuple(self.judge.disagreements), probes, self.now(),
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
