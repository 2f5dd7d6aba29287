"""Causes of failure: whatever names one, there is an explanation of it."""

from __future__ import annotations

import ast
import inspect
import re
from collections.abc import Iterator

import pytest

from lab.causes import CAUSES, explanation
from lab.observation import Outcome
from lab.resolver import diagnose
from lab.run import subject
from lab.run.record import Record

IDENTIFIER = re.compile(r"[a-z]+(?:-[a-z]+)+|unsigned|crashed")
CITATION = re.compile(r"RFC \d{4} section \d+(\.\d+)*")
OUTCOME = ("secure", "insecure", "unvalidated", "bogus", "down")


def strings(module: object, *functions: str) -> Iterator[str]:
    """Yield the texts, docstrings apart, in some functions of a module."""
    tree = ast.parse(inspect.getsource(module))  # type: ignore[arg-type]
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef) and node.name in functions:
            docstring = ast.get_docstring(node, clean=False)
            for inner in ast.walk(node):
                if (
                    isinstance(inner, ast.Constant)
                    and isinstance(inner.value, str)
                    and inner.value != docstring
                ):
                    yield inner.value


def named() -> list[str]:
    """Return every cause that the code can name."""
    told = [text for text in strings(diagnose, "cause_of") if text not in ("no-answer", "rfc")]
    told += diagnose.TROUBLES.values()
    told += strings(subject, "_cause_of_end")
    told += [text for text in strings(subject, "_outcome") if "-" in text]
    return sorted({text for text in told if IDENTIFIER.fullmatch(text)} - set(OUTCOME))


def test_all_are_found() -> None:
    """The search finds causes from each place that names them."""
    places = {
        "udp-size",
        "static-anchor",
        "crashed",
        "all-anchors-revoked",
        "zsk-missing",
        "clock-skew",
        "unsigned",
    }
    assert places <= set(named())


@pytest.mark.parametrize("cause", named())
def test_what_can_be_named_is_explained(cause: str) -> None:
    """Every cause in the code is in the table."""
    assert cause in CAUSES


def test_what_is_explained_can_be_named() -> None:
    """The table holds no cause that nothing names."""
    assert sorted(CAUSES) == named()


@pytest.mark.parametrize("cause", CAUSES)
def test_an_explanation(cause: str) -> None:
    """An explanation is a sentence with the section of an RFC."""
    sentence, cites = CAUSES[cause]
    assert IDENTIFIER.fullmatch(cause)
    assert CITATION.fullmatch(cites)
    assert explanation(cause) == f"{sentence} ({cites})"
    assert len(sentence.split()) > 3


def test_no_explanation() -> None:
    """No cause has no explanation, and an unknown one is shown as it is."""
    assert (explanation(""), explanation("aliens")) == ("", "aliens")


def test_causes_of_october(october: dict[str, Record]) -> None:
    """What went wrong in October has causes of the table, several of them."""
    seen = {
        one.cause
        for record in october.values()
        for one in record.observations
        if isinstance(one, Outcome) and one.cause
    }
    assert seen <= set(CAUSES)
    assert len(seen) >= 5
