"""Test the key ring: every name has its key, and no real trust anchor signs."""

from __future__ import annotations

import os
from pathlib import Path

import dns.dnssec
import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa, x25519

from lab.authority.keyring import MAX_KEY_FILE, KeyRing
from lab.authority.slots import root_history, root_key_bits
from lab.dnssec import root_keys
from lab.dnssec.keys import verify_bytes
from lab.dnssec.names import ROOT
from lab.errors import KeyFileError


def write_pem(path: Path, private: object, password: bytes | None = None) -> Path:
    """Write a private key of `cryptography` as PKCS #8."""
    encryption = serialization.BestAvailableEncryption(password) if password else serialization.NoEncryption()
    path.write_bytes(
        private.private_bytes(  # type: ignore[attr-defined]
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, encryption
        )
    )
    return path


@pytest.mark.parametrize(
    ("name", "flags", "algorithm", "tag"),
    [
        ("ksk-2010", 257, 8, 19036),
        ("ksk-2017", 257, 8, 20326),
        ("ksk-2024", 257, 8, 38696),
        ("ksk-ecdsa", 257, 13, 46253),
        ("zsk-ecdsa", 256, 13, 11469),
        ("child", 257, 13, 41862),
    ],
)
def test_shipped_keys(name: str, flags: int, algorithm: int, tag: int) -> None:
    """A name tells a key's flags: a KSK's unless it begins with `zsk-` (RFC 4034 section 2.1.1)."""
    key = KeyRing().key(name)
    assert (key.flags, key.algorithm, key.tag) == (flags, algorithm, tag)


def test_revoked_copy() -> None:
    """A key asked for with REVOKE is the same key under its revoked tag, and signs (RFC 5011 section 2.1)."""
    ring = KeyRing()
    revoked = ring.get("ksk-2010", 257 | 0x80)
    assert (revoked.key.tag, revoked.key.key_tag) == (19164, 19036)
    assert verify_bytes(ring.key("ksk-2010"), revoked.sign(b"x"), b"x")


def test_every_quarter_has_its_zsk() -> None:
    """The ZSKs of the root's history are all there, of the right size, and neighbours differ."""
    ring = KeyRing()
    names = list(dict.fromkeys(name for step in root_history().steps for name in step.keys.zsks))
    assert len(names) > 40
    keys = [ring.key(name) for name in names]
    assert [len(key.public_key) - 4 for key in keys] == [root_key_bits(name) // 8 for name in names]
    assert {key.flags for key in keys} == {256}
    assert len({key.tag for key in keys}) == len(keys)


def test_zsk_is_stable() -> None:
    """A quarter's ZSK is number (4 x year + quarter) of its pool, as zones/keys/README.md says."""
    ring = KeyRing()
    pool = (Path(__file__).parent.parent.parent / "zones" / "keys" / "zsk-pool.pem").read_bytes()
    blocks = pool.split(b"-----BEGIN PRIVATE KEY-----\n")[1:]
    index = (4 * 2017 + 3) % 64
    private = serialization.load_pem_private_key(b"-----BEGIN PRIVATE KEY-----\n" + blocks[index], None)
    assert isinstance(private, rsa.RSAPrivateKey)
    expected = dns.dnssec.make_dnskey(private.public_key(), 8)
    assert ring.key("zsk-2017q3").rdata == expected.to_wire()


def test_own_key_file(tmp_path: Path) -> None:
    """A caller's key file is used under its name, and wins over a shipped key of that name."""
    private = ec.generate_private_key(ec.SECP256R1())
    path = write_pem(tmp_path / "mine.pem", private)
    ring = KeyRing({"mine": path, "ksk-2010": path})
    assert ring.key("mine").identity == ring.key("ksk-2010").identity
    assert ring.key("mine").algorithm == 13
    assert verify_bytes(ring.key("mine"), ring.get("mine").sign(b"data"), b"data")
    assert "mine" in ring.names()


@pytest.mark.parametrize("kind", ["rsa", "p384", "ed25519"])
def test_own_key_kinds(tmp_path: Path, kind: str) -> None:
    """RSA, ECDSA and EdDSA files can be used, whatever their PEM says besides the key."""
    private = {
        "rsa": lambda: rsa.generate_private_key(65537, 2048),
        "p384": lambda: ec.generate_private_key(ec.SECP384R1()),
        "ed25519": ed25519.Ed25519PrivateKey.generate,
    }[kind]()
    path = write_pem(tmp_path / "key.pem", private)
    path.write_bytes(b"a comment\r\n" + path.read_bytes().replace(b"\n", b"\r\n") + b"\nthe end\n")
    assert KeyRing({"mine": path}).key("mine").algorithm == {"rsa": 8, "p384": 14, "ed25519": 15}[kind]


def test_label_is_the_name_first_used() -> None:
    """A key's label is the name it was first asked for; a key never asked for has none."""
    ring = KeyRing()
    key = KeyRing().key("ksk-2017")
    assert ring.label(key.identity) is None
    ring.get("ksk-2017", 257 | 0x80)
    assert ring.label(key.identity) == "ksk-2017"


def test_keys_are_loaded_once() -> None:
    """The same name and flags give the same object."""
    ring = KeyRing()
    assert ring.get("ksk-2017") is ring.get("ksk-2017", 257)


@pytest.mark.parametrize("flags", [None, 256, 257 | 0x80])
def test_real_root_key_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, flags: int | None) -> None:
    """A key that resolvers trust as a root KSK never signs here, under whatever name and flags.

    Nobody has such a private key, so the lab is told that a key of ours is one.
    """
    path = write_pem(tmp_path / "key.pem", rsa.generate_private_key(65537, 2048))
    own = KeyRing({"own": path}).key("own")
    root_keys._label.cache_clear()
    monkeypatch.setattr(root_keys, "REAL_ROOT_DS", (("KSK-9999", own.ds(ROOT)),))
    ring = KeyRing({"zsk-innocent": path})
    with pytest.raises(
        KeyFileError, match=r"key\.pem: key 'zsk-innocent' is a trust anchor of the real root"
    ):
        ring.get("zsk-innocent", flags)
    assert ring.label(own.identity) is None
    root_keys._label.cache_clear()


