"""`rootlab run`: play a scenario, a suite or ceremony files, judge what was seen, and report it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from difflib import get_close_matches
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from ..errors import ScenarioError, one_line
from ..report import REPORTS, Result, report_for
from .keeping import files_of, keep_options
from .options import FILE, output_option, report_formats, report_option
from .output import check_targets, deliver, is_stdout, page

DAEMON = "daemon:"
"""How the names of real resolvers begin; the same as in `lab.run.cast`, which takes long to import."""

_NOTHING_SAID = (
    "--capture and --signals are for one scenario with a real resolver in it (--subject daemon:unbound): "
    "models are asked in memory"
)

if TYPE_CHECKING:
    from ..nameserver.recording import Files
    from ..run.record import Record
    from ..scenario.spec import Scenario


@click.command()
@click.argument("arguments", metavar="[SCENARIO|SUITE]", nargs=-1)
@click.option(
    "--skr",
    multiple=True,
    type=FILE,
    metavar="FILE...",
    help="Replay these signed ceremony files (SKR) in place of a scenario: `--skr A.xml B.xml`.",
)
@click.option(
    "--subject",
    "subjects",
    multiple=True,
    metavar="NAME",
    help="Play only this subject (with --skr: this model); may be repeated. daemon:unbound is the real "
    "resolver (`rootlab list drivers`), daemon:unbound@NAME lives as subject NAME does, daemon:unbound:CLOCK "
    "by another clock (`rootlab list clocks`).",
)
@report_formats
@output_option
@report_option
@click.option("--record", type=FILE, metavar="FILE", help="Store all that was seen, for judge and explain.")
@click.option(
    "--export-rpl",
    "rpl",
    type=FILE,
    metavar="FILE",
    help="Write what the root served an Unbound, and its state file, as an .rpl for testbound.",
)
@click.option(
    "--seed",
    type=click.IntRange(min=0),
    metavar="N",
    help="Seed of all random choices; default: the scenario's.",
)
@click.option(
    "--logs",
    type=click.Path(path_type=Path, exists=True, file_okay=False),
    metavar="FOLDER",
    help="Keep the logs of real resolvers in this folder.",
)
@keep_options
def run(
    arguments: tuple[str, ...],
    skr: tuple[Path, ...],
    subjects: tuple[str, ...],
    form: str,
    output: Path | None,
    report: Path | None,
    record: Path | None,
    rpl: Path | None,
    seed: int | None,
    logs: Path | None,
    **kept: Any,
) -> int:
    """Play a scenario or a suite and say who fails, when and why.

    SCENARIO is the path of a TOML file or a shipped name, SUITE a named list of scenarios, such as
    october-11; `rootlab list scenarios` and `rootlab list suites` show both. With a suite, --record writes
    one file for each scenario, with the scenario's name before the suffix. --export-rpl is for one scenario;
    it takes the first subject that is an Unbound, or the one that --subject names.

    Exit status: 0 everything is as the scenario expects, 1 something is not, 3 something could not be seen.
    """
    if report is not None:
        report_for(report)
    keep = files_of(**kept)
    if skr:
        files = (*skr, *(Path(argument) for argument in arguments))
        check_targets(output, report, record, rpl)
        if keep is not None:
            raise click.UsageError(_NOTHING_SAID, click.get_current_context())
        records, suite = [_play_files(files, subjects, seed)], None
    else:
        suite, names = _named(arguments)
        scenarios = tuple(_scenarios(names, subjects))
        check_targets(
            output, report, rpl, *_record_paths(record, [scenario.name for scenario in scenarios], suite)
        )
        if rpl is not None and suite is not None:
            raise click.UsageError("--export-rpl is for one scenario", click.get_current_context())
        records = _play(scenarios, subjects, seed, logs, keep)
    result, headers = _judged(records, suite)
    paths = _record_paths(record, [str(held.header["scenario"]) for held in records], suite)
    files_written = [(path, held.to_bytes()) for path, held in zip(paths, records, strict=False)]
    if report is not None:
        text = report_for(report).render(result, headers, page(to_file=True))
        files_written.append((report, text.encode("utf-8", "backslashreplace")))
    if rpl is not None:
        files_written.append((rpl, _export(files if skr else scenarios[0], records[0], subjects)))
    text = REPORTS[form].render(result, headers, page(to_file=not is_stdout(output)))
    if form == "text":
        text += "".join(f"record: {path}\n" for path in paths)
        text += f"report: {report}\n" if report is not None else ""
        text += f"rpl: {rpl}\n" if rpl is not None else ""
    deliver(text, output, files_written)
    return status(result)


def _export(source: Scenario | Sequence[Path], record: Record, names: Sequence[str]) -> bytes:
    """Return a run as an .rpl; say on stderr in what it differs from the run."""
    from ..replay.export_run import export_ceremony, export_scenario
    from ..scenario.spec import Scenario

    if isinstance(source, Scenario):
        exported = export_scenario(source, record, names)
    else:
        exported = export_ceremony(source, record, names)
    for difference in exported.differences:
        click.echo(one_line(f"export: {difference}"), err=True)
    return exported.text.encode("latin-1")


def status(result: Result) -> int:
    """Return the exit status of a verdict."""
    from ..run.verdict import EXIT_STATUS

    return EXIT_STATUS[result.verdict]


def _named(arguments: Sequence[str]) -> tuple[str | None, tuple[str, ...]]:
    """Return the suite that was asked for, if it was one, and the names of the scenarios."""
    from ..scenario.catalogue import suites

    if len(arguments) != 1:
        context = click.get_current_context()
        if not arguments:
            raise click.UsageError("missing argument SCENARIO or SUITE, or --skr FILE", context)
        raise click.UsageError(f"one scenario or suite at a time, not {len(arguments)}", context)
    name = arguments[0]
    found = None if Path(name).is_file() else suites().get(name)
    return (None, (name,)) if found is None else (found.name, found.scenarios)


def _scenarios(names: Sequence[str], subjects: Sequence[str]) -> Iterator[Scenario]:
    """Load the scenarios; of a suite only those that have one of the subjects asked for.

    Raises ScenarioError for a subject that none has.
    """
    from ..scenario.load import load_scenario

    loaded = [load_scenario(name) for name in names]
    if any(name.startswith(DAEMON) for name in subjects):
        from ..drivers.casting import with_daemons

        loaded = [with_daemons(scenario, subjects) for scenario in loaded]
    known = tuple(dict.fromkeys(subject.name for scenario in loaded for subject in scenario.subjects))
    for wanted in subjects:
        if wanted not in known:
            near = get_close_matches(wanted, known, n=1)
            hint = f"did you mean {near[0]!r}? " if near else ""
            shown = ", ".join(known[:40]) + (", ..." if len(known) > 40 else "")
            raise ScenarioError(
                f"there is no subject {wanted!r}", place=", ".join(names), remedy=f"{hint}there are {shown}"
            )
    for scenario in loaded:
        if not subjects or any(subject.name in subjects for subject in scenario.subjects):
            yield scenario


def _play(
    scenarios: Sequence[Scenario],
    subjects: Sequence[str],
    seed: int | None,
    logs: Path | None,
    files: Files | None,
) -> list[Record]:
    """Play scenarios one after the other. Raises a usage error if `files` would have nothing in them."""
    if files is not None and not (len(scenarios) == 1 and _has_real(scenarios[0], subjects)):
        raise click.UsageError(_NOTHING_SAID, click.get_current_context())
    from ..run.engine import play
    from .progress import ProgressBar

    records = []
    with ProgressBar(len(scenarios)) as bar:
        for scenario in scenarios:
            names = [subject.name for subject in scenario.subjects if subject.name in subjects]
            bar.begin(scenario.name)
            if _has_real(scenario, names):
                from ..drivers.theatre import play_daemons

                records.append(
                    play_daemons(scenario, names, seed=seed, progress=bar, logs=logs, files=files, tell=_tell)
                )
            else:
                records.append(play(scenario, seed=seed, subjects=names or None, progress=bar))
    return records


def _tell(what: str) -> None:
    """Say on stderr what the user should know of how it is played."""
    click.echo(one_line(what), err=True)


def _has_real(scenario: Scenario, names: Sequence[str]) -> bool:
    """Tell whether a real resolver is among some subjects; no names are all of them."""
    return any(spec.model.startswith(DAEMON) for spec in scenario.subjects if not names or spec.name in names)


def _play_files(files: Sequence[Path], models: Sequence[str], seed: int | None) -> Record:
    """Play ceremony files."""
    from ..run.engine import play_ceremony
    from .progress import ProgressBar

    with ProgressBar() as bar:
        bar.begin("ceremony files")
        return play_ceremony(files, models, seed=seed or 0, progress=bar)


def _judged(records: Sequence[Record], suite: str | None) -> tuple[Result, dict[str, dict[str, object]]]:
    """Judge records; return the result with the headers the reports quote."""
    from ..run.judge import judge
    from ..run.verdict import SuiteResult, worst_verdict

    runs = tuple(judge(record) for record in records)
    headers = {run.scenario: record.header for run, record in zip(runs, records, strict=True)}
    if suite is None:
        return runs[0], headers
    return SuiteResult(suite, worst_verdict([run.verdict for run in runs]), runs), headers


def _record_paths(record: Path | None, names: Sequence[str], suite: str | None) -> list[Path]:
    """Return where the records go: FILE, or for a suite FILE with each scenario's name before its suffix."""
    if record is None:
        return []
    if suite is None:
        return [record]
    return [record.with_name(f"{record.stem}-{name}{record.suffix}") for name in names]
