"""Keep files of what is said to a server and of what it is told about trust anchors, while it runs."""

from __future__ import annotations

import contextlib
from collections.abc import Callable
from pathlib import Path
from types import TracebackType
from typing import IO, TYPE_CHECKING, Any, Final, NamedTuple, Protocol, Self

from ..errors import DriverError, UserError
from .capture import WRITERS, Writer
from .listener import Exchange
from .signals import COLUMNS, Signal, SignalLog, csv_line, csv_row, signals_in

if TYPE_CHECKING:
    from pyarrow import Schema

SIGNAL_SUFFIXES: Final = (".csv", ".parquet")
_BATCH: Final = 10_000
"""Rows that Parquet gets at a time."""


class _Sink(Protocol):
    """Take signals into a file."""

    def add(self, signal: Signal) -> None: ...

    def flush(self) -> None: ...

    def close(self) -> None: ...


class Files(NamedTuple):
    """Name the files that are wanted."""

    captures: tuple[Path, ...] = ()
    signals: Path | None = None


class Recording:
    """Write captures and signals as exchanges are observed; a context manager around a Listener.

    `observe` is for one thread at a time, as a Listener calls it. Files grow while the server runs, so that
    others can follow them; one in Parquet is there when it ends.
    """

    def __init__(self, now: Callable[[], float], log: SignalLog, files: Files) -> None:
        """Take the clock, where signals are kept in memory, and the files. Nothing is opened yet.

        Raises UserError for a suffix that nobody writes, DriverError if what writes it is not installed.
        """
        self._now, self._log = now, log
        captures, signals = files
        self._captures = [(path, _writer(path)) for path in captures]
        self._signals = signals
        if signals is not None and signals.suffix not in SIGNAL_SUFFIXES:
            known = " or ".join(SIGNAL_SUFFIXES)
            raise UserError("signals are not written so", place=str(signals), remedy=f"name it {known}")
        if signals is not None and signals.suffix == ".parquet":
            _parquet()
        self._files: list[tuple[IO[bytes], Writer]] = []
        self._sink: _Sink | None = None
        self._open = contextlib.ExitStack()

    def observe(self, said: Exchange) -> None:
        """Write an exchange down, and what it tells."""
        now = self._now()
        for file, writer in self._files:
            file.write(writer.exchange(said, now))
        for signal in signals_in(said.query, int(now), said.client[0], said.tcp):
            self._log.add(signal)
            if self._sink is not None:
                self._sink.add(signal)

    def flush(self) -> None:
        """Let others see what was written so far."""
        for file, _ in self._files:
            file.flush()
        if self._sink is not None:
            self._sink.flush()

    def __enter__(self) -> Self:
        """Open the files. Raises UserError for one that cannot be written."""
        with contextlib.ExitStack() as opened:
            for path, writer in self._captures:
                file = opened.enter_context(_opened(path))
                file.write(writer.head())
                self._files.append((file, writer))
            if self._signals is not None:
                kind = _Csv if self._signals.suffix == ".csv" else _Parquet
                self._sink = kind(self._signals)
                opened.callback(self._sink.close)
            self._open = opened.pop_all()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Finish the files."""
        with self._open:
            for file, writer in self._files:
                file.write(writer.tail())


def _writer(path: Path) -> Writer:
    """Return who writes a file of that name."""
    if path.suffix not in WRITERS:
        raise UserError("nothing is captured so", place=str(path), remedy=f"name it {' or '.join(WRITERS)}")
    return WRITERS[path.suffix]()


def _opened(path: Path) -> IO[bytes]:
    try:
        return path.open("wb")
    except OSError as error:
        raise UserError(
            f"cannot be written: {error.strerror or error}", place=str(path), remedy="name another file"
        ) from None


class _Csv:
    """Write lines of CSV."""

    def __init__(self, path: Path) -> None:
        self._file = _opened(path)
        self._file.write(csv_line(COLUMNS).encode())

    def add(self, signal: Signal) -> None:
        """Write a line."""
        self._file.write(csv_row(signal).encode())

    def flush(self) -> None:
        """Let others see it."""
        self._file.flush()

    def close(self) -> None:
        """Close the file."""
        self._file.close()


class _Parquet:
    """Write row groups of Parquet beside the file, and put it in place at the end."""

    def __init__(self, path: Path) -> None:
        arrow, parquet = _parquet()
        self._arrow, self._path = arrow, path
        self._part = path.with_name(f".{path.name[:200]}.part")
        _opened(self._part).close()
        self._schema: Schema = arrow.schema(
            [
                ("at", arrow.timestamp("s", tz="UTC")),
                ("source", arrow.string()),
                ("transport", arrow.string()),
                ("signal", arrow.string()),
                ("key_tags", arrow.list_(arrow.uint16())),
                ("name", arrow.string()),
            ]
        )
        self._writer = parquet.ParquetWriter(self._part, self._schema)
        self._rows: list[Signal] = []

    def add(self, signal: Signal) -> None:
        """Keep a row, and write many at a time."""
        self._rows.append(signal)
        if len(self._rows) >= _BATCH:
            self._write()

    def flush(self) -> None:
        """Do nothing: nobody can read the file before it ends."""

    def close(self) -> None:
        """Write the rest, and put the file in place."""
        self._write()
        self._writer.close()
        self._part.replace(self._path)

    def _write(self) -> None:
        columns = [list(column) for column in zip(*self._rows, strict=True)] or [[] for _ in self._schema]
        table = self._arrow.table(columns, schema=self._schema)
        self._writer.write_table(table)
        self._rows = []


def _parquet() -> tuple[Any, Any]:
    """Return the library and its module for Parquet. Raises DriverError if it is not here."""
    try:
        import pyarrow
        import pyarrow.parquet
    except ImportError:
        raise DriverError(
            "Parquet needs pyarrow: pip install 'root-rollover-lab[store]'; or name a .csv"
        ) from None
    return pyarrow, pyarrow.parquet
