"""A packet matches an entry or not, word by word (testcode/testpkts.c)."""

from __future__ import annotations

import pytest

from lab.dnssec.codec import parse_message
from lab.replay.matching import differences, ede_codes, matches, serial_of
from lab.replay.packets import answer_from, as_query, render
from lab.replay.rpl import parse_rpl
from lab.replay.script import Entry

QUESTION = "SECTION QUESTION\nwww.example.com. IN A\n"
ANSWER = "SECTION ANSWER\nwww.example.com. 60 IN A 192.0.2.1\nwww.example.com. 60 IN A 192.0.2.2\n"
SAME = f"REPLY QR RD RA DO\n{QUESTION}{ANSWER}"


def entry(text: str) -> Entry:
    """Read one entry."""
    head = "CONFIG_END\nSCENARIO_BEGIN x\nSTEP 1 CHECK_ANSWER\n"
    found = parse_rpl(f"{head}ENTRY_BEGIN\n{text}\nENTRY_END\nSCENARIO_END\n", "x.rpl").steps[0].entry
    assert found is not None
    return found


def packet(text: str) -> bytes:
    """Return the octets of an entry's packet."""
    return render(entry(text).packet, ident=7)


@pytest.mark.parametrize(
    ("word", "other"),
    [
        ("opcode", SAME.replace("DO", "DO NOTIFY")),
        ("qtype", SAME.replace("IN A\n", "IN AAAA\n", 1)),
        ("qclass", SAME.replace("IN A\n", "CH A\n", 1)),
        ("qname", SAME.replace("www", "ftp", 1)),
        ("question", SAME.replace("www", "ftp", 1)),
        ("subdomain", SAME.replace("www.example.com. IN A\n", "example.com. IN A\n", 1)),
        ("rcode", SAME.replace("DO", "DO NXDOMAIN")),
        ("rcode", SAME.replace("DO", "DO BADCOOKIE")),
        ("flags", SAME.replace("RA", "RA AD")),
        ("answer", SAME.replace("192.0.2.2", "192.0.2.3")),
        ("answertypes", SAME.replace("IN A 192.0.2.2", "IN TXT x")),
        ("authority", SAME + "SECTION AUTHORITY\nexample.com. NS a.\n"),
        ("additional", SAME + "SECTION ADDITIONAL\na. A 192.0.2.9\n"),
        ("edns", SAME.replace("DO", "")),
        ("DO", SAME.replace("DO", "")),
        ("ednsdata", SAME + "HEX_EDNSDATA_BEGIN\n000a0000\nHEX_EDNSDATA_END\n"),
        ("all", SAME.replace("192.0.2.2", "192.0.2.3")),
        ("all", SAME.replace("DO", "")),
        ("all_noedns", SAME.replace("RA", "")),
    ],
)
def test_word_tells_apart(word: str, other: str) -> None:
    """Every word accepts the same packet and rejects one that differs in what it looks at."""
    wanted = entry(f"MATCH {word}\n{SAME}")
    assert matches(wanted, packet(SAME))
    assert differences(wanted, packet(other)) != ()


@pytest.mark.parametrize("word", ["opcode", "qtype", "qname", "rcode", "answer", "all_noedns"])
def test_word_looks_at_nothing_else(word: str) -> None:
    """A word lets pass what it does not look at."""
    assert matches(entry(f"MATCH {word}\n{SAME}"), packet(SAME.replace("DO", "")))


def test_order_and_case_do_not_count() -> None:
    """Records may come in any order, and names in any case."""
    records = "WWW.example.COM. 60 A 192.0.2.2\nwww.example.com. 60 A 192.0.2.1\n"
    turned = f"REPLY QR RD RA DO\n{QUESTION}SECTION ANSWER\n{records}"
    assert matches(entry(f"MATCH all\n{SAME}"), packet(turned))


def test_times_count_if_asked() -> None:
    """TTLs count with `ttl` alone."""
    older = packet(SAME.replace("60", "59"))
    assert matches(entry(f"MATCH all\n{SAME}"), older)
    assert not matches(entry(f"MATCH all ttl\n{SAME}"), older)


def test_a_record_twice_is_not_one() -> None:
    """Sections are compared as collections, doubles counted."""
    double = SAME.replace("192.0.2.2", "192.0.2.1")
    assert not matches(entry(f"MATCH answer\n{SAME}"), packet(double))


def test_transport() -> None:
    """UDP and TCP tell how the packet must have come."""
    wanted = entry(f"MATCH TCP\n{SAME}")
    assert matches(wanted, packet(SAME), "TCP")
    assert differences(wanted, packet(SAME), "UDP") == ("came over UDP",)


