"""What the configuration of a scenario means: zones to ask, anchors, knobs, the clock of validation.

Options of unbound.conf(5) and of Deckard's `config` part. What an option does here is one of three things: it
is acted on, it cannot change anything that is checked (`HARMLESS`), or it is listed as not acted on.
"""

from __future__ import annotations

import ipaddress
import re
from calendar import timegm
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Final

from ..clock import DAY, HOUR, Instant, Seconds, format_duration
from ..dnssec.codec import RR
from ..dnssec.names import ROOT, Malformed
from ..errors import RplError
from .rdata import read_name
from .records import Context, Unfinished, read_record
from .script import Attachment, Note, Option, Script

HARMLESS: Final = frozenset((
    "aggressive-nsec", "chroot", "control-enable", "delay-close", "directory", "do-daemonize", "do-ip4",
    "do-ip6", "do-not-query-localhost", "do-tcp", "do-udp", "edns-buffer-size", "edns-tcp-keepalive",
    "harden-below-nxdomain", "harden-glue", "harden-large-queries", "harden-referral-path",
    "harden-short-bufsize",
    "hide-identity", "hide-version", "http-max-streams", "identity", "infra-cache-numhosts",
    "infra-host-ttl", "infra-keep-probing", "interface", "iter-scrub-promiscuous", "jostle-timeout",
    "key-cache-size", "log-queries", "log-replies", "log-servfail", "log-time-ascii", "logfile",
    "max-udp-size", "msg-buffer-size", "msg-cache-size", "msg-cache-slabs", "neg-cache-size",
    "num-queries-per-thread", "num-threads", "outbound-msg-retry", "outgoing-interface",
    "outgoing-num-tcp", "outgoing-range", "pidfile", "port", "prefer-ip4", "prefer-ip6",
    "qname-minimisation", "qname-minimisation-strict", "qname-minimisation-version",
    "query-minimization", "rrset-cache-size", "rrset-cache-slabs", "rrset-roundrobin", "so-rcvbuf",
    "so-reuseport", "so-sndbuf", "target-fetch-policy", "trust-anchor-signaling", "udp-upstream",
    "unknown-server-time-limit", "unwanted-reply-threshold", "use-caps-for-id", "use-syslog",
    "username", "val-clean-additional", "val-log-level", "val-nsec3-keysize-iterations", "verbosity",
    "version",
))  # fmt: skip
"""Options that change how a resolver works or logs, but neither its state nor an answer that is checked."""
_IF_OFF: Final = (
    "aggressive-nsec", "harden-below-nxdomain", "harden-referral-path", "qname-minimisation",
    "qname-minimisation-strict",    "query-minimization", "trust-anchor-signaling", "use-caps-for-id",
)  # fmt: skip
"""Those of them that have no effect only if they are off: the lab does nothing of the kind."""
_YES: Final = ("yes", "true", "on", "1", "enabled")
_DATE: Final = re.compile(r"(\d{4})(\d\d)(\d\d)(\d\d)(\d\d)(\d\d)")
_K_ROOT: Final = "193.0.14.129"
_MAX_SECONDS: Final = 2**31 - 1


@dataclass(frozen=True, slots=True)
class Zone:
    """A stub or forward zone: its name, where to ask, and whether failures fall back on the usual way."""

    name: bytes
    addresses: tuple[str, ...]
    hosts: tuple[bytes, ...]
    forward: bool
    first: bool


@dataclass(slots=True)
class Configuration:
    """What a script configures.

    `override_date` is the instant at which signatures are judged, None the time of the run, -1 any. Skews are
    the bounds of a tenth of a signature's period. `knobs` are overrides of the model's policy.
    """

    zones: list[Zone] = field(default_factory=list)
    anchors: list[RR] = field(default_factory=list)
    insecure: list[bytes] = field(default_factory=list)
    managed: list[Attachment] = field(default_factory=list)
    knobs: dict[str, Any] = field(default_factory=dict)
    override_date: Instant | None = None
    skew_min: Seconds = HOUR
    skew_max: Seconds = DAY
    fake_dsa: bool = False
    fake_sha1: bool = False
    minimal_responses: bool = True
    ede: bool = False
    permissive: bool = False
    validates: bool = True
    strict_stripped: bool = True
    sentinel: bool = True
    ignore_cd: bool = False
    bogus_ttl: Seconds = 60
    max_ttl: Seconds = DAY
    max_negative_ttl: Seconds = HOUR
    min_ttl: Seconds = 0
    notes: list[Note] = field(default_factory=list)


def configure(script: Script) -> Configuration:
    """Return what a script's configuration means. Raises RplError for a value that cannot be read."""
    return _Meaning(script).read()


