"""Write the JSON Schema of scenario files, for editors.

`python -m lab.scenario.schema > docs/scenario.schema.json` writes it anew after a change of the format.
It holds what one table can say by itself; that a subject's model exists, say, only loading the file tells.
"""

from __future__ import annotations

import json
import sys
from typing import Any

from .model import OneOf, ScenarioFile
from .tables import Table, key_of


def schema() -> dict[str, Any]:
    """Return the schema of scenario files (JSON Schema 2020-12)."""
    return schema_of(ScenarioFile, "Scenario of the root rollover lab")


def schema_of(file: type[Table], title: str) -> dict[str, Any]:
    """Return the schema of a kind of file."""
    raw = file.model_json_schema(by_alias=True)
    for table in _descendants(OneOf):
        definition = raw["$defs"].get(table.__name__)
        if definition is not None:
            definition["oneOf"] = [{"required": [key_of(name)]} for name in table.choices()]
    cleaned: dict[str, Any] = _clean(raw)
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": title,
        **{key: value for key, value in cleaned.items() if key != "title"},
    }


def _descendants(kind: type[OneOf]) -> list[type[OneOf]]:
    """Return all classes below a class."""
    return [found for child in kind.__subclasses__() for found in (child, *_descendants(child))]


def _clean(node: Any) -> Any:
    """Drop null, which TOML has not, and titles that repeat a key; refuse keys that match no pattern."""
    if isinstance(node, list):
        return [_clean(item) for item in node]
    if not isinstance(node, dict):
        return node
    kept = {key: value for key, value in node.items() if value is not None}
    if isinstance(kept.get("title"), str):
        kept.pop("title")
    options = kept.get("anyOf")
    if isinstance(options, list) and {"type": "null"} in options:
        others = [option for option in options if option != {"type": "null"}]
        kept.pop("anyOf")
        kept = {**others[0], **kept} if len(others) == 1 else {**kept, "anyOf": others}
    if "patternProperties" in kept:
        kept.setdefault("additionalProperties", False)
    return {key: _clean(value) for key, value in kept.items()}


def render() -> str:
    """Return the schema as the text of docs/scenario.schema.json."""
    return json.dumps(schema(), indent=2) + "\n"


if __name__ == "__main__":
    sys.stdout.write(render())
