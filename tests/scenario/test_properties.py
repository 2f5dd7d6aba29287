"""Whatever a file holds, loading it gives a scenario or one line of error, and nothing else."""

from __future__ import annotations

import re
from pathlib import Path
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lab.errors import ScenarioError, TimelineError
from lab.resources import scenarios_path
from lab.scenario.load import load_text
from lab.scenario.source import read_file
from lab.scenario.spec import Scenario

pytestmark = pytest.mark.no_cover
EVERYTHING = (Path(__file__).parent / "everything.toml").read_text().replace('my-key = "own.pem"\n', "")
STEPS = """title = "Steps"
start = 2017-07-01
stop = 2018-06-01
[authority]
signature-validity = "P14D"
resign-every = "P7D"
dnskey-ttl = "P1D"
[[timeline]]
at = 2017-06-01
publish = ["ksk-2010"]
sign = ["ksk-2010"]
zsks = ["zsk-2017q2", "zsk-2017q3"]
zone-sign = ["zsk-2017q3"]
[[timeline]]
at = 2017-08-01
publish = ["ksk-2010", "ksk-2017"]
revoke = ["ksk-2010"]
sign = ["ksk-2010", "ksk-2017"]
inception = 2017-08-01
expiration = 2017-12-01
[[subject]]
name = "bind"
policy = { rows = "AddPend attempt Valid after add twice" }
"""
TEXTS = (EVERYTHING, STEPS, *(path.read_text() for path in sorted(scenarios_path().glob("root/20*.toml"))))

ODD = (
    "1", "0", "-1", "true", "false", '""', '"x"', "[]", "{}", "[[]]", "[1]", "[true, {}]", '["ksk-2017"]',
    "1.5", "nan", "-inf", "1e999", "9223372036854775808", "0x7fffffffffffffffffff", "1979-05-27",
    "07:32:00", "0001-01-01T00:00:00+14:00", "9999-12-31T23:59:59-12:00", "2099-12-31T23:59:59Z",
    "2017-09-01T00:00:00.5Z", '"P1D"', '"P99999999999999D"', '"PT0S"', '"-P1D"', '"\\u0000"',
    '"\\u001b[2J"', '"../../x.toml"', '"2017-planned"', "{ at = 2017-09-01 }", "{ from = 2017-09-01 }",
    '{ rows = "x" }', '{ by = "P3D" }', '{ rows = "Valid seen Valid before" }',
    '{ key = "ksk-2010", state = "Valid", at = 2017-09-01 }', "[", "{ quarters = 400 }", "not toml", '"""',
    '"' + "a" * 400 + '"', "{ a.b.c.d = 1 }", '{ "" = 1 }', '{ "\\u0000" = 1 }',
)  # fmt: skip
"""What may stand where a file has a value."""

LINES = (
    "[authority]", "[[subject]]", "[[event]]", "[[expect]]", "[[timeline]]", "[keys]", "[[x]]", 'k = "v"',
    "[[authority.operator]]", 'name = "bind"', "at = 2017-09-01", "restart = {}", "", "\x00", "\ufeff", "=",
    "#", "[", "[keys]\nmine = '/dev/null'", "[keys]\nmine = ''", "base = 'x.toml'", "history = true",
)  # fmt: skip
"""What may stand between two lines."""


def loaded(text: str) -> Scenario | str:
    """Load a text; return the scenario or its error, which has to be one short line that names the file."""
    try:
        return load_text(text, Path("no-such-folder/x.toml"))
    except (ScenarioError, TimelineError) as problem:
        message = str(problem)
    assert message.startswith("no-such-folder/x.toml: ")
    assert message.isprintable()
    assert len(message) <= 400
    return message


