"""Change the code under test in thousands of places, one at a time, and see which changes no test minds.

mutmut does the same, but for functions only, and in modules that are imported already: here much of the
behaviour is data at module level (the table's rows, the knobs, the presets). So each mutant gets a process of
its own, forked from one that has everything imported but the lab; it runs the tests that touch the changed
line, likely ones first, and ends with the first that fails.

    python -m tools.mutation [--only PATH] [--again] [--sample N [--first K]] [--jobs N]

`--sample N` tries every Nth mutant of each file, from number K on (0 unless said). Once survivors of a sample
led to tests, another sample says what those are worth. `--again` tries the survivors of the last
run alone, with all tests: what is remembered between tests is measured for one of them only. Results are in
out/mutation.jsonl, one mutant a line, with the test that minded it. Exit status 1 says the score is too low.
"""

from __future__ import annotations

import argparse
import importlib.abc
import importlib.machinery
import importlib.util
import json
import os
import signal
import sys
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass, replace
from itertools import islice
from pathlib import Path
from types import CodeType, ModuleType
from typing import Any

from .mutants import Mutant, mutants

ROOT = Path(__file__).resolve().parents[1]
UNDER_TEST = ("lab/resolver", "lab/authority/timeline.py", "lab/authority/intervals.py")
TESTS = (
    "tests/resolver", "tests/rfc5011", "tests/rfc7583", "tests/rfc8145", "tests/rfc8509", "tests/rfc9718",
    "tests/selftest", "tests/authority/test_timeline.py", "tests/authority/test_intervals.py",
    "tests/docs/test_models_page.py",
)  # fmt: skip
RESULTS, COVERED = ROOT / "out" / "mutation.jsonl", ROOT / "out" / "mutation-tests.json"
LEAST = 90.0
"""The least score in percent (issue 3)."""

FIRST = 40
"""So many likely tests are run first; the others only if those all pass."""

