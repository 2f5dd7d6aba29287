"""Speak to named's control channel as rndc does, without a process for each question.

rndc takes 35 ms to start, and named is asked hundreds of times in a run. A message is a table of names and
values, signed by HMAC-SHA256, that bears the sender's time: more than 5 minutes off, named is silent. The
first message of a connection is answered with a nonce that the second has to repeat (BIND 9.18:
lib/isccc/cc.c, bin/rndc/rndc.c `rndc_connected` and `rndc_recvnonce`).
"""

from __future__ import annotations

import hmac
import re
import socket
import struct
import time
from base64 import b64decode, b64encode
from collections.abc import Mapping
from pathlib import Path
from typing import Final, TypeAlias

from ..clock import Instant
from ..errors import DriverError

Table: TypeAlias = dict[str, "bytes | Table"]

PATIENCE: Final = 10.0
"""Real seconds that named may take for an answer."""
LONGEST: Final = 1 << 20
"""Octets of a response; named's own limit is 32768 of a request (`ISCCC_CCMSG_MAXSIZE`)."""
DEEPEST: Final = 8
"""Tables inside of tables that are read."""

_SHA256: Final = 163
_VERSION: Final = 1
_BINARY, _TABLE = 1, 2
_SECRET: Final = re.compile(r'secret "([A-Za-z0-9+/=]{1,200})"')


def ask(key_file: Path, address: str, port: int, words: str, now: Instant) -> str:
    """Give named a command and return what it prints; `now` is the time by named's clock.

    Raises DriverError if it does not answer, or answers with a failure.
    """
    match = _SECRET.search(key_file.read_text(encoding="utf-8"))
    assert match is not None, f"{key_file} is the lab's own and has a secret"
    secret = b64decode(match[1])
    try:
        with socket.create_connection((address, port), timeout=PATIENCE) as line:
            reply = _exchange(line, secret, _request(secret, "null", now, b""))
            control = reply.get("_ctrl")
            nonce = control.get("_nonce", b"") if isinstance(control, dict) else b""
            assert isinstance(nonce, bytes)
            reply = _exchange(line, secret, _request(secret, words, now, nonce))
    except OSError as error:
        raise DriverError(f"named does not answer at {address} port {port}: {error}") from None
    data = reply.get("_data")
    found = data.items() if isinstance(data, dict) else ()
    texts = {key: value for key, value in found if isinstance(value, bytes)}
    if texts.get("result") != b"0" or "err" in texts:
        said = texts.get("err", b"it says nothing").decode("utf-8", "backslashreplace")
        raise DriverError(f"named refuses {words!r}: {said[:200]}")
    return texts.get("text", b"").decode("utf-8", "backslashreplace") + "\n"


def _request(secret: bytes, words: str, now: Instant, nonce: bytes) -> bytes:
    """Return a message with its signature in front; no serial number may come twice in a second."""
    serial = time.monotonic_ns() & 0xFFFFFFFF
    control: Table = {"_ser": b"%d" % serial, "_tim": b"%d" % now, "_exp": b"%d" % (now + 60)}
    if nonce:
        control["_nonce"] = nonce
    body = _written({"_ctrl": control, "_data": {"type": words.encode()}})
    signature = struct.pack("B88s", _SHA256, b64encode(hmac.digest(secret, body, "sha256")))
    message = _written({"_auth": {"hsha": signature}}) + body
    return struct.pack(">II", len(message) + 4, _VERSION) + message


def _exchange(line: socket.socket, secret: bytes, request: bytes) -> Table:
    line.sendall(request)
    (length,) = struct.unpack(">I", _read(line, 4))
    if not 4 <= length <= LONGEST:
        raise OSError(f"a response of {length} octets")
    message = _read(line, length)[4:]
    try:
        reply = _parsed(message, DEEPEST)
        signed = message[len(_written({"_auth": reply["_auth"]})) :]
        authentication = reply["_auth"]
        signature = authentication["hsha"] if isinstance(authentication, dict) else b""
        if not isinstance(signature, bytes):
            raise ValueError("no signature")
    except (KeyError, ValueError, struct.error):
        raise OSError("a response that is none of BIND's") from None
    expected = b64encode(hmac.digest(secret, signed, "sha256"))
    if not hmac.compare_digest(signature[1:].rstrip(b"\0"), expected):
        raise OSError("a response that is not signed by the control key")
    return reply


def _read(line: socket.socket, count: int) -> bytes:
    data = b""
    while len(data) < count:
        more = line.recv(count - len(data))
        if not more:
            raise OSError("it closed the connection")
        data += more
    return data


def _written(table: Mapping[str, bytes | Table]) -> bytes:
    out = b""
    for name, value in table.items():
        data, kind = (_written(value), _TABLE) if isinstance(value, dict) else (value, _BINARY)
        out += struct.pack("B", len(name)) + name.encode() + struct.pack(">BI", kind, len(data)) + data
    return out


def _parsed(data: bytes, depth: int) -> Table:
    """Read a table. Raises ValueError or struct.error for what is none."""
    table: Table = {}
    at = 0
    while at < len(data):
        name = data[at + 1 : at + 1 + data[at]].decode("ascii")
        at += 1 + len(name)
        kind, length = struct.unpack_from(">BI", data, at)
        value = data[at + 5 : at + 5 + length]
        if len(value) != length or kind not in (_BINARY, _TABLE) or not depth:
            raise ValueError("no table")
        table[name] = _parsed(value, depth - 1) if kind == _TABLE else value
        at += 5 + length
    return table
