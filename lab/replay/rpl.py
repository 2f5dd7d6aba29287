"""Read a whole .rpl file: configuration, files that come with it, ranges of answers, steps.

Both dialects are read, testbound's and Deckard's. What is legal in either is legal here; a line that both
programs pass over is noted as ignored, and anything else is an error that names its line.
"""

from __future__ import annotations

import ipaddress
import re
from pathlib import Path
from typing import Final

from .entries import EntryReader
from .script import Attachment, Entry, Note, Option, Range, Script, Step
from .source import Lines, first_word, is_comment, read_text, without_comment

STEPS: Final = (
    "NOTHING", "QUERY", "CHECK_ANSWER", "ANSWER", "CHECK_OUT_QUERY", "REPLY", "TIMEOUT", "ERROR", "TRAFFIC",
    "TIME_PASSES", "ASSIGN", "INFRA_RTT", "CHECK_AUTOTRUST", "CHECK_TEMPFILE", "FLUSH_MESSAGE",
    "EXPIRE_MESSAGE", "LOG", "MOCK",
)  # fmt: skip
"""Kinds of steps (testcode/replay.c, `replay_moment_read`; Deckard, pydnstest/scenario.py)."""
WITH_ENTRY: Final = ("QUERY", "CHECK_ANSWER", "CHECK_OUT_QUERY", "REPLY", "MOCK")
WITH_FILE: Final = ("CHECK_AUTOTRUST", "CHECK_TEMPFILE")
_WITH_NAME: Final = ("CHECK_AUTOTRUST", "CHECK_TEMPFILE", "FLUSH_MESSAGE", "EXPIRE_MESSAGE", "LOG")
_TOP: Final = ("RANGE_BEGIN", "STEP", "SCENARIO_END")
_STRAY: Final = (
    "RANGE_END", "ENTRY_BEGIN", "ENTRY_END", "CONFIG_END", "ADDRESS", "MATCH", "ADJUST", "REPLY", "SECTION",
    "FILE_END", "AUTOTRUST_END", "TEMPFILE_END",
)  # fmt: skip
_KEYWORD: Final = re.compile(r"[A-Z]{2,}_?[A-Z_]+")
_ATTACHED: Final = {"AUTOTRUST_FILE": "AUTOTRUST_END", "TEMPFILE_CONTENTS": "TEMPFILE_END"}
_REPEAT: Final = ("REPEAT", "PAUSE", "NEXT")
"""Words behind a step's kind that tell Deckard to try again; here nothing takes time."""
_SECONDS: Final = re.compile(r"(?:\d{1,12}(?:\.\d{0,9})?|\.\d{1,9})(?:[eE]\+?\d)?")
_MAX_STEP: Final = 10**9
_MAX_PARTS: Final = 200_000
"""Ranges and steps of a file, each."""


def read_rpl(path: Path) -> Script:
    """Read a file. Raises RplError that names file and line."""
    return parse_rpl(read_text(path), str(path))


def parse_rpl(text: str, name: str) -> Script:
    """Read the text of a file called `name`. Raises RplError that names file and line, and nothing else."""
    return _Reader(Lines(text, name)).read()


