"""`rootlab plan report`: a sweep for a board, on one page."""

from __future__ import annotations

from pathlib import Path

import click

from ..errors import DriverError, UserError
from .options import FILE
from .output import show, write_files


@click.command()
@click.argument("file", type=FILE)
@click.option("--gates", type=FILE, metavar="TOML", help="Thresholds; without any nothing is decided.")
@click.option("--out", type=click.Path(path_type=Path, file_okay=False), required=True, metavar="FOLDER",
              help="Where the files go; it is made if it is not there.")  # fmt: skip
def report(file: Path, gates: Path | None, out: Path) -> None:
    """Write the report of a sweep: report.html, report.md, and every chart as SVG and PNG.

    FILE is the sweep.json of a sweep, or its folder. The page holds all it needs and asks nobody for
    anything; its first screen says the decision, the number in its interval, and the assumptions that matter.
    """
    _need_altair()
    from ..population.decide_gate import load_gates
    from ..population.plan_result import read_sweep
    from ..report.plan_charts import picture
    from ..report.plan_page import html, markdown, sections

    sweep, thresholds = read_sweep(file), None if gates is None else load_gates(gates)
    files = [("report.html", html(sweep, thresholds)), ("report.md", markdown(sweep, thresholds))]
    written = [(name, text.encode()) for name, text in files]
    for section in sections(sweep):
        for place, chart in section.charts:
            written += [(f"{place}.{form}", picture(chart, form)) for form in ("svg", "png")]
    try:
        out.mkdir(parents=True, exist_ok=True)
    except OSError as problem:
        raise UserError(
            f"cannot be made: {problem.strerror}", place=str(out), remedy="name another"
        ) from None
    write_files([(out / name, data) for name, data in written])
    show("".join(f"{out / name}\n" for name, _ in written))


def _need_altair() -> None:
    """Refuse, in one line, to draw without the extra `report`, which the plain install leaves out."""
    try:
        import altair  # noqa: F401
        import vl_convert  # noqa: F401
    except ModuleNotFoundError as missing:
        raise DriverError(
            f"reports need {missing.name}, which is not installed: pip install 'root-rollover-lab[report]'"
        ) from None
