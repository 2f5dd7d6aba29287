"""Measure what the lab promises: ratios, each beside an anchor taken in the same run (`make bench`).

Rounds of lab and anchor are interleaved and medians compared, so that a machine that slows down slows both.
CPU seconds throughout; no figure here is a test, since no timed test is honest on a shared machine.
"""

from __future__ import annotations

import gc
import os
import statistics
import sys
import time
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path

from lab.authority.keyring import KeyRing
from lab.authority.signer import ZoneSigner
from lab.clock import DAY, Instant, parse_instant
from lab.dnssec.crypto import verifier
from lab.dnssec.keys import Key
from lab.dnssec.names import ROOT
from lab.dnssec.rrset import signed_data
from lab.dnssec.rrtypes import DNSKEY
from lab.nameserver.responder import Responder
from lab.replay.rpl import read_rpl
from lab.replay.runner import replay
from lab.resolver.client import FAR
from lab.resolver.fetch import query_for
from lab.resolver.model import ResolverModel, Setup
from lab.resolver.policy import STRICT
from lab.resolver.refresh import Jitter
from lab.run.engine import play
from lab.scenario.load import load_scenario

from .bench_serving import bench_serving
from .bench_zones import bench_zones

ROUNDS = 9
PEERS_LIMIT = 1.0
"""CPU seconds for the 14 scenarios of Unbound; the C harness they were written for needs 0.7."""
START, DAYS = parse_instant("2017-07-01T00:00:00Z"), 640


def cpu(what: Callable[[], object]) -> float:
    """Return the CPU seconds one call takes, garbage collected before it."""
    gc.collect()
    begin = time.process_time()
    what()
    return time.process_time() - begin


def interleaved(anchor: Callable[[], object], *others: Callable[[], object]) -> list[float]:
    """Return the median CPU seconds of the anchor and of each other, measured in turn."""
    calls = (anchor, *others)
    for call in calls:
        call()
    seen: list[list[float]] = [[] for _ in calls]
    for _ in range(ROUNDS):
        for times, call in zip(seen, calls, strict=True):
            times.append(cpu(call))
    return [statistics.median(times) for times in seen]


class Rollover:
    """The double-KSK roll of 2017-2019 on the wire: one RFC-strict model, 640 daily DNSKEY refreshes."""

    def __init__(self) -> None:
        """Load keys and sign every state, which is no part of the measurement."""
        self.timeline = load_scenario("2018-actual").timeline
        self.ring = KeyRing()
        self.authority = ZoneSigner(self.timeline, self.ring)
        self.polls = [START + number * DAY for number in range(DAYS)]
        responder, query = Responder(self.authority), query_for(ROOT, DNSKEY, 4096)
        self.wires = {now: responder.answer(query, now) for now in self.polls}

    def answer(self, query: bytes, now: Instant, tcp: bool) -> bytes | None:
        """Give the response of that day, rendered beforehand."""
        return self.wires[now]

    def play(self, *, memo: bool) -> ResolverModel:
        """Refresh daily from the start; clients ask nothing."""
        anchors = (self.ring.key("ksk-2010").ds(ROOT),)
        setup = Setup(
            "bench", ROOT, anchors, Jitter(0, "bench"), lambda anchor: str(anchor.key_tag), memo=memo
        )
        model = ResolverModel(STRICT, setup)
        model.start(START)
        model.cache.at = FAR
        for now in self.polls:
            assert model.next_timer() == now, "the daily refresh is not daily"
            model.advance(now, self.answer, now + DAY)
        assert [cell.state.value for cell in model.point.cells] == ["Revoked", "Valid"], "no rollover"
        return model

    def raw(self) -> Callable[[], None]:
        """Return the anchor: the verifications that all those refreshes need, with `cryptography` alone."""
        jobs = []
        for now in self.polls:
            signed = self.authority.dnskey(now)
            assert signed is not None
            keys = {key.tag: key for key in map(Key.from_rdata, signed.rrset.rdatas)}
            rrsig = next(rrsig for rrsig in signed.rrsigs if not keys[rrsig.key_tag].is_revoked)
            key = keys[rrsig.key_tag]
            check = verifier(key.algorithm, key.public_key)
            assert check is not None
            jobs.append((check, rrsig.signature, signed_data(signed.rrset, rrsig)))

        def verify() -> None:
            for check, signature, data in jobs:
                assert check(signature, data)

        return verify


def show(what: str, seconds: float, anchor: float, promise: float) -> bool:
    """Print one figure beside its anchor; True if the promise is kept."""
    ratio = seconds / anchor
    kept = ratio <= promise
    verdict = "ok" if kept else "MISSED"
    print(f"{what:<58} {seconds * 1e3:9.2f} ms  {ratio:6.2f} x  promised {promise:5.2f}  {verdict}")
    return kept


def replay_peers(files: Sequence[Path]) -> None:
    """Read and run Unbound's own scenarios; each must pass."""
    for path in files:
        assert replay(read_rpl(path)).verdict == "passed", path.name


def bench_peers() -> bool:
    """Measure the scenarios of others, if they are here, against a promise in seconds; True if it is kept."""
    beside = os.environ.get("ROOTLAB_SHARED") or Path(__file__).resolve().parent.parent.parent / "shared"
    files = sorted((Path(beside) / "data" / "rpl-unbound-autotrust").glob("*.rpl"))
    if not files:
        print("replay of Unbound's scenarios: not here (ROOTLAB_SHARED names their folder)")
        return True
    seconds = cpu(partial(replay_peers, files))
    verdict = "ok" if seconds <= PEERS_LIMIT else "MISSED"
    what = f"replay {len(files)} scenarios of Unbound, read and run"
    print(f"{what:<58} {seconds * 1e3:9.2f} ms            promised {PEERS_LIMIT:5.2f} s {verdict}")
    return seconds <= PEERS_LIMIT


def main() -> int:
    """Measure everything; exit status 1 if a promise is not kept."""
    rollover = Rollover()
    raw = rollover.raw()
    anchor, every, memo = interleaved(
        raw, lambda: rollover.play(memo=False), lambda: rollover.play(memo=True)
    )
    print(f"{'anchor: 640 raw RSA-2048 verifications':<58} {anchor * 1e3:9.2f} ms")
    kept = show("640-day rollover on the wire, every signature verified", every, anchor, 2.1)
    kept &= show("the same, signatures remembered", memo, anchor, 0.45)
    for name in ("2017-planned", "2018-actual", "2026-planned"):
        scenario = load_scenario(name)
        what = f"play {name}, {len(scenario.subjects)} subjects, signing and all"
        print(f"{what:<58} {cpu(partial(play, scenario)) * 1e3:9.2f} ms")
    kept &= bench_peers()
    kept &= bench_zones()
    kept &= bench_serving()
    return 0 if kept else 1


if __name__ == "__main__":
    sys.exit(main())
