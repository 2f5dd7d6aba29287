"""Write down everything said, on the lab's clock: as packets (pcap) or as messages (dnstap).

Pure encoders: exchanges in, octets out. A datagram is written as it was; of a TCP connection the listener
sees messages alone, so its packets are made up, with a handshake before the first, for tools that follow it.
"""

from __future__ import annotations

import struct
from collections.abc import Callable
from ipaddress import ip_address
from typing import Final, NamedTuple, Protocol

from .listener import Exchange

NANO: Final = 1_000_000_000
_MAX_SEGMENT: Final = 65_000
_CONNECTIONS: Final = 1024
_UDP, _TCP = 17, 6
_SYN, _ACK, _PUSH = 0x02, 0x10, 0x08
_WINDOW: Final = 65_535

Place = tuple[str, int]
"""Address and port."""


class Writer(Protocol):
    """Turn exchanges into the octets of a file, part by part."""

    def head(self) -> bytes:
        """Return what a file begins with."""
        ...

    def exchange(self, said: Exchange, now: float) -> bytes:
        """Return what is added for a query and its answer, at a time in seconds since 1970."""
        ...

    def tail(self) -> bytes:
        """Return what a file ends with."""
        ...


class _Stream(NamedTuple):
    """Count the octets each side of a connection has sent, as TCP does."""

    client: int = 0
    server: int = 0


class Pcap:
    """Write packets as raw IP (link type 101), times in nanoseconds; for tcpdump, Wireshark and others."""

    _MAGIC: Final = 0xA1B23C4D
    _RAW_IP: Final = 101
    _SNAPLEN: Final = 262_144

    def __init__(self) -> None:
        """Begin without connections."""
        self._streams: dict[tuple[Place, Place], _Stream] = {}

    def head(self) -> bytes:
        """Return the file header."""
        return struct.pack("<IHHiIII", self._MAGIC, 2, 4, 0, 0, self._SNAPLEN, self._RAW_IP)

    def exchange(self, said: Exchange, now: float) -> bytes:
        """Return the packets of a query and its answer, or of a query alone."""
        packets = self._segments(said) if said.tcp else _datagrams(said)
        return b"".join(self._record(packet, now) for packet in packets)

    def tail(self) -> bytes:
        """Return nothing: a file may end after any packet."""
        return b""

    def _record(self, packet: bytes, now: float) -> bytes:
        seconds, rest = divmod(int(now * 1e6), 1_000_000)
        return struct.pack("<IIII", seconds, rest * 1000, len(packet), len(packet)) + packet

    def _segments(self, said: Exchange) -> list[bytes]:
        """Return the segments of an exchange, with the handshake before the first of its connection."""
        place = (said.client, said.local)
        stream = self._streams.pop(place, None)
        packets: list[bytes] = []
        if stream is None:
            packets += [
                _segment(said.client, said.local, 0, 0, _SYN),
                _segment(said.local, said.client, 0, 1, _SYN | _ACK),
                _segment(said.client, said.local, 1, 1, _ACK),
            ]
            stream = _Stream(1, 1)
        asked, answered = stream
        for data in _pieces(said.query):
            packets.append(_segment(said.client, said.local, asked, answered, _PUSH | _ACK, data))
            asked += len(data)
        for data in (piece for response in said.responses for piece in _pieces(response)):
            packets.append(_segment(said.local, said.client, answered, asked, _PUSH | _ACK, data))
            answered += len(data)
        if len(self._streams) >= _CONNECTIONS:
            del self._streams[next(iter(self._streams))]
        self._streams[place] = _Stream(asked & 0xFFFFFFFF, answered & 0xFFFFFFFF)
        return packets


def _pieces(message: bytes) -> list[bytes]:
    """Return a message with its length before it (RFC 1035 section 4.2.2), in pieces that fit a packet."""
    whole = struct.pack("!H", len(message)) + message
    return [whole[at : at + _MAX_SEGMENT] for at in range(0, len(whole), _MAX_SEGMENT)]


def _datagrams(said: Exchange) -> list[bytes]:
    """Return the datagrams of an exchange."""
    answers = [_datagram(said.local, said.client, response) for response in said.responses]
    return [_datagram(said.client, said.local, said.query), *answers]


def _datagram(source: Place, target: Place, data: bytes) -> bytes:
    head = struct.pack("!HHH", source[1], target[1], 8 + len(data))
    total = _checksum(_pseudo(source, target, _UDP, 8 + len(data)) + head + b"\0\0" + data)
    return _packet(source, target, _UDP, head + struct.pack("!H", total or 0xFFFF) + data)


def _segment(source: Place, target: Place, sequence: int, acked: int, flags: int, data: bytes = b"") -> bytes:
    numbers = (sequence & 0xFFFFFFFF, acked & 0xFFFFFFFF if flags & _ACK else 0)
    head = struct.pack("!HHIIBBH", source[1], target[1], *numbers, 5 << 4, flags, _WINDOW)
    total = _checksum(_pseudo(source, target, _TCP, 20 + len(data)) + head + bytes(4) + data)
    return _packet(source, target, _TCP, head + struct.pack("!HH", total, 0) + data)


