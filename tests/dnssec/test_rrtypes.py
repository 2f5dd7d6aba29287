"""Rdata in canonical form is dnspython's, and rdata that is none is refused."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lab.dnssec.names import MalformedRdata
from lab.dnssec.rrtypes import MX, NAME_LAYOUTS, NS, SOA, canonical_rdata, type_to_text

from .material import RDATA, dns_rdata


@given(st.sampled_from(list(RDATA)).flatmap(lambda rrtype: st.tuples(st.just(rrtype), RDATA[rrtype])))
def test_canonical_form_is_dnspythons(typed: tuple[int, bytes]) -> None:
    """Canonical rdata is dnspython's, also of NSEC (RFC 4034 section 6.2, RFC 6840 section 5.1)."""
    rrtype, rdata = typed
    assert canonical_rdata(rrtype, rdata) == dns_rdata(rrtype, rdata).to_digestable()


def test_only_names_are_folded() -> None:
    """Preference and serial octets that happen to be capital letters stay."""
    assert canonical_rdata(MX, b"AB\x01C\x00") == b"AB\x01c\x00"
    assert canonical_rdata(SOA, b"\x01A\x00\x01B\x00" + b"Z" * 20) == b"\x01a\x00\x01b\x00" + b"Z" * 20


@given(st.sampled_from(list(NAME_LAYOUTS)), st.binary(max_size=60))
def test_odd_rdata_raises_malformed_rdata_only(rrtype: int, rdata: bytes) -> None:
    """Any octets have one canonical form, whose own canonical form it is, or are MalformedRdata."""
    try:
        canonical = canonical_rdata(rrtype, rdata)
    except MalformedRdata:
        return
    assert canonical_rdata(rrtype, canonical) == canonical


@pytest.mark.parametrize("rdata", [b"", b"\x01", b"\x01a\x00\x00", b"\x40", b"\xc0\x00"])
def test_rdata_that_does_not_fit_its_type(rdata: bytes) -> None:
    """NS rdata that is too short, too long or no name is refused."""
    with pytest.raises(MalformedRdata):
        canonical_rdata(NS, rdata)


def test_mnemonics() -> None:
    """Known types have their mnemonic, others their number (RFC 3597 section 5)."""
    assert [type_to_text(rrtype) for rrtype in (48, 65280)] == ["DNSKEY", "TYPE65280"]
