"""Make .rpl scenarios: small keys, signed sets in shorthand, and the texts around them.

Keys are RSA of 512 bits, signed with SHA-1 by integer arithmetic, as in the files of 2009: nothing but the
legacy verifier takes them. A set is written `a -b z`: keys a and b, b with REVOKE, and the zone key z. Its
signers are written alike; `~a` is a signature of a that is broken.
"""

from __future__ import annotations

import hashlib
import random
from base64 import b64encode
from dataclasses import dataclass
from functools import cache

from lab.clock import Instant
from lab.dnssec.crypto import join_rsa
from lab.dnssec.keys import Key
from lab.dnssec.names import name_from_text
from lab.dnssec.rrset import RRset, Rrsig, make_rrset, signed_data
from lab.dnssec.rrtypes import DNSKEY, A
from lab.replay.expressions import Expander
from lab.replay.legacy import RSA
from lab.replay.outcome import ReplayResult
from lab.replay.records import Context, read_record
from lab.replay.rpl import parse_rpl
from lab.replay.runner import replay

START: Instant = 1251100000
"""When the clock of these scenarios begins to be used: Mon Aug 24 07:46:40 2009."""
OWNER = name_from_text("example.com.")
TTL = 10800
DAY = 86400
WINDOW = ("20090801000000", "20201231000000")
NOON = 1249084800, 1609372800
EXPONENT = 65537


def is_prime(number: int, rounds: int = 24) -> bool:
    """Tell whether a number is prime, with Miller and Rabin."""
    if number % 2 == 0 or number < 4:
        return number in (2, 3)
    odd, twos = number - 1, 0
    while odd % 2 == 0:
        odd, twos = odd // 2, twos + 1
    chance = random.Random(number)
    for _ in range(rounds):
        power = pow(chance.randrange(2, number - 1), odd, number)
        if power in (1, number - 1):
            continue
        for _ in range(twos - 1):
            power = power * power % number
            if power == number - 1:
                break
        else:
            return False
    return True


def prime(chance: random.Random, bits: int) -> int:
    """Return a prime of so many bits, the two topmost set."""
    while True:
        number = chance.getrandbits(bits) | 3 << (bits - 2) | 1
        if is_prime(number, 2) and is_prime(number) and (number - 1) % EXPONENT:
            return number


@dataclass(frozen=True)
class SmallKey:
    """An RSA key of 512 bits that signs with SHA-1."""

    key: Key
    modulus: int
    private: int

    def sign(self, data: bytes, algorithm: int = 5) -> bytes:
        """Return the signature of data (PKCS #1 v1.5)."""
        size = (self.modulus.bit_length() + 7) // 8
        name, head = RSA[algorithm]
        info = head + hashlib.new(name, data).digest()
        block = b"\0\1" + b"\xff" * (size - 3 - len(info)) + b"\0" + info
        return pow(int.from_bytes(block, "big"), self.private, self.modulus).to_bytes(size, "big")


