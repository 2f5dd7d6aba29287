"""`rootlab ctl` and what `rootlab serve` has beside DNS: control, trust anchors, captures, signals."""

from __future__ import annotations

import json
import re
import ssl
from collections.abc import Iterator
from http.client import HTTPConnection, HTTPSConnection
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from threading import Thread
from typing import Any

import dns.flags
import dns.message
import dns.query
import pytest

from lab.clock import parse_instant

from .ended import Ended, Rootlab
from .test_serve import Server, serving

DAY_BEFORE = "2018-10-10T16:00:00Z"


class Operated(Server):
    """A `rootlab serve` with everything beside it."""

    def __init__(self, server: Server, folder: Path) -> None:
        """Read the lines about it."""
        assert server.process.stdout is not None
        self.__dict__.update(server.__dict__)
        self.lines = [server.second.rstrip(), server.process.stdout.readline().rstrip()]
        self.last = server.process.stdout.readline()
        found = [re.search(r":(\d+)(?:/|$)", line) for line in self.lines]
        self.anchors, self.control = (int(match[1]) for match in found if match is not None)
        self.folder = folder


@pytest.fixture(scope="module")
def operated(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Operated]:
    """Serve the roll of 2018 from a day before, standing still."""
    folder = tmp_path_factory.mktemp("files")
    beside = (
        "--control", "127.0.0.1:0", "--anchors", "127.0.0.1:0", "--anchors-variant", "tampered=2019-01-01",
        "--capture", folder / "said.pcap", "--capture", folder / "said.dnstap",
        "--signals", folder / "said.csv",
    )  # fmt: skip
    with serving("2018-actual", "--at", DAY_BEFORE, "--hold", *beside) as server:
        yield Operated(server, folder)


@pytest.fixture
def ctl(operated: Operated, rootlab: Rootlab) -> Iterator[Any]:
    """Return a function that runs `rootlab ctl` against the server, and put it back to its beginning."""

    def run(*words: object, form: str = "json") -> Any:
        server = f"http://127.0.0.1:{operated.control}/"
        ended = rootlab("ctl", "--server", server, "--format", form, *words)
        if form == "text" or ended.status:
            return ended
        return json.loads(ended.out)

    run("reset")
    yield run
    run("reset")


def test_lines(operated: Operated) -> None:
    """After the address it says where the rest is to be had, and last what is served."""
    assert operated.lines == [
        f"trust anchors at https://127.0.0.1:{operated.anchors}/root-anchors/root-anchors.xml, and http",
        f"control at http://127.0.0.1:{operated.control}",
    ]
    assert operated.last == f"2018-actual from {DAY_BEFORE}, held; Ctrl-C ends it\n"


def test_clock_is_moved(operated: Operated, ctl: Any) -> None:
    """What is answered follows the clock: to an instant, by a duration, to the next event."""
    assert ctl("clock")["now"] == DAY_BEFORE
    before = operated.ask(".", "DNSKEY").answer[1][0].key_tag
    for words, now in (
        (("advance", "PT23H"), "2018-10-11T15:00:00Z"),
        (("advance", "2018-10-11T15:59:59Z"), "2018-10-11T15:59:59Z"),
        (("advance", "next-key"), "2018-10-11T16:00:00Z"),
        (("advance", "next-step"), "2018-10-21T16:00:00Z"),
    ):
        assert ctl(*words)["now"] == now
    assert (before, operated.ask(".", "DNSKEY").answer[1][0].key_tag) == (19036, 20326)
    assert (ctl("rate", "2")["rate"], ctl("hold")["rate"], ctl("health")["status"]) == (2, 0, "ok")


