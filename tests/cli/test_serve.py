"""`rootlab serve`: what is printed, what is answered, how time goes, how it ends."""

from __future__ import annotations

import re
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import dns.dnssec
import dns.flags
import dns.message
import dns.query
import dns.rcode
import dns.rdatatype
import pytest

from lab.cli.serving import LATEST, Pace
from lab.clock import parse_instant

from .ended import Rootlab

START = "import sys; from lab.cli import main; raise SystemExit(main(sys.argv[1:]))"


class Server:
    """A `rootlab serve` that runs, and what it printed first."""

    def __init__(self, process: subprocess.Popen[str]) -> None:
        """Read the two lines."""
        assert process.stdout is not None
        self.process = process
        self.first, self.second = process.stdout.readline(), process.stdout.readline()
        match = re.fullmatch(r"listening on \[?([0-9a-f.:]+?)\]?:(\d+)\n", self.first)
        assert match is not None, self.first
        self.address, self.port = match[1], int(match[2])

    def ask(self, name: str, rrtype: str, *, tcp: bool = False) -> dns.message.Message:
        """Ask a question."""
        ask = dns.query.tcp if tcp else dns.query.udp
        question = dns.message.make_query(name, rrtype, want_dnssec=True, payload=4096)
        return ask(question, self.address, port=self.port, timeout=5)

    def tags(self) -> list[int]:
        """Return the key tags in the root's DNSKEY answer, ascending."""
        answer = self.ask(".", "DNSKEY").answer
        return sorted(dns.dnssec.key_id(rdata) for rdata in answer[0])


