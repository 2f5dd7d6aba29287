"""A driver in a TOML file: what it may say, and how a mistake is told."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from lab.authority.keyring import KeyRing
from lab.dnssec.names import ROOT
from lab.drivers.driver import Setting
from lab.drivers.generic import Generic, load_driver
from lab.drivers.table import driver_of
from lab.errors import ScenarioError

KEY = KeyRing({}).key("ksk-2017")
SETTING = Setting(Path("/run/x"), "127.0.0.2", (KEY.ds(ROOT), KEY), address6="fd00::2", udp_size=4096)
GOOD = """\
name = "mine"
command = ["mydns", "--config=$folder/mine.conf"]
managed = true
anchor = "trust $commas"
[files]
"mine.conf" = "$address $address6 $udp_size $tcp [$forward_to] $$5\\n$anchors_ds"
[seeds]
"state/keys" = "$anchors"
[environment]
MYDNS = "$run"
"""


def load(folder: Path, text: str) -> Generic:
    """Load a driver from text."""
    path = folder / "mine.toml"
    path.write_text(text)
    load_driver.cache_clear()
    return load_driver(path)


def test_filled_in(tmp_path: Path) -> None:
    """Every text gets the values of the setting."""
    driver = load(tmp_path, GOOD)
    ds = "trust " + KEY.ds(ROOT).to_text().replace(" ", ",") + "\n"
    assert driver.command(SETTING) == ["mydns", "--config=/run/x/mine.conf"]
    assert driver.files(SETTING) == {"mine.conf": f"127.0.0.2 fd00::2 4096 yes [] $5\n{ds}{ds}"}
    assert driver.seeds(SETTING)["state/keys"].splitlines()[1].startswith("trust 257,3,8,AwEAA")
    assert driver.environment(SETTING) == {"MYDNS": "/run/x/run"}
    plain = replace(SETTING, address6=None, tcp=False, forward_to="127.0.0.9", anchors=())
    assert driver.files(plain) == {"mine.conf": "127.0.0.2  4096 no [127.0.0.9] $5\n"}


def test_facts(tmp_path: Path) -> None:
    """What the file does not say has a default, and nothing is known of what the daemon trusts."""
    driver = load(tmp_path, GOOD)
    assert (driver.name, driver.program, driver.managed, driver.model) == ("mine", "mydns", True, "")
    assert driver.version_command == ("mydns", "--version")
    assert driver.state(SETTING) == ("state", "cache")
    assert driver.trust(SETTING, lambda _: "") is None
    assert driver.set_anchors(SETTING, lambda _: "") is False
    assert driver.fatal(("starting", "Cannot bind", "bye", "")) == "Cannot bind"
    assert driver.fatal(("starting", "bye", "")) == "bye"
    assert driver.fatal(()) == ""


@pytest.mark.parametrize(
    ("text", "version"),
    [
        ("CoreDNS-1.11.3\nlinux/amd64", "1.11.3"),
        ("sdns v1.8.0", "1.8.0"),
        ("Version 1.17.1", "1.17.1"),
        ("usage: x [-v]", ""),
    ],
)
def test_version(tmp_path: Path, text: str, version: str) -> None:
    """The first thing that looks like a version is one."""
    assert load(tmp_path, GOOD).version(text) == version


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ('name = "mine"', "", r"mine\.toml: name: is missing"),
        ('name = "mine"', 'nam = "x"', r"mine\.toml: nam: unknown key; did you mean \"name\"\?"),
        ('name = "mine"', 'name = "a b"', r"mine\.toml: name: must match"),
        ('"mydns", ', "", r"mine\.toml: command: begins with a place to fill in, not with a program"),
        ("$address ", "$addres ", r"files\.\"mine\.conf\": \$addres is nothing the lab knows; use \$folder"),
        ("$$5", "$5", r"files\.\"mine\.conf\": a \$ that begins no name; write \$\$"),
        ("$commas", "$comma", r"anchor: \$comma is nothing the lab knows; use \$type, \$rdata"),
        ('"mine.conf" =', '"../mine.conf" =', r"files: '\.\./mine\.conf' is no path inside"),
        ('"mine.conf" =', '"/etc/mine.conf" =', r"files: '/etc/mine\.conf' is no path inside"),
        ('"state/keys" =', '"keys" =', r"seeds: 'keys' is no state file; write it like state/root\.key"),
        ("MYDNS =", "LD_PRELOAD =", r"environment: 'LD_PRELOAD' is the lab's; leave it out"),
        ("managed = true", 'model = "unbund"', r"model: there is no model 'unbund'; did you mean"),
        ("managed = true", 'managed = "yes"', r"managed: must be true or false"),
        ("managed = true", 'knobs = ["dnssec"]', r"knobs\[1\]: must not be"),
        ("[files]", "[files", r"mine\.toml: line 5"),
    ],
)
def test_mistake(tmp_path: Path, old: str, new: str, message: str) -> None:
    """A mistake is one line that names file, place and remedy, before anything is started."""
    assert old in GOOD
    with pytest.raises(ScenarioError, match=message) as caught:
        load(tmp_path, GOOD.replace(old, new, 1))
    assert "\n" not in str(caught.value)


def test_no_such_file(tmp_path: Path) -> None:
    """A subject may name a driver file, which must be there."""
    with pytest.raises(ScenarioError, match=r"mine\.toml: cannot be read"):
        driver_of(f"daemon:{tmp_path}/mine.toml")
    load(tmp_path, GOOD)
    assert driver_of(f"daemon:{tmp_path}/mine.toml").name == "mine"
