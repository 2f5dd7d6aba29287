"""What `serve` can have beside its DNS: a control API, published trust anchors, files of what is said."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from .keeping import files_of, keep_options
from .places import read_place, shown
from .switching import check_switch

if TYPE_CHECKING:
    from ..authority.anchors import Publication, Variant
    from ..nameserver.control_verbs import Board
    from ..nameserver.listener import Exchange, Listener
    from ..nameserver.live_root import LiveRoot
    from ..nameserver.recording import Files, Recording
    from ..nameserver.switchboard import Switch, Switchboard
    from .serving import Served

_OPTIONS = (
    click.option(
        "--control",
        metavar="ADDRESS:PORT",
        help="Also answer `rootlab ctl` and HTTP here: clock, timeline, faults, signals. Port 0: a free one.",
    ),
    click.option(
        "--anchors",
        metavar="ADDRESS:PORT",
        help="Also publish root-anchors.xml, .p7s and icannbundle.pem here, over http and https.",
    ),
    click.option(
        "--anchors-variant",
        "variants",
        multiple=True,
        metavar="NAME[=INSTANT]",
        help="Publish otherwise from an instant on: rfc7958, expired-signer, new-ca, stranger, tampered.",
    ),
    keep_options,
)


def operation_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """Give a command the options of an `Operation`."""
    for option in reversed(_OPTIONS):
        command = option(command)
    return command


@dataclass(frozen=True, slots=True)
class Operation:
    """Hold what was asked for beside DNS."""

    control: tuple[str, int] | None
    anchors: tuple[str, int] | None
    variants: tuple[Variant, ...]
    files: Files | None

    @classmethod
    def of_options(
        cls,
        control: str | None,
        anchors: str | None,
        variants: tuple[str, ...],
        captures: tuple[Path, ...],
        signals: Path | None,
    ) -> Operation:
        """Read the options. Raises a usage error, or UserError for files that cannot be written."""
        from ..authority.anchors import parse_variant

        context = click.get_current_context()
        if variants and anchors is None:
            raise click.UsageError("--anchors-variant goes with --anchors", context)
        return cls(
            None if control is None else read_place(control, "--control"),
            None if anchors is None else read_place(anchors, "--anchors"),
            tuple(parse_variant(text) for text in variants),
            files_of(captures, signals),
        )


class Beside:
    """Run beside a root what an operation asks for; `observe` is for the listener, `lines` for the user."""

    def __init__(
        self, operation: Operation, served: Served, root: LiveRoot, board: Switchboard, letters: str
    ) -> None:
        """Prepare; nothing listens and no file is open. `board` is what the letters answer by."""
        from ..nameserver.recording import Files, Recording
        from ..nameserver.signals import SignalLog

        self._operation, self._served, self._root = operation, served, root
        self._log = SignalLog()
        self._board, self._letters = board, letters
        self._publication = self._published()
        self.recording: Recording = Recording(root.clock.now, self._log, operation.files or Files())
        self.lines: list[str] = []

    def changed(self) -> None:
        """Publish what another timeline lists."""
        if self._publication is not None:
            self._publication.listed = self._served.listed(self._root.timeline)

    def _published(self) -> Publication | None:
        """Return what is published, if anything is."""
        if self._operation.anchors is None:
            return None
        from ..nameserver.anchors_https import publish

        return publish(self._served.listed(self._root.timeline), self._operation.variants)

    def _boards(self) -> dict[str, Board]:
        """Return what can be switched: of ceremony files nobody can sign anything wrong."""
        from ..authority.faults import FAULTS
        from ..nameserver.boards import SwitchedKind
        from ..nameserver.impairments import IMPAIRMENTS

        def check(switch: Switch) -> None:
            """Refuse keys that the timeline does not have, and letters that do not answer."""
            check_switch(switch, self._root.timeline, self._letters)

        clock = self._root.clock
        boards: dict[str, Board] = {"impairments": SwitchedKind(IMPAIRMENTS, self._board, clock, check)}
        if self._root.operable:
            boards["faults"] = SwitchedKind(FAULTS, self._board, clock, check)
        return boards

    @property
    def observe(self) -> Callable[[Exchange], None] | None:
        """Return what takes note of exchanges, None if nobody wants to know of them."""
        wanted = self._operation.control or self._operation.files
        return self.recording.observe if wanted else None

    @contextmanager
    def running(self, listener: Listener, listening: tuple[str, ...]) -> Iterator[None]:
        """Listen for what was asked for, while a listener answers queries."""
        with ExitStack() as stack:
            if self._operation.anchors is not None:
                from ..authority.anchors import XML
                from ..nameserver.anchors_https import AnchorServer

                assert self._publication is not None
                address, port = self._operation.anchors
                now = partial(getattr, self._root.clock, "instant")
                anchors = stack.enter_context(AnchorServer(self._publication, now, address, port))
                self.lines.append(f"trust anchors at https://{shown(address)}:{anchors.port}{XML}, and http")
            if self._operation.control is not None:
                from ..nameserver.control import ControlApi
                from ..nameserver.control_verbs import Control
                from ..nameserver.web import WebServer

                address, port = self._operation.control
                control = Control(
                    self._served.name, self._root, self._served.key, self._boards(), self._log, listening,
                    lambda: listener.failure,
                )  # fmt: skip
                web = stack.enter_context(WebServer(ControlApi(control).handle, address, port))
                self.lines.append(f"control at http://{shown(address)}:{web.port}")
            yield
