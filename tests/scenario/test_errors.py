"""Every mistake in a scenario file is one line that names the file, the place and what to do."""

from __future__ import annotations

import tomllib
from pathlib import Path
from typing import Any

import pytest

from lab.errors import ScenarioError, TimelineError, UserError
from lab.resources import zones_path
from lab.scenario.load import load_scenario, load_text

SPAN = 'title = "x"\nstart = 2017-07-01\nstop = 2018-06-01\n'
STEPS = (
    SPAN
    + """[[timeline]]
at = 2017-06-01
publish = ["ksk-2010"]
sign = ["ksk-2010"]
"""
)
EXPECT = '[[expect]]\nid = "e"\nsubject = "bind"\n'
EVENT = "[[event]]\nat = 2017-08-01\n"

MISTAKES = tomllib.loads((Path(__file__).parent / "mistakes.toml").read_text())["mistake"]

SYNTAX = {
    "title = ": "line 1, column 9: Invalid value; mend the TOML here (https://toml.io)",
    'title = "x': "line 1, column 11: Unterminated string; mend the TOML here",
    "a = 1\na = 2": "line 2, column 6: Cannot overwrite a value; mend the TOML here",
    "[a]\nb = 1\n[a]": "line 3, column 3: Cannot declare a twice; mend the TOML here",
    "x.y = 1\n" + "a." * 40 + "a = 1": "line 2, column 1: a key has too many parts; at most 32 dots",
    "[" + '"a" . ' * 40 + "a]": "line 1, column 2: a key has too many parts; at most 32 dots",
    "a = " + "[" * 5000: "is nested too deeply; a scenario is flat",
    "a = " + "9" * 5000: "has a number or a date out of range; write smaller numbers",
}


def refusal(text: str, path: Path = Path("x.toml")) -> UserError:
    """Return the error of loading a text, which has to be one line that names the file."""
    with pytest.raises((ScenarioError, TimelineError)) as caught:
        load_text(text, path)
    message = str(caught.value)
    assert message == " ".join(message.split())
    assert message.startswith(f"{path}: ")
    return caught.value


@pytest.mark.parametrize("mistake", MISTAKES, ids=[mistake["says"][:60] for mistake in MISTAKES])
def test_mistakes(small: str, mistake: dict[str, Any]) -> None:
    """A mistake is named with its table's number and name, its key and what to write instead."""
    texts = {"small": small, "event": small + EVENT, "expect": small + EXPECT, "steps": STEPS}
    text = texts[mistake["in"]]
    if "replace" in mistake:
        assert mistake["replace"] in text
        text = text.replace(mistake["replace"], mistake["with"], 1)
    problem = refusal(text + mistake.get("add", ""))
    assert str(problem).startswith("x.toml: " + mistake["says"])
    assert type(problem).__name__ == mistake.get("kind", "ScenarioError")


def test_event_before_the_first_start(small: str) -> None:
    """Nothing can happen to a subject that has not started."""
    event = EVENT + 'subject = "bind"\nrestart = {}'
    assert str(refusal(f"{small}first-start = 2017-09-01\n{event}")).startswith(
        "x.toml: event[1] (bind).at: bind starts at 2017-09-01T00:00:00Z only; let it happen later"
    )


def test_expectation_of_nobody(small: str) -> None:
    """An expectation needs a subject that exists."""
    assert str(refusal(small + EXPECT.replace("bind", "bond") + "fails = {}")).startswith(
        'x.toml: expect[1] (e).subject: there is no subject bond; did you mean "bind"? allowed: unbound, bind'
    )


@pytest.mark.parametrize("text", SYNTAX)
def test_syntax(text: str) -> None:
    """What is not TOML is named with line and column; nothing the parser trips over escapes."""
    assert str(refusal(text)).startswith("x.toml: " + SYNTAX[text])


def test_no_authority() -> None:
    """A scenario says who serves the root zone."""
    assert str(refusal(SPAN)).startswith(
        "x.toml: authority: the authority is told in no ways; give exactly one of quarters, base and history,"
    )


