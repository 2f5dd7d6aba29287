"""The language is read whole: every construct of testbound and Deckard, and mistakes with their lines."""

from __future__ import annotations

import pytest

from lab.dnssec.codec import AA, QR
from lab.errors import RplError
from lab.replay.rpl import STEPS, parse_rpl
from lab.replay.script import Entry, Note, Script

ENTRY = "ENTRY_BEGIN\nMATCH qname\nREPLY QR\nSECTION QUESTION\n. IN NS\nENTRY_END\n"


def parse(text: str) -> Script:
    """Read a text."""
    return parse_rpl(text, "some.rpl")


def body(text: str, config: str = "") -> Script:
    """Read a scenario of these lines."""
    return parse(f"{config}CONFIG_END\nSCENARIO_BEGIN title\n{text}\nSCENARIO_END\n")


def entry(text: str) -> tuple[Entry, tuple[Note, ...]]:
    """Read an entry of these lines; return it with the notes."""
    script = body(f"RANGE_BEGIN 0 9\nENTRY_BEGIN\n{text}\nENTRY_END\nRANGE_END")
    return script.ranges[0].entries[0], script.notes


def problem(text: str) -> str:
    """Return what is said of a text that cannot be read."""
    with pytest.raises(RplError) as raised:
        parse(text)
    return str(raised.value)


class TestConfiguration:
    """The lines before CONFIG_END."""

    def test_clauses(self) -> None:
        """Options belong to the clause they stand in; several clauses of a kind are told apart."""
        script = body(
            "",
            'server:\n\tport: 53\nstub-zone:\n name: "a."\n stub-addr: 192.0.2.1 # far\n'
            "stub-zone:\n name: b.\n",
        )
        found = [(o.clause, o.number, o.name, o.values) for o in script.options]
        assert found == [
            ("server", 1, "port", ("53",)),
            ("stub-zone", 2, "name", ("a.",)),
            ("stub-zone", 2, "stub-addr", ("192.0.2.1",)),
            ("stub-zone", 3, "name", ("b.",)),
        ]

    def test_quotes(self) -> None:
        """Quotes of either kind keep spaces and comment signs."""
        script = body("", "local-data: 'x. IN TXT \"a # b\"'\naccess-control: 127.0.0.0/8 allow\n")
        assert [o.values for o in script.options] == [('x. IN TXT "a # b"',), ("127.0.0.0/8", "allow")]

    def test_options_of_deckard(self) -> None:
        """Deckard's options stand in no clause, some without a space behind the colon."""
        script = body("", "do-ip6: no\nstub-addr:193.0.14.129\n")
        assert [(o.clause, o.name, o.values) for o in script.options] == [
            ("", "do-ip6", ("no",)),
            ("", "stub-addr", ("193.0.14.129",)),
        ]

    def test_inline_files(self) -> None:
        """Files come along with their lines as they stand, and a TEMPFILE_NAME is the value before it."""
        script = body(
            "",
            "AUTOTRUST_FILE example.com\n; a comment\n\tb\nAUTOTRUST_END\nauth-zone:\n zonefile:\n"
            "TEMPFILE_NAME z\nTEMPFILE_CONTENTS z\n$ORIGIN z.\nTEMPFILE_END\nCOMMANDLINE -v -v\n",
        )
        assert [(f.name, f.lines) for f in script.autotrust] == [("example.com", ("; a comment", "\tb"))]
        assert [(f.name, f.lines) for f in script.tempfiles] == [("z", ("$ORIGIN z.",))]
        assert [(o.clause, o.name, o.values) for o in script.options] == [("auth-zone", "zonefile", ("z",))]
        assert script.command_line == ("-v", "-v")


