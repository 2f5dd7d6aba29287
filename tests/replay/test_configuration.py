"""Options of unbound.conf and of Deckard: acted on, of no effect, or listed."""

from __future__ import annotations

import pytest

from lab.clock import DAY
from lab.errors import RplError
from lab.replay.configuration import HARMLESS, Configuration, configure
from lab.replay.rpl import parse_rpl
from lab.replay.runner import policy_for
from lab.resolver.profiles import MODELS

DS = "DS 20326 8 2 E06D44B80B8F1D39A95C0B0D7C65D08458E880409BBC683457104237C7F8EC8D"


def of(text: str) -> Configuration:
    """Return what a configuration means."""
    return configure(parse_rpl(f"{text}\nCONFIG_END\nSCENARIO_BEGIN x\nSCENARIO_END\n", "x.rpl"))


@pytest.mark.parametrize(
    ("option", "knob", "value"),
    [
        ("add-holddown: 60", "add-hold-down", "PT1M"),
        ("del-holddown: 61", "remove-hold-down", "PT1M1S"),
        ("keep-missing: 86400", "keep-missing", "P1D"),
        ("keep-missing: 0", "keep-missing", "for-ever"),
        ("permit-small-holddown: yes", "floor", "PT1S"),
        ("cache-max-ttl: 5", "ttl-cap", "PT5S"),
        ("harden-algo-downgrade: yes", "algorithms", "all"),
        ("harden-algo-downgrade: no", "algorithms", "any"),
        ("val-max-restart: 2", "burst", 3),
        ("val-bogus-ttl: 7", "negative", "PT8S"),
    ],
)
def test_knobs(option: str, knob: str, value: object) -> None:
    """Options that a knob of the policy has too turn it."""
    policy = policy_for(MODELS["unbound"], of(f"server:\n {option}"))
    assert policy.value(knob) == value


def test_restarts_are_unbounds() -> None:
    """Restarts of Unbound's validator do not count for a model that has none."""
    assert policy_for(MODELS["bind"], of("val-max-restart: 2")).value("burst") == 26


@pytest.mark.parametrize(
    ("option", "name", "value"),
    [
        ('val-override-date: "20091018111500"', "override_date", 1255864500),
        ("val-override-date: -1", "override_date", -1),
        ("val-override-date: 0", "override_date", None),
        ('val-override-timestamp: "1501023600"', "override_date", 1501023600),
        ("val-sig-skew-min: 5", "skew_min", 5),
        ("val-sig-skew-max: 6", "skew_max", 6),
        ("val-bogus-ttl: 7", "bogus_ttl", 7),
        ("harden-dnssec-stripped: no", "strict_stripped", False),
        ("fake-sha1: yes", "fake_sha1", True),
        ("fake-dsa: yes", "fake_dsa", True),
        ("ede: yes", "ede", True),
        ("val-permissive-mode: yes", "permissive", True),
        ('module-config: "iterator"', "validates", False),
        ('module-config: "validator iterator"', "validates", True),
        ("minimal-responses: no", "minimal_responses", False),
        ("root-key-sentinel: no", "sentinel", False),
        ("ignore-cd-flag: yes", "ignore_cd", True),
        ('domain-insecure: "a.b"', "insecure", [b"\1a\1b\0"]),
        ('negative-trust-anchor: "a"', "insecure", [b"\1a\0"]),
    ],
)
def test_settings(option: str, name: str, value: object) -> None:
    """Options that are acted on elsewhere."""
    assert getattr(of(option), name) == value


def test_zones() -> None:
    """Stub and forward zones have addresses and hosts; without one of the root K-root is asked."""
    config = of(
        'stub-zone:\n name: "a"\n stub-addr: 192.0.2.1@53\n stub-host: ns.a\n stub-prime: no\n'
        "forward-zone:\n name: b\n forward-addr: 2001:db8::1#name\n forward-first: yes"
    )
    assert [(z.name, z.addresses, z.hosts, z.forward, z.first) for z in config.zones] == [
        (b"\1a\0", ("192.0.2.1",), (b"\2ns\1a\0",), False, False),
        (b"\1b\0", ("2001:db8::1",), (), True, True),
        (b"\0", ("193.0.14.129",), (), False, False),
    ]


def test_root_server_of_deckard() -> None:
    """Outside any clause `stub-addr` is a root server."""
    [zone] = of("stub-addr: 192.0.2.1").zones
    assert (zone.name, zone.addresses) == (b"\0", ("192.0.2.1",))


def test_anchors() -> None:
    """Anchors come from lines and from inline files, plain or kept up to date."""
    config = of(
        f'trust-anchor: ". IN {DS}"\ntrust-anchor-file: keys\nauto-trust-anchor-file: auto\n'
        f"TEMPFILE_CONTENTS keys\n; mine\na. {DS}\n\nTEMPFILE_END\n"
        f"TEMPFILE_CONTENTS auto\nb. {DS}\nTEMPFILE_END\n"
    )
    assert [record.owner for record in config.anchors] == [b"\0", b"\1a\0"]
    assert [attached.name for attached in config.managed] == ["auto"]
    assert config.notes == []


@pytest.mark.parametrize(
    "option",
    [
        "trust-anchor-file: elsewhere", "auto-trust-anchor-file: elsewhere", "serve-expired: yes",
        "access-control: 127.0.0.0/8 refuse", "qname-minimisation: yes", "trust-anchor-signaling: yes",
        'auth-zone:\n name: "x"', "local-zone: x static",
    ],
)  # fmt: skip
def test_what_is_not_acted_on(option: str) -> None:
    """An option that would change an answer and does not here is listed with its line."""
    notes = of(option).notes
    assert [note.kind for note in notes] == ["not-acted-on"]
    assert notes[0].line == option.count("\n") + 1


def test_what_has_no_effect() -> None:
    """Options that cannot change what is checked are listed as such."""
    config = of("log-time-ascii: yes\naccess-control: 127.0.0.0/8 allow_snoop\nquery-minimization: off")
    assert [(note.kind, note.text) for note in config.notes] == [
        ("no-effect", "log-time-ascii"),
        ("no-effect", "query-minimization"),
    ]
    assert "serve-expired" not in HARMLESS


@pytest.mark.parametrize(
    ("option", "said"),
    [
        ("val-override-date: tomorrow", "is not a time"),
        ('val-override-date: "20091318111500"', "is not a time"),
        ("add-holddown: soon", "is not a number of seconds"),
        ("add-holddown: 99999999999", "is not a number of seconds"),
        ("stub-addr: nowhere", "is not an address"),
        ('domain-insecure: "a..b"', "empty label"),
        ('trust-anchor: "a. DS x"', "not a record"),
        ("stub-zone:\n name: a..b", "empty label"),
    ],
)
def test_mistakes(option: str, said: str) -> None:
    """A value that cannot be read is an error with the option and its line."""
    with pytest.raises(RplError) as raised:
        of(option)
    assert said in str(raised.value)
    assert "x.rpl: line " in str(raised.value)


def test_defaults_are_unbounds() -> None:
    """Without any option the defaults are those of unbound.conf(5)."""
    config = of("server:")
    assert (config.bogus_ttl, config.max_ttl) == (60, DAY)
    assert (config.skew_min, config.skew_max, config.override_date) == (3600, DAY, None)
    assert policy_for(MODELS["unbound"], config) == MODELS["unbound"].policy
