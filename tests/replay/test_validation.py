"""Answers that are validated: chains of trust, denials, wildcards, aliases, and what clients get of them."""

from __future__ import annotations

import pytest

from .workshop import complaints, play, scenario
from .zones import SmallZone, dialogue, entry, hashed, server

TOP = SmallZone("example.com.", "a")
SUB = SmallZone("sub.example.com.", "b")
OTHER = SmallZone("other.example.com.", "c")
WWW = "www.example.com. 3600 IN A 10.20.30.40"
DATE = 'val-override-date: "20091018111500"'
ANCHOR = f'trust-anchor: "{TOP.ds()}"'.replace("\t", " ")
SECURE, PLAIN, FAILED = "QR RD RA AD DO NOERROR", "QR RD RA DO NOERROR", "QR RD RA DO SERVFAIL"
NONE = "QR RD RA AD DO NXDOMAIN"
SUB_NS = "sub.example.com. 3600 IN NS ns.sub.example.com."
SUB_GLUE = "ns.sub.example.com. 3600 IN A 1.2.3.5"


def validate(top: str, steps: str, *others: str, options: str = "") -> list[str]:
    """Return what goes wrong where the server of example.com. has these entries."""
    keys = entry("example.com. IN DNSKEY", TOP.keys())
    ranges = server("1.2.3.4", keys, top) + "".join(others)
    text = scenario("", ranges, steps, server=f"{ANCHOR}\n{DATE}\nminimal-responses: no\n{options}")
    return complaints(play(text))


def test_secure_answer() -> None:
    """An answer that the trust point's keys sign is secure (RFC 4033 section 5)."""
    signed = TOP.sign(WWW)
    assert (
        validate(
            entry("www.example.com. IN A", signed), dialogue(10, "www.example.com. IN A", SECURE, signed)
        )
        == []
    )


def test_signatures_only_for_who_wants_them() -> None:
    """Without DO there are neither signatures nor EDNS, AD if asked for (RFC 4035 section 3.2.1)."""
    top = entry("www.example.com. IN A", TOP.sign(WWW))
    steps = dialogue(10, "www.example.com. IN A", "QR RD RA NOERROR", WWW, asked="RD")
    steps += dialogue(20, "www.example.com. IN A", "QR RD RA AD NOERROR", WWW, asked="RD AD")
    assert validate(top, steps) == []


def test_unchecked_answer() -> None:
    """A client that sets CD gets what is bogus, without AD."""
    broken = TOP.sign(WWW, broken=True)
    steps = dialogue(10, "www.example.com. IN A", "QR RD RA CD DO NOERROR", broken, asked="RD CD DO")
    steps += dialogue(20, "www.example.com. IN A", FAILED)
    assert validate(entry("www.example.com. IN A", broken), steps) == []


@pytest.mark.parametrize(
    ("answer", "ede"),
    [
        (TOP.sign(WWW, broken=True), 6),
        (TOP.sign(WWW, window=(1230768000, 1233446400)), 7),
        (TOP.sign(WWW, window=(1267401600, 1269993600)), 8),
        (SUB.sign(WWW).replace("sub.example.com.", "example.com."), 9),
    ],
    ids=["broken", "expired", "early", "unknown key"],
)
def test_bad_signature(answer: str, ede: int) -> None:
    """A signature that does not count makes SERVFAIL, with the extended error of RFC 8914 section 4."""
    top = entry("www.example.com. IN A", answer)
    steps = dialogue(10, "www.example.com. IN A", FAILED, match=f"all ede={ede}")
    assert validate(top, steps, options="ede: yes") == []


def test_missing_signature() -> None:
    """An unsigned answer below a trust point is bogus once the DS is denied without a cut."""
    top = entry("www.example.com. IN A", WWW)
    top += entry(
        "www.example.com. IN DS", "", TOP.soa() + "\n" + TOP.nsec("www.example.com.", "x.example.com.", "A")
    )
    steps = dialogue(10, "www.example.com. IN A", FAILED, match="all ede=10")
    assert validate(top, steps, options="ede: yes") == []


def test_permissive_mode() -> None:
    """With val-permissive-mode what is bogus is given out, without AD (unbound.conf)."""
    broken = TOP.sign(WWW, broken=True)
    steps = dialogue(10, "www.example.com. IN A", PLAIN, broken)
    assert validate(entry("www.example.com. IN A", broken), steps, options="val-permissive-mode: yes") == []


