"""A file's format is found out from its content, and what is in none is refused."""

from __future__ import annotations

import pytest

from lab.dnssec.names import ROOT
from lab.errors import StateFileError
from lab.resolver.rfc5011 import State
from lab.resolver.state.convert import convert, losses
from lab.resolver.state.formats import FORMATS, detect, read_state, written_by_model
from lab.resolver.state.vocabulary import Entry, TrustState

from .material import EXAMPLE, ds, key

DEBIAN = b". IN DNSKEY 257 3 8 AwEAAQ== ;{id = 1} ;;state=2 [  VALID  ] ;;count=0 ;;lastchange=5 ;;x\n"

DETECTED = {
    "Debian's root.key": (DEBIAN, "unbound"),
    "header alone": (b";;id: . 1\n", "unbound"),
    "revoked": (b";;REVOKED\n", "unbound"),
    "dig": (b"\n; <<>> DiG\n.\t60\tIN\tDNSKEY\t257 3 8 AwEAAQ==\n", "anchors"),
    "lower case": (b". in ds 1 8 2 00\n", "anchors"),
    "commented out": (b"; . 60 DNSKEY 257 3 8 AAAA ; AddPend:17 ; KeyTag:1\n", "knot"),
    "placeholder": (b"\t\t\tKEYDATA\t19700101000000 19700101000000 19700101000000 0 0 0\n", "bind"),
    "xml": (b"\xef\xbb\xbf <TrustAnchor/>", "xml"),
    "UTF-16": ("<TrustAnchor/>".encode("utf-16"), "xml"),
}


@pytest.mark.parametrize(("data", "name"), DETECTED.values(), ids=DETECTED.keys())
def test_detected(data: bytes, name: str) -> None:
    """Marks that only one format has decide, whatever the file's name."""
    assert detect(data).name == name


@pytest.mark.parametrize(
    ("data", "defect"),
    [(b"", "empty"), (b"\0\0 \n", "empty"), (b"hello\n", "unknown"), (b"; DS 1\n", "unknown")],
)
def test_unknown(data: bytes, defect: str) -> None:
    """A file in no format is refused, and the formats are named."""
    with pytest.raises(StateFileError) as caught:
        detect(data, "f")
    assert caught.value.defect == defect
    assert caught.value.problem == ("empty" if defect == "empty" else "in no format the lab reads")
    assert caught.value.place == "f"
    assert "xml, bind, unbound, knot, anchors" in str(caught.value)


def test_table() -> None:
    """The table names each format as it is called, and a title for people."""
    assert [(name, form.name) for name, form in FORMATS.items()] == [(n, n) for n in FORMATS]
    assert all(form.title for form in FORMATS.values())


def test_other_owner() -> None:
    """Whoever asks for a name the file is not about is told which it is about."""
    with pytest.raises(StateFileError) as caught:
        read_state(DEBIAN, "f", owner=EXAMPLE)
    assert "no key of example.com." in str(caught.value)
    assert caught.value.defect == "other-owner"
    assert read_state(DEBIAN, "f", owner=ROOT).owner == ROOT


KEYDATA = "{} KEYDATA 20261124062425 20261124062425 19700101000000 257 3 8 AwEAAQ==\n"
TWO_NAMES = {
    "bind": "$ORIGIN .\n$TTL 0\n" + KEYDATA.format("a.") + KEYDATA.format("b."),
    "anchors": f"a. IN DS {ds(1).to_text()}\nb. IN DS {ds(1).to_text()}\n",
    "unbound": f";;id: a. 1\na. IN DS {ds(1).to_text()}\nb. IN DS {ds(1).to_text()}\n",
}


