"""Turn whatever a command does or raises into an exit status, and errors into one line each.

Every command goes through `dispatch`: no error reaches a user as a traceback, and none takes two lines.
"""

from __future__ import annotations

import os
import re
import sys
import traceback
from collections.abc import Sequence

import click

from ..errors import LabError, one_line
from .commands import rootlab
from .output import silence_stdout

USAGE, FAULT, INTERRUPTED = 2, 4, 130

_INNER_PLACE = re.compile(rf'File "([^"]*{re.escape(os.sep)}lab{re.escape(os.sep)}[^"]*)", line (\d+)')
"""Where an error was raised that came out of the lab's network, with its traceback as a note."""


def dispatch(arguments: Sequence[str]) -> int:
    """Run one command line and return its exit status; print what went wrong as one line on stderr."""
    try:
        _prepare_streams()
        status = _invoke(arguments)
        sys.stdout.flush()
    except BrokenPipeError:
        silence_stdout()
        return 0
    except (KeyboardInterrupt, click.Abort):
        return _complain("interrupted", INTERRUPTED)
    except click.UsageError as error:
        return _usage(error)
    except click.ClickException as error:
        return _complain(error.format_message(), USAGE)
    except LabError as error:
        return _complain(str(error), error.exit_status)
    except OSError as error:
        if error.filename is None:
            silence_stdout()
        return _complain(f"{error.filename or 'input or output'}: {error.strerror or error}", USAGE)
    except Exception as error:
        return _fault(error)
    return status if isinstance(status, int) else 0


def _invoke(arguments: Sequence[str]) -> object:
    """Run the command and return its exit status.

    `click.Group.main` is not used: it answers a closed pipe with exit status 1 and Ctrl-C with a blank line.
    """
    try:
        with rootlab.make_context("rootlab", list(arguments)) as context:
            return rootlab.invoke(context)
    except click.exceptions.Exit as ended:
        return ended.exit_code


def _prepare_streams() -> None:
    """Let every text be printed: escapes on a terminal that is not UTF-8, nowhere if a stream is closed."""
    for name in ("stdout", "stderr"):
        stream = getattr(sys, name)
        if stream is None:
            setattr(sys, name, open(os.devnull, "w", encoding="utf-8"))  # noqa: SIM115
        elif hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="backslashreplace")


def _complain(message: str, status: int) -> int:
    """Print one line on stderr and return the status; with ROOTLAB_DEBUG=1 the traceback comes first."""
    if os.environ.get("ROOTLAB_DEBUG", "") not in ("", "0") and status != INTERRUPTED:
        traceback.print_exc()
    print(f"rootlab: {one_line(message, 1000)}", file=sys.stderr)
    return status


def _usage(error: click.UsageError) -> int:
    """Complain about the command line itself, and say where the right one is described."""
    problem = error.format_message().rstrip(".")
    problem = problem[:1].lower() + problem[1:]
    command = error.ctx.command_path if error.ctx else "rootlab"
    return _complain(f"usage: {problem}; see {command} --help", USAGE)


def _fault(error: Exception) -> int:
    """Complain about the lab itself, with the place in the code that a maintainer needs."""
    frames = traceback.extract_tb(error.__traceback__)
    inside = [frame for frame in frames if f"{os.sep}lab{os.sep}" in frame.filename] or frames
    frame = inside[-1]
    place = f"{os.sep.join(frame.filename.split(os.sep)[-3:])}:{frame.lineno}"
    inner = _INNER_PLACE.findall("\n".join(getattr(error, "__notes__", ())))
    if inner:
        place = f"{os.sep.join(inner[-1][0].split(os.sep)[-3:])}:{inner[-1][1]}"
    what = f"{type(error).__name__}: {error}" if str(error) else type(error).__name__
    return _complain(
        f"a fault of the lab, not yours: {one_line(what, 200)} at {place}; please report this line, the "
        "command line and the scenario (ROOTLAB_DEBUG=1 shows the traceback)",
        FAULT,
    )