class TestDenial:
    """What does not exist (RFC 4035 section 5.4, RFC 5155 section 8)."""

    def test_no_data(self) -> None:
        """An NSEC at the name without the type proves that there are no such records."""
        proof = TOP.soa() + "\n" + TOP.nsec("www.example.com.", "x.example.com.", "A")
        steps = dialogue(10, "www.example.com. IN AAAA", SECURE, "", proof)
        assert validate(entry("www.example.com. IN AAAA", "", proof), steps) == []

    def test_no_name(self) -> None:
        """An NSEC over the name and one over the wildcard prove that the name does not exist."""
        proof = "\n".join(
            (
                TOP.soa(),
                TOP.nsec("b.example.com.", "x.example.com.", "A"),
                TOP.nsec("example.com.", "a.example.com.", "NS SOA"),
            )
        )
        steps = dialogue(10, "c.example.com. IN A", NONE, "", proof)
        assert validate(entry("c.example.com. IN A", "", proof, reply="QR AA NXDOMAIN"), steps) == []

    def test_wildcard_not_denied(self) -> None:
        """Without a proof about the wildcard a name may exist all the same."""
        proof = TOP.soa() + "\n" + TOP.nsec("b.example.com.", "x.example.com.", "A")
        steps = dialogue(10, "c.example.com. IN A", FAILED)
        assert validate(entry("c.example.com. IN A", "", proof, reply="QR AA NXDOMAIN"), steps) == []

    def test_no_proof(self) -> None:
        """A signed SOA alone proves nothing; the extended error is NSEC Missing (RFC 8914 section 4.13)."""
        top = entry("c.example.com. IN A", "", TOP.soa(), reply="QR AA NXDOMAIN")
        steps = dialogue(10, "c.example.com. IN A", FAILED, match="all ede=12")
        assert validate(top, steps, options="ede: yes") == []

    def test_empty_non_terminal(self) -> None:
        """An NSEC whose next name lies below the name proves that it has no records."""
        proof = TOP.soa() + "\n" + TOP.nsec("a.example.com.", "x.b.example.com.", "A")
        steps = dialogue(10, "b.example.com. IN A", SECURE, "", proof)
        assert validate(entry("b.example.com. IN A", "", proof), steps) == []

    def test_hashed_no_data(self) -> None:
        """An NSEC3 at the name's hash without the type denies it (RFC 5155 sections 3.2 and 5)."""
        proof = TOP.soa() + "\n" + TOP.match3("www.example.com.", "A RRSIG")
        steps = dialogue(10, "www.example.com. IN AAAA", SECURE, "", proof)
        assert validate(entry("www.example.com. IN AAAA", "", proof), steps) == []

    def test_hashed_no_name(self) -> None:
        """Encloser, next closer name and wildcard: three NSEC3 deny a name (RFC 5155 section 8.3)."""
        proof = "\n".join(
            (
                TOP.soa(),
                TOP.match3("example.com.", "NS SOA RRSIG"),
                TOP.cover3("c.example.com."),
                TOP.cover3("*.example.com."),
            )
        )
        steps = dialogue(10, "c.example.com. IN A", NONE, "", proof)
        assert validate(entry("c.example.com. IN A", "", proof, reply="QR AA NXDOMAIN"), steps) == []

    def test_hashed_without_encloser(self) -> None:
        """Without the closest encloser the other two NSEC3 deny nothing."""
        proof = "\n".join((TOP.soa(), TOP.cover3("c.example.com."), TOP.cover3("*.example.com.")))
        steps = dialogue(10, "c.example.com. IN A", FAILED)
        assert validate(entry("c.example.com. IN A", "", proof, reply="QR AA NXDOMAIN"), steps) == []

    def test_too_many_iterations(self) -> None:
        """A zone that hashes more often than a validator does is insecure."""
        low = hashed("c.example.com.")
        proof = TOP.soa() + "\n" + TOP.nsec3(low, low, "A", iterations=2000)
        steps = dialogue(10, "c.example.com. IN A", "QR RD RA DO NXDOMAIN", "", proof)
        assert validate(entry("c.example.com. IN A", "", proof, reply="QR AA NXDOMAIN"), steps) == []


class TestWildcard:
    """Answers made from a wildcard (RFC 4035 section 5.3.4)."""

    ANSWER = TOP.wildcard("c.example.com. 3600 IN A 10.20.30.40", "*.example.com.")

    def test_with_proof(self) -> None:
        """The answer is secure if the name itself is proved not to exist."""
        proof = TOP.nsec("b.example.com.", "x.example.com.", "A")
        steps = dialogue(10, "c.example.com. IN A", SECURE, self.ANSWER, proof)
        assert validate(entry("c.example.com. IN A", self.ANSWER, proof), steps) == []

    def test_with_hashed_proof(self) -> None:
        """The same with an NSEC3 over the next closer name (RFC 5155 section 8.8)."""
        proof = TOP.cover3("c.example.com.")
        steps = dialogue(10, "c.example.com. IN A", SECURE, self.ANSWER, proof)
        assert validate(entry("c.example.com. IN A", self.ANSWER, proof), steps) == []

    def test_without_proof(self) -> None:
        """Without it the answer is bogus."""
        steps = dialogue(10, "c.example.com. IN A", FAILED)
        assert validate(entry("c.example.com. IN A", self.ANSWER), steps) == []