def _pseudo(source: Place, target: Place, protocol: int, length: int) -> bytes:
    """Return the pseudo header that checksums cover (RFC 8200 section 8.1; for IPv4 RFC 9293 section 3.1)."""
    addresses = ip_address(source[0]).packed + ip_address(target[0]).packed
    return addresses + struct.pack("!II", length, protocol)


def _packet(source: Place, target: Place, protocol: int, payload: bytes) -> bytes:
    """Return an IP packet."""
    one, other = ip_address(source[0]), ip_address(target[0])
    if one.version == 6:
        return struct.pack("!IHBB", 6 << 28, len(payload), protocol, 64) + one.packed + other.packed + payload
    head = struct.pack("!BBHHHBB", 0x45, 0, 20 + len(payload), 0, 0x4000, 64, protocol)
    total = _checksum(head + b"\0\0" + one.packed + other.packed)
    return head + struct.pack("!H", total) + one.packed + other.packed + payload


def _checksum(octets: bytes) -> int:
    """Return the Internet checksum (RFC 1071 section 1)."""
    padded = octets + b"\0" * (len(octets) % 2)
    total: int = sum(struct.unpack(f"!{len(padded) // 2}H", padded))
    while total > 0xFFFF:
        total = (total & 0xFFFF) + (total >> 16)
    return total ^ 0xFFFF


class Dnstap:
    """Write messages as dnstap in Frame Streams; read by dnstap-read and its like.

    The fields are those of dnstap.proto: each query and each answer is one message of type AUTH_QUERY or
    AUTH_RESPONSE.
    """

    _CONTENT: Final = b"protobuf:dnstap.Dnstap"
    _START, _STOP, _FIELD_CONTENT_TYPE = 2, 3, 1
    _AUTH_QUERY, _AUTH_RESPONSE = 1, 2

    def __init__(self, identity: str = "rootlab") -> None:
        """Take the name of the server."""
        self._identity = identity.encode()

    def head(self) -> bytes:
        """Return the control frame START."""
        content = struct.pack("!II", self._FIELD_CONTENT_TYPE, len(self._CONTENT)) + self._CONTENT
        return _control(struct.pack("!I", self._START) + content)

    def exchange(self, said: Exchange, now: float) -> bytes:
        """Return the frames of a query and its answer, or of a query alone."""
        seconds, rest = divmod(int(now * 1e6), 1_000_000)
        asked = _number(8, seconds) + _fixed32(9, rest * 1000) + _octets(10, said.query)
        frames = [self._frame(said, self._AUTH_QUERY, asked)]
        for response in said.responses:
            told = _number(12, seconds) + _fixed32(13, rest * 1000) + _octets(14, response)
            frames.append(self._frame(said, self._AUTH_RESPONSE, told))
        return b"".join(frames)

    def tail(self) -> bytes:
        """Return the control frame STOP."""
        return _control(struct.pack("!I", self._STOP))

    def _frame(self, said: Exchange, kind: int, content: bytes) -> bytes:
        """Return one message as a data frame."""
        client, local = (ip_address(place[0]) for place in (said.client, said.local))
        message = b"".join(
            (
                _number(1, kind),
                _number(2, 1 if client.version == 4 else 2),
                _number(3, 2 if said.tcp else 1),
                _octets(4, client.packed),
                _octets(5, local.packed),
                _number(6, said.client[1]),
                _number(7, said.local[1]),
                content,
            )
        )
        whole = _octets(1, self._identity) + _octets(14, message) + _number(15, 1)
        return struct.pack("!I", len(whole)) + whole


def _control(frame: bytes) -> bytes:
    """Return a control frame of Frame Streams: a length of 0, then its own."""
    return struct.pack("!II", 0, len(frame)) + frame


def _number(field: int, value: int) -> bytes:
    """Return a field of protobuf that holds a number."""
    return _varint(field << 3) + _varint(value)


def _fixed32(field: int, value: int) -> bytes:
    """Return a field of protobuf that holds four octets."""
    return _varint(field << 3 | 5) + struct.pack("<I", value)


def _octets(field: int, value: bytes) -> bytes:
    """Return a field of protobuf that holds octets."""
    return _varint(field << 3 | 2) + _varint(len(value)) + value


def _varint(value: int) -> bytes:
    """Return a number as protobuf has it: seven bits an octet, the lowest first."""
    found = bytearray()
    while value > 0x7F:
        found.append(value & 0x7F | 0x80)
        value >>= 7
    found.append(value)
    return bytes(found)


WRITERS: Final[dict[str, Callable[[], Writer]]] = {".pcap": Pcap, ".dnstap": Dnstap}
"""Suffix of a file, and who writes it."""
