"""The base of every table of a scenario file: kebab-case keys, no unknown ones, immutable once read."""

from __future__ import annotations

from collections.abc import Sequence
from difflib import get_close_matches
from typing import Any

from pydantic import BaseModel, ConfigDict, model_validator
from pydantic_core import PydanticCustomError


def key_of(attribute: str) -> str:
    """Return the key a file uses for an attribute: `first_start` is `first-start`, `from_` is `from`."""
    return attribute.rstrip("_").replace("_", "-")


def allowed(name: object, known: Sequence[str]) -> str:
    """Return the remedy for an unknown name: the nearest known ones, then all of them."""
    near = get_close_matches(str(name)[:100], known, n=1, cutoff=0.6)
    return (f'did you mean "{near[0]}"? ' if near else "") + f"allowed: {', '.join(known) or 'none'}"


class Table(BaseModel):
    """One table of a scenario file."""

    model_config = ConfigDict(frozen=True, extra="forbid", alias_generator=key_of)

    @classmethod
    def allowed_keys(cls) -> tuple[str, ...]:
        """Return the keys this table may have, in the order of the documentation."""
        return tuple(key_of(name) for name in cls.model_fields)

    @model_validator(mode="before")
    @classmethod
    def _only_known_keys(cls, data: Any) -> Any:
        """Report an unknown key before anything else: it often is why another one is missing."""
        if isinstance(data, dict):
            known = cls.allowed_keys()
            for key in data:
                if key not in known:
                    raise PydanticCustomError("unknown_key", "unknown key", {"key": key, "known": known})
        return data

    def given(self, names: Sequence[str]) -> list[str]:
        """Return those of some attributes the file sets, as keys."""
        return [key_of(name) for name in names if getattr(self, name) is not None]


def exactly_one(found: Sequence[str], known: Sequence[str], what: str) -> str:
    """Return the only element of `found`. Raises ValueError listing what is known."""
    if len(found) == 1:
        return found[0]
    count = f"has {' and '.join(found)}" if found else "has none"
    raise ValueError(f"needs exactly one {what} and {count}; give one of {', '.join(known)}")