class TestDelegation:
    """Zones below the trust point (RFC 4035 section 5.2)."""

    HOST = "www.sub.example.com."
    ADDRESS = f"{HOST} 3600 IN A 10.20.30.41"

    def below(self, *entries: str) -> str:
        """Return the server of sub.example.com."""
        return server("1.2.3.5", *entries)

    def above(self, ds: str = "", authority: str = "") -> str:
        """Return what the parent says: a referral for what lies below, and about the DS."""
        referral = entry("sub.example.com. IN NS", "", SUB_NS, SUB_GLUE, reply="QR")
        referral = referral.replace("MATCH opcode qname qtype", "MATCH opcode subdomain")
        referral = referral.replace("ADJUST copy_id", "ADJUST copy_id copy_query")
        return entry("sub.example.com. IN DS", ds, authority) + referral

    def test_secure(self) -> None:
        """A chain of DS and DNSKEY leads to a secure answer."""
        signed = SUB.sign(self.ADDRESS)
        below = self.below(
            entry("sub.example.com. IN DNSKEY", SUB.keys()), entry(f"{self.HOST} IN A", signed)
        )
        steps = dialogue(10, f"{self.HOST} IN A", SECURE, signed)
        assert validate(self.above(TOP.sign(SUB.ds())), steps, below) == []

    def test_wrong_keys(self) -> None:
        """Keys that the DS does not name are bogus, and so is all below."""
        signed = OTHER.sign(self.ADDRESS).replace("other.", "sub.")
        keys = OTHER.keys().replace("other.", "sub.")
        below = self.below(entry("sub.example.com. IN DNSKEY", keys), entry(f"{self.HOST} IN A", signed))
        steps = dialogue(10, f"{self.HOST} IN A", FAILED)
        assert validate(self.above(TOP.sign(SUB.ds())), steps, below) == []

    @pytest.mark.parametrize(
        "proof",
        [
            TOP.nsec("sub.example.com.", "x.example.com.", "NS"),
            TOP.match3("sub.example.com.", "NS"),
            TOP.match3("example.com.", "NS SOA") + "\n" + TOP.cover3("sub.example.com.", opt_out=True),
        ],
        ids=["NSEC", "NSEC3", "opt-out"],
    )
    def test_insecure(self, proof: str) -> None:
        """A delegation proved to have no DS makes what lies below insecure."""
        below = self.below(entry(f"{self.HOST} IN A", self.ADDRESS))
        steps = dialogue(10, f"{self.HOST} IN A", PLAIN, self.ADDRESS)
        assert validate(self.above("", TOP.soa() + "\n" + proof), steps, below) == []

    def test_stripped(self) -> None:
        """Without that proof it is bogus."""
        below = self.below(entry(f"{self.HOST} IN A", self.ADDRESS))
        steps = dialogue(10, f"{self.HOST} IN A", FAILED)
        assert validate(self.above("", TOP.soa()), steps, below) == []

    def test_domain_insecure(self) -> None:
        """Below a name configured as insecure nothing is validated."""
        below = self.below(entry(f"{self.HOST} IN A", self.ADDRESS))
        steps = dialogue(10, f"{self.HOST} IN A", PLAIN, self.ADDRESS)
        assert validate(self.above(), steps, below, options='domain-insecure: "sub.example.com"') == []

    def test_unknown_digest(self) -> None:
        """A DS with a digest nobody knows makes the child insecure (RFC 4035 section 5.2)."""
        ds = TOP.sign("sub.example.com. 3600 IN DS 1 5 99 abcdef")
        below = self.below(entry(f"{self.HOST} IN A", self.ADDRESS))
        steps = dialogue(10, f"{self.HOST} IN A", PLAIN, self.ADDRESS)
        assert validate(self.above(ds), steps, below) == []

    def test_alias_across_zones(self) -> None:
        """Each part of a chain of aliases is validated by its own zone."""
        alias, signed = TOP.sign(f"alias.example.com. 3600 IN CNAME {self.HOST}"), SUB.sign(self.ADDRESS)
        below = self.below(
            entry("sub.example.com. IN DNSKEY", SUB.keys()), entry(f"{self.HOST} IN A", signed)
        )
        steps = dialogue(10, "alias.example.com. IN A", SECURE, f"{alias}\n{signed}")
        top = entry("alias.example.com. IN A", alias) + self.above(TOP.sign(SUB.ds()))
        assert validate(top, steps, below) == []


