"""Faults on the wire: what each does to the answers of the root, beside the sound ones."""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest

from lab.authority.faults import FAULTS, key_of_fault, read_fault
from lab.authority.keyring import KeyRing
from lab.authority.signer import ZoneSigner
from lab.authority.slots import root_history
from lab.clock import DAY, parse_instant
from lab.dnssec.codec import RR, Message, make_query, parse_message, rrsets_of
from lab.dnssec.keys import REVOKE, SEP, Key
from lab.dnssec.names import ROOT, name_from_text
from lab.dnssec.rrset import SignedRRset, verify_rrsig
from lab.dnssec.rrtypes import DNSKEY, DS, NS, NSEC, RRSIG, SOA, ZONEMD, A
from lab.errors import UserError
from lab.nameserver.responder import Responder

NOW = parse_instant("2018-10-12T12:00:00Z")
REVOCATION = parse_instant("2019-01-12T00:00:00Z")
BEFORE = parse_instant("2018-10-01T12:00:00Z")
ALPHA = name_from_text("alpha.")
SOUND = Responder(ZoneSigner(root_history(), KeyRing()))


def ask(fault: str, owner: bytes, qtype: int, now: int = NOW) -> Message:
    """Return the answer under a fault, written as on the command line; over TCP, so that it is whole."""
    name, _, argument = fault.partition("=")
    server = SOUND.twisted((read_fault(name, argument),)) if fault else SOUND
    wire = server.answer(make_query(owner, qtype), now, True)
    assert wire is not None
    return parse_message(wire)


def rrset(fault: str, owner: bytes, qtype: int, now: int = NOW) -> SignedRRset:
    """Return what is asked for, with its signatures."""
    (found,) = rrsets_of(ask(fault, owner, qtype, now).answer)
    return found


def keys(fault: str, now: int = NOW) -> list[Key]:
    """Return the root's keys."""
    return [Key.from_rdata(rdata) for rdata in rrset(fault, ROOT, DNSKEY, now).rrset.rdatas]


def good(fault: str, owner: bytes, qtype: int, now: int = NOW) -> bool:
    """Tell whether a signature of an RRset verifies and is in force."""
    signed = rrset(fault, owner, qtype, now)
    published = keys(fault, now)
    return any(
        rrsig.covers(now) and any(verify_rrsig(signed.rrset, rrsig, key) for key in published)
        for rrsig in signed.rrsigs
    )


def test_the_sound_root_is_sound() -> None:
    """Without a fault everything verifies, so what follows is the faults' doing."""
    assert good("", ROOT, DNSKEY)
    assert good("", ROOT, SOA)
    assert good("", ALPHA, DS)


@pytest.mark.parametrize("name", ["expired", "not-yet-valid", "wrong-key", "corrupted", "missing-signatures"])
def test_faults_of_signatures(name: str) -> None:
    """Nothing of the root verifies, or not the DNSKEY RRset, or all but that; the child's data always do."""
    told = {
        scope: (good(f"{name}={scope}", ROOT, DNSKEY), good(f"{name}={scope}", ROOT, SOA))
        for scope in ("all", "dnskey", "zone")
    }
    assert told == {"all": (False, False), "dnskey": (False, True), "zone": (True, False)}
    child = name_from_text("www.alpha.")
    assert ask(name, child, A).answer == ask("", child, A).answer


@pytest.mark.parametrize(("name", "sign"), [("expired", -1), ("not-yet-valid", 1)])
def test_windows(name: str, sign: int) -> None:
    """A window lies days away from the instant, is as long as it should be, and its signature verifies."""
    true, false = rrset("", ROOT, SOA).rrsigs[0], rrset(name, ROOT, SOA).rrsigs[0]
    edge = false.expiration if sign < 0 else false.inception
    assert (edge - NOW) * sign > DAY
    assert false.expiration - false.inception == true.expiration - true.inception
    signed = rrset(name, ROOT, SOA)
    assert any(verify_rrsig(signed.rrset, false, key) for key in keys(name))


def test_signatures_that_are_wrong_look_right() -> None:
    """A signature by another key or with a bit turned has everything but the octets of a true one."""
    true = rrset("", ROOT, DNSKEY).rrsigs[0]
    for name in ("wrong-key", "corrupted"):
        false = rrset(name, ROOT, DNSKEY).rrsigs[0]
        assert false._head() == true._head()
        assert len(false.signature) == len(true.signature)
        assert false.signature != true.signature


def test_missing_signatures_are_all_that_is_missing() -> None:
    """A zone without signatures still has its keys and its NSEC records."""
    assert rrset("missing-signatures", ROOT, DNSKEY).rrset == rrset("", ROOT, DNSKEY).rrset
    denial = ask("missing-signatures", name_from_text("nosuch."), A)
    assert {record.rrtype for record in denial.authority} == {SOA, NSEC}


