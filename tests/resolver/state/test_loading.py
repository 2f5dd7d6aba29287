"""What implementations make of damaged files, as seen with unbound 1.17.1, named 9.18.49 and kresd 5.6.0."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from lab.errors import StateFileError, UserError
from lab.resolver.rfc5011 import State
from lab.resolver.state.autotrust import sldns_base64
from lab.resolver.state.formats import FORMATS, read_state
from lab.resolver.state.loading import LOADERS, load_for, reaction
from lab.resolver.state.vocabulary import Entry, Loaded, TrustState

from .damage import DAMAGE, NOW, STATE, damaged, whole
from .material import EXAMPLE, ROOT, ds, key

PAGE = Path(__file__).parents[3] / "docs" / "state-files.md"
ONE, TWO, THREE = (str(key(number).key_tag) for number in (1, 2, 3))


def states(loaded: Loaded) -> str:
    """Return what is trusted and pending: `1+2 3?`, tags of keys nobody knows as `x`."""
    if loaded.state is None:
        return loaded.outcome
    names = {ONE: "1", TWO: "2", THREE: "3"}
    trusted = [names.get(str(entry.anchor.key_tag), "x") for entry in loaded.state.trusted]
    pending = [e for e in loaded.state.entries if e.state is State.ADD_PEND]
    waiting = [f"{names.get(str(entry.anchor.key_tag), 'x')}?" for entry in pending]
    return " ".join(["+".join(trusted), *waiting])


@pytest.mark.parametrize("form", LOADERS)
def test_undamaged(form: str) -> None:
    """Of an undamaged file an implementation sees what the strict reader sees, but for the order."""
    strict = read_state(whole(form), "f", FORMATS[form], at=NOW)
    loaded = load_for(form, whole(form), at=NOW)
    assert (loaded.outcome, loaded.reason, loaded.passed_over) == ("state", "", ())
    assert loaded.state is not None
    assert sorted(loaded.state.entries, key=repr) == sorted(strict.entries, key=repr)
    assert states(loaded) == "1+2 3?"


OUTCOMES = {
    "a character that is no base64 in the last key": ("1+2 x?", "fresh", "1+2"),
    "cut off in the last key": ("1+2+x", "fresh", "1+2"),
    "a parenthesis too many": ("exit", "fresh", "1+2 3?"),
    "the last record twice": ("1+2 3?", "1+2 3?", "1+2 3? 3?"),
    "the whole file twice": ("exit", "1+2 3?", "1+2+1+2 3? 3?"),
    "a record of another name": ("exit", "1+2 3?", "exit"),
    "a word that is no record": ("1+2 3?", "fresh", "1+2 3?"),
    "10240 spaces before the state of the last key": ("1+2+3", "1+2 3?", "1+2 3?"),
    "empty": ("exit", "fresh", "exit"),
}
"""What Unbound, BIND and Knot Resolver trust (`+`) and wait for (`?`); `x` is a key that nobody made."""


HARMLESS = {("knot", "cut off in the last key")}
"""A commented line that lost its state is a remark like any other."""


@pytest.mark.parametrize("how", DAMAGE)
@pytest.mark.parametrize("form", LOADERS)
def test_damaged(form: str, how: str) -> None:
    """Every damage has its effect on each implementation, and the strict reader refuses each of them."""
    data = damaged(form, how)
    loaded = load_for(f"{form}-1.2.3", data, at=NOW)
    assert states(loaded) == OUTCOMES[how][tuple(LOADERS).index(form)]
    if (form, how) in HARMLESS:
        return
    with pytest.raises(StateFileError) as caught:
        read_state(data, "f", FORMATS[form], at=NOW)
    assert caught.value.outcome in (loaded.outcome, "")


def test_page_tells_the_same() -> None:
    """The table of damages in docs/state-files.md is the one tested here."""
    rows = re.findall(
        r"^\| ([^|]+?) \| `([^`]*)` \| `([^`]*)` \| `([^`]*)` \|$", PAGE.read_text("utf-8"), re.MULTILINE
    )
    assert {how: tuple(cells) for how, *cells in rows} == OUTCOMES


def test_sentences() -> None:
    """What a person reads says who, what and why."""
    said = {how: reaction("unbound", damaged("unbound", how)) for how in DAMAGE}
    assert said["empty"] == (
        "exit",
        "Unbound 1.17.1 would not start (failed to read the file: no trust point in it)",
    )
    assert said["a word that is no record"] == (
        "state",
        f"Unbound 1.17.1 would start, pass over line 12 and trust {ONE}, {TWO}",
    )
    assert reaction("bind", b"garbage\n")[1].startswith(
        "BIND 9.18.49 would begin anew from its configuration (loading from master file failed: "
    )
    assert reaction("anchors", b"garbage\n") == ("", "")
    assert reaction("unbound", b";;id: . 1\n")[1].endswith("would start and trust nothing")


def test_no_state_file() -> None:
    """A resolver that keeps no state file is named, and those that do."""
    with pytest.raises(UserError, match=r"dnsmasq keeps no state file.*unbound, bind, knot"):
        load_for("dnsmasq", b"")


UNBOUND = {
    "revoked": (";;REVOKED\nwhatever (\n", "deleted"),
    "other types": (". NS a.\n. RRSIG x\n. IN DNSKEY 257 3 13 AAAA\n", "Valid 0"),
    "undefined state": (". DNSKEY 257 3 13 AAAA ;;state=9 ;;count=3 ;;lastchange=7\n", "Start 7"),
    "state cut off": (". DNSKEY 257 3 13 AAAA ;;state=", ""),
    "count cut off": (". DNSKEY 257 3 13 AAAA ;;state=1 ;;count=", ""),
    "state alone": (". DNSKEY 257 3 13 AAAA ;;state=1", "AddPend 0"),
    "not in order": (". DNSKEY 257 3 13 AAAA ; lastchange=5 count=300x state=1", "AddPend 5"),
    "negative": (". DNSKEY 257 3 13 AAAA ;;state=2 ;;lastchange=-1", "Valid 4294967295"),
    "long number": (f". DNSKEY 257 3 13 AAAA ;;state=2 ;;lastchange={'9' * 5000}", "Valid 4294967295"),
    "several lines": (". DNSKEY ( 257 ; x\n 3 13 ; y\n AAAA ) ;;state=3 ;;lastchange=5\n", "Missing 5"),
    "origin": ("$ORIGIN example.com.\n@ DNSKEY 257 3 13 AAAA\n", "Valid 0"),
    "blank owner": (". DNSKEY 257 3 13 AAAA\n  DNSKEY 257 3 13 BBBB\n", "Valid 0, Valid 0"),
    "first owner blank": ("  DNSKEY 257 3 13 AAAA\n. DNSKEY 257 3 13 BBBB\n", "Valid 0"),
    "revoked key": (". DNSKEY 385 3 13 AAAA ;;state=4 ;;lastchange=5\n", "Revoked 5"),
    "odd digest": (". DS 1 8 2 00\n. DS 1 8 2 0G\n. DS 1 8\n", "Valid 0"),
    "zero octet": (". DNSKEY 257 3 13 AAAA\0 ;;state=1\n", "Valid 0"),
    "twice": (". DNSKEY 257 3 13 AAAA ;;state=1\n. DNSKEY 257 3 13 AAAA\n", "Valid 0"),
}


@pytest.mark.parametrize(("text", "expected"), UNBOUND.values(), ids=UNBOUND.keys())
def test_unbound_is_lenient(text: str, expected: str) -> None:
    """Unbound makes the best of a line (validator/autotrust.c, `parse_comments`)."""
    loaded = load_for("unbound", text.encode())
    if not expected:
        assert loaded == Loaded("exit", reason="failed to read the file: no trust point in it")
        return
    assert loaded.state is not None
    found = ", ".join(f"{entry.state.value} {entry.since}" for entry in loaded.state.entries)
    assert ("deleted" if loaded.state.deleted else found) == expected


UNBOUND_EXITS = {
    "number before id": ";;last_success: 5\n",
    "number that is none": ";;id: . 1\n;;last_success: x\n",
    "id without class": ";;id: .\n",
    "id without name": ";;id: a..b 1\n",
    "revoked late": ";;id: . 1\n;;REVOKED\n",
    "closing parenthesis": ". DNSKEY )\n",
    "long record": ". DNSKEY (\n" + "A" * 9000 + "\n" + "A" * 1300 + "\n)\n",
    "header alone of nothing": "; nothing\n",
}


@pytest.mark.parametrize("text", UNBOUND_EXITS.values(), ids=UNBOUND_EXITS.keys())
def test_unbound_does_not_start(text: str) -> None:
    """Unbound gives up over its header and over parentheses, not over keys."""
    assert load_for("unbound", text.encode()).outcome == "exit"


def test_unbound_numbers() -> None:
    """The header's numbers are read as C reads them."""
    text = ";;id: . 1\n;;query_failed: 262 x\n;;retry_time:  +5\n. DNSKEY 257 3 13 AAAA\n"
    state = load_for("unbound", text.encode()).state
    assert state is not None
    assert (state.query_failed, state.retry_time, state.last_success) == (6, 5, None)


