"""`rootlab zone`: the signed root zone of an instant, as a master file."""

from __future__ import annotations

from pathlib import Path

import click

from ..clock import Instant
from .options import INSTANT, output_option
from .output import check_targets, deliver
from .signing import size_option, spread_for


@click.command()
@click.argument("scenario")
@click.option(
    "--at", type=INSTANT, metavar="INSTANT", required=True, help="The instant, such as 2018-10-11T16:00:00Z."
)
@size_option
@output_option
def zone(scenario: str, at: Instant, size: str, output: Path | None) -> None:
    """Print the signed root zone of an instant.

    One record a line: absolute lower-case owner, TTL, class, type, data. The TXT record at _rootlab. marks
    it as emulated; its keys are public on purpose and not the root's. Of a full root only the names of the
    top-level domains are real.
    """
    from ..authority.keyring import KeyRing
    from ..authority.signer import ZoneSigner
    from ..authority.zone_file import zone_text
    from ..clock import format_instant
    from ..errors import ScenarioError
    from ..scenario.load import load_scenario

    check_targets(output)
    loaded = load_scenario(scenario)
    step = loaded.timeline.step(at)
    if at > step.expiration:
        raise ScenarioError(
            f"the signatures end at {format_instant(step.expiration)}, and nothing was signed after that",
            place=f"{scenario}: --at",
            remedy=f"choose an instant up to then; the scenario runs to {format_instant(loaded.stop)}",
        )
    ring = KeyRing(loaded.key_files)
    with spread_for(size) as spread:
        signer = ZoneSigner(loaded.timeline, ring, watermark=loaded.name, spread=spread)
        text = zone_text(signer, at, size)
    deliver(text, output)
