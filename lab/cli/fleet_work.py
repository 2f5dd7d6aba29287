"""Run a simulation of a fleet in processes or threads, and measure what it took."""

from __future__ import annotations

import os
import resource
import time
from concurrent.futures import Executor, ProcessPoolExecutor, ThreadPoolExecutor
from dataclasses import dataclass

from ..population.simulate import TASK, Engine, Tally, simulate
from ..population.strata import Compiled
from .progress import ProgressBar


@dataclass(frozen=True, slots=True)
class Counted:
    """A tally and its cost: seconds of wall and CPU, and the largest resident set of a process in MB."""

    tally: Tally
    wall_s: float
    cpu_s: float
    peak_rss_mb: float
    jobs: int


def count(compiled: Compiled, seed: int, resolvers: int, engine: Engine, jobs: int | None) -> Counted:
    """Simulate a fleet and measure it; numba shares the work among threads, numpy among processes."""
    used = jobs or len(os.sched_getaffinity(0))
    used = max(1, min(used, -(-resolvers // (TASK // 4))))
    began, spent = time.perf_counter(), _cpu()
    with ProgressBar() as bar:
        bar.begin("fleet")

        def progress(done: float) -> None:
            bar(done, f"{resolvers:,} resolvers")

        executor = _executor(engine, used)
        if executor is None:
            tally = simulate(compiled, seed, resolvers, engine=engine, progress=progress)
        else:
            with executor:
                tally = simulate(
                    compiled, seed, resolvers, engine=engine, executor=executor, progress=progress
                )
    return Counted(tally, time.perf_counter() - began, _cpu() - spent, _largest(), used)


def _executor(engine: Engine, jobs: int) -> Executor | None:
    if jobs == 1:
        return None
    return ThreadPoolExecutor(jobs) if engine == "numba" else ProcessPoolExecutor(jobs)


def _cpu() -> float:
    """Return the CPU seconds of this process and of those it has waited for."""
    usages = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return sum(usage.ru_utime + usage.ru_stime for usage in usages)


def _largest() -> float:
    """Return the largest resident set of this process or of one that has ended, in MB."""
    peaks = [resource.getrusage(who).ru_maxrss for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return max(peaks) / 1024