@pytest.mark.parametrize(
    ("text", "octets"),
    [
        ("AAEC", b"\x00\x01\x02"),
        ("AA*EC", b"\x00\x01\x02"),
        ("AAECA", b"\x00\x01\x02"),
        ("AAE=", b"\x00\x01"),
        ("AA==AAAA", b"\x00"),
        ("=", b""),
        ("", b""),
    ],
)
def test_sldns_base64(text: str, octets: bytes) -> None:
    """What is no base64 is skipped, and what is left of a block is dropped (sldns/parseutil.c)."""
    assert sldns_base64(text) == octets


def test_bind_of_another_name() -> None:
    """BIND begins anew for a name of which the file has nothing but a placeholder, or nothing."""
    assert load_for("bind", whole("bind"), owner=EXAMPLE).reason == "no key of example.com. in it"
    placeholder = FORMATS["bind"].write(TrustState(ROOT, ()))
    assert load_for("bind", placeholder).outcome == "fresh"


def test_bind_at_an_instant() -> None:
    """A key whose acceptance time is over when BIND starts is trusted, though nobody has seen it since."""
    assert states(load_for("bind", whole("bind"), at=NOW + 2_505_600)) == "1+2+3"


def test_knot_reads_trusted_keys_first() -> None:
    """Knot Resolver reads keys that are commented out last, and passes over those it cannot read."""
    entries = (Entry(key(3), State.ADD_PEND, until=NOW), Entry(key(1)))
    data = FORMATS["knot"].write(TrustState(ROOT, entries))
    spoiled = data + b"; . DNSKEY 257 3 13 A*A ; AddPend:5 ; KeyTag:1\n; . DNSKEY 257 3 13 AAAA ; Odd:5\n"
    loaded = load_for("knot", spoiled)
    assert loaded.state is not None
    assert [entry.state for entry in loaded.state.entries] == [State.VALID, State.ADD_PEND]
    assert loaded.passed_over == (3,)
    assert load_for("knot", data + b". RRSIG x\n").reason == "line 3: invalid key"


