"""`rootlab serve`: an emulated root on a loopback address, for whatever asks it."""

from __future__ import annotations

import signal
import threading
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from ..clock import Instant, format_instant
from .operation import Beside, Operation, operation_options
from .options import FILE
from .serving import Pace, Served, files_served, pace_options, scenario_served
from .signing import size_option, spread_for
from .site import Site, site_of
from .switching import switch_options, switchboard

if TYPE_CHECKING:
    from ..authority.timeline import Timeline
    from ..nameserver.live_root import AnswerAt, LiveRoot
    from ..nameserver.switchboard import Switchboard

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
    "places",
    metavar="ADDRESS:PORT",
    multiple=True,
    default=("127.0.0.1:0",),
    help="A loopback address, and a port or 0 for a free one; IPv6 as [::1]:53. May be given several times. "
    "[default: 127.0.0.1:0]",
)
@click.option(
    "--letters",
    "count",
    type=click.IntRange(1, 13),
    metavar="N",
    help="Be N root servers, a and on, at the address to listen on and those after it.",
)
@switch_options
@operation_options
def serve(
    arguments: tuple[str, ...],
    skr: tuple[Path, ...],
    at: Instant | None,
    rate: float | None,
    hold: bool,
    size: str,
    places: tuple[str, ...],
    count: int | None,
    faults: tuple[str, ...],
    impairments: tuple[str, ...],
    **operation: Any,
) -> int:
    """Serve the zones of a scenario on a loopback address.

    UDP and TCP, on one port: the root and the zones below it as one server. The first line of the output
    names address and port, those after it where else it listens, the last what is served. Of ceremony files
    only the DNSKEY RRset of the root is known: all else is REFUSED. Whoever asks a full root for ZONEMD,
    which digests all of it, or for a transfer, waits some seconds, as does everybody behind him.

    It goes on until Ctrl-C or SIGTERM. Both are how a server ends, so the exit status is 0 then.
    """
    context = click.get_current_context()
    if not skr and len(arguments) != 1:
        raise click.UsageError("give one SCENARIO, or --skr FILE...", context)
    if skr and size != "minimal":
        raise click.UsageError("--size is for a scenario: ceremony files have no zone", context)
    site = site_of(places, count)
    beside = Operation.of_options(**operation)
    with spread_for(size) as spread:
        if skr:
            served = files_served((*skr, *(Path(argument) for argument in arguments)))
        else:
            served = scenario_served(arguments[0], at, spread)[0]
        pace = Pace.of_options(at, rate, hold, served.start)
        timeline = None if skr else served.authority.timeline
        board = switchboard(faults, impairments, timeline, pace.start, site.letters)
        _serve(served, pace, site, size, board, beside)
    return 0


def _serve(
    served: Served, pace: Pace, site: Site, size: str, board: Switchboard, operation: Operation
) -> None:
    """Answer at some addresses until a signal ends it. Raises what the answerer raised."""
    stopped = _stopped_by_signals()
    root = _live(served, pace, site, size, board)
    beside = Beside(operation, served, root, board, site.letters)
    root.changed = beside.changed
    with (
        beside.recording as recording,
        site.listener(root.answer, beside.observe) as listener,
        beside.running(listener, site.places(listener.ports)),
    ):
        for line in (*site.told(listener.ports), *beside.lines):
            click.echo(line)
        if switches := ", ".join(map(str, board.active(pace.start))):
            click.echo(f"switched on: {switches}")
        click.echo(f"{served.name} from {format_instant(pace.start)}, {pace}; Ctrl-C ends it")
        while not stopped.wait(_LOOK):
            recording.flush()
            if listener.failure is not None:
                raise listener.failure


def _live(served: Served, pace: Pace, site: Site, size: str, board: Switchboard) -> LiveRoot:
    """Return a root whose clock begins now."""
    from ..nameserver.letters import Letters
    from ..nameserver.live_root import LiveRoot
    from ..nameserver.responder import Responder

    def build(timeline: Timeline) -> AnswerAt:
        """Answer for a timeline; the first is that of the authority at hand."""
        authority = served.authority
        if served.rebuild is not None and timeline is not authority.timeline:
            authority = served.rebuild(timeline)
        return Letters(Responder(authority, size=size, places=site.moved), site.letters, board).answer

    timeline = served.authority.timeline
    letters = dict(zip(site.addresses, site.letters or ("",) * len(site.addresses), strict=True))
    return LiveRoot(pace.clock(), timeline, build, letters, operable=served.rebuild is not None)


def _stopped_by_signals() -> threading.Event:
    """Return an event that SIGINT and SIGTERM set, also where a shell without job control ignores SIGINT."""
    stopped = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda _number, _frame: stopped.set())
    return stopped