class _Meaning:
    """One configuration in progress."""

    def __init__(self, script: Script) -> None:
        self.script = script
        self.config = Configuration(managed=list(script.autotrust))
        self.files = {attached.name: attached for attached in script.tempfiles}

    def read(self) -> Configuration:
        """Go through the options, clause by clause."""
        clauses: dict[int, list[Option]] = {}
        for option in self.script.options:
            if option.clause in ("stub-zone", "forward-zone"):
                clauses.setdefault(option.number, []).append(option)
            elif option.clause in ("", "server"):
                self._server(option)
            else:
                self._not_acted_on(option)
        for options in clauses.values():
            self._zone(options)
        if not any(zone.name == ROOT for zone in self.config.zones):
            self.config.zones.append(Zone(ROOT, (_K_ROOT,), (), forward=False, first=False))
        for word in self.script.command_line:
            self.config.notes.append(Note(0, "not-acted-on", f"COMMANDLINE {word[:60]}"))
        return self.config

    def _server(self, option: Option) -> None:
        handler = _OPTIONS.get(option.name)
        if handler is not None:
            handler(self, option)
        elif option.name in HARMLESS and not (option.name in _IF_OFF and _is_yes(option)):
            self.config.notes.append(Note(option.line, "no-effect", option.name))
        elif option.name != "access-control" or not option.values[-1].startswith("allow"):
            self._not_acted_on(option)

    def _not_acted_on(self, option: Option) -> None:
        clause = f"{option.clause}: " if option.clause not in ("", "server") else ""
        text = f"{clause}{option.name}: {' '.join(option.values)}"
        self.config.notes.append(Note(option.line, "not-acted-on", text[:80]))

    def _wrong(self, option: Option, problem: str, remedy: str) -> RplError:
        return RplError(
            f"{option.name}: {problem}", place=f"{self.script.path}: line {option.line}", remedy=remedy
        )

    # -- zones -----------------------------------------------------------------------------------------------

    def _zone(self, options: list[Option]) -> None:
        """Read one stub or forward zone."""
        kind = options[0].clause.removesuffix("-zone")
        name, first = ROOT, False
        addresses: list[str] = []
        hosts: list[bytes] = []
        for option in options:
            value = option.values[0]
            if option.name == "name":
                name = self._name(option, value)
            elif option.name == f"{kind}-addr":
                addresses.append(self._address(option, value))
            elif option.name == f"{kind}-host":
                hosts.append(self._name(option, value))
            elif option.name == f"{kind}-first":
                first = _is_yes(option)
            elif option.name != f"{kind}-prime":
                self._not_acted_on(option)
        self.config.zones.append(Zone(name, tuple(addresses), tuple(hosts), kind == "forward", first))

    def _name(self, option: Option, text: str) -> bytes:
        try:
            return read_name(text, ROOT)
        except Malformed as problem:
            raise self._wrong(option, str(problem), "name a domain") from None

    def _address(self, option: Option, text: str) -> str:
        word = text.split("@", 1)[0].split("#", 1)[0]
        try:
            return str(ipaddress.ip_address(word))
        except ValueError:
            raise self._wrong(option, f"{word[:60]!r} is not an address", "write it like 192.0.2.1") from None

    def root_server(self, option: Option) -> None:
        """Take Deckard's `stub-addr` outside any clause as the address of a root server."""
        zone = Zone(ROOT, (self._address(option, option.values[0]),), (), forward=False, first=False)
        self.config.zones.append(zone)

    # -- anchors ---------------------------------------------------------------------------------------------

    def trust_anchor(self, option: Option) -> None:
        """Read `trust-anchor: "name DS ..."`, or the name of a file that Deckard's harness would write."""
        self._anchors(option, (" ".join(option.values),))

    def trust_anchor_file(self, option: Option) -> None:
        """Read anchors from an inline file; a file elsewhere is not there."""
        attached = self.files.get(option.values[0])
        if attached is None:
            self._not_acted_on(option)
        else:
            self._anchors(option, attached.lines)

    def auto_trust_anchor_file(self, option: Option) -> None:
        """Keep anchors in an inline file."""
        attached = self.files.get(option.values[0])
        if attached is None:
            self._not_acted_on(option)
        else:
            self.config.managed.append(attached)

    def _anchors(self, option: Option, lines: tuple[str, ...]) -> None:
        context = Context()
        for line in lines:
            if not line.strip() or line.lstrip().startswith(";"):
                continue
            try:
                record = read_record(line, context)
            except (Malformed, Unfinished) as problem:
                raise self._wrong(option, f"not a record ({problem})", "give a DS or DNSKEY") from None
            if record.rrtype in (43, 48):
                self.config.anchors.append(record)

    def domain_insecure(self, option: Option) -> None:
        """Take a name below which nothing is validated."""
        self.config.insecure.append(self._name(option, option.values[0]))

    # -- validation ------------------------------------------------------------------------------------------

    def override_date(self, option: Option) -> None:
        """Read `val-override-date: "20070916134226"`, seconds, or -1 for any date."""
        text = option.values[0]
        match = _DATE.fullmatch(text)
        if match is not None:
            year, month, day, hour, minute, second = (int(part) for part in match.groups())
            if not (
                1 <= month <= 12 and 1 <= day <= 31 and hour < 24 and minute < 60 and second < 61 and year
            ):
                raise self._wrong(option, f"{text!r} is not a time", "write YYYYMMDDHHmmSS")
            self.config.override_date = timegm((year, month, day, hour, minute, second))
        elif text == "-1":
            self.config.override_date = -1
        elif text.isdecimal() and len(text) <= 10:
            self.config.override_date = int(text) or None
        else:
            raise self._wrong(option, f"{text[:40]!r} is not a time", "write YYYYMMDDHHmmSS or -1")

    def seconds(self, option: Option) -> Seconds:
        """Read a number of seconds."""
        text = option.values[0]
        if not text.isdecimal() or int(text[:20]) > _MAX_SECONDS:
            raise self._wrong(option, f"{text[:40]!r} is not a number of seconds", "write digits")
        return int(text)

    def knob(self, name: str, *, none: str = "") -> Callable[[Option], None]:
        """Return what sets a duration of the policy; zero is `none` where that is a word."""

        def put(option: Option) -> None:
            seconds = self.seconds(option)
            self.config.knobs[name] = none if none and not seconds else format_duration(seconds)

        return put

    def small_holddown(self, option: Option) -> None:
        """Lift the floor under intervals (validator/autotrust.c, `set_tp_times`)."""
        if _is_yes(option):
            self.config.knobs["floor"] = "PT1S"

    def cache_max_ttl(self, option: Option) -> None:
        """Bound what is cached, and with it the interval of probes."""
        self.config.max_ttl = self.seconds(option)
        self.config.knobs["ttl-cap"] = format_duration(self.config.max_ttl)

    def harden_algorithms(self, option: Option) -> None:
        """Want every algorithm of a trust point to verify."""
        self.config.knobs["algorithms"] = "all" if _is_yes(option) else "any"

    def modules(self, option: Option) -> None:
        """Validate only if the module that does is there."""
        self.config.validates = any("validator" in value for value in option.values)

    def max_restart(self, option: Option) -> None:
        """Read how often a failed validation is tried again."""
        self.config.knobs["burst"] = min(self.seconds(option), 100) + 1

    def bogus_ttl(self, option: Option) -> None:
        """Read for how long what is bogus is remembered; keys a second longer (validator/val_kcache.c)."""
        self.config.bogus_ttl = self.seconds(option)
        self.config.knobs["negative"] = format_duration(self.config.bogus_ttl + 1)


