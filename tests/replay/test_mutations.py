"""Whatever is done to a file, it is read and run, or refused in one line."""

from __future__ import annotations

import random

from hypothesis import given
from hypothesis import strategies as st

from lab.errors import RplError
from lab.replay.configuration import configure
from lab.replay.rpl import parse_rpl
from lab.replay.runner import replay
from lab.replay.script import Script

from .workshop import ask, check, key_line, probe, scenario, set_lines, state_file, zone

WHOLE = "CONFIG_END\nSCENARIO_BEGIN x\n{}SCENARIO_END\n"
ENTRY = "ENTRY_BEGIN\nMATCH qname\nREPLY QR\nSECTION QUESTION\n. IN NS\nENTRY_END\n"


def parse(text: str) -> Script:
    """Read a text."""
    return parse_rpl(text, "some.rpl")


def sample() -> str:
    """Return a scenario with a bit of everything."""
    steps = probe(10, "0", 4800, 5400, "ELAPSE 1251100000")
    steps += check(20, state_file([("a", 2, "$t0")])) + ask(30, "QR RD RA DO SERVFAIL")
    steps += "STEP 40 FLUSH_MESSAGE www.example.com. IN A\nSTEP 41 INFRA_RTT 1.2.3.4 example.com. ${5}\n"
    steps += f"STEP 42 CHECK_OUT_QUERY\n{ENTRY}STEP 43 TIMEOUT\n"
    return scenario(
        key_line("a"), zone(0, 100, set_lines("a z", "a")), steps, server="ede: yes\nadd-holddown: 60"
    )


SAMPLE = sample()
WORDS = sorted({word for word in SAMPLE.split() if len(word) < 40})


def mutated(seed: int) -> str:
    """Return the sample with a few lines lost, doubled, exchanged or changed."""
    chance = random.Random(seed)
    lines = SAMPLE.split("\n")
    for _ in range(chance.randint(1, 4)):
        at = chance.randrange(len(lines))
        match chance.randrange(6):
            case 0:
                del lines[at]
            case 1:
                lines.insert(at, lines[chance.randrange(len(lines))])
            case 2:
                lines[at] = lines[at][: chance.randint(0, len(lines[at]))]
            case 3:
                lines[at] = lines[at].replace(chance.choice(WORDS), chance.choice(WORDS))
            case 4:
                spot = chance.randint(0, len(lines[at]))
                lines[at] = lines[at][:spot] + chr(chance.randint(1, 255)) + lines[at][spot:]
            case _:
                lines[at] = " ".join(chance.sample(WORDS, 4))
        lines = lines or [""]
    return "\n".join(lines)


@given(st.integers(0, 2**32))
def test_mutated_files(seed: int) -> None:
    """Whatever is done to a file, it is read and run, or refused with RplError and nothing else."""
    error = None
    try:
        script = parse(mutated(seed))
        configure(script)
    except RplError as raised:
        error = raised
    if error is None:
        assert replay(script).verdict in ("passed", "failed", "inconclusive")
    else:
        assert "some.rpl: line " in str(error)


@given(st.text(max_size=300))
def test_any_text(text: str) -> None:
    """No text at all raises anything but RplError."""
    whole = WHOLE.format(text.encode("utf-8", "replace").decode("latin-1") + "\n")
    status = 2
    try:
        parse(whole)
    except RplError as error:
        status = error.exit_status
    assert status == 2


def test_sample_is_read_without_notes() -> None:
    """The sample that is mutated holds nothing unknown."""
    assert [note for note in parse(SAMPLE).notes if note.kind == "unknown"] == []
