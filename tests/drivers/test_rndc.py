"""The control channel of named: what is written is read again, and nothing else is believed."""

from __future__ import annotations

import socket
import struct
import threading
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lab.drivers import rndc
from lab.errors import DriverError

SECRET = b"0" * 32
KEY_FILE = (
    'key "rndc-key" { algorithm hmac-sha256; secret "MDAwMDAwMDAwMDAwMDAwMDAwMDAwMDAwMDAwMDAwMDA="; };\n'
)

_NAMES = st.text("abcdefgh_", min_size=1, max_size=20)
_TABLES = st.recursive(
    st.binary(max_size=60), lambda inner: st.dictionaries(_NAMES, inner, max_size=4), max_leaves=12
).filter(lambda value: isinstance(value, dict))


@given(_TABLES)
def test_round_trip(table: rndc.Table) -> None:
    """A table is read as it was written."""
    assert rndc._parsed(rndc._written(table), 20) == table


@given(st.binary(max_size=80))
def test_rubbish(data: bytes) -> None:
    """Octets that are no table are refused; those that are come out again."""
    try:
        table = rndc._parsed(data, 3)
    except (ValueError, struct.error):
        return
    assert isinstance(table, dict)


def answered(tmp_path: Path, response: bytes) -> str:
    """Ask a server that gives the same response to everything."""
    server = socket.create_server(("127.0.0.1", 0))

    def serve() -> None:
        line, _ = server.accept()
        with line:
            line.recv(65535)
            line.sendall(response)

    thread = threading.Thread(target=serve)
    thread.start()
    key = tmp_path / "rndc.key"
    key.write_text(KEY_FILE)
    try:
        return rndc.ask(key, "127.0.0.1", server.getsockname()[1], "status", 1_539_273_600)
    finally:
        thread.join()
        server.close()


def _framed(message: bytes) -> bytes:
    return (len(message) + 4).to_bytes(4, "big") + b"\0\0\0\1" + message


@pytest.mark.parametrize(
    ("response", "problem"),
    [
        (b"", "closed the connection"),
        (b"\xff" * 8, "octets"),
        (_framed(b"\x05_auth\x01\0\0\0\x00"), "not signed"),
        (_framed(b"\x07rubbish"), "none of BIND's"),
        (rndc._request(b"another secret", "null", 0, b"n"), "not signed by the control key"),
    ],
)
def test_responses_that_are_not_believed(tmp_path: Path, response: bytes, problem: str) -> None:
    """Who does not speak the protocol, or does not know the key, is not believed."""
    with pytest.raises(DriverError, match=problem):
        answered(tmp_path, response)


def test_nobody_there(tmp_path: Path) -> None:
    """Where nobody listens the error names address and port."""
    key = tmp_path / "rndc.key"
    key.write_text(KEY_FILE)
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
    with pytest.raises(DriverError, match=f"127.0.0.1 port {port}"):
        rndc.ask(key, "127.0.0.1", port, "status", 0)
