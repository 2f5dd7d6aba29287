"""Files kept while a server runs: who writes them, when others can read them, and what is refused."""

from __future__ import annotations

import builtins
from pathlib import Path
from typing import Any

import pyarrow.parquet
import pytest

from lab.dnssec.codec import make_query
from lab.dnssec.names import ROOT, name_from_text
from lab.dnssec.rrtypes import DNSKEY
from lab.errors import DriverError, UserError
from lab.nameserver import recording
from lab.nameserver.capture import Dnstap, Pcap
from lab.nameserver.listener import Exchange
from lab.nameserver.recording import Files, Recording
from lab.nameserver.signals import SignalLog

pytestmark = pytest.mark.real_clock  # pyarrow cannot be loaded under another

PLACES = (("192.0.2.1", 5353), ("127.0.0.1", 53))
SIGNAL = Exchange(make_query(name_from_text("_ta-4a5c-4f66."), 10), (), *PLACES, False)
PLAIN = Exchange(make_query(ROOT, DNSKEY), (b"\0" * 12,), *PLACES, True)


def test_files_grow(tmp_path: Path) -> None:
    """Captures and CSV can be read while the server runs, and end as they should; the log hears it, too."""
    log = SignalLog()
    pcap, tap, table = (tmp_path / name for name in ("a.pcap", "a.dnstap", "a.csv"))
    with Recording(lambda: 1.5, log, Files((pcap, tap), table)) as kept:
        for said in (SIGNAL, PLAIN):
            kept.observe(said)
        kept.flush()
        sizes = [path.stat().st_size for path in (pcap, tap, table)]
        expected = [
            writer.head() + b"".join(writer.exchange(said, 1.5) for said in (SIGNAL, PLAIN))
            for writer in (Pcap(), Dnstap())
        ]
        assert sizes[:2] == [len(octets) for octets in expected]
    assert [pcap.read_bytes(), tap.read_bytes()] == [expected[0], expected[1] + Dnstap().tail()]
    assert table.read_text() == (
        "at,source,transport,signal,key_tags,name\n"
        "1970-01-01T00:00:01Z,192.0.2.1,udp,key-tag-query,19036 20326,_ta-4a5c-4f66.\n"
    )
    assert log.heard == 1


@pytest.mark.parametrize("count", [0, 1, 5])
def test_parquet(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, count: int) -> None:
    """Parquet is there when the server ends, with times as times and tags as lists of numbers."""
    monkeypatch.setattr(recording, "_BATCH", 2)
    path = tmp_path / "signals.parquet"
    with Recording(lambda: 1.5, SignalLog(), Files((), path)) as kept:
        for _ in range(count):
            kept.observe(SIGNAL)
        kept.flush()
        assert not path.exists()
    table = pyarrow.parquet.read_table(path)
    assert (table.num_rows, [path.name for path in tmp_path.iterdir()]) == (count, ["signals.parquet"])
    assert [str(kind) for kind in table.schema.types] == [
        "timestamp[ms, tz=UTC]", "string", "string", "string", "list<element: uint16>", "string",
    ]  # fmt: skip
    assert table.column("key_tags").to_pylist() == [[19036, 20326]] * count


@pytest.mark.parametrize(
    ("captures", "signals", "problem"),
    [
        (("a.txt",), None, r"a\.txt: nothing is captured so; name it \.pcap or \.dnstap"),
        ((), "a.txt", r"a\.txt: signals are not written so; name it \.csv or \.parquet"),
        (("none/a.pcap",), None, "none/a.pcap: cannot be written: No such file"),
        (("a.pcap",), "none/a.csv", "none/a.csv: cannot be written: No such file"),
        ((), "none/a.parquet", "cannot be written: No such file"),
    ],
)
def test_refused(tmp_path: Path, captures: tuple[str, ...], signals: str | None, problem: str) -> None:
    """A file that nobody writes so, or that cannot be written, is refused before anything is served."""
    where = None if signals is None else tmp_path / signals
    with (
        pytest.raises(UserError, match=problem),
        Recording(lambda: 0, SignalLog(), Files(tuple(tmp_path / name for name in captures), where)),
    ):
        pass


def test_without_pyarrow(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where the library is missing, the error says how to get it, and that CSV does without."""
    real = builtins.__import__

    def refusing(name: str, *arguments: Any) -> Any:
        if name.startswith("pyarrow"):
            raise ImportError(name)
        return real(name, *arguments)

    monkeypatch.setattr(builtins, "__import__", refusing)
    with pytest.raises(DriverError, match=r"pip install 'root-rollover-lab\[store\]'; or name a \.csv"):
        Recording(lambda: 0, SignalLog(), Files((), tmp_path / "a.parquet"))