@st.composite
def mutants(draw: st.DrawFn) -> str:
    """Draw a scenario with some lines dropped, doubled, moved, put in, or given another value."""
    lines = draw(st.sampled_from(TEXTS)).splitlines()
    for _ in range(draw(st.integers(1, 4))):
        index = draw(st.integers(0, len(lines) - 1))
        what = draw(
            st.sampled_from(("value", "value", "value", "inner", "drop", "double", "move", "insert", "key"))
        )
        key, equals, _ = lines[index].partition(" = ")
        if what == "value" and equals:
            lines[index] = f"{key} = {draw(st.sampled_from(ODD))}"
        elif what == "inner" and equals:
            values = re.findall(r'"[^"]*"|\d[\d:TZ-]*|true|false', lines[index]) or [""]
            lines[index] = lines[index].replace(draw(st.sampled_from(values)), draw(st.sampled_from(ODD)), 1)
        elif what == "key" and equals:
            keys = re.findall(r"([a-z-]+) = ", lines[index])
            other = draw(st.sampled_from(("at", "from", "subjec", "delay", "key", '""', "a.b", "model")))
            lines[index] = lines[index].replace(draw(st.sampled_from(keys or [key])), other, 1)
        elif what == "insert":
            lines.insert(index, draw(st.sampled_from(LINES)))
        elif what == "double":
            lines.insert(draw(st.integers(0, len(lines))), lines[index])
        elif what == "move":
            lines.insert(draw(st.integers(0, len(lines) - 1)), lines.pop(index))
        elif len(lines) > 1:
            lines.pop(index)
    return "\n".join(lines)


@settings(max_examples=300)
@given(mutants())
def test_mutants(text: str) -> None:
    """A damaged scenario is a scenario or one line of error."""
    assert loaded(text)


@settings(max_examples=200)
@given(st.text(alphabet=st.sampled_from("a.b=\"[]{}\n\t 1-:T#'\\,\x00é"), max_size=60))
def test_noise(text: str) -> None:
    """Noise is one line of error."""
    assert isinstance(loaded(text), str)


@settings(max_examples=200)
@given(st.binary(max_size=200))
def test_octets(tmp_path_factory: pytest.TempPathFactory, data: bytes) -> None:
    """Octets that are no text are one line of error too."""
    path = tmp_path_factory.getbasetemp() / "octets.toml"
    path.write_bytes(data)
    try:
        text = read_file(path)
    except ScenarioError as problem:
        found = str(problem).replace(str(path), "no-such-folder/x.toml")
    else:
        found = str(loaded(text))
    assert found.startswith("no-such-folder/x.toml: ")


@pytest.mark.parametrize("text", TEXTS, ids=[text.split('"')[1] for text in TEXTS])
def test_the_originals_load_or_miss_one_key(text: str) -> None:
    """What the mutants are made of is sound, so that their errors come from the mutation."""
    found = loaded(text)
    assert isinstance(found, Scenario) or "there is no key my-key" in found


@settings(max_examples=50)
@given(st.sampled_from(TEXTS[1:]), st.randoms(use_true_random=False))
def test_order_of_keys_does_not_count(text: str, order: Random) -> None:
    """The lines of a table can stand in any order; what comes out, the digest included, is the same."""
    tables = re.split(r"\n(?=\[|#)", re.sub(r'notes = """.*?"""\n', "", text, flags=re.DOTALL))
    shuffled = []
    for table in tables:
        head, *lines = table.splitlines()
        first = [] if "=" in head and not head.startswith(("[", "#")) else [head]
        rest = lines if first else [head, *lines]
        order.shuffle(rest)
        shuffled.append("\n".join(first + rest))
    assert loaded("\n".join(shuffled)) == loaded("\n".join(tables))


@settings(max_examples=50)
@given(st.integers(0, 40), st.sampled_from(("a", '"a"', "'a'")), st.sampled_from((".", " . ", "\t.")))
def test_deep_keys(depth: int, part: str, dot: str) -> None:
    """A dotted key is read up to 32 dots and refused beyond, in time that does not depend on the depth."""
    found = loaded(dot.join([part] * (depth + 1)) + " = 1")
    assert isinstance(found, str)
    assert ("too many parts" in found) == (depth > 32)
