"""The tables of a scenario file, one class each; what a key means is said once, here, in its description.

A table checks what it can see by itself. What needs another table, a timeline or the resolver models is
checked by `load`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any, Literal, TypeAlias

from pydantic import BaseModel, Discriminator, Field, Tag, create_model, model_validator

from ..authority.faults import FAULTS
from ..nameserver.impairments import IMPAIRMENTS
from ..nameserver.switchboard import LETTERS, MAX_ARGUMENT
from .expectations import EXPECTATIONS
from .fields import (
    FileInstant,
    Flag,
    Identifier,
    KeyName,
    Knob,
    Line,
    ModelName,
    Offset,
    Quarter,
    Span,
    SubjectName,
    Text,
    Wait,
    Whole,
    Yes,
)
from .spec import DEFAULT_UDP_SIZE, ClockName
from .tables import Table, exactly_one, key_of

MAX_SUBJECTS = 10_000
MAX_EVENTS = 100_000
MAX_STEPS = 10_000
MAX_OPERATORS = 100

Schema = Literal["normal", "pre-publish", "publish+", "rollover", "rollover+", "revoke", "revoke+"]
"""The schemas of IANA's key ceremonies (lab/authority/slots.py)."""

KeyNames = Annotated[tuple[KeyName, ...], Field(max_length=64)]
if TYPE_CHECKING:
    FaultName: TypeAlias = str
    ImpairmentName: TypeAlias = str
    Letter: TypeAlias = str
else:
    FaultName = Literal[tuple(FAULTS)]
    ImpairmentName = Literal[tuple(IMPAIRMENTS)]
    Letter = Literal[tuple(LETTERS)]
Letters = Annotated[tuple[Letter, ...], Field(max_length=13)]
Argument = Annotated[str, Field(max_length=MAX_ARGUMENT)]
SomeKeyNames = Annotated[tuple[KeyName, ...], Field(min_length=1, max_length=64)]


class OneOf(Table):
    """A table with exactly one of some keys, next to keys that are always allowed."""

    @classmethod
    def choices(cls) -> tuple[str, ...]:
        """Return the attributes of which exactly one is given."""
        raise NotImplementedError

    @classmethod
    def noun(cls) -> str:
        """Return what the choices are, for an error."""
        raise NotImplementedError

    @property
    def choice(self) -> str:
        """Return the key that is given."""
        return self.given(self.choices())[0]

    @model_validator(mode="after")
    def _exactly_one(self) -> OneOf:
        exactly_one(self.given(self.choices()), [key_of(name) for name in self.choices()], self.noun())
        return self


class TwoKeys(Table):
    """The KSKs of one roll."""

    current: KeyName = Field(description="the KSK that signs first")
    next: KeyName | None = Field(None, description="the KSK that is rolled to")


class Delay(OneOf):
    """Postpone signing, revocation and removal of a roll; publication stays."""

    quarters: Annotated[Whole, Field(ge=1, le=400)] | None = Field(None, description="by this many quarters")
    by: Span | None = Field(None, description="by a duration")
    key: KeyName | None = Field(None, description="of the roll to this key; default: of the first roll")

    @classmethod
    def choices(cls) -> tuple[str, ...]:
        """Return the two units of a delay."""
        return ("quarters", "by")

    @classmethod
    def noun(cls) -> str:
        """Return what the choices are."""
        return "length"


class BackOut(Table):
    """Return to the old KSK, or never leave it."""

    at: FileInstant


class Emergency(Table):
    """Roll at once to a key, without its hold-down."""

    at: FileInstant = Field(description="from this instant the key alone signs the DNSKEY RRset")
    key: KeyName
    notice: Wait = Field(0, description="how long before that it is published")


class Operator(OneOf):
    """One change to the timeline; several are applied in the order of the file."""

    delay: Delay | None = None
    back_out: BackOut | None = None
    emergency: Emergency | None = None
    without_revoke: Yes | None = Field(None, description="revoked keys are published unrevoked instead")

    @classmethod
    def choices(cls) -> tuple[str, ...]:
        """Return the operators."""
        return ("delay", "back_out", "emergency", "without_revoke")

    @classmethod
    def noun(cls) -> str:
        """Return what the choices are."""
        return "operator"


class Listing(Table):
    """The validity of a key in root-anchors.xml (RFC 9718)."""

    from_: FileInstant | None = Field(None, description="validFrom; default: its real one, else publication")
    until: FileInstant | None = Field(None, description="validUntil; default: its revocation, else none")


