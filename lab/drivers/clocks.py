"""The clock that daemons see: a page of memory shared with the shim, and the table of clock backends.

The page is a file that everybody maps (labclock.c has the same layout). It holds what has to be added to the
real monotonic clock, once for the date and once for the monotonic clock that programs see, and one slot for
each thread in which the shim notes whether the thread waits, and until when. So the lab can jump, and can
tell when everybody has done what the jump made due.

A daemon is idle when each of its threads waits and nothing that a thread waits for is due. Whether a thread
sleeps is asked of the kernel as well: a thread that was just woken is runnable before it has said so in the
page. That makes `idle` exact where /proc shows the daemon; elsewhere the slots must not have moved for a
moment.
"""

from __future__ import annotations

import mmap
import os
import shutil
import struct
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final, NamedTuple

from ..errors import DriverError
from . import shim, tasks

SECOND: Final = 1_000_000_000
NEVER: Final = (1 << 63) - 1
SLICE: Final = 1_000_000
"""Nanoseconds of real time after which a waiting thread looks at the emulated clock again."""

_MAGIC, _LAYOUT = 0x6B636F6C6362616C, 1
_RING, _LABELS, _SLOTS = 8, 64, 4032
_HEAD = struct.Struct("=8q")
_ENTRY = struct.Struct("=4q")
_LABEL = struct.Struct("=48s2q")
_SLOT = struct.Struct("=8q")
_WORD = struct.Struct("@q")
_RING_AT = _HEAD.size
_LABELS_AT = _RING_AT + _RING * _ENTRY.size
_SLOTS_AT = _LABELS_AT + _LABELS * _LABEL.size
_SIZE = _SLOTS_AT + _SLOTS * _SLOT.size
_SEQ, _USED, _REFUSED, _SLICE = 16, 24, 32, 40
_LONGEST_LABEL: Final = 47

_DUE: Final = "something is due"
_LOOKS: Final = 5
"""How often `idle` looks before it believes that somebody runs: a slice that ends makes a thread run, too."""
_BETWEEN_LOOKS: Final = 0.0001
_SETTLED: Final = 4 * SLICE
"""Nanoseconds that all threads must have waited where the kernel cannot be asked."""


class Slot(NamedTuple):
    """One thread as the shim tells of it; times are nanoseconds, `since` of the real monotonic clock.

    `since` is 0 while the thread does not wait, `deadline` is emulated monotonic time, NEVER if none. Of the
    processes it has begun to fork (`forks`) as many as `born` have a slot of their own.
    """

    owner: int
    label: int
    since: int
    deadline: int
    seq: int
    waits: int
    forks: int
    born: int

    @property
    def pid(self) -> int:
        """Return the process."""
        return self.owner >> 32

    @property
    def tid(self) -> int:
        """Return the thread."""
        return self.owner & 0xFFFFFFFF