@pytest.mark.parametrize(
    ("span", "expected"),
    [
        ("start = 2010-01-01\nstop = 2018-01-01", "start: there is no zone before 2016-07-01T00:00:00Z;"),
        ("start = 2020-01-01\nstop = 2030-01-01", "stop: the root's own timeline ends at 2028-01-10"),
    ],
)
def test_history_ends(span: str, expected: str) -> None:
    """A run cannot leave the root's own timeline."""
    problem = refusal(f'title = "x"\n{span}\n[authority]\nhistory = true')
    assert str(problem).startswith("x.toml: " + expected)


@pytest.mark.parametrize(
    ("base", "expected"),
    [
        ("2017-planed", 'no shipped scenario is called "2017-planed"; did you mean "2017-planned"?'),
        ("none.toml", "none.toml cannot be read: No such file or directory; name a TOML file"),
        ("x.toml", "x.toml leads back here or on and on; let a chain of at most 16 bases end in a timeline"),
        ("a\\u0000.toml", "a .toml cannot be read: embedded null byte; name a TOML file"),
    ],
)
def test_bases(tmp_path: Path, base: str, expected: str) -> None:
    """A base that is not there, or that leads back, is named where it is asked for."""
    path = tmp_path / "x.toml"
    text = f'{SPAN}[authority]\nbase = "{base}"'
    path.write_text(text)
    message = str(refusal(text, path)).replace(f"{tmp_path}/", "")
    assert message.startswith("x.toml: authority.base: " + expected)


def test_a_mistake_in_a_base_names_the_base(tmp_path: Path, small: str) -> None:
    """A mistake lies in the file that makes it."""
    (tmp_path / "base.toml").write_text(small.replace("pre-publish", "rollover"))
    own = SPAN + '[authority]\nbase = "base.toml"'
    with pytest.raises(TimelineError, match=r"^\S+/base\.toml: authority\.quarters, quarter 2017Q3:"):
        load_text(own, tmp_path / "own.toml")


@pytest.mark.parametrize(
    ("data", "expected"),
    [
        (b"no key", "own.pem: holds 0 private keys where one in PEM is wanted;"),
        (b"-" * 70_000, "own.pem is too large; a key file holds one private key"),
    ],
)
def test_key_files(tmp_path: Path, small: str, data: bytes, expected: str) -> None:
    """A key file that holds no key is named where the scenario names it."""
    (tmp_path / "own.pem").write_bytes(data)
    text = small.replace("[authority]", '[keys]\nmine = "own.pem"\n[authority]')
    message = str(refusal(text, tmp_path / "x.toml")).replace(f"{tmp_path}/", "")
    assert message.startswith("x.toml: keys.mine: " + expected)


@pytest.mark.parametrize(
    ("data", "expected"),
    [
        (b"#" * (1 << 20) + b"#", "is too large; a scenario has at most 1024 KiB"),
        (b"title = 'x'\n# caf\xe9\n", "line 2, column 6: is not UTF-8; save it as UTF-8"),
    ],
)
def test_unreadable_files(tmp_path: Path, data: bytes, expected: str) -> None:
    """A file that is too large or is no text is refused before it is parsed."""
    path = tmp_path / "x.toml"
    path.write_bytes(data)
    with pytest.raises(ScenarioError) as caught:
        load_scenario(path)
    assert str(caught.value) == f"{path}: {expected}"


def test_a_folder_is_no_file(tmp_path: Path) -> None:
    """A path that is a folder cannot be read."""
    folder = tmp_path / "x.toml"
    folder.mkdir()
    with pytest.raises(ScenarioError, match=r"x\.toml: cannot be read: Is a directory; name a TOML file"):
        load_scenario(folder)


def test_control_characters_do_not_reach_the_terminal(small: str) -> None:
    """What a file puts into an error is shown without control characters, and cut."""
    problem = refusal(small + '[[subject]]\nname = "\\u001b[31m' + "x" * 5000 + '"')
    assert str(problem).isprintable()
    assert len(str(problem)) <= 400


def test_shipped_pools_are_no_keys(small: str) -> None:
    """A pool of keys is not a key one can name."""
    assert (zones_path() / "keys" / "zsk-pool.pem").is_file()
    assert "there is no key zsk-pool" in str(refusal(small + 'anchors = ["zsk-pool"]'))
