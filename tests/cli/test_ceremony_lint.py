"""`rootlab ceremony lint` names rules, files and bundles, within 80 columns or as JSON, and ends in kind."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from lab.authority.ceremony_write import write_ceremony

from ..authority.ceremony_files import RING, real, real_responses
from ..authority.ceremony_workshop import altered, quarter, signature
from .ended import Rootlab

ANCHORS = {
    "dsset-.": ". IN DS {ds}\n",
    "K.+008+19036.key": "; a key\n. IN DNSKEY {key}\n",
    "bind.keys": 'trust-anchors {{\n\t. initial-key {first} "{rest}";\n}};\n',
    "named.conf": 'options {{ directory "/"; }};\ntrust-anchors {{ "." static-ds {tag} "{digest}"; }};\n',
    "trusted.conf": 'trusted-keys {{ "." {first} "{rest}"; }};\n',
    "root.key": ". 172800 IN DNSKEY {key} ;{{id = 19036 (ksk)}} ;;state=2 [  VALID  ] ;;count=0"
    " ;;lastchange=1500000000 ;;Fri Jul 14 02:40:00 2017\n",
}
"""Files that say which key is trusted, as different programs have them."""


@pytest.fixture
def good(tmp_path: Path) -> Path:
    """Return the path of a quarter in which nothing is wrong."""
    path = tmp_path / "good.xml"
    path.write_bytes(write_ceremony(quarter()))
    return path


@pytest.fixture
def bad(tmp_path: Path) -> Path:
    """Return the path of a quarter in which one signature has the wrong TTL."""
    path = tmp_path / "bad.xml"
    path.write_bytes(write_ceremony(altered(quarter(), 7, signature(ttl=1))))
    return path


def test_real_files(rootlab: Rootlab, shared_data: Path) -> None:
    """Five real files: a line each, nothing found, status 0."""
    paths = [
        *real_responses(shared_data),
        real(shared_data, "ksr-root-2016"),
        real(shared_data, "ksr-root-2017"),
    ]
    ended = rootlab("ceremony", "lint", *paths)
    assert (ended.status, ended.err) == (0, "")
    assert ended.out.splitlines() == [f"{path}: no findings" for path in paths]


def test_findings(rootlab: Rootlab, bad: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A finding stands under its file, wrapped at the width of the terminal, and ends with status 1."""
    monkeypatch.setenv("COLUMNS", "80")
    monkeypatch.chdir(bad.parent)
    ended = rootlab("ceremony", "lint", bad.name, "--max-size", "1300")
    assert ended.status == 1
    assert ended.out.splitlines()[:4] == [
        "bad.xml: 3 findings",
        "  error CER-TTL: bundle 7 (rootlab-made-2018Q2-7): signature 1 by ksk-2010",
        "    (19036) has TTL 1 and OriginalTTL 172800, its keys have 172800",
        "  note CER-SIZE: bundle 1 (rootlab-made-2018Q2-1): the DNSKEY response has 1414",
    ]
    assert max(len(line) for line in ended.out.splitlines()) <= 80


def test_json(rootlab: Rootlab, bad: Path, good: Path) -> None:
    """As JSON: verdict, files, and each finding as verify has it."""
    ended = rootlab("ceremony", "lint", bad, "--format", "json")
    told = json.loads(ended.out)
    assert (ended.status, told["verdict"]) == (1, "failed")
    assert [(file["id"], file["bundles"]) for file in told["files"]] == [("rootlab-made-2018Q2", 9)]
    (finding,) = told["findings"]
    assert {key: finding[key] for key in finding if key != "message"} == {
        "identifier": "CER-TTL",
        "severity": "error",
        "file": str(bad),
        "bundle": 7,
        "bundle_id": "rootlab-made-2018Q2-7",
    }
    clean = rootlab("ceremony", "lint", good, "--format", "json")
    assert (clean.status, json.loads(clean.out)["verdict"]) == (0, "passed")


@pytest.mark.parametrize("name", ANCHORS)
def test_anchors(rootlab: Rootlab, good: Path, name: str) -> None:
    """Whatever file says that the signer is trusted is understood, and one that names another key is told."""
    for key, status in (("ksk-2010", 0), ("ksk-2024", 1)):
        own = RING.key(key)
        ds = own.ds(b"\0").to_text()
        tag, _, digest = ds.rpartition(" ")
        text = own_text(own.flags, own.algorithm, own.public_key)
        first, _, rest = text.rpartition(" ")
        path = good.with_name(name)
        path.write_text(ANCHORS[name].format(ds=ds, key=text, first=first, rest=rest, tag=tag, digest=digest))
        ended = rootlab("ceremony", "lint", good, "--anchors", path)
        assert (ended.status, ended.err) == (status, "")
        assert ended.out.count("CER-ANCHOR") == status


def own_text(flags: int, algorithm: int, public_key: bytes) -> str:
    """Return a DNSKEY as a master file has it."""
    from base64 import b64encode

    return f"{flags} 3 {algorithm} {b64encode(public_key).decode()}"


def test_anchors_of_another_zone(rootlab: Rootlab, good: Path) -> None:
    """Anchors of another zone than the files' are a mistake of the caller."""
    path = good.with_name("bind.keys")
    path.write_text('trust-anchors { example. static-ds 1 8 2 "' + "00" * 32 + '"; };')
    ended = rootlab("ceremony", "lint", good, "--anchors", path)
    assert (ended.status, ended.out) == (2, "")
    assert f"{path}: no key of .; give the anchors of the files' zone" in ended.err


@pytest.mark.parametrize(
    ("arguments", "problem"),
    [
        (["{good}", "no.xml"], "no.xml: no such file"),
        (["{good}", "--anchors", "no.key"], "no.key: no such file"),
        (["{good}", "--anchors", "{good}"], "good.xml"),
        (["{good}", "--max-size", "511"], "511 is not in the range"),
        ([], "ceremony lint --help"),
    ],
)
def test_unreadable(rootlab: Rootlab, good: Path, arguments: list[str], problem: str) -> None:
    """What cannot be read ends with status 2 and one line, before anything is printed."""
    ended = rootlab("ceremony", "lint", *(argument.format(good=good) for argument in arguments))
    assert (ended.status, ended.out) == (2, "")
    assert len(ended.err.splitlines()) == 1
    assert problem in ended.err
