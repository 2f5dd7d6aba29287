"""`rootlab replay`: run scenarios of testbound and Deckard against a resolver model, or only read them.

What is heavy (models, tables) is imported when the command runs.
"""

from __future__ import annotations

from collections.abc import Sequence
from difflib import get_close_matches
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from .. import __version__
from ..clock import format_duration
from ..errors import RplError, UserError, one_line
from .options import FILE, output_option
from .output import check_targets, deliver, is_stdout, page

if TYPE_CHECKING:
    from ..replay.outcome import ReplayResult, StepResult
    from ..replay.script import Note, Script

EXIT_STATUS = {"passed": 0, "failed": 1, "inconclusive": 3}
_DETAILS = 8
"""Details of a failed check that are shown in a text report; JSON has them all."""


@click.command()
@click.argument("files", metavar="FILE...", nargs=-1, required=True, type=FILE)
@click.option(
    "--model",
    default="unbound",
    show_default=True,
    metavar="NAME",
    help="Who goes through it: one of `rootlab list models`.",
)
@click.option("--validate-only", is_flag=True, help="Only read the files, and say what is in them.")
@click.option(
    "--format",
    "form",
    type=click.Choice(["text", "json"]),
    default="text",
    show_default=True,
    help="Tables and lines, or all facts for programs.",
)
@click.option("--seed", type=click.IntRange(min=0), default=0, metavar="N", help="Seed of random delays.")
@output_option
def replay(
    files: tuple[Path, ...], model: str, validate_only: bool, form: str, seed: int, output: Path | None
) -> int:
    """Run .rpl scenarios (testbound, Deckard) against a model.

    Every check of a scenario is made: state files field by field, answers by what they are to match, the time
    of the next probe by its range. What the lab does not act on is listed.

    Exit status: 0 every check holds, 1 one does not, 2 a file cannot be read, 3 nothing could be checked, or
    a check failed where the lab could not do what the scenario asks for.
    """
    check_targets(output)
    profile = _known(model)
    scripts = _read(files)
    if validate_only:
        text = _scripts_json(scripts) if form == "json" else _scripts_text(scripts, output)
        deliver(text, output)
        return 0
    from ..replay.outcome import worst_verdict
    from ..replay.runner import replay as run

    results = tuple(run(script, profile, seed=seed) for script in scripts)
    text = _results_json(results, profile) if form == "json" else _results_text(results, profile, output)
    deliver(text, output)
    return EXIT_STATUS[worst_verdict(results)]


def _known(model: str) -> str:
    """Return the name of a preset. Raises UserError that names the nearest."""
    from ..resolver.profiles import MODELS

    if model in MODELS:
        return model
    near = get_close_matches(model, MODELS, n=1)
    remedy = f"did you mean {near[0]!r}?" if near else "`rootlab list models` shows them"
    raise UserError(f"there is no model {model!r}", remedy=remedy)


def _read(files: Sequence[Path]) -> tuple[Script, ...]:
    """Read all files; complain about each that cannot be read before any is run."""
    from ..replay.configuration import configure
    from ..replay.rpl import read_rpl

    scripts: list[Script] = []
    errors: list[RplError] = []
    for path in files:
        try:
            script = read_rpl(path)
            configure(script)
        except RplError as error:
            errors.append(error)
        else:
            scripts.append(script)
    for told in errors[:-1]:
        click.echo(f"rootlab: {one_line(str(told), 1000)}", err=True)
    if errors:
        raise errors[-1]
    return tuple(scripts)


# -- reading only --------------------------------------------------------------------------------------------


def _all_notes(script: Script) -> tuple[Note, ...]:
    from ..replay.configuration import configure

    return (*script.notes, *configure(script).notes)


def _scripts_text(scripts: Sequence[Script], output: Path | None) -> str:
    """Return a row for each file, then what is not acted on."""
    from ..report.sheet import screen, table, text_of

    console = screen(page(to_file=not is_stdout(output)))
    grid = table()
    for heading in ("file", "ranges", "steps", "title"):
        grid.add_column(heading, justify="right" if heading in ("ranges", "steps") else "left")
    for script in scripts:
        title = one_line(script.title, 100)
        grid.add_row(_name(script.path), str(len(script.ranges)), str(len(script.steps)), title)
    console.print(grid)
    _print_notes(console, [(script.path, _all_notes(script)) for script in scripts])
    console.print(f"\n{_plural(len(scripts), 'file')} read")
    return text_of(console)


def _scripts_json(scripts: Sequence[Script]) -> str:
    from ..report.as_json import dump

    return dump(
        {
            "files": [
                {
                    "file": script.path,
                    "title": one_line(script.title),
                    "ranges": len(script.ranges),
                    "steps": len(script.steps),
                    "notes": [_note_json(note) for note in _all_notes(script)],
                }
                for script in scripts
            ]
        }
    )


# -- results -------------------------------------------------------------------------------------------------


