"""Steps do what testbound's event loop does (testcode/fake_event.c)."""

from __future__ import annotations

import pytest

from lab.replay.outcome import ReplayResult, worst_verdict
from lab.replay.rpl import parse_rpl
from lab.replay.runner import replay

from .workshop import (
    INSECURE,
    SERVFAIL,
    START,
    address_lines,
    ask,
    check,
    complaints,
    key_line,
    play,
    probe,
    scenario,
    set_lines,
    state_file,
    zone,
)  # fmt: skip
from .zones import dialogue, entry, server

ROOT = "193.0.14.129"
STUB = 'stub-zone:\n\tname: "."\n\tstub-addr: 193.0.14.129\n'
WWW = "www.example.com. 3600 IN A 10.20.30.40"
PLAIN = "QR RD RA NOERROR"


def run(steps: str, ranges: str = "", config: str = STUB) -> ReplayResult:
    """Replay steps of a resolver that validates nothing."""
    head = f'server:\n\tmodule-config: "iterator"\n{config}CONFIG_END\nSCENARIO_BEGIN x\n'
    return play(f"{head}{ranges}{steps}SCENARIO_END\n")


def query(number: int, question: str = "www.example.com. IN A") -> str:
    """Return a step in which a client asks."""
    return f"STEP {number} QUERY\nENTRY_BEGIN\nREPLY RD\nSECTION QUESTION\n{question}\nENTRY_END\n"


def out_query(number: int, question: str = "www.example.com. IN A", address: str = "") -> str:
    """Return a step that wants a question to have been sent."""
    where = f" ADDRESS {address}" if address else ""
    return (
        f"STEP {number} CHECK_OUT_QUERY{where}\nENTRY_BEGIN\nMATCH qname qtype\n"
        f"SECTION QUESTION\n{question}\nENTRY_END\n"
    )


def reply(number: int, answer: str = WWW, flags: str = "QR AA") -> str:
    """Return a step that answers what was asked."""
    return (
        f"STEP {number} REPLY\nENTRY_BEGIN\nADJUST copy_id copy_query\nREPLY {flags}\nSECTION QUESTION\n"
        f"www.example.com. IN A\nSECTION ANSWER\n{answer}\nENTRY_END\n"
    )


def answered(number: int, flags: str = PLAIN, answer: str = WWW) -> str:
    """Return a step that checks what the client got."""
    return (
        f"STEP {number} CHECK_ANSWER\nENTRY_BEGIN\nMATCH all\nREPLY {flags}\nSECTION QUESTION\n"
        f"www.example.com. IN A\nSECTION ANSWER\n{answer}\nENTRY_END\n"
    )


def test_answer_by_step() -> None:
    """A question waits until a step answers it, and can be looked at meanwhile."""
    assert complaints(run(query(1) + out_query(2, address=ROOT) + reply(3) + answered(4))) == []


def test_answer_in_the_check() -> None:
    """An entry of CHECK_OUT_QUERY that is a reply answers the question it matches."""
    text = out_query(2).replace("MATCH qname qtype", "MATCH qname qtype\nADJUST copy_id\nREPLY QR AA")
    text = text.replace("ENTRY_END\n", f"SECTION ANSWER\n{WWW}\nENTRY_END\n")
    assert complaints(run(query(1) + text + answered(3))) == []


@pytest.mark.parametrize("kind", ["TIMEOUT", "ERROR"])
def test_lost_answers(kind: str) -> None:
    """A question that times out, or that the network refuses, goes to the next server; then it fails."""
    config = STUB + "\tstub-addr: 192.0.2.7\n"
    steps = query(1) + out_query(2, address=ROOT) + f"STEP 3 {kind}\n"
    good = steps + out_query(4, address="192.0.2.7") + reply(5) + answered(6)
    assert complaints(run(good, config=config)) == []
    bad = steps + f"STEP 4 {kind} ADDRESS 192.0.2.7\n" + answered(5, "QR RD RA SERVFAIL", "")
    assert complaints(run(bad, config=config)) == []


