"""Read one ENTRY: what it matches, how it is adjusted, and its packet in sections or octets."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any, Final

from ..dnssec.codec import AA, AD, CD, QR, RA, RD, RR, TC, Question
from ..dnssec.names import Malformed
from .rdata import read_name, read_ttl
from .records import Context, Unfinished, read_question, read_record
from .script import Adjust, Entry, Match, Note, Packet
from .source import Lines, first_word, is_comment, without_comment

MATCHES: Final = (
    "all", "all_noedns", "answer", "answertypes", "additional", "authority", "client_cookie", "DO", "ede",
    "edns", "ednsdata", "flags", "header", "noedns", "nsid", "opcode", "qcase", "qclass", "qname", "qtype",
    "question", "rcode", "serial", "server_cookie", "subdomain", "TCP", "ttl", "UDP",
)  # fmt: skip
"""Words of MATCH (testcode/testpkts.c, `matchline`; Deckard, pydnstest/scenario.py)."""
NOT_COMPARED: Final = ("header", "qcase")
"""Words of MATCH that are read and compare nothing: names are kept in lower case here."""
ADJUSTMENTS: Final = (
    "copy_id", "copy_query", "copy_ednsdata_assume_clientsubnet", "do_not_answer", "increment_ecs_scope",
    "packet_sleep", "raw_data", "raw_id", "sleep",
)  # fmt: skip
"""Words of ADJUST (testcode/testpkts.c, `adjustline`; Deckard, pydnstest/scenario.py)."""
FLAGS: Final = {"QR": QR, "AA": AA, "TC": TC, "RD": RD, "RA": RA, "AD": AD, "CD": CD}
OPCODES: Final = {"QUERY": 0, "IQUERY": 1, "STATUS": 2, "NOTIFY": 4, "UPDATE": 5, "DSO": 6}
RCODES: Final = {
    "NOERROR": 0, "FORMERR": 1, "SERVFAIL": 2, "NXDOMAIN": 3, "NOTIMPL": 4, "NOTIMP": 4, "REFUSED": 5,
    "YXDOMAIN": 6, "YXRRSET": 7, "NXRRSET": 8, "NOTAUTH": 9, "NOTZONE": 10, "DSOTYPENI": 11, "BADVERS": 16,
    "BADSIG": 16, "BADKEY": 17, "BADTIME": 18, "BADMODE": 19, "BADNAME": 20, "BADALG": 21, "BADTRUNC": 22,
    "BADCOOKIE": 23,
}  # fmt: skip
"""Response codes by name (IANA); NOTIMPL is testbound's spelling."""
SECTIONS: Final = ("QUESTION", "ANSWER", "AUTHORITY", "ADDITIONAL")
KEYWORDS: Final = (
    "ENTRY_BEGIN", "$ORIGIN", "$TTL", "MATCH", "REPLY", "ADJUST", "EXTRA_PACKET", "SECTION",
    "HEX_ANSWER_BEGIN", "HEX_EDNSDATA_BEGIN", "RAW", "MANDATORY", "TSIG", "ENTRY_END",
)  # fmt: skip
_MISPLACED: Final = (
    "RANGE_BEGIN", "RANGE_END", "STEP", "SCENARIO_BEGIN", "SCENARIO_END", "CONFIG_END", "ADDRESS",
    "FILE_BEGIN", "FILE_END", "HEX_ANSWER_END", "HEX_EDNSDATA_END",
)  # fmt: skip
_MAX_MESSAGE: Final = 65535
_MAX_RECORDS: Final = 4096
_MAX_FOLDED: Final = 4096
"""Lines of one record."""
_VALUE: Final = re.compile(r"(\w+)\s*[=:]\s*(\S+)")


class PacketDraft:
    """A packet as it is read: header and records so far."""

    def __init__(self) -> None:
        """Begin with an empty message."""
        self.header: dict[str, Any] = {"flags": 0, "opcode": 0, "rcode": 0, "edns": False, "do": False}
        self.questions: list[Question] = []
        self.sections: dict[str, list[RR]] = {name: [] for name in SECTIONS[1:]}
        self.raw: bytes | None = None
        self.options = b""

    def finish(self) -> Packet:
        """Return the packet."""
        if self.options:
            self.header["edns"] = True
        answer, authority, additional = (tuple(self.sections[name]) for name in SECTIONS[1:])
        return Packet(
            **self.header,
            options=self.options,
            questions=tuple(self.questions),
            answer=answer,
            authority=authority,
            additional=additional,
            raw=self.raw,
        )


