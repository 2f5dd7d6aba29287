"""Write the JSON Schema of fleet files, for editors.

`python -m lab.population.schema > docs/fleet.schema.json` writes it anew after a change of the format.
"""

from __future__ import annotations

import json
import sys

from ..scenario.schema import schema_of
from .tables import FleetFile


def render() -> str:
    """Return the schema as the text of docs/fleet.schema.json."""
    return json.dumps(schema_of(FleetFile, "Fleet of the root rollover lab"), indent=2) + "\n"


if __name__ == "__main__":
    sys.stdout.write(render())
