"""Carry queries from sockets to a pure answerer and its answers back: UDP and TCP, one thread a socket.

Threads block in the kernel without taking anything, then take, answer and send under one lock. So the
answerer is never called by two at a time, and a query is at any moment in a socket or counted as received.
"""

from __future__ import annotations

import contextlib
import errno
import fcntl
import select
import socket
import struct
import threading
import time
from collections.abc import Callable, Sequence
from ipaddress import ip_address
from types import TracebackType
from typing import Any, Final, NamedTuple, Self, TypeAlias

from ..errors import DriverError, UserError
from .impairments import Deliveries, Delivery
from .postponed import Postponed

Answer: TypeAlias = Callable[[bytes, str, str, bool], bytes | Deliveries | None]
"""(query, client's address, local address, over TCP) -> response; None says nothing, over TCP it hangs up.

In place of one response there may be several, each with the seconds that it waits (impairments.py).
"""


class Exchange(NamedTuple):
    """Hold a query and what was said to it; `client` and `local` are addresses and ports."""

    query: bytes
    responses: tuple[bytes, ...]
    client: tuple[str, int]
    local: tuple[str, int]
    tcp: bool


Observe: TypeAlias = Callable[[Exchange], None]
"""Take note of an exchange, when its answer is made and before it is sent; one at a time."""

MAX_CONNECTIONS: Final = 64
"""TCP connections at a time, on all addresses together; one more is closed at once."""
IDLE_TIMEOUT: Final = 10.0
"""Seconds that a connection waits for octets (RFC 7766 section 6.2.3: a few seconds is enough)."""

_MAX_QUERY: Final = 8192
"""Octets of a datagram that are read; of a longer one the rest is lost, so that it is malformed."""
_LENGTH: Final = struct.Struct("!H")
_BACKLOG: Final = 128
_BIND_ATTEMPTS: Final = 20
_PAUSE: Final = 0.001
_SIOCGIFFLAGS: Final = 0x8913
_UP: Final = 1


