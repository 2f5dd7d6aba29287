"""What a configuration names is read within bounds and its own folder only."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from lab.advise import source
from lab.advise.kinds import KINDS, kind_of, readings
from lab.advise.source import Tree
from lab.cli import advise
from lab.errors import UserError

from .configurations import line_of, tree_of

AUTO = 'server:\n  auto-trust-anchor-file: "root.key"\n'


def notes_of(tree: Tree) -> list[str]:
    """Read a configuration and return what was left out, without the folder's name."""
    readings(tree, kind_of(tree))
    return [note.replace(f"{tree.folder}/", "") for note in tree.notes]


def test_pattern(tmp_path: Path) -> None:
    """A pattern means the files it matches, in order of their names, hidden ones not."""
    others = {"d/b.conf": AUTO, "d/a.conf": "# \n", "d/.c.conf": "server: module-config: iterator\n"}
    tree = tree_of(tmp_path, "unbound.conf", 'include: "d/*.conf"', others)
    (reading,) = readings(tree, "unbound")
    assert (reading.model, line_of(reading), tree.notes) == ("unbound", ("b.conf", 2), [])


@pytest.mark.parametrize("folder", ["image/etc/unbound", "copy/unbound"])
def test_path_from_the_root_of_another_system(folder: str, tmp_path: Path) -> None:
    """In an image, or a copy of the folder, a path from the root means the file that lies there."""
    others = {f"{folder}/d/a.conf": AUTO}
    tree = tree_of(tmp_path, f"{folder}/unbound.conf", "include: /etc/unbound/d/a.conf", others)
    assert readings(tree, "unbound")[0].model == "unbound"


def test_outside(tmp_path: Path) -> None:
    """Nothing outside the folder is read: not by `..`, not from the root, not by a link."""
    (tmp_path / "secret.conf").write_text(AUTO)
    text = "".join(
        f"include: {name}\n" for name in ("../secret.conf", tmp_path / "secret.conf", "link.conf", "d/*")
    )
    folder = tmp_path / "in"
    tree = tree_of(folder, "unbound.conf", text, {"d/a": "#"})
    (folder / "link.conf").symlink_to(tmp_path / "secret.conf")
    (folder / "d" / "b").symlink_to(tmp_path / "secret.conf")
    assert readings(tree, "unbound")[0].model == ""
    notes = [note.partition(": ")[2] for note in tree.notes]
    assert notes == [
        f"../secret.conf is outside {folder}; not read",
        f"{tmp_path}/secret.conf is outside {folder}; not read"[-500:],
        f"link.conf is outside {folder}; not read",
        "a link out of the folder is not followed",
    ]


def test_loops_depth_and_number(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Files that include themselves, one another without end, or too many are left out with a note."""
    monkeypatch.setattr(source, "DEPTH", 2)
    monkeypatch.setattr(source, "FILES", 4)
    text = "include: unbound.conf\ninclude: a\ninclude: d/*\n"
    others = {"a": "include: a\ninclude: b", "b": "include: c", "c": "#", "d/1": "#", "d/2": "#", "d/3": "#"}
    assert notes_of(tree_of(tmp_path, "unbound.conf", text, others)) == [
        "unbound.conf:1: unbound.conf includes itself; not read again",
        "a:1: a includes itself; not read again",
        "b:1: c is nested more than 2 files deep; not read",
        "unbound.conf:3: more than 4 files; the rest is not read",
    ]


def test_lines_and_notes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Neither include lines nor notes are followed or kept without end."""
    monkeypatch.setattr(source, "LINES", 3)
    monkeypatch.setattr(source, "NOTES", 2)
    assert len(notes_of(tree_of(tmp_path, "unbound.conf", "include: x\n" * 9))) == 2
    monkeypatch.setattr(source, "NOTES", 9)
    notes = notes_of(tree_of(tmp_path, "unbound.conf", "include: x\n" * 9))
    assert notes[3:] == ["more than 3 lines that include files; the rest is not followed"]


def test_folders(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A folder is looked at up to a bound; one that a pattern names, or that is not there, is noted."""
    monkeypatch.setattr(source, "FOLDER", 1)
    text = "include: d/*\ninclude: */a\ninclude: no/*\n"
    tree = tree_of(tmp_path, "unbound.conf", text, {"d/a": "#", "d/b": "#"})
    assert notes_of(tree) == [
        "unbound.conf:1: more than 1 entries; the rest is not looked at",
        "unbound.conf:2: a pattern in the name of a folder is not followed",
        "unbound.conf:3: no/* is not there; not read",
    ]


def test_unreadable(tmp_path: Path) -> None:
    """A pipe or a file that is too large is not read; what is no path is none."""
    tree = tree_of(tmp_path, "unbound.conf", "include: p\ninclude: big\ninclude: 'a\x01b'\n", {})
    os.mkfifo(tmp_path / "p")
    (tmp_path / "big").write_bytes(b"#" * ((1 << 20) + 1))
    assert notes_of(tree) == [
        "unbound.conf:1: p: not a regular file; not read",
        "unbound.conf:2: big: larger than 1048576 octets; not read",
        "unbound.conf:3: a b is not a usable path; not read",
    ]


def test_blocks_nested_without_end(tmp_path: Path) -> None:
    """Blocks in blocks end somewhere, and a file full of them is read at once."""
    tree = tree_of(tmp_path, "named.conf", "options " + "{" * 100_000)
    assert notes_of(tree) == ["named.conf:1: blocks are nested too deeply; the rest of the file is not read"]


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        (AUTO, "unbound"),
        ("options { directory x; };", "named"),
        ("zone example.net IN { type primary; };", "named"),
        ("trust_anchors.remove('.')", "kresd"),
        ("lua-config-file=/x\n", "recursor"),
        ("# x\n[Resolve]\n", "resolved"),
        ("dnssec\nno-resolv\n", "dnsmasq"),
    ],
)
def test_kind_by_content(text: str, kind: str, tmp_path: Path) -> None:
    """A file under any name is recognised by what stands in it."""
    assert kind_of(tree_of(tmp_path, "some.txt", text)) == kind


@pytest.mark.parametrize(
    ("text", "words"), [("hello", "is no configuration"), (f"{AUTO}[Resolve]", "could be of")]
)
def test_unknown_kind(text: str, words: str, tmp_path: Path) -> None:
    """What is of no kind, or of two, is refused, and the kinds are named."""
    with pytest.raises(UserError, match=f"{words}.*--kind: unbound, named, kresd") as refused:
        kind_of(tree_of(tmp_path, "some.txt", text))
    assert refused.value.exit_status == 2


def test_lua_is_not_run(tmp_path: Path) -> None:
    """A condition in Lua is noted, for it is not seen."""
    tree = tree_of(tmp_path, "kresd.conf", "if x then\n trust_anchors.remove('.')\nend")
    assert notes_of(tree) == ["kresd.conf:1: Lua is read line by line and not run; if is not followed"]


def test_kinds_of_the_command() -> None:
    """The command offers every kind there is."""
    assert tuple(KINDS) == advise.KINDS
