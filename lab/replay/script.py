"""The values an .rpl file becomes: what is configured, what name servers answer when, and steps in order.

The language is that of Unbound's testbound (testcode/replay.h, testcode/testpkts.h) and of Deckard
(doc/scenario_guide.rst), which grew out of it. Words are kept as they stand in the file; what they mean is
the runner's business.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

from ..dnssec.codec import RR, Question


class Note(NamedTuple):
    """Something in a file that the lab does not act on: line, kind and the text itself.

    Kinds: `ignored` (a line both programs pass over), `unknown` (a word neither program documents),
    `not-acted-on` (a construct that would change what is checked, and does not here), `not-compared` (a word
    of MATCH that compares nothing here), `no-effect` (an option that changes nothing that is checked),
    `text-differs` (a state file that says what it should in other words or another order).
    """

    line: int
    kind: str
    text: str


@dataclass(frozen=True, slots=True)
class Match:
    """What a packet must have in common with an entry's packet (`MATCH` lines).

    `serial` and `ede` are the values named with `serial=` and `ede=` (-1: any error will do), `transport` is
    `UDP`, `TCP` or empty.
    """

    words: frozenset[str] = frozenset()
    serial: int | None = None
    ede: int | None = None
    transport: str = ""


@dataclass(frozen=True, slots=True)
class Adjust:
    """What is changed in an entry's packet before it is sent (`ADJUST` lines); delays in seconds."""

    words: frozenset[str] = frozenset()
    sleep: int = 0
    packet_sleep: int = 0


@dataclass(frozen=True, slots=True)
class Packet:
    """One message of an entry. `raw` are the octets of a whole message, where the file gives them so.

    `flags` are the header's flags less opcode and response code; `edns` tells whether there is an OPT record,
    `do` whether it has the DO bit, `options` are its rdata as octets.
    """

    flags: int = 0
    opcode: int = 0
    rcode: int = 0
    edns: bool = False
    do: bool = False
    options: bytes = b""
    questions: tuple[Question, ...] = ()
    answer: tuple[RR, ...] = ()
    authority: tuple[RR, ...] = ()
    additional: tuple[RR, ...] = ()
    raw: bytes | None = None

    @property
    def question(self) -> Question | None:
        """Return the first question, None without one."""
        return self.questions[0] if self.questions else None


@dataclass(frozen=True, slots=True)
class Entry:
    """A packet with what it matches; `packets` has more than one only where EXTRA_PACKET stands."""

    line: int
    match: Match
    adjust: Adjust
    packets: tuple[Packet, ...]

    @property
    def packet(self) -> Packet:
        """Return the first packet."""
        return self.packets[0]


@dataclass(frozen=True, slots=True)
class Range:
    """What name servers answer while the number of the step lies in [first, last].

    Without addresses it stands for every server.
    """

    line: int
    first: int
    last: int
    addresses: tuple[str, ...]
    entries: tuple[Entry, ...]


@dataclass(frozen=True, slots=True)
class Step:
    """One moment of the scenario.

    `kind` is the word after the number, with `ELAPSE` or `EVAL` after TIME_PASSES; `text` what stands behind
    it: seconds, an expression, a name. `content` are the lines between FILE_BEGIN and FILE_END.
    """

    line: int
    number: int
    kind: str
    text: str = ""
    address: str = ""
    variable: str = ""
    entry: Entry | None = None
    content: tuple[str, ...] = ()


class Option(NamedTuple):
    """One line of the configuration: an option's name and values, and the clause it stands in.

    The clause is `server`, `stub-zone` and so on, `number` says which of the file it is.
    """

    line: int
    clause: str
    number: int
    name: str
    values: tuple[str, ...]


class Attachment(NamedTuple):
    """A file that the configuration brings along (AUTOTRUST_FILE, TEMPFILE_CONTENTS)."""

    line: int
    name: str
    lines: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Script:
    """A whole .rpl file. `path` is the file as the user named it."""

    path: str
    title: str
    options: tuple[Option, ...]
    command_line: tuple[str, ...]
    autotrust: tuple[Attachment, ...]
    tempfiles: tuple[Attachment, ...]
    ranges: tuple[Range, ...]
    steps: tuple[Step, ...]
    notes: tuple[Note, ...]
