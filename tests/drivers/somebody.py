"""Run Python code in a process of its own, as this user or as one without any right."""

from __future__ import annotations

import os
import subprocess
import sys
import sysconfig
from functools import cache
from pathlib import Path

from tests.conftest import unavailable

CHECKOUT = Path(__file__).resolve().parents[2]
NOBODY = 65534


def start(code: str, *, uid: int, arguments: tuple[str, ...] = ()) -> subprocess.Popen[str]:
    """Start Python code as a user, in a process group of its own; its output is piped, both kinds in one."""
    other = uid != os.geteuid()
    return subprocess.Popen(
        [python_for(uid), "-c", code, *arguments],
        cwd="/",
        env=environment(),
        text=True,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        start_new_session=True,
        user=uid if other else None,
        group=uid if other else None,
        extra_groups=[] if other else None,
    )


def environment() -> dict[str, str]:
    """Return the environment in which any Python of this version finds the lab and what it needs."""
    given = os.environ.get("PYTHONPATH", "").split(":")
    paths = (str(CHECKOUT), *filter(None, given), *map(sysconfig.get_path, ("purelib", "platlib")))
    return {
        "PATH": f"{os.environ['PATH']}:/usr/sbin:/sbin",
        "PYTHONPATH": ":".join(dict.fromkeys(paths)),
        "PYTHONDONTWRITEBYTECODE": "1",
    }


def users() -> tuple[int, ...]:
    """Return the users tests can be: this one, and if that is root, one without any right."""
    return (0, NOBODY) if os.geteuid() == 0 else (os.geteuid(),)


@cache
def python_for(uid: int) -> str:
    """Return a Python of this version that a user may run; root's own may lie where nobody else gets."""
    if uid == os.geteuid():
        return sys.executable
    minor = ".".join(map(str, sys.version_info[:2]))
    candidates = (sys.executable, f"/usr/bin/python{minor}", f"/usr/local/bin/python{minor}")
    found = next((python for python in candidates if _runs(python, uid)), None)
    if found is None:
        unavailable(f"uid {uid} can run no Python {minor} that finds the lab")
    return found


def _runs(python: str, uid: int) -> bool:
    """Tell whether a user can run the lab by a Python."""
    try:
        subprocess.run(
            [python, "-c", "import click, cryptography, lab"],
            cwd="/",
            env=environment(),
            user=uid,
            group=uid,
            extra_groups=[],
            capture_output=True,
            check=True,
        )
    except (OSError, subprocess.CalledProcessError):
        return False
    return True
