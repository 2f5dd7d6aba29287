"""Every kind of configuration: the preset it behaves as, its anchors, the line that decides."""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType
from typing import NamedTuple

import pytest

from lab.scan.material import KNOWN

from .configurations import DIGESTS, NEW, OLD, line_of, read

KEY = b64encode(KNOWN[1].public_key).decode()
BOTH_DS = f". IN DS {OLD}\n. IN DS {NEW}\n"
AUTO = 'server:\n  auto-trust-anchor-file: "root.key"\n'
PERMISSIVE = "  val-permissive-mode: yes\n"
STATIC = f'server:\n  trust-anchor: ". IN DS {OLD}"\n'


class Case(NamedTuple):
    """A configuration and what it is: preset ("" for none), line that decides, keys, changed knobs."""

    name: str
    text: str
    model: str
    line: int | None
    anchors: tuple[str, ...] = ()
    policy: tuple[tuple[str, str], ...] = ()
    others: Mapping[str, str] = MappingProxyType({})
    starts: bool = True


YES = "options { dnssec-validation yes; };\n"
K17, K24 = "ksk-2017", "ksk-2024"
_READ_LUA = {"a.lua": 'readTrustAnchorsFromFile("root.ds") -- both', "root.ds": BOTH_DS}

CASES = {
    "unbound-auto": Case("unbound.conf", AUTO, "unbound", 2, (K17, K24), (), {"root.key": BOTH_DS}),
    "unbound-auto-unread": Case("unbound.conf", AUTO, "unbound", 2),
    "unbound-anchor": Case("unbound.conf", STATIC, "unbound-static", 2, (K17,)),
    "unbound-anchor-file": Case(
        "unbound.conf", "server: trust-anchor-file: 'r'", "unbound-static", 1, (K17, K24), (), {"r": BOTH_DS}
    ),
    "unbound-trusted-keys": Case(
        "unbound.conf", 'server:\n\ttrusted-keys-file: "*keys"\n', "unbound-static", 2, (), (), {}
    ),
    "unbound-other-zone": Case(
        "unbound.conf", f'server:\n trust-anchor: "example. DS {OLD}"\n', "", None
    ),
    "unbound-commented": Case("unbound.conf", 'server:\n # auto-trust-anchor-file: "r"\n', "", None),
    "unbound-permissive": Case("unbound.conf", AUTO + PERMISSIVE, "unbound-permissive", 3),
    "unbound-permissive-static": Case(
        "unbound.conf", STATIC + PERMISSIVE, "unbound-static", 3, (K17,), (("on-bogus", "pass"),)
    ),
    "unbound-harden": Case("unbound.conf", f"{AUTO}  harden-algo-downgrade: yes\n", "unbound-harden", 2),
    "unbound-harden-static": Case(
        "unbound.conf", f"{STATIC}  harden-algo-downgrade: yes\n", "unbound-static", 2, (K17,),
        (("algorithms", "all"),),
    ),
    "unbound-harden-permissive": Case(
        "unbound.conf", f"{AUTO}  harden-algo-downgrade: yes\n{PERMISSIVE}", "unbound-harden", 4,
        (), (("on-bogus", "pass"),),
    ),
    "unbound-no-validator": Case("unbound.conf", f'{AUTO}  module-config: "iterator"\n', "", 3),
    "unbound-insecure": Case("unbound.conf", f'{AUTO}  domain-insecure: "."\n', "", 3),
    "unbound-insecure-elsewhere": Case("unbound.conf", f'{AUTO}  domain-insecure: "corp"\n', "unbound", 2),
    "unbound-holddown": Case(
        "unbound.conf", f"{AUTO} add-holddown: 864000\n del-holddown: 3600\n keep-missing: 0\n"
        " cache-max-ttl: 60\n root-key-sentinel: no\n trust-anchor-signaling: no\n", "unbound", 2, (),
        (("add-hold-down", "P10D"), ("remove-hold-down", "PT1H"), ("keep-missing", "for-ever"),
         ("ttl-cap", "PT1M"), ("key-tag-query", "none"), ("sentinel", "no")),
    ),
    "unbound-holddown-word": Case("unbound.conf", f"{AUTO} add-holddown: soon\n", "unbound", 2),
    "named-default": Case("named.conf", "options { };", "bind", None),
    "named-auto": Case("named.conf", "options {\n dnssec-validation auto;\n};", "bind", 2),
    "named-no": Case("named.conf", "options {\n dnssec-validation no;\n};", "", 2),
    "named-off": Case("named.conf", "options {\n dnssec-enable no;\n};", "", 2),
    "named-yes-alone": Case("named.conf", "options { dnssec-validation yes; };", "", 1),
    "named-odd": Case("named.conf", "options { dnssec-validation maybe; };", "bind", 1),
    "named-excepted": Case("named.conf", 'options { validate-except { "corp"; "."; }; };', "", 1),
    "named-excepted-elsewhere": Case("named.conf", 'options { validate-except { "corp"; }; };', "bind", None),
    "named-static-ds": Case(
        "named.conf", 'options { dnssec-validation yes; };\ntrust-anchors {\n  // the root\n'
        f'  "." static-ds 20326 8 2 "{DIGESTS[K17]}";\n}};', "bind-static", 4, (K17,),
    ),
    "named-trusted-keys": Case(
        "named.conf", f'options {{ dnssec-validation yes; }};\ntrusted-keys {{ . 257 3 8\n "{KEY[:64]}\n'
        f'  {KEY[64:]}"; }};', "bind-static", 2, (K17,),
    ),
    "named-static-key": Case(
        "named.conf", f'trust-anchors {{ "." static-key 257 3 8 "{KEY}"; }};\n'
        'options { dnssec-validation yes; };', "bind-static", 1, (K17,),
    ),
    "named-managed-keys": Case(
        "named.conf", f'{YES}managed-keys {{ "." initial-key 257 3 8 "{KEY}"; }};',
        "bind", 2, (K17,),
    ),
    "named-initial-ds": Case(
        "named.conf", f'/* a\n b */ trust-anchors {{ "." initial-ds 20326 8 2 "{DIGESTS[K17]}"; # one\n'
        f'"." initial-ds 38696 8 2 "{DIGESTS[K24]}"; }};', "bind", 2, (K17, K24),
    ),
    "named-static-beside-auto": Case(
        "named.conf", f'options {{ }};\ntrust-anchors {{ . static-ds {OLD}; }};', "", 2,
        starts=False,
    ),
    "named-commented": Case(
        "named.conf", "options { /* dnssec-validation no; */ # dnssec-validation no;\n"
        "// dnssec-validation no;\n};", "bind", None,
    ),
    "named-bindkeys": Case(
        "named.conf", 'options { bindkeys-file "Keys"; managed-keys-directory "K"; };', "bind",
        None, (K24,), (),
        {"Keys": f'trust-anchors {{ "." initial-ds {NEW.rsplit(" ", 1)[0]} "{DIGESTS[K24]}"; }};'},
    ),
    "named-knobs": Case(
        "named.conf", "options { max-cache-ttl 1h; trust-anchor-telemetry no; root-key-sentinel no; };",
        "bind", None, (), (("ttl-cap", "PT1H"), ("key-tag-query", "none"), ("sentinel", "no")),
    ),
    "named-include": Case(
        "named.conf", 'include "named.conf.options";', "", 2, (), (),
        {"named.conf.options": "options {\n dnssec-validation no; };"},
    ),
    "kresd-default": Case("kresd.conf", "cache.size = 100 * MB", "knot-debian", None),
    "kresd-managed": Case("kresd.conf", "trust_anchors.add_file('root.keys')", "knot", 1),
    "kresd-managed-read": Case(
        "kresd.conf", "trust_anchors.add_file('r', false)", "knot", 1, (K17, K24), (), {"r": BOTH_DS}
    ),
    "kresd-read-only": Case("kresd.conf", "-- x\ntrust_anchors.add_file(\"r\", true)", "knot-debian", 2),
    "kresd-call-without-brackets": Case("kresd.conf", "trust_anchors.add_file 'root.keys'", "knot", 1),
    "kresd-removed": Case("kresd.conf", "trust_anchors.remove('.')", "", 1),
    "kresd-removed-and-insecure": Case(
        "kresd.conf", "trust_anchors.remove('.')\ntrust_anchors.set_insecure({ '.' })", "", 1
    ),
    "kresd-insecure-refused": Case("kresd.conf", "trust_anchors.set_insecure { '.' }", "", 1, starts=False),
    "kresd-insecure-elsewhere": Case(
        "kresd.conf", "trust_anchors.set_insecure({ 'a' })", "knot-debian", None,
    ),
    "kresd-add": Case(
        "kresd.conf", f"trust_anchors.remove('.')\ntrust_anchors.add([[. IN DS {OLD}]])", "knot-debian", 2,
        (K17,),
    ),
    "kresd-add-elsewhere": Case("kresd.conf", f"trust_anchors.add('corp. DS {OLD}')", "knot-debian", None),
    "kresd-add-to-managed": Case(
        "kresd.conf", f"trust_anchors.add_file('r')\ntrust_anchors.add('. DS {OLD}')", "", 2, starts=False
    ),
    "kresd-hold-down": Case(
        "kresd.conf", "trust_anchors.add_file('r')\nta_update.hold_down_time = 10 * day", "knot", 1, (),
        (("add-hold-down", "P10D"),),
    ),
    "kresd-hold-down-computed": Case(
        "kresd.conf", "trust_anchors.add_file('r')\ntrust_anchors.hold_down_time = 10 + x", "knot", 1
    ),
    "kresd-hold-down-named": Case(
        "kresd.conf", "trust_anchors.add_file('r')\ntrust_anchors.hold_down_time = later", "knot", 1
    ),
    "kresd-keyfile-default": Case(
        "kresd.conf", "trust_anchors.keyfile_default = 'r'", "knot-debian", 1, (K17, K24), (), {"r": BOTH_DS}
    ),
    "kresd-keyfile-none": Case("kresd.conf", "trust_anchors.keyfile_default = nil", "", 1),
    "kresd-commented": Case(
        "kresd.conf", "--[[ \ntrust_anchors.remove('.')\n]]\n-- trust_anchors.remove('.')",
        "knot-debian", None,
    ),
    "recursor-default": Case("recursor.conf", "quiet=yes", "pdns-recursor", None, (K17,)),
    "recursor-off": Case("recursor.conf", "quiet=yes\ndnssec=off", "", 2),
    "recursor-not-validating": Case("recursor.conf", "dnssec = process-no-validate", "", 1),
    "recursor-validate": Case("recursor.conf", "dnssec=validate # all", "pdns-recursor", 1, (K17,)),
    "recursor-log-fail": Case(
        "recursor.conf", "dnssec=log-fail\nmax-cache-ttl=60", "pdns-recursor", 1, (K17,),
        (("on-bogus", "pass"), ("ttl-cap", "PT1M")),
    ),
    "recursor-file": Case(
        "recursor.conf", "lua-config-file=a.lua", "pdns-recursor", 1, (K17, K24), (), _READ_LUA
    ),
    "recursor-lua-unread": Case("recursor.conf", "lua-config-file=/nowhere/a.lua", "pdns-recursor", 1),
    "recursor-lua-loads": Case(
        "recursor.conf", "lua-config-file=a.lua", "pdns-recursor", 1, (), (), {"a.lua": 'dofile("/b.lua")'}
    ),
    "recursor-add": Case(
        "recursor.conf", "lua-config-file=a.lua", "pdns-recursor", 1, (K17, K24), (),
        {"a.lua": f"addTA('.', \"{NEW}\")"},
    ),
    "recursor-clear-and-add": Case(
        "recursor.conf", "lua-config-file=a.lua", "pdns-recursor", 2, (K24,), (),
        {"a.lua": f"clearTA()\naddTA('.', \"{NEW}\")"},
    ),
    "recursor-clear": Case(
        "recursor.conf", "lua-config-file=a.lua", "", 1, (), (), {"a.lua": "clearTA('.')"},
    ),
    "recursor-negative": Case(
        "recursor.conf", "lua-config-file=a.lua", "", 1, (), (), {"a.lua": "addNTA('.', 'why')"}
    ),
    "recursor-folder": Case(
        "recursor.conf", "dnssec=off\ninclude-dir=d", "pdns-recursor", 1, (K17,), (),
        {"d/a.conf": "dnssec=validate", "d/b.txt": "dnssec=off"},
    ),
    "resolved-default": Case("resolved.conf", "[Resolve]\n#DNSSEC=yes\n", "", None),
    "resolved-no": Case("resolved.conf", "[Resolve]\nDNSSEC=no\n", "", 2),
    "resolved-odd": Case("resolved.conf", "[Resolve]\nDNSSEC=maybe\n", "", 2),
    "resolved-yes": Case("resolved.conf", "[Resolve]\nDNSSEC=yes\n", "systemd-resolved", 2, (K17, K24)),
    "resolved-downgrade": Case(
        "resolved.conf", "[Resolve]\nDNSSEC=allow-downgrade\n", "systemd-resolved-downgrade", 2, (K17, K24)
    ),
    "resolved-positive": Case(
        "resolved.conf", "[Resolve]\nDNSSEC=yes\n", "systemd-resolved", 2, (K17,), (),
        {"dnssec-trust-anchors.d/root.positive": f"; mine\n. IN DS {OLD}\ncorp. IN DS {NEW}\n"},
    ),
    "resolved-negative": Case(
        "resolved.conf", "[Resolve]\nDNSSEC=yes\n", "", 1, (), (),
        {"dnssec-trust-anchors.d/a.negative": ".\n"},
    ),
    "resolved-negative-elsewhere": Case(
        "resolved.conf", "[Resolve]\nDNSSEC=yes\n", "systemd-resolved", 2, (K17, K24), (),
        {"dnssec-trust-anchors.d/a.negative": "corp\n"},
    ),
    "resolved-drop-in": Case(
        "resolved.conf", "[Resolve]\nDNSSEC=no\n", "systemd-resolved", 3, (K17, K24), (),
        {"resolved.conf.d/a.conf": "[Other]\n[Resolve]\nDNSSEC=yes\n"},
    ),
    "resolved-reset": Case("resolved.conf", "[Resolve]\nDNSSEC=yes\nDNSSEC=\n", "", None),
    "dnsmasq-off": Case("dnsmasq.conf", "#dnssec\nbind-interfaces\n", "", None),
    "dnsmasq-anchor": Case(
        "dnsmasq.conf", f"dnssec # on\ntrust-anchor=.,{OLD.replace(' ', ',')}\ndnssec-check-unsigned=no\n"
        "max-cache-ttl=60\n", "dnsmasq", 2, (K17,), (("ttl-cap", "PT1M"),),
    ),
    "dnsmasq-none": Case("dnsmasq.conf", "dnssec\n", "", 1, starts=False),
    "dnsmasq-elsewhere": Case(
        "dnsmasq.conf", f"dnssec\ntrust-anchor=corp,{OLD.replace(' ', ',')}\n", "", 1, starts=False
    ),
    "dnsmasq-file": Case(
        "dnsmasq.conf", "dnssec\nconf-file=a.conf\n", "dnsmasq", 1, (K24,), (),
        {"a.conf": f"trust-anchor=.,{NEW.replace(' ', ',')}\n"},
    ),
    "dnsmasq-file-unread": Case(
        "dnsmasq.conf", "dnssec\nconf-file=/usr/share/dnsmasq-base/trust-anchors.conf\n", "dnsmasq", 2
    ),
    "dnsmasq-folder": Case(
        "dnsmasq.conf", "dnssec\nconf-dir=d,*.conf\n", "dnsmasq", 1, (K24,), (),
        {"d/a.conf": f"trust-anchor=.,{NEW.replace(' ', ',')}\n",
         "d/b": f"trust-anchor=.,{OLD.replace(' ', ',')}\n",
         "d/c.conf~": f"trust-anchor=.,{OLD.replace(' ', ',')}\n"},
    ),
    "dnsmasq-folder-without": Case(
        "dnsmasq.conf", "dnssec\nconf-dir=d,.bak\n", "dnsmasq", 1, (K24,), (),
        {"d/a.conf": f"trust-anchor=.,{NEW.replace(' ', ',')}\n",
         "d/b.bak": f"trust-anchor=.,{OLD.replace(' ', ',')}\n"},
    ),
}  # fmt: skip