def test_operators(operated: Operated, ctl: Any) -> None:
    """A roll put off is not seen on its day; an emergency roll is seen at once."""
    ctl("delay", "--quarters", "1")
    ctl("advance", "2018-10-12")
    assert operated.ask(".", "DNSKEY").answer[1][0].key_tag == 19036
    ctl("back-out", "--at", "2018-12-01")
    answer = ctl("emergency", "ksk-spare-1", "--notice", "PT0S", "--at", "2018-10-12")
    tags = {one["key"]: one["wire_tag"] for one in answer["keys"]}
    assert operated.ask(".", "DNSKEY").answer[1][0].key_tag == tags["ksk-spare-1"]
    assert [one["operator"] for one in answer["operators"]] == ["delay", "back-out", "emergency"]
    assert b"<KeyTag>%d<" % tags["ksk-spare-1"] in fetch(operated, "root-anchors.xml")
    ctl("reset")
    assert b"<KeyTag>%d<" % tags["ksk-spare-1"] not in fetch(operated, "root-anchors.xml")


def fetch(operated: Operated, name: str, *, secure: bool = False) -> bytes:
    """Fetch a document of the publication."""
    place: tuple[str, int] = ("127.0.0.1", operated.anchors)
    context = ssl.create_default_context()
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    connection = HTTPSConnection(*place, context=context) if secure else HTTPConnection(*place)
    connection.request("GET", f"/root-anchors/{name}")
    content = connection.getresponse().read()
    connection.close()
    return content


def test_anchors_move(operated: Operated, ctl: Any) -> None:
    """The old key's end is published when it has come, and a variant begins on its day."""
    assert fetch(operated, "icannbundle.pem", secure=True).startswith(b"Certificate: ")
    counts = []
    for at in ("2018-12-31", "2019-01-02", "2019-01-12"):
        ctl("advance", at)
        xml = fetch(operated, "root-anchors.xml", secure=True)
        counts.append((xml.count(b"validUntil"), xml.endswith(b"<!-- -->\n")))
    assert counts == [(0, False), (0, True), (1, True)]


def test_signals_are_heard(operated: Operated, ctl: Any) -> None:
    """A key tag query is listed, counted and written down, with lab time and source; captures grow."""
    ctl("signals", "--clear")
    heard = ctl("signals")["heard"]
    question = dns.message.make_query("_ta-4a5c-4f66.", "NULL")
    for ask in (dns.query.udp, dns.query.tcp):
        ask(question, "127.0.0.1", port=operated.port, timeout=5)
    found = ctl("signals", "--after", heard, "--source", "127.0.0.1", "--limit", 5)["signals"]
    assert [(one["at"], one["transport"], one["key_tags"]) for one in found] == [
        (DAY_BEFORE, "udp", [19036, 20326]), (DAY_BEFORE, "tcp", [19036, 20326]),
    ]  # fmt: skip
    line = f"{DAY_BEFORE},127.0.0.1,tcp,key-tag-query,19036 20326,_ta-4a5c-4f66."
    while line not in (operated.folder / "said.csv").read_text():
        pass
    assert all((operated.folder / name).stat().st_size > 400 for name in ("said.pcap", "said.dnstap"))


def test_switches(ctl: Any) -> None:
    """Faults and impairments are listed; one that is not there is refused."""
    for kind, name in (("faults", "expired"), ("impairments", "loss")):
        listed = ctl(kind)
        assert name in [one["name"] for one in listed["known"]]
        assert listed["active"] == []
        assert [one["name"] for one in ctl(kind, "set", name)["active"]] == [name]
        assert ctl(kind, "clear")["active"] == []
        ended = ctl(kind, "set", "no-such=P1D@b,c")
        assert (ended.status, "is called 'no-such'" in ended.err) == (2, True)
        assert ctl(kind, "clear", "no-such").status == 2


def test_text(ctl: Any) -> None:
    """For people, values are lines and lists are tables that fit 80 columns."""
    ended: Ended = ctl("timeline", form="text")
    lines = ended.out.splitlines()
    assert lines[0] == f"now         {DAY_BEFORE}"
    assert "ksk-2010    KSK   signing    8          19036    19036" in lines
    assert "2018-10-11T16:00:00Z  sign    ksk-2017" in lines
    assert "operators: none" in lines
    assert max(map(len, lines)) <= 80
    assert "listening: 127.0.0.1:" in ctl("health", form="text").out


