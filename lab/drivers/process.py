"""Run programs for the lab: daemons that are watched, control programs that answer, and none that stays.

A process lives in a session of its own, so that Ctrl-C reaches the lab alone, and everything it started ends
with it. Should the lab itself be killed, the process namespace takes all of them along (netns.py); where
there is none, a process is on a leash: the kernel kills it with the thread that started it.
"""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import IO, Final, Self

from ..errors import DriverError, one_line
from .clockwork import Clockwork

LOG: Final = "log.txt"
"""The file in a process's folder that takes what it prints."""
SEARCH: Final = ":".join(("/usr/local/sbin", "/usr/local/bin", "/usr/sbin", "/usr/bin", "/sbin", "/bin"))
LAST_LINES: Final = 20

_TAIL: Final = 65536
_POLL: Final = 0.002
_CANARY_PATIENCE: Final = 2.0


@dataclass(frozen=True, slots=True)
class Exit:
    """How a process ended: its exit status, or minus the signal, and the last lines it printed."""

    status: int
    lines: tuple[str, ...]


class Process:
    """A daemon or another program that runs until it is told to end, or ends by itself.

    `folder` is where it runs and where its log is appended to. `environment` is all it gets beside PATH,
    HOME, LANG and TZ. `user` is a numeric uid, for which the lab must be root; None leaves it as it is. On a
    `leash` it ends with the lab, and as another user may bind ports below 1024.
    """

    def __init__(
        self,
        command: Sequence[str],
        folder: Path,
        environment: Mapping[str, str] | None = None,
        *,
        label: str = "",
        user: int | None = None,
        leash: bool = False,
    ) -> None:
        self.command, self.folder = tuple(command), folder
        self.environment = dict(environment or {})
        self.label = label or Path(command[0]).name
        self.user, self.leash = user, leash
        self._running: subprocess.Popen[bytes] | None = None

    def __enter__(self) -> Self:
        """Start it."""
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Leave nothing of it."""
        self.terminate()

    @property
    def log(self) -> Path:
        """Return the file that takes what it prints."""
        return self.folder / LOG

    @property
    def pid(self) -> int:
        """Return the number of the process, 0 if it was not started."""
        return self._running.pid if self._running else 0

    @property
    def running(self) -> bool:
        """Tell whether it runs."""
        return self._running is not None and self._running.poll() is None

    @property
    def exited(self) -> Exit | None:
        """Return how it ended, None while it runs or if it never did."""
        if self._running is None or self._running.poll() is None:
            return None
        return Exit(self._running.returncode, self.last_lines())

    def start(self) -> None:
        """Start it, after the last one has ended. Raises DriverError if there is no such program."""
        assert not self.running, f"{self.label} runs already"
        with self.log.open("ab") as log:
            if self.user is not None:
                os.fchown(log.fileno(), self.user, self.user)
            self._running = _spawn(
                self.command, self.folder, self.environment, self.label, self.user, self.leash,
                stdout=log, stderr=subprocess.STDOUT,
            )  # fmt: skip

    def wait(self, timeout: float) -> Exit | None:
        """Wait for it to end by itself, at most so many seconds; return how it did, None if it runs on."""
        if self._running is not None:
            try:
                self._running.wait(timeout)
            except subprocess.TimeoutExpired:
                return None
        return self.exited

    def terminate(self, grace: float = 3.0) -> Exit | None:
        """Ask it to end, and kill it when `grace` seconds have passed; return how it ended."""
        if self.running:
            self._signal(signal.SIGTERM)
            self.wait(grace)
        return self.kill()

    def kill(self) -> Exit | None:
        """Kill it and what is left of its children, as a power cut would."""
        if self._running is not None:
            self._signal(signal.SIGKILL)
            self._running.wait()
        return self.exited

    def last_lines(self, count: int = LAST_LINES) -> tuple[str, ...]:
        """Return the last lines of its log."""
        try:
            with self.log.open("rb") as log:
                log.seek(max(os.fstat(log.fileno()).st_size - _TAIL, 0))
                text = log.read().decode("utf-8", "backslashreplace")
        except OSError:
            return ()
        return tuple(text.splitlines()[-count:])

    def _signal(self, number: signal.Signals) -> None:
        """Send a signal to its process group. The group outlives its leader, and its number with it."""
        assert self._running is not None
        try:
            os.killpg(self._running.pid, number)
        except ProcessLookupError:
            return
        except PermissionError:
            if self._running.poll() is None:
                self._running.send_signal(number)


def canary(page: Clockwork, process: Process) -> str:
    """Say why a subject cannot be shown to see the lab's time, "" if it does.

    It must have a thread in the clock page; a program that is linked statically has none, nor one that
    was started without the shim. It is given a moment, because a program that was just started has none yet.
    """
    end = time.monotonic() + _CANARY_PATIENCE
    while not page.threads(process.label):
        ended = process.exited
        if ended is not None:
            last = f": {one_line(ended.lines[-1], 200)}" if ended.lines else ""
            return f"{process.label} ended with status {ended.status}{last}"
        if time.monotonic() >= end:
            return (
                f"{process.label} does not see the lab's clock: no thread of it has loaded the shim; is "
                "the program linked statically, or started by something that clears LD_PRELOAD?"
            )
        time.sleep(_POLL)  # noqa: TID251
    return ""


def run_tool(
    command: Sequence[str],
    folder: Path,
    environment: Mapping[str, str] | None = None,
    *,
    timeout: float = 10.0,
    user: int | None = None,
    leash: bool = False,
) -> str:
    """Run a control program to its end and return what it prints; its errors come after that.

    Give it the clock of the daemon it talks to, under a label of its own. Raises DriverError if it is not
    there, takes longer than `timeout` real seconds, or ends with another status than 0.
    """
    name = Path(command[0]).name
    process = _spawn(
        command, folder, environment or {}, name, user, leash, stdout=subprocess.PIPE, stderr=subprocess.PIPE
    )
    try:
        printed = process.communicate(timeout=timeout)
    except subprocess.TimeoutExpired:
        raise DriverError(f"{name}: no answer within {timeout:g} s: {one_line(' '.join(command))}") from None
    finally:
        _end_group(process)
    out, err = (text.decode("utf-8", "backslashreplace") for text in printed)
    if process.returncode:
        said = next((line for line in reversed((out + err).splitlines()) if line.strip()), "it says nothing")
        raise DriverError(f"{name}: status {process.returncode}: {one_line(said, 200)}")
    return out + err


def _spawn(
    command: Sequence[str],
    folder: Path,
    environment: Mapping[str, str],
    label: str,
    user: int | None,
    leash: bool,
    *,
    stdout: IO[bytes] | int,
    stderr: int,
) -> subprocess.Popen[bytes]:
    """Start a program in a session of its own. Raises DriverError if there is none or it cannot be."""
    words = [find_program(command[0]), *command[1:]]
    around = surroundings(folder, environment)
    if leash:
        words, around, user = _leashed(words, around, user), surroundings(folder, {}), None
    try:
        return subprocess.Popen(  # noqa: S603
            words,
            cwd=folder,
            env=around,
            stdin=subprocess.DEVNULL,
            stdout=stdout,
            stderr=stderr,
            start_new_session=True,
            user=user,
            group=user,
            extra_groups=None if user is None else (),
        )
    except OSError as error:
        raise DriverError(f"{label}: {words[0]} cannot be started: {error.strerror}") from None


def _leashed(words: Sequence[str], environment: Mapping[str, str], user: int | None) -> list[str]:
    """Return a command line that has the kernel kill a program with the lab (prctl(2), PR_SET_PDEATHSIG).

    The signal is set behind the change of the user, which would make the kernel forget it. What is for the
    program alone, the clock's library say, is put into the environment behind that.
    """
    rights = ["--inh-caps", "+net_bind_service", "--ambient-caps", "+net_bind_service"]
    who = ["--reuid", str(user), "--regid", str(user), "--clear-groups", *rights]
    held = [find_program("setpriv"), "--pdeathsig", "KILL", *([] if user is None else who), "--"]
    return [*held, find_program("env"), *(f"{name}={value}" for name, value in environment.items()), *words]


def find_program(name: str) -> str:
    """Return the path of a program, looked for in PATH and where daemons live. Raises DriverError."""
    path = shutil.which(name, path=_search())
    if path is None:
        raise DriverError(f"{name} is not installed; `rootlab doctor` says which package it comes from")
    return path


def surroundings(folder: Path, environment: Mapping[str, str]) -> dict[str, str]:
    """Return the whole environment of a process: little, and the same everywhere."""
    return {"PATH": _search(), "HOME": str(folder), "LANG": "C.UTF-8", "TZ": "UTC", **environment}


def _search() -> str:
    return ":".join(filter(None, (os.environ.get("PATH", ""), SEARCH)))


def _end_group(process: subprocess.Popen[bytes]) -> None:
    """Kill a control program and what it has started, and take leave of it."""
    with suppress(ProcessLookupError, PermissionError):
        os.killpg(process.pid, signal.SIGKILL)
    process.wait()
    for pipe in (process.stdout, process.stderr):
        if pipe is not None:
            pipe.close()