@pytest.mark.parametrize(
    ("steps", "said"),
    [
        (out_query(1), "no question that matches is waiting; servers asked: none"),
        (query(1) + out_query(2, "other. IN A"), f"servers asked: {ROOT}"),
        (query(1) + out_query(2, address="192.0.2.1"), f"servers asked: {ROOT}"),
        (reply(1), "nobody waits for an answer"),
        ("STEP 1 TIMEOUT\n", "nobody waits for an answer"),
        (answered(1), "no reply has been sent"),
        (query(1) + reply(2) + answered(3, answer=""), "answer: 0 records missing, 1 too many"),
        (query(1) + reply(2) + answered(3, "QR RD RA NXDOMAIN"), "rcode 0 instead of 3"),
        (query(1), f"questions are left unanswered, to {ROOT}"),
        (query(1) + reply(2), "a reply was never checked"),
        ("STEP 1 ASSIGN x = ${$y}\n", "no variable 'y' has been assigned"),
        ("STEP 1 TIME_PASSES EVAL ${5-10}\n", "-5 seconds cannot pass"),
        ("STEP 1 TIME_PASSES EVAL x\n", "'x' is not a number"),
        ("STEP 1 TIME_PASSES ELAPSE 99999999999\n", "99999999999 seconds cannot pass"),
        ("STEP 1 CHECK_AUTOTRUST nowhere\nFILE_BEGIN\nFILE_END\n", "there is no trust-anchor file 'nowhere'"),
        ("STEP 1 FLUSH_MESSAGE www. IN\n", "'www. IN' is not a name, a type and a class"),
    ],
)
def test_failures(steps: str, said: str) -> None:
    """Checks that fail say in what."""
    result = run(steps)
    assert result.verdict == "failed"
    assert said in "; ".join(complaints(result))


def test_a_run_goes_on_after_a_failure() -> None:
    """A check that fails does not hide the next; testbound would stop there."""
    steps = answered(1) + query(2) + reply(3) + answered(4)
    result = run(steps)
    assert [(step.number, step.outcome) for step in result.steps if step.outcome != "done"] == [
        (1, "failed"),
        (4, "passed"),
    ]


def test_clients_are_told_apart() -> None:
    """A reply goes to the client that asked."""
    one, other = (
        query(1).replace("QUERY", "QUERY ADDRESS 192.0.2.1"),
        query(2).replace("QUERY", "QUERY ADDRESS 192.0.2.2"),
    )
    checks = [answered(n).replace("CHECK_ANSWER", f"CHECK_ANSWER ADDRESS 192.0.2.{n - 2}") for n in (3, 4)]
    ranges = server(ROOT, entry("www.example.com. IN A", WWW))
    assert complaints(run(one + other + "".join(checks), ranges)) == []
    assert run(one + checks[1], ranges).verdict == "failed"


def test_ranges_count_by_the_step_that_is_next() -> None:
    """An answer is that of the range which the next step lies in, from its first number to its last."""
    answers = [WWW.replace("40", str(number)) for number in (41, 42)]
    first = server(ROOT, entry("www.example.com. IN A", answers[0])).replace("0 1000", "10 19")
    second = server(ROOT, entry("www.example.com. IN A", answers[1])).replace("0 1000", "20 29")
    steps = query(9) + answered(19, answer=answers[0]) + "STEP 20 TIME_PASSES ELAPSE 4000\n"
    assert complaints(run(steps + query(21) + answered(29, answer=answers[1]), first + second)) == []


def test_range_without_address() -> None:
    """A range without an address speaks for every server."""
    ranges = server(ROOT, entry("www.example.com. IN A", WWW)).replace(f"\tADDRESS {ROOT}\n", "")
    assert complaints(run(query(1) + answered(2), ranges)) == []


def test_silent_server() -> None:
    """With do_not_answer a server takes the question and stays silent."""
    ranges = server(ROOT, entry("www.example.com. IN A", WWW).replace("copy_id", "copy_id do_not_answer"))
    assert complaints(run(query(1) + answered(2, "QR RD RA SERVFAIL", ""), ranges)) == []


def test_cache_and_flush() -> None:
    """An answer is kept for its TTL, TTLs count down, and FLUSH_MESSAGE forgets it."""
    other = WWW.replace("40", "99")
    ranges = server(ROOT, entry("www.example.com. IN A", WWW)).replace("0 1000", "0 9")
    ranges += server(ROOT, entry("www.example.com. IN A", other)).replace("0 1000", "10 1000")
    older = answered(13, answer=WWW.replace("3600", "3500")).replace("MATCH all", "MATCH all ttl")
    steps = query(1) + answered(2) + "STEP 11 TIME_PASSES ELAPSE 100\n" + query(12) + older
    steps += "STEP 20 FLUSH_MESSAGE www.example.com. IN A\n" + query(21) + answered(22, answer=other)
    assert complaints(run(steps, ranges)) == []
    over = (
        query(1) + answered(2) + "STEP 11 TIME_PASSES ELAPSE 3600\n" + query(12) + answered(13, answer=other)
    )
    assert complaints(run(over, ranges)) == []


