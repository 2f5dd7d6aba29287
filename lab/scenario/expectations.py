"""What a scenario can expect of a subject: one table, kind -> how it is written and how it is checked.

A check sees the subject through `SubjectView` and returns True, False, or None where there is no evidence,
with one line that says what was expected and what was seen. Bounds of time include both ends.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Annotated, Any, Literal, NamedTuple, Protocol, TypeAlias

from pydantic import BaseModel, Field, RootModel, StrictStr, TypeAdapter, ValidationError, model_validator

from ..clock import HOUR, MINUTE, Instant, Seconds, format_instant
from ..observation import Anchor, Outcome, Signal, Transition, worst
from .fields import FileInstant, KeyName, Span, SubjectName, Yes
from .tables import Table

State: TypeAlias = Literal["Start", "AddPend", "Valid", "Missing", "Revoked", "Removed"]
OutcomeName: TypeAlias = Literal["secure", "insecure", "unvalidated", "bogus", "down"]

_CHILD_ONLY = ("insecure", "unvalidated")
"""Outcomes that only an answer from below the trust point can show."""


class SubjectView(Protocol):
    """What a check may look at; see `lab.run.verdict.SubjectResult`.

    `start` and `stop` bound what was watched. `has_child` is False in a run on ceremony files, where only the
    DNSKEY RRset can be asked for.
    """

    @property
    def first_failure(self) -> Instant | None: ...  # noqa: D102
    @property
    def recovered_at(self) -> Instant | None: ...  # noqa: D102
    @property
    def outcomes(self) -> tuple[Outcome, ...]: ...  # noqa: D102
    @property
    def cause(self) -> str | None: ...  # noqa: D102
    @property
    def transitions(self) -> tuple[Transition, ...]: ...  # noqa: D102
    @property
    def anchors(self) -> tuple[Anchor, ...]: ...  # noqa: D102
    @property
    def signals(self) -> tuple[Signal, ...]: ...  # noqa: D102
    @property
    def has_child(self) -> bool: ...  # noqa: D102
    @property
    def start(self) -> Instant: ...  # noqa: D102
    @property
    def stop(self) -> Instant: ...  # noqa: D102
    def earliest(self, of: str, at: Instant) -> Instant:
        """Return when a change seen at an instant may have come at the earliest."""

    def agreement(self, other: str, step: Seconds) -> Checked:
        """Tell whether the states of all keys and the outcomes of another subject are the same."""


Checked: TypeAlias = tuple[bool | None, str]
"""(holds, what was expected and seen); None is inconclusive."""


class Bounds(Table):
    """Bound an instant, both ends included; a bound left out is none."""

    from_: FileInstant | None = Field(None, description="not before this instant")
    to: FileInstant | None = Field(None, description="not after this instant")

    @model_validator(mode="after")
    def _ordered(self) -> Bounds:
        _ascending(self.from_, self.to, "to")
        return self


class Fails(Bounds):
    """The first failure."""

    at: FileInstant | None = Field(None, description="exactly at this instant")
    cause: Annotated[StrictStr, Field(min_length=1, max_length=64)] | None = Field(
        None, description="the cause of the first failure, such as static-anchor"
    )

    @model_validator(mode="after")
    def _one_way(self) -> Fails:
        if self.at is not None and (self.from_ is not None or self.to is not None):
            raise ValueError("takes either at, or from and to")
        return self


class Recovers(Table):
    """The instant from which the subject is secure to the end."""

    from_: FileInstant | None = Field(None, description="not before this instant")
    by: FileInstant | None = Field(None, description="not after this instant")

    @model_validator(mode="after")
    def _ordered(self) -> Recovers:
        _ascending(self.from_, self.by, "by")
        return self


class KeyInState(Table):
    """One key and one RFC 5011 state."""

    key: KeyName
    state: State = Field(description="an RFC 5011 state (section 4.2)")


class Reaches(KeyInState, Bounds):
    """The first time a key enters a state."""


class Holds(KeyInState):
    """The state of a key at an instant."""

    at: FileInstant


class SignalName(Table):
    """An RFC 8145 key tag query."""

    name: Annotated[StrictStr, Field(pattern=r"^_ta(-[0-9a-f]{4}){1,12}\.?$")] = Field(
        description="the query's name, such as _ta-4a5c-4f66"
    )


class Signals(SignalName, Bounds):
    """The first time a subject begins to send a key tag query."""


class Agrees(Table):
    """Another subject of the run, which this one is held against."""

    with_: SubjectName = Field(description="the other subject")
    within: Span = Field(
        12 * HOUR + 5 * MINUTE,
        description="how far apart changes may be; by default what lies between two looks at a daemon",
    )


class Flag(RootModel[Yes]):
    """An expectation without parameters."""


class OneOutcome(RootModel[OutcomeName]):
    """An expectation of one outcome."""


def _ascending(low: Instant | None, high: Instant | None, name: str) -> None:
    """Refuse an empty span."""
    if low is not None and high is not None and high < low:
        raise ValueError(f"{name} lies before from")


def _when(instant: Instant | None) -> str:
    """Write an instant, or that there is none."""
    return "never" if instant is None else format_instant(instant)


def _span(low: Instant | None, high: Instant | None) -> str:
    """Write the bounds of an instant."""
    if low is None:
        return "at any time" if high is None else f"by {_when(high)}"
    return f"from {_when(low)} on" if high is None else f"from {_when(low)} to {_when(high)}"


def _within(view: SubjectView, of: str, at: Instant, low: Instant | None, high: Instant | None) -> bool:
    """Say whether a change keeps its bounds; one seen at steps, whether it can have come within them."""
    return (low is None or at >= low) and (high is None or view.earliest(of, at) <= high)


def _failure(view: SubjectView) -> str:
    """Write the first failure with its cause."""
    return f"first failure {_when(view.first_failure)}" + (f" ({view.cause})" if view.cause else "")


def _unseen(view: SubjectView, low: Instant | None, high: Instant | None) -> bool:
    """Say whether something not seen could still come: what was watched ends before the bounds do."""
    end = high if high is not None else low
    return end is not None and end > view.stop


def _never_fails(view: SubjectView, _params: Any) -> Checked:
    return view.first_failure is None, f"expected no failure; {_failure(view)}"


def _fails(view: SubjectView, params: Fails) -> Checked:
    low, high = (params.at, params.at) if params.at is not None else (params.from_, params.to)
    cause = f" with cause {params.cause}" if params.cause else ""
    where = f"at {_when(low)}" if params.at is not None else _span(low, high)
    message = f"expected a first failure {where}{cause}; {_failure(view)}"
    if view.first_failure is None:
        return None if _unseen(view, low, high) else False, message
    fits = _within(view, "outcome", view.first_failure, low, high)
    return fits and params.cause in (None, view.cause), message


def _recovers(view: SubjectView, params: Recovers) -> Checked:
    seen = f"{_failure(view)}, secure to the end from: {_when(view.recovered_at)}"
    message = f"expected recovery {_span(params.from_, params.by)}; {seen}"
    if view.first_failure is None:
        return False, message
    if view.recovered_at is None:
        return None if _unseen(view, params.from_, params.by) else False, message
    return _within(view, "outcome", view.recovered_at, params.from_, params.by), message


def _stays_broken(view: SubjectView, _params: Any) -> Checked:
    last = view.outcomes[-1]
    message = f"expected to be broken at the end; {last.outcome} since {_when(last.at)}, {_failure(view)}"
    return view.first_failure is not None and last.outcome != "secure", message


def _outcome(view: SubjectView, params: OneOutcome) -> Checked:
    seen = worst([outcome.outcome for outcome in view.outcomes])
    return _compare_outcome(view, params.root, str(seen), "at worst")


def _final(view: SubjectView, params: OneOutcome) -> Checked:
    return _compare_outcome(view, params.root, view.outcomes[-1].outcome, "at the end")


def _compare_outcome(view: SubjectView, wanted: str, seen: str, which: str) -> Checked:
    """Compare two outcomes; without questions below the trust point two of them cannot be seen."""
    message = f"expected {wanted} {which}; saw {seen}"
    if not view.has_child and wanted in _CHILD_ONLY:
        return None, f"{message}, but no name below the trust point could be asked for"
    return seen == wanted, message


def _entries(view: SubjectView, key: str, state: str) -> list[Instant]:
    """Return the instants at which a key entered a state."""
    return [seen.at for seen in view.transitions if seen.key == key and seen.target == state]


def _first_within(view: SubjectView, of: str, found: Iterable[Instant], params: Bounds, what: str) -> Checked:
    """Check the first of some instants against bounds."""
    first = min(found, default=None)
    message = f"expected {what} first {_span(params.from_, params.to)}; seen first: {_when(first)}"
    if first is None:
        return None if _unseen(view, params.from_, params.to) else False, message
    return _within(view, of, first, params.from_, params.to), message


def _reaches(view: SubjectView, params: Reaches) -> Checked:
    found = _entries(view, params.key, params.state)
    return _first_within(view, "transition", found, params, f"{params.key} to become {params.state}")


def _never_reaches(view: SubjectView, params: KeyInState) -> Checked:
    first = min(_entries(view, params.key, params.state), default=None)
    return first is None, f"expected {params.key} never to become {params.state}; it did: {_when(first)}"


def _holds(view: SubjectView, params: Holds) -> Checked:
    state = "Start"
    for anchor in view.anchors:
        if anchor.key == params.key and anchor.since <= params.at:
            state = anchor.state
    moves = [seen for seen in view.transitions if seen.key == params.key]
    if moves:
        past = [seen.target for seen in moves if seen.at <= params.at]
        state = past[-1] if past else moves[0].source
    message = f"expected {params.key} to be {params.state} at {_when(params.at)}; it was {state}"
    if not view.start <= params.at <= view.stop:
        return None, f"{message}, but nobody watched"
    return state == params.state, message


def _signal_times(view: SubjectView, name: str) -> list[Instant]:
    """Return the instants at which the subject began to send a key tag query."""
    wanted = name.rstrip(".")
    return [seen.at for seen in view.signals if seen.name.rstrip(".").lower() == wanted]


def _signals(view: SubjectView, params: Signals) -> Checked:
    found = _signal_times(view, params.name)
    return _first_within(view, "signal", found, params, f"the signal {params.name}")


def _never_signals(view: SubjectView, params: SignalName) -> Checked:
    first = min(_signal_times(view, params.name), default=None)
    return first is None, f"expected the signal {params.name} never to be sent; first sent: {_when(first)}"


def _agrees(view: SubjectView, params: Agrees) -> Checked:
    return view.agreement(params.with_, params.within)


class Kind(NamedTuple):
    """One row of EXPECTATIONS: how the parameters are read, how they are checked, and what it means."""

    params: type[BaseModel]
    check: Callable[[SubjectView, Any], Checked]
    title: str


EXPECTATIONS: dict[str, Kind] = {
    "never-fails": Kind(Flag, _never_fails, "a new name is secure at every instant"),
    "fails": Kind(Fails, _fails, "the first failure comes within bounds, from a cause"),
    "recovers": Kind(Recovers, _recovers, "it failed, and is secure from an instant within bounds on"),
    "stays-broken": Kind(Flag, _stays_broken, "it failed, and its last outcome is not secure"),
    "outcome": Kind(OneOutcome, _outcome, "the worst outcome over the run"),
    "final": Kind(OneOutcome, _final, "the last outcome of the run"),
    "reaches": Kind(Reaches, _reaches, "a key enters a state for the first time within bounds"),
    "never-reaches": Kind(KeyInState, _never_reaches, "a key never enters a state"),
    "holds": Kind(Holds, _holds, "a key is in a state at an instant"),
    "signals": Kind(Signals, _signals, "an RFC 8145 query is sent for the first time within bounds"),
    "agrees": Kind(Agrees, _agrees, "states of keys and outcomes are those of another subject, in time, too"),
    "never-signals": Kind(SignalName, _never_signals, "an RFC 8145 query is never sent"),
}
"""Every kind of expectation; a new one is one row here."""


@dataclass(frozen=True, slots=True)
class Expectation:
    """One expectation of one subject; `params` is an instance of its kind's model."""

    id: str
    subject: str
    kind: str
    params: BaseModel

    def to_json(self) -> dict[str, Any]:
        """Return it as JSON values, written as in a scenario file."""
        params = self.params.model_dump(mode="json", by_alias=True, exclude_none=True)
        return {"id": self.id, "subject": self.subject, self.kind: params}

    def check(self, view: SubjectView) -> Checked:
        """Compare it with what was seen of the subject: (holds, message), None without evidence."""
        if not view.outcomes:
            return None, f"expected {self.kind}; nothing was seen of the subject"
        return EXPECTATIONS[self.kind].check(view, self.params)


def expectation_from_json(row: dict[str, Any]) -> Expectation:
    """Read back what `Expectation.to_json` wrote. Raises ValueError."""
    kinds = [key for key in row if key in EXPECTATIONS]
    if len(kinds) != 1 or set(row) != {"id", "subject", kinds[0]}:
        raise ValueError("an expectation has id, subject and one kind")
    try:
        params = TypeAdapter(EXPECTATIONS[kinds[0]].params).validate_python(row[kinds[0]])
    except ValidationError as problem:
        raise ValueError(f"{kinds[0]}: {problem.errors()[0]['msg']}") from None
    if not isinstance(row["id"], str) or not isinstance(row["subject"], str):
        raise ValueError("id and subject of an expectation are strings")
    return Expectation(row["id"], row["subject"], kinds[0], params)


DEFAULT_KIND = "never-fails"


def expectations_of(subject: str, stated: Iterable[Expectation]) -> tuple[Expectation, ...]:
    """Return what is expected of a subject; of one that nothing is stated for, that it never fails."""
    own = tuple(expectation for expectation in stated if expectation.subject == subject)
    return own or (Expectation(DEFAULT_KIND, subject, DEFAULT_KIND, Flag(True)),)