def test_unsigned() -> None:
    """An unsigned root has no DNSSEC records of its own; delegations and their DS are data like others."""
    gone = [ask("unsigned", ROOT, qtype) for qtype in (DNSKEY, NSEC, ZONEMD)]
    assert [(message.rcode, message.answer) for message in gone] == [(0, ())] * 3
    assert {record.rrtype for message in gone for record in message.authority} == {SOA}
    assert _types(ask("unsigned", name_from_text("nosuch."), A).authority) == {SOA}
    assert _types(ask("unsigned", ALPHA, DS).answer) == {DS}
    assert _types(ask("unsigned", name_from_text("www.alpha."), A).answer) == {A, RRSIG}


def _types(section: tuple[RR, ...]) -> set[int]:
    return {record.rrtype for record in section}


def test_stale() -> None:
    """A letter that lags serves what was served so long ago; one that is stuck serves one instant."""
    then = ask("", ROOT, DNSKEY, NOW - 3 * DAY).answer
    assert ask("stale=P3D", ROOT, DNSKEY).answer == then != ask("", ROOT, DNSKEY).answer
    assert ask("stale=2018-10-01T12:00:00Z", ROOT, SOA).answer == ask("", ROOT, SOA, BEFORE).answer
    assert ask("stale=2018-10-13", ROOT, SOA).answer == ask("", ROOT, SOA).answer


def test_a_lag_that_reaches_back_before_the_root() -> None:
    """Who lags behind the first zone there was has none."""
    assert ask("stale=P36500D", ROOT, SOA).rcode == 2


def test_replay() -> None:
    """An old answer is given to one question, and the true one to any other."""
    of = "2018-10-01T12:00:00Z"
    assert ask(f"replay={of}", ROOT, DNSKEY).answer == ask("", ROOT, DNSKEY, BEFORE).answer
    assert ask(f"replay={of}", ROOT, SOA).answer == ask("", ROOT, SOA).answer
    ds = f"replay={of} ALPHA. DS"
    assert ask(ds, ALPHA, DS).answer == ask("", ALPHA, DS, BEFORE).answer != ask("", ALPHA, DS).answer
    assert ask(ds, ROOT, DNSKEY).answer == ask("", ROOT, DNSKEY).answer


def test_replay_in_the_future() -> None:
    """Nobody has seen what is not served yet."""
    assert ask("replay=2019-03-01", ROOT, DNSKEY).answer == ask("", ROOT, DNSKEY).answer


def test_revoke() -> None:
    """A revoked key has the bit, another tag, and signs the RRset itself (RFC 5011 section 2.1)."""
    (old,) = [key for key in keys("", NOW) if key.key_tag == 19036]
    signed = rrset("revoke=ksk-2010", ROOT, DNSKEY)
    (revoked,) = [key for key in keys("revoke=ksk-2010") if key.flags & REVOKE]
    assert (revoked.identity, revoked.tag) == (old.identity, old.tag + REVOKE)
    assert sorted(rrsig.key_tag for rrsig in signed.rrsigs) == sorted([20326, revoked.tag])
    assert all(any(verify_rrsig(signed.rrset, rrsig, key) for key in keys("revoke=ksk-2010"))
               for rrsig in signed.rrsigs)  # fmt: skip


def test_revoke_what_is_not_there() -> None:
    """A key that is not published is not revoked, nor is one twice."""
    assert ask("revoke=ksk-2024", ROOT, DNSKEY).answer == ask("", ROOT, DNSKEY).answer
    twice = ask("revoke=ksk-2010", ROOT, DNSKEY, REVOCATION)
    assert twice.answer == ask("", ROOT, DNSKEY, REVOCATION).answer


def test_revoke_unsigned() -> None:
    """A revocation that the key itself did not sign is none (RFC 5011 section 2.1)."""
    sound, false = rrset("", ROOT, DNSKEY, REVOCATION), rrset("revoke-unsigned", ROOT, DNSKEY, REVOCATION)
    assert false.rrset == sound.rrset
    assert len(sound.rrsigs) == 2
    assert [rrsig.key_tag for rrsig in false.rrsigs] == [20326]


def test_withdraw() -> None:
    """A key that is gone neither is published nor signs; a ZSK's signatures are left without their key."""
    assert [key.key_tag for key in keys("withdraw=ksk-2010") if key.flags & SEP] == [20326]
    assert rrset("withdraw=ksk-2017", ROOT, DNSKEY).rrsigs == ()
    assert not good("withdraw=zsk-2018q4", ROOT, SOA)
    assert good("withdraw=zsk-2018q4", ROOT, DNSKEY)


def test_tag_collision() -> None:
    """Beside each KSK is another key of its tag; the RRset verifies by the true one alone."""
    found = [key for key in keys("tag-collision") if key.flags & SEP]
    assert sorted(key.key_tag for key in found) == [19036, 19036, 20326, 20326]
    assert len({key.identity for key in found}) == 4
    signed = rrset("tag-collision", ROOT, DNSKEY)
    verifying = [key for key in found if verify_rrsig(signed.rrset, signed.rrsigs[0], key)]
    assert verifying == [key for key in keys("") if key.key_tag == 20326]


