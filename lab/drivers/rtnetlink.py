"""Furnish the network namespace this process is in: addresses on lo, and a link beside it (rtnetlink(7)).

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
from pathlib import Path
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
_NO_LINK: Final = _LINK.pack(0, 0, 0, 0, 0)
"""The head of a message about a link that is still to be made."""
_NO_DAD: Final = 2
"""No search for the same address on a link that has nobody else (RFC 4862 section 5.4)."""
_AS_ADDRESS, _AS_LOCAL = 1, 2
_LINK_NAME, _LINK_INFO = 3, 18
_INFO_KIND, _INFO_DATA = 1, 2
_VETH_PEER: Final = 1
"""The numbers of attributes, as in linux/if_link.h and linux/veth.h."""

LINK: Final = "lab0", "lab1"
"""The ends of the link, both in here: what is sent into one comes out of the other, where nobody looks."""


def raise_loopback(addresses: Iterable[str]) -> None:
    """Set `lo` up and give it addresses, IPv4 as /32 and IPv6 as /128. Raises DriverError."""
    with socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, socket.NETLINK_ROUTE) as kernel:
        _tell(kernel, _NEW_LINK, _up("lo"), "lo cannot be set up")
        for text in dict.fromkeys(addresses):
            _tell(kernel, _NEW_ADDRESS, _address("lo", text), f"{text} cannot be had on lo")


def raise_link(address: str) -> None:
    """Make a link that is not lo, a pair of interfaces, set it up, and give its near end an IPv4 address.

    For software that takes a host with lo alone for offline. It has no IPv6, so that nothing stirs on it.
    Raises DriverError.
    """
    near, far = LINK
    with socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, socket.NETLINK_ROUTE) as kernel:
        nearer, farther = (_NO_LINK + _attribute(_LINK_NAME, one.encode() + b"\0") for one in (near, far))
        about = _attribute(_INFO_KIND, b"veth\0") + _attribute(_INFO_DATA, _attribute(_VETH_PEER, farther))
        pair = nearer + _attribute(_LINK_INFO, about)
        _tell(kernel, _NEW_LINK, pair, "a link beside lo cannot be had (has this kernel no veth?)")
        for one in LINK:
            six = Path(f"/proc/sys/net/ipv6/conf/{one}/disable_ipv6")
            if six.exists():
                six.write_text("1")
        _tell(kernel, _NEW_ADDRESS, _address(near, address), f"{address} cannot be had on {near}")
        for one in LINK:
            _tell(kernel, _NEW_LINK, _up(one), f"{one} cannot be set up")


def _up(link: str) -> bytes:
    """Return the message that sets a link up."""
    return _LINK.pack(0, 0, socket.if_nametoindex(link), _UP, _UP)


def _attribute(kind: int, content: bytes) -> bytes:
    """Return an attribute, padded to four octets (rtnetlink(7), RTA_ALIGN)."""
    size = _ATTRIBUTE.size + len(content)
    return _ATTRIBUTE.pack(size, kind) + content + bytes(-size % 4)


def _address(link: str, text: str) -> bytes:
    """Return the message that adds an address to a link."""
    address = ip_address(text)
    family = socket.AF_INET if address.version == 4 else socket.AF_INET6
    packed = address.packed
    kinds = (_AS_LOCAL, _AS_ADDRESS) if address.version == 4 else (_AS_ADDRESS,)
    attributes = b"".join(_attribute(kind, packed) for kind in kinds)
    return _ADDRESS.pack(family, 8 * len(packed), _NO_DAD, 0, socket.if_nametoindex(link)) + attributes


def _tell(kernel: socket.socket, kind: int, message: bytes, failure: str) -> None:
    """Send one request and wait for the kernel's word on it; that something is there already is fine."""
    kernel.send(_HEADER.pack(_HEADER.size + len(message), kind, _CREATE_AND_CONFIRM, 1, 0) + message)
    reply = kernel.recv(4096)
    assert _HEADER.unpack_from(reply)[1] == _IS_ERROR, "a confirmation was asked for"
    number = -_ERROR.unpack_from(reply, _HEADER.size)[0]
    if number not in (0, errno.EEXIST):
        six = " (is IPv6 switched off in the kernel?)" if ":" in failure else ""
        raise DriverError(f"namespace: {failure}: {os.strerror(number)}{six}")
