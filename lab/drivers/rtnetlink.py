"""Give addresses to the loopback interface of the network namespace this process is in (rtnetlink(7)).

By socket and not by the program `ip`: an ordinary user's rights in a namespace end with the next program
they start.
"""

from __future__ import annotations

import errno
import os
import socket
import struct
from collections.abc import Iterable
from ipaddress import ip_address
from typing import Final

from ..errors import DriverError

_HEADER = struct.Struct("=IHHII")
_LINK = struct.Struct("=BxHiII")
_ADDRESS = struct.Struct("=BBBBI")
_ATTRIBUTE = struct.Struct("=HH")
_ERROR = struct.Struct("=i")

_NEW_LINK: Final = 16
_NEW_ADDRESS: Final = 20
_IS_ERROR: Final = 2
_CREATE_AND_CONFIRM: Final = 0x1 | 0x4 | 0x400
_UP: Final = 1
_NO_DAD: Final = 2
"""No search for the same address on a link that has nobody else (RFC 4862 section 5.4)."""
_AS_ADDRESS, _AS_LOCAL = 1, 2


def raise_loopback(addresses: Iterable[str]) -> None:
    """Set `lo` up and give it addresses, IPv4 as /32 and IPv6 as /128. Raises DriverError."""
    lo = socket.if_nametoindex("lo")
    with socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, socket.NETLINK_ROUTE) as kernel:
        _tell(kernel, _NEW_LINK, _LINK.pack(0, 0, lo, _UP, _UP), "lo")
        for text in dict.fromkeys(addresses):
            _tell(kernel, _NEW_ADDRESS, _address(lo, text), text)


def _address(lo: int, text: str) -> bytes:
    """Return the message that adds an address."""
    address = ip_address(text)
    family = socket.AF_INET if address.version == 4 else socket.AF_INET6
    packed = address.packed
    kinds = (_AS_LOCAL, _AS_ADDRESS) if address.version == 4 else (_AS_ADDRESS,)
    attributes = b"".join(_ATTRIBUTE.pack(_ATTRIBUTE.size + len(packed), kind) + packed for kind in kinds)
    return _ADDRESS.pack(family, 8 * len(packed), _NO_DAD, 0, lo) + attributes


def _tell(kernel: socket.socket, kind: int, message: bytes, what: str) -> None:
    """Send one request and wait for the kernel's word on it; that something is there already is fine."""
    kernel.send(_HEADER.pack(_HEADER.size + len(message), kind, _CREATE_AND_CONFIRM, 1, 0) + message)
    reply = kernel.recv(4096)
    assert _HEADER.unpack_from(reply)[1] == _IS_ERROR, "a confirmation was asked for"
    number = -_ERROR.unpack_from(reply, _HEADER.size)[0]
    if number not in (0, errno.EEXIST):
        six = " (is IPv6 switched off in the kernel?)" if ":" in what else ""
        raise DriverError(f"namespace: {what} cannot be had on lo: {os.strerror(number)}{six}")