def test_tag_of_a_real_root_key_is_no_reason_to_refuse() -> None:
    """Identity is the public key: our keys with the real tags sign."""
    ring = KeyRing()
    real = [ds.key_tag for _, ds in root_keys.REAL_ROOT_DS]
    assert [ring.key(name).tag for name in ("ksk-2010", "ksk-2017", "ksk-2024")] == real


@pytest.mark.parametrize(
    "name", ["", "../secret", "KSK-2017", "ksk/2017", "-x", "x-", "a" * 64, "zsk 2017q3", "ksk-2017\n"]
)
def test_name_that_is_no_name(name: str) -> None:
    """A name that could lead out of the folder is refused before any file is opened."""
    with pytest.raises(KeyFileError, match="is not a name for a key; use lower-case letters"):
        KeyRing().get(name)
    with pytest.raises(KeyFileError, match="is not a name for a key"):
        KeyRing({name: Path("key.pem")})


@pytest.mark.parametrize("name", ["ksk-2099", "zsk-2017q5", "zsk-pool", "zsk-1024-pool"])
def test_unknown_name(name: str) -> None:
    """An unknown name is answered with those there are; a pool is not a key."""
    with pytest.raises(KeyFileError, match=f"there is no key named '{name}'; known names: child, ksk-2010, "):
        KeyRing().get(name)


@pytest.mark.parametrize(
    ("content", "problem"),
    [
        (b"", "holds 0 private keys"),
        (b"-----BEGIN PUBLIC KEY-----\nAAAA\n-----END PUBLIC KEY-----\n", "holds 0 private keys"),
        (b"-----BEGIN PRIVATE KEY-----\nAAAA\n", "holds 0 private keys"),
        (b"-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n" * 2, "holds 2 private keys"),
        (
            b"-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n",
            "cannot be used: not an unencrypted",
        ),
        (b"x" * (MAX_KEY_FILE + 1), "holds too much text"),
    ],
)
def test_file_that_is_no_key(tmp_path: Path, content: bytes, problem: str) -> None:
    """A file without exactly one readable private key is refused in one line that names it."""
    path = tmp_path / "bad.pem"
    path.write_bytes(content)
    with pytest.raises(KeyFileError, match=problem) as caught:
        KeyRing({"mine": path}).get("mine")
    assert str(caught.value).startswith(f"{path}: ")
    assert "\n" not in str(caught.value)


def test_encrypted_and_foreign_keys(tmp_path: Path) -> None:
    """An encrypted key and a key DNSSEC cannot sign with are refused."""
    locked = write_pem(tmp_path / "locked.pem", ed25519.Ed25519PrivateKey.generate(), b"secret")
    foreign = write_pem(tmp_path / "foreign.pem", x25519.X25519PrivateKey.generate())
    ring = KeyRing({"locked": locked, "foreign": foreign})
    with pytest.raises(KeyFileError, match="not an unencrypted private key"):
        ring.get("locked")
    with pytest.raises(KeyFileError, match="a kind of key that DNSSEC does not sign with"):
        ring.get("foreign")


def test_file_that_cannot_be_read(tmp_path: Path) -> None:
    """A missing file, a folder and a pipe are refused; a pipe is not waited for."""
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    ring = KeyRing({"missing": tmp_path / "none.pem", "folder": tmp_path, "pipe": pipe})
    with pytest.raises(KeyFileError, match="cannot be read: No such file"):
        ring.get("missing")
    for name in ("folder", "pipe"):
        with pytest.raises(KeyFileError, match="cannot be read: not a regular file"):
            ring.get(name)


def test_other_folder(tmp_path: Path) -> None:
    """A ring over another folder knows that folder's keys only."""
    write_pem(tmp_path / "only.pem", ed25519.Ed25519PrivateKey.generate())
    ring = KeyRing(folder=tmp_path)
    assert ring.names() == ("only",)
    assert ring.key("only").algorithm == 15
    with pytest.raises(KeyFileError, match="known names: only, zsk-YYYYqN"):
        ring.get("ksk-2017")


def test_ring_is_lazy() -> None:
    """A ring reads no file before a key is asked for, so that a bad one hurts only who uses it."""
    ring = KeyRing({"broken": Path("/nonexistent/key.pem")})
    assert ring.key("ksk-2017").tag == 20326
