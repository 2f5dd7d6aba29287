"""The rules of the house that no linter knows: sizes, names, citations, and a core without clock or chance.

Which package may import which is a contract of import-linter, in pyproject.toml; `make lint` checks it.
"""

from __future__ import annotations

import ast
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
MAX_FILE, MAX_FUNCTION, MAX_LINE = 400, 60, 110

CORE = (
    "clock.py", "errors.py", "observation.py", "dnssec", "authority", "resolver", "nameserver/lookup.py",
    "nameserver/memo.py", "nameserver/responder.py", "nameserver/identity.py", "nameserver/impairments.py",
    "nameserver/letters.py", "nameserver/switchboard.py", "nameserver/transfer.py",
    "nameserver/boards.py", "nameserver/capture.py", "nameserver/control_shapes.py",
    "nameserver/control_verbs.py", "nameserver/live_clock.py", "nameserver/live_root.py",
    "nameserver/openapi.py", "nameserver/signals.py",
    "scenario", "run",
)  # fmt: skip
"""What must take `now` as an argument and do no I/O of its own (design.md section 1, principle 3)."""

FORBIDDEN_IMPORTS = frozenset({
    "asyncio", "concurrent", "http", "multiprocessing", "queue", "random", "sched", "secrets", "select",
    "selectors", "signal", "socket", "socketserver", "ssl", "subprocess", "threading", "time", "urllib",
    "uuid",
})  # fmt: skip
CLOCK_READERS = frozenset({"now", "utcnow", "today"})
EMPTY_NAMES = frozenset({"utils", "util", "common", "helpers", "manager", "base", "misc"})
LATER = re.compile("TO" + "DO|FIX" + "ME|XX" + "X")
MACHINE_PATH = re.compile(r"(?<!\w)/(wo" + "rk|ro" + "ot)/|/ho" + r"me/[a-z]|/tmp/(sp" + "ec|ve" + "nv)")
LIST = r"sections?\s+(\d+(?:\.\d+)*(?:(?:,|\s+and|\s+to)\s+\d+(?:\.\d+)*)*)"
SECTIONS = re.compile(LIST)
CITATION = re.compile(rf"RFC\s+(\d{{4,5}}),?\s+{LIST}")
NUMBER = re.compile(r"\d+(?:\.\d+)*")


def python_files(*folders: str) -> list[Path]:
    """Return the Python files under folders of the checkout, in order."""
    return sorted(path for folder in folders for path in (ROOT / folder).rglob("*.py"))


def core_files() -> list[Path]:
    """Return the files of the core that are there."""
    paths = [ROOT / "lab" / name for name in CORE]
    return sorted(file for path in paths for file in ([path] if path.is_file() else path.rglob("*.py")))


@cache
def tree(path: Path) -> ast.Module:
    """Parse a file once for all checks."""
    return ast.parse(path.read_text(encoding="utf-8"))


def short(path: Path) -> str:
    """Name a file as seen from the checkout."""
    return path.relative_to(ROOT).as_posix()


def long_functions(module: ast.Module) -> Iterator[str]:
    """Yield the functions that are longer than allowed, decorators not counted."""
    for node in ast.walk(module):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            length = (node.end_lineno or node.lineno) - node.lineno + 1
            if length > MAX_FUNCTION:
                yield f"{node.name} has {length} lines"


def imported(module: ast.Module) -> Iterator[tuple[str, int]]:
    """Yield the absolute names a module imports, wherever it does so, with their lines."""
    for node in ast.walk(module):
        if isinstance(node, ast.Import):
            yield from ((alias.name, node.lineno) for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.level == 0:
            yield node.module or "", node.lineno


def impurities(module: ast.Module) -> Iterator[str]:
    """Yield the imports of clock, chance and I/O, and the calls that read the wall clock."""
    for name, line in imported(module):
        if name.split(".")[0] in FORBIDDEN_IMPORTS:
            yield f"line {line} imports {name}"
    for node in ast.walk(module):
        if isinstance(node, ast.Attribute) and node.attr in CLOCK_READERS:
            owner = ast.unparse(node.value).rpartition(".")[2]
            if owner in ("datetime", "date"):
                yield f"line {node.lineno} reads {owner}.{node.attr}"


def citations(text: str, pattern: re.Pattern[str] = CITATION) -> Iterator[tuple[str, ...]]:
    """Yield (RFC, section) for every section a text cites, one by one where it lists several."""
    for match in pattern.finditer(text):
        *rfc, listed = match.groups()
        yield from ((*rfc, section) for section in NUMBER.findall(listed))


def sections_in_tests() -> set[tuple[str, ...]]:
    """Return the sections that tests cite; below tests/rfcNNNN the number of the RFC goes without saying.

    What this file cites are examples.
    """
    found: set[tuple[str, ...]] = set()
    for path in python_files("tests"):
        if path == Path(__file__).resolve():
            continue
        text = path.read_text(encoding="utf-8")
        found.update(citations(text))
        folder = path.relative_to(ROOT / "tests").parts[0]
        if folder.startswith("rfc"):
            found.update((folder[3:], *section) for section in citations(text, SECTIONS))
    return found


def tracked_files() -> list[Path]:
    """Return the files that are, or would be, under version control."""
    git = shutil.which("git")
    command = [git or "git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"]
    if git is None or not (ROOT / ".git").exists():
        pytest.skip("no git checkout: nothing says which files belong to the project")
    names = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True).stdout
    return [path for name in names.split("\0") if name and (path := ROOT / name).is_file()]


