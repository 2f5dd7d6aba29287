"""`rootlab plan`: weigh a decision. Each command is a module of its own, one line here."""

from __future__ import annotations

import click

from .plan_backout import backout
from .plan_backtest import backtest
from .plan_compare import compare
from .plan_gate import gate
from .plan_report import report
from .plan_sequence import sequence
from .plan_sweep import sweep


@click.group(no_args_is_help=False)
def plan() -> None:
    """Weigh a decision: what a delay buys, whether the gates are met."""


plan.add_command(sweep)
plan.add_command(gate)
plan.add_command(report)
plan.add_command(backout)
plan.add_command(compare)
plan.add_command(sequence)
plan.add_command(backtest)
