"""Proofs that something does not exist, against zones small enough to know what does."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from lab.dnssec.names import canonical_order, labels, name_from_text, parent
from lab.dnssec.rrset import RRset, make_rrset
from lab.dnssec.rrtypes import DNAME, DS, NS, NSEC, SOA, TXT, A
from lab.replay.denial import INSECURE, MAX_ITERATIONS, NOTHING, PROVED, Denials, hashed, types_of
from lab.replay.rdata import NSEC3

ZONE = name_from_text("z.")
SALT = b"\xab\xcd"
HEX32 = "0123456789abcdefghijklmnopqrstuv"
NAMES = st.lists(st.sampled_from(["a", "b", "c", "*"]), max_size=3).map(
    lambda parts: name_from_text(".".join([*parts, "z"]))
)
ZONES = st.dictionaries(NAMES, st.sets(st.sampled_from([A, TXT]), min_size=1), max_size=6)


def bitmap(types: set[int]) -> bytes:
    """Return the bitmap of small types."""
    bits = bytearray(32)
    for number in types:
        bits[number >> 3] |= 0x80 >> (number & 7)
    kept = bytes(bits).rstrip(b"\0")
    return bytes((0, len(kept))) + kept


def nsec(owner: bytes, following: bytes, types: set[int]) -> RRset:
    """Return an NSEC."""
    return make_rrset(owner, NSEC, 60, [following + bitmap({*types, NSEC, 46})])


def nsec3(owner: bytes, following: bytes, types: set[int], *, opt_out: bool = False) -> RRset:
    """Return an NSEC3 of hashes, one iteration."""
    number = int.from_bytes(owner, "big")
    label = "".join(HEX32[number >> 5 * place & 31] for place in range(31, -1, -1)).encode()
    head = bytes((1, int(opt_out), 0, 1, len(SALT))) + SALT + bytes((len(following),)) + following
    return make_rrset(bytes((32,)) + label + ZONE, NSEC3, 60, [head + bitmap(types)])


class World:
    """A zone of names and types; empty non-terminals exist, wildcards stand in."""

    def __init__(self, data: dict[bytes, set[int]]) -> None:
        """Add the apex to the data."""
        self.data = {**data, ZONE: {SOA, NS, *data.get(ZONE, set())}}
        self.names = set(self.data)
        for name in data:
            while name != ZONE:
                self.names.add(name)
                name = parent(name)

    def chain(self) -> list[RRset]:
        """Return all NSEC of the zone."""
        names = sorted(self.data, key=canonical_order)
        return [
            nsec(one, two, self.data[one]) for one, two in zip(names, [*names[1:], names[0]], strict=True)
        ]

    def hashed_chain(self) -> list[RRset]:
        """Return all NSEC3 of the zone."""
        known = sorted((hashed(name, SALT, 1), name) for name in self.names)
        turned = [*known[1:], known[0]]
        return [
            nsec3(one, two, self.data.get(name, set()))
            for (one, name), (two, _) in zip(known, turned, strict=True)
        ]

    def encloser(self, name: bytes) -> bytes:
        """Return the closest encloser of a name."""
        while name not in self.names:
            name = parent(name)
        return name

    def wildcard(self, name: bytes) -> bytes | None:
        """Return the wildcard that stands in for a name that does not exist."""
        star = b"\x01*" + self.encloser(name)
        return star if star in self.names else None


@given(ZONES, NAMES)
def test_names(data: dict[bytes, set[int]], name: bytes) -> None:
    """With the whole chain a name is denied exactly if neither it nor a wildcard exists."""
    world = World(data)
    missing = name not in world.names and world.wildcard(name) is None
    for chain in (world.chain(), world.hashed_chain()):
        assert Denials(chain, ZONE).no_name(name).proved is missing


@given(ZONES, NAMES, st.sampled_from([A, TXT, 28]))
def test_types(data: dict[bytes, set[int]], name: bytes, rrtype: int) -> None:
    """With the whole chain a type is denied exactly where what answers for the name lacks it."""
    world = World(data)
    source = name if name in world.names else world.wildcard(name)
    missing = source is not None and rrtype not in world.data.get(source, set())
    for chain in (world.chain(), world.hashed_chain()):
        assert Denials(chain, ZONE).no_data(name, rrtype).proved is missing


@given(ZONES, NAMES)
def test_wildcards(data: dict[bytes, set[int]], name: bytes) -> None:
    """With the whole chain a wildcard may answer exactly for names that do not exist below its parent."""
    world = World(data)
    encloser = world.encloser(name)
    count = len(labels(encloser))
    if name == encloser or b"*" in labels(name):
        return
    for chain in (world.chain(), world.hashed_chain()):
        assert Denials(chain, ZONE).no_closer(name, count).proved


@given(ZONES, NAMES, st.data())
def test_no_single_record_denies_what_exists(
    data: dict[bytes, set[int]], name: bytes, draw: st.DataObject
) -> None:
    """No choice of true records proves that a name or type which exists does not."""
    world = World(data)
    for chain in (world.chain(), world.hashed_chain()):
        some = draw.draw(st.lists(st.sampled_from(chain), unique_by=lambda rrset: rrset.owner))
        denials = Denials(some, ZONE)
        for rrtype in world.data.get(name, set()):
            assert not denials.no_data(name, rrtype).proved
        if name in world.names:
            assert not denials.no_name(name).proved


def test_records_above_a_cut_say_nothing_below_it() -> None:
    """The NSEC of a delegation is the parent's: it denies nothing below, and a DS only at it (RFC 6840)."""
    cut, below = name_from_text("a.z."), name_from_text("x.a.z.")
    denials = Denials([nsec(cut, name_from_text("b.z."), {NS})], ZONE)
    assert denials.no_name(below) == NOTHING
    assert denials.no_data(cut, A) == NOTHING
    assert denials.no_data(cut, DS) == PROVED
    assert denials.no_ds(cut) == "insecure"


