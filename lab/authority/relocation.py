"""Serve a root whose servers are elsewhere: other addresses in its zones, everything else as it is."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from ipaddress import ip_address

from ..dnssec.rrset import RRset
from ..dnssec.rrtypes import A
from .zone_data import Content, Zone


def relocated(zone: Zone, places: Mapping[str, str]) -> Zone:
    """Return a zone in which IPv4 addresses are replaced, by a table of old and new ones.

    IPv6 addresses stay: who is given such a zone uses none.
    """
    if not places:
        return zone
    octets = {ip_address(old).packed: ip_address(new).packed for old, new in places.items()}

    def moved(content: Content) -> Content:
        if not isinstance(content, RRset) or content.rrtype != A:
            return content
        return replace(content, rdatas=tuple(sorted(octets.get(rdata, rdata) for rdata in content.rdatas)))

    nodes = {
        owner: {rrtype: moved(content) for rrtype, content in node.items()}
        for owner, node in zone.nodes.items()
    }
    return replace(zone, nodes=nodes)
