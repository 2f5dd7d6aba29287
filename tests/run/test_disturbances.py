"""Faults and impairments in a run: what each does to a model, and that nothing else does it."""

from __future__ import annotations

from pathlib import Path

import pytest

from lab.authority.faults import FAULTS
from lab.nameserver.impairments import IMPAIRMENTS
from lab.observation import Outcome, Transition
from lab.run.engine import play
from tests.run.stage import BOTH, STATIC, STRICT, event, run, scenario, story, subject

SOON, END = "2018-10-12T06:00:00Z", "2018-10-15T06:00:00Z"

LEARNT = """
[[subject]]
name = "learnt"
model = "rfc5011-strict"
anchors = ["ksk-2010", "ksk-2017"]
"""
CRAMPED = subject("cramped", anchors='["ksk-2010", "ksk-2017"]', tcp="false", udp_size=1452)

EFFECTS = {
    # of the resolver that trusts both keys: what clients see next, and why
    'fault = { name = "expired" }': "bogus bad-signature",
    'fault = { name = "expired", value = "dnskey" }': "bogus signature-expired",
    'fault = { name = "not-yet-valid", value = "dnskey" }': "bogus signature-expired",
    'fault = { name = "wrong-key", value = "dnskey" }': "bogus bad-signature",
    'fault = { name = "corrupted", value = "zone" }': "bogus bad-signature",
    'fault = { name = "missing-signatures", value = "dnskey" }': "bogus unsigned",
    'fault = { name = "stale", value = "2018-09-10" }': "bogus zsk-missing",
    'fault = { name = "replay", value = "2018-09-20" }': "bogus signature-expired",
    'fault = { name = "replay", value = "2018-09-20 alpha. DS" }': "bogus zsk-missing",
    'fault = { name = "withdraw", value = "ksk-2017" }': "bogus unsigned",
    'fault = { name = "withdraw", value = "zsk-2018q4" }': "bogus zsk-missing",
    'fault = { name = "revoke", value = "ksk-2017" }': "bogus static-anchor",
    'impair = { name = "loss", value = "100%" }': "bogus root-unreachable",
    'impair = { name = "delay", value = "5s" }': "bogus root-unreachable",
    'impair = { name = "dark" }': "bogus root-unreachable",
}
"""Events whose effect is that a validator fails."""


@pytest.mark.parametrize("what", list(EFFECTS))
def test_what_makes_a_validator_fail(what: str) -> None:
    """A validator that trusts both keys fails, at once or when its cache is over, and heals."""
    until = f"until = {END} }}"
    record = run(BOTH, event(SOON, what.replace(" }", f", {until}")), stop="2018-10-18T00:00:00Z")
    told = story(record, "both", Outcome)
    assert told[0] == ("2018-10-10T00:00:00Z", "secure")
    assert told[1][0] >= SOON
    assert told[1][1] == EFFECTS[what]
    assert told[-1][0] >= END
    assert told[-1][1] == "secure"


def test_unsigned() -> None:
    """An unsigned root is bogus to who has an anchor: first its data, then for want of keys."""
    told = story(run(BOTH, event(SOON, 'fault = { name = "unsigned" }')), "both", Outcome)
    assert [line for _, line in told] == ["secure", "bogus bad-signature", "bogus no-dnskey"]


HARMLESS = (
    'fault = { name = "tag-collision" }',
    'fault = { name = "unknown-algorithm" }',
    'fault = { name = "extra-keys" }',
    'impair = { name = "duplication" }',
    'impair = { name = "reordering" }',
    'impair = { name = "delay", value = "500ms" }',
    'impair = { name = "truncation" }',
    'impair = { name = "fragments-dropped", value = "512" }',
)


@pytest.mark.parametrize("what", HARMLESS)
def test_what_a_validator_survives(what: str) -> None:
    """It takes no harm from more keys, from answers twice or late, nor from short ones while it has TCP."""
    assert story(run(BOTH, event(SOON, what)), "both", Outcome) == [("2018-10-10T00:00:00Z", "secure")]


@pytest.mark.parametrize(
    "what",
    [
        'fault = { name = "extra-keys" }',
        'impair = { name = "truncation" }',
        'impair = { name = "fragments-dropped", value = "1000" }',
    ],
)
def test_what_takes_tcp_to_survive(what: str) -> None:
    """Without TCP a set of ten keys is too much, as are truncated answers and a narrow way."""
    told = story(run(CRAMPED, event(SOON, what)), "cramped", Outcome)
    assert told[0][1] == "secure"
    assert told[-1][1].startswith("bogus")


