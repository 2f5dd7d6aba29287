"""Sign small zones for scenarios of validation: any records, NSEC and NSEC3, wildcards, DS."""

from __future__ import annotations

import hashlib
from base64 import b64encode

from lab.dnssec.codec import rrsets_of
from lab.dnssec.names import label_count, name_from_text, name_to_text
from lab.dnssec.rrset import RRset, Rrsig, signed_data
from lab.dnssec.rrtypes import type_to_text
from lab.replay.records import Context, read_record

from .workshop import NOON, key_of, key_text, small_key

HEX32 = "0123456789abcdefghijklmnopqrstuv"
NAMES = {50: "NSEC3"}


def hashed(name: str, salt: bytes = b"\xaa") -> str:
    """Return the NSEC3 label of a name, one iteration."""
    digest = hashlib.sha1(name_from_text(name) + salt).digest()
    number = int.from_bytes(hashlib.sha1(digest + salt).digest(), "big")
    return "".join(HEX32[number >> 5 * place & 31] for place in range(31, -1, -1))


class SmallZone:
    """A zone signed by one key, which is both its keys."""

    def __init__(self, name: str, letter: str) -> None:
        """Take the zone's name, with its final dot, and the letter of its key."""
        self.name, self.letter = name, letter
        self.key = key_of(letter)

    def sign(self, *lines: str, window: tuple[int, int] = NOON, broken: bool = False) -> str:
        """Return records with a signature behind each RRset."""
        records = [read_record(line, Context()) for line in lines]
        found = list(lines)
        for signed in rrsets_of(records):
            owner = next(record.owner for record in records if record.owner == signed.rrset.owner)
            count = label_count(owner)
            found.append(self._signature(signed.rrset, count, window, broken))
        return "\n".join(found)

    def wildcard(self, line: str, source: str) -> str:
        """Return a record that a wildcard `source` was expanded to, signed as the wildcard."""
        record = read_record(line, Context())
        made = record._replace(owner=name_from_text(source))
        [signed] = rrsets_of([made])
        text = self._signature(signed.rrset, label_count(made.owner), NOON, broken=False)
        return f"{line}\n{text.replace(name_to_text(made.owner), name_to_text(record.owner), 1)}"

    def _signature(self, rrset: RRset, count: int, window: tuple[int, int], broken: bool) -> str:
        signer = name_from_text(self.name)
        key = self.key
        draft = Rrsig(
            rrset.rrtype, key.algorithm, count, rrset.ttl, window[1], window[0], key.tag, signer, b"\0"
        )
        signature = small_key(self.letter).sign(signed_data(rrset, draft))
        if broken:
            signature = signature[:-1] + bytes((signature[-1] ^ 1,))
        kind = NAMES.get(rrset.rrtype) or type_to_text(rrset.rrtype)
        fields = f"{kind} {key.algorithm} {count} {rrset.ttl} {window[1]} {window[0]} {key.tag} {self.name}"
        head = f"{name_to_text(rrset.owner)}\t{rrset.ttl}\tIN\tRRSIG"
        return f"{head}\t{fields} {b64encode(signature).decode()}"

    def keys(self) -> str:
        """Return the signed DNSKEY RRset."""
        return self.sign(f"{self.name}\t3600\tIN\tDNSKEY\t{key_text(self.key)}")

    def ds(self) -> str:
        """Return the DS of the zone's key."""
        return f"{self.name}\t3600\tIN\tDS\t{self.key.ds(name_from_text(self.name)).to_text()}"

    def soa(self) -> str:
        """Return the signed SOA."""
        return self.sign(f"{self.name}\t3600\tIN\tSOA\tns.{self.name} admin.{self.name} 1 2 3 4 300")

    def nsec(self, owner: str, following: str, types: str) -> str:
        """Return a signed NSEC."""
        return self.sign(f"{owner}\t300\tIN\tNSEC\t{following} {types} RRSIG NSEC")

    def nsec3(self, low: str, high: str, types: str, *, opt_out: bool = False, iterations: int = 1) -> str:
        """Return a signed NSEC3 from one hash to another."""
        fields = f"1 {int(opt_out)} {iterations} aa {high} {types}"
        return self.sign(f"{low}.{self.name}\t300\tIN\tNSEC3\t{fields}")

    def match3(self, name: str, types: str, *, opt_out: bool = False) -> str:
        """Return the NSEC3 that stands for a name."""
        low = hashed(name)
        return self.nsec3(low, _next(low), types, opt_out=opt_out)

    def cover3(self, name: str, *, opt_out: bool = False) -> str:
        """Return an NSEC3 that covers a name and next to nothing else."""
        middle = hashed(name)
        return self.nsec3(_before(middle), _next(middle), "A RRSIG", opt_out=opt_out)


def _next(label: str) -> str:
    return _shifted(label, 1)


def _before(label: str) -> str:
    return _shifted(label, -1)


def _shifted(label: str, by: int) -> str:
    number = (int(label, 32) + by) % 32**32
    return "".join(HEX32[number >> 5 * place & 31] for place in range(31, -1, -1))


def entry(
    question: str, answer: str = "", authority: str = "", additional: str = "", reply: str = "QR AA"
) -> str:
    """Return an entry that answers one question."""
    head = f"ENTRY_BEGIN\nMATCH opcode qname qtype\nADJUST copy_id\nREPLY {reply}"
    names = ("QUESTION", "ANSWER", "AUTHORITY", "ADDITIONAL")
    given = zip(names, (question, answer, authority, additional), strict=True)
    return "\n".join([head, *(f"SECTION {name}\n{lines}" for name, lines in given), "ENTRY_END\n"])


def server(address: str, *entries: str) -> str:
    """Return what a server answers at all times."""
    return f"RANGE_BEGIN 0 1000\n\tADDRESS {address}\n{''.join(entries)}RANGE_END\n"


def dialogue(
    number: int,
    question: str,
    reply: str,
    answer: str = "",
    authority: str = "",
    *,
    match: str = "all",
    asked: str = "RD DO",
) -> str:
    """Return steps: a client asks, and what it must get."""
    return (
        f"STEP {number} QUERY\nENTRY_BEGIN\nREPLY {asked}\nSECTION QUESTION\n{question}\nENTRY_END\n"
        f"STEP {number + 1} CHECK_ANSWER\nENTRY_BEGIN\nMATCH {match}\nREPLY {reply}\n"
        f"SECTION QUESTION\n{question}\nSECTION ANSWER\n{answer}\nSECTION AUTHORITY\n{authority}\nENTRY_END\n"
    )
