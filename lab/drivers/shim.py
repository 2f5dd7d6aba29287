"""Compile labclock.c, once for each version of it, and say why that is not possible here."""

from __future__ import annotations

import atexit
import hashlib
import os
import platform
import shutil
import subprocess
import tempfile
from functools import cache
from pathlib import Path
from typing import Final

from ..errors import DriverError, one_line

SOURCE: Final = Path(__file__).with_name("labclock.c")
FLAGS: Final = ("-O2", "-std=gnu11", "-Wall", "-Wextra", "-fPIC", "-fvisibility=hidden", "-shared")
_PATIENCE: Final = 60
"""Seconds a compiler may take."""


def unavailable() -> str:
    """Say in one line why the shim cannot be had here, "" if it can."""
    if platform.system() != "Linux" or platform.libc_ver()[0] != "glibc":
        return "the clock shim needs Linux with glibc"
    try:
        compiled()
    except DriverError as error:
        return str(error)
    return ""


@cache
def compiled() -> Path:
    """Return the compiled shim, from the user's cache if it is there. Raises DriverError.

    Its name has the digest of source, flags and machine in it, so that versions of the lab get on with each
    other. Where there is no home to cache in, it lives in a folder of this process.
    """
    identity = (SOURCE.read_bytes(), " ".join(FLAGS).encode(), platform.machine().encode(), _libc().encode())
    name = f"labclock-{hashlib.sha256(b'|'.join(identity)).hexdigest()[:20]}.so"
    folder = _cache_folder()
    if folder is not None:
        cached = folder / name
        if _is_own(cached):
            return cached
    else:
        folder = Path(tempfile.mkdtemp(prefix="rootlab-"))
        atexit.register(shutil.rmtree, folder, ignore_errors=True)
    _compile(folder / name)
    return folder / name


def _libc() -> str:
    return "-".join(platform.libc_ver())


def _cache_folder() -> Path | None:
    """Return the lab's folder in the user's cache, made if need be; None if there is no such place."""
    named = os.environ.get("XDG_CACHE_HOME", "")
    root = Path(named) if os.path.isabs(named) else Path(os.path.expanduser("~/.cache"))
    folder = root / "rootlab"
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    except OSError:
        return None
    info = folder.stat()
    usable = info.st_uid == os.geteuid() and not info.st_mode & 0o022 and os.access(folder, os.W_OK | os.X_OK)
    return folder if usable else None


def _is_own(path: Path) -> bool:
    """Tell whether a library is there and nobody else can have put it there."""
    try:
        info = path.lstat()
    except OSError:
        return False
    return path.is_file() and not path.is_symlink() and info.st_uid == os.geteuid()


def _compile(target: Path) -> None:
    """Compile the shim and let it appear under its name when it is complete. Raises DriverError."""
    compiler = shutil.which("cc") or shutil.which("gcc") or shutil.which("clang")
    if compiler is None:
        raise DriverError("no C compiler for the clock shim: install gcc (cc) and the headers, libc6-dev")
    handle, name = tempfile.mkstemp(dir=target.parent, prefix=".labclock-", suffix=".so")
    os.close(handle)
    built = Path(name)
    try:
        command = [compiler, *FLAGS, "-o", str(built), str(SOURCE), "-ldl", "-pthread"]
        ran = subprocess.run(  # noqa: S603
            command, capture_output=True, text=True, errors="replace", timeout=_PATIENCE, check=False
        )
        if ran.returncode:
            said = next((line for line in ran.stderr.splitlines() if "error" in line), ran.stderr)
            raise DriverError(
                f"{compiler} cannot compile the clock shim: {one_line(said, 200)}; install gcc and libc6-dev"
            )
        built.chmod(0o755)
        built.replace(target)
    except (OSError, subprocess.TimeoutExpired) as error:
        raise DriverError(f"the clock shim cannot be compiled: {one_line(str(error), 200)}") from None
    finally:
        built.unlink(missing_ok=True)