class ClockPage:
    """The shared page. One process jumps; others may read.

    Labels are the subjects' names, at most 47 octets and 63 of them; a process gets its label by the
    environment it is started with, and its children inherit it.
    """

    def __init__(self, path: Path, *, fresh: bool = False) -> None:
        """Map an existing page, or lay out a fresh one. Use `create` or `attach`."""
        self.path = path
        self._closed = False
        with path.open("w+b" if fresh else "r+b") as file:
            if fresh:
                os.fchmod(file.fileno(), 0o666)
                file.truncate(_SIZE)
            elif os.fstat(file.fileno()).st_size < _SIZE:
                raise DriverError(f"{path}: not a page of the lab's clock")
            self._memory = mmap.mmap(file.fileno(), _SIZE)
        if fresh:
            now = time.monotonic_ns()
            self._force(1, time.time_ns() - now, 0)
            _HEAD.pack_into(self._memory, 0, _MAGIC, _LAYOUT, 1, 0, 0, SLICE, 0, 0)
        elif _HEAD.unpack_from(self._memory)[:2] != (_MAGIC, _LAYOUT):
            raise DriverError(f"{path}: not a page of the lab's clock, or of another version of the lab")
        self._tasks = tasks.Tasks() if tasks.in_sight() else None
        self._numbers = {name: number for number, name in enumerate(self._labels()) if name}

    @classmethod
    def create(cls, path: Path) -> ClockPage:
        """Lay out a page that shows the real time until the first jump, with the shim beside it.

        `path` is best on a tmpfs; whoever runs daemons must be able to reach its folder. Raises DriverError.
        """
        library = shim.compiled()
        page = cls(path, fresh=True)
        shutil.copyfile(library, page.shim)
        page.shim.chmod(0o755)
        return page

    @classmethod
    def attach(cls, path: Path) -> ClockPage:
        """Map a page that another process has made. Raises DriverError."""
        try:
            return cls(path)
        except OSError as error:
            raise DriverError(f"{path}: the clock page cannot be read: {error.strerror}") from None

    def close(self) -> None:
        """Unmap the page. Its file, and the shim's, go with their folder."""
        if not self._closed:
            self._closed = True
            self._memory.close()
            if self._tasks is not None:
                self._tasks.close()

    @property
    def shim(self) -> Path:
        """Return the copy of the shim that lies beside the page, where daemons can read it."""
        return self.path.with_name("labclock.so")

    @property
    def seq(self) -> int:
        """Return the number of jumps so far, and one."""
        return self._word(_SEQ)

    @property
    def emulated(self) -> float:
        """Return the emulated time, seconds since 1970."""
        return self.emulated_ns / SECOND

    @property
    def emulated_ns(self) -> int:
        """Return the emulated time, nanoseconds since 1970."""
        return time.monotonic_ns() + self._offsets()[0]

    def jump(self, to: float) -> None:
        """Set the emulated time, in seconds since 1970; it runs on from there at the real rate.

        The monotonic clock that programs see follows forwards, and stands still when the date is set back.
        """
        realtime, monotonic = self._offsets()
        ahead = round(to * SECOND) - realtime - time.monotonic_ns()
        seq = self.seq + 1
        self._force(seq, realtime + ahead, monotonic + max(ahead, 0))
        _WORD.pack_into(self._memory, _SEQ, seq)

    def skew(self, label: str, seconds: float) -> None:
        """Put one subject's idea of the date off by so many seconds, from now on: a clock that is wrong.

        Its timers are not touched, as when an administrator sets the date of a machine.
        """
        at = _LABELS_AT + self._number(label) * _LABEL.size + 48
        _WORD.pack_into(self._memory, at, round(seconds * SECOND))

    def environment(self, label: str) -> dict[str, str]:
        """Return what a process needs in its environment to see this clock under a label."""
        return {
            "LD_PRELOAD": str(self.shim),
            "LABCLOCK_FILE": str(self.path),
            "LABCLOCK_LABEL": str(self._number(label)),
            "TZ": "UTC",
        }

    def threads(self, label: str) -> int:
        """Count the living threads under a label that have the shim; 0 says that nobody sees this clock."""
        return len(self._living((label,))[0])

    def idle(self, label: str) -> bool:
        """Tell whether every living thread under a label waits, and nothing that it waits for is due."""
        return not self.busy((label,))

    def quiet(self, labels: Sequence[str], wire: Callable[[], int | None]) -> bool:
        """Tell whether all labels are idle at once and no message is on its way between them and the lab.

        `wire` is asked before and after, and returns the number of messages that the lab has taken so far,
        None if it works on one or one waits for it. To ask everybody one by one is not enough: a question
        may be sent after the lab was asked and before its sender is.
        """
        before = wire()
        return before is not None and not self.busy(labels) and wire() == before

    def busy(self, labels: Sequence[str]) -> str:
        """Say in a few words why labels are not idle all at once, "" if they are."""
        for look in range(_LOOKS):
            if look:
                time.sleep(_BETWEEN_LOOKS)  # noqa: TID251
            reason = self._look(labels)
            if not reason or reason == _DUE:
                break
        return reason

    def idle_for_ns(self, label: str) -> int:
        """Return for how many nanoseconds of real time a label has been idle, 0 if it is not."""
        if self.busy((label,)):
            return 0
        since = [slot.since for slot in self._slots((label,)) if slot.since]
        return max(time.monotonic_ns() - max(since), 1) if since else 0

    def next_deadline(self, label: str) -> float | None:
        """Return when the first of a label's waiting threads wants to go on, in emulated seconds since 1970.

        None if none has a deadline. A deadline in the past is due now.
        """
        deadlines = [slot.deadline for slot in self._living((label,))[0] if slot.since]
        first = min(deadlines, default=NEVER)
        if first == NEVER:
            return None
        realtime, monotonic = self._offsets()
        return (first - monotonic + realtime) / SECOND

    def met(self, label: str) -> bool:
        """Tell whether a process under a label has loaded the shim, though it may have ended since.

        Slots are used again, so that the answer holds until the next process starts.
        """
        return any(slot.label == self._number(label) for slot in self._all())

    def slots(self, label: str) -> tuple[Slot, ...]:
        """Return what the threads under a label tell of themselves."""
        return tuple(self._slots((label,)))

    def forget(self, label: str) -> None:
        """Free the slots of a label whose processes are gone."""
        number = self._number(label)
        for index, slot in enumerate(self._all()):
            if slot.owner and slot.label == number:
                self._free(index)
                if self._tasks is not None:
                    self._tasks.drop(slot.pid)

    def _look(self, labels: Sequence[str]) -> str:
        """Look once whether labels are idle; return why not, "" if they are."""
        before, states, ended = self._living(labels)
        if ended:
            return "a thread has just ended"
        if len({slot.label for slot in before}) < len(set(labels)):
            return "no thread of it has the lab's clock"
        if self._word(_REFUSED):
            return "more threads than the clock page has slots"
        now = time.monotonic_ns()
        emulated = now + self._offsets()[1]
        if any(slot.since and slot.deadline <= emulated for slot in before):
            return _DUE
        if any(slot.forks != slot.born for slot in before):
            return "a process is being forked"
        if self._tasks is not None:
            looks = [states]
            if not all(slot.since for slot in before):
                looks.append(self._living(labels)[1])  # who waits unknown to the shim may have woken another
            running = next((tid for one in looks for tid in one if one[tid] not in tasks.ASLEEP), 0)
            if running:
                return f"thread {running} runs"
        elif not all(slot.since and now - slot.since >= _SETTLED for slot in before):
            return "a thread does not wait"
        after = self._slots(labels)
        marks = [[(s.owner, s.since, s.waits, s.forks) for s in slots] for slots in (before, after)]
        return "" if marks[0] == marks[1] else "a thread has just moved"

    def _living(self, labels: Sequence[str]) -> tuple[list[Slot], dict[int, str], bool]:
        """Return the slots of the living threads of labels, their states, and whether one has just ended.

        Slots of the dead, which had no time to give them back, are freed.
        """
        slots = self._slots(labels)
        states: dict[int, str] = {}
        if self._tasks is None:
            return slots, states, False
        for pid in dict.fromkeys(slot.pid for slot in slots):
            states.update(self._tasks.states(pid))
        dead = {slot.owner for slot in slots if slot.tid not in states}
        if dead:
            for index, slot in enumerate(self._all()):
                if slot.owner in dead:
                    self._free(index)
        return [slot for slot in slots if slot.owner not in dead], states, bool(dead)

    def _slots(self, labels: Sequence[str]) -> list[Slot]:
        numbers = {self._number(label) for label in labels}
        return [slot for slot in self._all() if slot.owner and slot.label in numbers]

    def _all(self) -> list[Slot]:
        used = min(self._word(_USED), _SLOTS)
        table = self._memory[_SLOTS_AT : _SLOTS_AT + used * _SLOT.size]
        return [Slot(*words) for words in _SLOT.iter_unpack(table)]

    def _free(self, index: int) -> None:
        at = _SLOTS_AT + index * _SLOT.size
        _WORD.pack_into(self._memory, at + 16, 0)
        _WORD.pack_into(self._memory, at, 0)

    def _number(self, label: str) -> int:
        """Return the number of a label, a new one if it is new. Label 0 stands for processes without any."""
        if label in self._numbers:
            return self._numbers[label]
        name = label.encode()
        number = next((n for n, known in enumerate(self._labels()) if known == label or (n and not known)), 0)
        assert name, "a label has a name"
        assert len(name) <= _LONGEST_LABEL, f"{label!r} is too long for a label"
        if not number:
            raise DriverError(f"more than {_LABELS - 1} daemons under one clock; run fewer at a time")
        struct.pack_into("=48s", self._memory, _LABELS_AT + number * _LABEL.size, name)
        self._numbers[label] = number
        return number

    def _labels(self) -> list[str]:
        table = self._memory[_LABELS_AT:_SLOTS_AT]
        return [name.rstrip(b"\0").decode() for name, _, _ in _LABEL.iter_unpack(table)]

    def _offsets(self) -> tuple[int, int]:
        """Return what to add to the real monotonic clock for the date and for the clock programs see."""
        at = _RING_AT + self.seq % _RING * _ENTRY.size
        _, realtime, monotonic, _ = _ENTRY.unpack_from(self._memory, at)
        return realtime, monotonic

    def _force(self, seq: int, realtime: int, monotonic: int) -> None:
        """Write the offsets of a jump; the check word lets readers see one that is not complete."""
        at = _RING_AT + seq % _RING * _ENTRY.size
        check = seq ^ realtime ^ monotonic ^ _MAGIC
        for offset, word in enumerate((seq, realtime, monotonic, check)):
            _WORD.pack_into(self._memory, at + 8 * offset, word)

    def _word(self, at: int) -> int:
        (word,) = _WORD.unpack_from(self._memory, at)
        assert isinstance(word, int)
        return word


