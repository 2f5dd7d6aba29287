"""The web server of the trust anchors: http and https on one port, by the lab's clock, with bounds."""

from __future__ import annotations

import socket
import ssl
from collections.abc import Iterator
from http.client import HTTPConnection, HTTPSConnection
from types import SimpleNamespace
from typing import NamedTuple

import pytest

from lab.authority.anchors import BUNDLE, DOCUMENTS, P7S, XML, Listed
from lab.authority.keyring import KeyRing
from lab.errors import DriverError, UserError
from lab.nameserver.anchors_https import AnchorServer, publish
from lab.nameserver.web import Request, Response, WebServer

pytestmark = pytest.mark.real_clock  # threads run, and certificates are made

CLOCK = SimpleNamespace(now=0)
LISTED = (Listed(KeyRing().key("ksk-2017"), 0), Listed(KeyRing().key("ksk-2024"), 1000))


@pytest.fixture(scope="module")
def server() -> Iterator[AnchorServer]:
    """Return a server that runs."""
    with AnchorServer(publish(LISTED), lambda: CLOCK.now, "127.0.0.1") as running:
        yield running


class Fetched(NamedTuple):
    """Hold what came back."""

    status: int
    kind: str | None
    content: bytes


def fetch(server: WebServer, path: str, *, secure: bool = False, method: str = "GET") -> Fetched:
    """Fetch a document; whom the server is by its certificate is not looked at, as by unbound-anchor."""
    context = ssl.create_default_context()
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    connection = (
        HTTPSConnection("127.0.0.1", server.port, timeout=5, context=context)
        if secure
        else HTTPConnection("127.0.0.1", server.port, timeout=5)
    )
    connection.request(method, path)
    response = connection.getresponse()
    found = Fetched(response.status, response.headers["Content-Type"], response.read())
    connection.close()
    return found


@pytest.mark.parametrize("secure", [False, True])
def test_documents(server: AnchorServer, secure: bool) -> None:
    """Each document comes over http and over https, with its media type (RFC 8446 section 5.1)."""
    for path, kind in DOCUMENTS.items():
        response = fetch(server, path, secure=secure)
        assert (response.status, response.kind) == (200, kind)
    assert server.asked[-3:] == [XML, P7S, BUNDLE]


def test_time_goes_on(server: AnchorServer) -> None:
    """What is published is as of the instant the lab's clock shows."""
    CLOCK.now = 0
    before = fetch(server, XML)
    CLOCK.now = 1000
    after = fetch(server, XML + "?again")
    counts = [response.content.count(b"KeyTag>") for response in (before, after)]
    assert counts == [2, 4]


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [("GET", "/", 404), ("POST", XML, 405), ("BREW", XML, 405), ("HEAD", XML, 200)],
)
def test_nothing_else(server: AnchorServer, method: str, path: str, status: int) -> None:
    """There is nothing else to be had, and HEAD has no body."""
    response = fetch(server, path, method=method)
    assert (response.status, method == "HEAD") == (status, response.content == b"")


@pytest.mark.parametrize(
    "said", [b"\x16\x03\x01 no handshake", b"GET\r\n\r\n", b"\x00\x00", b"GET / HTTP/9.9\r\n\r\n"]
)
def test_rubbish(server: AnchorServer, said: bytes) -> None:
    """Who speaks neither protocol ends his own connection alone."""
    with socket.create_connection(("127.0.0.1", server.port), timeout=5) as connection:
        connection.sendall(said)
        connection.shutdown(socket.SHUT_WR)
        while connection.recv(4096):
            pass
    assert fetch(server, BUNDLE).status == 200


def test_a_handler_that_fails() -> None:
    """What a handler raises is kept, and its client gets a 500."""

    def handle(request: Request) -> Response:
        raise ZeroDivisionError(request.method)

    with WebServer(handle, "::1") as web:
        connection = HTTPConnection("::1", web.port, timeout=5)
        connection.request("GET", "/")
        assert connection.getresponse().status == 500
        connection.close()
    assert repr(web.failure) == "ZeroDivisionError('GET')"


def test_bodies_are_bounded() -> None:
    """A body longer than allowed, or of no length, is not read."""
    seen: list[bytes | None] = []

    def handle(request: Request) -> Response:
        seen.append(request.body)
        return Response(200)

    with WebServer(handle, "127.0.0.1") as web:
        for length, body in (("3", b"abc"), ("65537", b""), ("-1", b""), ("x", b""), ("9" * 20, b"")):
            with socket.create_connection(("127.0.0.1", web.port), timeout=5) as connection:
                connection.sendall(f"PUT / HTTP/1.1\r\nContent-Length: {length}\r\n\r\n".encode() + body)
                assert connection.recv(64).startswith(b"HTTP/1.0 200")
    assert seen == [b"abc", None, None, None, None]


def test_too_many_requests(monkeypatch: pytest.MonkeyPatch) -> None:
    """While there is no room a connection is closed at once; afterwards there is room again."""
    monkeypatch.setattr("lab.nameserver.web.MAX_REQUESTS", 1)
    with WebServer(lambda request: Response(200), "127.0.0.1") as web:
        with socket.create_connection(("127.0.0.1", web.port), timeout=5) as first:
            first.sendall(b"GET / HT")
            with socket.create_connection(("127.0.0.1", web.port), timeout=5) as second:
                assert second.recv(1) == b""
            first.sendall(b"TP/1.0\r\n\r\n")
            while first.recv(4096):
                pass
        status = 0
        while status != 200:
            try:
                status = fetch(web, "/").status
            except OSError:
                continue


def test_where_it_may_listen(server: AnchorServer) -> None:
    """Only loopback is served, and a port that is taken is said to be."""
    with pytest.raises(UserError, match=r"192\.0\.2\.1 is not a loopback address"):
        AnchorServer(publish(LISTED), lambda: 0, "192.0.2.1")
    other = AnchorServer(publish(LISTED), lambda: 0, "127.0.0.1", server.port)
    with pytest.raises(DriverError, match="somebody else listens there"):
        other.__enter__()
