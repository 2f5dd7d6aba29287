"""The command `rootlab`: what people and pipelines type.

Nothing here is imported before it is needed: `--version` answers without click, `--help` without the
libraries that read DNS, keys or scenarios, and each command imports only its own.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from contextlib import suppress

from .. import __version__


def main(arguments: Sequence[str] | None = None) -> int:
    """Run `rootlab` with the given arguments (default: those of the process) and return the exit status.

    0 passed, 1 failed, 2 usage or unreadable input, 3 inconclusive, 4 a fault of the lab itself, 130
    interrupted.
    """
    given = list(sys.argv[1:] if arguments is None else arguments)
    if given == ["--version"]:
        with suppress(OSError):  # a full disk is reported below
            print(f"rootlab {__version__}", flush=True)
            return 0
    from .dispatch import dispatch

    return dispatch(given)
