"""Four verbs that a library speaks on standard input and output: `init`, `refresh`, `validate`, `state`.

One JSON object a line each way, and an answer to every line; docs/conformance.md has the fields. An answer
comes within a few seconds and is bounded, or it counts as the end of the program.
"""

from __future__ import annotations

import json
import os
import selectors
import subprocess
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final

from ..errors import DriverError, one_line

PATIENCE: Final = 20.0
"""Real seconds that an answer may take."""
LONGEST: Final = 1 << 20
"""Octets that an answer may have."""


class Gone(Exception):
    """Report that the program has ended, or does not answer as it should; the text says how."""


class Verbs:
    """Talk to one running program."""

    def __init__(self, command: Sequence[str], log: Path) -> None:
        """Start it; what it writes to standard error goes to `log`. Raises DriverError if it is not there."""
        self._command = command
        try:
            with log.open("ab") as errors:
                self._process = subprocess.Popen(  # noqa: S603
                    list(command), stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=errors
                )
        except OSError as error:
            problem = error.strerror or str(error)
            raise DriverError(
                f"{command[0]} cannot be started: {problem}; mend `library` in the SUT file"
            ) from None
        self._rest = b""

    def ask(self, verb: str, **fields: Any) -> dict[str, Any]:
        """Send a verb and return the answer. Raises Gone."""
        line = json.dumps({"verb": verb, **fields}).encode("ascii") + b"\n"
        assert self._process.stdin is not None
        try:
            self._process.stdin.write(line)
            self._process.stdin.flush()
        except (OSError, ValueError):
            raise Gone(f"it ended with status {self._process.wait()} before {verb}") from None
        answer = self._line(verb)
        try:
            row = json.loads(answer)
        except (ValueError, RecursionError):
            row = None
        if not isinstance(row, dict):
            raise Gone(
                f"its answer to {verb} is no JSON object: {one_line(answer.decode('utf-8', 'replace'), 60)}"
            )
        if "error" in row:
            raise Gone(f"{verb}: {one_line(str(row['error']), 200)}")
        return row

    def _line(self, verb: str) -> bytes:
        """Return the next line that it prints."""
        output = self._process.stdout
        assert output is not None
        with selectors.DefaultSelector() as ready:
            ready.register(output, selectors.EVENT_READ)
            while b"\n" not in self._rest:
                if not ready.select(PATIENCE):
                    raise Gone(f"it did not answer to {verb} within {PATIENCE:g} s")
                some = os.read(output.fileno(), 1 << 16)
                if not some:
                    raise Gone(f"it ended with status {self._process.wait()} at {verb}")
                self._rest += some
                if len(self._rest) > LONGEST:
                    raise Gone(f"its answer to {verb} is longer than {LONGEST} octets")
        line, _, self._rest = self._rest.partition(b"\n")
        return line

    def end(self, *, kill: bool = False) -> None:
        """End it: by closing its standard input, or by a signal that it cannot hear."""
        if kill:
            self._process.kill()
        for stream in (self._process.stdin, self._process.stdout):
            if stream is not None:
                stream.close()
        try:
            self._process.wait(PATIENCE)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