def test_tcp_refused() -> None:
    """Who needs TCP and gets none fails; who does not need it never knows."""
    refused = event(SOON, 'impair = { name = "tcp-refused" }')
    assert len(story(run(BOTH, refused), "both", Outcome)) == 1
    cut = event(SOON, 'impair = { name = "truncation" }')
    assert story(run(BOTH, refused, cut), "both", Outcome)[-1][1].startswith("bogus")


def test_rate_limit() -> None:
    """A resolver that asks seldom is within any rate."""
    assert len(story(run(BOTH, event(SOON, 'impair = { name = "rate-limit" }')), "both", Outcome)) == 1


def states(what: str, *, name: str = "learnt", **span: str) -> list[str]:
    """Return the transitions of a resolver that follows RFC 5011, with its start left out."""
    record = run(LEARNT, event(SOON, what), **span)
    return [line for at, line in story(record, name, Transition) if at > "2018-10-11"]


def test_revoke() -> None:
    """A revocation that is signed is believed (RFC 5011 section 2.1)."""
    assert states('fault = { name = "revoke", value = "ksk-2010" }') == ["ksk-2010 Valid>Revoked"]


def test_revoke_on_one_letter() -> None:
    """One letter of thirteen is enough once it is asked: a signed revocation holds, whoever shows it."""
    event_of_b = 'fault = { name = "revoke", value = "ksk-2010", letters = ["b"] }'
    assert states(event_of_b, stop="2018-12-20T00:00:00Z") == ["ksk-2010 Valid>Revoked"]


def test_revoke_unsigned() -> None:
    """A revocation without the key's own signature is not believed (RFC 5011 section 2.1)."""
    span = {"start": "2019-01-05T00:00:00Z", "stop": "2019-01-20T00:00:00Z"}
    sound = [line for _, line in story(run(LEARNT, **span), "learnt", Transition)]
    false = event("2019-01-06T00:00:00Z", 'fault = { name = "revoke-unsigned" }')
    told = [line for _, line in story(run(LEARNT, false, **span), "learnt", Transition)]
    assert "ksk-2010 Valid>Revoked" in sound
    assert "ksk-2010 Valid>Revoked" not in told


def test_withdraw() -> None:
    """A key withdrawn in its hold-down is forgotten, and has to wait anew (RFC 5011 section 2.4.1)."""
    gone = 'fault = { name = "withdraw", value = "ksk-2017", until = 2018-09-15 }'
    span = {"start": "2018-09-01T00:00:00Z", "stop": "2018-10-01T00:00:00Z"}
    record = run(STRICT, event("2018-09-10", gone), **span)
    told = [line for _, line in story(record, "rfc5011-strict", Transition)]
    assert told == ["ksk-2017 Start>AddPend", "ksk-2017 AddPend>Start", "ksk-2017 Start>AddPend"]


@pytest.mark.parametrize(
    ("name", "more"), [("tag-collision", 2), ("extra-keys", 7), ("unknown-algorithm", 0)]
)
def test_new_keys_are_held(name: str, more: int) -> None:
    """Every KSK that could be used begins its hold-down, be it nobody's (RFC 5011 section 2.4.1)."""
    told = states(f'fault = {{ name = "{name}" }}')
    assert [line.partition(" ")[2] for line in told] == ["Start>AddPend"] * more


def test_chance_follows_the_seed() -> None:
    """The same seed lets the same answers be lost, run by run."""
    made = scenario(STATIC, BOTH, event("2018-10-10T00:00:00Z", 'impair = { name = "loss", value = "60%" }'))
    first, second, other = play(made, seed=1), play(made, seed=1), play(made, seed=2)
    assert first.observations == second.observations
    assert first.observations != other.observations


def test_a_fault_of_one_subject() -> None:
    """What is said of one subject does not meet another."""
    other = BOTH.replace('"both"', '"other"')
    record = run(BOTH, other, event(SOON, 'fault = { name = "expired" }', "both"))
    assert [len(story(record, name, Outcome)) for name in ("both", "other")] == [3, 1]


def test_every_row_has_an_effect_here() -> None:
    """No fault and no impairment is without a test on a model."""
    text = Path(__file__).read_text(encoding="utf-8")
    assert [name for name in (*FAULTS, *IMPAIRMENTS) if f'"{name}"' not in text] == []