def _keys_kind(value: Any) -> str | None:
    if isinstance(value, (list, tuple)):
        return "<array>"
    return "<table>" if isinstance(value, (dict, TwoKeys)) else None


class Authority(Table):
    """Who serves the root zone, with which keys when."""

    quarters: dict[Quarter, Schema] | None = Field(
        None, description="IANA's schema for each quarter; one not named continues the one before it"
    )
    keys: (
        Annotated[
            Annotated[TwoKeys, Tag("<table>")] | Annotated[SomeKeyNames, Tag("<array>")],
            Discriminator(_keys_kind),
        ]
        | None
    ) = Field(None, description="the KSKs in order, each completed roll moves on to the next")
    base: Annotated[Line, Field(max_length=1000)] | None = Field(
        None,
        description="take the timeline of another scenario: a shipped name or a path relative to this file",
    )
    history: Yes | None = Field(None, description="the root's own timeline, 2016Q3 to 2027Q4")
    dnskey_ttl: Wait | None = Field(None, description="TTL of the DNSKEY RRset; default P2D, the root's")
    signature_validity: Span | None = Field(
        None, description="with [[timeline]]: how long signatures of the DNSKEY RRset last; default P21D"
    )
    resign_every: Span | None = Field(
        None, description="with [[timeline]]: how often the RRset is signed anew; default P10D"
    )
    operator: Annotated[tuple[Operator, ...], Field(max_length=MAX_OPERATORS)] = ()
    xml: dict[KeyName, Listing] = Field({}, description="what root-anchors.xml lists, where not the default")


class StepTable(Table):
    """One version of the DNSKEY RRset, served from an instant until the next step."""

    at: FileInstant
    publish: SomeKeyNames = Field(description="the KSKs in the RRset, revoked ones included")
    revoke: KeyNames = Field((), description="those of them that carry the REVOKE bit")
    sign: SomeKeyNames = Field(description="the keys that sign the RRset; a revoked one signs its revocation")
    zsks: SomeKeyNames | None = Field(
        None, description="default: the ZSK of the quarter in which the timeline begins"
    )
    zone_sign: SomeKeyNames | None = Field(
        None, description="the ZSKs that sign the zone; default: the first"
    )
    inception: FileInstant | None = Field(
        None, description="with expiration: one signature for the whole step, not signed anew"
    )
    expiration: FileInstant | None = None

    @model_validator(mode="after")
    def _whole_window(self) -> StepTable:
        if (self.inception is None) != (self.expiration is None):
            raise ValueError("needs both inception and expiration, or neither")
        return self


class OffSpan(Table):
    """A span of time in which the subject does not run."""

    from_: FileInstant
    to: FileInstant | None = Field(None, description="when it starts again; default: not in this run")


class SubjectTable(Table):
    """One configuration that goes through the scenario."""

    name: SubjectName
    model: ModelName | None = Field(
        None,
        description="one of `rootlab list models`, or daemon: and one of `rootlab list drivers`; "
        "default: the name",
    )
    version: Line | None = Field(None, description="shown in reports; default: the model's")
    anchors: SomeKeyNames | None = Field(
        None, description="the configured trust anchors; default: the KSK that signs at the start of the run"
    )
    anchor_format: Literal["ds", "dnskey"] = Field(
        "ds", description="how they are written in its configuration"
    )
    first_start: FileInstant | None = Field(None, description="default: the start of the run")
    policy: dict[str, Knob] = Field({}, description="single knobs of the model's policy, overridden")
    clock: ClockName | None = Field(None, description="of a real resolver; default: its driver's first")
    clock_offset: Offset = Field(0, description="how far its clock is ahead of the true time")
    restart_every: Span | None = Field(None, description="it restarts at this interval after its first start")
    keep_state: Flag = Field(True, description="whether those restarts find the state")
    off: tuple[OffSpan, ...] = Field((), max_length=10_000)
    state_writable: Flag = Field(True, description="whether it can write its state")
    udp_size: Annotated[Whole, Field(ge=512, le=65535)] = Field(
        DEFAULT_UDP_SIZE, description="EDNS buffer size in octets"
    )
    tcp: Flag = Field(True, description="whether it can ask over TCP after a truncated answer")
    drop_above: Annotated[Whole, Field(ge=0, le=65535)] = Field(
        0, description="answers over UDP longer than this many octets are lost; 0: none"
    )


class RestartTable(Table):
    """The subject stops and starts again at once."""

    keep_state: Flag = Field(True, description="false: it starts from its configured anchors")
    kill: Flag = Field(False, description="true: it is killed and cannot write anything before it ends")


