"""A resolver model whose clients ask when they are told to, and which counts the queries it sends.

In a run clients ask all the time, and what must fail again is jumped over (`model`, `planner`). How often a
failing resolver asks the root depends on when its clients ask, so here nothing is jumped over.
"""

from __future__ import annotations

from ..clock import Instant
from .client import FAR
from .fetch import Exchange
from .model import ResolverModel, Setup
from .policy import ResolverPolicy


class AskedModel(ResolverModel):
    """Imitate one resolver that answers nobody but `ask`.

    `sent` are the instants of its DNSKEY queries, ascending. A failed attempt counts as many as the policy's
    `burst` says: resolvers ask one server after the other whether it has a better answer.
    """

    def __init__(self, policy: ResolverPolicy, setup: Setup, exchange: Exchange) -> None:
        """Make a resolver not yet started; `exchange` carries its queries."""
        super().__init__(policy, setup)
        self._exchange = exchange
        self.sent: list[Instant] = []

    def live(self, now: Instant) -> None:
        """Do what is due up to `now` apart from clients' needs, each in its second: refreshes, files."""
        while (due := self._due()) is not None and due <= now:
            before = len(self.sent)
            self.advance(due, self._counted, due + 1)
            self._repeat(before, due, failed=self._result not in ("ok", "miss"))

    def ask(self, now: Instant) -> bool:
        """Return whether a question whose answer needs the root's keys is answered.

        They are fetched if those held are over, or if the last failure is forgotten.
        """
        held = self.held
        if held is None or held.expires <= now:
            before = len(self.sent)
            self._serve(now, self._counted, now + 1)
            self._repeat(before, now, failed=self.held is not None and not self.held.good)
        return self.held is not None and self.held.good

    def _due(self) -> Instant | None:
        self.cache.at = FAR  # nobody else asks
        return self.next_timer()

    def _counted(self, query: bytes, now: Instant, tcp: bool) -> bytes | None:
        self.sent.append(now)
        return self._exchange(query, now, tcp)

    def _repeat(self, before: int, now: Instant, *, failed: bool) -> None:
        if failed and len(self.sent) > before:
            self.sent += [now] * (self.policy.cache.burst - 1)
