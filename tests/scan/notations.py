"""Root anchors as people write them: every text here holds KSK-2017 alone, by key or by digest."""

from __future__ import annotations

import textwrap
from base64 import b64decode, b64encode

from lab.scan.material import KNOWN

OLD, MIDDLE, NEW = KNOWN
DIGEST = MIDDLE.digests[0][1]
HEX = DIGEST.hex().upper()
SHA1 = MIDDLE.digests[1][1].hex().upper()
KEY = b64encode(MIDDLE.public_key).decode()
LINES = textwrap.wrap(KEY, 56)
RDATA = bytes((1, 1, 3, 8)) + MIDDLE.public_key


def array(octets: bytes, form: str, between: str = ", ") -> str:
    """Return octets as the members of an array, twelve a line."""
    rows = [octets[at : at + 12] for at in range(0, len(octets), 12)]
    return ",\n    ".join(between.join(form.format(octet) for octet in row) for row in rows)


NOTATIONS: dict[str, str | bytes] = {
    "root.ds": f". IN DS 20326 8 2 {HEX}\n",
    "bare.ds": f".\tDS\t20326 8 2 {HEX.lower()}\n",
    "ttl.zone": f". 172800 IN DS 20326 8 2 ( {HEX[:40]}\n   {HEX[40:]} ) ; KSK-2017\n",
    "sha1.ds": f". IN DS 20326 8 1 {SHA1}\n",
    "quoted.ds": f'. IN DS 20326 8 2 "{HEX[:32]}" "{HEX[32:]}"\n',
    "root.key": f". IN DNSKEY 257 3 8 {KEY}\n",
    "multi.key": ". 3600 IN DNSKEY 257 3 8 (\n\t\t" + "\n\t\t".join(LINES) + "\n\t\t) ; key id = 20326\n",
    "mnemonic.key": f". IN DNSKEY 257 3 RSASHA256 {KEY}\n",
    "generic.ds": f". IN TYPE43 \\# 36 4F660802{HEX}\n",
    "generic.key": f". IN TYPE48 \\# 264 ( 01010308 {MIDDLE.public_key.hex()} )\n",
    "trusted.conf": f'trusted-keys {{\n  "." 257 3 8 "{KEY}";\n}};\n',
    "managed.conf": 'managed-keys {\n  . initial-key 257 3 8 "' + "\n   ".join(LINES) + '";\n};\n',
    "static.conf": f'trust-anchors {{ "." static-ds 20326 8 2 "{HEX}"; }};\n',
    "unbound.conf": f'server:\n  trust-anchor: ". DS 20326 8 2 {HEX}"\n',
    "auto.key": f". 172800 IN DNSKEY 257 3 8 {KEY} ;{{id = 20326 (ksk)}} ;;state=2 [  VALID  ] ;;count=0\n",
    "kresd.lua": f"trust_anchors.add('. IN DS 20326 8 2 {HEX}')\n",
    "recursor.lua": f'addTA(\'.\', "20326 8 2 {HEX.lower()}")\n',
    "recursor.yml": f"trustanchors:\n  - name: .\n    dsrecords:\n      - '20326 8 2 {HEX}'\n",
    "dnsmasq.conf": f"trust-anchor=.,20326,8,2,{HEX}\n",
    "pihole.sh": f"exec dnsmasq \\\n  --trust-anchor=.,20326,8,2,{HEX} \\\n  -k\n",
    "root.positive": f". IN DS 20326 8 2 {HEX.lower()}\n",
    "anchors.xml": f'<TrustAnchor id="1"><Zone>.</Zone>\n<KeyDigest id="K" validFrom="2017-02-02">\n'
    f"<KeyTag>20326</KeyTag><Algorithm>8</Algorithm><DigestType>2</DigestType>\n<Digest>{HEX}</Digest>\n"
    "</KeyDigest></TrustAnchor>\n",
    "anchors9718.xml": f"<TrustAnchor><Zone>.</Zone><KeyDigest><Digest>{HEX}</Digest>\n<PublicKey>{KEY}"
    "</PublicKey><Flags>257</Flags></KeyDigest></TrustAnchor>\n",
    "anchors.json": f'{{"zone": ".", "keyTag": 20326, "algorithm": 8, "digest": "{HEX}"}}\n',
    "escaped.json": '{"key": "' + KEY.replace("/", "\\/").replace("=", "\\u003d") + '"}\n',
    "anchor.c": f'const char *ta[] = {{\n  ". IN DS 20326 8 2 "\n  "{HEX[:32]}"\n  "{HEX[32:]}\\n",\n}};\n',
    "bind.keys.h": "#define BIND_KEYS \\\n" + "\\n\\\n".join(
        (". initial-key 257 3 8 \\\"", *LINES, "\\\";")) + "\n",
    "array.c": f"static const uint8_t digest[] = {{\n    {array(DIGEST, '0x{:02X}')} }};\n",
    "short.c": f"uint8_t digest[] = {{ {array(DIGEST, '{:#x}', ',')} }};\n",
    "rdata.c": f"uint8_t rdata[] = {{ {array(RDATA, '0x{:02x}')} }};\n",
    "words.c": "uint32_t d[] = {" + ", ".join(f"0x{HEX[at : at + 8]}u" for at in range(0, 64, 8)) + "};",
    "origin.zone": f"$ORIGIN .\n@ IN DS 20326 8 2 {HEX}\n",
    "decimal.go": f"var digest = []byte{{{array(DIGEST, '{}')}}}\n",
    "miekg.go": f'&dns.DS{{Hdr: dns.RR_Header{{Name: "."}}, KeyTag: 20326, Digest: "{HEX}"}}\n',
    "concat.go": 'const key = "' + '" +\n\t"'.join(LINES) + '"\n',
    "anchor.rs": f"const TA: [u8; 32] = [{array(DIGEST, '{:#04x}')}];\n",
    "concat.rs": 'concat!("' + '",\n  "'.join(LINES) + '")\n',
    "repr.py": f"DIGEST = {DIGEST!r}\n",
    "implicit.py": "KEY = (\n  '" + "'\n  '".join(LINES) + "'\n)\n",
    "Signed.java": f"byte[] d = {{ {', '.join(str(o - 256 if o > 127 else o) for o in DIGEST)} }};\n",
    "Cast.java": f"byte[] d = {{ {array(DIGEST, '(byte)0x{:02x}')} }};\n",
    "plus.js": "const key = '" + "' +\n '".join(LINES) + "';\n",
    "escapes.js": 'const d = "' + "".join(f"\\x{o:02x}" for o in DIGEST) + '";\n',
    "colons.txt": ":".join(f"{o:02x}" for o in DIGEST) + "\n",
    "words.txt": " ".join(HEX[at : at + 4] for at in range(0, 64, 4)) + "\n",
    "Dockerfile": f"FROM scratch\nRUN echo '. IN DS 20326 8 2 {HEX}' > /etc/root.ds\n",
    "anchor.tf": f'variable "ta" {{\n  default = ". IN DS 20326 8 2 {HEX}"\n}}\n',
    "base64.json": f'{{"digest": "{b64encode(DIGEST).decode()}"}}\n',
    "url.json": f'{{"n": "{KEY.replace("+", "-").replace("/", "_").rstrip("=")}"}}\n',
    "wide.ini": b"\xff\xfe" + f"anchor=. IN DS 20326 8 2 {HEX}\r\n".encode("utf-16-le"),
    "strings.bin": b"\x7fELF\0\1\2" + f"key\0. IN DS 20326 8 2 {HEX}\0root".encode() + bytes(range(256)),
    "packed.bin": b"\x7fELF\0" + b"somethingelse" + HEX.encode() + b"nextstring",
    "digest.bin": b"\0\1" * 200 + DIGEST + b"\xff\0" * 20,
    "rdata.bin": b"\0\1" * 200 + RDATA + b"\xff\0" * 20,
    "net.dll": b"MZ\0\0" + HEX.encode("utf-16-le") + b"\0\0",
}  # fmt: skip

