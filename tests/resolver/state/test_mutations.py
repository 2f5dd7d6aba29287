"""Whatever becomes of a file, its readers raise nothing but StateFileError, and loaders nothing at all."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lab.errors import StateFileError
from lab.resolver.policy import Durations
from lab.resolver.state.formats import FORMATS, Format, detect, read_state
from lab.resolver.state.loading import LOADERS, load_for
from lab.resolver.state.points import to_point

from .damage import whole

FORMS = pytest.mark.parametrize("form", FORMATS.values(), ids=FORMATS.keys())
PIECES = st.one_of(
    st.binary(max_size=12),
    st.sampled_from(
        [
            b"(", b")", b";", b"\n", b"\0", b"\xff", b" ", b"\t", b"@", b"\\", b'"', b"$ORIGIN", b"$TTL",
            b"IN", b";;id: . 1\n", b";;REVOKED\n", b";;state=", b"lastchange=", b"KEYDATA", b"&x;",
            b"</KeyDigest>", b'validUntil="2019-01-11T00:00:00Z"', b"-1", b"4294967296", b"9" * 400,
            b"AddPend:", b"<!DOCTYPE x>", b"<PublicKey>AAAA</PublicKey>",
        ]
    ),
)  # fmt: skip


@st.composite
def mutants(draw: st.DrawFn, data: bytes) -> bytes:
    """Return a file with a few places cut out, doubled or overwritten."""
    for _ in range(draw(st.integers(1, 4))):
        begin = draw(st.integers(0, len(data)))
        end = draw(st.integers(begin, min(len(data), begin + draw(st.sampled_from((0, 1, 8, 400))))))
        how = draw(st.sampled_from(("cut", "double", "overwrite", "truncate")))
        piece = {"cut": b"", "double": data[begin:end] * 2, "truncate": b""}.get(how)
        piece = draw(PIECES) if piece is None else piece
        data = data[:begin] + piece + (b"" if how == "truncate" else data[end:])
    return data


def look(data: bytes, form: Format | None) -> None:
    """Read a file, and if it can be read, write it and make a trust point of it."""
    refused: StateFileError | None = None
    try:
        state = read_state(data, "f", form, at=1_600_000_000)
        form = form or detect(data)
        held = form.held(state)
        assert form.read(form.write(state), "f") == held
        to_point(state, Durations())
    except StateFileError as error:
        refused = error
    if refused is not None:
        assert str(refused).startswith(("f", "no key", "Knot Resolver takes"))
        assert "\n" not in str(refused)
        assert refused.remedy


@FORMS
@given(data=st.data())
def test_mutants(form: Format, data: st.DataObject) -> None:
    """A mutated file is read or refused in one line with a remedy; if it is read it can be written."""
    look(data.draw(mutants(whole(form.name))), form)


@FORMS
@given(data=st.data())
def test_mutants_of_unknown_format(form: Format, data: st.DataObject) -> None:
    """The same where the format is to be found out."""
    look(data.draw(mutants(whole(form.name))), None)


@FORMS
@given(data=st.binary(max_size=200))
def test_noise(form: Format, data: bytes) -> None:
    """Octets that never were a file are refused too."""
    look(data, form)


@pytest.mark.parametrize("model", LOADERS)
@given(data=st.data())
def test_loaders(model: str, data: st.DataObject) -> None:
    """An implementation always does something: it goes on, begins anew, or does not start."""
    loaded = load_for(model, data.draw(mutants(whole(model))), at=1_600_000_000)
    assert (loaded.state is not None) is (loaded.outcome == "state")
    assert loaded.outcome in ("state", "fresh", "exit")
    if loaded.state is not None:
        to_point(loaded.state, Durations())
