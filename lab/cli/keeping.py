"""What `serve` and `run` share: files of all that is said to the root, and of what it is told of anchors."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from .options import FILE
from .output import check_targets

if TYPE_CHECKING:
    from ..nameserver.recording import Files

_capture = click.option(
    "--capture",
    "captures",
    multiple=True,
    type=FILE,
    metavar="FILE",
    help="Write everything said to FILE.pcap or FILE.dnstap.",
)
_signals = click.option(
    "--signals",
    type=FILE,
    metavar="FILE",
    help="Write what resolvers say of their anchors (RFC 8145, RFC 8509) to FILE.csv or FILE.parquet.",
)


def keep_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """Give a command the options --capture and --signals."""
    return _capture(_signals(command))


def files_of(captures: tuple[Path, ...], signals: Path | None) -> Files | None:
    """Read the options; None if no file is wanted.

    Raises UserError for a file that cannot be written, DriverError if what writes it is not installed.
    """
    if not captures and signals is None:
        return None
    from ..nameserver.recording import Files, Recording
    from ..nameserver.signals import SignalLog

    check_targets(*captures, signals)
    files = Files(captures, signals)
    Recording(float, SignalLog(), files)
    return files