class _Reader:
    """One file in progress."""

    def __init__(self, lines: Lines) -> None:
        self.lines = lines
        self.notes: list[Note] = []
        self.entries = EntryReader(lines, self.notes)
        self.options: list[Option] = []
        self.command_line: list[str] = []
        self.attached: dict[str, list[Attachment]] = {word: [] for word in _ATTACHED}
        self.ranges: list[Range] = []
        self.steps: list[Step] = []
        self._clause, self._clauses, self._pending = "", 0, ""

    def read(self) -> Script:
        """Read everything."""
        self._config()
        title = self._title()
        self._scenario()
        return Script(
            self.lines.name,
            title,
            tuple(self.options),
            tuple(self.command_line),
            tuple(self.attached["AUTOTRUST_FILE"]),
            tuple(self.attached["TEMPFILE_CONTENTS"]),
            tuple(self.ranges),
            tuple(self.steps),
            tuple(self.notes),
        )

    # -- configuration ---------------------------------------------------------------------------------------

    def _config(self) -> None:
        """Read up to CONFIG_END."""
        for line in self.lines:
            word = first_word(line)
            rest = line.lstrip()[len(word) :].strip()
            if is_comment(line):
                continue
            if word == "CONFIG_END":
                return
            if word in _ATTACHED:
                begun = self.lines.number
                if not without_comment(rest):
                    raise self.lines.wrong(f"{word} without a name", "name the file")
                body = self.lines.block(_ATTACHED[word], begun)
                self.attached[word].append(Attachment(begun, without_comment(rest), body))
            elif word == "TEMPFILE_NAME":
                self._option("", (without_comment(rest),))
            elif word == "COMMANDLINE":
                self.command_line += rest.split()
            elif word == "SCENARIO_BEGIN":
                raise self.lines.wrong("SCENARIO_BEGIN in the configuration", "end that with CONFIG_END")
            else:
                self._config_line(line)
        raise self.lines.wrong("the configuration does not end", "add CONFIG_END before the scenario")

    def _config_line(self, line: str) -> None:
        """Read `clause:`, `name: value...` or values that continue the line before (unbound.conf)."""
        words = _config_words(line)
        if not words:
            return
        if not words[0].endswith(":"):
            head, colon, value = words[0].partition(":")
            if not colon or not head:
                self._option("", tuple(words))
                return
            words = [f"{head}:", value, *words[1:]]
        name, values = words[0][:-1].lower(), tuple(words[1:])
        if name in CLAUSES and not values:
            self._clause, self._clauses, self._pending = name, self._clauses + 1, ""
        elif not values:
            self._pending = name
        else:
            self._option(name, values)

    def _option(self, name: str, values: tuple[str, ...]) -> None:
        """Keep an option; without a name it is the value of the one before."""
        if not name:
            if not self._pending:
                shown = " ".join(values)[:60]
                self.notes.append(Note(self.lines.number, "ignored", f"configuration line {shown!r}"))
                return
            name, self._pending = self._pending, ""
        self.options.append(Option(self.lines.number, self._clause, self._clauses, name, values))

    # -- scenario --------------------------------------------------------------------------------------------

    def _title(self) -> str:
        """Read up to SCENARIO_BEGIN and return the title behind it."""
        for line in self.lines:
            if is_comment(line):
                continue
            if first_word(line) == "SCENARIO_BEGIN":
                return line.split("SCENARIO_BEGIN", 1)[1].strip()
            raise self.lines.wrong(
                f"{line.split()[0][:40]!r} before the scenario", "begin it: SCENARIO_BEGIN"
            )
        raise self.lines.wrong("there is no scenario", "add SCENARIO_BEGIN to SCENARIO_END")

    def _scenario(self) -> None:
        """Read ranges and steps up to SCENARIO_END."""
        for line in self.lines:
            word = first_word(line)
            if is_comment(line):
                continue
            if word == "SCENARIO_END":
                return
            if word == "RANGE_BEGIN":
                self.ranges.append(self._range(line))
            elif word == "STEP":
                self._keep(self._step(line.lstrip()[4:].strip()))
            elif word == "SCENARIO_BEGIN":
                raise self.lines.wrong("a second scenario", "give each scenario a file of its own")
            elif _KEYWORD.fullmatch(word) and word not in _STRAY:
                raise self.lines.unknown("line of a scenario", word, _TOP)
            else:
                self.notes.append(Note(self.lines.number, "ignored", f"stray line {line.strip()[:60]!r}"))
            if len(self.ranges) > _MAX_PARTS or len(self.steps) > _MAX_PARTS:
                raise self.lines.wrong(f"more than {_MAX_PARTS} ranges or steps", "split the scenario")
        raise self.lines.wrong("the scenario does not end", "add SCENARIO_END")

    def _keep(self, step: Step) -> None:
        if self.steps and self.steps[-1].number >= step.number:
            self.notes.append(
                Note(step.line, "ignored", f"step {step.number} is not after step {self.steps[-1].number}")
            )
        self.steps.append(step)

    def _range(self, line: str) -> Range:
        """Read RANGE_BEGIN first last, addresses and entries, RANGE_END."""
        begun = self.lines.number
        numbers = without_comment(line).split()[1:]
        if len(numbers) < 2 or not all(_is_step(number) for number in numbers[:2]):
            raise self.lines.wrong("RANGE_BEGIN wants two step numbers", "write it like RANGE_BEGIN 0 100")
        addresses: list[str] = []
        entries: list[Entry] = []
        for inner in self.lines:
            word = first_word(inner)
            if is_comment(inner):
                continue
            if word == "RANGE_END":
                first, last = (int(number) for number in numbers[:2])
                return Range(begun, first, last, tuple(addresses), tuple(entries))
            if word == "ADDRESS":
                addresses.append(self._address(inner.lstrip()[len(word) :]))
                continue
            self.lines.back()
            entries.append(self.entries.read())
        raise self.lines.wrong("a range without RANGE_END", "end it", line=begun)

    def _address(self, text: str) -> str:
        """Return an address in its usual form; a port behind `@` is dropped."""
        word = without_comment(text).split("@", 1)[0].strip()
        try:
            return str(ipaddress.ip_address(word))
        except ValueError:
            raise self.lines.wrong(f"{word[:60]!r} is not an address", "write it like 192.0.2.1") from None

    # -- steps -----------------------------------------------------------------------------------------------

    def _step(self, text: str) -> Step:
        """Read one step; `text` is what stands behind STEP."""
        begun = self.lines.number
        number, rest = (*text.split(None, 1), "", "")[:2]
        kind = first_word(rest)
        if not _is_step(number):
            raise self.lines.wrong(f"{number[:40]!r} is not the number of a step", "write STEP 10 QUERY")
        if kind not in STEPS:
            raise self.lines.unknown("kind of step", kind, STEPS)
        tail = rest[len(kind) :].strip()
        kind = "CHECK_ANSWER" if kind == "ANSWER" else kind
        place = (begun, int(number))
        if kind == "TIME_PASSES":
            return self._time_passes(place, tail)
        if kind == "ASSIGN":
            return self._assign(place, tail)
        if kind == "INFRA_RTT":
            return self._infra_rtt(place, tail)
        if kind in _WITH_NAME:
            content: tuple[str, ...] = ()
            if kind in WITH_FILE:
                content = self._content()
            return Step(*place, kind, without_comment(tail), content=content)
        address = self._tail(tail)
        entry = self.entries.read() if kind in WITH_ENTRY else None
        return Step(*place, kind, address=address, entry=entry)

    def _tail(self, text: str) -> str:
        """Read what may stand behind a step's kind; return the address, empty if there is none."""
        words = without_comment(text).split()
        address = ""
        at = 0
        while at < len(words):
            if words[at] == "ADDRESS" and at + 1 < len(words):
                address = self._address(words[at + 1])
            elif words[at] in _REPEAT:
                self.notes.append(Note(self.lines.number, "not-acted-on", " ".join(words[at : at + 2])))
            else:
                self.notes.append(Note(self.lines.number, "unknown", f"word of a step {words[at][:60]}"))
                at -= 1
            at += 2
        return address

    def _time_passes(self, place: tuple[int, int], text: str) -> Step:
        """Read ELAPSE seconds, or EVAL expression up to the end of the line."""
        word = first_word(text)
        tail = text[len(word) :].strip()
        if word == "EVAL" and tail:
            return Step(*place, "TIME_PASSES EVAL", tail)
        seconds = without_comment(tail)
        if word == "ELAPSE" and _SECONDS.fullmatch(seconds):
            return Step(*place, "TIME_PASSES ELAPSE", seconds)
        raise self.lines.wrong(
            f"TIME_PASSES {text[:40]}: no time to pass", "write TIME_PASSES ELAPSE 3600 or EVAL ${...}"
        )

    def _assign(self, place: tuple[int, int], text: str) -> Step:
        """Read `variable = expression`."""
        variable, equals, expression = text.partition("=")
        variable = variable.strip()
        named = re.fullmatch(r"\w{1,64}", variable, re.ASCII)
        if not equals or not named or not without_comment(expression):
            raise self.lines.wrong("ASSIGN wants a variable and its value", "write ASSIGN t0 = ${time}")
        return Step(*place, "ASSIGN", without_comment(expression), variable=variable)

    def _infra_rtt(self, place: tuple[int, int], text: str) -> Step:
        """Read address, zone and expression."""
        words = text.split(None, 2)
        if len(words) < 3:
            raise self.lines.wrong("INFRA_RTT wants an address, a zone and a value", "write all three")
        return Step(*place, "INFRA_RTT", words[2], self._address(words[0]), words[1])

    def _content(self) -> tuple[str, ...]:
        """Read FILE_BEGIN to FILE_END."""
        begun = self.lines.number
        for line in self.lines:
            if first_word(line) == "FILE_BEGIN":
                return self.lines.block("FILE_END", self.lines.number)
            if not is_comment(line):
                break
        raise self.lines.wrong("a check of a file without the file", "add FILE_BEGIN to FILE_END", line=begun)


CLAUSES: Final = (
    "server", "stub-zone", "forward-zone", "auth-zone", "view", "rpz", "remote-control", "python", "dynlib",
    "dnstap", "dnscrypt", "cachedb", "ipset",
)  # fmt: skip
"""Clauses of unbound.conf(5); options before any of them are Deckard's."""


def _config_words(line: str) -> list[str]:
    """Split a line of a configuration into words; quotes keep spaces, `#` begins a comment."""
    return [
        found["double"] or found["single"] or found["word"] or ""
        for found in _CONFIG_WORD.finditer(line)
        if found["comment"] is None
    ]


_CONFIG_WORD: Final = re.compile(
    r"""(?P<comment>#.*$)|"(?P<double>[^"]*)"?|'(?P<single>[^']*)'?|(?P<word>[^\s"'#]+)"""
)


def _is_step(text: str) -> bool:
    return text.isdecimal() and len(text) <= 10 and int(text) <= _MAX_STEP
