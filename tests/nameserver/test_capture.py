"""Captures: tcpdump and dnstap-read find in them what was said; checksums and sequence numbers hold.

The checksum is that of RFC 1071 section 1, over the pseudo headers of RFC 8200 section 8.1 and RFC 9293
section 3.1; a message in TCP has its length before it (RFC 1035 section 4.2.2).
"""

from __future__ import annotations

import re
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from lab.clock import parse_instant
from lab.dnssec.codec import make_query
from lab.dnssec.names import ROOT, name_from_text
from lab.dnssec.rrtypes import DNSKEY, A
from lab.nameserver import capture
from lab.nameserver.capture import Dnstap, Pcap, Writer
from lab.nameserver.listener import Exchange

NOW = parse_instant("2018-10-11T16:00:00Z") + 0.25
QUERY, OTHER = make_query(ROOT, DNSKEY, id=77), make_query(name_from_text("alpha."), A, id=78)
ANSWER = QUERY[:2] + b"\x84\x00" + QUERY[4:]
LONG = ANSWER + bytes(65_535 - len(ANSWER))
V4, V6 = (("127.0.0.1", 5353), ("127.0.0.1", 53)), (("::1", 5353), ("::1", 53))


def said(query: bytes = QUERY, *responses: bytes, tcp: bool = False, places: object = V4) -> Exchange:
    """Return an exchange."""
    client, local = V6 if places is V6 else V4
    return Exchange(query, responses, client, local, tcp)


def written(writer: Writer, path: Path, *exchanges: Exchange) -> Path:
    """Write exchanges to a file."""
    body = b"".join(writer.exchange(one, NOW) for one in exchanges)
    path.write_bytes(writer.head() + body + writer.tail())
    return path


@pytest.fixture
def tcpdump(debian_tool: Callable[[str], str], tmp_path: Path) -> Callable[..., list[str]]:
    """Return a function that has tcpdump read exchanges; it says which checksums are wrong."""
    program = debian_tool("tcpdump")

    def read(*exchanges: Exchange) -> list[str]:
        path = written(Pcap(), tmp_path / "said.pcap", *exchanges)
        command = [program, "-n", "-tttt", "-vv", "-r", str(path)]
        run = subprocess.run(command, capture_output=True, text=True, check=True, env={"TZ": "UTC"})
        assert not re.search("bad|incorrect|truncated", run.stdout), run.stdout
        return re.sub(r"\n\s+", " ", run.stdout).splitlines()

    return read


@pytest.mark.parametrize("places", [V4, V6])
def test_datagrams(tcpdump: Callable[..., list[str]], places: object) -> None:
    """A query and its answer are two datagrams between two places; a query without one is alone."""
    lines = tcpdump(said(QUERY, ANSWER, places=places), said(OTHER, places=places))
    assert len(lines) == 3
    assert all(line.startswith("2018-10-11 16:00:00.250000 IP") for line in lines)
    host = places[0][0]  # type: ignore[index]
    assert [f"{host}.53 > {host}.5353" in line for line in lines] == [False, True, False]
    assert [re.findall(r"\[udp sum ok\] (7[78]\S*)", line) for line in lines] == [["77"], ["77*-"], ["78"]]


@pytest.mark.parametrize("places", [V4, V6])
def test_connections(tcpdump: Callable[..., list[str]], places: object) -> None:
    """A connection begins with a handshake, and its octets are counted on, in pieces that fit a packet."""
    lines = tcpdump(said(QUERY, ANSWER, tcp=True, places=places), said(OTHER, LONG, tcp=True, places=places))
    flags = [match[1] for line in lines if (match := re.search(r"Flags \[([^\]]+)\]", line))]
    assert flags == ["S", "S.", ".", "P.", "P.", "P.", "P.", "P."]
    spans = [tuple(map(int, match)) for line in lines for match in re.findall(r"seq (\d+):(\d+)", line)]
    asked, told = len(QUERY) + 2, len(ANSWER) + 2
    first, second = 1 + told, 1 + told + 65_000
    assert spans == [
        (1, 1 + asked), (1, first), (1 + asked, 1 + asked + len(OTHER) + 2), (first, second),
        (second, first + 65_537),
    ]  # fmt: skip


def test_connections_are_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    """Of connections that are never seen to end the oldest is forgotten."""
    monkeypatch.setattr(capture, "_CONNECTIONS", 2)
    writer = Pcap()
    sizes = []
    for port in (1, 2, 3, 3, 1):
        one = Exchange(QUERY, (), ("127.0.0.1", port), ("127.0.0.1", 53), True)
        sizes.append(len(writer.exchange(one, NOW)))
    short = min(sizes)
    assert [size == short for size in sizes] == [False, False, False, True, False]


def test_dnstap(debian_tool: Callable[[str], str], tmp_path: Path) -> None:
    """dnstap-read finds each message with its time, places, transport and size."""
    exchanges = (
        said(QUERY, ANSWER), said(OTHER), said(QUERY, ANSWER, ANSWER, places=V6),
        said(OTHER, ANSWER, tcp=True),
    )  # fmt: skip
    path = written(Dnstap(), tmp_path / "said.dnstap", *exchanges)
    run = subprocess.run(
        [debian_tool("dnstap-read"), str(path)], capture_output=True, text=True, check=True, env={"TZ": "UTC"}
    )
    at, asked = "11-Oct-2018 16:00:00.250", f"{len(QUERY)}b ./IN/DNSKEY"
    other = f"{len(OTHER)}b alpha/IN/A"
    found = [" ".join(line.split()) for line in run.stdout.splitlines()]
    v4, v6 = ("127.0.0.1:5353 {} 127.0.0.1:53", "::1:5353 {} ::1:53")
    assert found == [
        f"{at} AQ {v4.format('->')} UDP {asked}",
        f"{at} AR {v4.format('<-')} UDP {asked}",
        f"{at} AQ {v4.format('->')} UDP {other}",
        f"{at} AQ {v6.format('->')} UDP {asked}",
        f"{at} AR {v6.format('<-')} UDP {asked}",
        f"{at} AR {v6.format('<-')} UDP {asked}",
        f"{at} AQ {v4.format('->')} TCP {other}",
        f"{at} AR {v4.format('<-')} TCP {asked}",
    ]
