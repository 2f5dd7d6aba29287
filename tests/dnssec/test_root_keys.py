"""The real root KSKs are known by their public key in any guise, and test keys are not among them."""

from __future__ import annotations

import base64
import re
from pathlib import Path

import pytest

from lab.dnssec.keys import DS, Key
from lab.dnssec.names import ROOT
from lab.dnssec.root_keys import REAL_ROOT_DS, is_real_root_ksk, real_root_label

from .material import shipped


@pytest.fixture(scope="module")
def real_keys(shared_data: Path) -> dict[str, Key]:
    """Read the real KSK-2010 and KSK-2017 from a ceremony file."""
    text = (shared_data / "skr" / "skr-root-2017-q3-0-c_to_d.xml").read_text()
    found = re.findall(r'keyIdentifier="K(\w+)" keyTag.*?<PublicKey>(.*?)</PublicKey>', text, re.DOTALL)
    return {name: Key(257, 8, base64.b64decode(public)) for name, public in found}


def test_real_keys_match_their_ds(real_keys: dict[str, Key]) -> None:
    """The digests of root-anchors.xml (RFC 9718) are those of the keys in the ceremony file."""
    anchors = dict(REAL_ROOT_DS)
    assert anchors["KSK-2010"].matches(ROOT, real_keys["jqmt7v"])
    assert anchors["KSK-2017"].matches(ROOT, real_keys["lajeyz"])


@pytest.mark.parametrize("flags", [256, 257, 385, 0])
@pytest.mark.parametrize("algorithm", [8, 10])
def test_a_real_key_is_known_in_any_guise(real_keys: dict[str, Key], flags: int, algorithm: int) -> None:
    """Flags, REVOKE and algorithm number do not hide a real key."""
    key = Key(flags, algorithm, real_keys["lajeyz"].public_key)
    assert is_real_root_ksk(key)
    assert real_root_label(key) == "KSK-2017"


def test_revoked_digests_are_the_published_ones(real_keys: dict[str, Key]) -> None:
    """The digest over the revoked KSK-2010 is the known one, and its tag 19164."""
    digest = "29868EE4CB4CC0C56C42D844F06DAF6CD8B488BD8AD650676696F67AA7A38BDB"
    assert real_keys["jqmt7v"].revoked().ds(ROOT) == DS(19164, 8, 2, bytes.fromhex(digest))


@pytest.mark.parametrize("name", ["ksk-2010", "ksk-2017", "ksk-2024"])
def test_a_test_key_with_a_real_tag_is_not_real(name: str) -> None:
    """The lab's own keys have the real tags; the public key decides, not the tag."""
    key = shipped(f"{name}.pem", 257).key
    assert key.tag in [ds.key_tag for _, ds in REAL_ROOT_DS]
    assert not is_real_root_ksk(key)
