"""What the pages point at is there: links, files, names in the code, commands, sentences of reports."""

from __future__ import annotations

import ast
import re
import tomllib
from pathlib import Path

import pytest

from lab.cli.commands import COMMANDS
from lab.report.wording import NOT_MODELLED
from lab.scenario.catalogue import shipped_scenarios, suites
from tests.docs.pages import ROOT, anchors, links, page_name, pages

FILE = re.compile(r"`((?:lab|tests|docs|zones|scenarios|tools|\.ci)/[\w./-]+|Makefile)`")
PLACE = re.compile(r"\| `(?P<file>lab/[\w/]+\.py)`: `(?P<name>\w+)` \|$", re.MULTILINE)
GLOSSARY = ROOT / "docs" / "glossary.md"


@pytest.mark.parametrize("page", pages(), ids=page_name)
def test_links_lead_somewhere(page: Path) -> None:
    """Every link inside the project leads to a file, and to a heading where it names one."""
    broken = []
    for target in links(page.read_text(encoding="utf-8")):
        if re.match(r"[a-z]+:", target):
            continue
        path, _, anchor = target.partition("#")
        file = (page.parent / path).resolve() if path else page
        if not file.exists() or (anchor and anchor not in anchors(file.read_text(encoding="utf-8"))):
            broken.append(target)
    assert broken == []


@pytest.mark.parametrize("page", pages(), ids=page_name)
def test_files_exist(page: Path) -> None:
    """Every file and folder of the checkout that a page names in code is there."""
    named = FILE.findall(page.read_text(encoding="utf-8"))
    folder = re.compile(r"rfc[N]+")
    assert [name for name in named if not folder.search(name) and not (ROOT / name).exists()] == []


@pytest.mark.parametrize("page", pages(), ids=page_name)
def test_commands_exist(page: Path) -> None:
    """Every `rootlab COMMAND` that a page speaks of is a command."""
    named = re.findall(r"`rootlab ([a-z]\w*)", page.read_text(encoding="utf-8"))
    assert [name for name in named if name not in COMMANDS] == []


@pytest.mark.parametrize("page", pages(), ids=page_name)
def test_what_is_run_exists(page: Path) -> None:
    """Every scenario or suite that a page tells its reader to run, inside a sentence, is shipped."""
    named = re.findall(
        r"`rootlab (?:run|timeline|zone) ([a-z0-9][\w-]*)[ `]", page.read_text(encoding="utf-8")
    )
    assert [name for name in named if name not in (*shipped_scenarios(), *suites())] == []


def defined(file: Path) -> frozenset[str]:
    """Return the names a module defines at its top level."""
    names = []
    for node in ast.parse(file.read_text(encoding="utf-8")).body:
        if isinstance(node, ast.ClassDef | ast.FunctionDef):
            names.append(node.name)
        elif isinstance(node, ast.Assign):
            names += [target.id for target in node.targets if isinstance(target, ast.Name)]
        elif isinstance(node, ast.AnnAssign) and isinstance(node.target, ast.Name):
            names.append(node.target.id)
    return frozenset(names)


def test_glossary_names_real_types() -> None:
    """Every word of the glossary leads to a name that its file defines."""
    found = PLACE.findall(GLOSSARY.read_text(encoding="utf-8"))
    assert [(file, name) for file, name in found if name not in defined(ROOT / file)] == []


def test_glossary_rows_are_whole() -> None:
    """Every word has a meaning, a source and a place, and stands there once."""
    rows = [line for line in GLOSSARY.read_text(encoding="utf-8").splitlines() if line.startswith("| ")]
    words = [row.split(" | ")[0] for row in rows if not row.startswith("| word |")]
    assert len(words) > 50
    assert len(set(words)) == len(words)
    assert [row for row in rows if not row.startswith("| word |") and not PLACE.search(row)] == []


def test_tables_in_the_architecture_exist() -> None:
    """Every table or class that docs/architecture.md tells to extend is defined in the file it names."""
    text = (ROOT / "docs" / "architecture.md").read_text(encoding="utf-8")
    pairs = re.findall(r"`([A-Z]\w+)`(?: or `([A-Z]\w+)`)? in `(lab/[\w/]+\.py)`", text)
    assert len(pairs) >= 8
    missing = [
        (file, name) for *names, file in pairs for name in names if name and name not in defined(ROOT / file)
    ]
    assert missing == []


def test_layers_are_those_of_the_contract() -> None:
    """The layers on the page are those that import-linter checks."""
    contract = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["importlinter"]["contracts"][0]
    layers = "\n".join(layer for layer in contract["layers"] if not layer.startswith("("))
    assert f"```text\n{layers}\n```\n" in (ROOT / "docs" / "architecture.md").read_text(encoding="utf-8")


def test_claims_say_what_reports_say() -> None:
    """The sentences under every report stand on the page of claims, word for word."""
    page = (ROOT / "docs" / "claims.md").read_text(encoding="utf-8")
    assert [sentence for sentence in NOT_MODELLED if f"\n- {sentence}\n" not in page] == []


def test_decisions_are_numbered() -> None:
    """The decisions are numbered from 1 without a gap, so that a number can be cited."""
    text = (ROOT / "docs" / "decisions.md").read_text(encoding="utf-8")
    numbers = [int(number) for number in re.findall(r"^## (\d+)\. ", text, re.MULTILINE)]
    assert numbers == list(range(1, len(numbers) + 1)) != []
