"""A stand-in has the sizes its name says, is the same everywhere, and passes no check of signatures."""

from __future__ import annotations

import pytest

from lab.authority.keyring import KeyRing
from lab.authority.lint import FieldSizes, response_size
from lab.authority.signer import ZoneSigner
from lab.authority.stand_in import LARGEST, PRIVATEDNS, SMALLEST
from lab.authority.timeline import KeySet, Step, Timeline
from lab.clock import DAY, parse_instant
from lab.dnssec.codec import make_query, parse_message
from lab.dnssec.keys import SUPPORTED_ALGORITHMS
from lab.dnssec.names import ROOT
from lab.dnssec.rrset import verify_rrsig
from lab.dnssec.rrtypes import DNSKEY
from lab.errors import KeyFileError
from lab.nameserver.responder import Responder

RING = KeyRing()
ML_DSA_44 = "stand-in-1312-2420"
"""FIPS 204: a public key of 1312 octets, signatures of 2420."""


def test_sizes() -> None:
    """Key and signature have the octets that the name says, whatever is signed."""
    for data in (b"", b"some data"):
        key = RING.get(ML_DSA_44)
        assert (len(key.key.public_key), len(key.sign(data))) == (1312, 2420)


def test_roles() -> None:
    """A name that begins with zsk- is a ZSK's, as every name is; both are different keys."""
    assert (RING.key(ML_DSA_44).flags, RING.key(f"zsk-{ML_DSA_44}").flags) == (257, 256)
    assert RING.key(ML_DSA_44).public_key != RING.key(f"zsk-{ML_DSA_44}").public_key
    assert RING.label(RING.key(ML_DSA_44).identity) == ML_DSA_44


def test_private_algorithm() -> None:
    """It is of the private algorithm 253, whose fields begin with a domain name (RFC 4034 appendix A.1.1)."""
    key = RING.get(ML_DSA_44)
    owner = b"\x07rootlab\x07invalid\x00"
    assert key.key.algorithm == PRIVATEDNS == 253
    assert key.key.public_key.startswith(owner)
    assert key.sign(b"data").startswith(owner)
    assert PRIVATEDNS not in SUPPORTED_ALGORITHMS


def test_same_everywhere() -> None:
    """Two rings give the same key and the same signature; other data another one."""
    first, second = (KeyRing().get("stand-in-64-64") for _ in range(2))
    assert first.key == second.key
    assert first.sign(b"a") == second.sign(b"a") != first.sign(b"b")


@pytest.mark.parametrize(
    "name", [f"stand-in-{SMALLEST - 1}-64", f"stand-in-64-{LARGEST + 1}", "stand-in-0-0"]
)
def test_sizes_that_cannot_be(name: str) -> None:
    """A size too small for the domain name or too large for a message is refused, with the bounds."""
    with pytest.raises(KeyFileError, match="give sizes of 18 to 16384 octets"):
        RING.get(name)


def test_on_the_wire() -> None:
    """A response with a stand-in beside RSA goes out in the size computed, and its signature is nobody's."""
    at = parse_instant("2028-01-01")
    keys = KeySet(("ksk-2024", ML_DSA_44), ("zsk-2028q1",), (), ("ksk-2024", ML_DSA_44), ("zsk-2028q1",))
    authority = ZoneSigner(Timeline((Step(at, keys, at, at + DAY),)), RING)
    wire = Responder(authority).answer(make_query(ROOT, DNSKEY), at, tcp=True)
    assert wire is not None

    def sizes(name: str) -> FieldSizes:
        own = RING.get(name)
        return FieldSizes(len(own.key.public_key), len(own.sign(b"")))

    assert len(wire) == response_size(keys, sizes) == 864 + 11 + 4 + 1312 + 11 + 19 + 2420
    assert len(parse_message(wire).answer) == 5
    signed = authority.dnskey(at)
    assert signed is not None
    good = [
        verify_rrsig(signed.rrset, rrsig, RING.key(n))
        for n, rrsig in zip(keys.ksks, signed.rrsigs, strict=True)
    ]
    assert good == [True, False]
