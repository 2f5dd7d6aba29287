"""What holds for every command: exit statuses, errors of one line, imports that wait until needed."""

from __future__ import annotations

import os
import subprocess
import sys

import click
import pytest

from lab import __version__
from lab.cli.commands import COMMANDS
from lab.cli.commands import rootlab as group
from lab.errors import DriverError, UserError

from .ended import Rootlab

HEAVY = ("cryptography", "defusedxml", "dns", "jinja2", "numpy", "pydantic", "rich")


def modules_after(*arguments: str) -> set[str]:
    """Return the top-level modules that a fresh Python has imported after a command."""
    code = "import sys; from lab.cli import main; main(sys.argv[1:]); print('\\n' + ' '.join(sys.modules))"
    done = subprocess.run(
        [sys.executable, "-c", code, *arguments], capture_output=True, text=True, check=True
    )
    return {name.partition(".")[0] for name in done.stdout.splitlines()[-1].split()}


def test_version(rootlab: Rootlab) -> None:
    """`--version` prints name and version."""
    assert rootlab("--version") == (0, f"rootlab {__version__}\n", "")


def test_version_imports_nothing() -> None:
    """`--version` answers before anything that takes time is imported, click included."""
    assert modules_after("--version") & {*HEAVY, "click"} == set()


@pytest.mark.parametrize("arguments", [["--help"], ["run", "--help"], ["zone", "--help"], ["list", "--help"]])
def test_help_imports_nothing_heavy(arguments: list[str]) -> None:
    """Help needs click and nothing that reads DNS, keys, XML or scenarios, or draws tables."""
    assert modules_after(*arguments) & {*HEAVY} == set()


@pytest.mark.parametrize("name", list(COMMANDS))
def test_the_table_of_commands_is_right(name: str) -> None:
    """Every line of the table leads to a command that describes itself with the same words."""
    command = group.get_command(click.Context(group), name)
    assert command is not None
    assert (command.name, command.get_short_help_str(200)) == (name, COMMANDS[name][1])


def test_help_lists_the_commands(rootlab: Rootlab) -> None:
    """`--help` shows every command, and the exit statuses."""
    ended = rootlab("--help")
    assert (ended.status, ended.err) == (0, "")
    assert [line.split()[0] for line in ended.out.split("Commands:\n")[1].splitlines()] == list(COMMANDS)
    assert "130 interrupted" in ended.out


@pytest.mark.parametrize(
    ("arguments", "line"),
    [
        (
            [],
            f"usage: no command given: {', '.join(COMMANDS)}; see rootlab --help",
        ),
        (["runn"], "usage: no command 'runn': did you mean 'run'; see rootlab --help"),
        (["--frob"], "usage: no such option '--frob'; see rootlab --help"),
        (["run"], "usage: missing argument SCENARIO or SUITE, or --skr FILE; see rootlab run --help"),
        (["run", "a", "b"], "usage: one scenario or suite at a time, not 2; see rootlab run --help"),
        (
            ["run", "x", "--format", "pdf"],
            "usage: invalid value for '--format': 'pdf' is not one of 'text', 'json', 'junit', 'markdown'; "
            "see rootlab run --help",
        ),
        (
            ["zone", "2018-actual", "--at", "noon"],
            "usage: invalid value for '--at': 'noon' is not an instant; write it like 2018-10-11T16:00:00Z; "
            "see rootlab zone --help",
        ),
        (["zone", "2018-actual"], "usage: missing option '--at'; see rootlab zone --help"),
        (
            ["run", "2018-actul"],
            "2018-actul: there is no such file, and no shipped scenario has this name; did you mean "
            '"2018-actual"? see `rootlab list scenarios`, or give the path of a file',
        ),
        (
            ["judge", "none.jsonl"],
            "none.jsonl: cannot be read: No such file or directory; give a file made with run --record",
        ),
        (
            ["timeline", "2018-actual", "--at", "1999-01-01"],
            "timeline: there is no zone before 2017-04-01T00:00:00Z; start the run later or the timeline "
            "earlier",
        ),
    ],
)
def test_errors_take_one_line(arguments: list[str], line: str, rootlab: Rootlab) -> None:
    """What is wrong with the input, where, and what to do fit into one line on stderr, with exit status 2."""
    assert rootlab(*arguments) == (2, "", f"rootlab: {line}\n")


def _raising(monkeypatch: pytest.MonkeyPatch, error: BaseException) -> None:
    """Make `rootlab list reports` raise an error."""

    def fail() -> None:
        raise error

    monkeypatch.setattr("lab.cli.catalogue._reports", fail)
    monkeypatch.setitem(sys.modules["lab.cli.catalogue"].LISTS, "reports", (fail, ("name",), ""))


