"""Sockets over the pure responder: both transports, many clients, counters, and errors that end nothing."""

from __future__ import annotations

import os
import select
import socket
import struct
import threading
import time
from collections.abc import Callable, Iterator

import dns.message
import dns.query
import pytest

from lab.errors import DriverError, UserError
from lab.nameserver import postponed
from lab.nameserver.impairments import Deliveries, Delivery
from lab.nameserver.listener import Listener
from tests.conftest import unavailable
from tests.nameserver.lab import RESPONDER, ROLL, query

pytestmark = pytest.mark.real_clock

HERE = ("127.0.0.1", "::1")


def answer(wire: bytes, client: str, address: str, tcp: bool) -> bytes | None:
    """Answer as the root does at the roll, but fail on one name and be silent on another."""
    if b"\x05raise" in wire:
        raise ValueError("no answer")
    if b"\x06silent" in wire:
        return None
    if b"\x05where" in wire:
        return wire[:2] + f"{client} {address} {tcp}".encode()
    return RESPONDER.answer(wire, ROLL, tcp)


@pytest.fixture
def listener() -> Iterator[Listener]:
    """Return a listener at two addresses, and stop it after the test."""
    with Listener(answer, HERE) as running:
        yield running
    assert threading.active_count() == 1


def ask(listener: Listener, wire: bytes, which: int = 0) -> bytes:
    """Send a query over UDP and return what comes back, nothing if nothing does within a while."""
    family = socket.AF_INET6 if ":" in HERE[which] else socket.AF_INET
    with socket.socket(family, socket.SOCK_DGRAM) as client:
        client.connect((HERE[which], listener.ports[which]))
        client.send(wire)
        return client.recv(65535) if select.select([client], [], [], 0.3)[0] else b""


def connect(listener: Listener) -> socket.socket:
    """Return a TCP connection to the first address."""
    return socket.create_connection((HERE[0], listener.ports[0]), timeout=5)


def framed(*wires: bytes) -> bytes:
    """Return messages as TCP carries them (RFC 1035 section 4.2.2)."""
    return b"".join(struct.pack("!H", len(wire)) + wire for wire in wires)


def receive(client: socket.socket) -> bytes:
    """Read one message off a connection, nothing if it is closed."""
    head = client.recv(2, socket.MSG_WAITALL)
    return client.recv(struct.unpack("!H", head)[0], socket.MSG_WAITALL) if len(head) == 2 else b""


@pytest.mark.parametrize("which", [0, 1])
@pytest.mark.parametrize("tcp", [False, True])
def test_a_client_gets_the_responders_answer(listener: Listener, which: int, tcp: bool) -> None:
    """Over IPv4 and IPv6, UDP and TCP, dnspython's own client gets what the responder says."""
    ask_it = dns.query.tcp if tcp else dns.query.udp
    question = dns.message.make_query(".", "DNSKEY", want_dnssec=True, payload=4096)
    reply = ask_it(question, HERE[which], port=listener.ports[which], timeout=5)
    assert reply == dns.message.from_wire(RESPONDER.answer(question.to_wire(), ROLL, tcp) or b"")


def test_udp_is_cut_to_what_the_client_takes_and_tcp_is_not(listener: Listener) -> None:
    """A response that is too long for UDP has TC set, and comes whole over TCP."""
    question = dns.message.make_query(".", "DNSKEY", want_dnssec=True, payload=512)
    reply, over_tcp = dns.query.udp_with_fallback(question, HERE[0], port=listener.ports[0], timeout=5)
    assert (over_tcp, len(reply.answer)) == (True, 2)


def test_the_answerer_knows_both_ends(listener: Listener) -> None:
    """The answerer is told who asks, where, and over what."""
    wire = query("where.", "A")
    assert ask(listener, wire, 0)[2:] == b"127.0.0.1 127.0.0.1 False"
    assert ask(listener, wire, 1)[2:] == b"::1 ::1 False"
    with connect(listener) as client:
        client.sendall(framed(wire))
        assert receive(client)[2:] == b"127.0.0.1 127.0.0.1 True"


def test_several_queries_on_a_connection(listener: Listener) -> None:
    """Queries that are sent without waiting are all answered, in order, however the octets are cut."""
    wires = [struct.pack("!H", number) + query(".", "SOA")[2:] for number in range(5)]
    stream = framed(*wires)
    with connect(listener) as client:
        client.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        for place in range(0, len(stream), 7):
            client.sendall(stream[place : place + 7])
        assert [receive(client)[:2] for _ in wires] == [wire[:2] for wire in wires]