class TestScenario:
    """Ranges and steps."""

    def test_ranges(self) -> None:
        """A range has any number of addresses; ports are dropped, IPv6 is put in its usual form."""
        script = body(
            f"RANGE_BEGIN 3 7 ; words\n ADDRESS 192.0.2.1@53\nADDRESS 2001:DB8:0::1\n{ENTRY}{ENTRY}RANGE_END"
        )
        [found] = script.ranges
        assert (found.first, found.last, found.addresses) == (3, 7, ("192.0.2.1", "2001:db8::1"))
        assert [one.line for one in found.entries] == [6, 12]

    @pytest.mark.parametrize("kind", ["NOTHING", "TIMEOUT", "ERROR", "TRAFFIC"])
    def test_plain_steps(self, kind: str) -> None:
        """Steps without anything may name an address, and end in a comment."""
        [step] = body(f"STEP 5 {kind} ADDRESS 192.0.2.9 ; so it is").steps
        assert (step.number, step.kind, step.address) == (5, kind, "192.0.2.9")

    @pytest.mark.parametrize("kind", ["QUERY", "CHECK_ANSWER", "CHECK_OUT_QUERY", "REPLY", "MOCK"])
    def test_steps_with_an_entry(self, kind: str) -> None:
        """Steps that ask, answer or check have an entry, perhaps after comments."""
        [step] = body(f"STEP\t5\t{kind}\n; now\n\n{ENTRY}").steps
        assert step.kind == kind
        assert step.entry is not None

    def test_answer_is_a_check(self) -> None:
        """Deckard's ANSWER is another word for CHECK_ANSWER."""
        assert body(f"STEP 5 ANSWER\n{ENTRY}").steps[0].kind == "CHECK_ANSWER"

    def test_time_passes(self) -> None:
        """Time passes by seconds or by an expression up to the end of the line."""
        text = "STEP 1 TIME_PASSES ELAPSE 1.5 ; s\nSTEP 2 TIME_PASSES EVAL ${1 + 2}"
        first, second = body(text).steps
        assert (first.kind, first.text) == ("TIME_PASSES ELAPSE", "1.5")
        assert (second.kind, second.text) == ("TIME_PASSES EVAL", "${1 + 2}")

    def test_assignment(self) -> None:
        """ASSIGN names a variable and an expression."""
        [step] = body("STEP 1 ASSIGN t0 = ${time} ; now").steps
        assert (step.variable, step.text) == ("t0", "${time}")

    def test_files_in_steps(self) -> None:
        """Checks of files have the file's lines."""
        steps = body(
            "STEP 1 CHECK_AUTOTRUST a\nFILE_BEGIN\n; x\n\ny\nFILE_END\n"
            "STEP 2 CHECK_TEMPFILE b\nFILE_BEGIN\nFILE_END"
        ).steps
        assert [(s.text, s.content) for s in steps] == [("a", ("; x", "", "y")), ("b", ())]

    def test_the_other_steps(self) -> None:
        """INFRA_RTT, FLUSH_MESSAGE, EXPIRE_MESSAGE and LOG keep what stands behind them."""
        steps = body(
            "STEP 1 INFRA_RTT 192.0.2.1 example. ${5}\nSTEP 2 FLUSH_MESSAGE a. IN A\n"
            "STEP 3 EXPIRE_MESSAGE a. IN A\nSTEP 4 LOG words"
        ).steps
        assert [(s.address, s.variable, s.text) for s in steps] == [
            ("192.0.2.1", "example.", "${5}"),
            ("", "", "a. IN A"),
            ("", "", "a. IN A"),
            ("", "", "words"),
        ]

    def test_every_step_is_taken(self) -> None:
        """Every kind of step that is read is one that a run takes."""
        from lab.replay.runner import _STEPS

        read = {"TIME_PASSES": ("TIME_PASSES ELAPSE", "TIME_PASSES EVAL"), "ANSWER": ("CHECK_ANSWER",)}
        assert {kind for word in STEPS for kind in read.get(word, (word,))} == set(_STEPS)

    def test_repetition_is_noted(self) -> None:
        """Deckard's words for trying again are noted: here nothing takes time."""
        assert [note.text for note in body("STEP 1 TRAFFIC REPEAT 5 PAUSE 1 NEXT 3").notes] == [
            "REPEAT 5",
            "PAUSE 1",
            "NEXT 3",
        ]

    def test_what_testbound_passes_over(self) -> None:
        """A stray RANGE_END and words that are no keyword do nothing in testbound; here they are noted."""
        notes = body("RANGE_END\nlost words").notes
        assert [(n.line, n.kind) for n in notes] == [(3, "ignored"), (4, "ignored")]

    def test_steps_out_of_order_are_noted(self) -> None:
        """Steps whose numbers do not ascend are run in the order of the file, and noted."""
        script = body("STEP 5 TRAFFIC\nSTEP 5 TRAFFIC")
        assert [note.text for note in script.notes] == ["step 5 is not after step 5"]
        assert len(script.steps) == 2


