"""Run something inside a network of the lab's own, from which no packet can leave, and leave nothing behind.

Four processes: the caller; one that leaves the shared namespaces and waits; the first process of the new
ones, which only reaps orphans; and the one that works. Each is killed with the one before it, and with the
first process of the namespace all others in it, so that even `kill -9` of the caller ends everything. Mounts
vanish with the namespace; outside of it nothing is ever made.
"""

from __future__ import annotations

import os
import pickle
import select
import signal
import sys
import time
import traceback
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import Any, Final, NamedTuple, NoReturn, TypeVar

from ..errors import DriverError, LabError
from .isolation import die_with_parent, drop_rights, mount_private, open_ports, unshare
from .rtnetlink import raise_link, raise_loopback

T = TypeVar("T")

GRACE: Final = 10.0
"""Seconds that work has to end after an interrupt, before all is killed."""


def run_inside(
    work: Callable[[Path], T],
    *,
    addresses: Sequence[str],
    link: str = "",
    log: Callable[[str], None] | None = None,
) -> T:
    """Do `work(folder)` in a child, inside namespaces of its own, and return its result.

    `lo` has the `addresses` (IPv4, IPv6), and there is nothing else: no route, and no other interface, unless
    `link` is an IPv4 address: then a pair of interfaces that leads nowhere has it. Any user may bind port 53.
    `folder` is empty, on a tmpfs that is gone afterwards. As root the child stays root and may start
    processes as other users; an ordinary user stays who they are. Standard streams are inherited.

    Result and exceptions come back pickled, with the child's traceback as a note. Ctrl-C reaches `work` once,
    as KeyboardInterrupt. Call it before threads are started: only the calling one goes inside.
    Raises DriverError if the system does not allow it.
    """
    _flush()
    reading, writing = os.pipe()
    alive, hold = os.pipe()
    job = _Job(work, addresses, link, os.getpid(), writing, alive, hold)
    old_mask = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    child = os.fork()
    if child == 0:
        _never_return(_leave, job)
    os.close(writing)
    os.close(hold)
    try:
        signal.pthread_sigmask(signal.SIG_SETMASK, old_mask)
        if log is not None:
            log(f"namespace: {len(addresses)} addresses on lo, process {child}")
        payload = _read(reading)
    except KeyboardInterrupt:
        os.kill(child, signal.SIGINT)
        _read(reading, time.monotonic() + GRACE)
        raise
    finally:
        os.close(reading)
        _end(child, alive)
    fine, value = _result(payload)
    if not fine:
        raise value
    answer: T = value
    return answer


def available() -> str:
    """Return nothing if namespaces work here, else the reason in one line. They are tried, not guessed."""
    try:
        run_inside(_nothing, addresses=("127.0.0.2",))
    except DriverError as error:
        return str(error)
    return ""


def _nothing(_folder: Path) -> None:
    """Do nothing."""


# -- the caller ----------------------------------------------------------------------------------------------


def _read(reading: int, deadline: float | None = None) -> bytes:
    """Return what comes through a pipe until its other end is closed, or until a deadline."""
    parts: list[bytes] = []
    while True:
        left = None if deadline is None else max(0.0, deadline - time.monotonic())
        if not select.select([reading], [], [], left)[0]:
            return b""
        part = os.read(reading, 1 << 16)
        if not part:
            return b"".join(parts)
        parts.append(part)


def _end(child: int, alive: int) -> None:
    """End what is still alive inside, and wait until the kernel has cleared all of it away."""
    os.kill(child, signal.SIGTERM)
    try:
        if not select.select([alive], [], [], GRACE)[0]:
            os.kill(child, signal.SIGKILL)
    finally:
        os.close(alive)
        os.waitpid(child, 0)


def _flush() -> None:
    """Write out what standard streams hold, or it would be written by both sides of a fork."""
    for stream in (sys.stdout, sys.stderr):
        stream.flush()


def _result(payload: bytes) -> tuple[bool, Any]:
    """Return what came back: (True, the result) or (False, an exception)."""
    if not payload:
        raise DriverError("namespace: the lab's process inside was killed; was there too little memory?")
    fine, value = pickle.loads(payload)  # noqa: S301 - our own child wrote it
    return fine, value


# -- the children --------------------------------------------------------------------------------------------


class _Job(NamedTuple):
    """Hold what is to be done, and the pipes: for the result, and one that only the second process holds."""

    work: Callable[[Path], object]
    addresses: Sequence[str]
    link: str
    caller: int
    writing: int
    alive: int
    hold: int


def _never_return(step: Callable[[_Job], None], job: _Job) -> NoReturn:
    """Do one child's part and end the process; whatever goes wrong is for the caller to raise."""
    try:
        step(job)
    except BaseException as error:
        _send(job.writing, False, error)
    finally:
        os._exit(0)


def _send(writing: int, fine: bool, value: object) -> None:
    """Send a result or an exception to the caller."""
    if isinstance(value, BaseException) and not isinstance(value, LabError | KeyboardInterrupt):
        value.add_note("".join(traceback.format_exception(value)).rstrip())
    try:
        payload = pickle.dumps((fine, value))
        pickle.loads(payload)  # noqa: S301 - our own; some exceptions can be written but not read
    except Exception as error:
        payload = pickle.dumps((False, RuntimeError(f"{value!r} cannot leave the namespace: {error!r}")))
    view = memoryview(payload)
    while view:
        view = view[os.write(writing, view) :]


def _leave(job: _Job) -> None:
    """Be the one who leaves the shared namespaces: of processes only its children are in the new one."""
    signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGTERM})
    die_with_parent()
    if os.getppid() != job.caller:
        return
    unshare()
    die_with_parent()
    first = os.fork()
    if first == 0:
        os.close(job.hold)
        _never_return(_begin, job)
    os.close(job.writing)
    _forward_interrupts(first)
    signal.signal(signal.SIGTERM, lambda _number, _frame: os.kill(first, signal.SIGKILL))
    signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGTERM})
    os.waitpid(first, 0)


def _begin(job: _Job) -> None:
    """Be the first process inside: furnish it, start the worker, reap orphans until the worker ends."""
    die_with_parent()
    if select.select([job.alive], [], [], 0)[0]:
        return
    folder = mount_private()
    open_ports()
    raise_loopback(job.addresses)
    if job.link:
        raise_link(job.link)
    worker = os.fork()
    if worker == 0:
        _never_return(partial(_work, folder), job)
    os.close(job.writing)
    _forward_interrupts(worker)
    while os.wait()[0] != worker:
        pass


def _work(folder: Path, job: _Job) -> None:
    """Be the worker: as the caller, with Ctrl-C as an exception, but only once."""
    drop_rights()

    def interrupt(_number: int, _frame: object) -> NoReturn:
        signal.signal(signal.SIGINT, signal.SIG_IGN)
        raise KeyboardInterrupt

    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    signal.signal(signal.SIGINT, interrupt)
    signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGINT, signal.SIGTERM})
    try:
        value = job.work(folder)
    finally:
        _flush()
    _send(job.writing, True, value)


def _forward_interrupts(child: int) -> None:
    """Pass SIGINT on to a child, and take it no other way."""
    signal.signal(signal.SIGINT, lambda _number, _frame: os.kill(child, signal.SIGINT))
    signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGINT})
