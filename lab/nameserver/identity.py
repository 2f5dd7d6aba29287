"""Say which server answers: NSID (RFC 5001) and the names of class CH (RFC 4892).

Everybody who measures the root asks for these, to tell its servers apart.
"""

from __future__ import annotations

from typing import Final, NamedTuple

from .. import __version__
from ..dnssec.codec import RR, Message, Question
from ..dnssec.names import name_from_text
from ..dnssec.rrtypes import TXT

CHAOS: Final = 3
"""Class CH (RFC 1035 section 3.2.4)."""
NSID: Final = 3
"""The EDNS option (RFC 5001 section 2.3)."""
_ANY: Final = 255

_SERVER: Final = tuple(map(name_from_text, ("id.server.", "hostname.bind.")))
_VERSION: Final = tuple(map(name_from_text, ("version.server.", "version.bind.")))


class Identity(NamedTuple):
    """Hold the name of a server: ASCII, 63 octets at most so that it always fits; "" says nothing."""

    name: str = ""

    def options(self, query: Message) -> tuple[tuple[int, bytes], ...]:
        """Return the EDNS options of a response: NSID if it was asked for (RFC 5001 section 2.1)."""
        edns = query.edns
        if not self.name or edns is None or all(code != NSID for code, _ in edns.options):
            return ()
        return ((NSID, self.name.encode("ascii")),)

    def chaos(self, question: Question) -> tuple[RR, ...] | None:
        """Return the answer to a question of class CH, None if there is none to be given.

        `id.server` and BIND's older `hostname.bind` tell the name, `version.server` and `version.bind` the
        program (RFC 4892 section 3).
        """
        if not self.name or question.qclass != CHAOS or question.qtype not in (TXT, _ANY):
            return None
        if question.owner in _SERVER:
            text = self.name
        elif question.owner in _VERSION:
            text = f"rootlab {__version__}"
        else:
            return None
        rdata = text.encode("ascii")
        return (RR(question.owner, TXT, CHAOS, 0, bytes((len(rdata),)) + rdata),)
