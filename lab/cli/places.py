"""Addresses with ports, as options name them and lines show them."""

from __future__ import annotations

import click


def read_place(text: str, option: str) -> tuple[str, int]:
    """Read ADDRESS:PORT. Raises a usage error."""
    address, colon, port = text.rpartition(":")
    bracketed = address.startswith("[") and address.endswith("]")
    if (
        not colon
        or not (port.isascii() and port.isdigit())
        or int(port[:6]) > 65535
        or bracketed != (":" in address)
    ):
        raise click.UsageError(
            f"{option}: {text!r} is no address and port; write it like 127.0.0.1:5300 or [::1]:5300",
            click.get_current_context(),
        )
    return address.strip("[]"), int(port)


def shown(address: str) -> str:
    """Write an address so that a port can follow."""
    return f"[{address}]" if ":" in address else address
