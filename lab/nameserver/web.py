"""Carry HTTP requests to a pure handler and its responses back, on loopback or in the lab's own namespace.

Everything is bounded: one request a connection, so many connections at a time, octets of a body, seconds of
silence. With a certificate the same port speaks TLS to whoever begins with a TLS handshake.
"""

from __future__ import annotations

import socket
import ssl
import threading
from collections.abc import Callable, Mapping
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from tempfile import TemporaryDirectory
from types import TracebackType
from typing import Any, Final, NamedTuple, Self, TypeAlias

from ..errors import DriverError
from .listener import check_address, remedy_for

MAX_BODY: Final = 65_536
MAX_REQUESTS: Final = 32
"""Requests in work at a time; the connection of one more is closed."""
SILENCE: Final = 10.0
"""Seconds that a request may take to arrive."""
_HANDSHAKE: Final = b"\x16"
"""The first octet of a TLS handshake (RFC 8446 section 5.1)."""


class Request(NamedTuple):
    """Hold a request; names of headers are in lower case, `body` is None where it is longer than allowed."""

    method: str
    target: str
    headers: Mapping[str, str]
    body: bytes | None


class Response(NamedTuple):
    """Hold a response."""

    status: int
    media_type: str = "application/json"
    body: bytes = b""


Handle: TypeAlias = Callable[[Request], Response]


class WebServer:
    """Answer HTTP at one address; a context manager. `handle` is called by several threads at a time.

    `certificate` holds certificate and key in PEM. `failure` keeps the first exception of the handler; its
    request gets a bare 500. Raises UserError for an address that is not allowed.
    """

    def __init__(
        self,
        handle: Handle,
        address: str,
        port: int = 0,
        *,
        certificate: bytes | None = None,
        anywhere: bool = False,
    ) -> None:
        """Take the handler and where to listen; nothing is bound yet."""
        check_address(address, anywhere)
        self._handle, self._place = handle, (address, port)
        self._context = None if certificate is None else _context(certificate)
        self._server: _Server | None = None
        self._thread: threading.Thread | None = None
        self.failure: Exception | None = None

    @property
    def port(self) -> int:
        """Return the port it serves at."""
        return self._place[1] if self._server is None else int(self._server.server_address[1])

    def answer(self, request: Request) -> Response:
        """Ask the handler; what it raises is kept and ends no thread."""
        try:
            return self._handle(request)
        except Exception as error:
            self.failure = self.failure or error
            return Response(500)

    def __enter__(self) -> Self:
        """Bind and begin to answer. Raises DriverError if the address cannot be bound."""
        address, port = self._place
        kind = _Server6 if ":" in address else _Server
        try:
            self._server = kind(self._place, _handler(self.answer))
        except OSError as error:
            raise DriverError(f"{address} port {port}: {error.strerror}; {remedy_for(error.errno)}") from None
        self._server.context = self._context
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.05,), daemon=True)
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Stop."""
        assert self._server is not None
        assert self._thread is not None
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()


def _context(certificate: bytes) -> ssl.SSLContext:
    """Return the TLS side of a server; the ssl module reads a key from a file only."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    with TemporaryDirectory(prefix="rootlab-") as folder:
        path = Path(folder) / "server.pem"
        path.touch(0o600)
        path.write_bytes(certificate)
        context.load_cert_chain(path)
    return context


class _Server(ThreadingHTTPServer):
    """Serve each connection in a thread, with TLS if the client begins so."""

    daemon_threads = True
    block_on_close = False
    context: ssl.SSLContext | None = None

    def __init__(self, *arguments: Any) -> None:
        self._room = threading.BoundedSemaphore(MAX_REQUESTS)
        super().__init__(*arguments)

    def server_bind(self) -> None:
        """Bind without looking up the name of the address."""
        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        self.socket.bind(self.server_address)
        self.server_address = self.socket.getsockname()
        self.server_name, self.server_port = str(self.server_address[0]), int(self.server_address[1])

    def process_request(self, request: Any, client_address: Any) -> None:
        """Begin a thread if there is room."""
        if self._room.acquire(blocking=False):
            super().process_request(request, client_address)
        else:
            self.shutdown_request(request)

    def process_request_thread(self, request: Any, client_address: Any) -> None:
        """Serve one connection."""
        try:
            super().process_request_thread(request, client_address)
        finally:
            self._room.release()

    def finish_request(self, request: Any, client_address: Any) -> None:
        """Speak TLS or not, as the client does."""
        request.settimeout(SILENCE)
        if self.context is not None and request.recv(1, socket.MSG_PEEK) == _HANDSHAKE:
            with self.context.wrap_socket(request, server_side=True) as secure:
                super().finish_request(secure, client_address)
        else:
            super().finish_request(request, client_address)

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Say nothing: the client left, or does not speak the protocol."""


class _Server6(_Server):
    """The same at an IPv6 address."""

    address_family = socket.AF_INET6


def _handler(answer: Handle) -> type[BaseHTTPRequestHandler]:
    """Return the class http.server wants, which reads a request and writes what `answer` says."""

    class Handler(BaseHTTPRequestHandler):
        """Read one request."""

        timeout = SILENCE

        def __getattr__(self, name: str) -> Any:
            """Take every method; the handler knows which it has."""
            if name.startswith("do_"):
                return self._exchange
            raise AttributeError(name)

        def _exchange(self) -> None:
            headers = {name.lower(): value for name, value in self.headers.items()}
            length = headers.get("content-length", "0")
            body: bytes | None = None
            if len(length) < 9 and length.isascii() and length.isdigit() and int(length) <= MAX_BODY:
                body = self.rfile.read(int(length))
            response = answer(Request(self.command, self.path, headers, body))
            self.send_response_only(response.status)
            self.send_header("Content-Type", response.media_type)
            self.send_header("Content-Length", str(len(response.body)))
            self.send_header("Cache-Control", "no-store")
            self.send_header("X-Content-Type-Options", "nosniff")
            self.end_headers()
            if self.command != "HEAD":
                self.wfile.write(response.body)

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002 (the parent's name)
            """Say nothing."""

    return Handler
