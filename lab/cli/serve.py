"""`rootlab serve`: an emulated root on a loopback address, for whatever asks it."""

from __future__ import annotations

import signal
import threading
from pathlib import Path

import click

from ..clock import Instant, format_instant
from .options import FILE
from .serving import Pace, Served, files_served, pace_options, scenario_served
from .signing import size_option, spread_for

_LOOK = 0.2
"""Seconds between two looks whether the answerer has failed."""


@click.command()
@click.argument("arguments", metavar="[SCENARIO]", nargs=-1)
@click.option(
    "--skr",
    multiple=True,
    type=FILE,
    metavar="FILE...",
    help="Serve these signed ceremony files (SKR) in place of a scenario: `--skr A.xml B.xml`.",
)
@pace_options
@size_option
@click.option(
    "--listen",
    metavar="ADDRESS:PORT",
    default="127.0.0.1:0",
    show_default=True,
    help="A loopback address, and a port or 0 for a free one; IPv6 as [::1]:53.",
)
def serve(
    arguments: tuple[str, ...],
    skr: tuple[Path, ...],
    at: Instant | None,
    rate: float | None,
    hold: bool,
    size: str,
    listen: str,
) -> int:
    """Serve the zones of a scenario on a loopback address.

    UDP and TCP, on one port: the root and the zones below it as one server. The first line of the output
    names address and port, the next what is served. Of ceremony files only the DNSKEY RRset of the root is
    known: all else is REFUSED. Whoever asks a full root for ZONEMD, which digests all of it, waits some
    seconds, as does everybody behind him.

    It goes on until Ctrl-C or SIGTERM. Both are how a server ends, so the exit status is 0 then.
    """
    context = click.get_current_context()
    if not skr and len(arguments) != 1:
        raise click.UsageError("give one SCENARIO, or --skr FILE...", context)
    if skr and size != "minimal":
        raise click.UsageError("--size is for a scenario: ceremony files have no zone", context)
    address, port = _address(listen, context)
    with spread_for(size) as spread:
        if skr:
            served = files_served((*skr, *(Path(argument) for argument in arguments)))
        else:
            served = scenario_served(arguments[0], at, spread)[0]
        _serve(served, Pace.of_options(at, rate, hold, served.start), (address, port), size)
    return 0


def _serve(served: Served, pace: Pace, place: tuple[str, int], size: str) -> None:
    """Answer at an address and port until a signal ends it. Raises what the answerer raised."""
    from ..nameserver.listener import Listener
    from ..nameserver.responder import Responder

    stopped = _stopped_by_signals()
    address, port = place
    responder = Responder(served.authority, size=size)
    pace = pace.from_now()

    def answer(wire: bytes, _client: str, _local: str, tcp: bool) -> bytes | None:
        return responder.answer(wire, int(pace.now()), tcp)

    with Listener(answer, (address,), port) as listener:
        click.echo(f"listening on {_shown(address)}:{listener.ports[0]}")
        click.echo(f"{served.name} from {format_instant(pace.start)}, {pace}; Ctrl-C ends it")
        while not stopped.wait(_LOOK):
            if listener.failure is not None:
                raise listener.failure


def _address(listen: str, context: click.Context) -> tuple[str, int]:
    """Read ADDRESS:PORT."""
    address, colon, port = listen.rpartition(":")
    bracketed = address.startswith("[") and address.endswith("]")
    if (
        not colon
        or not (port.isascii() and port.isdigit())
        or int(port) > 65535
        or bracketed != (":" in address)
    ):
        raise click.UsageError(
            f"--listen: {listen!r} is no address and port; write it like 127.0.0.1:5300 or [::1]:5300",
            context,
        )
    return address.strip("[]"), int(port)


def _shown(address: str) -> str:
    """Write an address so that a port can follow."""
    return f"[{address}]" if ":" in address else address


def _stopped_by_signals() -> threading.Event:
    """Return an event that SIGINT and SIGTERM set, also where a shell without job control ignores SIGINT."""
    stopped = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda _number, _frame: stopped.set())
    return stopped
