"""A model as a subject: its network, its ends, and the errors of a cast that cannot play."""

from __future__ import annotations

from dataclasses import replace

import pytest

from lab.authority.keyring import KeyRing
from lab.authority.signer import CHILDREN, ZoneSigner
from lab.dnssec.codec import make_query, parse_message
from lab.dnssec.names import ROOT
from lab.dnssec.rrtypes import DNSKEY, SOA
from lab.errors import ScenarioError
from lab.nameserver.responder import Responder
from lab.observation import Outcome, Started
from lab.resolver.profiles import MODELS
from lab.run.cast import Labels, make_model, profile_of, scenario_cast
from lab.run.engine import play
from lab.run.subject import ModelSubject
from lab.scenario.spec import Dark, Off, Replay

from .stage import BOTH, STATIC, STRICT, at, line, scenario, subject

QUERY = make_query(ROOT, DNSKEY, udp_size=4096)
BEFORE, AFTER, LATER = at("10T00:00:00"), at("12T00:00:00"), at("13T00:00:00")


def cast(*parts: str, seed: int = 0) -> list[ModelSubject]:
    """Return the subjects of a scenario, not yet started."""
    made = scenario(*parts)
    authority = ZoneSigner(made.timeline, KeyRing())
    players = scenario_cast(made, authority, Responder(authority), seed)
    return [one for one in players if isinstance(one, ModelSubject)]


def told(one: ModelSubject) -> list[str]:
    """Return what a subject has seen since the last time, in short lines."""
    return [line(seen).removeprefix(f"{one.name} ") for seen in one.take()]


def signers(wire: bytes | None) -> list[int]:
    """Return the key tags in a response's signatures: octets 16 and 17 of an RRSIG (RFC 4034, 3.1)."""
    assert wire is not None
    return [int.from_bytes(rr.rdata[16:18], "big") for rr in parse_message(wire).answer if rr.rrtype == 46]


def test_the_network() -> None:
    """A subject reaches the authority of the instant, unless it is dark."""
    (one,) = cast(STATIC)
    assert (signers(one.exchange(QUERY, BEFORE, False)), signers(one.exchange(QUERY, AFTER, True))) == (
        [19036],
        [20326],
    )
    one.act(Dark(until=AFTER), BEFORE)
    assert one.exchange(QUERY, AFTER - 1, False) is None
    assert signers(one.exchange(QUERY, AFTER, False)) == [20326]


def test_a_replay_is_of_the_dnskey_rrset() -> None:
    """Until it ends an attacker gives the old DNSKEY answer; whatever else is asked for gets the true one."""
    (one,) = cast(STATIC)
    others = [make_query(ROOT, SOA), make_query(CHILDREN.secure, DNSKEY)]
    truth = [one.exchange(query, AFTER, False) for query in others]
    one.act(Replay(of=at("2018-09-20T00:00:00Z"), until=LATER), AFTER)
    assert signers(one.exchange(QUERY, AFTER, False)) == [19036]
    assert [one.exchange(query, AFTER, False) for query in others] == truth
    assert signers(one.exchange(QUERY, LATER, False)) == [20326]


def test_the_end_of_an_absence_by_hand() -> None:
    """At the end of an absence a subject starts with its state, and once only."""
    (one,) = cast(STRICT)
    one.start(BEFORE)
    one.advance(BEFORE, BEFORE + 1, AFTER)
    one.act(Off(until=AFTER), BEFORE + 10)
    assert not one.model.running
    told(one)
    one.resume(AFTER)
    one.resume(AFTER)
    assert told(one) == ["started restart"]


def test_nobody_looks_at_what_is_off() -> None:
    """A subject that is off sees nothing, however long that lasts."""
    (one,) = cast(BOTH)
    one.start(BEFORE)
    one.act(Off(until=LATER), BEFORE)
    one.take()
    one.advance(BEFORE, LATER, LATER)
    assert told(one) == []


def test_a_crash() -> None:
    """A resolver that crashed is down, and that is the cause; so it is after a look later on."""
    (one,) = cast(subject("s", "bind-9.11.3", anchors='["ksk-2010", "ksk-2017"]'))
    one.start(BEFORE)
    one.model._end(BEFORE, "crash", "a key of an unsupported algorithm was introduced")
    one.advance(BEFORE, BEFORE + 1, AFTER)
    one.world_changed()
    one.advance(BEFORE + 1, AFTER, AFTER)
    (down,) = [seen for seen in one.take() if isinstance(seen, Outcome)]
    assert (down.outcome, down.unsigned, down.cause, down.ede) == ("down", "down", "crashed", None)
    assert down.detail == "a key of an unsupported algorithm was introduced"


def test_who_they_are() -> None:
    """A subject has the name of its table, the version of its model unless it says otherwise."""
    first, second = cast(STRICT, subject("old", "unbound", version='"1.4.22"'))
    assert (first.name, first.kind, first.version) == ("rfc5011-strict", "model", "RFC 5011")
    assert (second.name, second.version) == ("old", "1.4.22")


def test_overridden_knobs() -> None:
    """A knob of the table is the policy's, the others stay the model's."""
    (one,) = cast(subject("s", "unbound", policy='{ add-hold-down = "P10D" }'))
    changed = one.model.policy.differences(MODELS["unbound"].policy)
    assert changed == (("add-hold-down", "P10D", "P30D"),)


def test_a_knob_that_does_not_exist() -> None:
    """A scenario built by hand is checked, too: the error names subject and knob."""
    made = scenario(STATIC)
    odd = replace(made, subjects=(replace(made.subjects[0], policy=(("colour", "red"),)),))
    with pytest.raises(
        ScenarioError, match=r"^scenario\.toml: subject static: policy: there is no knob 'colour'"
    ):
        play(odd)


def test_no_such_model() -> None:
    """An unknown model names the known ones."""
    assert profile_of("bind") is MODELS["bind"]
    with pytest.raises(
        ScenarioError, match=r"^there is no model 'djbdns'; the models are rfc5011-strict, unbound"
    ):
        profile_of("djbdns")


def test_labels() -> None:
    """A key and its DS have the same name, with and without REVOKE; a stranger is named by its tag."""
    ring = KeyRing()
    old, other = ring.key("ksk-2010"), ring.key("ksk-spare-1")
    labels = Labels({"ksk-2010": old})
    names = [labels(old), labels(old.revoked()), labels(old.ds(ROOT)), labels(other), labels(other.ds(ROOT))]
    assert names == ["ksk-2010"] * 3 + [f"key-{other.key_tag}"] * 2


def test_chance_has_a_name() -> None:
    """What a model draws depends on the seed and on its own name alone."""

    def draws(seed: int, name: str) -> list[int]:
        model = make_model(name, MODELS["unbound"].policy, (), seed, lambda anchor: str(anchor.key_tag))
        return [model.setup.jitter.draw(number, 10**6) for number in range(3)]

    assert draws(1, "a") == draws(1, "a")
    assert len({tuple(draws(seed, name)) for seed in (1, 2) for name in ("a", "b")}) == 4


def test_a_first_start_is_told_once() -> None:
    """Resuming what runs is no start."""
    (one,) = cast(STATIC)
    one.start(BEFORE)
    one.resume(BEFORE)
    assert [seen.how for seen in one.take() if isinstance(seen, Started)] == ["first"]
