"""Trust anchors in BIND's configuration are found, whatever else stands there, and damage is told by line."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lab.dnssec.keys import DS, Key
from lab.dnssec.root_keys import REAL_ROOT_DS
from lab.errors import StateFileError
from lab.resolver.state.statements import STATEMENTS, has_statements, read_statements
from tests.conftest import unavailable

DIGEST = "E06D44B80B8F1D39A95C0B0D7C65D08458E880409BBC683457104237C7F8EC8D"
ROOT_DS = f". initial-ds 20326 8 2 {DIGEST};"


def wrapped(entries: str, statement: str = "trust-anchors") -> bytes:
    """Put entries into a statement."""
    return f"{statement} {{ {entries} }};\n".encode()


def test_all_kinds() -> None:
    """Keys and DS, static and initial, of several names, quoted or not, in pieces, with every comment."""
    text = (
        b'// one\n# two\n/* trust-anchors { no; }; */\noptions { directory "/;{"; listen-on { any; }; };\n'
        + wrapped(
            f'. initial-key 257 3 8 "AwEA AQ==" ; "example" static-ds 1 8 2 "{DIGEST[:32]} {DIGEST[32:]}";'
        )
        + wrapped("example. initial-key 257 3 13 AAAA AAAA;", "managed-keys")
        + wrapped('"." 257 3 8 "AwEAAQ==";', "trusted-keys")
    )
    digest = bytes.fromhex(DIGEST)
    assert read_statements(text, "named.conf") == (
        (b"\0", Key(257, 8, b"\3\1\0\1")),
        (b"\7example\0", DS(1, 8, 2, digest)),
        (b"\7example\0", Key(257, 13, bytes(6))),
        (b"\0", Key(257, 8, b"\3\1\0\1")),
    )


def test_bind_keys() -> None:
    """Debian's own bind.keys, comments and all, names real root KSKs by their digests or their keys."""
    path = Path("/etc/bind/bind.keys")
    if not path.is_file():
        unavailable(f"{path} is not there: run `make setup-system`")
    found = read_statements(path.read_bytes(), str(path))
    assert {owner for owner, _ in found} == {b"\0"}
    tags = {anchor.key_tag for _, anchor in found}
    assert 20326 in tags
    assert tags <= {ds.key_tag for _, ds in REAL_ROOT_DS}


@pytest.mark.parametrize("statement", STATEMENTS)
def test_known_by_their_mark(statement: str) -> None:
    """A file with one of the statements is known by it; records and comments are not taken for one."""
    assert has_statements(wrapped(ROOT_DS, statement))
    assert has_statements(f"options {{ }};\n  {statement}\n{{ {ROOT_DS} }};".encode())
    assert not has_statements(b". IN DS 20326 8 2 " + DIGEST.encode())
    assert not has_statements(f"// {statement} {{ }}\n".encode())


DAMAGED = {
    "no statement": (b"options { };\n", "named.conf: no trust anchor"),
    "nothing in it": (wrapped(""), "named.conf: no trust anchor"),
    "unknown kind": (wrapped(f". magic-ds 1 8 2 {DIGEST};"), "line 1: '. magic-ds' names no kind of anchor"),
    "no kind": (wrapped(".;"), "line 1: '.' names no kind of anchor"),
    "cut": (b"trust-anchors {\n" + ROOT_DS.encode() + b"\n", "line 2: trust-anchors that nothing closes"),
    "cut further down": (
        f"trust-anchors {{\n{ROOT_DS}\n{ROOT_DS}\n".encode(),
        "line 3: trust-anchors that nothing closes",
    ),
    "cut at once": (b"trust-anchors {", "trust-anchors that nothing closes"),
    "nested": (wrapped(f". initial-ds {{ 1 8 2 {DIGEST}; }}"), "line 1: '{' where it cannot stand"),
    "no semicolon": (wrapped(ROOT_DS[:-1]), "line 1: '}' where it cannot stand"),
    "empty entry": (wrapped(";"), "line 1: ';' where it cannot stand"),
    "bad name": (wrapped(ROOT_DS.replace(".", "a..b", 1)), "line 1: "),
    "bad digest": (wrapped(ROOT_DS.replace("E06D", "E0")), "line 1: "),
    "bad tag": (wrapped(ROOT_DS.replace("20326", "99999")), "line 1: "),
    "open quote": (wrapped('. initial-key 257 3 8 "AAAA;'), "line 1: cannot be read from"),
    "too many": (
        wrapped(ROOT_DS * 1001).replace(b"; .", b";\n.").replace(b";.", b";\n."),
        "more than 1000 anchors",
    ),
}


@pytest.mark.parametrize(("text", "problem"), DAMAGED.values(), ids=DAMAGED)
def test_damaged(text: bytes, problem: str) -> None:
    """What cannot be read is refused with file, line and remedy."""
    with pytest.raises(StateFileError) as caught:
        read_statements(text, "named.conf")
    assert problem in str(caught.value)
    assert str(caught.value).startswith("named.conf: ")
    assert caught.value.remedy


@given(
    st.lists(
        st.sampled_from(
            ["trust-anchors", "{", "}", ";", '"', ".", "initial-ds", "1 8 2", DIGEST, "\n", "/*", "#"]
        )
    )
)
def test_nothing_breaks_it(words: list[str]) -> None:
    """Whatever stands in the file, anchors are returned or one error is raised."""
    try:
        found = read_statements(" ".join(words).encode(), "named.conf")
    except StateFileError:
        found = ()
    assert all(isinstance(anchor, (Key, DS)) for _, anchor in found)
