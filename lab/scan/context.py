"""Read the words around a key or digest: is it an anchor of the root, how is it written, where does it begin?

What is said beside it can rule it out: another owner, a key tag, flags or algorithm that are not the key's,
the state of an RFC 5011 file, a comment sign. What is not said rules out nothing.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final

from .comments import in_comment
from .matching import Hit
from .material import ALGORITHM, FLAGS, Shape

_REACH: Final = 1200
"""Characters before a key that are looked at."""

_RECORD = re.compile(
    r"(?<![\w.-])(?P<type>DS|DNSKEY|KEYDATA|TYPE43|TYPE48)\b"
    r"(?P<rest>(?:[\s\"'`(),:\\#+|]|\d+|RSA-?SHA-?256|SHA-?(?:1|256|384))*)\Z",
    re.IGNORECASE,
)
_BIND = re.compile(
    r"(?P<owner>\"[^\"\s]*\"|[^\s\"{};]+)\s+"
    r"(?P<how>initial-key|static-key|initial-ds|static-ds)\s+[\d\s\"]*\Z",
    re.IGNORECASE,
)
_TRUSTED = re.compile(r"(?P<owner>\"[^\"\s]*\"|[^\s\"{};]+)\s+\d+\s+\d+\s+\d+\s+\"\s*\Z")
_COMMAS = re.compile(
    r"(?P<owner>[^\s,=\"'\[(]+)\s*,\s*(?:(?:IN|CH|HS)\s*,\s*)?\d+\s*,\s*\d+\s*,\s*\d+\s*,\s*\Z", re.I
)
_CALL = re.compile(r"\badd(?:TA|DS|TrustAnchors?)\s*\(\s*[\"'](?P<owner>[^\"']*)[\"']\s*,[^)]*\Z")
_ZONE_ELEMENT = re.compile(r"<Zone>\s*([^<]*?)\s*</Zone>", re.IGNORECASE)
_XML = re.compile(r"<(?:Digest|PublicKey)>\s*\Z", re.IGNORECASE)
_KEY_DIGEST = re.compile(r"<KeyDigest\b", re.IGNORECASE)
_MEMBER = re.compile(
    r"\b(?:zone|owner|origin|domain)[\"']?\s*[:=]+\s*[\"']?([^\"'\s,}]{1,255})[\"']?", re.IGNORECASE
)
_HEADER = re.compile(r"\bName:\s*\"([^\"]*\.)\"")
_QUOTED = re.compile(r"\\[\"'/]|\\[nrt]")
_FIELD_GAP = r"[\s\"'`(),:;\\|]+"
_DS_FIELDS = re.compile(
    rf"(?<![\w.-])(\d{{1,5}}){_FIELD_GAP}(\d{{1,3}}){_FIELD_GAP}(\d{{1,3}}){_FIELD_GAP}\Z"
)
_DOMAIN = re.compile(r"(?:[A-Za-z0-9_*-]+\.)+[A-Za-z0-9_-]*")
_CLASS_OR_TTL = re.compile(r"(?:IN|CH|HS|\d+[smhdwSMHDW]?)", re.IGNORECASE)
_UNBOUND_STATE = re.compile(r"[^\n]*;;state=(\d)")
_KNOT_STATE = re.compile(r"[^\n]*;\s*(?:Start|AddPend|Revoked|Removed):")
_DIGEST_WORDS: Final = {1: "SHA-1", 2: "SHA-256", 4: "SHA-384"}


@dataclass(frozen=True, slots=True)
class Anchor:
    """One anchor of the root in a text: where its record begins and ends, how it is written, whose key it is.

    `product` names the software whose syntax it is, or is empty for what many understand.
    """

    start: int
    end: int
    notation: str
    product: str
    tag: int


def anchor_of(text: str, hit: Hit, *, suffix: str = "", binary: bool = False) -> Anchor | None:
    """Return the anchor that a hit is, or None if what stands around it says that it is none.

    `suffix` is that of the file's name, lower case, with its dot; some comment signs are bound to languages.
    """
    if hit.form == "octets":
        return Anchor(
            hit.start, hit.end, f"wire-{'dnskey' if hit.shape.part == 'key' else 'ds'}", "", hit.shape.tag
        )
    low = max(hit.start - _REACH, 0)
    before = _plain(text[low : hit.start])
    after = text[hit.end : hit.end + 400].replace("\0", "")
    if _contradicted(before, hit.shape) or _untrusted(before, after):
        return None
    notation, product, offset, owner = _notation(before, hit)
    if (owner is not None and not _is_root(owner, before)) or _zone_of(before) is not None:
        return None
    start = low + offset
    if in_comment(text, start, suffix=suffix, binary=binary):
        return None
    return Anchor(start, hit.end, notation, product, hit.shape.tag)


def _plain(before: str) -> str:
    """Resolve escapes of quotes and line breaks, in as many characters as there were."""
    return _QUOTED.sub(
        lambda m: "\n " if m[0] == "\\n" else f" {m[0][1]}" if m[0][1] in "\"'/" else "  ", before
    )


def _contradicted(before: str, shape: Shape) -> bool:
    """Tell whether the three numbers directly before say that this is not the root's key in use.

    For a DS: key tag, algorithm, digest type. For a DNSKEY: flags, protocol, algorithm; a key with the REVOKE
    bit anchors nothing (RFC 5011 section 2.1), and one without the SEP bit has another tag and digest.
    """
    fields = _DS_FIELDS.search(before.replace("\0", ""))
    if fields is None:
        return False
    given = tuple(map(int, fields.groups()))
    if shape.part == "key":
        return given[1] == 3 and given != (FLAGS, 3, ALGORITHM)
    right = (shape.tag, ALGORITHM, shape.digest_type)
    looks_like_ds = given[0] == shape.tag or given[1:] == right[1:]
    return looks_like_ds and given != right


def _untrusted(before: str, after: str) -> bool:
    """Tell whether the state of an RFC 5011 file says that the key is not, or no longer, an anchor."""
    state = _UNBOUND_STATE.match(after)
    if state is not None and state[1] not in "23":
        return True
    record = _RECORD.search(before)
    if record is not None and record["type"].upper() == "KEYDATA":
        numbers = re.findall(r"\d+", record["rest"])
        return len(numbers) >= 3 and numbers[1] > numbers[0]
    return _KNOT_STATE.match(after) is not None


def _notation(before: str, hit: Hit) -> tuple[str, str, int, str | None]:
    """Return notation, product, where the record begins in `before`, and the owner if one is named."""
    if match := _BIND.search(before):
        return match["how"].lower(), "bind", match.start(), match["owner"]
    if (match := _TRUSTED.search(before)) and re.search(r"trusted-keys\W", before):
        return "trusted-keys", "bind", match.start(), match["owner"]
    if match := _COMMAS.search(before):
        start = before.rfind("\n", 0, match.start()) + 1
        dnsmasq = re.search(r"trust[-_]anchors?\b", before[start : match.start()])
        return ("dnsmasq" if dnsmasq else "ds", "dnsmasq" if dnsmasq else "", match.start(), match["owner"])
    if match := _CALL.search(before):
        return "powerdns", "powerdns", match.start(), match["owner"]
    if _XML.search(before):
        elements = list(_KEY_DIGEST.finditer(before))
        return "xml", "xml", elements[-1].start() if elements else len(before), None
    if match := _RECORD.search(before):
        return _record(before, match, hit)
    if fields := _DS_FIELDS.search(before):
        return ("dnskey" if hit.shape.part == "key" else "ds"), "", fields.start(), None
    line = before[before.rfind("\n") + 1 :]
    kind = "public-key" if hit.shape.part == "key" else "digest"
    if hit.form in ("array", "escapes"):
        kind = "octets"
    elif re.search(r"[\"']?\w+[\"']?\s*:\s*[\"']?\Z", line):
        kind = f"{kind}-member"
    return kind, "", len(before), None


def _record(before: str, match: re.Match[str], hit: Hit) -> tuple[str, str, int, str | None]:
    """Return the same for a record in the form of a zone file, in whichever file."""
    line_start = before.rfind("\n", 0, match.start()) + 1
    line = before[line_start : match.start()]
    words = re.split(r"[\"'`=(\[{]", line)[-1].replace("\0", "").split()
    while words and _CLASS_OR_TTL.fullmatch(words[-1]):
        words.pop()
    given = len(line.split()) - len(words) > 0
    owner = words[-1] if words else None
    relative = owner is not None and len(words) == 1 and given and line.split()[0] == owner
    if owner is not None and not (relative or _DOMAIN.fullmatch(owner) or owner in (".", "@")):
        owner = None
    kind = "dnskey" if hit.shape.part == "key" else "ds"
    if re.search(r"\btrust-anchor:", line):
        kind = f"unbound {kind}"
    elif "trust_anchors." in line:
        kind = f"knot {kind}"
    elif match["type"].upper() == "KEYDATA":
        kind = "keydata"
    return kind, "", match.start() if owner is None else line_start + line.rfind(owner), owner


def _is_root(owner: str, before: str) -> bool:
    """Tell whether an owner may be the root: a dot, or `@` unless a line before names another origin."""
    name = owner.strip("\"'\\")
    if name == "@":
        origins = re.findall(r"^\$ORIGIN\s+(\S+)", before, re.MULTILINE)
        return not origins or origins[-1] == "."
    return name in (".", "")


def _zone_of(before: str) -> str | None:
    """Return the name of another zone than the root, if the object or element around says so."""
    zones = _ZONE_ELEMENT.findall(before)
    if zones and zones[-1] != ".":
        return str(zones[-1])
    near = before[-600:]
    near = near[near.rfind("}") + 1 :]
    for pattern in (_MEMBER, _HEADER):
        for name in reversed(pattern.findall(near)):
            if name != "." and _DOMAIN.fullmatch(name) and "." in name:
                return str(name)
            break
    return None