@cache
def small_key(name: str, algorithm: int = 5, bits: int = 512) -> SmallKey:
    """Return the same key for a letter in every run: `z` and `y` are zone keys, others entry points."""
    chance = random.Random(f"{name}/{bits}")
    p, q = prime(chance, bits // 2), prime(chance, bits // 2)
    public = join_rsa(EXPONENT, p * q)
    key = Key(256 if name in "yz" else 257, algorithm, public)
    return SmallKey(key, p * q, pow(EXPONENT, -1, (p - 1) * (q - 1)))


def key_of(word: str) -> Key:
    """Return the public key a word stands for, with REVOKE after a minus."""
    key = small_key(word.strip("-~")).key
    return key.revoked() if word.startswith("-") else key


def key_text(key: Key) -> str:
    """Return a DNSKEY's rdata in zone-file form."""
    return f"{key.flags} 3 {key.algorithm} {b64encode(key.public_key).decode()}"


def key_line(word: str) -> str:
    """Return a DNSKEY record."""
    return f"example.com.\t{TTL}\tIN\tDNSKEY\t{key_text(key_of(word))}"


def signature_line(rrset: RRset, word: str, owner: str, window: tuple[str, str] = WINDOW) -> str:
    """Return an RRSIG record by the key a word stands for."""
    key = key_of(word.strip("~"))
    draft = Rrsig(
        rrset.rrtype, key.algorithm, owner.count("."), rrset.ttl, _seconds(window[1]), _seconds(window[0]),
        key.tag, OWNER, b"\0",
    )  # fmt: skip
    signature = small_key(word.strip("-~")).sign(signed_data(rrset, draft))
    if "~" in word:
        signature = signature[:-1] + bytes((signature[-1] ^ 1,))
    kind = {DNSKEY: "DNSKEY", A: "A"}[rrset.rrtype]
    text = f"{kind} {key.algorithm} {draft.labels} {rrset.ttl} {window[1]} {window[0]} {key.tag} example.com."
    return f"{owner}\t{rrset.ttl}\tIN\tRRSIG\t{text} {b64encode(signature).decode()}"


def _seconds(date: str) -> int:
    return {WINDOW[0]: NOON[0], WINDOW[1]: NOON[1]}[date]


def set_lines(published: str, signers: str, *others: str) -> str:
    """Return a signed DNSKEY set, a record a line; `others` are further records of it."""
    words = published.split()
    rdatas = [key_of(word).rdata for word in words]
    rdatas += [read_record(line, Context()).rdata for line in others]
    rrset = make_rrset(OWNER, DNSKEY, TTL, rdatas)
    lines = [*(key_line(word) for word in words), *others]
    lines += [signature_line(rrset, word, "example.com.") for word in signers.split()]
    return "\n".join(lines)


def address_lines(signer: str = "", owner: str = "www.example.com.") -> str:
    """Return an address record, signed or not."""
    rrset = make_rrset(name_from_text(owner), A, 3600, [bytes((10, 20, 30, 40))])
    line = f"{owner}\t3600\tIN\tA\t10.20.30.40"
    return f"{line}\n{signature_line(rrset, signer, owner)}" if signer else line


CONFIG = """\
; config options
server:
	target-fetch-policy: "0 0 0 0 0"
	log-time-ascii: yes
	trust-anchor-signaling: no
{server}stub-zone:
	name: "."
	stub-addr: 193.0.14.129         # K.ROOT-SERVERS.NET.
"""
UPPER = """\
RANGE_BEGIN 0 1000
	ADDRESS 193.0.14.129
ENTRY_BEGIN
MATCH opcode subdomain
ADJUST copy_id copy_query
REPLY QR
SECTION QUESTION
com. IN NS
SECTION AUTHORITY
com. IN NS a.gtld-servers.net.
SECTION ADDITIONAL
a.gtld-servers.net. IN A 192.5.6.30
ENTRY_END
RANGE_END
RANGE_BEGIN 0 1000
	ADDRESS 192.5.6.30
ENTRY_BEGIN
MATCH opcode subdomain
ADJUST copy_id copy_query
REPLY QR
SECTION QUESTION
example.com. IN NS
SECTION AUTHORITY
example.com. IN NS ns.example.com.
SECTION ADDITIONAL
ns.example.com. IN A 1.2.3.4
ENTRY_END
RANGE_END
"""


def zone(first: int, last: int, dnskeys: str | None, address: str = "") -> str:
    """Return a range of the zone's server: a DNSKEY set (None: SERVFAIL), and an address if there is one."""
    reply = "REPLY QR AA" if dnskeys is not None else "REPLY QR AA SERVFAIL"
    return (
        f"RANGE_BEGIN {first} {last}\n\tADDRESS 1.2.3.4\n"
        f"ENTRY_BEGIN\nMATCH opcode qname qtype\nADJUST copy_id\n{reply}\n"
        f"SECTION QUESTION\nexample.com. IN DNSKEY\nSECTION ANSWER\n{dnskeys or ''}\nENTRY_END\n"
        "ENTRY_BEGIN\nMATCH opcode qname qtype\nADJUST copy_id\nREPLY QR AA\n"
        f"SECTION QUESTION\nwww.example.com. IN A\nSECTION ANSWER\n{address or address_lines()}\nENTRY_END\n"
        "RANGE_END\n"
    )


def scenario(anchors: str, ranges: str, steps: str, *, server: str = "") -> str:
    """Return a whole file; `anchors` are the lines of the state file, none for no state file."""
    options = "".join(f"\t{line}\n" for line in server.splitlines())
    state = f"AUTOTRUST_FILE example.com\n{anchors}\nAUTOTRUST_END\n" if anchors else ""
    return (
        f"{CONFIG.format(server=options)}{state}CONFIG_END\nSCENARIO_BEGIN made in the workshop\n"
        f"{UPPER}{ranges}{steps}SCENARIO_END\n"
    )


def probe(number: int, name: str, low: int, high: int, advance: str) -> str:
    """Return steps: time passes, the probe runs, `$t<name>` and `$p<name>` are when and until the next."""
    return (
        f"STEP {number} TIME_PASSES {advance}\nSTEP {number + 1} TRAFFIC\n"
        f"STEP {number + 2} ASSIGN t{name} = ${{time}}\n"
        f"STEP {number + 3} ASSIGN p{name} = ${{range {low} ${{timeout}} {high}}}\n"
    )


def state_file(
    keys: list[tuple[str, int, str]],
    *,
    queried: str = "$t0",
    success: str = "$t0",
    next_probe: str = "$t0 + $p0",
    failed: int = 0,
    interval: int = 5400,
    retry: int = 3600,
    revoked: bool = False,
) -> str:
    """Return a state file of keys (word, state's number, when it was entered), newest first."""
    words = ("  START  ", " ADDPEND ", "  VALID  ", " MISSING ", " REVOKED ", " REMOVED ")
    lines = ["; autotrust trust anchor file"]
    if revoked:
        lines += [
            ";;REVOKED",
            "; The zone has all keys revoked, and is",
            "; considered as if it has no trust anchors.",
            "; the remainder of the file is the last probe.",
            "; to restart the trust anchor, overwrite this file.",
            "; with one containing valid DNSKEYs or DSes.",
        ]
    lines.append(";;id: example.com. 1")
    for name, value in (
        ("last_queried", queried), ("last_success", success), ("next_probe_time", next_probe),
    ):  # fmt: skip
        lines.append(f";;{name}: ${{{value}}} ;;${{ctime {value}}}")
    lines += [f";;query_failed: {failed}", f";;query_interval: {interval}", f";;retry_time: {retry}"]
    for word, state, since in keys:
        name, _, count = word.partition("*")
        key = key_of(name)
        comment = f";{{id = {key.tag} ({'ksk' if key.is_sep else 'zsk'}), size = 512b}}"
        lines.append(
            f"{key_line(name)} {comment} ;;state={state} [{words[state]}] ;;count={count or 0} "
            f";;lastchange=${{{since}}} ;;${{ctime {since}}}"
        )
    return "\n".join(lines)


def check(number: int, content: str) -> str:
    """Return a step that compares the state file."""
    return f"STEP {number} CHECK_AUTOTRUST example.com\nFILE_BEGIN\n{content}\nFILE_END\n"


def ask(number: int, reply: str, answer: str = "", match: str = "all", question: str = "RD DO") -> str:
    """Return steps: a client asks for www.example.com, and what it must get."""
    return (
        f"STEP {number} QUERY\nENTRY_BEGIN\nREPLY {question}\nSECTION QUESTION\nwww.example.com. IN A\n"
        f"ENTRY_END\nSTEP {number + 1} CHECK_ANSWER\nENTRY_BEGIN\nMATCH {match}\nREPLY {reply}\n"
        f"SECTION QUESTION\nwww.example.com. IN A\nSECTION ANSWER\n{answer}\nENTRY_END\n"
    )


def expand(text: str) -> str:
    """Return a text with its macros replaced, at time 0."""
    expander = Expander({}, lambda: 0, lambda: 0)
    return "\n".join(expander.expand(line) for line in text.splitlines())


SECURE = "QR RD RA AD DO NOERROR"
INSECURE = "QR RD RA DO NOERROR"
SERVFAIL = "QR RD RA DO SERVFAIL"


def play(text: str, model: str = "unbound") -> ReplayResult:
    """Replay a text."""
    return replay(parse_rpl(text, "workshop.rpl"), model)


def complaints(result: ReplayResult) -> list[str]:
    """Return what failed, a line each: empty if everything held."""
    found = [f"step {step.number}: {'; '.join(step.details)}" for step in result.failures]
    found += [note.text for note in result.notes if note.kind == "text-differs"]
    return found if result.verdict == "passed" else [*found, f"{result.verdict} {result.reason}"]