class EntryReader:
    """Read entries from the lines of a file. `context` outlives an entry, as $ORIGIN and $TTL do."""

    def __init__(self, lines: Lines, notes: list[Note]) -> None:
        """Take the lines from wherever they are."""
        self.lines, self.notes = lines, notes
        self.context = Context()
        self.draft = PacketDraft()
        self.packets: list[Packet] = []
        self.section = ""
        self.match: dict[str, Any] = {}
        self.adjust: dict[str, Any] = {}

    def read(self) -> Entry:
        """Read one entry, ENTRY_BEGIN to ENTRY_END. Raises RplError."""
        begun = self._begin()
        self.draft, self.packets, self.section = PacketDraft(), [], ""
        self.match = {"words": set(), "serial": None, "ede": None, "transport": ""}
        self.adjust = {"words": set(), "sleep": 0, "packet_sleep": 0}
        for line in self.lines:
            if is_comment(line):
                continue
            word = first_word(line)
            rest = line.lstrip()[len(word) :].lstrip()
            if word == "ENTRY_END":
                self.packets.append(self.draft.finish())
                match = Match(**{**self.match, "words": frozenset(self.match["words"])})
                adjust = Adjust(**{**self.adjust, "words": frozenset(self.adjust["words"])})
                return Entry(begun, match, adjust, tuple(self.packets))
            if word == "ENTRY_BEGIN":
                raise self.lines.wrong("an entry inside an entry", f"end the one of line {begun} first")
            handler = _HANDLERS.get(word)
            if handler is not None:
                handler(self, rest)
            else:
                self._record(line, word)
        raise self.lines.wrong("an entry without ENTRY_END", "end it", line=begun)

    def _begin(self) -> int:
        """Find ENTRY_BEGIN and return its line; $ORIGIN and $TTL may stand before it."""
        for line in self.lines:
            word = first_word(line)
            if is_comment(line):
                continue
            if word == "ENTRY_BEGIN":
                return self.lines.number
            if word not in ("$ORIGIN", "$TTL"):
                raise self.lines.wrong(
                    f"{line.split()[0][:40]!r} where ENTRY_BEGIN should be", "begin an entry"
                )
            _HANDLERS[word](self, line.lstrip()[len(word) :].lstrip())
        raise self.lines.wrong("the file ends where an entry should begin", "add ENTRY_BEGIN to ENTRY_END")

    # -- words -----------------------------------------------------------------------------------------------

    def match_line(self, text: str) -> None:
        """Read the words of a MATCH line."""
        values = self._values(text)
        for word, value in values:
            self._known("word of MATCH", word, MATCHES)
            if word in ("UDP", "TCP"):
                self.match["transport"] = word
            elif word == "serial":
                self.match["serial"] = self._number(word, value)
            elif word == "ede":
                self.match["ede"] = -1 if value == "any" else self._number(word, value)
            else:
                self.match["words"].add(word)
                if word in NOT_COMPARED:
                    self.notes.append(Note(self.lines.number, "not-compared", f"MATCH {word}"))

    def adjust_line(self, text: str) -> None:
        """Read the words of an ADJUST line."""
        for word, value in self._values(text):
            self._known("word of ADJUST", word, ADJUSTMENTS)
            if word in ("sleep", "packet_sleep"):
                self.adjust[word] = self._number(word, value)
                self.notes.append(Note(self.lines.number, "no-effect", f"ADJUST {word}"))
            else:
                self.adjust["words"].add(word)
            if word == "increment_ecs_scope":
                self.notes.append(Note(self.lines.number, "not-acted-on", f"ADJUST {word}"))

    def reply_line(self, text: str) -> None:
        """Read the words of a REPLY line: flags, DO, opcode, response code by name or number."""
        header = self.draft.header
        for word, value in self._values(text):
            if word in FLAGS:
                header["flags"] |= FLAGS[word]
            elif word == "DO":
                header["edns"] = header["do"] = True
            elif word in OPCODES:
                header["opcode"] = OPCODES[word]
            elif word in RCODES:
                header["rcode"] = RCODES[word]
            elif word.isdecimal() and int(word) <= 0xFFF:
                header["rcode"] = int(word)
            elif word == "NSID":
                octets = value.encode("latin-1")
                self.draft.options += b"\0\3" + len(octets).to_bytes(2, "big") + octets
            else:
                self._known("word of REPLY", word, (*FLAGS, "DO", "NSID", *OPCODES, *RCODES))

    def _values(self, text: str) -> list[tuple[str, str]]:
        """Split words, those with `=value` taken apart."""
        return [
            (name, value)
            for name, _, value in (
                part.partition("=") for part in _VALUE.sub(r"\1=\2", without_comment(text)).split()
            )
        ]

    def _known(self, what: str, word: str, known: tuple[str, ...]) -> None:
        """Note a word that is not known; refuse one that is no word at all."""
        if word not in known:
            if not re.fullmatch(r"[A-Za-z_][A-Za-z0-9_-]*", word):
                raise self.lines.unknown(what, word, known)
            self.notes.append(Note(self.lines.number, "unknown", f"{what} {word}"))

    def _number(self, word: str, value: str) -> int:
        text = value.strip("[]")
        if not text.isdecimal() or len(text) > 10:
            raise self.lines.wrong(f"{word}={value[:40]!r} is not a number", f"write it like {word}=15")
        return int(text)

    # -- records and octets ----------------------------------------------------------------------------------

    def section_line(self, text: str) -> None:
        """Begin a section."""
        word = first_word(text)
        if word not in SECTIONS:
            raise self.lines.unknown("section", word, SECTIONS)
        self.section = word

    def _record(self, line: str, word: str) -> None:
        """Read a question or a record, over several lines if its parentheses ask for it."""
        if not self.section:
            known = (*KEYWORDS, *_MISPLACED)
            if word in _MISPLACED:
                raise self.lines.wrong(f"{word} inside an entry", "end the entry first with ENTRY_END")
            raise self.lines.unknown("line of an entry", word or line.strip(), known)
        if word in _MISPLACED:
            raise self.lines.wrong(f"{word} inside an entry", "end the entry first with ENTRY_END")
        begun, text = self.lines.number, line
        for _ in range(_MAX_FOLDED):
            try:
                self._add(text)
                return
            except Unfinished:
                more = next(iter(self.lines), None)
                if more is None or first_word(more) in (*_MISPLACED, "ENTRY_END", "ENTRY_BEGIN"):
                    break
                text = f"{text}\n{more}"
            except Malformed as problem:
                raise self.lines.wrong(
                    f"not a record: {problem}", "write it as in a zone file", line=begun
                ) from None
        raise self.lines.wrong("a record that does not end", "close its parentheses and quotes", line=begun)

    def _add(self, text: str) -> None:
        if self.section == "QUESTION":
            target: list[Any] = self.draft.questions
            found: Any = read_question(text, self.context)
        else:
            target = self.draft.sections[self.section]
            found = read_record(text, self.context)
        if len(target) >= _MAX_RECORDS:
            raise self.lines.wrong(f"more than {_MAX_RECORDS} records in a section", "make it smaller")
        target.append(found)

    def hex_answer(self, text: str) -> None:
        """Read a whole message in hexadecimal, up to HEX_ANSWER_END."""
        self.draft.raw = self._octets(self.lines.block("HEX_ANSWER_END", self.lines.number))

    def hex_options(self, text: str) -> None:
        """Read the rdata of an OPT record in hexadecimal, up to HEX_EDNSDATA_END."""
        self.draft.options += self._octets(self.lines.block("HEX_EDNSDATA_END", self.lines.number))

    def raw(self, text: str) -> None:
        """Read a whole message in hexadecimal on the line after RAW (Deckard)."""
        line = text if without_comment(text) else next(iter(self.lines), "")
        self.draft.raw = self._octets((line,))

    def _octets(self, lines: tuple[str, ...]) -> bytes:
        digits = "".join("".join(without_comment(line).split()) for line in lines)
        try:
            octets = bytes.fromhex(digits)
        except ValueError:
            raise self.lines.wrong("octets that are not hexadecimal", "write two digits each") from None
        if len(octets) > _MAX_MESSAGE:
            raise self.lines.wrong("more than 65535 octets", "a message holds no more")
        return octets

    def extra_packet(self, text: str) -> None:
        """End one packet and begin the next."""
        self.notes.append(Note(self.lines.number, "not-acted-on", "EXTRA_PACKET"))
        self.packets.append(self.draft.finish())
        self.draft, self.section = PacketDraft(), ""
        if len(self.packets) > _MAX_RECORDS:
            raise self.lines.wrong("too many packets in an entry", "make it smaller")

    # -- the rest --------------------------------------------------------------------------------------------

    def origin(self, text: str) -> None:
        """Set the origin of relative names."""
        try:
            self.context.origin = read_name(without_comment(text), self.context.origin)
        except Malformed as problem:
            raise self.lines.wrong(f"$ORIGIN: {problem}", "name a domain") from None

    def ttl(self, text: str) -> None:
        """Set the TTL of records that have none."""
        try:
            self.context.ttl = read_ttl(without_comment(text))
        except Malformed as problem:
            raise self.lines.wrong(f"$TTL: {problem}", "write seconds") from None

    def passed_over(self, text: str) -> None:
        """Note a line whose meaning is known and changes nothing here (Deckard's MANDATORY and TSIG)."""
        self.notes.append(Note(self.lines.number, "not-acted-on", f"line of an entry {text[:60]}"))


_HANDLERS: Final[dict[str, Callable[[EntryReader, str], None]]] = {
    "$ORIGIN": EntryReader.origin,
    "$TTL": EntryReader.ttl,
    "MATCH": EntryReader.match_line,
    "ADJUST": EntryReader.adjust_line,
    "REPLY": EntryReader.reply_line,
    "SECTION": EntryReader.section_line,
    "EXTRA_PACKET": EntryReader.extra_packet,
    "HEX_ANSWER_BEGIN": EntryReader.hex_answer,
    "HEX_EDNSDATA_BEGIN": EntryReader.hex_options,
    "RAW": EntryReader.raw,
    "MANDATORY": EntryReader.passed_over,
    "TSIG": EntryReader.passed_over,
}