@pytest.mark.parametrize(
    ("words", "problem"),
    [
        (("advance", "2018-01-01"), "rootlab: clock: it is 2018-10-10T16:00:00Z, and time does not go"),
        (("advance", "soon"), "rootlab: usage: 'soon' is no instant, duration or event; write it like"),
        (("rate", "--", "-1"), "rootlab: usage: invalid value for 'RATE'"),
        (("delay",), "rootlab: body: give either quarters or by; such as"),
        (("emergency", "ksk-nobody"), "rootlab: there is no key named 'ksk-nobody'; known names"),
        (("faults", "set", "UPPER"), "rootlab: usage: 'UPPER' is no switch; write NAME, NAME=ARGUMENT"),
        (("back-out", "--at", "2017-01-01"), "rootlab: back-out: an instant lies outside the timeline"),
    ],
)  # fmt: skip
def test_refused(ctl: Any, words: tuple[object, ...], problem: str) -> None:
    """What the server or the command line refuses is one line and exit status 2."""
    ended: Ended = ctl(*words)
    assert (ended.status, ended.out, ended.err.count("\n")) == (2, "", 1)
    assert ended.err.startswith(problem)


def test_where_is_the_server(rootlab: Rootlab, monkeypatch: pytest.MonkeyPatch, operated: Operated) -> None:
    """It is named by an option or the environment, and is on loopback; one that is silent is status 3."""
    assert rootlab("ctl", "clock").err.startswith(
        "rootlab: usage: say where the server is: --server ADDRESS:PORT, or"
    )
    for place, problem in (
        ("192.0.2.1:80", "192.0.2.1 is not a loopback address"),
        ("x", "--server: 'x' is no addr"),
    ):
        ended = rootlab("ctl", "--server", place, "clock")
        assert (ended.status, problem in ended.err) == (2, True)
    ended = rootlab("ctl", "--server", "127.0.0.1:1", "clock")
    assert (ended.status, "127.0.0.1 port 1: no control API answers" in ended.err) == (3, True)
    monkeypatch.setenv("ROOTLAB_CONTROL", f"localhost:{operated.control}")
    assert rootlab("ctl", "clock").status == 0


@pytest.mark.parametrize(
    ("status", "body", "problem"),
    [
        (500, b'{"error": "broken", "fault": "lab"}', "the server at 127.0.0.1 port"),
        (200, b"hello", "no control API answers"),
    ],
)
def test_somebody_else_answers(rootlab: Rootlab, status: int, body: bytes, problem: str) -> None:
    """What is no control API, or a broken one, is the environment's fault."""

    class Handler(BaseHTTPRequestHandler):
        """Say the same to everybody."""

        def do_GET(self) -> None:
            """Answer."""
            self.send_response_only(status)
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002
            """Say nothing."""

    with HTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = Thread(target=server.handle_request)
        thread.start()
        ended = rootlab("ctl", "--server", f"127.0.0.1:{server.server_address[1]}", "clock")
        thread.join()
    assert (ended.status, problem in ended.err) == (3, True)


def test_ceremony_files(shared_data: Path, rootlab: Rootlab) -> None:
    """Ceremony files are served with control and trust anchors, too, but cannot be operated."""
    file = shared_data / "skr" / "skr-root-2017-q1-0.xml"
    beside = ("--control", "127.0.0.1:0", "--anchors", "127.0.0.1:0")
    with serving("--skr", file, "--hold", *beside) as server:
        operated = Operated(server, file.parent)
        assert b"<KeyTag>19036<" in fetch(operated, "root-anchors.xml")
        place = f"127.0.0.1:{operated.control}"
        assert "19036    19036" in rootlab("ctl", "--server", place, "timeline").out
        ended = rootlab("ctl", "--server", place, "back-out")
        assert (ended.status, "ceremony files are signed as they are" in ended.err) == (2, True)
        ended = rootlab("ctl", "--server", place, "emergency", "ksk-none")
        assert (ended.status, "no key of the files is called 'ksk-none'" in ended.err) == (2, True)