def _is_yes(option: Option) -> bool:
    return option.values[0].lower() in _YES


def _flag(name: str) -> Callable[[_Meaning, Option], None]:
    return lambda meaning, option: setattr(meaning.config, name, _is_yes(option))


def _number(name: str) -> Callable[[_Meaning, Option], None]:
    return lambda meaning, option: setattr(meaning.config, name, meaning.seconds(option))


_OPTIONS: Final[dict[str, Callable[[_Meaning, Option], None]]] = {
    "stub-addr": _Meaning.root_server,
    "trust-anchor": _Meaning.trust_anchor,
    "trust-anchor-file": _Meaning.trust_anchor_file,
    "auto-trust-anchor-file": _Meaning.auto_trust_anchor_file,
    "domain-insecure": _Meaning.domain_insecure,
    "negative-trust-anchor": _Meaning.domain_insecure,
    "val-override-date": _Meaning.override_date,
    "val-override-timestamp": _Meaning.override_date,
    "val-sig-skew-min": _number("skew_min"),
    "val-sig-skew-max": _number("skew_max"),
    "val-bogus-ttl": _Meaning.bogus_ttl,
    "val-max-restart": _Meaning.max_restart,
    "val-permissive-mode": _flag("permissive"),
    "add-holddown": lambda meaning, option: meaning.knob("add-hold-down")(option),
    "del-holddown": lambda meaning, option: meaning.knob("remove-hold-down")(option),
    "keep-missing": lambda meaning, option: meaning.knob("keep-missing", none="for-ever")(option),
    "permit-small-holddown": _Meaning.small_holddown,
    "cache-max-ttl": _Meaning.cache_max_ttl,
    "cache-min-ttl": _number("min_ttl"),
    "cache-max-negative-ttl": _number("max_negative_ttl"),
    "harden-algo-downgrade": _Meaning.harden_algorithms,
    "harden-dnssec-stripped": _flag("strict_stripped"),
    "module-config": _Meaning.modules,
    "fake-dsa": _flag("fake_dsa"),
    "fake-sha1": _flag("fake_sha1"),
    "minimal-responses": _flag("minimal_responses"),
    "ede": _flag("ede"),
    "root-key-sentinel": _flag("sentinel"),
    "ignore-cd-flag": _flag("ignore_cd"),
}
"""The options acted on."""
