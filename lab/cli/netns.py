"""`rootlab netns`: run any program in a network where the lab is the root."""

from __future__ import annotations

import os
import subprocess
import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager, nullcontext, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Final

import click

from ..clock import Instant
from ..errors import UserError
from .serving import Pace, pace_options, scenario_served
from .switching import switch_options, switchboard

if TYPE_CHECKING:
    from ..authority.signer import ZoneSigner
    from ..nameserver.impairments import Deliveries
    from ..nameserver.switchboard import Switchboard

_LABEL: Final = "command"
_TICK: Final = 0.05
"""Real seconds between two jumps of the command's clock, if its time goes at another rate than the real."""
_GRACE: Final = 2.0
"""Seconds that a command has to end after Ctrl-C."""


@click.group(no_args_is_help=False)
def netns() -> None:
    """Run a program in a network where the lab is the root.

    The network is a namespace of the lab's own: no packet leaves it, and nothing is left of it afterwards.
    """


@netns.command("run")
@click.argument("scenario")
@click.argument("command", metavar="-- COMMAND...", nargs=-1, type=click.UNPROCESSED)
@pace_options
@click.option(
    "--clock",
    type=click.Choice(["shim", "none"]),
    default="shim",
    show_default=True,
    help="shim: the command sees the lab's time (not if it is statically linked); none: real time.",
)
@switch_options
def run_command(
    scenario: str,
    command: tuple[str, ...],
    at: Instant | None,
    rate: float | None,
    hold: bool,
    clock: str,
    faults: tuple[str, ...],
    impairments: tuple[str, ...],
) -> int:
    """Run a command inside, with the scenario's root at its 26 addresses.

    The root servers answer on port 53 at the addresses of their names, IPv4 and IPv6, so that resolvers find
    them by the hints they come with; the two zones below are served at 192.0.2.53. Other addresses to listen
    on are 127.0.0.1 to 127.0.0.16. Ports are free for every user. $ROOTLAB_FOLDER is a folder that vanishes
    afterwards; root.key in it has DS records of the keys that sign the root at the beginning. The host's
    /run, with the sockets of its services, is not there.

    Clocks: at another rate than 1 the command's clock goes in jumps; with --hold the root's time stands
    still, and the command's goes on at the real rate.

    Faults and impairments are those of `rootlab serve`, for the letters at their real addresses.

    Exit status: the command's own; 128 and the signal's number if a signal ended it; 2 if it cannot be
    started, 3 if there are no namespaces here.
    """
    if not command:
        raise click.UsageError("give a command to run, after --", click.get_current_context())
    from ..authority.zone import CHILD_SERVER, ROOT_SERVERS
    from ..drivers.netns import run_inside

    served, authority = scenario_served(scenario, at)
    pace = Pace.of_options(at, rate, hold, served.start)
    servers = (*(address for _, *both in ROOT_SERVERS for address in both), CHILD_SERVER)

    letters = "".join(letter for letter, _, _ in ROOT_SERVERS)
    board = switchboard(faults, impairments, authority.timeline, pace.start, letters)

    def inside(folder: Path) -> int:
        return _inside(folder, command, authority, pace, servers, clock, board)

    return run_inside(inside, addresses=(*servers, *(f"127.0.0.{number}" for number in range(2, 17))))


def _inside(
    folder: Path,
    command: Sequence[str],
    authority: ZoneSigner,
    pace: Pace,
    servers: Sequence[str],
    clock: str,
    board: Switchboard,
) -> int:
    """Serve, run the command, and return its exit status."""
    from ..authority.zone import CHILD_SERVER, ROOT_SERVERS
    from ..dnssec.names import ROOT
    from ..nameserver.letters import Letters
    from ..nameserver.listener import Listener
    from ..nameserver.responder import Responder

    letter_of = {address: letter for letter, *both in ROOT_SERVERS for address in both}
    root = Letters(Responder(authority, apexes=(ROOT,)), "".join(dict.fromkeys(letter_of.values())), board)
    children = Responder(authority, apexes=tuple(authority.child_names or ()))
    (folder / "root.key").write_text(_anchors(authority, pace.start), encoding="ascii")
    running = pace.from_now()

    def answer(wire: bytes, client: str, local: str, tcp: bool) -> bytes | Deliveries | None:
        if local == CHILD_SERVER:
            return children.answer(wire, int(running.now()), tcp)
        return root.answer(wire, running.now(), tcp, client=client, letter=letter_of[local])

    environment = {**os.environ, "ROOTLAB_FOLDER": str(folder)}
    with (
        Listener(answer, servers, 53, anywhere=True) as listener,
        _shim(folder / "clock", running) if clock == "shim" else _real_time() as seen,
    ):
        status = _run(command, environment | seen)
        if listener.failure is not None:
            raise listener.failure
    return status


def _anchors(authority: ZoneSigner, at: Instant) -> str:
    """Return the DS records of the keys that sign the root at an instant, as a master file."""
    names = authority.timeline.key_set(at).trusted_signers
    from ..dnssec.names import ROOT

    signers = (authority.keyring.key(name).ds(ROOT) for name in names)
    return "".join(
        f". 172800 IN DS {ds.key_tag} {ds.algorithm} {ds.digest_type} {ds.digest.hex()}\n" for ds in signers
    )


def _real_time() -> AbstractContextManager[dict[str, str]]:
    """Return an environment in which nothing is different."""
    return nullcontext({})


@contextmanager
def _shim(path: Path, pace: Pace) -> Iterator[dict[str, str]]:
    """Keep a clock that goes at a pace, and yield the environment in which a command sees it."""
    from ..drivers.clocks import ClockPage

    page = ClockPage.create(path)
    stopped = threading.Event()

    def tick() -> None:
        while not stopped.wait(_TICK):
            page.jump(pace.now())

    ticking = threading.Thread(target=tick, daemon=True)
    page.jump(pace.now())
    if pace.rate not in (0, 1):
        ticking.start()
    try:
        seen = page.environment(_LABEL)
        own = os.environ.get("LD_PRELOAD")
        yield seen | ({"LD_PRELOAD": f"{seen['LD_PRELOAD']}:{own}"} if own else {})
    finally:
        stopped.set()
        if ticking.ident is not None:
            ticking.join()
        page.close()


def _run(command: Sequence[str], environment: Mapping[str, str]) -> int:
    """Run a command on the lab's own standard streams, and return its exit status as a shell would."""
    try:
        running = subprocess.Popen(command, env=environment)  # noqa: S603 - what the user asks for
    except OSError as error:
        raise UserError(
            f"the command cannot be started: {error.strerror}",
            place=command[0],
            remedy="give a program, and its arguments after it",
        ) from None
    try:
        status = running.wait()
    except KeyboardInterrupt:
        running.terminate()
        with suppress(subprocess.TimeoutExpired):
            running.wait(_GRACE)
        raise
    return 128 - status if status < 0 else status