class TestEntry:
    """MATCH, ADJUST, REPLY, sections and octets."""

    def test_match(self) -> None:
        """Words of MATCH gather over lines; values follow `=` or `:`, with or without a space."""
        found, notes = entry("MATCH opcode qname serial=15 ; why\nMATCH TCP ede: 9 all_noedns")
        match = found.match
        assert match.words == {"opcode", "qname", "all_noedns"}
        assert (match.serial, match.ede, match.transport) == (15, 9, "TCP")
        assert notes == ()

    def test_any_error(self) -> None:
        """`ede=any` asks for any extended error."""
        assert entry("MATCH ede=any")[0].match.ede == -1

    def test_adjust(self) -> None:
        """Words of ADJUST, delays among them."""
        found, notes = entry("ADJUST copy_id copy_query do_not_answer sleep=2 packet_sleep=3")
        adjust = found.adjust
        assert [note.kind for note in notes] == ["no-effect", "no-effect"]
        assert adjust.words == {"copy_id", "copy_query", "do_not_answer"}
        assert (adjust.sleep, adjust.packet_sleep) == (2, 3)

    def test_unknown_words_are_noted(self) -> None:
        """A word that neither program documents is noted, not fatal."""
        _, notes = entry("MATCH newword\nADJUST otherword\nREPLY THIRD")
        assert [(n.kind, n.text) for n in notes] == [
            ("unknown", "word of MATCH newword"),
            ("unknown", "word of ADJUST otherword"),
            ("unknown", "word of REPLY THIRD"),
        ]

    def test_words_that_compare_nothing(self) -> None:
        """What is read and compares nothing is noted as such."""
        assert [n.kind for n in entry("MATCH qcase header")[1]] == ["not-compared", "not-compared"]

    @pytest.mark.parametrize(
        ("words", "rcode"),
        [("NOERROR", 0), ("NOTIMPL", 4), ("YXDOMAIN", 6), ("BADVERS", 16), ("BADCOOKIE", 23), ("23", 23)],
    )
    def test_response_codes(self, words: str, rcode: int) -> None:
        """Response codes have names or numbers, extended ones too."""
        assert entry(f"REPLY QR {words}")[0].packet.rcode == rcode

    def test_header(self) -> None:
        """Flags, DO and opcode."""
        packet = entry("REPLY QR AA DO NOTIFY")[0].packet
        assert (packet.flags, packet.opcode, packet.edns, packet.do) == (QR | AA, 4, True, True)

    def test_sections(self) -> None:
        """Records go to the section they stand in, comments between them nowhere."""
        packet = entry(
            "SECTION QUESTION\na. IN A\nSECTION ANSWER\n; b. IN A 192.0.2.9\na. IN A 192.0.2.1\n"
            "SECTION AUTHORITY\na. NS b.\nSECTION ADDITIONAL\nb. 5 A 192.0.2.2"
        )[0].packet
        assert packet.question is not None
        assert [len(s) for s in (packet.answer, packet.authority, packet.additional)] == [1, 1, 1]
        assert packet.additional[0].ttl == 5

    def test_record_over_lines(self) -> None:
        """Parentheses carry a record over lines, comments in them included."""
        packet = entry("SECTION ANSWER\na. SOA b. c. ( 1 ; serial\n 2 3 4\n 5 )\na. A 192.0.2.1")[0].packet
        assert [record.rrtype for record in packet.answer] == [6, 1]

    def test_directives(self) -> None:
        """$ORIGIN and $TTL count from where they stand."""
        text = "$ORIGIN example.\n$TTL 60\nSECTION ANSWER\nwww A 192.0.2.1\n@ A 192.0.2.1"
        packet = entry(text)[0].packet
        assert [(r.owner, r.ttl) for r in packet.answer] == [(b"\3www\7example\0", 60), (b"\7example\0", 60)]

    def test_octets(self) -> None:
        """A message may be given in hexadecimal, with comments, and as Deckard's RAW."""
        octets = bytes.fromhex("000080000000000000000000")
        assert (
            entry("HEX_ANSWER_BEGIN\n; id\n0000 ; flags\n8000 00000000 00000000\nHEX_ANSWER_END")[
                0
            ].packet.raw
            == octets
        )
        assert entry("RAW\n000080000000000000000000")[0].packet.raw == octets

    def test_options(self) -> None:
        """The rdata of an OPT record may be given in hexadecimal."""
        packet = entry("REPLY DO\nHEX_EDNSDATA_BEGIN\n000a 0002 0102\nHEX_EDNSDATA_END")[0].packet
        assert (packet.edns, packet.options) == (True, bytes.fromhex("000a00020102"))

    def test_further_packets(self) -> None:
        """EXTRA_PACKET begins another packet of the same entry."""
        found, notes = entry("REPLY QR\nSECTION ANSWER\na. A 192.0.2.1\nEXTRA_PACKET\nREPLY QR AA")
        assert [(note.kind, note.text) for note in notes] == [("not-acted-on", "EXTRA_PACKET")]
        assert [packet.flags for packet in found.packets] == [QR, QR | AA]

    def test_lines_of_deckard(self) -> None:
        """MANDATORY and TSIG are noted."""
        assert [n.kind for n in entry("MANDATORY\nTSIG key secret")[1]] == ["not-acted-on", "not-acted-on"]


