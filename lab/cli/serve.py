"""`rootlab serve`: an emulated root on a loopback address, for whatever asks it."""

from __future__ import annotations

import signal
import threading
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from ..clock import Instant, format_instant
from .operation import Beside, Operation, operation_options, read_place, shown
from .options import FILE
from .serving import Pace, Served, files_served, pace_options, scenario_served
from .signing import size_option, spread_for

if TYPE_CHECKING:
    from ..authority.timeline import Timeline
    from ..nameserver.live_root import AnswerAt, LiveRoot

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
@operation_options
def serve(
    arguments: tuple[str, ...],
    skr: tuple[Path, ...],
    at: Instant | None,
    rate: float | None,
    hold: bool,
    size: str,
    listen: str,
    **operation: Any,
) -> int:
    """Serve the zones of a scenario on a loopback address.

    UDP and TCP, on one port: the root and the zones below it as one server. The first line of the output
    names address and port, the next what is served, then where else it listens. Of ceremony files only the
    DNSKEY RRset of the root is known: all else is REFUSED. Whoever asks a full root for ZONEMD, which
    digests all of it, waits some seconds, as does everybody behind him.

    It goes on until Ctrl-C or SIGTERM. Both are how a server ends, so the exit status is 0 then.
    """
    context = click.get_current_context()
    if not skr and len(arguments) != 1:
        raise click.UsageError("give one SCENARIO, or --skr FILE...", context)
    if skr and size != "minimal":
        raise click.UsageError("--size is for a scenario: ceremony files have no zone", context)
    place = read_place(listen, "--listen")
    beside = Operation.of_options(**operation)
    with spread_for(size) as spread:
        if skr:
            served = files_served((*skr, *(Path(argument) for argument in arguments)))
        else:
            served = scenario_served(arguments[0], at, spread)[0]
        _serve(served, Pace.of_options(at, rate, hold, served.start), place, size, beside)
    return 0


def _serve(served: Served, pace: Pace, place: tuple[str, int], size: str, operation: Operation) -> None:
    """Answer at an address and port until a signal ends it. Raises what the answerer raised."""
    from ..nameserver.listener import Listener

    stopped = _stopped_by_signals()
    address, port = place
    root = _live(served, pace, size)
    beside = Beside(operation, served, root)
    root.changed = beside.changed
    with (
        beside.recording as recording,
        Listener(root.answer, (address,), port, observe=beside.observe) as listener,
    ):
        listening = f"{shown(address)}:{listener.ports[0]}"
        with beside.running(listener, (listening,)):
            click.echo(f"listening on {listening}")
            click.echo(f"{served.name} from {format_instant(pace.start)}, {pace}; Ctrl-C ends it")
            for line in beside.lines:
                click.echo(line)
            while not stopped.wait(_LOOK):
                recording.flush()
                if listener.failure is not None:
                    raise listener.failure


def _live(served: Served, pace: Pace, size: str) -> LiveRoot:
    """Return a root whose clock begins now."""
    from ..nameserver.live_root import LiveRoot
    from ..nameserver.responder import Responder

    def build(timeline: Timeline) -> AnswerAt:
        """Answer for a timeline; the first is that of the authority at hand."""
        authority = served.authority
        if served.rebuild is not None and timeline is not authority.timeline:
            authority = served.rebuild(timeline)
        responder = Responder(authority, size=size)

        def answer(wire: bytes, now: Instant, _client: str, _local: str, tcp: bool) -> bytes | None:
            return responder.answer(wire, now, tcp)

        return answer

    timeline = served.authority.timeline
    return LiveRoot(pace.clock(), timeline, build, operable=served.rebuild is not None)


def _stopped_by_signals() -> threading.Event:
    """Return an event that SIGINT and SIGTERM set, also where a shell without job control ignores SIGINT."""
    stopped = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda _number, _frame: stopped.set())
    return stopped
