"""The JSON Schema for editors is the one the tables make, and says of a key what the tables say."""

from __future__ import annotations

import json
import subprocess
import sys
import tomllib
from pathlib import Path
from typing import Any

import pytest

from lab.scenario.expectations import EXPECTATIONS
from lab.scenario.schema import render, schema

DOCS = Path(__file__).resolve().parents[2] / "docs"


SCHEMA = schema()


def resolve(node: dict[str, Any]) -> dict[str, Any]:
    """Follow a reference inside the schema."""
    name = node.get("$ref", "").rpartition("/")[2]
    found: dict[str, Any] = SCHEMA["$defs"][name] if name else node
    return found


def unknown(node: dict[str, Any], value: Any, path: str = "") -> list[str]:
    """Return the paths of all keys of a file that the schema does not know."""
    node = resolve(node)
    if isinstance(value, list):
        return [bad for item in value for bad in unknown(node.get("items", {}), item, f"{path}[]")]
    if not isinstance(value, dict):
        return []
    known = node.get("properties", {})
    loose = node.get("additionalProperties") or next(iter(node.get("patternProperties", {}).values()), None)
    found = []
    for key, item in value.items():
        if key in known:
            found += unknown(known[key], item, f"{path}.{key}")
        elif loose is None:
            found.append(f"{path}.{key}")
        else:
            found += unknown(loose, item, f"{path}.{key}")
    return found


def test_the_file_is_up_to_date() -> None:
    """docs/scenario.schema.json is what `python -m lab.scenario.schema` prints."""
    command = [sys.executable, "-m", "lab.scenario.schema"]
    printed = subprocess.run(command, capture_output=True, text=True, check=True, cwd=DOCS.parent).stdout
    assert printed == render()
    assert (DOCS / "scenario.schema.json").read_text() == printed


def test_it_knows_every_key(everything_text: str) -> None:
    """Every key of the format is in the schema, and another one is not."""
    file = tomllib.loads(everything_text)
    assert unknown(SCHEMA, file) == []
    file["subject"][0]["polcy"] = file["authority"]["xmll"] = file["keyz"] = 1
    file["expect"][1]["fails"]["form"] = 1
    assert unknown(SCHEMA, file) == [
        ".authority.xmll", ".subject[].polcy", ".expect[][].fails.form".replace("[][]", "[]"), ".keyz",
    ]  # fmt: skip


@pytest.mark.parametrize("name", ["ExpectTable", "EventTable", "Operator", "Delay"])
def test_it_asks_for_exactly_one(name: str) -> None:
    """Where a table takes exactly one of some keys, the schema does too."""
    table = SCHEMA["$defs"][name]
    required = [option["required"] for option in table["oneOf"]]
    assert len(required) > 1
    assert all(len(keys) == 1 and keys[0] in table["properties"] for keys in required)
    if name == "ExpectTable":
        assert [keys[0] for keys in required] == list(EXPECTATIONS)


@pytest.mark.parametrize("key", ["quarters", "xml"])
def test_it_refuses_keys_that_are_no_names(key: str) -> None:
    """A table whose keys are quarters or names of keys takes nothing else."""
    table = SCHEMA["$defs"]["Authority"]["properties"][key]
    assert len(table["patternProperties"]) == 1
    assert table["additionalProperties"] is False


def test_it_has_nothing_toml_has_not() -> None:
    """TOML has no null, so neither has the schema."""
    text = json.dumps(SCHEMA)
    assert "null" not in text