PRELOADED = (
    "pytest", "hypothesis", "hypothesis.stateful", "freezegun", "pydantic", "click", "defusedxml.ElementTree",
    "dns.dnssec", "dns.message", "cryptography.hazmat.primitives.asymmetric.rsa",
    "cryptography.hazmat.primitives.asymmetric.ec", "cryptography.hazmat.primitives.asymmetric.ed25519",
    "cryptography.hazmat.primitives.serialization", "xml.etree.ElementTree", "coverage",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of one mutant: `killed`, `slow` (as good as killed) or `survived`."""

    file: str
    line: int
    number: int
    before: str
    after: str
    outcome: str = ""
    by: str = ""
    """The test that minded it."""


class Substitute(importlib.abc.MetaPathFinder, importlib.abc.Loader):
    """Import one module from other code than its file's."""

    def __init__(self, name: str, path: Path, code: CodeType) -> None:
        """Name the module, the file it stands for, and the code."""
        self.name, self.path, self.code = name, path, code

    def find_spec(self, name: str, path: object, target: object = None) -> Any:
        """Return the spec of the module it stands in for."""
        if name != self.name:
            return None
        return importlib.util.spec_from_file_location(name, self.path, loader=self)

    def exec_module(self, module: ModuleType) -> None:
        """Run the other code."""
        exec(self.code, module.__dict__)  # noqa: S102


class Selection:
    """Keep of the collected tests those asked for, in the order asked for, and tell which one fails."""

    def __init__(self, wanted: Sequence[str], teller: int) -> None:
        """Rank the tests by their identifiers; the first to fail is written to a pipe."""
        self.rank = {test: place for place, test in enumerate(wanted)}
        self.teller = teller

    def pytest_sessionstart(self) -> None:
        """Do not look for the simplest example of a failure: that there is one is enough."""
        from hypothesis import Phase, settings

        settings.register_profile("mutant", settings(phases=(Phase.explicit, Phase.generate)))
        settings.load_profile("mutant")

    def pytest_collection_modifyitems(self, items: list[Any]) -> None:
        """Select and order."""
        chosen = [item for item in items if item.nodeid in self.rank]
        items[:] = sorted(chosen, key=lambda item: self.rank[item.nodeid])

    def pytest_runtest_logreport(self, report: Any) -> None:
        """Tell of a failure; the run ends with it."""
        if report.failed:
            os.write(self.teller, report.nodeid.encode())


class Recorder:
    """Note which lines each test runs, and how long it takes."""

    def __init__(self) -> None:
        """Measure the files under test, from before they are imported."""
        import coverage

        sources = [str(path) for path in files()]
        self.coverage = coverage.Coverage(data_file=None, include=sources, config_file=False)
        self.seconds: dict[str, float] = {}
        self.coverage.start()

    def pytest_runtest_logstart(self, nodeid: str) -> None:
        """Begin a test."""
        self.coverage.switch_context(nodeid)

    def pytest_runtest_logfinish(self) -> None:
        """End it: what runs in between belongs to none."""
        self.coverage.switch_context("")

    def pytest_runtest_logreport(self, report: Any) -> None:
        """Add up the three phases of a test."""
        self.seconds[report.nodeid] = self.seconds.get(report.nodeid, 0.0) + report.duration

    def written(self) -> dict[str, Any]:
        """Return seconds by test, and tests by file and line; the test "" is the import."""
        self.coverage.stop()
        data = self.coverage.get_data()
        return {
            "seconds": self.seconds,
            "lines": {short(Path(name)): data.contexts_by_lineno(name) for name in data.measured_files()},
        }


def files() -> list[Path]:
    """Return the files under test."""
    found = [path for name in UNDER_TEST for path in (ROOT / name, *sorted((ROOT / name).rglob("*.py")))]
    return [path for path in found if path.is_file()]


def short(path: Path) -> str:
    """Name a file as seen from the checkout."""
    return path.resolve().relative_to(ROOT).as_posix()


def run_tests(plugin: object, arguments: Sequence[str]) -> int:
    """Run pytest in this process and return its status."""
    import pytest

    # Preloaded modules of plugins cannot have their asserts rewritten, and need not.
    quiet = ("-q", "--tb=no", "-p", "no:cacheprovider", "-W", "ignore::pytest.PytestAssertRewriteWarning")
    return int(pytest.main([*quiet, *arguments], plugins=[plugin]))


def in_child(work: Any) -> int:
    """Fork, do some work in the child, silently, and return its process ID."""
    child = os.fork()
    if child:
        return child
    status = 1
    try:
        quiet = os.open(os.devnull, os.O_WRONLY)
        os.dup2(quiet, 1)
        os.dup2(quiet, 2)
        status = work()
    finally:
        os._exit(status)


def measure() -> None:
    """Run all tests once, and write down which lines each runs."""

    def work() -> int:
        recorder = Recorder()
        status = run_tests(recorder, TESTS)
        COVERED.parent.mkdir(exist_ok=True)
        COVERED.write_text(json.dumps(recorder.written()))
        return status

    _, status = os.waitpid(in_child(work), 0)
    if status:
        sys.exit("the tests do not pass without a mutant; run them first")


def tests_for(covered: dict[str, Any], file: str, line: int, killers: Counter[str], wide: bool) -> list[str]:
    """Return the tests to run for a line: those that minded most mutants of its file first, then by name.

    A line that runs at import touches every test. With `wide` every line does.
    """
    seconds: dict[str, float] = covered["seconds"]
    contexts = covered["lines"].get(file, {}).get(str(line), [""])
    tests = list(seconds) if wide or "" in contexts else [test for test in contexts if test in seconds]
    stem = f"test_{Path(file).stem}.py::"
    return sorted(tests, key=lambda test: (-killers[test], stem not in test, seconds[test]))


def judge(file: str, mutant: Mutant, tests: list[str], teller: int) -> int:
    """Run tests against a mutant in this process; 0 if they all pass."""
    name = file.removesuffix(".py").replace("/", ".")
    path = ROOT / file
    code = compile(mutant.tree, str(path), "exec")
    sys.meta_path.insert(0, Substitute(name, path, code))
    for chosen in (tests[:FIRST], tests[FIRST:]):
        folders = list(dict.fromkeys(test.partition("::")[0] for test in chosen))
        if chosen and run_tests(Selection(chosen, teller), ["-x", *folders]):
            return 1
    return 0


def all_mutants(only: str, again: bool, sample: slice) -> Iterator[tuple[str, Mutant]]:
    """Yield the mutants to try with their files."""
    left = {(one["file"], one["line"], one["number"]) for one in read() if again and survived(one)}
    for path in files():
        file = short(path)
        if not file.startswith(only) or (again and file not in {place[0] for place in left}):
            continue
        chosen = slice(0, None, 1) if again else sample
        found = mutants(path.read_text(encoding="utf-8"))
        for mutant in islice(found, chosen.start, None, chosen.step):
            if not again or (file, mutant.line, mutant.number) in left:
                yield file, mutant


def read() -> list[dict[str, Any]]:
    """Return the results of the last run."""
    if not RESULTS.exists():
        return []
    return [json.loads(line) for line in RESULTS.read_text(encoding="utf-8").splitlines()]


def survived(one: dict[str, Any]) -> bool:
    """Tell whether a mutant was minded by no test."""
    return bool(one["outcome"] == "survived")


class Hunt:
    """The mutants being tried, some at a time, and what became of those before them."""

    def __init__(self, covered: dict[str, Any], wide: bool) -> None:
        """Take what was measured; `wide` is to run all tests."""
        self.covered, self.wide = covered, wide
        self.running: dict[int, tuple[Outcome, int]] = {}
        self.done: list[Outcome] = []
        self.killers: dict[str, Counter[str]] = {}

    def begin(self, file: str, mutant: Mutant) -> None:
        """Try a mutant in a process of its own."""
        killers = self.killers.setdefault(file, Counter())
        tests = tests_for(self.covered, file, mutant.line, killers, self.wide)
        allowed = int(20 + 5 * sum(self.covered["seconds"][test] for test in tests))
        outcome = Outcome(file, mutant.line, mutant.number, mutant.before, mutant.after)
        reader, writer = os.pipe()

        def work() -> int:
            # CPU time: a busy machine makes no mutant slow. One that waits for ever uses none.
            signal.setitimer(signal.ITIMER_PROF, allowed)
            signal.alarm(30 * allowed)
            return judge(file, mutant, tests, writer)

        self.running[in_child(work)] = (outcome, reader)
        os.close(writer)

    def end(self) -> None:
        """Wait for one of them to end."""
        child, status = os.wait()
        outcome, reader = self.running.pop(child)
        with os.fdopen(reader, encoding="utf-8") as told:
            by = told.read().strip()
        word = "survived" if status == 0 else "slow" if os.WIFSIGNALED(status) else "killed"
        self.done.append(replace(outcome, outcome=word, by=by))
        self.killers[outcome.file].update([by] * bool(by))
        if word == "survived":
            print(f"{outcome.file}:{outcome.line}: {outcome.before}  =>  {outcome.after}", flush=True)


def run(only: str, again: bool, sample: slice, jobs: int) -> list[Outcome]:
    """Try the mutants, some at a time, and return what became of them."""
    hunt = Hunt(json.loads(COVERED.read_text()), wide=again)
    for file, mutant in all_mutants(only, again, sample):
        if len(hunt.running) == jobs:
            hunt.end()
        hunt.begin(file, mutant)
    while hunt.running:
        hunt.end()
    return hunt.done


def write(done: list[Outcome], again: bool) -> list[dict[str, Any]]:
    """Write the results; those of a second run take the place of the survivors they were of."""
    fresh = [asdict(one) for one in done]
    kept = [one for one in read() if not survived(one)] if again else []
    results = sorted(kept + fresh, key=lambda one: (one["file"], one["line"], one["number"]))
    RESULTS.write_text("".join(json.dumps(one) + "\n" for one in results), encoding="utf-8")
    return results


def score(results: list[dict[str, Any]]) -> float:
    """Print the score of every file, and return that of all."""
    counts: dict[str, list[int]] = {}
    for one in results:
        count = counts.setdefault(one["file"], [0, 0])
        count[0] += not survived(one)
        count[1] += 1
    for file, (dead, total) in counts.items():
        print(f"{file:40} {dead:5} of {total:5}  {100 * dead / total:5.1f} %")
    dead, total = (sum(count[place] for count in counts.values()) for place in (0, 1))
    print(f"{'all':40} {dead:5} of {total:5}  {100 * dead / max(1, total):5.1f} %")
    return 100 * dead / max(1, total)


def main() -> int:
    """Measure, mutate, and say what is left."""
    parser = argparse.ArgumentParser(description="Mutate the code under test.")
    parser.add_argument("--only", default="", help="a file or folder under test")
    parser.add_argument("--again", action="store_true", help="try the last run's survivors again")
    parser.add_argument("--sample", type=int, default=1, metavar="N", help="every Nth mutant of a file")
    parser.add_argument("--first", type=int, default=0, metavar="K", help="the first of them, from 0 on")
    parser.add_argument("--jobs", type=int, default=2, help="mutants at a time")
    chosen = parser.parse_args()
    sample = slice(chosen.first, None, chosen.sample)
    os.chdir(ROOT)
    os.environ.setdefault("HYPOTHESIS_PROFILE", "ci")
    for name in PRELOADED:
        importlib.import_module(name)
    began = time.monotonic()
    measure()
    results = write(run(chosen.only, chosen.again, sample, chosen.jobs), chosen.again)
    print(f"{len(results)} mutants, {time.monotonic() - began:.0f} s")
    return int(score(results) < LEAST)


if __name__ == "__main__":
    sys.exit(main())