@pytest.mark.parametrize(("form", "outcome"), [("bind", ""), ("anchors", ""), ("unbound", "exit")])
def test_no_reaction_where_nothing_is_damaged(form: str, outcome: str) -> None:
    """A file of several names is damage to Unbound; where it is allowed the reader has to choose one."""
    with pytest.raises(StateFileError) as caught:
        read_state(TWO_NAMES[form].encode(), "f", FORMATS[form])
    assert (caught.value.defect, caught.value.outcome) == ("mixed-owners", outcome)
    assert bool(caught.value.reaction) is bool(outcome)


@pytest.mark.parametrize("form", ["bind", "anchors"])
def test_no_reaction_to_another_owner(form: str) -> None:
    """Nor is it damage that the name asked for is not in the file."""
    with pytest.raises(StateFileError) as caught:
        read_state(TWO_NAMES[form].encode(), "f", FORMATS[form], owner=EXAMPLE)
    assert (caught.value.defect, caught.value.outcome, caught.value.reaction) == ("other-owner", "", "")


def test_reaction_in_the_error() -> None:
    """The error of a damaged file also says how its own resolver takes it, as words and as data."""
    with pytest.raises(StateFileError) as caught:
        read_state(b";;id: . 1\n;;id: . 1\n", "root.key")
    error = caught.value
    assert (error.outcome, error.defect, error.line) == ("exit", "duplicate", 2)
    assert error.reaction == "Unbound 1.17.1 would not start (line 2: trust anchor presented twice)"
    assert str(error).endswith(error.reaction)
    with pytest.raises(StateFileError) as caught:
        read_state(b". DS 1\n", "f")
    assert (caught.value.outcome, caught.value.reaction) == ("", "")


def test_newest_first() -> None:
    """Unbound's list begins with the key met last, the others' with the first."""
    met = TrustState(ROOT, (Entry(key(1), since=5), Entry(key(2), since=6)))
    tags = [
        [entry.anchor.key_tag for entry in form.read(written_by_model(met, form), "f").entries]
        for form in (FORMATS["unbound"], FORMATS["knot"], FORMATS["anchors"])
    ]
    first, second = key(1).key_tag, key(2).key_tag
    assert tags == [[second, first], [first, second], [first, second]]
    turned = convert(met.turned(), FORMATS["unbound"], FORMATS["knot"]).state
    assert [entry.anchor for entry in turned.entries] == [key(1), key(2)]
    again = convert(turned, FORMATS["knot"], FORMATS["anchors"]).state
    assert [entry.anchor for entry in again.entries] == [key(1), key(2)]


def test_losses_in_words() -> None:
    """Every loss is told once, with the keys it concerns."""
    state = TrustState(
        ROOT,
        (
            Entry(key(1), State.VALID, 5, sightings=0, ttl=60),
            Entry(key(2), State.ADD_PEND, 6, sightings=3, ttl=60),
            Entry(key(3), State.MISSING, 7, ttl=60),
            Entry(ds(4), State.VALID, 0, ttl=60),
        ),
        last_success=9,
        query_interval=43200,
        deleted=True,
    )
    one, two, three, four = (str(entry.anchor.key_tag) for entry in state.entries)
    assert convert(state, FORMATS["unbound"], FORMATS["unbound"]).losses == ()
    assert convert(state, FORMATS["unbound"], FORMATS["bind"]).losses == (
        f"key {four} (a DS, Valid) is left out",
        f"key {three} is Valid instead of Missing",
        f"the TTL (key {three}, {two}, {one})",
        f"how often a pending key was seen (key {two})",
        "that all anchors were revoked and the zone counts as insecure",
        "the bookkeeping: last verified, the refresh interval",
    )
    assert losses(state, FORMATS["knot"].held(state)) == (
        f"since when it is in its state (key {one})",
        f"how often a pending key was seen (key {two})",
        "that all anchors were revoked and the zone counts as insecure",
        "the bookkeeping: last verified, the refresh interval",
    )
    pending = losses(state, FORMATS["anchors"].held(state))
    assert f"key {two} (a DNSKEY, AddPend) is left out" in pending
    assert f"that a verified DNSKEY RRset confirmed it (key {one}, {three})" in pending