def test_time_and_variables() -> None:
    """Time passes by seconds or expressions, fractions included, and variables keep what they were."""
    steps = (
        "STEP 1 TIME_PASSES ELAPSE 10.5\nSTEP 2 ASSIGN a = ${time}\nSTEP 3 TIME_PASSES EVAL ${$a * 2 + 0.5}\n"
        "STEP 4 ASSIGN b = ${range 31 ${time} 31}\nSTEP 5 ASSIGN c = ${range 32 ${time} 33}\n"
    )
    result = run(steps)
    assert [(s.number, s.outcome) for s in result.steps if "ASSIGN" in s.kind] == [
        (2, "done"),
        (4, "passed"),
        (5, "failed"),
    ]
    assert result.elapsed == 31


def test_files_that_came_along() -> None:
    """CHECK_TEMPFILE compares a file that came along; the lab writes none, so another one is noted."""
    config = f"{STUB}TEMPFILE_CONTENTS z\nline\nTEMPFILE_END\n"
    same = "STEP 1 CHECK_TEMPFILE z\nFILE_BEGIN\nline\nFILE_END\n"
    assert complaints(run(same, config=config)) == []
    assert run(same.replace("\nline\nFILE_END", "\nother\nFILE_END"), config=config).verdict == "failed"
    unknown = run(same.replace(" z", " y"), config=config)
    assert (unknown.verdict, unknown.reason) == ("inconclusive", "nothing was checked")
    assert "CHECK_TEMPFILE y" in [note.text for note in unknown.notes]


def test_nothing_checked() -> None:
    """A scenario that checks nothing is inconclusive, never passed."""
    result = run("STEP 1 NOTHING\nSTEP 2 TRAFFIC\nSTEP 3 LOG x\n")
    assert (result.verdict, result.reason, result.checks) == ("inconclusive", "nothing was checked", 0)
    assert [step.outcome for step in result.steps] == ["done", "done", "not-acted-on"]


def test_failure_where_the_lab_did_not_do_as_it_was_told() -> None:
    """A check that fails proves nothing if an option was not acted on; one that holds is not spoilt by it."""
    lacking = "server:\n\tserve-expired: yes\n"
    assert run(answered(1), config=lacking + STUB).verdict == "inconclusive"
    ranges = server(ROOT, entry("www.example.com. IN A", WWW))
    assert run(query(1) + answered(2), ranges, config=lacking + STUB).verdict == "passed"


def test_worst_verdict() -> None:
    """Of several files one that failed counts most, then one that is inconclusive."""
    passed = run(query(1) + answered(2), server(ROOT, entry("www.example.com. IN A", WWW)))
    failed, open_ = run(answered(1)), run("STEP 1 NOTHING\n")
    assert worst_verdict((passed,)) == "passed"
    assert worst_verdict((passed, open_)) == "inconclusive"
    assert worst_verdict((passed, open_, failed)) == "failed"
    assert worst_verdict(()) == "inconclusive"


class TestQueries:
    """What a client may send, and what it gets without a search."""

    def test_not_recursive(self) -> None:
        """Without RD a client is refused (RFC 8914 section 4.21), unless the answer is there."""
        ranges = server(ROOT, entry("www.example.com. IN A", WWW))
        refused = dialogue(1, "www.example.com. IN A", "QR RA REFUSED", asked="")
        known = query(3) + answered(4) + dialogue(5, "www.example.com. IN A", "QR RA NOERROR", WWW, asked="")
        assert complaints(run(refused + known, ranges)) == []

    def test_other_operations(self) -> None:
        """Operations other than a query are not implemented."""
        assert (
            complaints(run(dialogue(1, "example.com. IN SOA", "QR RA NOTIFY NOTIMPL", asked="NOTIFY"))) == []
        )

    def test_octets_that_are_no_message(self) -> None:
        """Octets of which only the header can be read get FORMERR."""
        octets = "HEX_ANSWER_BEGIN\n0000 0100 0001 0000 0000 0000 ff\nHEX_ANSWER_END\n"
        steps = f"STEP 1 QUERY\nENTRY_BEGIN\n{octets}ENTRY_END\n"
        steps += "STEP 2 CHECK_ANSWER\nENTRY_BEGIN\nMATCH rcode\nREPLY QR FORMERR\nENTRY_END\n"
        assert complaints(run(steps)) == []

    def test_too_large_to_send(self) -> None:
        """A question that fits no message is a failed step."""
        records = "".join(f'x. TXT "{"a" * 255}" "{"b" * 255}"\n' for _ in range(130))
        steps = query(1).replace("ENTRY_END", f"SECTION ADDITIONAL\n{records}ENTRY_END")
        assert "the question cannot be sent" in complaints(run(steps))[0]