def test_an_answerer_that_raises(listener: Listener) -> None:
    """What the answerer raises is kept, the query gets nothing, and the thread goes on."""
    wire = query("raise.", "A")
    assert ask(listener, wire) == b""
    with connect(listener) as client:
        client.sendall(framed(wire))
        assert receive(client) == b""
    assert str(listener.failure) == "no answer"
    assert ask(listener, query(".", "SOA")) != b""
    _await(listener.idle)
    assert (listener.received, listener.sent) == (3, 3)


def test_silence(listener: Listener) -> None:
    """None says nothing over UDP and hangs up over TCP; both count as dealt with."""
    wire = query("silent.", "A")
    assert ask(listener, wire) == b""
    with connect(listener) as client:
        client.sendall(framed(wire))
        assert receive(client) == b""
    _await(listener.idle)
    assert (listener.received, listener.sent) == (2, 2)


@pytest.mark.parametrize("wire", [b"", b"\x00", os.urandom(11), bytes(65507)], ids=len)
def test_odd_datagrams(listener: Listener, wire: bytes) -> None:
    """Datagrams of any size, none at all included, do not stop the answers."""
    ask(listener, wire)
    assert ask(listener, query(".", "SOA")) != b""


@pytest.mark.parametrize("octets", [b"", b"\x00", b"\x00\x00", b"\x00\x20abc", b"\xff\xff" + bytes(100)])
def test_odd_connections(listener: Listener, octets: bytes) -> None:
    """Connections that end early do not stop the answers, and leave nothing in work."""
    with connect(listener) as client:
        client.sendall(octets)
    with connect(listener) as client:
        client.sendall(framed(query(".", "SOA")))
        assert receive(client) != b""
    _await(listener.idle)


def test_counters_and_idle() -> None:
    """While a query is in work `received` is ahead and the listener not idle; `last_packet_ns` moves on."""
    begun, go_on = threading.Event(), threading.Event()

    def slow(wire: bytes, _client: str, _address: str, _tcp: bool) -> bytes:
        begun.set()
        go_on.wait(5)
        return wire

    with Listener(slow, HERE[:1]) as listener, socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as client:
        start = listener.last_packet_ns
        assert listener.idle()
        client.sendto(b"query", (HERE[0], listener.ports[0]))
        assert begun.wait(5)
        assert (listener.received, listener.sent) == (1, 0)
        go_on.set()
        assert client.recv(100) == b"query"
        _await(listener.idle)
        assert (listener.received, listener.sent) == (1, 1)
        assert start < listener.last_packet_ns <= time.monotonic_ns()


def test_a_waiting_query_is_seen() -> None:
    """A query that no thread has taken yet, since another is in work, is work to do as well."""
    go_on = threading.Event()

    def slow(wire: bytes, _client: str, _address: str, _tcp: bool) -> bytes:
        go_on.wait(5)
        return wire

    with Listener(slow, HERE[:1]) as listener, socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as client:
        for number in range(3):
            client.sendto(bytes((number,)), (HERE[0], listener.ports[0]))
        go_on.set()
        _await(listener.idle)
        assert [client.recv(100) for _ in range(3)] == [b"\x00", b"\x01", b"\x02"]
        assert listener.sent == 3


def test_too_many_connections() -> None:
    """One connection more than allowed is closed at once, and there is room again when others end."""
    with Listener(answer, HERE[:1], max_connections=2) as listener:
        kept = [connect(listener), connect(listener)]
        for one in kept:
            one.sendall(framed(query(".", "SOA")))
            assert receive(one) != b""
        with connect(listener) as refused:
            assert receive(refused) == b""
        for one in kept:
            one.close()

        def served() -> bool:
            try:
                with connect(listener) as client:
                    client.sendall(framed(query(".", "SOA")))
                    return receive(client) != b""
            except ConnectionError:  # closed with the query unread
                return False

        _await(served)


def test_a_silent_connection_is_closed() -> None:
    """A connection without queries is closed after the idle timeout (RFC 7766 section 6.2.3)."""
    with Listener(answer, HERE[:1], idle_timeout=0.05) as listener, connect(listener) as client:
        assert receive(client) == b""