def test_records_below_a_cut_say_nothing_above_it() -> None:
    """The child's own NSEC does not deny the DS, which is the parent's."""
    denials = Denials([nsec(ZONE, name_from_text("b.z."), {NS, SOA})], ZONE)
    assert denials.no_data(ZONE, DS) == NOTHING
    assert denials.no_ds(ZONE) == "nothing"


def test_names_below_a_dname() -> None:
    """A DNAME stands for all names below it, so they are not denied (RFC 6672 section 5.3.2)."""
    denials = Denials([nsec(name_from_text("a.z."), name_from_text("b.z."), {DNAME})], ZONE)
    assert denials.no_name(name_from_text("x.a.z.")) == NOTHING


def test_delegations_left_out() -> None:
    """An opt-out NSEC3 over a name proves no more than that nothing secure is there (RFC 5155 section 6)."""
    name = name_from_text("a.z.")
    apex, there = hashed(ZONE, SALT, 1), hashed(name, SALT, 1)
    before = (int.from_bytes(there, "big") - 1).to_bytes(20, "big")
    after = (int.from_bytes(there, "big") + 1).to_bytes(20, "big")
    beside = (int.from_bytes(apex, "big") + 1).to_bytes(20, "big")
    records = [nsec3(apex, beside, {NS, SOA}), nsec3(before, after, set(), opt_out=True)]
    denials = Denials(records, ZONE)
    assert denials.no_ds(name) == "insecure"
    assert denials.no_data(name, DS) == INSECURE
    assert Denials([records[0], nsec3(before, after, set())], ZONE).no_ds(name) == "no-cut"


def test_what_cannot_be_read_proves_nothing() -> None:
    """Records cut short, of an unknown hash, or with an owner that is no hash are passed over."""
    odd = [
        make_rrset(ZONE, NSEC, 60, [b"\x05"]),
        make_rrset(b"\x02aa" + ZONE, NSEC3, 60, [b"\x01", bytes((9, 0, 0, 1, 0, 1, 0))]),
        make_rrset(b"\x02!!" + ZONE, NSEC3, 60, [bytes((1, 0, 0, 1, 0, 1, 0))]),
    ]
    denials = Denials(odd, ZONE)
    assert (denials.nsecs, denials.nsec3s) == ([], [])
    assert denials.no_name(name_from_text("a.z.")) == NOTHING
    assert denials.no_ds(name_from_text("a.z.")) == "nothing"


def test_work_is_bounded() -> None:
    """More iterations than a validator does are not done, and make the zone count as insecure."""
    record = nsec3(bytes(20), bytes(20), {A})
    heavy = make_rrset(record.owner, NSEC3, 60, [record.rdatas[0][:2] + b"\xff\xff" + record.rdatas[0][4:]])
    assert Denials([heavy], ZONE).too_many_iterations()
    assert not Denials([record], ZONE).too_many_iterations()
    assert hashed(ZONE, SALT, 65_535) == hashed(ZONE, SALT, MAX_ITERATIONS)


def test_hash_of_the_rfc() -> None:
    """The hash of RFC 5155 appendix A: example. with salt aabbccdd and 12 iterations."""
    number = int.from_bytes(hashed(name_from_text("example."), bytes.fromhex("aabbccdd"), 12), "big")
    text = "".join(HEX32[number >> 5 * place & 31] for place in range(31, -1, -1))
    assert text == "0p9mhaveqvm6t7vbl5lop2u3t2rp3tom"


@given(st.sets(st.integers(0, 255)))
def test_bitmaps(types: set[int]) -> None:
    """A bitmap is read back as the types it was made of (RFC 4034 section 4.1.2)."""
    assert types_of(bitmap(types)) == tuple(sorted(types))