def test_timers_fire_when_time_has_passed() -> None:
    """The probe timer fires at the time reached, not when it was due, and `${timeout}` counts to it."""
    text = scenario(
        key_line("a"),
        zone(0, 100, set_lines("a z", "a")),
        f"STEP 1 ASSIGN none = ${{range 0 ${{timeout}} 0}}\n{probe(10, '0', 4800, 5400, f'ELAPSE {START}')}"
        + "STEP 20 TIME_PASSES EVAL ${$p0 - 1}\nSTEP 21 ASSIGN rest = ${range 1 ${timeout} 1}\n"
        + check(22, state_file([("a", 2, "$t0")]))
        + probe(30, "1", 4800, 5400, "ELAPSE 1")
        + check(40, state_file([("a", 2, "$t0")], queried="$t1", success="$t1", next_probe="$t1 + $p1")),
    )
    result = play(text)
    assert complaints(result) == []
    assert result.probes == 2


def test_several_trust_points() -> None:
    """Each trust-anchor file has a model of its own, and one timer wakes them all."""
    text = scenario(key_line("a"), zone(0, 100, set_lines("a z", "a")), "")
    second = "AUTOTRUST_FILE other\n. 3600 IN DNSKEY 257 3 5 AQAB\nAUTOTRUST_END\nCONFIG_END"
    steps = probe(10, "0", 3200, 3600, f"ELAPSE {START}")
    text = text.replace("CONFIG_END", second).replace("SCENARIO_END", f"{steps}SCENARIO_END")
    text = text.replace(
        "RANGE_BEGIN", server(ROOT, entry(". IN DNSKEY", "", reply="QR AA SERVFAIL")) + "RANGE_BEGIN", 1
    )
    result = play(text)
    assert complaints(result) == []
    assert result.probes == 2


def test_resolver_that_does_not_start() -> None:
    """A trust-anchor file that Unbound refuses fails the scenario, with Unbound's reason."""
    text = scenario(";;last_queried: 5\n" + key_line("a"), "", "STEP 1 TRAFFIC\n")
    result = play(text)
    assert result.verdict == "failed"
    assert "does not start" in result.reason


def test_seed_changes_delays_only() -> None:
    """Another seed gives another delay, inside the same range."""
    text = scenario(
        key_line("a"), zone(0, 100, set_lines("a z", "a")), probe(10, "0", 4860, 5400, f"ELAPSE {START}")
    )
    script = parse_rpl(text, "x.rpl")
    assert [replay(script, seed=seed).verdict for seed in range(20)] == ["passed"] * 20
    exact = parse_rpl(text.replace("4860", "5000").replace("5400", "5001"), "x.rpl")
    assert {replay(exact, seed=seed).verdict for seed in range(20)} == {"failed"}


@pytest.mark.parametrize(("strict", "reply"), [("yes", SERVFAIL), ("no", INSECURE)])
def test_stripped_keys(strict: str, reply: str) -> None:
    """With harden-dnssec-stripped off a trust point that has no keys to show counts as insecure."""
    text = scenario(
        key_line("a"),
        zone(0, 100, "", address_lines()),
        f"STEP 10 TIME_PASSES ELAPSE {START}\n"
        + ask(20, reply, "" if reply == SERVFAIL else address_lines()),
        server=f"harden-dnssec-stripped: {strict}",
    )
    assert complaints(play(text)) == []


def test_keys_are_forgotten_with_a_failure() -> None:
    """After a minute (val-bogus-ttl) a failed trust point is primed again by whoever asks."""
    text = scenario(
        key_line("a"),
        zone(0, 19, None, address_lines()) + zone(20, 100, set_lines("a z", "a"), address_lines("z")),
        probe(10, "0", 3200, 3600, f"ELAPSE {START}")
        + ask(20, SERVFAIL)
        + "STEP 30 TIME_PASSES ELAPSE 70\n"
        + ask(40, "QR RD RA AD DO NOERROR", address_lines("z")),
    )
    assert complaints(play(text)) == []