def test_many_clients_at_once(listener: Listener) -> None:
    """Clients in parallel on all sockets get their own answers each."""
    wrong: list[int] = []

    def client(number: int) -> None:
        for turn in range(50):
            wire = struct.pack("!H", 100 * number + turn) + query(f"n{turn}-{number}.alpha.", "A")[2:]
            if ask(listener, wire, number % 2)[:2] != wire[:2]:
                wrong.append(number)

    threads = [threading.Thread(target=client, args=(number,)) for number in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    _await(listener.idle)
    assert (wrong, listener.received, listener.sent) == ([], 300, 300)


def test_stopping_with_open_connections() -> None:
    """Stopping ends threads that wait for clients, at once."""
    listener = Listener(answer, HERE, idle_timeout=300)
    listener.start()
    with connect(listener) as client:
        client.sendall(b"\x00")
        begin = time.monotonic()
        listener.stop()
        assert time.monotonic() - begin < 60
    assert threading.active_count() == 1


def test_a_port_of_ones_own(listener: Listener) -> None:
    """A port that is taken is an error that says so; a free one can be chosen for UDP and TCP alike."""
    with pytest.raises(DriverError, match=r"127\.0\.0\.1 port \d+: .*: choose another port"):
        Listener(answer, HERE[:1], listener.ports[0]).start()
    port = listener.ports[0]
    listener.stop()
    with Listener(answer, HERE[:1], port) as again:
        assert again.ports == (port,)


@pytest.mark.parametrize("address", ["0.0.0.0", "::", "192.0.2.53", "::ffff:127.0.0.1", "8.8.8.8", "fe80::1"])
@pytest.mark.parametrize("anywhere", [False, True])
def test_nobody_else_is_served(address: str, anywhere: bool) -> None:
    """An address others could reach is refused, also for one who claims to be alone and is not."""
    if anywhere and [name for _, name in socket.if_nameindex()] == ["lo"]:
        unavailable("this machine has no interface but lo")
    with pytest.raises(UserError, match="is not a loopback address"):
        Listener(answer, (address,), anywhere=anywhere)


def test_a_name_is_no_address() -> None:
    """Names are not looked up."""
    with pytest.raises(UserError, match="'localhost' is not an address"):
        Listener(answer, ("localhost",))


def test_an_address_this_machine_has_not(monkeypatch: pytest.MonkeyPatch) -> None:
    """If one of several addresses cannot be bound, the others are let go."""
    monkeypatch.setattr("lab.nameserver.listener._isolated", lambda: True)
    with pytest.raises(DriverError, match=r"192\.0\.2\.53 port 0: .*; this machine has no such address"):
        Listener(answer, ("127.0.0.1", "192.0.2.53"), anywhere=True).start()


def _await(true: Callable[[], bool]) -> None:
    """Wait until something is so."""
    deadline = time.monotonic() + 5
    while not true():
        assert time.monotonic() < deadline
        select.select([], [], [], 0.002)


def test_answers_that_wait() -> None:
    """Several answers go to who asked, each in its time, over UDP and TCP; ending forgets those that wait."""
    wire = query(".", "SOA")

    def slow(query_wire: bytes, _client: str, _local: str, _tcp: bool) -> Deliveries:
        return (Delivery(0.05, b"late"), Delivery(0.0, b"soon"), Delivery(60.0, b"never"))

    with Listener(slow, HERE) as listener:
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as client:
            client.settimeout(5)
            client.connect((HERE[0], listener.ports[0]))
            client.send(wire)
            assert [client.recv(100), client.recv(100)] == [b"soon", b"late"]
        with connect(listener) as client:
            client.sendall(framed(wire))
            assert [receive(client), receive(client)] == [b"late", b"soon"]
    assert threading.active_count() == 1


def test_no_more_than_so_many_wait(monkeypatch: pytest.MonkeyPatch) -> None:
    """What waits is bounded: one more is lost, and nothing is sent once it is closed."""
    monkeypatch.setattr(postponed, "MOST", 1)
    with (
        socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as here,
        socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as there,
    ):
        there.bind(("127.0.0.1", 0))
        there.settimeout(5)
        waiting = postponed.Postponed()
        waiting.send(0.05, here, b"first", there.getsockname())
        waiting.send(0.01, here, b"second", there.getsockname())
        assert there.recv(100) == b"first"
        waiting.close()
        waiting.send(0.0, here, b"third", there.getsockname())
        there.settimeout(0.05)
        with pytest.raises(TimeoutError):
            there.recv(100)


def test_a_port_for_each_address() -> None:
    """Each address can have its own port."""
    with Listener(answer, HERE) as free:
        ports = free.ports
    with Listener(answer, HERE, ports) as listener:
        assert listener.ports == ports
