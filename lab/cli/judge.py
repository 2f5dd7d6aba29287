"""`rootlab judge`: compare a stored run with expectations, without playing it again."""

from __future__ import annotations

from pathlib import Path

import click

from ..report import REPORTS, report_for
from .options import FILE, output_option, report_formats, report_option
from .output import check_targets, deliver, is_stdout, page
from .run import status


@click.command()
@click.argument("record", type=FILE)
@click.argument("scenario", required=False)
@report_formats
@output_option
@report_option
def judge(record: Path, scenario: str | None, form: str, output: Path | None, report: Path | None) -> int:
    """Judge a stored run again, without playing it.

    RECORD is a file that `rootlab run --record` wrote. With SCENARIO its expectations are taken from there,
    else from the record. Exit status as of run: 0 passed, 1 failed, 3 inconclusive.
    """
    from ..run.judge import judge as judge_record
    from ..run.record import Record
    from ..scenario.load import load_scenario

    check_targets(output, report)
    written = report_for(report) if report is not None else None
    stored = Record.read(record)
    result = judge_record(stored, load_scenario(scenario) if scenario is not None else None)
    headers = {result.scenario: stored.header}
    files = []
    if written is not None and report is not None:
        text = written.render(result, headers, page(to_file=True))
        files.append((report, text.encode("utf-8", "backslashreplace")))
    text = REPORTS[form].render(result, headers, page(to_file=not is_stdout(output)))
    if form == "text" and report is not None:
        text += f"report: {report}\n"
    deliver(text, output, files)
    return status(result)
