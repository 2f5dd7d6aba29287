"""The root of a test's world: keys by name, the RRset of an instant, and a server that follows the clock."""

from __future__ import annotations

import dns.message
import dns.query
import dns.rdatatype
import dns.zone
import pytest

from lab.testing.root import RootAuthority, RootServer
from lab.testing.world import World


@pytest.fixture
def world() -> World:
    """Return a world around the roll of 2018."""
    return World("2018-actual")


@pytest.fixture
def authority(world: World) -> RootAuthority:
    """Return its root."""
    return RootAuthority(world.scenario, lambda: world.now)


def test_keys_by_name(authority: RootAuthority, world: World) -> None:
    """Who signs and who is published is told now, or at an instant."""
    assert (authority.signers(), authority.signers("2018-10-12")) == (("ksk-2010",), ("ksk-2017",))
    world.move("2019-02-01")
    assert sorted(authority.published()) == ["ksk-2010", "ksk-2017"]
    assert authority.ds("ksk-2010").startswith(". IN DS 19036 8 2 ")
    assert authority.dnskey("ksk-2017").startswith(". IN DNSKEY 257 3 8 ")
    assert authority.key("ksk-2017").key_tag == 20326


def test_rrset_is_a_master_file(authority: RootAuthority) -> None:
    """Dnspython reads what `rrset_text` writes, signatures included."""
    text = f". 1 IN SOA . . 1 1 1 1 1\n. 1 IN NS a.\n{authority.rrset_text('2018-10-12')}"
    zone = dns.zone.from_text(text, origin=".", relativize=False)
    assert len(zone.get_rdataset(".", "DNSKEY") or ()) == len(authority.rrset("2018-10-12").rrset.rdatas)
    signatures = zone.get_rdataset(".", "RRSIG", "DNSKEY") or ()
    assert [signature.key_tag for signature in signatures] == [20326]


@pytest.mark.parametrize("tcp", [False, True])
def test_server_follows_the_clock(world: World, authority: RootAuthority, tcp: bool) -> None:
    """Before the roll the old key has signed what it serves, after it the new one."""
    signers = []
    with RootServer(authority) as server:
        for when in ("2018-10-11T15:59:59Z", "2018-10-11T16:00:00Z"):
            world.move(when)
            query = dns.message.from_wire(authority.query(".", 48, number=7, udp_size=4096))
            ask = dns.query.tcp if tcp else dns.query.udp
            answer = ask(query, server.address, port=server.port, timeout=20).answer
            signers += [r.key_tag for one in answer if one.rdtype == dns.rdatatype.RRSIG for r in one]
        assert server.queries == 2
    assert signers == [19036, 20326]


def test_fault_of_the_answerer_is_the_tests(
    authority: RootAuthority, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An exception while a query is answered is raised where the server ends."""

    def fail(*_arguments: object, **_others: object) -> bytes:
        raise RuntimeError("out of answers")

    monkeypatch.setattr(authority, "answer", fail)
    query = dns.message.from_wire(authority.query(".", 48))

    def ask() -> None:
        with RootServer(authority) as server, pytest.raises(dns.exception.Timeout):
            dns.query.udp(query, server.address, port=server.port, timeout=0.3)

    with pytest.raises(RuntimeError, match="out of answers"):
        ask()
