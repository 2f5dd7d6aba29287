"""Issue 2, "What it must show": bad input is one line and exit status 2; forged signatures are found."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from .command import Ended, rootlab

HEAD = (
    'title = "x"\nstart = 2018-01-01T00:00:00Z\nstop = 2018-03-01T00:00:00Z\n[[subject]]\nname = "static"\n'
)
STEP = '[[timeline]]\nat = 2018-0{month}-01T00:00:00Z\npublish = ["ksk-2010"]\nsign = ["{signer}"]\n'
LAUGHS = "".join(f'<!ENTITY l{n} "{f"&l{n - 1};" * 10}">' for n in range(1, 10))
FILES = {
    "malformed.toml": f'{HEAD}\n[authority]\nquarters = {{ 2017Q3 = "pre-publish" \n',
    "unpublished.toml": HEAD
    + STEP.format(month=1, signer="ksk-2010")
    + STEP.format(month=2, signer="ksk-2017"),
    "unordered.toml": HEAD
    + STEP.format(month=2, signer="ksk-2010")
    + STEP.format(month=1, signer="ksk-2010"),
    "bomb.xml": f'<?xml version="1.0"?>\n<!DOCTYPE KSR [<!ENTITY l0 "ha">{LAUGHS}]>\n<KSR>&l9;</KSR>\n',
    "external.xml": '<!DOCTYPE KSR [<!ENTITY e SYSTEM "file:///etc/passwd">]>\n<KSR id="&e;"></KSR>\n',
    "deep.xml": "<KSR>" * 100_000,
}
OUTPUTS = ("--output", "out.txt", "--record", "record.jsonl", "--report", "report.md")

BAD: tuple[tuple[str, str, str, str], ...] = (
    ("run 2018-actul", "2018-actul: ", "no shipped scenario has this name", "rootlab list scenarios"),
    ("timeline 2018-actul", "2018-actul: ", "no such file", '"2018-actual"'),
    ("run malformed.toml", "malformed.toml: line 8, column ", "", "mend the TOML"),
    ("timeline malformed.toml", "malformed.toml: line 8, column ", "", "mend the TOML"),
    (
        "run unpublished.toml",
        "unpublished.toml: timeline[2], step at 2018-02-01T00:00:00Z: ",
        "ksk-2017 is not published",
        "publish ksk-2017 in this step or drop it",
    ),
    (
        "run unordered.toml",
        "unordered.toml: timeline[2].at: ",
        "not after the step before",
        "ascending order",
    ),
    ("run --skr truncated.xml", "truncated.xml: line ", "not well-formed", "fetch it again"),
    ("ceremony verify truncated.xml", "truncated.xml: line ", "not well-formed", "fetch it again"),
    ("run --skr bomb.xml", "bomb.xml: line 2: ", "document type or entity declaration", "do not trust"),
    ("ceremony show bomb.xml", "bomb.xml: line 2: ", "document type or entity declaration", "do not trust"),
    ("ceremony verify external.xml", "external.xml: line 1: ", "entity declaration", "do not trust"),
    ("ceremony verify deep.xml", "deep.xml: line 1: ", "nested deeper", "not a KSR or SKR"),
    ("judge truncated.xml", "truncated.xml: line 1: ", "not a JSON object", "record the run again"),
    ("run", "usage: ", "missing argument SCENARIO", "see rootlab run --help"),
    ("run 2018-actual 2017-planned", "usage: ", "one scenario or suite at a time", "see rootlab run --help"),
    ("run 2018-actual --seed x", "usage: ", "'--seed': 'x'", "see rootlab run --help"),
    ("run --frobnicate", "usage: ", "--frobnicate", "see rootlab run --help"),
    ("frobnicate", "usage: ", "no command 'frobnicate'", "see rootlab --help"),
)
"""(command, place, problem, remedy): what the one line has to say."""


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory, shared_data: Path) -> Path:
    """Return a folder of bad files; the truncated one was a real SKR."""
    found = tmp_path_factory.mktemp("bad")
    for name, text in FILES.items():
        (found / name).write_text(text, encoding="utf-8")
    real = (shared_data / "skr" / "skr-root-2017-q1-0.xml").read_bytes()
    (found / "truncated.xml").write_bytes(real[: len(real) // 2])
    return found


@pytest.mark.parametrize(("command", "place", "problem", "remedy"), BAD, ids=[case[0] for case in BAD])
def test_bad_input(command: str, place: str, problem: str, remedy: str, folder: Path) -> None:
    """One line names place, problem and remedy, the exit status is 2, and nothing is written anywhere."""
    before = sorted(path.name for path in folder.iterdir())
    arguments = command.split()
    outputs = OUTPUTS if arguments[0] == "run" and len(arguments) > 1 else ()
    ended = rootlab(folder, *arguments, *outputs)
    assert (ended.status, ended.out) == (2, "")
    (line,) = ended.err.splitlines()
    assert line.startswith(f"rootlab: {place}")
    assert problem in line
    assert remedy in line.removeprefix(f"rootlab: {place}")
    assert sorted(path.name for path in folder.iterdir()) == before


@pytest.fixture(scope="module")
def real(shared_data: Path) -> list[Path]:
    """Return the three real SKRs."""
    return sorted((shared_data / "skr").glob("skr-root-2017-*.xml"))


def verified(folder: Path, *files: Path) -> Ended:
    """Run `rootlab ceremony verify`."""
    return rootlab(folder, "ceremony", "verify", *files)


def test_real_files_verify(real: list[Path], tmp_path: Path) -> None:
    """27 bundles of 2017Q1 to Q3: every signature verifies."""
    ended = verified(tmp_path, *real)
    assert (ended.status, ended.err, ended.out.count("9 signatures, all verified")) == (0, "", 3)


@pytest.mark.parametrize("number", [1, 5, 9])
def test_a_forged_signature(number: int, real: list[Path], tmp_path: Path) -> None:
    """One changed octet of a signature is exit status 1, and the bundle is named."""
    text = real[2].read_text(encoding="utf-8")
    bundle = re.findall(r'<ResponseBundle id="([^"]+)">', text)[number - 1]
    place = list(re.finditer("<SignatureData>", text))[number - 1].end() + 40
    other = "A" if text[place] != "A" else "B"
    (tmp_path / "forged.xml").write_text(text[:place] + other + text[place + 1 :], encoding="utf-8")
    ended = verified(tmp_path, Path("forged.xml"))
    assert (ended.status, ended.err) == (1, "")
    errors = [line for line in ended.out.splitlines() if line.startswith("error: ")]
    assert errors
    assert all(bundle in line or f"bundle {number}" in line for line in errors)
    assert "1 NOT verified" in ended.out