assert b64decode(KEY) == MIDDLE.public_key

_OTHER = "E06D44B80B8F1D39A95C0B0D7C65D08458E880409BBC683457104237C7F8EC8E"

DECOYS: dict[str, str | bytes] = {
    "numbers.py": "PORT = 20326\nLIMIT = 19036\nDNSSEC = (38696, 8, 2)\n",
    "altered.ds": f". IN DS 20326 8 2 {_OTHER}\n",
    "altered.key": f". IN DNSKEY 257 3 8 {KEY[:100]}{'A' if KEY[100] != 'A' else 'B'}{KEY[101:]}\n",
    "plus.key": f". IN DNSKEY 257 3 8 {KEY.replace('+', '/', 1)}\n",
    "truncated.ds": f". IN DS 20326 8 2 {HEX[:-2]}\n",
    "truncated.key": f". IN DNSKEY 257 3 8 {KEY[:-8]}\n",
    "longer.txt": f"{HEX}AB\n{'CD' + HEX}\n",
    "com.ds": f"com. IN DS 20326 8 2 {_OTHER}\n",
    "zone.key": f"example.com. 3600 IN DNSKEY 257 3 8 {KEY}\n",
    "relative.zone": f"example 3600 IN DNSKEY 257 3 8 {KEY}\n",
    "origin.key": f"$ORIGIN example.\n@ IN DNSKEY 257 3 8 {KEY}\n",
    "zone.conf": f'trust-anchors {{ "example.com" static-key 257 3 8 "{KEY}"; }};\n',
    "zone.dnsmasq": f"trust-anchor=example.com,20326,8,2,{HEX}\n",
    "zone.xml": f"<TrustAnchor><Zone>example.</Zone><KeyDigest><Digest>{HEX}</Digest></KeyDigest>\n",
    "zone.json": f'{{"zone": "example.com.", "digest": "{HEX}"}}\n',
    "zone.lua": f'addTA("example.com", "20326 8 2 {HEX}")\n',
    "tag.ds": f". IN DS 20327 8 2 {HEX}\n",
    "type.ds": f". IN DS 20326 8 1 {HEX}\n",
    "zsk.key": f". IN DNSKEY 256 3 8 {KEY}\n",
    "revoked.key": f". IN DNSKEY 385 3 8 {KEY}\n",
    "pending.key": f". 172800 IN DNSKEY 257 3 8 {KEY} ;;state=1 [ ADDPEND ] ;;count=2\n",
    "pending.keys": f"; . 3600 DNSKEY 257 3 8 {KEY} ; AddPend:1514000000 ; KeyTag:20326\n",
    "pending.bind": f"  KEYDATA 20260101000000 20260120000000 19700101000000 257 3 8 ( {KEY} )\n",
    "comment.conf": f'server:\n  # trust-anchor: ". DS 20326 8 2 {HEX}"\n',
    "comment.zone": f"; . IN DS 20326 8 2 {HEX}\n",
    "comment.c": f"// the anchor was {HEX}\nint x; // {HEX}\n/* also\n   {HEX}\n */\n",
    "comment.lua": f"--trust_anchors.add('. IN DS 20326 8 2 {HEX}')\n",
    "comment.py": f"x = 1  # . IN DS 20326 8 2 {HEX}\n",
    "comment.xml": f"<a><!-- <Digest>{HEX}</Digest> --></a>\n",
    "random.b64": b64encode(bytes(range(256)) * 9),
    "other.key": f". IN DNSKEY 257 3 8 AwEAAa{'x' * 338}\n",
}
"""Texts that look like anchors of the root and are none."""