def test_serial() -> None:
    """`serial` is that of the SOA in a query for a transfer (RFC 1995 section 3)."""
    query = packet(f"{QUESTION}SECTION AUTHORITY\nexample.com. SOA a. b. 15 1 1 1 1\n")
    assert serial_of(parse_message(query)) == 15
    assert matches(entry("MATCH serial=15"), query)
    assert not matches(entry("MATCH serial=16"), query)


@pytest.mark.parametrize(("word", "good"), [("ede=9", True), ("ede=any", True), ("ede=6", False)])
def test_extended_errors(word: str, good: bool) -> None:
    """`ede` looks for an extended error, which `all` then passes over (RFC 8914 section 2)."""
    reply = packet(f"{SAME}HEX_EDNSDATA_BEGIN\n000f 0002 0009\nHEX_EDNSDATA_END\n")
    assert ede_codes(parse_message(reply)) == (9,)
    assert matches(entry(f"MATCH all {word}\n{SAME}"), reply) is good
    assert not matches(entry(f"MATCH all\n{SAME}"), reply)
    assert not matches(entry(f"MATCH {word}"), packet(SAME))


@pytest.mark.parametrize(
    ("word", "options", "good"),
    [
        ("nsid", "00030000", True),
        ("nsid", "000a0000", False),
        ("client_cookie", "000a0008" + "00" * 8, True),
        ("server_cookie", "000a0008" + "00" * 8, False),
        ("server_cookie", "000a0010" + "00" * 16, True),
    ],
)
def test_options(word: str, options: str, good: bool) -> None:
    """Some words ask for an EDNS option."""
    reply = packet(f"{SAME}HEX_EDNSDATA_BEGIN\n{options}\nHEX_EDNSDATA_END\n")
    assert matches(entry(f"MATCH {word}"), reply) is good


def test_octets_in_place_of_words() -> None:
    """An entry given in octets is compared as if it had been written out."""
    digits = packet(SAME).hex()
    wanted = entry(f"MATCH all\nHEX_ANSWER_BEGIN\n{digits}\nHEX_ANSWER_END")
    assert matches(wanted, packet(SAME))
    assert not matches(wanted, packet(SAME.replace("192.0.2.2", "192.0.2.3")))


def test_unreadable_packet() -> None:
    """What is no message matches nothing but an entry that asks nothing."""
    assert matches(entry(""), b"\0" * 5)
    assert differences(entry("MATCH opcode"), b"\0" * 5) == ("a message that cannot be read",)


class TestAdjusted:
    """What becomes of an entry's packet on its way out."""

    QUERY = parse_message(as_query(entry(f"REPLY RD DO\n{QUESTION}").packet, 4711))

    def test_identifier(self) -> None:
        """The answer has the identifier of the question, but for octets that keep their own."""
        assert parse_message(answer_from(entry(SAME), self.QUERY)).id == 4711
        raw = f"HEX_ANSWER_BEGIN\n{packet(SAME).hex()}\nHEX_ANSWER_END"
        assert parse_message(answer_from(entry(raw), self.QUERY)).id == 4711
        assert parse_message(answer_from(entry(f"ADJUST raw_id\n{raw}"), self.QUERY)).id == 7

    def test_question(self) -> None:
        """With copy_query the answer has the question that was asked."""
        text = "REPLY QR\nSECTION QUESTION\ncom. IN NS\n"
        plain = parse_message(answer_from(entry(text), self.QUERY)).question
        copied = parse_message(answer_from(entry(f"ADJUST copy_query\n{text}"), self.QUERY)).question
        assert (plain, copied) == ((b"\3com\0", 2, 1), self.QUERY.question)

    def test_client_subnet(self) -> None:
        """With copy_ednsdata_assume_clientsubnet the option comes back, its scope as long as its source."""
        option = bytes.fromhex("0008 0007 0001 18 00 c00002".replace(" ", ""))
        asked = f"REPLY RD DO\n{QUESTION}HEX_EDNSDATA_BEGIN\n{option.hex()}\nHEX_EDNSDATA_END\n"
        query = parse_message(as_query(entry(asked).packet, 1))
        answer = parse_message(answer_from(entry(f"ADJUST copy_ednsdata_assume_clientsubnet\n{SAME}"), query))
        assert answer.edns is not None
        assert answer.edns.options == ((8, bytes.fromhex("00011818c00002")),)

    def test_too_large(self) -> None:
        """A packet that fits no message is an error of its own, not a message cut short."""
        big = "".join(f'x. TXT "{"a" * 255}" "{"b" * 255}"\n' for _ in range(130))
        with pytest.raises(ValueError, match="octets"):
            answer_from(entry(f"{QUESTION}SECTION ANSWER\n{big}"), self.QUERY)

    def test_query_has_no_answer_bit(self) -> None:
        """What a client sends is a query, whatever its entry says."""
        assert not as_query(entry(SAME).packet, 1)[2] & 0x80