def test_files_are_short() -> None:
    """No file is so long that it must hold more than one subject."""
    files = python_files("lab", "tests", "tools")
    lengths = {short(path): len(path.read_bytes().splitlines()) for path in files}
    assert {name: length for name, length in lengths.items() if length > MAX_FILE} == {}


def test_functions_are_short() -> None:
    """Every function can be read on one screen."""
    files = python_files("lab", "tests", "tools")
    assert [f"{short(path)}: {long}" for path in files for long in long_functions(tree(path))] == []


def test_lines_are_short() -> None:
    """No line is wider than the house allows."""
    wide = [
        f"{short(path)}:{number}"
        for path in python_files("lab", "tests", "tools")
        for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1)
        if len(line) > MAX_LINE
    ]
    assert wide == []


def test_names_say_something() -> None:
    """No module is named for being a leftover."""
    files = python_files("lab", "tests", "tools")
    parts = [(path, part) for path in files for part in path.relative_to(ROOT).with_suffix("").parts]
    assert [short(path) for path, part in parts if part.removeprefix("test_") in EMPTY_NAMES] == []


def test_nothing_is_left_for_later() -> None:
    """What is not done is an issue, not a note in the code."""
    files = python_files("lab", "tests", "tools")
    assert [short(path) for path in files if LATER.search(path.read_text(encoding="utf-8"))] == []


def test_core_is_pure() -> None:
    """The core imports no clock, socket, thread, process or randomness, and reads no wall clock."""
    assert len(core_files()) > len(CORE)
    assert [f"{short(path)}: {why}" for path in core_files() for why in impurities(tree(path))] == []


def test_package_does_not_name_itself() -> None:
    """Imports inside the package are relative, so that renaming it is one commit."""
    own = [
        f"{short(path)}:{line}"
        for path in python_files("lab")
        for name, line in imported(tree(path))
        if name.split(".")[0] == "lab"
    ]
    assert own == []


def test_cited_sections_are_tested() -> None:
    """Every section of an RFC that the code cites, or a part of it, is cited by a test."""
    tested = sections_in_tests()
    missing = {
        f"RFC {rfc} section {section} ({short(path)})"
        for path in python_files("lab")
        for rfc, section in citations(path.read_text(encoding="utf-8"))
        if not any(t == rfc and f"{s}.".startswith(f"{section}.") for t, s in tested)
    }
    assert sorted(missing) == []


def test_no_machine_path() -> None:
    """No file of the project names a path of the machine it was written on."""
    texts = {path: path.read_text(encoding="utf-8", errors="replace") for path in tracked_files()}
    assert [short(path) for path, text in texts.items() if MACHINE_PATH.search(text)] == []


def test_version_is_quick() -> None:
    """`rootlab --version` answers without loading dnspython, cryptography, numpy or pydantic."""
    code = (
        "import sys; sys.argv = ['rootlab', '--version']; from lab.cli import main\n"
        "try: main()\n"
        "except SystemExit as stop: assert not stop.code, stop.code\n"
        "print(sorted({name.split('.')[0] for name in sys.modules}))"
    )
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert run.returncode == 0, run.stderr
    version, modules = run.stdout.splitlines()
    assert "0.1.0" in version
    assert {"dns", "cryptography", "numpy", "pydantic"}.isdisjoint(ast.literal_eval(modules))


@pytest.mark.parametrize(
    "code",
    [
        "import time",
        "def f():\n    from random import choice",
        "import concurrent.futures as pool",
        "import datetime\ndatetime.datetime.now()",
        "from datetime import datetime\nf(key=datetime.utcnow)",
        "from datetime import date\ndate.today()",
    ],
)
def test_impurity_is_found(code: str) -> None:
    """The check of the core sees imports inside functions and readers that are passed on."""
    assert len(list(impurities(ast.parse(code)))) == 1


@pytest.mark.parametrize("code", ["from datetime import time", "from .time import now", "now = step.now"])
def test_purity_is_not_suspected(code: str) -> None:
    """The check of the core lets names pass that only look like a clock."""
    assert list(impurities(ast.parse(code))) == []


def test_citations_are_read() -> None:
    """A citation counts across a line break, and each section of a list counts."""
    text = "RFC 5011 section 2.4.1, RFC 4034\n    sections 3.1.5 and 6.3 and RFC 8145, section 5"
    expected = [("5011", "2.4.1"), ("4034", "3.1.5"), ("4034", "6.3"), ("8145", "5")]
    assert list(citations(text)) == expected
