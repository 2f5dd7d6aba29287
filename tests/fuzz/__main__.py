"""Fuzz every target (`make fuzz`): half of the inputs by plain mutation, half guided by coverage.

Prints a line for each target and way; the first finding ends it with exit status 1.
"""

from __future__ import annotations

import argparse
import resource
import subprocess
import sys
import time
from itertools import islice

from tests.fuzz.guided import OUT
from tests.fuzz.mutation import mutants
from tests.fuzz.targets import TARGETS, seeds


def main() -> int:
    """Read the options and fuzz."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--count", type=int, default=1_000_000, help="inputs in all")
    parser.add_argument("--seed", default=str(time.time_ns()), help="of the plain mutations")
    parser.add_argument("--target", choices=list(TARGETS), action="append", help="default: all")
    options = parser.parse_args()
    OUT.mkdir(parents=True, exist_ok=True)
    print(f"seed {options.seed}", flush=True)
    for name in options.target or TARGETS:
        tried = max(1, options.count * TARGETS[name].share // 200)
        if not (mutated(name, tried, options.seed) and guided(name, tried)):
            return 1
    return 0


def mutated(name: str, count: int, seed: str) -> bool:
    """Try plain mutants of a target; tell whether all was well."""
    began, feed = time.monotonic(), TARGETS[name].feed
    for number, data in enumerate(islice(mutants(seeds(name), f"{seed}/{name}"), count)):
        try:
            feed(data)
        except Exception as problem:
            path = OUT / f"{name}-mutant"
            path.write_bytes(data)
            print(f"\n{name}: {problem!r}; the input is in {path}", file=sys.stderr)
            return False
        if sys.stderr.isatty() and number % 1000 == 0:
            print(f"\r{name}: {number} of {count}", end="", file=sys.stderr, flush=True)
    seconds = time.monotonic() - began
    memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024
    print(f"{name:<10} mutated {count:>8}  {count / seconds:>8.0f}/s  {memory} MiB at most", flush=True)
    return True


def guided(name: str, count: int) -> bool:
    """Try inputs guided by coverage in a process of their own; tell whether all was well."""
    began = time.monotonic()
    command = [sys.executable, "-m", "tests.fuzz.guided", name, str(count)]
    ended = subprocess.run(command, capture_output=True, text=True, check=False)
    seconds = time.monotonic() - began
    if ended.returncode:
        print(ended.stdout[-2000:] + ended.stderr[-4000:], file=sys.stderr)
        print(f"{name}: exit status {ended.returncode}; the input is in {OUT}", file=sys.stderr)
        return False
    corpus = len(list((OUT / name).iterdir()))
    print(
        f"{name:<10} guided  {count:>8}  {count / seconds:>8.0f}/s  {corpus} inputs that matter", flush=True
    )
    return True


if __name__ == "__main__":
    sys.exit(main())