@pytest.mark.parametrize(
    ("error", "status", "line"),
    [
        (UserError("is odd", place="f.toml: x", remedy="even it"), 2, "f.toml: x: is odd; even it"),
        (UserError("two\nlines \x1b[31mred"), 2, "two lines [31mred"),
        (DriverError("no daemon here"), 3, "no daemon here"),
        (
            FileNotFoundError(2, "No such file or directory", "gone.xml"),
            2,
            "gone.xml: No such file or directory",
        ),
        (KeyboardInterrupt(), 130, "interrupted"),
        (click.Abort(), 130, "interrupted"),
    ],
)
def test_errors_of_commands(
    error: BaseException, status: int, line: str, rootlab: Rootlab, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whose fault an error is decides the exit status, and every error is one printable line."""
    rootlab("list", "reports")
    _raising(monkeypatch, error)
    ended = rootlab("list", "reports")
    assert (ended.status, ended.err.splitlines()[-1]) == (status, f"rootlab: {line}")
    assert len(ended.err.split("\n")) <= 3


def test_a_fault_of_the_lab(rootlab: Rootlab, monkeypatch: pytest.MonkeyPatch) -> None:
    """An exception nobody expected is one line that names the place and says how to report it."""
    rootlab("list", "reports")
    _raising(monkeypatch, KeyError("ksk-1999"))
    ended = rootlab("list", "reports")
    assert (ended.status, ended.out) == (4, "")
    assert ended.err.startswith(
        "rootlab: a fault of the lab, not yours: KeyError: 'ksk-1999' at lab/cli/catalogue.py:"
    )
    assert ended.err.count("\n") == 1


def test_a_fault_in_the_network(rootlab: Rootlab, monkeypatch: pytest.MonkeyPatch) -> None:
    """A fault that came back from a process inside the lab's network names the place in there."""
    rootlab("list", "reports")
    error = KeyError("x")
    error.add_note(
        '  File "/somewhere/lab/drivers/stage.py", line 7, in play\n  File "/other/place.py", line 9'
    )
    _raising(monkeypatch, error)
    assert " at lab/drivers/stage.py:7; please report" in rootlab("list", "reports").err


def test_debugging_shows_the_traceback(rootlab: Rootlab, monkeypatch: pytest.MonkeyPatch) -> None:
    """ROOTLAB_DEBUG=1 shows where an exception came from."""
    rootlab("list", "reports")
    _raising(monkeypatch, KeyError("ksk-1999"))
    monkeypatch.setenv("ROOTLAB_DEBUG", "1")
    assert rootlab("list", "reports").err.startswith("Traceback (most recent call last):\n")


def test_a_reader_that_leaves() -> None:
    """A closed pipe ends the command quietly."""
    code = "import sys; from lab.cli import main; sys.exit(main(['list', 'models', '--format', 'json']))"
    with subprocess.Popen(
        [sys.executable, "-c", code], stdout=subprocess.PIPE, stderr=subprocess.PIPE
    ) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        process.stdout.close()
        assert (process.wait(), process.stderr.read()) == (0, b"")


@pytest.mark.parametrize("command", ["list reports", "--help", "--version"])
def test_a_full_disk(command: str) -> None:
    """Output that cannot be written is an error of one line."""
    code = "import sys; from lab.cli import main; sys.exit(main(sys.argv[1:]))"
    with open("/dev/full", "wb") as full:
        done = subprocess.run(
            [sys.executable, "-c", code, *command.split()], stdout=full, stderr=subprocess.PIPE, check=False
        )
    assert (done.returncode, done.stderr) == (2, b"rootlab: input or output: No space left on device\n")


def test_closed_streams() -> None:
    """A command whose standard streams are closed still says by its exit status how it ended."""
    code = (
        "import sys; sys.stdout = sys.stderr = None; from lab.cli import main; sys.exit(main(sys.argv[1:]))"
    )
    statuses = [
        subprocess.run([sys.executable, "-c", code, "list", what], check=False).returncode
        for what in ("reports", "frob")
    ]
    assert statuses == [0, 2]


def test_a_terminal_that_is_not_utf8() -> None:
    """Text that a terminal cannot show is escaped, not an exception."""
    code = "import sys; from lab.cli import main; sys.exit(main(['run', 'r\\u00f6ll.toml']))"
    done = subprocess.run(
        [sys.executable, "-c", code],
        capture_output=True,
        env={**os.environ, "PYTHONIOENCODING": "ascii"},
        check=False,
    )
    assert (done.returncode, done.stderr[:20]) == (2, b"rootlab: r\\xf6ll.tom")
