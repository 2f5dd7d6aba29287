"""Fetch a Debian package and take it apart, for a program that must not be installed.

The files lie in a cache folder that whoever runs daemons can read: /var/cache/rootlab for root, whose home
nobody else may enter, else the user's own; what root has fetched serves everybody. `python -m
lab.drivers.unpack` fetches all there are.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
from pathlib import Path
from typing import Final

from ..errors import DriverError, one_line

_SYSTEM_CACHE: Final = Path("/var/cache/rootlab")
_TIMEOUT: Final = 120
_READABLE: Final = 0o755


def cache() -> Path:
    """Return the folder of unpacked packages."""
    if os.geteuid() == 0:
        return _SYSTEM_CACHE
    home = os.environ.get("XDG_CACHE_HOME") or str(Path("~/.cache").expanduser())
    return Path(home) / "rootlab"


def path_of(package: str, file: str) -> Path:
    """Return the path of a package's file: installed, or where `unpack` puts it; it may be missing."""
    own = cache() / package / file
    there = (Path("/") / file, own, _SYSTEM_CACHE / package / file)
    return next((path for path in there if path.exists()), own)


def unpack(package: str, file: str) -> Path:
    """Return the path of a package's file; fetch the package if it is nowhere.

    Uses apt-get download and dpkg, neither of which needs rights or changes the system. Raises DriverError.
    """
    found = path_of(package, file)
    if found.exists():
        return found
    target = cache() / package
    try:
        cache().mkdir(parents=True, exist_ok=True, mode=_READABLE)
        with tempfile.TemporaryDirectory(prefix=f".{package}-", dir=cache()) as name:
            folder = Path(name)
            _run(package, ["apt-get", "-q", "download", package], folder)
            archives = sorted(folder.glob("*.deb"))
            if not archives:
                raise DriverError(f"{package}: apt-get download left no file; fetch it by hand")
            _run(package, ["dpkg", "-x", archives[0].name, "files"], folder)
            (folder / "files").chmod(_READABLE)
            shutil.rmtree(target, ignore_errors=True)
            (folder / "files").rename(target)
    except OSError as error:
        raise DriverError(f"{package}: cannot be unpacked in {cache()}: {error.strerror}") from None
    if not found.exists():
        raise DriverError(f"{package}: the package has no {file}; this release is not known to the lab")
    return found


def _run(package: str, command: list[str], folder: Path) -> None:
    """Run a command of Debian's. Raises DriverError with the last thing it said."""
    try:
        run = subprocess.run(  # noqa: S603
            command, cwd=folder, capture_output=True, text=True, timeout=_TIMEOUT, check=False
        )
    except FileNotFoundError:
        raise DriverError(f"{package}: there is no {command[0]}; it takes Debian or Ubuntu") from None
    except subprocess.TimeoutExpired:
        raise DriverError(f"{package}: {command[0]} took longer than {_TIMEOUT} s; try again") from None
    if run.returncode:
        said = one_line(run.stderr.strip().rpartition("\n")[2] or f"status {run.returncode}", 200)
        raise DriverError(f"{package}: {' '.join(command[:3])} failed: {said}; is there a network?")


if __name__ == "__main__":
    from . import resolved

    print(unpack(resolved.PACKAGE, resolved.PROGRAM))
