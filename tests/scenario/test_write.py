"""A scenario written as a file is read back as it was, whatever its texts hold."""

from __future__ import annotations

import tomllib
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from lab.clock import parse_instant
from lab.scenario.write import instants_in, map_instants, to_toml

AT = parse_instant("2018-10-11T16:00:00Z")
TABLES: dict[str, Any] = {
    "title": 'A "title"\\', "start": AT, "seed": 7,
    "authority": {"dnskey-ttl": "P2D", "xml": {"ksk-2010": {"from": AT + 1, "until": AT + 2}}},
    "keys": {},
    "timeline": [{"at": AT, "publish": ["ksk-2010"], "sign": []}],
    "subject": [{"name": "it", "tcp": False, "off": [{"from": AT + 3, "to": AT + 4}], "policy": {}}],
}  # fmt: skip


def test_reads_back() -> None:
    """TOML's own reader finds every value; instants are dates, empty tables are left out."""
    text = to_toml(TABLES, ("what this is", ""))
    read = tomllib.loads(text)
    assert text.startswith("# what this is\n#\ntitle = ")
    assert "[keys]" not in text
    assert (read["title"], read["seed"]) == (TABLES["title"], 7)
    assert read["timeline"][0]["at"].isoformat() == "2018-10-11T16:00:00+00:00"
    assert read["authority"]["xml"]["ksk-2010"]["until"].isoformat() == "2018-10-11T16:00:02+00:00"
    assert read["subject"][0] | {"off": 0} == {"name": "it", "tcp": False, "off": 0, "policy": {}}


@given(st.text(st.characters(exclude_categories=["Cs"])))
def test_any_text(text: str) -> None:
    """No text breaks out of its quotes."""
    assert tomllib.loads(to_toml({"title": text}))["title"] == text


def test_instants() -> None:
    """Every instant is found, each once, and moved; numbers that are none are left alone."""
    assert instants_in(TABLES) == (AT, AT + 1, AT + 2, AT + 3, AT + 4)
    moved = map_instants(TABLES, lambda at: at - 1)
    assert instants_in(moved) == (AT - 1, AT, AT + 1, AT + 2, AT + 3)
    assert moved["seed"] == 7