@pytest.mark.parametrize("case", CASES.values(), ids=CASES)
def test_reading(case: Case, tmp_path: Path) -> None:
    """A configuration is read as the preset, knobs, keys and line that the software would go by."""
    (reading,) = read(tmp_path, case.name, case.text, case.others)
    line = line_of(reading)
    seen = (reading.model, line and line[1], reading.anchors, reading.policy, reading.starts)
    assert seen == (case.model, case.line, case.anchors, case.policy, case.starts)


def test_views(tmp_path: Path) -> None:
    """Each view is a validator of its own: its options win over those of all, its anchors add to them."""
    text = (
        "options { dnssec-validation yes; };\n"
        'view "in" { dnssec-validation no; };\n'
        f'view out {{ trust-anchors {{ "." static-ds {OLD}; }}; }};\nview {{ }};\n'
    )
    found = [(one.name, one.model, line_of(one)) for one in read(tmp_path, "named.conf", text)]
    assert found == [
        ("view in", "", ("named.conf", 2)),
        ("view out", "bind-static", ("named.conf", 3)),
        ("view ?", "", ("named.conf", 1)),
    ]


@pytest.mark.parametrize(
    ("name", "text", "wanted"),
    [
        ("unbound.conf", AUTO, "root.key ({}/unbound.conf:2) is not there"),
        (
            "unbound.conf",
            AUTO.replace("root.key", "/x/root.key"),
            "/x/root.key ({}/unbound.conf:2) is outside {}",
        ),
        (
            "kresd.conf",
            "trust_anchors.add('. DS 1 8 2 AA')",
            "the anchor of {}/kresd.conf:1 is no KSK that the",
        ),
        ("named.conf", "options { };", "the bind.keys built into named is not seen"),
    ],
)
def test_unread(name: str, text: str, wanted: str, tmp_path: Path) -> None:
    """What holds anchors and cannot be seen is named with the line that names it, and why."""
    (reading,) = read(tmp_path, name, text)
    assert any(what.startswith(wanted.replace("{}", str(tmp_path))) for what in reading.unread), (
        reading.unread
    )


def test_a_file_without_keys(tmp_path: Path) -> None:
    """A file that holds none of the root's keys is named too."""
    (reading,) = read(tmp_path, "unbound.conf", AUTO, {"root.key": "; empty\n"})
    where = f"{tmp_path}/root.key ({tmp_path}/unbound.conf:2)"
    assert reading.unread == (f"{where} holds no KSK that the root has had",)


def test_form(tmp_path: Path) -> None:
    """Anchors count as whole keys only if all of them are."""
    key = f". IN DNSKEY 257 3 8 {KEY}\n"
    (whole,) = read(tmp_path / "a", "unbound.conf", AUTO, {"root.key": key})
    (mixed,) = read(tmp_path / "b", "unbound.conf", AUTO, {"root.key": f"{key}. IN DS {NEW}\n"})
    assert (whole.form, mixed.form) == ("dnskey", "ds")