@contextmanager
def serving(*arguments: object) -> Iterator[Server]:
    """Run `rootlab serve`, and kill it if the test has not ended it."""
    command = [sys.executable, "-c", START, "serve", *(str(argument) for argument in arguments)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        try:
            yield Server(process)
        finally:
            process.kill()


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_one_command(scenario: Path, number: signal.Signals) -> None:
    """It says where it listens and what it serves, answers over UDP and TCP, and ends well when told to."""
    with serving(scenario, "--at", "2018-10-11T17:00:00Z", "--hold") as server:
        assert (server.address, server.second) == (
            "127.0.0.1",
            "fortnight from 2018-10-11T17:00:00Z, held; Ctrl-C ends it\n",
        )
        for tcp in (False, True):
            reply = server.ask(".", "DNSKEY", tcp=tcp)
            assert reply.flags & dns.flags.AA
            assert [rrset.rdtype for rrset in reply.answer] == [dns.rdatatype.DNSKEY, dns.rdatatype.RRSIG]
        assert server.ask("www.alpha.", "A").answer
        server.process.send_signal(number)
        assert (server.process.wait(10), server.process.stderr and server.process.stderr.read()) == (0, "")


def test_time_stands_still_or_goes_fast(scenario: Path) -> None:
    """At a high rate the roll comes within a moment; held, it never does."""
    with serving(scenario, "--at", "2018-10-11T15:59:59Z", "--hold") as held:
        signer = _dnskey_signer(held)
        assert _dnskey_signer(held) == signer
    with serving(scenario, "--at", "2018-10-11T15:00:00Z", "--rate", "360000") as fast:
        assert "rate 360000" in fast.second
        while _dnskey_signer(fast) == signer:
            pass


def _dnskey_signer(server: Server) -> int:
    """Return the tag of the key that signs the DNSKEY RRset."""
    tag: int = server.ask(".", "DNSKEY").answer[1][0].key_tag
    return tag


def test_the_whole_root(scenario: Path) -> None:
    """A full root refers to real top-level domains, and serves the names of its own servers."""
    with serving(scenario, "--size", "full", "--hold") as server:
        referral = server.ask("www.example.com.", "A")
        assert [rrset.rdtype for rrset in referral.authority] == [
            dns.rdatatype.NS,
            dns.rdatatype.DS,
            dns.rdatatype.RRSIG,
        ]
        assert server.ask("a.root-servers.net.", "A").answer[0][0].address == "198.41.0.4"
        assert server.ask("www.alpha.", "A").answer


def test_a_whole_root_of_ceremony_files(shared_data: Path, rootlab: Rootlab) -> None:
    """Ceremony files have no zone that could be full."""
    file = shared_data / "skr" / "skr-root-2017-q1-0.xml"
    ended = rootlab("serve", "--skr", file, "--size", "full")
    assert ended.status == 2
    assert ended.err.startswith("rootlab: usage: --size is for a scenario: ceremony files have no zone")


def test_faults_of_ceremony_files(shared_data: Path, rootlab: Rootlab) -> None:
    """Nobody has the keys to sign ceremony files wrongly."""
    file = shared_data / "skr" / "skr-root-2017-q1-0.xml"
    ended = rootlab("serve", "--skr", file, "--fault", "expired")
    assert ended.status == 2
    assert "--fault is for a scenario: ceremony files are served as they are" in ended.err


def test_ipv6_and_a_port(scenario: Path) -> None:
    """IPv6 addresses are written in brackets, both ways."""
    with serving(scenario, "--listen", "[::1]:0") as server:
        assert server.address == "::1"
        assert server.ask(".", "SOA").answer


def test_letters(scenario: Path) -> None:
    """Thirteen letters have addresses in a row, one port, and each its own name, lag and faults."""
    options = (
        "--letters",
        13,
        "--fault",
        "stale=P2D@b",
        "--fault",
        "unsigned@m",
        "--impair",
        "tcp-refused@c",
    )
    with serving(scenario, "--at", "2018-10-12T16:00:00Z", "--hold", *options) as server:
        assert server.second == "letter a at 127.0.0.1 to m at 127.0.0.13\n"
        assert server.process.stdout is not None
        told = server.process.stdout.readline()
        assert told == "switched on: stale=P2D@b, unsigned@m, tcp-refused@c\n"
        signers = []
        for number, name in ((1, "a"), (2, "b")):
            server.address = f"127.0.0.{number}"
            chaos = dns.message.make_query("id.server.", "TXT", rdclass="CH")
            answer = dns.query.udp(chaos, server.address, port=server.port, timeout=5).answer
            assert answer[0][0].strings == (f"{name}.rootlab".encode(),)
            signers.append(_dnskey_signer(server))
        assert signers == [20326, 19036]
        assert server.ask("c.root-servers.net.", "A").answer[0][0].address == "127.0.0.3"
        server.address = "127.0.0.13"
        assert server.ask(".", "DNSKEY").answer == []
        server.address = "127.0.0.3"
        with pytest.raises(EOFError):
            server.ask(".", "SOA", tcp=True)


def test_several_addresses(scenario: Path) -> None:
    """One server answers at every address it is told to listen on; impairments meet all."""
    places = ("--listen", "127.0.0.1:0", "--listen", "[::1]:0")
    with serving(scenario, *places, "--impair", "delay=1ms", "--impair", "duplication") as server:
        assert server.ask(".", "SOA").answer
        match = re.fullmatch(r"listening on \[::1\]:(\d+)\n", server.second)
        assert match is not None
        server.address, server.port = "::1", int(match[1])
        assert server.ask(".", "SOA").answer


def test_ceremony_files(shared_data: Path) -> None:
    """Of ceremony files the real DNSKEY RRset is served and nothing else, and said to be a replay."""
    file = shared_data / "skr" / "skr-root-2017-q1-0.xml"
    with serving("--skr", file, "--hold") as server:
        assert server.second.startswith(
            "a replay of ceremony files, . DNSKEY alone from 2017-01-01T00:00:00Z"
        )
        assert 19036 in server.tags()
        assert server.ask(".", "SOA").rcode() == dns.rcode.REFUSED


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ((), "give one SCENARIO, or --skr FILE"),
        (("2018-actual", "2017-planned"), "give one SCENARIO, or --skr FILE"),
        (("2018-actual", "--hold", "--rate", "2"), "--hold and --rate exclude each other"),
        (("2018-actual", "--rate", "0"), "invalid value for '--rate'"),
        (("2018-actual", "--at", "2100-01-01"), "--at: the lab's time ends with the year 2099"),
        (("2018-actual", "--at", "1999-01-01"), "nothing is served yet at that instant; choose one from 20"),
        (("2018-actual", "--listen", "127.0.0.1"), "'127.0.0.1' is no address and port; write it like"),
        (("2018-actual", "--listen", "::1:53"), "'::1:53' is no address and port; write it like"),
        (("2018-actual", "--listen", "127.0.0.1:65536"), "is no address and port; write it like"),
        (("2018-actual", "--listen", "localhost:0"), "'localhost' is not an address"),
        (("2018-actual", "--listen", "0.0.0.0:0"), "0.0.0.0 is not a loopback address"),
        (("2018-actual", "--listen", "192.0.2.1:0"), "192.0.2.1 is not a loopback address"),
        (
            ("2018-actual", "--listen", "127.0.0.1:5", "--listen", "127.0.0.1:5"),
            "every address and port once",
        ),
        (("2018-actual", "--letters", "14"), "invalid value for '--letters'"),
        (
            ("2018-actual", "--letters", "2", "--listen", "[::1]:0"),
            "--letters: give a loopback address of IPv4",
        ),
        (("2018-actual", "--letters", "2", "--listen", "localhost:0"), "--letters: give a loopback address"),
        (("2018-actual", "--letters", "2", "--listen", "127.255.255.255:0"), "with room after it"),
        (
            ("2018-actual", "--letters", "2", "--listen", "127.0.0.1:0", "--listen", "127.0.0.9:0"),
            "--letters takes addresses in a row from one --listen",
        ),
        (("2018-actual", "--fault", "expird"), 'expird: there is no such thing; did you mean "expired"?'),
        (("2018-actual", "--fault", "loss"), "loss: there is no such thing; there are expired, "),
        (("2018-actual", "--impair", "loss=0%"), "loss: the value must be a chance from 1% to 100%"),
        (("2018-actual", "--fault", "revoke=ksk-2024"), "revoke=ksk-2024: the scenario has no key ksk-2024;"),
        (
            ("2018-actual", "--fault", "unsigned@b"),
            "unsigned@b: letter b does not answer here; give --letters",
        ),
        (
            ("2018-actual", "--letters", "2", "--impair", "dark@c"),
            "letter c does not answer here; there are a",
        ),
        (("nonesuch",), "nonesuch"),
    ],
)
def test_what_is_refused(
    arguments: tuple[str, ...], message: str, rootlab: Rootlab, keep_signals: None
) -> None:
    """What cannot be served is refused in one line with exit status 2, before anything is printed."""
    ended = rootlab("serve", *arguments)
    assert (ended.status, ended.out, ended.err.count("\n")) == (2, "", 1)
    assert message in ended.err


@pytest.fixture
def keep_signals() -> Iterator[None]:
    """Put the handlers of signals back that a server in this process has set."""
    numbers = (signal.SIGINT, signal.SIGTERM)
    before = [signal.getsignal(number) for number in numbers]
    yield
    for number, handler in zip(numbers, before, strict=True):
        signal.signal(number, handler)


def test_time_ends() -> None:
    """At any rate the emulated time stays where signatures can tell it."""
    pace = Pace(parse_instant("2018-01-01"), 1e12, 0.0)
    assert (pace.now(), str(pace), str(Pace(0, 0, 0))) == (LATEST, "rate 1e+12", "held")
