"""Rehearse rollovers of the DNS root's trust anchor, and say which resolver fails, when and why."""

__version__ = "0.1.0"
