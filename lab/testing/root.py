"""The root of a test's world: as a value that can be asked at any instant, and as a server on loopback."""

from __future__ import annotations

import base64
from collections.abc import Callable
from types import TracebackType
from typing import Self

from ..authority.keyring import KeyRing
from ..authority.signer import ZoneSigner
from ..clock import Instant
from ..dnssec.codec import make_query, records_of
from ..dnssec.keys import Key
from ..dnssec.names import ROOT, name_from_text
from ..dnssec.presentation import rdata_to_text
from ..dnssec.rrset import SignedRRset
from ..dnssec.rrtypes import type_to_text
from ..nameserver.listener import Listener
from ..nameserver.responder import Responder
from ..scenario.spec import Scenario
from .moment import When, instant_of


class RootAuthority:
    """The root of a scenario. Keys go by the names of the scenario; wherever an instant is missing it is now.

    `now` is the clock of the test's world.
    """

    def __init__(self, scenario: Scenario, now: Callable[[], Instant]) -> None:
        """Take the scenario and the clock; nothing is signed before it is asked for."""
        self.timeline = scenario.timeline
        self._now = now
        self._signer = ZoneSigner(scenario.timeline, KeyRing(scenario.key_files), watermark=scenario.name)
        self._responder = Responder(self._signer)

    def _at(self, when: When | None) -> Instant:
        return self._now() if when is None else instant_of(when)

    def signers(self, at: When | None = None) -> tuple[str, ...]:
        """Return the names of the KSKs that sign the DNSKEY RRset and are not revoked."""
        return self.timeline.key_set(self._at(at)).trusted_signers

    def published(self, at: When | None = None) -> tuple[str, ...]:
        """Return the names of all KSKs in the DNSKEY RRset, revoked ones included."""
        return self.timeline.key_set(self._at(at)).ksks

    def key(self, name: str) -> Key:
        """Return a public key. Raises KeyFileError for a name without one."""
        return self._signer.keyring.key(name)

    def ds(self, name: str) -> str:
        """Return the DS record of a KSK as an anchor file has it: `. IN DS 19036 8 2 ...`."""
        return f". IN DS {self.key(name).ds(ROOT).to_text()}"

    def dnskey(self, name: str) -> str:
        """Return a key as an anchor file has it: `. IN DNSKEY 257 3 8 ...`."""
        key = self.key(name)
        public = base64.b64encode(key.public_key).decode("ascii")
        return f". IN DNSKEY {key.flags} {key.protocol} {key.algorithm} {public}"

    def rrset(self, at: When | None = None) -> SignedRRset:
        """Return the signed DNSKEY RRset."""
        signed = self._signer.dnskey(self._at(at))
        assert signed is not None, "a timeline always has keys"
        return signed

    def rrset_text(self, at: When | None = None) -> str:
        """Return the DNSKEY RRset and its signatures as a master file has them, one record a line."""
        rows = ((one.ttl, one.rrtype, one.rdata) for one in records_of(self.rrset(at)))
        shown = ((ttl, type_to_text(kind), rdata_to_text(kind, rdata)) for ttl, kind, rdata in rows)
        return "".join(f". {ttl} IN {kind} {rdata}\n" for ttl, kind, rdata in shown)

    def answer(self, query: bytes, at: When | None = None, *, tcp: bool = False) -> bytes | None:
        """Return the response to a query in wire format; None where a server would say nothing."""
        return self._responder.answer(query, self._at(at), tcp)

    def query(self, name: str, rrtype: int, *, number: int = 0, udp_size: int = 1232) -> bytes:
        """Return a query in wire format, with DO set; `rrtype` as a number: 48 is DNSKEY."""
        return make_query(name_from_text(name), rrtype, id=number, udp_size=udp_size)


class RootServer:
    """Serve the root, and the zones below it, on a loopback address and a free port, UDP and TCP.

    What is served is what the root serves at the instant the world's clock shows, which stands still until
    the test moves it. Nobody in the same process can be called by two threads: answers are made one by one.
    """

    def __init__(self, authority: RootAuthority, address: str = "127.0.0.1") -> None:
        """Take the authority; nothing is bound yet."""
        self.authority, self.address = authority, address

        def answer(wire: bytes, _client: str, _local: str, tcp: bool) -> bytes | None:
            return authority.answer(wire, tcp=tcp)

        self._listener = Listener(answer, (address,))

    @property
    def port(self) -> int:
        """Return the port it listens on, the same for UDP and TCP."""
        return self._listener.ports[0]

    @property
    def queries(self) -> int:
        """Return how many queries came so far."""
        return self._listener.received

    def __enter__(self) -> Self:
        """Start to listen. Raises DriverError if the address cannot be bound."""
        self._listener.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Stop; an exception of the answerer's is raised here, where a test sees it."""
        self._listener.stop()
        if kind is None and self._listener.failure is not None:
            raise self._listener.failure
