"""What drivers of forwarders read and foretell, without their programs."""

from __future__ import annotations

from pathlib import Path

import pytest

from lab.authority.keyring import KeyRing
from lab.clock import DAY
from lab.dnssec.names import ROOT
from lab.drivers import unpack
from lab.drivers.driver import Setting
from lab.drivers.table import DRIVERS
from lab.errors import DriverError
from lab.resolver.profiles import MODELS

OLD, NEW = (KeyRing({}).key(name) for name in ("ksk-2010", "ksk-2017"))
START = "Tue 2018-12-25 00:00:01 UTC Positive Trust Anchors:\n"
LISTED = "".join(
    f"Tue 2018-12-25 00:00:01 UTC . IN DS {key.ds(ROOT).to_text().lower()}\n" for key in (OLD, NEW)
)
REVOKED = (
    "Fri 2019-01-11 14:00:00 UTC DNSSEC trust anchor "
    f". IN DS {OLD.ds(ROOT).to_text().lower()} has been revoked.\n"
    "Fri 2019-01-11 14:00:00 UTC Please update the trust anchor, or upgrade your operating system.\n"
)


def no_tool(_command: object) -> str:
    """Fail: nobody is asked."""
    raise DriverError("there is no tool")


def setting(folder: Path) -> Setting:
    """Return a setting with both keys for anchors."""
    return Setting(folder, "127.0.0.2", (OLD, NEW), forward_to="127.0.0.9")


@pytest.mark.parametrize(
    ("log", "tags"),
    [
        (START + LISTED, [OLD.tag, NEW.tag]),
        (START + LISTED + REVOKED, [NEW.tag]),
        (
            START + LISTED + REVOKED + REVOKED.replace("has been", "is not") + START + LISTED,
            [OLD.tag, NEW.tag],
        ),
        (START, []),
        ("Tue 2018-12-25 00:00:01 UTC Using system hostname\n", None),
    ],
    ids=["listed", "revoked", "started again", "none", "not begun"],
)
def test_what_resolved_trusts(tmp_path: Path, log: str, tags: list[int] | None) -> None:
    """Its log lists the anchors at each start and names those that it takes out after that."""
    (tmp_path / "log.txt").write_text(log)
    readings = DRIVERS["systemd-resolved"].trust(setting(tmp_path), no_tool)
    assert (None if readings is None else [one.key_tag for one in readings]) == tags


def test_when_resolved_is_read_again(tmp_path: Path) -> None:
    """Nothing is read before there is a log, and again whenever it has grown."""
    driver = DRIVERS["systemd-resolved"]
    assert (driver.trust(setting(tmp_path), no_tool), driver.stamp(setting(tmp_path))) == (None, None)
    stamps = []
    for text in (START, START + LISTED, START + LISTED):
        (tmp_path / "log.txt").write_text(text)
        stamps.append(driver.stamp(setting(tmp_path)))
    assert stamps[0] != stamps[1] == stamps[2]


@pytest.mark.parametrize("name", ["dnsmasq", "systemd-resolved"])
def test_keys_are_given_as_ds(tmp_path: Path, name: str) -> None:
    """Digests are all that dnsmasq takes; a DNSKEY is the whole RRset of the root for systemd-resolved."""
    text = "".join(DRIVERS[name].files(setting(tmp_path)).values()).lower()
    for key in (OLD, NEW):
        assert key.ds(ROOT).to_text().split()[-1].lower() in text
    assert "dnskey" not in text


def test_when_clients_are_to_ask(tmp_path: Path) -> None:
    """Clients are to ask dnsmasq when the DNSKEY RRset that it has fetched runs out, after 48 h."""
    due = DRIVERS["dnsmasq"].due
    assert due(setting(tmp_path), no_tool, None) == ()
    assert due(setting(tmp_path), no_tool, 1000) == (1000 + 2 * DAY + 1,)


def test_each_has_a_model() -> None:
    """Every forwarder is held against a preset that keeps its anchors."""
    models = {name: driver.model for name, driver in DRIVERS.items() if driver.forwards}
    assert models == {name: name for name in ("dnsmasq", "systemd-resolved", "stubby")}
    assert all(MODELS[model].policy.base == "none" for model in models.values())


def test_what_root_has_fetched_serves_everybody(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """An unpacked program is looked for in the system, then in one's own cache, then in root's."""
    monkeypatch.setattr(unpack, "_SYSTEM_CACHE", tmp_path / "system")
    monkeypatch.setattr(unpack, "cache", lambda: tmp_path / "own")
    own, system = (tmp_path / place / "p" / "no/such/file" for place in ("own", "system"))
    assert unpack.path_of("p", "no/such/file") == own
    for path in (system, own):
        path.parent.mkdir(parents=True)
        path.touch()
        assert unpack.path_of("p", "no/such/file") == path