class UntilTable(Table):
    """Something that lasts."""

    until: FileInstant | None = Field(None, description="default: the end of the run")


class ClockTable(Table):
    """The subject's clock is set."""

    offset: Offset = Field(description="how far it is ahead of the true time")


class AnchorsTable(Table):
    """An operator replaces the configured anchors."""

    set: SomeKeyNames
    apply: Literal["now", "next-read"] = Field("now", description="when the subject reads them")


class ReplayTable(UntilTable):
    """An attacker gives an old DNSKEY answer."""

    of: FileInstant = Field(description="the instant whose answer is given")


class FaultTable(UntilTable):
    """The authority does something wrong."""

    name: FaultName = Field(description="one of `rootlab list faults`")
    value: Argument = Field("", description="what the fault takes; default: as listed")
    letters: Letters = Field((), description="the root servers that do so; default: all")


class ImpairTable(UntilTable):
    """The way between root and subject does something to answers."""

    name: ImpairmentName = Field(description="one of `rootlab list impairments`")
    value: Argument = Field("", description="what the impairment takes; default: as listed")
    letters: Letters = Field((), description="the root servers that are behind it; default: all")


class EventTable(OneOf):
    """Something that happens to a subject at an instant."""

    at: FileInstant
    subject: SubjectName | None = Field(None, description="default: all subjects")
    restart: RestartTable | None = None
    off: UntilTable | None = Field(None, description="it does not run, then starts with the state it had")
    clock: ClockTable | None = None
    anchors: AnchorsTable | None = None
    state_writable: Flag | None = Field(None, description="whether it can write its state from now on")
    dark: UntilTable | None = Field(None, description="it cannot reach the root servers")
    replay: ReplayTable | None = None
    fault: FaultTable | None = None
    impair: ImpairTable | None = None

    @classmethod
    def choices(cls) -> tuple[str, ...]:
        """Return what can happen."""
        return tuple(name for name in cls.model_fields if name not in ("at", "subject"))

    @classmethod
    def noun(cls) -> str:
        """Return what the choices are."""
        return "thing that happens"


class _ExpectTable(OneOf):
    """What is expected of a subject."""

    id: Identifier
    subject: SubjectName

    @classmethod
    def choices(cls) -> tuple[str, ...]:
        """Return the kinds of expectation, as attributes."""
        return tuple(kind.replace("-", "_") for kind in EXPECTATIONS)

    @classmethod
    def noun(cls) -> str:
        """Return what the choices are."""
        return "kind of expectation"

    @property
    def params(self) -> BaseModel:
        """Return the parameters of the kind that is given."""
        found: BaseModel = getattr(self, self.choice.replace("-", "_"))
        return found


if TYPE_CHECKING:

    class ExpectTable(_ExpectTable):
        """`_ExpectTable` with one key for every row of EXPECTATIONS."""

else:
    _KINDS = {
        name.replace("-", "_"): (kind.params | None, Field(None, description=kind.title))
        for name, kind in EXPECTATIONS.items()
    }
    ExpectTable = create_model("ExpectTable", __base__=_ExpectTable, __doc__=_ExpectTable.__doc__, **_KINDS)


class ScenarioFile(Table):
    """A scenario of the root rollover lab: who serves the root zone, who resolves, what is expected."""

    title: Line
    cites: Annotated[tuple[Line, ...], Field(max_length=100)] = Field(
        (), description="where the story comes from"
    )
    notes: Text = ""
    start: FileInstant
    stop: FileInstant
    seed: Annotated[Whole, Field(ge=0, lt=2**63)] = Field(0, description="of everything drawn at random")
    keys: dict[KeyName, Line] = Field(
        {}, description="key name -> your own key file (PEM or BIND), relative to this file"
    )
    authority: Authority = Authority()
    timeline: Annotated[tuple[StepTable, ...], Field(max_length=MAX_STEPS)] = ()
    subject: Annotated[tuple[SubjectTable, ...], Field(max_length=MAX_SUBJECTS)] = ()
    event: Annotated[tuple[EventTable, ...], Field(max_length=MAX_EVENTS)] = ()
    expect: Annotated[tuple[ExpectTable, ...], Field(max_length=MAX_EVENTS)] = ()


class SuiteTable(Table):
    """A named list of scenarios."""

    title: Line
    scenarios: Annotated[tuple[Line, ...], Field(min_length=1, max_length=1000)]
