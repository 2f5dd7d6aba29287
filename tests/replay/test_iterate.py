"""The small iterator: by referrals, along aliases, around servers that do not help."""

from __future__ import annotations

from lab.replay.outcome import ReplayResult

from .workshop import complaints, play
from .zones import dialogue, entry, server

STUB = 'stub-zone:\n\tname: "."\n\tstub-addr: 192.0.2.1\n'
WWW = "www.example.com. 3600 IN A 10.20.30.40"
PLAIN = "QR RD RA NOERROR"
FAILED = "QR RD RA SERVFAIL"


def run(ranges: str, steps: str, config: str = STUB) -> ReplayResult:
    """Replay steps of a resolver that validates nothing."""
    head = f'server:\n\tmodule-config: "iterator"\n{config}CONFIG_END\nSCENARIO_BEGIN x\n'
    return play(f"{head}{ranges}{steps}SCENARIO_END\n")


def asks(reply: str = PLAIN, answer: str = WWW, question: str = "www.example.com. IN A") -> str:
    """Return steps: a client asks, and what it must get."""
    return dialogue(10, question, reply, answer, asked="RD")


def referral(zone: str, ns: str, glue: str = "") -> str:
    """Return an entry that refers all names of a zone to its server."""
    text = entry(
        f"{zone} IN NS", "", f"{zone} 3600 IN NS {ns}", f"{ns} 3600 IN A {glue}" if glue else "", "QR"
    )
    text = text.replace("MATCH opcode qname qtype", "MATCH opcode subdomain")
    return text.replace("ADJUST copy_id", "ADJUST copy_id copy_query")


def test_referrals() -> None:
    """Referrals lead down, zone by zone."""
    ranges = server("192.0.2.1", referral("com.", "a.gtld.", "192.0.2.2"))
    ranges += server("192.0.2.2", referral("example.com.", "ns.example.com.", "192.0.2.3"))
    ranges += server("192.0.2.3", entry("www.example.com. IN A", WWW))
    assert complaints(run(ranges, asks())) == []


def test_name_server_without_address() -> None:
    """Where a referral brings no address the name of the server is looked up first."""
    ranges = server(
        "192.0.2.1",
        referral("example.com.", "ns.other."),
        entry("ns.other. IN A", "ns.other. 60 IN A 192.0.2.3"),
    )
    ranges += server("192.0.2.3", entry("www.example.com. IN A", WWW))
    assert complaints(run(ranges, asks())) == []


def test_foreign_address_is_not_taken() -> None:
    """An address that a server has no business to speak of is looked up, not believed."""
    ranges = server(
        "192.0.2.1",
        referral("com.", "a.gtld.", "192.0.2.2"),
        entry("ns.other. IN A", "ns.other. 60 IN A 192.0.2.3"),
    )
    ranges += server("192.0.2.2", referral("example.com.", "ns.other.", "192.0.2.66"))
    ranges += server("192.0.2.3", entry("www.example.com. IN A", WWW))
    assert complaints(run(ranges, asks())) == []


def test_delegation_ends_with_its_ttl() -> None:
    """A delegation is used as long as its TTL says, then asked for again."""
    first = server("192.0.2.1", referral("example.com.", "ns.example.com.", "192.0.2.2")).replace(
        "1000", "19"
    )
    second = server("192.0.2.1", referral("example.com.", "ns.example.com.", "192.0.2.3")).replace(
        "0 1000", "20 99"
    )
    data = server("192.0.2.2", entry("www.example.com. IN A", WWW))
    data += server("192.0.2.3", entry("www.example.com. IN A", WWW.replace("40", "41")))
    steps = asks() + "STEP 15 TIME_PASSES ELAPSE 3600\n"
    steps += asks(answer=WWW.replace("40", "41")).replace("STEP 1", "STEP 2")
    assert complaints(run(first + second + data, steps)) == []


def test_aliases() -> None:
    """Aliases are followed across zones, a DNAME by its CNAME or without it (RFC 6672 section 2.2)."""
    alias, dname = "www.example.com. 60 IN CNAME a.d.other.", "d.other. 60 IN DNAME e.other."
    address = "a.e.other. 60 IN A 192.0.2.9"
    ranges = server(
        "192.0.2.1",
        entry("www.example.com. IN A", alias),
        entry("a.d.other. IN A", f"{dname}\na.d.other. 60 IN CNAME a.e.other."),
        entry("a.e.other. IN A", address),
    )
    whole = f"{alias}\n{dname}\na.d.other. 60 IN CNAME a.e.other.\n{address}"
    assert complaints(run(ranges, asks(answer=whole))) == []


def test_aliases_in_a_circle() -> None:
    """Aliases that lead nowhere end, with what was found."""
    loop = ("a. 60 IN CNAME b.", "b. 60 IN CNAME a.")
    ranges = server("192.0.2.1", entry("a. IN A", loop[0]), entry("b. IN A", loop[1]))
    result = run(ranges, asks(answer="\n".join(loop), question="a. IN A"))
    assert complaints(result) == []