def _results_text(results: Sequence[ReplayResult], model: str, output: Path | None) -> str:
    """Return a row for each file, the checks that failed, what is not acted on, and a line of sum."""
    from ..report.sheet import screen, styled, table, text_of

    console = screen(page(to_file=not is_stdout(output)))
    grid = table()
    for heading in ("file", "verdict", "checks", "failed", "probes", "title"):
        grid.add_column(heading, justify="right" if heading in ("checks", "failed", "probes") else "left")
    for result in results:
        numbers = (str(result.checks), str(len(result.failures)), str(result.probes))
        grid.add_row(_name(result.file), styled(result.verdict), *numbers, one_line(result.title, 80))
    console.print(grid)
    for result in results:
        lines = [_failure(step) for step in result.failures]
        lines = [f"{result.verdict}: {result.reason}", *lines] if result.reason else lines
        if lines:
            console.print(f"\n{_name(result.file)}")
        for line in lines:
            console.print(f"  {one_line(line, 600)}", soft_wrap=True)
    _print_signatures(console, results)
    _print_notes(console, [(result.file, result.notes) for result in results])
    verdicts = [result.verdict for result in results]
    counted = [f"{verdicts.count(word)} {word}" for word in EXIT_STATUS if word in verdicts]
    console.print(f"\n{_plural(len(results), 'file')}, model {model}: {', '.join(counted)}")
    return text_of(console)


def _failure(step: StepResult) -> str:
    shown = "; ".join(step.details[:_DETAILS])
    more = len(step.details) - _DETAILS
    return f"step {step.number} {step.kind}, line {step.line}: {shown}" + (
        f"; {more} more" if more > 0 else ""
    )


def _print_signatures(console: Any, results: Sequence[ReplayResult]) -> None:
    """Print the signatures that are bad although their file asks to take their like for good."""
    from ..dnssec.names import name_to_text
    from ..dnssec.rrtypes import type_to_text

    lines = [
        f"{_name(result.file)}: {name_to_text(case.owner)} {type_to_text(case.rrtype)}, algorithm "
        f"{case.algorithm}, key tag {case.key_tag}: {'taken for good' if case.accepted else 'taken for bad'}"
        for result in results
        for case in result.signatures
    ]
    if lines:
        console.print("\nbad signatures where the file says fake-sha1 or fake-dsa")
        for line in lines:
            console.print(f"  {one_line(line)}", soft_wrap=True)


def _print_notes(console: Any, noted: Sequence[tuple[str, Sequence[Note]]]) -> None:
    """Print what is not acted on, the same text of many files once; what has no effect in one line."""
    files: dict[tuple[str, str], list[str]] = {}
    for file, notes in noted:
        for note in notes:
            place = f"{_name(file)}:{note.line}" if note.line else _name(file)
            files.setdefault((note.kind, note.text), []).append(place)
    idle = sorted(text for kind, text in files if kind == "no-effect")
    listed = [(kind, text, places) for (kind, text), places in files.items() if kind != "no-effect"]
    if listed:
        console.print("\nnot acted on")
        for kind, text, places in sorted(listed):
            more = f" and {len(places) - 3} more" if len(places) > 3 else ""
            line = f"{kind}: {text} ({', '.join(places[:3])}{more})"
            console.print(f"  {one_line(line, 300)}", soft_wrap=True)
    if idle:
        console.print(f"\nof no effect on what is checked: {', '.join(idle)}")


def _results_json(results: Sequence[ReplayResult], model: str) -> str:
    from ..replay.outcome import worst_verdict
    from ..report.as_json import dump

    return dump(
        {
            "model": model,
            "verdict": worst_verdict(tuple(results)),
            "lab_version": __version__,
            "files": [_result_json(result) for result in results],
        }
    )


def _result_json(result: ReplayResult) -> dict[str, Any]:
    from ..dnssec.names import name_to_text
    from ..dnssec.rrtypes import type_to_text

    return {
        "file": result.file,
        "title": one_line(result.title),
        "verdict": result.verdict,
        "reason": result.reason or None,
        "checks": result.checks,
        "failed": len(result.failures),
        "probes": result.probes,
        "elapsed": format_duration(result.elapsed),
        "steps": [
            {
                "number": step.number,
                "line": step.line,
                "kind": step.kind,
                "outcome": step.outcome,
                "details": list(step.details),
            }
            for step in result.steps
        ],
        "notes": [_note_json(note) for note in result.notes],
        "signatures": [
            {
                "owner": name_to_text(case.owner),
                "type": type_to_text(case.rrtype),
                "algorithm": case.algorithm,
                "key_tag": case.key_tag,
                "accepted": case.accepted,
            }
            for case in result.signatures
        ],
    }


def _note_json(note: Note) -> dict[str, Any]:
    return {"line": note.line or None, "kind": note.kind, "text": note.text}


def _name(file: str) -> str:
    return one_line(Path(file).name, 60)


def _plural(number: int, noun: str) -> str:
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"