class Listener:
    """Answer on UDP and TCP at some addresses; a context manager.

    `received` counts the queries taken off a socket, `sent` those answered, or dropped on purpose; while
    they are equal nothing is in work. `last_packet_ns` is when the last packet came or went
    (time.monotonic_ns). `failure` keeps the first exception the answerer raised, or `observe`; its query gets
    nothing.
    """

    def __init__(
        self,
        answer: Answer,
        addresses: Sequence[str],
        port: int | Sequence[int] = 0,
        *,
        anywhere: bool = False,
        watched: bool = True,
        idle_timeout: float = IDLE_TIMEOUT,
        max_connections: int = MAX_CONNECTIONS,
        observe: Observe | None = None,
    ) -> None:
        """Take the answerer and where to listen: one port for all addresses, or one for each.

        Port 0 lets the system choose.

        Only loopback addresses are allowed. `anywhere` allows all that lo has where no other interface is
        up: inside the lab's own namespace. What is not `watched` is faster, and `idle` may be wrong about it.
        Raises UserError for an address that is not allowed.
        """
        for address in addresses:
            check_address(address, anywhere)
        ports = (port,) * len(addresses) if isinstance(port, int) else tuple(port)
        self._answer, self._addresses, self._wanted = answer, tuple(addresses), ports
        self._watched = watched
        self._idle_timeout, self._max_connections = idle_timeout, max_connections
        self._observe = observe
        self._lock = threading.Lock()
        self._stopped = threading.Event()
        self._sockets: list[socket.socket] = []
        self._connections: set[socket.socket] = set()
        self._waiting = select.poll()
        self._threads: list[threading.Thread] = []
        self._postponed = Postponed()
        self.ports: tuple[int, ...] = ()
        self.received = self.sent = 0
        self.last_packet_ns = time.monotonic_ns()
        self.failure: Exception | None = None

    def start(self) -> None:
        """Bind every address and begin to answer. Raises DriverError if one cannot be bound."""
        try:
            for address, port in zip(self._addresses, self._wanted, strict=True):
                self._sockets += _bind(address, port)
        except DriverError:
            self._close()
            raise
        for one in self._sockets:
            self._waiting.register(one, select.POLLIN)
        self.ports = tuple(udp.getsockname()[1] for udp in self._sockets[::2])
        for number, address in enumerate(self._addresses):
            udp, tcp = self._sockets[2 * number : 2 * number + 2]
            local = (address, self.ports[number])
            self._run(self._serve_udp, udp, local)
            self._run(self._serve_tcp, tcp, local)

    def stop(self) -> None:
        """Stop answering, close every socket, and wait until the threads have ended."""
        with self._lock:
            self._stopped.set()
            for one in (*self._sockets, *self._connections):
                with contextlib.suppress(OSError):
                    one.shutdown(socket.SHUT_RDWR)
        self._postponed.close()
        for thread in self._threads:
            thread.join()
        self._close()

    def idle(self) -> bool:
        """Tell whether nothing is in work and nothing waits in any socket.

        What a client sends from now on is not foreseen: it counts as soon as the kernel has it.
        """
        with self._lock:
            return self.received == self.sent and not self._waiting.poll(0)

    def __enter__(self) -> Self:
        """Start."""
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Stop."""
        self.stop()

    # -- threads ---------------------------------------------------------------------------------------------

    def _run(self, serve: Callable[..., None], *arguments: object) -> None:
        thread = threading.Thread(target=serve, args=arguments, daemon=True)
        self._threads.append(thread)
        thread.start()

    def _serve_udp(self, udp: socket.socket, local: tuple[str, int]) -> None:
        """Answer datagrams until told to stop.

        Whoever asks whether all is idle must not find a datagram between socket and count: so a thread that
        is watched waits by looking, and takes under the lock. That look is a system call in ten microseconds.
        """
        wait, take, lock = udp.recv, udp.recvfrom, self._lock
        watched = self._watched
        while True:
            try:
                if watched:
                    wait(1, socket.MSG_PEEK)
                    with lock:
                        if self._stopped.is_set():
                            return
                        query, client = take(_MAX_QUERY, socket.MSG_DONTWAIT)
                        self._respond(udp, query, client, local)
                else:
                    query, client = take(_MAX_QUERY)
                    with lock:
                        if self._stopped.is_set():
                            return
                        self._respond(udp, query, client, local)
            except OSError:
                self._stopped.wait(_PAUSE)

    def _respond(self, udp: socket.socket, query: bytes, client: Any, local: tuple[str, int]) -> None:
        """Answer a datagram, under the lock."""
        self.received += 1
        try:
            response = self._ask(query, client[:2], local, False)
            if isinstance(response, bytes):
                udp.sendto(response, client)
            elif response is not None:
                self._deliver(udp, response, client)
        finally:
            self.sent += 1
            self.last_packet_ns = time.monotonic_ns()

    def _deliver(self, udp: socket.socket, found: Deliveries, client: Any) -> None:
        """Send what arrives at once, and let the rest wait."""
        for after, wire in found:
            if after > 0:
                self._postponed.send(after, udp, wire, client)
            else:
                udp.sendto(wire, client)

    def _serve_tcp(self, listening: socket.socket, local: tuple[str, int]) -> None:
        """Take connections until told to stop, each into a thread of its own."""
        ready = select.poll()
        ready.register(listening, select.POLLIN)
        while True:
            ready.poll()
            try:
                with self._lock:
                    if self._stopped.is_set():
                        return
                    connection, client = listening.accept()
                    if len(self._connections) >= self._max_connections:
                        connection.close()
                        continue
                    connection.settimeout(self._idle_timeout)
                    self._connections.add(connection)
                    self._waiting.register(connection, select.POLLIN)
                    self._threads = [thread for thread in self._threads if thread.is_alive()]
                    self._run(self._serve_connection, connection, client[:2], local)
            except (OSError, RuntimeError):  # no more files or threads
                self._stopped.wait(_PAUSE)

    def _serve_connection(
        self, connection: socket.socket, client: tuple[str, int], local: tuple[str, int]
    ) -> None:
        """Answer the queries of a connection in turn, until the client or its silence ends it."""
        try:
            while connection.recv(1, socket.MSG_PEEK) and self._exchange(connection, client, local):
                pass
        except OSError:
            pass
        finally:
            with self._lock:
                self._connections.discard(connection)
                self._waiting.unregister(connection)
                connection.close()

    def _exchange(self, connection: socket.socket, client: tuple[str, int], local: tuple[str, int]) -> bool:
        """Read one query, answer it, and tell whether the connection goes on."""
        with self._lock:
            self.received += 1
            self.last_packet_ns = time.monotonic_ns()
        try:
            query = _read(connection, _LENGTH.unpack(_read(connection, _LENGTH.size))[0])
            with self._lock:
                response = None if self._stopped.is_set() else self._ask(query, client, local, True)
            messages = response if isinstance(response, tuple) else ()
            if isinstance(response, bytes):
                messages = (Delivery(0.0, response),)
            for after, wire in messages:
                if after > 0 and self._stopped.wait(after):
                    return False
                connection.sendall(_LENGTH.pack(len(wire)) + wire)
            return bool(messages)
        finally:
            with self._lock:
                self.sent += 1
                self.last_packet_ns = time.monotonic_ns()

    def _ask(
        self, query: bytes, client: tuple[str, int], local: tuple[str, int], tcp: bool
    ) -> bytes | Deliveries | None:
        """Ask the answerer, under the lock; what it raises is kept and ends no thread."""
        try:
            response = self._answer(query, client[0], local[0], tcp)
            if self._observe is not None:
                found = (response,) if isinstance(response, bytes) else (one.wire for one in response or ())
                self._observe(Exchange(query, tuple(found), client, local, tcp))
            return response
        except Exception as error:
            self.failure = self.failure or error
            return None

    def _close(self) -> None:
        """Close the sockets that listen."""
        self._waiting = select.poll()
        while self._sockets:
            self._sockets.pop().close()


def _read(connection: socket.socket, size: int) -> bytes:
    """Read so many octets; raises OSError if the client goes or is silent for too long."""
    parts = bytearray()
    while len(parts) < size:
        part = connection.recv(size - len(parts))
        if not part:
            raise ConnectionResetError
        parts += part
    return bytes(parts)


def check_address(address: str, anywhere: bool) -> None:
    """Refuse to listen where somebody outside could ask. Raises UserError."""
    try:
        parsed = ip_address(address)
    except ValueError:
        raise UserError(
            f"{address!r} is not an address", remedy="write it like 127.0.0.1 or ::1, without a name"
        ) from None
    if parsed.is_loopback or (anywhere and not parsed.is_unspecified and _isolated()):
        return
    raise UserError(
        f"{address} is not a loopback address",
        remedy="an emulated root is served on loopback or in the lab's own namespace, never to anybody else",
    )


def _isolated() -> bool:
    """Tell whether no interface is up but lo and what the lab itself made."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as asking:
        for _, name in socket.if_nameindex():
            if name != "lo" and not name.startswith("lab"):
                reply = fcntl.ioctl(asking, _SIOCGIFFLAGS, struct.pack("16sH14x", name.encode(), 0))
                if struct.unpack("16sH14x", reply)[1] & _UP:
                    return False
    return True


def _bind(address: str, port: int) -> tuple[socket.socket, socket.socket]:
    """Return a UDP socket and a listening TCP socket at an address, with the same port."""
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    attempts = 1 if port else _BIND_ATTEMPTS
    for attempt in range(1, attempts + 1):
        udp = socket.socket(family, socket.SOCK_DGRAM)
        tcp = socket.socket(family, socket.SOCK_STREAM)
        try:
            udp.bind((address, port))
            tcp.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            tcp.bind((address, udp.getsockname()[1]))
            tcp.listen(_BACKLOG)
        except OSError as error:
            udp.close()
            tcp.close()
            if error.errno != errno.EADDRINUSE or attempt == attempts:
                raise DriverError(
                    f"{address} port {port}: {error.strerror}; {remedy_for(error.errno)}"
                ) from None
        else:
            return udp, tcp
    raise AssertionError("the last attempt returns or raises")


def remedy_for(number: int | None) -> str:
    """Say what to do about an address that cannot be bound."""
    if number in (errno.EACCES, errno.EPERM):
        return "choose a port from 1024 on, or 0 for a free one"
    if number == errno.EADDRINUSE:
        return "somebody else listens there: choose another port, or 0 for a free one"
    return "this machine has no such address"
