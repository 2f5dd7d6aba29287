"""State files that Unbound's own tests expect are read, and written again octet for octet."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from lab.resolver.rfc5011 import State
from lab.resolver.state import unbound
from lab.resolver.state.dates import ctime
from lab.resolver.state.formats import detect, read_state
from lab.resolver.state.loading import load_for

_SEED = re.compile(r"^AUTOTRUST_FILE \S+\n(.*?)^AUTOTRUST_END", re.MULTILINE | re.DOTALL)
_CHECK = re.compile(r"CHECK_AUTOTRUST \S+\s*\nFILE_BEGIN\n(.*?)^FILE_END", re.MULTILINE | re.DOTALL)
_MACRO = re.compile(r"\$\{(ctime )?([^{}]*)\}")
_CTIME = re.compile(r" ;;[A-Z][a-z]{2} [A-Z][a-z]{2} [ 0-9]{2} [0-9:]{8} [0-9]{4}$", re.MULTILINE)


def blocks(shared_data: Path, pattern: re.Pattern[str]) -> Iterator[tuple[str, str]]:
    """Yield the files that the scenarios start from or expect, with the name of their scenario."""
    folder = shared_data / "rpl-unbound-autotrust"
    for path in sorted(folder.glob("*.rpl")):
        for found in pattern.finditer(path.read_text(encoding="utf-8")):
            yield path.name, found[1]


def filled(block: str) -> str:
    """Return a block with some number for each variable, and sums and ctimes reckoned from them."""

    def value(macro: re.Match[str]) -> str:
        words = [word for word in macro[2].split() if word != "+"]
        total = sum(int(word) if word.isdigit() else 10**9 + sum(map(ord, word)) for word in words)
        total = total if macro[2] in ("0", "$t0") else total % 2**32
        return ctime(total) if macro[1] else str(total)

    while "${" in block:
        block = _MACRO.sub(value, block)
    return block


def plain(text: str) -> str:
    """Return a file without what says nothing: signatures, ctimes, spaces for tabs, remarks."""
    lines = [
        re.sub(r"^(\S+)\s+(\d+)\s+IN\s+(\S+)\s+", r"\1\t\2\tIN\t\3\t", line) for line in text.splitlines()
    ]
    kept = [re.sub(r"(\tDS\t[^;]*?) *;.*", r"\1", line) for line in lines if "\tRRSIG\t" not in line]
    return _CTIME.sub("", "".join(f"{line}\n" for line in kept))


def test_seeds(shared_data: Path) -> None:
    """What the 14 scenarios start from is read and written again equal, but for signatures and ctimes."""
    seeds = list(blocks(shared_data, _SEED))
    assert len(seeds) == 14
    for name, seed in seeds:
        state = read_state(seed.encode(), name)
        assert plain(unbound.write(state).decode()) == plain(seed), name
        assert detect(seed.encode()).name == ("unbound" if ";;id:" in seed else "anchors"), name


def test_expected_files(shared_data: Path) -> None:
    """What the scenarios expect Unbound to write, variables filled in, is written again to the octet."""
    expected = list(blocks(shared_data, _CHECK))
    assert len(expected) == 57
    exact = 0
    for name, block in expected:
        text = filled(block)
        written = unbound.write(read_state(text.encode(), name)).decode()
        assert plain(written) == plain(text), name
        exact += written == text
    assert exact == 56


def test_lenient_reader_agrees(shared_data: Path) -> None:
    """On undamaged files the reader that is lenient like Unbound sees what the strict one sees."""
    for name, block in (*blocks(shared_data, _SEED), *blocks(shared_data, _CHECK)):
        data = filled(block).encode()
        strict, loaded = unbound.read(data, name), load_for("unbound", data)
        assert loaded.outcome == "state", name
        assert loaded.state is not None, name
        assert loaded.passed_over == (), name
        if strict.deleted:
            assert (loaded.state.deleted, loaded.state.entries) == (True, ()), name
            continue
        assert unbound.held(loaded.state).entries == unbound.held(strict).entries, name


def test_algorithms_nobody_verifies(shared_data: Path) -> None:
    """Keys of algorithms 3 and 5, of 512 bits, are keys like any other to a reader."""
    found = [
        (entry.anchor.algorithm, entry.state)
        for name, block in blocks(shared_data, _CHECK)
        for entry in read_state(filled(block).encode(), name).entries
        if name == "autotrust_rollalgo.rpl"
    ]
    assert (3, State.ADD_PEND) in found
    assert (5, State.REVOKED) in found


@pytest.mark.parametrize("instant", [0, 1258962400, 2**32 - 1])
def test_ctime(instant: int) -> None:
    """Unbound's times are written in UTC as C's ctime does, a day below ten behind a space."""
    expected = {
        0: "Thu Jan  1 00:00:00 1970",
        1258962400: "Mon Nov 23 07:46:40 2009",
        2**32 - 1: "Sun Feb  7 06:28:15 2106",
    }
    assert ctime(instant) == expected[instant]
