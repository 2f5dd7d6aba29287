"""Be several servers of one root, each with a name of its own, over one switchboard.

The control of a running server is its switchboard: what is switched on there is what the next query meets.
"""

from __future__ import annotations

from .impairments import Deliveries
from .responder import Responder
from .switchboard import Switchboard


class Letters:
    """Answer as the letters of a root, or as its one server, the letter ""."""

    def __init__(self, responder: Responder, letters: str = "", board: Switchboard | None = None) -> None:
        """Take who answers for all, and which letters there are; their zones and signatures are shared."""
        self.board = board if board is not None else Switchboard()
        self._servers = {
            letter: responder.named(f"{letter}.rootlab" if letter else "rootlab")
            for letter in letters or ("",)
        }

    def answer(
        self, wire: bytes, now: float, tcp: bool, client: str = "", letter: str = ""
    ) -> bytes | Deliveries | None:
        """Return what arrives of the answer of a letter; over TCP zones are given away.

        `now` has fractions where time goes fast. Raises KeyFileError if a key of the timeline cannot be had.
        """
        server = self._servers[letter]
        if not tcp and self.board.quiet:
            return server.answer(wire, int(now))
        return self.board.answer(server, wire, now, tcp, client=client, letter=letter, transfers=True)