@dataclass(frozen=True, slots=True)
class Clock:
    """A way to make a subject live at the lab's time. `available` says why it cannot be had, "" if it can."""

    name: str
    what: str
    needs: str
    available: Callable[[], str]


def _always() -> str:
    return ""


def _bind() -> str:
    path = f"{os.environ.get('PATH', '')}:/usr/sbin"
    return "" if shutil.which("named", path=path) else "named is not installed: apt-get install bind9"


CLOCKS: dict[str, Clock] = {
    clock.name: clock
    for clock in (
        Clock(
            "shim",
            "a library between the program and libc shows the lab's time; jumps make timers fire",
            "a C compiler, glibc, a program linked dynamically",
            shim.unavailable,
        ),
        Clock(
            "mkeytimers",
            "BIND's own -T mkeytimers=H/D/M: an hour, a day, a month of RFC 5011 last so many real seconds",
            "named; signatures and TTLs stay in real time",
            _bind,
        ),
        Clock(
            "restart",
            "the shim again, but the program is stopped, and started after the jump",
            "what the shim needs; state that survives a restart",
            shim.unavailable,
        ),
        Clock("none", "real time", "nothing, and the patience of the calendar", _always),
    )
}
"""Name of a clock backend: what it does and what it needs; the best comes first."""

REAL_TIME: Final = ("mkeytimers", "none")
"""The clocks under which a program lives in real time (realtime.py)."""