def test_truncated_answer() -> None:
    """A truncated answer is asked for again over TCP (RFC 7766 section 5)."""
    cut = entry("www.example.com. IN A", "", reply="QR AA TC").replace("MATCH opcode", "MATCH UDP opcode")
    whole = entry("www.example.com. IN A", WWW).replace("MATCH opcode", "MATCH TCP opcode")
    assert complaints(run(server("192.0.2.1", cut, whole), asks())) == []


def test_servers_that_do_not_help() -> None:
    """SERVFAIL, REFUSED, a referral upwards or another question's answer: the next server is asked."""
    config = STUB + "".join(f"\tstub-addr: 192.0.2.{n}\n" for n in (2, 3, 4, 5))
    ranges = server("192.0.2.1", entry("www.example.com. IN A", reply="QR SERVFAIL"))
    ranges += server("192.0.2.2", entry("www.example.com. IN A", reply="QR REFUSED"))
    up = entry("www.example.com. IN A", "", "org. IN NS a.", reply="QR")
    ranges += server("192.0.2.3", up)
    odd = entry("ftp.example.com. IN A", WWW).replace("MATCH opcode qname qtype", "MATCH opcode qtype")
    ranges += server("192.0.2.4", odd) + server("192.0.2.5", entry("www.example.com. IN A", WWW))
    assert complaints(run(ranges, asks(), config)) == []


def test_nobody_helps() -> None:
    """When every server fails, so does the answer; with `ede` it says so (RFC 8914 section 4.23)."""
    ranges = server("192.0.2.1", entry("www.example.com. IN A", reply="QR SERVFAIL"))
    assert complaints(run(ranges, asks(FAILED, ""))) == []
    steps = dialogue(10, "www.example.com. IN A", "QR RD RA DO SERVFAIL", match="all ede=22", asked="RD DO")
    assert complaints(run(ranges, steps, f"server:\n\tede: yes\n{STUB}")) == []


def test_names_that_do_not_exist() -> None:
    """NXDOMAIN and an empty answer are answers, with their SOA."""
    soa = "com. 60 IN SOA a. b. 1 2 3 4 30"
    ranges = server(
        "192.0.2.1",
        entry("a.com. IN A", "", soa, reply="QR AA NXDOMAIN"),
        entry("b.com. IN A", "", soa),
    )
    steps = dialogue(10, "a.com. IN A", "QR RD RA NXDOMAIN", "", soa, asked="RD")
    steps += dialogue(20, "b.com. IN A", PLAIN, "", soa, asked="RD")
    assert complaints(run(ranges, steps)) == []


def test_forward_zone() -> None:
    """A forwarder is asked with RD, and what it says is the answer."""
    config = STUB + 'forward-zone:\n\tname: "example.com"\n\tforward-addr: 192.0.2.8@5353\n'
    out = (
        "STEP 11 CHECK_OUT_QUERY ADDRESS 192.0.2.8\nENTRY_BEGIN\nMATCH flags\nREPLY RD CD\nSECTION QUESTION\n"
    )
    out += "www.example.com. IN A\nENTRY_END\n"
    steps = asks().replace("STEP 11", f"{out}STEP 12")
    assert complaints(run(server("192.0.2.8", entry("www.example.com. IN A", WWW)), steps, config)) == []


def test_forward_first() -> None:
    """With forward-first the usual way is taken when the forwarder fails."""
    zone = 'forward-zone:\n\tname: "example.com"\n\tforward-addr: 192.0.2.8\n\tforward-first: {}\n'
    ranges = server("192.0.2.8", entry("www.example.com. IN A", reply="QR SERVFAIL"))
    ranges += server("192.0.2.1", entry("www.example.com. IN A", WWW))
    assert complaints(run(ranges, asks(), STUB + zone.format("yes"))) == []
    assert complaints(run(ranges, asks(FAILED, ""), STUB + zone.format("no"))) == []


def test_stub_with_host_name() -> None:
    """A stub zone may name its server instead of giving an address."""
    config = STUB + 'stub-zone:\n\tname: "example.com"\n\tstub-host: "ns.other."\n'
    ranges = server("192.0.2.1", entry("ns.other. IN A", "ns.other. 60 IN A 192.0.2.3"))
    ranges += server("192.0.2.3", entry("www.example.com. IN A", WWW))
    assert complaints(run(ranges, asks(), config)) == []


def test_endless_referrals() -> None:
    """A server that refers ever deeper, or to servers nobody finds, ends in SERVFAIL."""
    circle = server("192.0.2.1", referral("a.", "ns.b."), referral("b.", "ns.a."))
    assert complaints(run(circle, asks(FAILED, "", "www.a. IN A"))) == []


def test_other_classes() -> None:
    """A question of another class than IN is asked as such."""
    text = 'version.server. 60 HS TXT "x"'
    ranges = server("192.0.2.1", entry("version.server. HS TXT", text).replace("qtype", "qtype qclass"))
    assert complaints(run(ranges, asks(answer=text, question="version.server. HS TXT"))) == []