WHOLE = "CONFIG_END\nSCENARIO_BEGIN x\n{}SCENARIO_END\n"


HEAD = "RANGE_BEGIN 1 2\nENTRY_BEGIN\n"


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("server:\n", "line 1: the configuration does not end"),
        ("SCENARIO_BEGIN x\n", "line 1: SCENARIO_BEGIN in the configuration"),
        ("CONFIG_END\n", "line 1: there is no scenario"),
        ("CONFIG_END\nSTEP 1 TRAFFIC\n", "line 2: 'STEP' before the scenario"),
        ("CONFIG_END\nSCENARIO_BEGIN x\n", "line 2: the scenario does not end"),
        ("AUTOTRUST_FILE a\nx\n", "line 1: what begins here has no AUTOTRUST_END"),
        ("AUTOTRUST_FILE\n", "line 1: AUTOTRUST_FILE without a name"),
        (WHOLE.format("SCENARIO_BEGIN y\n"), "line 3: a second scenario"),
        (WHOLE.format("STPE 1 TRAFFIC\n"), "did you mean STEP?"),
        (WHOLE.format("STEP 1 TRAFIC\n"), "did you mean TRAFFIC?"),
        (WHOLE.format("STEP x TRAFFIC\n"), "line 3: 'x' is not the number of a step"),
        (WHOLE.format("STEP 1\n"), "kind of step '' is not known"),
        (WHOLE.format("STEP 1 TIME_PASSES 5\n"), "no time to pass"),
        (WHOLE.format("STEP 1 ASSIGN x\n"), "ASSIGN wants a variable and its value"),
        (WHOLE.format("STEP 1 INFRA_RTT 192.0.2.1\n"), "INFRA_RTT wants"),
        (WHOLE.format("STEP 1 CHECK_AUTOTRUST a\nSTEP 2 ERROR\n"), "line 3: a check of a file without"),
        (WHOLE.format("STEP 1 QUERY\nSTEP 2 TRAFFIC\n"), "'STEP' where ENTRY_BEGIN should be"),
        (WHOLE.format("STEP 1 QUERY ADDRESS nowhere\n"), "'nowhere' is not an address"),
        (WHOLE.format("RANGE_BEGIN 1\n"), "RANGE_BEGIN wants two step numbers"),
        (WHOLE.format("RANGE_BEGIN 1 2\n"), "where ENTRY_BEGIN should be"),
        (WHOLE.format(HEAD), "SCENARIO_END inside an entry"),
        (WHOLE.format(HEAD + "ENTRY_BEGIN\n"), "line 5: an entry inside an entry"),
        (WHOLE.format(HEAD + "MATCH a,b\n"), "word of MATCH 'a,b' is not known"),
        (WHOLE.format(HEAD + "MATCH serial\n"), "is not a number"),
        (WHOLE.format(HEAD + "SECTION ANSWERS\n"), "did you mean ANSWER?"),
        (WHOLE.format(HEAD + "a. A 192.0.2.1\n"), "line of an entry 'a.' is not known"),
        (
            WHOLE.format(HEAD + "SECTION ANSWER\na. A 192.0.2\n"),
            "line 6: not a record: '192.0.2' is not an IPv4 address",
        ),
        (
            WHOLE.format(HEAD + "SECTION ANSWER\na. TXT (\nENTRY_END\n"),
            "line 6: a record that does not end",
        ),
        (WHOLE.format(HEAD + "HEX_ANSWER_BEGIN\nxx\nHEX_ANSWER_END\n"), "not hexadecimal"),
        (WHOLE.format(HEAD + "HEX_ANSWER_BEGIN\n00\n"), "has no HEX_ANSWER_END"),
        ("a\0b\n", "line 1: a NUL octet"),
        ("x" * 300_000, "a line longer than"),
    ],
)  # fmt: skip
def test_mistakes(text: str, said: str) -> None:
    """A mistake is told with the file, its line and what to do."""
    found = problem(text)
    assert said in found
    assert found.startswith("some.rpl: line ")
    assert ";" in found
