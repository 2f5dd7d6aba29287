"""Refuse, in one line, to work without numpy, which the plain install leaves out."""

from __future__ import annotations

from ..errors import DriverError


def need_numpy() -> None:
    """Raise DriverError, with the remedy, if numpy is not installed."""
    try:
        import numpy  # noqa: F401
    except ModuleNotFoundError:
        raise DriverError(
            "fleets need numpy, which is not installed: pip install 'root-rollover-lab[population]'"
        ) from None
