"""`rootlab conformance`: what the RFCs demand of a validator, case by case, for models and real resolvers."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

import click

from ..errors import UserError, one_line
from .options import FILE, output_option
from .output import check_targets, deliver, is_stdout, page

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ..conformance.examine import Keep, Sitting
    from ..conformance.examinee import Examinee
    from ..conformance.result import CaseResult
    from ..run.record import Record

FORMS = ("text", "json", "junit", "html")
"""The formats of an examination; the same as in `lab.report.conformance`, which takes long to import."""


@click.group()
def conformance() -> None:
    """Examine validators against what the RFCs demand, case by case."""


case_option = click.option(
    "--case",
    "identifiers",
    multiple=True,
    metavar="ID",
    help="Only this case; `RFC5011-2.1-*` stands for all that begin so; may be repeated.",
)


@conformance.command("list")
@case_option
@click.option(
    "--format", "form", type=click.Choice(["text", "json"]), default="text", show_default=True, help="Layout."
)
@output_option
def list_cases(identifiers: tuple[str, ...], form: str, output: Path | None) -> None:
    """List the cases, each with the sentence of an RFC that it tests."""
    from ..conformance.case import choose
    from ..report.conformance import cases_json, cases_text

    check_targets(output)
    cases = choose(identifiers)
    sheet = page(to_file=not is_stdout(output))
    deliver(cases_json(cases) if form == "json" else cases_text(cases, sheet), output)


@conformance.command()
@case_option
@click.option(
    "--subject",
    "subjects",
    multiple=True,
    metavar="NAME",
    help="Whom to examine: a model (`rootlab list models`) or a real resolver (daemon:unbound); may be "
    "repeated. Default: all models.",
)
@click.option(
    "--driver",
    "drivers",
    multiple=True,
    metavar="NAME",
    help="A real resolver (`rootlab list drivers`), or `all` for Unbound, BIND, Knot Resolver and PowerDNS "
    "Recursor; may be repeated.",
)
@click.option(
    "--sut",
    "suts",
    multiple=True,
    type=FILE,
    metavar="FILE.toml",
    help="Software the lab does not know, described by a file (docs/conformance.md); may be repeated.",
)
@click.option("--format", "form", type=click.Choice(FORMS), default="text", show_default=True, help="Layout.")
@output_option
@click.option(
    "--report", type=FILE, metavar="FILE", help="Also write a report: .txt, .json, .xml (JUnit) or .html."
)
@click.option(
    "--artifacts",
    type=click.Path(path_type=Path, file_okay=False),
    metavar="FOLDER",
    help="Keep zone, record, trust state and logs of every failure in this folder.",
)
@click.option(
    "--seed", type=click.IntRange(min=0), metavar="N", help="Seed of all random choices; default: 0."
)
def run(
    identifiers: tuple[str, ...],
    subjects: tuple[str, ...],
    drivers: tuple[str, ...],
    suts: tuple[Path, ...],
    form: str,
    output: Path | None,
    report: Path | None,
    artifacts: Path | None,
    seed: int | None,
) -> int:
    """Examine models, real resolvers or your own software.

    Exit status: 0 all is passed or known to fail, 1 something failed, or passed that is listed as failing, 3
    something could not be seen.
    """
    from ..conformance.case import choose
    from ..conformance.examine import examine
    from ..conformance.stage import player_for
    from ..report.conformance import FORMATS, SUFFIXES
    from ..run.verdict import EXIT_STATUS
    from .progress import ProgressBar

    if report is not None and report.suffix.lower() not in SUFFIXES:
        known = ", ".join(SUFFIXES)
        raise UserError(
            f"no report has the suffix {report.suffix!r}",
            place=str(report),
            remedy=f"end the name in {known}",
        )
    check_targets(output, report)
    cases, (examinees, said) = choose(identifiers), _examinees(subjects, drivers, suts)
    with tempfile.TemporaryDirectory(prefix="rootlab-logs-") as logs, ProgressBar() as bar:
        bar.begin("conformance")
        keep = None if artifacts is None else _keeper(artifacts, Path(logs), said)
        player = player_for(examinees, logs=None if artifacts is None else Path(logs), tell=_tell)
        result = examine(cases, examinees, player, seed=seed, progress=bar, keep=keep)
    files = []
    if report is not None:
        text = FORMATS[SUFFIXES[report.suffix.lower()]](result, page(to_file=True), said)
        files.append((report, text.encode("utf-8", "backslashreplace")))
    text = FORMATS[form](result, page(to_file=not is_stdout(output)), said)
    if form == "text":
        text += f"report: {report}\n" if report is not None else ""
        text += f"artifacts: {artifacts}\n" if artifacts is not None and artifacts.is_dir() else ""
    deliver(text, output, files)
    return EXIT_STATUS[result.verdict]


def _tell(what: str) -> None:
    """Say on stderr what the user should know of how it is played."""
    click.echo(one_line(what), err=True)


def _examinees(
    subjects: Sequence[str], drivers: Sequence[str], suts: Sequence[Path]
) -> tuple[list[Examinee], dict[str, str]]:
    """Return who is examined, each once, and how the command line named each."""
    from ..conformance.examinee import DAEMONS, examinee
    from ..drivers.table import PREFIX, SUFFIX
    from ..resolver.profiles import MODELS

    named = [(name, f"--subject {name}") for name in subjects]
    for name in drivers:
        names = DAEMONS if name == "all" else (name.removeprefix(PREFIX),)
        named += [(PREFIX + one, f"--driver {one}") for one in names]
    for path in suts:
        if path.suffix != SUFFIX:
            raise UserError("is no SUT file", place=str(path), remedy=f"name a file that ends in {SUFFIX}")
        named.append((str(path), f"--sut {path}"))
    named = named or [(name, f"--subject {name}") for name in MODELS]
    found: dict[str, Examinee] = {}
    said: dict[str, str] = {}
    for name, option in named:
        who = examinee(name)
        if who.name in found and found[who.name] != who:
            raise UserError(f"two are called {who.name}", remedy="give them different names")
        found[who.name] = who
        said[who.name] = option
    return list(found.values()), said


def _keeper(artifacts: Path, logs: Path, said: dict[str, str]) -> Keep:
    """Return what keeps the artifacts of failures, and empties the folder of logs after each run."""
    from ..conformance.artifacts import keep_failures, keep_logs

    def keep(sitting: Sitting, record: Record, results: Sequence[CaseResult]) -> None:
        kept = keep_failures(artifacts, said, sitting, record, results)
        keep_logs(logs, kept)
        for log in logs.iterdir():
            log.unlink()

    return keep