@pytest.mark.parametrize(
    ("options", "status", "problem"),
    [
        (("--control", "192.0.2.1:0"), 2, "192.0.2.1 is not a loopback address"),
        (("--control", "0.0.0.0:0"), 2, "0.0.0.0 is not a loopback address"),
        (("--control", "localhost:0"), 2, "'localhost' is not an address"),
        (("--anchors", "127.0.0.1"), 2, "--anchors: '127.0.0.1' is no address and port"),
        (("--anchors-variant", "new-ca"), 2, "--anchors-variant goes with --anchors"),
        (("--anchors", "127.0.0.1:0", "--anchors-variant", "x"), 2, "'x' is no variant of the publication"),
        (("--capture", "none/x.pcap"), 2, "none/x.pcap: its folder does not exist"),
        (("--capture", "x.txt"), 2, "x.txt: nothing is captured so"),
        (("--signals", "x.txt"), 2, "x.txt: signals are not written so"),
    ],
)
def test_not_to_be_had(rootlab: Rootlab, options: tuple[str, ...], status: int, problem: str) -> None:
    """What cannot be had beside DNS is refused in one line."""
    ended = rootlab("serve", "2018-actual", *options)
    assert (ended.status, problem in ended.err, ended.err.count("\n")) == (status, True, 1)


def test_captures_end_well(scenario: Path, tmp_path: Path) -> None:
    """When the server ends, so do its files, Parquet among them."""
    table = tmp_path / "said.parquet"
    with serving(scenario, "--capture", tmp_path / "said.dnstap", "--signals", table, "--hold") as server:
        server.ask("_ta-4a5c.", "NULL")
        server.process.terminate()
        assert server.process.wait(20) == 0
    assert (tmp_path / "said.dnstap").read_bytes().endswith(b"\0\0\0\x04\0\0\0\x03")
    assert table.read_bytes().endswith(b"PAR1")


def test_fault_is_served(operated: Operated, ctl: Any) -> None:
    """A fault switched on is what the next query meets, until it is switched off; so is an impairment."""
    now = parse_instant(DAY_BEFORE)

    def ends() -> int:
        found: int = operated.ask(".", "DNSKEY").answer[1][0].expiration
        return found - now

    assert ends() > 0
    assert ctl("faults", "set", "expired")["active"] == [{"name": "expired", "argument": "", "letters": ""}]
    assert ends() < 0
    assert ctl("faults", "clear", "expired")["active"] == []
    assert ends() > 0
    assert ctl("impairments", "set", "truncation")["active"] != []
    assert operated.ask(".", "SOA").flags & dns.flags.TC
    ended = ctl("faults", "set", "stale=P1D@b")
    assert (ended.status, "letter b does not answer here" in ended.err) == (2, True)
    ended = ctl("faults", "set", "expired=nonsense")
    assert (ended.status, "expired: the value must be dnskey" in ended.err) == (2, True)
    ctl("reset")
    assert not operated.ask(".", "SOA").flags & dns.flags.TC


def test_letters_are_operated(scenario: Path, rootlab: Rootlab) -> None:
    """One letter can have a fault and the others not; a key that the timeline lacks is refused."""
    beside = ("--letters", "2", "--fault", "expired@a", "--control", "127.0.0.1:0")
    with serving(scenario, "--at", "2018-10-11T17:00:00Z", "--hold", *beside) as server:
        assert server.process.stdout is not None
        line = server.process.stdout.readline()
        place = line.rpartition("//")[2].strip()
        now = parse_instant("2018-10-11T17:00:00Z")

        def expired() -> list[bool]:
            question = dns.message.make_query(".", "DNSKEY", want_dnssec=True, payload=4096)
            places = ("127.0.0.1", "127.0.0.2")
            answers = (dns.query.udp(question, place, port=server.port, timeout=5) for place in places)
            return [answer.answer[1][0].expiration < now for answer in answers]

        assert expired() == [True, False]
        assert rootlab("ctl", "--server", place, "faults", "set", "expired@b").status == 0
        assert expired() == [True, True]
        assert rootlab("ctl", "--server", place, "faults", "clear", "expired").status == 0
        assert expired() == [False, False]