def test_anchors_by_digest() -> None:
    """An operator's seed of DS records is read by Unbound and Knot Resolver alike."""
    seed = f". DS {ds(1).to_text()}\n".encode()
    for model in ("unbound", "knot"):
        loaded = load_for(model, seed)
        assert loaded.state is not None
        assert [(entry.anchor, entry.since) for entry in loaded.state.entries] == [(ds(1), 0)]
    assert STATE.is_initialised


STRAY = "A NS CNAME SOA PTR MX TXT AAAA SRV DNAME RRSIG NSEC NSEC3 CDS CDNSKEY ZONEMD"


@pytest.mark.parametrize("rrtype", STRAY.split())
def test_knot_chokes_on_other_types(rrtype: str) -> None:
    """A record of a type that is no anchor's keeps Knot Resolver from starting, with the line it is on."""
    loaded = load_for("knot", f". DS {ds(1).to_text()}\n. {rrtype} x\n".encode())
    assert (loaded.outcome, loaded.reason) == ("exit", "line 2: invalid key")


def test_knot_stops_at_the_first_bad_line() -> None:
    """What stands behind a line that Knot Resolver cannot read is not read; commented keys are."""
    text = f". DS {ds(1).to_text()}\n. DS x\n. DS {ds(2).to_text()}\n; . DS x ; AddPend:5 ; KeyTag:1\n"
    loaded = load_for("knot", text.encode())
    assert loaded.state is not None
    assert [entry.anchor.key_tag for entry in loaded.state.entries] == [ds(1).key_tag]
    assert loaded.passed_over == (2, 4)


def test_five_keys_trusted() -> None:
    """The reaction to a damaged file names the first four keys and lines, and nobody where there is none."""
    lines = "".join(f". DS {tag} 8 2 00\n" for tag in range(1, 7))
    assert reaction("unbound", lines.encode() + b". DS x\n" * 5) == (
        "state", "Unbound 1.17.1 would start, pass over line 7, 8, 9, 10 and trust 1, 2, 3, 4",
    )  # fmt: skip
    assert reaction("unbound", b";;id: . 1\n") == ("state", "Unbound 1.17.1 would start and trust nothing")