def test_synthesized_alias() -> None:
    """A CNAME made of a signed DNAME needs no signature (RFC 6672 section 3.1)."""
    dname = TOP.sign("d.example.com. 3600 IN DNAME example.com.")
    answer = f"{dname}\nwww.d.example.com. 3600 IN CNAME www.example.com.\n{TOP.sign(WWW)}"
    steps = dialogue(10, "www.d.example.com. IN A", SECURE, answer)
    assert validate(entry("www.d.example.com. IN A", answer), steps) == []


def test_unsigned_neighbours_are_dropped() -> None:
    """A secure answer keeps nothing beside it that is not secure: unsigned NS and addresses go."""
    signed = TOP.sign(WWW)
    top = entry(
        "www.example.com. IN A",
        signed,
        "example.com. IN NS ns.example.com.",
        "ns.example.com. IN A 1.2.3.4",
    )
    assert validate(top, dialogue(10, "www.example.com. IN A", SECURE, signed)) == []


def test_minimal_responses() -> None:
    """By default a positive answer comes alone."""
    signed, more = TOP.sign(WWW), TOP.sign("example.com. 3600 IN NS ns.example.com.")
    top = entry("www.example.com. IN A", signed, more)
    full = dialogue(10, "www.example.com. IN A", SECURE, signed, more)
    assert validate(top, full) == []
    brief = dialogue(10, "www.example.com. IN A", SECURE, signed)
    assert validate(top, brief, options="minimal-responses: yes") == []


def test_anchor_of_unknown_algorithm() -> None:
    """A trust point all of whose anchors have unknown algorithms is no trust point."""
    text = scenario(
        "",
        server("1.2.3.4", entry("www.example.com. IN A", WWW)),
        dialogue(10, "www.example.com. IN A", PLAIN, WWW),
        server='trust-anchor: "example.com. DS 1 208 2 ' + "ab" * 32 + '"',
    )
    assert complaints(play(text)) == []


@pytest.mark.parametrize(
    ("hardened", "reply"), [("yes", FAILED), ("no", SECURE)], ids=["all algorithms", "one suffices"]
)
def test_algorithms_of_a_trust_point(hardened: str, reply: str) -> None:
    """With harden-algo-downgrade every algorithm of the trust point must sign, else one suffices."""
    signed = TOP.sign(WWW)
    ds = TOP.ds().replace(" 5 2 ", " 8 2 ").replace("\t", " ")
    top = entry("www.example.com. IN A", signed)
    steps = dialogue(10, "www.example.com. IN A", reply, signed if reply == SECURE else "")
    options = f'trust-anchor: "{ds}"\nharden-algo-downgrade: {hardened}'
    assert validate(top, steps, options=options) == []


def test_sentinel() -> None:
    """`root-key-sentinel-not-ta-NNNNN` fails where that key is an anchor of the root (RFC 8509)."""
    root = SmallZone(".", "a")
    name = f"root-key-sentinel-not-ta-{root.key.tag:05d}.example."
    other = f"root-key-sentinel-is-ta-{root.key.tag:05d}.example."
    signed = [root.sign(f"{owner} 3600 IN A 192.0.2.1") for owner in (name, other)]
    ranges = server(
        "193.0.14.129",
        entry(". IN DNSKEY", root.keys()),
        entry(f"{name} IN A", signed[0]),
        entry(f"{other} IN A", signed[1]),
    )
    steps = dialogue(10, f"{name} IN A", FAILED) + dialogue(20, f"{other} IN A", SECURE, signed[1])
    anchor = root.ds().replace("\t", " ")
    text = scenario("", "", steps, server=f'trust-anchor: "{anchor}"\n{DATE}')
    start = text.index("RANGE_BEGIN")
    assert complaints(play(f"{text[:start]}{ranges}{text[start:]}")) == []


def test_anchors_told_in_chaos() -> None:
    """`trustanchor.unbound. CH TXT` names each trust point and its key tags (unbound.conf)."""
    text = scenario(
        "",
        "",
        dialogue(
            10,
            "trustanchor.unbound. CH TXT",
            "QR RD RA DO NOERROR",
            f'trustanchor.unbound. 0 CH TXT "example.com. {TOP.key.tag}"',
        ),
        server=ANCHOR,
    )
    assert complaints(play(text)) == []
