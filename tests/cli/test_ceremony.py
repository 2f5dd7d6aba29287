"""`rootlab ceremony` shows and verifies files, and its exit status says what a pipeline needs to know."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from lab.cli import main
from lab.cli.ceremony import ceremony

from ..authority.ceremony_files import K, Member, N, Z, real, real_responses, replaced, response_xml

REVOKED = (Member("ksk-2010", 385, signs=True), Member("ksk-2017", signs=True), Z)


@pytest.fixture
def made(tmp_path: Path) -> Path:
    """Return the path of a made SKR of two bundles."""
    path = tmp_path / "made.xml"
    path.write_bytes(response_xml((K, N, Z), (K, N, Z)))
    return path


def test_show_real_response(shared_data: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The table of 2017Q3 has a row for each slot, as facts.md 2.2 lists them, and names the real KSKs."""
    path = real(shared_data, "skr-root-2017-q3")
    assert main(["ceremony", "show", str(path)]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[0] == f"{path}: SKR (response) for ."
    assert [line.split() for line in lines if line[:1].isdigit() and "2017-" in line] == [
        ["1", "2017-07-01", "2017-07-22", "19036", "15768", "14796", "19036", "1139"],
        ["2", "2017-07-11", "2017-08-01", "19036", "20326", "15768", "19036", "1139"],
        ["3", "2017-07-21", "2017-08-11", "19036", "20326", "15768", "19036", "1139"],
        ["4", "2017-07-31", "2017-08-21", "19036", "20326", "15768", "19036", "1139"],
        ["5", "2017-08-10", "2017-08-31", "19036", "20326", "15768", "19036", "1139"],
        ["6", "2017-08-20", "2017-09-10", "19036", "20326", "15768", "19036", "1139"],
        ["7", "2017-08-30", "2017-09-20", "19036", "20326", "15768", "19036", "1139"],
        ["8", "2017-09-09", "2017-09-30", "19036", "20326", "15768", "19036", "1139"],
        ["9", "2017-09-19", "2017-10-10", "19036", "20326", "15768", "46809", "19036", "1414"],
    ]
    assert "20326 Klajeyz, KSK-2017 of the real root" in lines


def test_show_fits(shared_data: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Tables of real requests and responses fit 100 columns, the path in the title aside."""
    paths = [*real_responses(shared_data), real(shared_data, "ksr-root-2016-q3")]
    assert main(["ceremony", "show", *map(str, paths)]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert max(len(line) for line in lines if not line.startswith(str(shared_data))) <= 100


def test_show_request(shared_data: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A request has no KSK and no response size; a window that does not end at midnight is told in full."""
    assert main(["ceremony", "show", str(real(shared_data, "ksr-root-2016-q3"))]) == 0
    row = ["9", "2016-09-20", "2016-10-05T23:59:59Z", "-", "46551", "39291", "46551", "39291", "-"]
    assert row in [line.split() for line in capsys.readouterr().out.splitlines()]


def test_show_narrow(made: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    """On a narrow terminal tags wrap, and none is cut."""
    monkeypatch.setenv("COLUMNS", "62")
    assert main(["ceremony", "show", str(made)]) == 0
    text = capsys.readouterr().out
    assert text.count("20326") == 3
    assert "…" not in text


def test_show_revoked(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A revoked key is marked with R at the tag it has on the wire, and the legend says so."""
    path = tmp_path / "revoke.xml"
    path.write_bytes(response_xml(REVOKED))
    assert main(["ceremony", "show", str(path)]) == 0
    text = capsys.readouterr().out
    assert "19164R 20326" in text
    assert "R: revoked (RFC 5011)" in text
    assert " 1425" in text


def test_show_json(made: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """As JSON every bundle has its window, keys, signatures and size, instants in Z."""
    assert main(["ceremony", "show", str(made), "--format", "json"]) == 0
    (file,) = json.loads(capsys.readouterr().out)["files"]
    assert (file["kind"], file["id"], file["domain"], file["serial"]) == ("skr", "made", ".", 0)
    first = file["bundles"][0]
    assert (first["number"], first["id"]) == (1, "b-1")
    assert (first["inception"], first["expiration"]) == ("2018-10-01T00:00:00Z", "2018-10-22T00:00:00Z")
    assert first["keys"][0] == {
        "identifier": "ksk-2010", "key_tag": 19036, "wire_tag": 19036, "flags": 257, "algorithm": 8,
        "revoked": False,
    }  # fmt: skip
    assert [signature["wire_tag"] for signature in first["signatures"]] == [19036]
    assert (first["ttl"], first["response_size"]) == (172800, 1139)


def test_verify_real_files(shared_data: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Real files pass, with a line each."""
    paths = real_responses(shared_data)
    assert main(["ceremony", "verify", *map(str, paths)]) == 0
    lines = [f"{path}: SKR, 9 bundles, 9 signatures, all verified" for path in paths]
    assert capsys.readouterr().out.splitlines() == lines


def test_verify_forgery(shared_data: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A forged signature ends with status 1, and the bundle is named by number and id."""
    path = tmp_path / "forged.xml"
    text = real(shared_data, "skr-root-2017-q3").read_bytes()
    path.write_bytes(replaced(text, r"(<SignatureData>)....", r"\1AAAA", occurrence=3))
    assert main(["ceremony", "verify", str(path)]) == 1
    output = capsys.readouterr()
    assert output.out.splitlines() == [
        f"{path}: SKR, 9 bundles, 9 signatures, 1 NOT verified",
        f"error: {path}: bundle 3 (7b7d61ac-29d5-4ce2-9df0-911bc3996c28): CER-SIG:"
        " signature 1 by Kjqmt7v (19036) does not verify",
    ]
    assert output.err == ""


def test_verify_json(made: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """As JSON the verdict, the counts and each finding with its identifier and bundle are told."""
    forged = tmp_path / "forged.xml"
    forged.write_bytes(replaced(made.read_bytes(), r"(<SignatureData>)....", r"\1AAAA"))
    assert main(["ceremony", "verify", "--format", "json", str(forged)]) == 1
    told = json.loads(capsys.readouterr().out)
    assert told["verdict"] == "failed"
    (file,) = told["files"]
    assert (file["bundles"], file["signatures"], file["verified"]) == (2, 2, 1)
    assert told["findings"] == [
        {
            "identifier": "CER-SIG",
            "severity": "error",
            "file": str(forged),
            "bundle": 1,
            "bundle_id": "b-1",
            "message": "signature 1 by ksk-2010 (19036) does not verify",
        }
    ]


def test_notes_pass(made: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The same file twice is worth two notes and no more."""
    assert main(["ceremony", "verify", str(made), str(made)]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert [line.partition(":")[0] for line in lines[2:]] == ["note", "note"]
    assert main(["ceremony", "verify", str(made), "--format", "json"]) == 0
    assert json.loads(capsys.readouterr().out)["verdict"] == "passed"


@pytest.mark.parametrize("command", ["show", "verify"])
@pytest.mark.parametrize(
    ("content", "problem"),
    [
        (b"", "empty"),
        (b"<KSR", "not well-formed"),
        (b'<!DOCTYPE x [<!ENTITY y "z">]><KSR>&y;</KSR>', "document type"),
        (b"<TrustAnchor/>", "not KSR"),
        (b'<KSR id="a" domain="." serial="0"><Response/></KSR>', "no ResponseBundle"),
    ],
)
def test_unreadable(
    command: str, content: bytes, problem: str, made: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """An unreadable file ends with status 2 and one line that names it, whatever stands before it."""
    path = made.with_name("bad.xml")
    path.write_bytes(content)
    assert main(["ceremony", command, str(made), str(path)]) == 2
    output = capsys.readouterr()
    assert output.out == ""
    assert len(output.err.splitlines()) == 1
    assert output.err.startswith(f"rootlab: {path}")
    assert problem in output.err


def test_truncated_response(shared_data: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A real response cut in half ends with status 2 in one line."""
    path = tmp_path / "half.xml"
    text = real(shared_data, "skr-root-2017-q1").read_bytes()
    path.write_bytes(text[: len(text) // 2])
    assert main(["ceremony", "verify", str(path)]) == 2
    assert "half.xml: line" in capsys.readouterr().err


@pytest.mark.parametrize("arguments", [[], ["show"], ["verify", "--format", "xml", "a"], ["lint"]])
def test_usage(arguments: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    """A wrong command line ends with status 2 and one line that says where help is."""
    assert main(["ceremony", *arguments]) == 2
    error = capsys.readouterr().err
    assert len(error.splitlines()) == 1
    assert "ceremony" in error
    assert "--help" in error


def test_hostile_text_is_folded(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Control characters from a file reach no terminal: ids and identifiers are folded into one line."""
    path = tmp_path / "hostile.xml"
    text = replaced(response_xml((K, Z)), 'id="b-1"', 'id="\u009b31m&#10;\u202e"')
    path.write_bytes(replaced(text, 'keyTag="19036"', 'keyTag="1"'))
    assert main(["ceremony", "verify", str(path)]) == 1
    assert main(["ceremony", "show", str(path)]) == 0
    shown = capsys.readouterr().out
    assert [character for character in shown if not character.isprintable() and character != "\n"] == []
    assert shown.splitlines()[1].startswith("error: ")


def test_help_lines() -> None:
    """Each command says in one line what it does."""
    for command in ceremony.commands.values():
        assert command.get_short_help_str(80).endswith(".")
        assert "..." not in command.get_short_help_str(80)
