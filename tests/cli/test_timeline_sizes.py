"""`rootlab timeline --sizes`: how large responses are while algorithms roll, and what needs TCP."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from lab.report.sizes import LIMITS

from .ended import Rootlab

RSA, EC = '"ksk-2024"', '"ksk-ecdsa"'
SMALL, BIG, NEW = '"zsk-1536-1"', '"zsk-2027q1"', '"zsk-ecdsa"'
BOTH, LATER = f"{RSA}, {EC}", f'{RSA}, "ksk-mldsa44"'

PUBLISHED = (
    # KSKs, ZSKs, who signs the DNSKEY RRset, octets of the response as computed for the proposal of 2026
    (BOTH, f"{SMALL}, {NEW}", BOTH, 1052),
    (BOTH, f"{BIG}, {NEW}", BOTH, 1116),
    (BOTH, f'{SMALL}, "zsk-1536-2", {NEW}, "zsk-ecdsa-2"', BOTH, 1342),
    (EC, NEW, EC, 280),
    (RSA, BIG, RSA, 864),
    ('"ksk-ed25519"', '"zsk-ed25519"', '"ksk-ed25519"', 12 + 5 + 11 + 2 * (15 + 32) + 30 + 64),
    (LATER, f'{SMALL}, "zsk-mldsa44"', LATER, 800 + 2 * (15 + 1312) + 30 + 2420),
    (f'{RSA}, "stand-in-1312-2420"', BIG, f'{RSA}, "stand-in-1312-2420"', 864 + 15 + 1312 + 30 + 2420),
)  # fmt: skip
"""The first four are facts.md 1.4's."""


def scenario(folder: Path, steps: tuple[tuple[str, str, str, str], ...]) -> Path:
    """Write a scenario with a step a month: KSKs, ZSKs, signers of the DNSKEY RRset and of the zone."""
    path = folder / "phases.toml"
    lines = ['title = "Phases"', "start = 2028-01-01", f"stop = 2028-{len(steps):02}-28"]
    for month, (ksks, zsks, sign, zone) in enumerate(steps, 1):
        lines += ["[[timeline]]", f"at = 2028-{month:02}-01", f"publish = [{ksks}]", f"zsks = [{zsks}]",
                  f"sign = [{sign}]", f"zone-sign = [{zone}]"]  # fmt: skip
    path.write_text("\n".join(lines), encoding="utf-8")
    return path


def test_published_sizes(tmp_path: Path, rootlab: Rootlab) -> None:
    """DNSKEY responses of each phase have the octets published or computed, and the limits they exceed."""
    steps = tuple((ksks, zsks, sign, zsks.partition(",")[0]) for ksks, zsks, sign, _ in PUBLISHED)
    ended = rootlab("timeline", scenario(tmp_path, steps), "--sizes", "--format", "json")
    told = json.loads(ended.out)
    assert (ended.status, told["limits"]) == (0, [512, 1232, 1280, 1452, 1500])
    found = [phase["responses"][0] for phase in told["phases"]]
    assert [(one["response"], one["octets"]) for one in found] == [("DNSKEY", size) for *_, size in PUBLISHED]
    assert [one["tcp_at"] for one in found] == [
        [limit for limit in LIMITS if size > limit] for *_, size in PUBLISHED
    ]
    assert [phase["ksks"][-1] for phase in told["phases"][6:]] == ["ML-DSA-44", "253:1312"]


def test_signatures_without_keys(tmp_path: Path, rootlab: Rootlab) -> None:
    """Before the keys of the new algorithm come, its signatures make answers larger, not the DNSKEY's."""
    steps = ((RSA, SMALL, RSA, SMALL), (RSA, SMALL, RSA, f"{SMALL}, {NEW}"))
    path = scenario(tmp_path, steps)
    first, second = json.loads(rootlab("timeline", path, "--sizes", "--format", "json").out)["phases"]
    assert (first["zone_signers"], second["zone_signers"]) == (["RSA-1536"], ["RSA-1536", "P-256"])
    sizes = [{one["response"]: one["octets"] for one in phase["responses"]} for phase in (first, second)]
    assert sizes[0]["DNSKEY"] == sizes[1]["DNSKEY"] == 800
    assert sizes[1]["NXDOMAIN"] > sizes[0]["NXDOMAIN"] + 2 * (18 + 64)
    lines = rootlab("timeline", path).out.splitlines()
    assert any(" 1536-1 +ecdsa " in " ".join(line.split()) + " " for line in lines)
    shown = rootlab("timeline", path, "--at", "2028-02-02").out.splitlines()
    assert [line.split()[-2:] for line in shown if line.startswith("zsk-ecdsa")] == [["absent", "zone"]]


def test_table(rootlab: Rootlab, monkeypatch: pytest.MonkeyPatch) -> None:
    """The roll of 2018 in 80 columns: 1414 octets fit no datagram of 1232, and 1425 neither."""
    monkeypatch.setenv("COLUMNS", "80")
    ended = rootlab("timeline", "2018-actual", "--sizes")
    lines = ended.out.splitlines()
    assert ended.status == 0
    assert max(map(len, lines)) <= 80
    rows = [line.split() for line in lines if line[:1].isdigit() and " DNSKEY " in line]
    assert rows[2] == ["3", "DNSKEY", "1414", "TCP", "TCP", "TCP", "UDP", "UDP"]
    assert rows[13] == ["14", "DNSKEY", "1425", "TCP", "TCP", "TCP", "UDP", "UDP"]
    assert len(rows) == 16
    assert lines[-1] == "*: revoked."


def test_sizes_go_alone(rootlab: Rootlab) -> None:
    """`--sizes` shows all phases, so it goes with neither an instant nor a drawing nor the warnings."""
    for others in (["--at", "2018-10-11"], ["--lint"], ["--format", "svg"]):
        ended = rootlab("timeline", "2018-actual", "--sizes", *others)
        assert (ended.status, ended.out) == (2, "")
        assert "usage: " in ended.err
