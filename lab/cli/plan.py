"""`rootlab plan`: what a fleet says about a decision."""

from __future__ import annotations

import click

from .plan_backtest import backtest


@click.group(no_args_is_help=False)
def plan() -> None:
    """Weigh a roll before it is made, with a fleet of resolvers."""


plan.add_command(backtest)
