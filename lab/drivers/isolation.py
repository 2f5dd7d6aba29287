"""Take this process into namespaces of its own: user, network, processes, mounts (namespaces(7)).

Each function is one step, made by a process that has a single thread. Errors are DriverErrors that say what
the system forbids and who can allow it.
"""

from __future__ import annotations

import ctypes
import errno
import os
import signal
from pathlib import Path
from typing import Final, NoReturn

from ..errors import DriverError

FOLDER: Final = Path("/run/rootlab")
"""The lab's own folder inside: on a tmpfs that covers /run and is gone with the namespace."""

_NEW_MOUNTS, _NEW_USERS, _NEW_PIDS, _NEW_NET = 0x00020000, 0x10000000, 0x20000000, 0x40000000
_NO_SUID, _NO_DEVICES, _NO_PROGRAMS, _RECURSIVE, _PRIVATE = 0x2, 0x4, 0x8, 0x4000, 0x40000
_DIE_WITH_PARENT = 1
_CAPABILITIES_VERSION_3 = 0x20080522

_libc = ctypes.CDLL(None, use_errno=True)


def die_with_parent() -> None:
    """Have this process killed when its parent is gone.

    To be said again after a fork and after every change of rights, which both make the kernel forget it.
    """
    if _libc.prctl(_DIE_WITH_PARENT, signal.SIGKILL, 0, 0, 0):
        _refuse("a process cannot be tied to its parent")


def unshare() -> None:
    """Leave all that is shared: the network, mounts, and for children the processes.

    An ordinary user needs a user namespace for that, in which their own ids stay what they are, so that the
    permissions of files go on to count.
    """
    uid, gid = os.geteuid(), os.getegid()
    flags = _NEW_MOUNTS | _NEW_PIDS | _NEW_NET
    if uid:
        flags |= _NEW_USERS
    if _libc.unshare(flags):
        _refuse("namespaces are not to be had")
    if uid:
        Path("/proc/self/setgroups").write_text("deny")
        Path("/proc/self/uid_map").write_text(f"{uid} {uid} 1")
        Path("/proc/self/gid_map").write_text(f"{gid} {gid} 1")


def mount_private() -> Path:
    """Cover /run by an empty tmpfs, show the namespace's own processes, and return the lab's folder.

    /run is where the host's services listen on sockets that belong to no network namespace: its name service
    cache, its resolver, its message bus. Through them a question could leave after all.
    """
    _mount(None, "/", None, _RECURSIVE | _PRIVATE)
    for path in ("/run", "/var/run"):
        if os.path.isdir(path) and not os.path.islink(path):
            _mount("rootlab", path, "tmpfs", _NO_SUID | _NO_DEVICES, "mode=755")
    FOLDER.mkdir(mode=0o755, parents=True)
    FOLDER.chmod(0o755)
    # Where parts of /proc are hidden, as in containers, a new one is refused; the old one does.
    _libc.mount(b"proc", b"/proc", b"proc", _NO_SUID | _NO_DEVICES | _NO_PROGRAMS, None)
    return FOLDER


def open_ports() -> None:
    """Let everybody inside bind every port, and make IPv6 available on lo."""
    try:
        Path("/proc/sys/net/ipv4/ip_unprivileged_port_start").write_text("0")
    except OSError as error:
        raise DriverError(
            f"namespace: {error.filename}: {error.strerror}; /proc/sys must not be read-only in a container"
        ) from None
    disabled = Path("/proc/sys/net/ipv6/conf/lo/disable_ipv6")
    if disabled.exists() and disabled.read_text().strip() != "0":
        disabled.write_text("0")


def drop_rights() -> None:
    """Give up what an ordinary user gained with the namespace: permissions of files count again."""
    if os.geteuid():
        header = (ctypes.c_uint32 * 2)(_CAPABILITIES_VERSION_3, 0)
        if _libc.capset(header, (ctypes.c_uint32 * 6)()):
            _refuse("rights cannot be given up")


def _mount(source: str | None, target: str, kind: str | None, flags: int, options: str | None = None) -> None:
    texts = [None if text is None else text.encode() for text in (source, target, kind, options)]
    if _libc.mount(*texts[:3], ctypes.c_ulong(flags), texts[3]):
        _refuse(f"nothing can be mounted on {target}")


def _refuse(problem: str) -> NoReturn:
    """Raise what the last system call failed with, and who can mend it."""
    number = ctypes.get_errno()
    remedy = f"; {_remedy()}" if number in (errno.EPERM, errno.EACCES, errno.ENOSPC, errno.EINVAL) else ""
    raise DriverError(f"namespace: {problem}: {os.strerror(number)}{remedy}")


def _remedy() -> str:
    """Say what most likely forbids namespaces here, and how to allow them."""
    if not os.geteuid():
        return "root lacks CAP_SYS_ADMIN here (a container?): start it with --privileged"
    for setting, bad, good in (
        ("kernel.apparmor_restrict_unprivileged_userns", "1", "0"),
        ("kernel.unprivileged_userns_clone", "0", "1"),
        ("user.max_user_namespaces", "0", "1000"),
    ):
        path = Path("/proc/sys") / setting.replace(".", "/")
        if path.exists() and path.read_text().strip() == bad:
            return f"allow them by `sysctl -w {setting}={good}` as root, or be root"
    return "ordinary users may make no user namespaces here (a container?): be root"
