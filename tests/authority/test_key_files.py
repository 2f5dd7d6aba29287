"""A user's own key comes as PEM or as the pair of files BIND makes, and a pair must belong together."""

from __future__ import annotations

import subprocess
from base64 import b64encode
from collections.abc import Callable
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import load_pem_private_key

from lab.authority.keyring import KeyRing
from lab.dnssec.keys import verify_bytes
from lab.errors import KeyFileError
from lab.resources import zones_path

SHIPPED = KeyRing()


def text(number: int) -> str:
    """Write a number as BIND does."""
    return b64encode(number.to_bytes((number.bit_length() + 7) // 8, "big")).decode()


def private_file(name: str, algorithm: int = 8) -> str:
    """Return a shipped key as dnssec-keygen would have written its K*.private."""
    key = load_pem_private_key((zones_path() / "keys" / f"{name}.pem").read_bytes(), None)
    lines = ["Private-key-format: v1.3", f"Algorithm: {algorithm} (WHATEVER)"]
    if isinstance(key, rsa.RSAPrivateKey):
        own = key.private_numbers()
        fields = {
            "Modulus": own.public_numbers.n, "PublicExponent": own.public_numbers.e, "PrivateExponent": own.d,
            "Prime1": own.p, "Prime2": own.q, "Exponent1": own.dmp1, "Exponent2": own.dmq1,
            "Coefficient": own.iqmp,
        }  # fmt: skip
    else:
        assert isinstance(key, ec.EllipticCurvePrivateKey)
        fields = {"PrivateKey": key.private_numbers().private_value}
    return "\n".join([*lines, *(f"{name}: {text(value)}" for name, value in fields.items()), ""])


def public_file(name: str, flags: int) -> str:
    """Return a shipped key as a K*.key."""
    key = SHIPPED.key(name, flags)
    public = b64encode(key.public_key).decode()
    return (
        f"; This is a key\n. 3600 IN DNSKEY {flags} 3 {key.algorithm} (\n  {public[:60]}\n  {public[60:]} )\n"
    )


def pair(folder: Path, private: str, public: str | None) -> Path:
    """Write a pair of files and return the path of the private one."""
    path = folder / "K.+008+00001.private"
    path.write_text(private)
    if public is not None:
        path.with_suffix(".key").write_text(public)
    return path


@pytest.mark.parametrize(("name", "algorithm"), [("ksk-spare-1", 8), ("ksk-spare-1", 10), ("ksk-ecdsa", 13)])
def test_pair(tmp_path: Path, name: str, algorithm: int) -> None:
    """Named by either file, a pair is the same signing key as in PEM; the algorithm is the file's."""
    public = public_file(name, 257) if algorithm != 10 else None
    path = pair(tmp_path, private_file(name, algorithm), public)
    for named in (path, path.with_suffix(".key"))[: 2 if public else 1]:
        found = KeyRing({"own": named}).get("own")
        assert found.key.public_key == SHIPPED.key(name).public_key
        assert found.key.algorithm == algorithm
        assert verify_bytes(found.key, found.sign(b"data"), b"data")


@pytest.mark.parametrize("algorithm", ["RSASHA256", "ECDSAP256SHA256", "ECDSAP384SHA384", "ED25519", "ED448"])
@pytest.mark.parametrize("role", ["own", "zsk-own"])
def test_bind_makes_them(
    tmp_path: Path, debian_tool: Callable[[str], str], algorithm: str, role: str
) -> None:
    """What dnssec-keygen makes is read, signs, and is the key dnssec-keygen says it is."""
    bits = ["-b", "2048"] if algorithm.startswith("RSA") else []
    kind = [] if role.startswith("zsk") else ["-f", "KSK"]
    command = [debian_tool("dnssec-keygen"), "-q", "-K", str(tmp_path), "-a", algorithm, *bits, *kind, "."]
    made = subprocess.run(command, capture_output=True, text=True, check=True).stdout.strip()
    for suffix in (".private", ".key"):
        found = KeyRing({role: tmp_path / f"{made}{suffix}"}).get(role)
        assert made == f"K.+{found.key.algorithm:03}+{found.key.tag:05}"
        assert verify_bytes(found.key, found.sign(b"data"), b"data")


MISTAKES = {
    "torn pair": (("ksk-spare-1", 8), ("ksk-spare-2", 257), "the K*.key beside it is another key's"),
    "a ZSK's": (("ksk-spare-1", 8), ("ksk-spare-1", 256), "flags 256, and its name stands for flags 257"),
    "other algorithm": (("ksk-spare-1", 10), ("ksk-spare-1", 257), "the K*.key beside it is another key's"),
    "unknown algorithm": (("ksk-spare-1", 5), None, "not a private key of algorithm 5"),
    "wrong algorithm": (("ksk-spare-1", 13), None, "not a private key of algorithm 13 (no PrivateKey)"),
    "not RSA": (("ksk-ecdsa", 8), None, "not a private key of algorithm 8 (no Prime1)"),
}


@pytest.mark.parametrize(("private", "public", "problem"), MISTAKES.values(), ids=MISTAKES)
def test_mistakes(
    tmp_path: Path, private: tuple[str, int], public: tuple[str, int] | None, problem: str
) -> None:
    """A pair that does not belong together, or numbers of another kind of key, are told with the file."""
    path = pair(tmp_path, private_file(*private), None if public is None else public_file(*public))
    with pytest.raises(KeyFileError) as caught:
        KeyRing({"own": path}).get("own")
    assert problem in str(caught.value)
    assert str(caught.value).startswith(f"{path}: ")
    assert caught.value.remedy


@pytest.mark.parametrize(
    "text",
    [
        "Private-key-format: v1.3\n",
        "Private-key-format: v1.3\nAlgorithm: eight\n",
        "Private-key-format: v1.3\nAlgorithm: 13\nPrivateKey: !\n",
        "Private-key-format: v1.3\nAlgorithm: 13\nPrivateKey: AAAA\u00e4\n",
        "Private-key-format: v1.3\nAlgorithm: 15\nPrivateKey: AAAA\n",
        "Private-key-format: v1.3\nAlgorithm: 8\nModulus: AAAA\nPublicExponent: AAAA\nPrivateExponent: AAAA\n"
        "Prime1: AAAA\nPrime2: AAAA\nExponent1: AAAA\nExponent2: AAAA\nCoefficient: AAAA\n",
    ],
)
def test_damaged_private(tmp_path: Path, text: str) -> None:
    """A private file with fields missing or spoiled is refused in one line."""
    path = pair(tmp_path, text, None)
    with pytest.raises(KeyFileError, match="not a private key of algorithm"):
        KeyRing({"own": path}).get("own")


def test_changed_number(tmp_path: Path) -> None:
    """RSA numbers that do not fit each other are refused: such a key would sign what nobody can verify."""
    changed = private_file("ksk-spare-1").replace("PublicExponent: AQAB", "PublicExponent: Aw==")
    with pytest.raises(KeyFileError, match="not a private key of algorithm 8"):
        KeyRing({"own": pair(tmp_path, changed, None)}).get("own")


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("", "0 DNSKEY records where one is wanted"),
        (". IN DNSKEY 257 3\n", "its DNSKEY cannot be read"),
        (". IN DNSKEY 257 3 8 A!\n", "its DNSKEY cannot be read"),
        (". IN DNSKEY 99999 3 8 AAAA\n", "its DNSKEY cannot be read"),
        (". IN DNSKEY 257 3 8 AAAA\n" * 2, "2 DNSKEY records where one is wanted"),
    ],
)
def test_damaged_public(tmp_path: Path, text: str, problem: str) -> None:
    """A K*.key that is none is told under its own name, whichever of the pair was named."""
    path = pair(tmp_path, private_file("ksk-spare-1"), text)
    for named in (path, path.with_suffix(".key")):
        with pytest.raises(KeyFileError, match=problem) as caught:
            KeyRing({"own": named}).get("own")
        assert str(caught.value).startswith(f"{path.with_suffix('.key')}: ")


def test_public_key_alone(tmp_path: Path) -> None:
    """A public key without its private half signs nothing: so it is with every key of the real root."""
    path = tmp_path / "Kroot.key"
    path.write_text(public_file("ksk-2017", 257))
    with pytest.raises(KeyFileError, match=r"a public key alone, and the lab has to sign; put Kroot.private"):
        KeyRing({"own": path}).get("own")


def test_real_root_key_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The private half of a key the real root is trusted by would be refused in BIND's format, too."""
    path = pair(tmp_path, private_file("ksk-spare-1"), public_file("ksk-spare-1", 257))
    monkeypatch.setattr("lab.authority.keyring.is_real_root_ksk", lambda key: key.tag == 47531)
    for named in (path, path.with_suffix(".key")):
        with pytest.raises(KeyFileError, match="a trust anchor of the real root"):
            KeyRing({"own": named}).get("own")


def test_revoked_in_its_file(tmp_path: Path) -> None:
    """A K*.key that BIND has revoked (flags 385) is the same key; the timeline says when it is revoked."""
    path = pair(tmp_path, private_file("ksk-spare-1"), public_file("ksk-spare-1", 385))
    assert KeyRing({"own": path}).key("own") == SHIPPED.key("ksk-spare-1")
