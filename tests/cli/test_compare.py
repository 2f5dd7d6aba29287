"""`rootlab compare`: exit statuses, both layouts, and what it refuses."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from lab.cli import main


def run(*arguments: str) -> int:
    """Run `rootlab compare`."""
    return main(["compare", *arguments])


def test_agree(capsys: pytest.CaptureFixture[str]) -> None:
    """Two static resolvers with the same cache fail at the same second: status 0."""
    assert run("2018-actual", "--subject", "static-old", "--subject", "pdns-recursor") == 0
    assert capsys.readouterr().out.splitlines()[-1].startswith("agree ")


def test_diverge(tmp_path: Path) -> None:
    """Unbound forgets a revoked key, the RFC has it removed: status 1, and where they part."""
    out, record = tmp_path / "out.json", tmp_path / "run.jsonl"
    names = ("--subject", "unbound", "--subject", "rfc5011-strict")
    assert run("2018-actual", *names, "--format", "json", "--output", str(out), "--record", str(record)) == 1
    shown = json.loads(out.read_text())
    assert (shown["divergence"]["left"]["to"], shown["divergence"]["right"]["to"]) == ("Start", "Removed")
    assert main(["judge", str(record)]) == 0


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("2018-actual", "--subject", "unbound"), "name two subjects"),
        (("2018-actual", "--subject", "unbound", "--subject", "unbound"), "name two subjects"),
        (("2018-actual", "--subject", "unbound", "--subject", "nobody"), "nobody"),
        (("2018-actual", "--subject", "unbound", "--subject", "daemon:nobody"), "nobody"),
    ],
)
def test_refused(arguments: tuple[str, ...], message: str, capsys: pytest.CaptureFixture[str]) -> None:
    """One subject, the same twice, or one that is not there: status 2 and one line."""
    assert run(*arguments) == 2
    errors = capsys.readouterr().err
    assert message in errors
    assert len(errors.splitlines()) == 1
