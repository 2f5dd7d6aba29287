"""Images and packages are looked into as they lie there: in each other, damaged, hostile."""

from __future__ import annotations

import bz2
import gzip
import io
import lzma
import tarfile
import zipfile
from pathlib import Path

import pytest

from lab.scan import archives
from lab.scan.tree import Scan, scan_path

from .notations import NOTATIONS

ANCHOR = str(NOTATIONS["root.ds"]).encode()


def tar_of(*members: tuple[str, bytes]) -> bytes:
    """Return a tar file."""
    stream = io.BytesIO()
    with tarfile.open(fileobj=stream, mode="w") as archive:
        for name, content in members:
            header = tarfile.TarInfo(name)
            header.size = len(content)
            archive.addfile(header, io.BytesIO(content))
    return stream.getvalue()


def zip_of(*members: tuple[str, bytes]) -> bytes:
    """Return a zip file, compressed."""
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in members:
            archive.writestr(name, content)
    return stream.getvalue()


def ar_of(*members: tuple[str, bytes]) -> bytes:
    """Return an ar file, as dpkg-deb makes it."""
    parts = [b"!<arch>\n"]
    for name, content in members:
        parts.append(f"{name:<16}{0:<12}{0:<6}{0:<6}{100644:<8}{len(content):<10}`\n".encode())
        parts.append(content + b"\n" * (len(content) % 2))
    return b"".join(parts)


def cpio_of(*members: tuple[str, bytes]) -> bytes:
    """Return a cpio file in the new ASCII format."""
    parts = []
    for name, content in (*members, ("TRAILER!!!", b"")):
        fields = (1, 0o100644, 0, 0, 1, 0, len(content), 0, 0, 0, 0, len(name) + 1, 0)
        head = b"070701" + "".join(f"{value:08x}" for value in fields).encode() + name.encode() + b"\0"
        parts.append(head + bytes(-len(head) % 4) + content + bytes(-len(content) % 4))
    return b"".join(parts)


def scanned(folder: Path, content: bytes, name: str = "image.tar") -> Scan:
    """Scan a file with this content; paths in the findings begin behind its folder."""
    (folder / name).write_bytes(content)
    return scan_path(folder / name)


def paths(folder: Path, found: Scan) -> list[str]:
    """Return the paths of the findings as seen from the folder."""
    return [row.path.removeprefix(f"{folder}/") for row in found.findings]


LAYER = tar_of(("./etc/root.key", ANCHOR), ("etc/other", b"nothing"))
CONTAINERS = {
    "tar in tar": (tar_of(("layer.tar", LAYER)), "image.tar!layer.tar!etc/root.key"),
    "gzip in tar": (tar_of(("blobs/aa", gzip.compress(LAYER))), "image.tar!blobs/aa!etc/root.key"),
    "tar.gz": (gzip.compress(LAYER), "image.tar!etc/root.key"),
    "tar.xz": (lzma.compress(LAYER), "image.tar!etc/root.key"),
    "tar.lzma": (lzma.compress(LAYER, lzma.FORMAT_ALONE), "image.tar!etc/root.key"),
    "tar.bz2": (bz2.compress(LAYER), "image.tar!etc/root.key"),
    "two gzip streams": (gzip.compress(b"a\n") + gzip.compress(ANCHOR), "image.tar"),
    "two bzip2 streams": (bz2.compress(b"a\n") + bz2.compress(ANCHOR), "image.tar"),
    "jar in zip": (zip_of(("lib/a.jar", zip_of(("r", ANCHOR)))), "image.tar!lib/a.jar!r"),
    "zip in tar": (tar_of(("a.whl", zip_of(("r", ANCHOR)))), "image.tar!a.whl!r"),
    "deb": (
        ar_of(("debian-binary", b"2.0"), ("data.tar.xz", lzma.compress(LAYER))),
        "image.tar!data.tar.xz!etc/root.key",
    ),
    "cpio": (gzip.compress(cpio_of(("bin", b"x"), ("r", ANCHOR))), "image.tar!r"),
}  # fmt: skip


@pytest.mark.parametrize("kind", CONTAINERS)
def test_container(kind: str, tmp_path: Path) -> None:
    """A member is found wherever it lies, and the path says where."""
    content, path = CONTAINERS[kind]
    found = scanned(tmp_path, content)
    assert (paths(tmp_path, found), found.notes) == ([path], [])


def test_links_devices_and_dots(tmp_path: Path) -> None:
    """Links, devices and pipes in a tar file are passed over; `..` in a name leads nowhere."""
    stream = io.BytesIO()
    with tarfile.open(fileobj=stream, mode="w") as archive:
        for kind in (tarfile.SYMTYPE, tarfile.LNKTYPE, tarfile.FIFOTYPE, tarfile.CHRTYPE, tarfile.DIRTYPE):
            header = tarfile.TarInfo(f"odd-{kind.decode()}")
            header.type, header.linkname = kind, "/etc/passwd"
            archive.addfile(header)
        header = tarfile.TarInfo("../../outside.key")
        header.size = len(ANCHOR)
        archive.addfile(header, io.BytesIO(ANCHOR))
    (tmp_path / "in").mkdir()
    found = scanned(tmp_path / "in", stream.getvalue())
    assert paths(tmp_path / "in", found) == ["image.tar!../../outside.key"]
    assert sorted(path.name for path in tmp_path.rglob("*")) == ["image.tar", "in"]


@pytest.mark.parametrize("cut", [100, 600, 2000])
def test_damaged_archive_is_a_note(cut: int, tmp_path: Path) -> None:
    """What is cut off is noted, and nothing worse."""
    found = scanned(tmp_path, gzip.compress(tar_of(("a", bytes(range(256)) * 90)), 0)[:cut])
    assert (found.findings, len(found.notes)) == ([], 1)


def test_broken_zip_is_a_note(tmp_path: Path) -> None:
    """A file that begins like a zip file and is none is noted."""
    found = scanned(tmp_path, b"PK\x03\x04" + bytes(400))
    assert (found.findings, len(found.notes)) == ([], 1)


def test_bombs_are_left(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A member of a zip file that expands a thousandfold is left and noted; the next one is read."""
    monkeypatch.setattr(archives, "_SMALL", 1 << 20)
    found = scanned(tmp_path, zip_of(("bomb", bytes(1 << 24)), ("root.key", ANCHOR)), "a.zip")
    assert (paths(tmp_path, found), len(found.notes)) == (["a.zip!root.key"], 1)


def test_nested_bomb_is_left(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What expands step by step is measured against the file it all lies in."""
    monkeypatch.setattr(archives, "ALWAYS", 1 << 20)
    bomb = gzip.compress(gzip.compress(bytes(1 << 25)))
    found = scanned(tmp_path, bomb, "a.gz")
    assert (found.findings, found.notes) == ([], [archives.note_of_bomb(f"{tmp_path}/a.gz")])


def test_depth_is_bounded(tmp_path: Path) -> None:
    """Archives in archives without end are looked into down to a bound, and that is noted."""
    content = ANCHOR
    for _ in range(archives.MAX_DEPTH + 2):
        content = tar_of(("t", content))
    found = scanned(tmp_path, content)
    assert ("deeper" in found.notes[0], len(found.notes)) == (True, 1)


def test_zstd_is_noted(tmp_path: Path) -> None:
    """What cannot be expanded here is said to be left out."""
    found = scanned(tmp_path, b"\x28\xb5\x2f\xfd" + bytes(50))
    assert ["zstd" in note for note in found.notes] == [True]