def test_extra_keys() -> None:
    """The RRset has as many keys as asked for, different ones, and is good."""
    found = keys("extra-keys=12")
    assert len(found) == len({key.identity for key in found}) == 12
    assert good("extra-keys=12", ROOT, DNSKEY)
    assert keys("extra-keys=2") == keys("")
    udp = SOUND.twisted((read_fault("extra-keys"),)).answer(make_query(ROOT, DNSKEY, udp_size=1232), NOW)
    assert udp is not None
    assert (len(udp) < 60, udp[2] & 0x02) == (True, 0x02)


def test_unknown_algorithm() -> None:
    """One KSK more is there, of an algorithm that IANA has not assigned, and everything is good."""
    (new,) = [key for key in keys("unknown-algorithm=77") if key not in keys("")]
    assert (new.algorithm, new.flags) == (77, 257)
    assert good("unknown-algorithm=77", ROOT, DNSKEY)


def test_faults_add_up() -> None:
    """Several faults are in force together, in the order in which they were switched on."""
    names = (("withdraw", "ksk-2017"), ("corrupted", "dnskey"), ("stale", "P1D"))
    twists = tuple(read_fault(*name) for name in names)
    wire = SOUND.twisted(twists).answer(make_query(ROOT, DNSKEY), NOW)
    assert wire is not None
    (signed,) = rrsets_of(parse_message(wire).answer)
    sound = rrset("", ROOT, DNSKEY, NOW - DAY)
    assert len(signed.rrset.rdatas) == len(sound.rrset.rdatas) - 1
    assert not any(verify_rrsig(signed.rrset, signed.rrsigs[0], key) for key in keys(""))


def test_the_sound_server_stays_sound() -> None:
    """Faults are another responder's; the same faults give the same one, and few are kept."""
    twists = (read_fault("unsigned"),)
    assert SOUND.twisted(twists) is SOUND.twisted(twists)
    assert ask("", ROOT, NS).answer[0].rrtype == NS
    other = [SOUND.twisted((read_fault("extra-keys", str(number)),)) for number in range(2, 40)]
    assert SOUND.twisted(twists) is not other[0]


def test_ceremony_files_have_no_faults() -> None:
    """Where there are no private keys nothing can be signed wrongly."""
    server = Responder(ZoneSigner(root_history(), KeyRing()), skr=True)
    with pytest.raises(UserError, match="ceremony files are served as they are"):
        server.twisted((read_fault("expired"),))


def arguments() -> Iterator[tuple[str, str, str]]:
    """Yield faults with what they do not take."""
    for name, kind in FAULTS.items():
        if not kind.takes:
            yield name, "x", "must be left out"
        if kind.takes.startswith("dnskey"):
            yield name, "DNSKEY", "must be dnskey, zone or all"
        if kind.takes and not kind.default:
            yield name, "", f"is missing: {kind.takes}"
    yield "revoke", "no such", "must be the name of a key"
    yield "stale", "P0D", "must be longer than zero"
    yield "stale", "yesterday", "is not an instant"
    yield "replay", "2018-01-01 alpha.", "must be INSTANT or INSTANT OWNER TYPE"
    yield "replay", "2018-01-01 alpha. LOC", "TYPE one of A, NS"
    yield "replay", "2018-01-01 a..b A", "a..b"
    yield "extra-keys", "1", "must lie between 2 and 64"
    yield "extra-keys", "many", "must be a whole number from 2 to 64"
    yield "unknown-algorithm", "8", "must lie between 24 and 122"


@pytest.mark.parametrize(("name", "argument", "problem"), list(arguments()))
def test_what_a_fault_does_not_take(name: str, argument: str, problem: str) -> None:
    """A wrong value is refused in words that say which are right."""
    with pytest.raises(ValueError, match=re.escape(problem)):
        read_fault(name, argument)


@pytest.mark.parametrize("name", list(FAULTS))
def test_defaults(name: str) -> None:
    """What a fault means without a value can be read, and only faults of a key name one."""
    kind = FAULTS[name]
    value = kind.default or {"KEY": "ksk-2017", "INSTANT [OWNER TYPE]": "2018-01-01"}.get(kind.takes, "")
    assert key_of_fault(read_fault(name, value)) == ("ksk-2017" if kind.takes == "KEY" else "")


@pytest.mark.parametrize(("fault", "moved"), [("stale=2018-10-01", True), ("stale=P1D", False),
                                              ("replay=2018-10-01", True), ("unsigned", False)])  # fmt: skip
def test_the_same_fault_later(fault: str, moved: bool) -> None:
    """Where everything happens later, so do the instants that a fault names, and no others."""
    name, _, argument = fault.partition("=")
    twist = read_fault(name, argument)
    asked = None if name == "stale" else parse_message(make_query(ROOT, DNSKEY)).question
    assert twist.later(DAY).instant(NOW, asked) - twist.instant(NOW, asked) == (DAY if moved else 0)
