"""Anchors that stand together are one place, and those of another configuration another."""

from __future__ import annotations

import io

import pytest

from lab.scan.material import KNOWN
from lab.scan.stream import OVERLAP, WINDOW, Finding, scan_stream

DS = {known.tag: f"{known.tag} 8 2 {known.digests[0][1].hex().upper()}" for known in KNOWN}
OLD, MIDDLE, NEW = (f". IN DS {DS[known.tag]}\n" for known in KNOWN)


def places(text: str, name: str = "file") -> list[tuple[int, tuple[int, ...]]]:
    """Return line and keys of every place in a text."""
    return [(row.line, row.keys) for row in scan_stream(io.BytesIO(text.encode()), name)]


@pytest.mark.parametrize("lines", [0, 1, 12])
def test_neighbours_are_one_place(lines: int) -> None:
    """Two anchors with at most twelve lines between them are trusted together."""
    assert places(MIDDLE + "#\n" * lines + NEW) == [(1, (20326, 38696))]


@pytest.mark.parametrize("lines", [13, 200])
def test_far_apart_are_two_places(lines: int) -> None:
    """Two anchors with more lines between them are two configurations."""
    assert places(MIDDLE + "#\n" * lines + NEW) == [(1, (20326,)), (lines + 2, (38696,))]


@pytest.mark.parametrize("parting", ["[other]\n", "---\n", 'view "b" {\n', "else\n"])
def test_what_parts_configurations(parting: str) -> None:
    """A section, a document, a view and another branch are configurations of their own."""
    assert [keys for _, keys in places(OLD + parting + MIDDLE)] == [(19036,), (20326,)]


def test_statement_is_one_place() -> None:
    """The keys of one BIND statement belong together, however much is said between them."""
    text = f"trust-anchors {{\n. initial-ds {DS[20326]};\n{'# words' * 9}\n" + "# more\n" * 30
    assert places(f"{text}. initial-ds {DS[38696]};\n}};\n") == [(2, (20326, 38696))]


def test_products_are_two_places() -> None:
    """What dnsmasq reads and what BIND reads are two configurations, side by side or not."""
    comma = f"trust-anchor=.,{DS[20326].replace(' ', ',')}\n"
    assert [keys for _, keys in places(f"{comma}. static-ds {DS[38696]};\n")] == [(20326,), (38696,)]


def test_windows_lose_nothing() -> None:
    """An anchor at the seam of two windows is found once, on its line."""
    for shift in (-len(MIDDLE), -10, 0):
        for seam in (WINDOW, WINDOW + OVERLAP):
            padding = "x" * 63 + "\n"
            text = padding * ((seam + shift) // 64) + MIDDLE + padding * 2000
            assert places(text) == [((seam + shift) // 64 + 1, (20326,))]


def test_binary_is_put_together_by_a_linker() -> None:
    """In a binary the reach counts, not lines."""
    content = b"\0" + MIDDLE.encode() + b"\n\0" * 1000 + NEW.encode() + bytes(70_000) + OLD.encode()
    found = list(scan_stream(io.BytesIO(content), "program"))
    assert [row.keys for row in found] == [(20326, 38696), (19036,)]
    assert found[0] == Finding("program", 1, "ds", (20326, 38696))
