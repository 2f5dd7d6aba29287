"""Judge denials of existence as RFC 4035 section 5.4 demands, with none of the lab's code."""

from __future__ import annotations

from typing import TypeAlias

import dns.message
import dns.name
import dns.rcode
import dns.rdatatype
import dns.rdtypes.ANY.NSEC

Nsecs: TypeAlias = list[tuple[dns.name.Name, dns.rdtypes.ANY.NSEC.NSEC]]
"""NSEC records with their owners."""


def judge(message: dns.message.Message, qname: dns.name.Name, qtype: int) -> str:
    """Return what a message proves: `data`, `wildcard`, `no data`, `no name`, or `nothing`.

    Signatures are not looked at.
    """
    nsecs = [(rrset.name, rrset[0]) for rrset in message.authority if rrset.rdtype == dns.rdatatype.NSEC]
    if message.rcode() == dns.rcode.NXDOMAIN:
        return "no name" if denies_name(nsecs, qname) else "nothing"
    answer = [rrset for rrset in message.answer if rrset.name == qname and rrset.rdtype == qtype]
    if answer:
        (rrsig,) = next(rrset for rrset in message.answer if rrset.rdtype == dns.rdatatype.RRSIG)
        labels = len(qname.labels) - 1 - (qname.labels[0] == b"*")
        if rrsig.labels == labels:
            return "data"
        return "wildcard" if any(covers(owner, nsec.next, qname) for owner, nsec in nsecs) else "nothing"
    return "no data" if denies_type(nsecs, qname, qtype) else "nothing"


def covers(owner: dns.name.Name, following: dns.name.Name, name: dns.name.Name) -> bool:
    """Tell whether a name lies between an NSEC's owner and its next name, round the end of the zone."""
    if owner < following:
        return bool(owner < name < following)
    return bool(owner < name)


def encloser(owner: dns.name.Name, following: dns.name.Name, name: dns.name.Name) -> dns.name.Name:
    """Return the closest encloser an NSEC that covers a name proves: the longer of two common ancestors."""
    ancestors = (name.fullcompare(owner)[2], name.fullcompare(following)[2])
    return name.split(max(ancestors))[1]


def denies_name(nsecs: Nsecs, qname: dns.name.Name) -> bool:
    """Tell whether NSECs prove that neither a name nor a wildcard for it exists."""
    for owner, nsec in nsecs:
        if covers(owner, nsec.next, qname) and not nsec.next.is_subdomain(qname):
            wildcard = dns.name.Name([b"*"]).concatenate(encloser(owner, nsec.next, qname))
            return any(covers(other, second.next, wildcard) for other, second in nsecs)
    return False


def denies_type(nsecs: Nsecs, qname: dns.name.Name, qtype: int) -> bool:
    """Tell whether NSECs prove that a name, or the wildcard that stands for it, has no such type."""
    for owner, nsec in nsecs:
        if owner == qname:
            return not has(nsec, qtype)
        if covers(owner, nsec.next, qname):
            if nsec.next.is_subdomain(qname):
                return True
            wildcard = dns.name.Name([b"*"]).concatenate(encloser(owner, nsec.next, qname))
            return any(other == wildcard and not has(second, qtype) for other, second in nsecs)
        if owner.labels[0] == b"*" and qname.is_subdomain(owner.parent()) and not has(nsec, qtype):
            return any(covers(other, second.next, qname) for other, second in nsecs)
    return False


def has(nsec: dns.rdtypes.ANY.NSEC.NSEC, rrtype: int) -> bool:
    """Tell whether an NSEC's bitmap lists a type."""
    window, low = divmod(rrtype, 256)
    bits = dict(nsec.windows).get(window, b"")
    return low // 8 < len(bits) and bits[low // 8] & 0x80 >> low % 8 != 0
