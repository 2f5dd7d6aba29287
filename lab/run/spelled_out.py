"""A scenario with one subject, spelled out: the timeline step by step, the policy as deviations from the RFC.

So it is that it can be taken apart (`shrink`). It is made of the tables of a scenario file.
"""

from __future__ import annotations

from dataclasses import fields
from typing import Any

from ..authority.faults import FAULTS
from ..authority.timeline import KeySet, Step
from ..clock import Instant, format_duration
from ..resolver.policy import STRICT, ResolverPolicy
from ..resolver.profiles import MODELS
from ..scenario.spec import (
    Action,
    Dark,
    Disturb,
    EventSpec,
    Off,
    Replay,
    Restart,
    Scenario,
    SetAnchors,
    SetClock,
    SubjectSpec,
)

Tables = dict[str, Any]

_PLAIN = SubjectSpec("plain", "rfc5011-strict", (), 0)
_OPTIONS = ("anchor_format", "state_writable", "keep_state", "udp_size", "tcp", "drop_above")
"""Fields of a subject that a file writes as they are."""


def spelled_out(scenario: Scenario, name: str, seed: int, *, literal: bool) -> Tables:
    """Return the tables for one subject of a scenario.

    With `literal` each version of the DNSKEY RRset keeps the signature it had; otherwise versions with the
    same keys are one, which is signed anew every ten days.
    """
    spec = next(one for one in scenario.subjects if one.name == name)
    own = [event for event in scenario.events if event.subject in (None, name)]
    tables: Tables = {
        "title": scenario.title, "start": scenario.start, "stop": scenario.stop, "seed": seed,
        "authority": {"dnskey-ttl": format_duration(scenario.timeline.dnskey_ttl)},
        "timeline": _timeline(scenario, own, literal=literal),
        "subject": [_subject(spec)],
        "event": [_event(event, scenario.stop) for event in own],
    }  # fmt: skip
    if MODELS[spec.model].policy.trust.feed == "xml" or dict(spec.policy).get("feed") == "xml":
        tables["authority"]["xml"] = {
            listing.key: {"from": listing.from_} | ({} if listing.until is None else {"until": listing.until})
            for listing in scenario.xml
        }
    names = {name for step in scenario.timeline.steps for name in step.keys.published}
    names.update(spec.anchors, *(event.action.keys for event in own if isinstance(event.action, SetAnchors)))
    keys = {name: str(path.resolve()) for name, path in scenario.key_files.items() if name in names}
    return tables | ({"keys": keys} if keys else {})


def _timeline(scenario: Scenario, events: list[EventSpec], *, literal: bool) -> list[Tables]:
    """Return the versions of the DNSKEY RRset that the run, or a replayed answer in it, can see."""
    seen = [event.action.of for event in events if isinstance(event.action, Replay)]
    first = scenario.timeline.step(min([scenario.start, *seen]))
    steps = [step for step in scenario.timeline.steps if first.at <= step.at < scenario.stop]
    tables: list[Tables] = []
    before: KeySet | None = None
    for step in steps:
        if literal or step.keys != before:
            tables.append(_step(step, literal=literal))
        before = step.keys
    return tables


def _step(step: Step, *, literal: bool) -> Tables:
    keys = step.keys
    table: Tables = {"at": step.at, "publish": list(keys.ksks), "sign": list(keys.dnskey_signers)}
    if keys.revoked:
        table["revoke"] = list(keys.revoked)
    table |= {"zsks": list(keys.zsks), "zone-sign": list(keys.zone_signers)}
    return table | ({"inception": step.inception, "expiration": step.expiration} if literal else {})


def _subject(spec: SubjectSpec) -> Tables:
    """Return a subject's table, its model as deviations from the RFC."""
    model, policy = _deviations(spec)
    table: Tables = {
        "name": spec.name, "model": model, "anchors": list(spec.anchors), "first-start": spec.first_start,
    }  # fmt: skip
    for item in fields(SubjectSpec):
        value = getattr(spec, item.name)
        if item.name in _OPTIONS and value != getattr(_PLAIN, item.name):
            table[item.name.replace("_", "-")] = value
    if spec.clock_offset:
        table["clock-offset"] = format_duration(spec.clock_offset)
    if spec.restart_every is not None:
        table["restart-every"] = format_duration(spec.restart_every)
    if spec.off:
        table["off"] = [{"from": window.begin, "to": window.end} for window in spec.off]
    return table | ({"policy": policy} if policy else {})


def _deviations(spec: SubjectSpec) -> tuple[str, Tables]:
    """Return a model and the knobs by which a subject's policy deviates from it.

    The model is `rfc5011-strict` for whoever follows RFC 5011, in whatever way, else `static`.
    """
    policy = MODELS[spec.model].policy.override(dict(spec.policy))
    model = "rfc5011-strict" if policy.base == STRICT.base else "static"
    knobs: Tables = {knob: here for knob, here, _ in policy.differences(MODELS[model].policy)}
    if policy.overrides != MODELS[model].policy.overrides:
        knobs["rows"] = "\n".join(str(row) for row in policy.overrides)
    made: ResolverPolicy = MODELS[model].policy.override(knobs)
    if made.table != policy.table or made.differences(policy):
        return spec.model, dict(spec.policy)
    return model, knobs


def _event(event: EventSpec, stop: Instant) -> Tables:
    return {"at": event.at, **({} if event.subject is None else {"subject": event.subject}),
            **_action(event.action, stop)}  # fmt: skip


def _action(action: Action, stop: Instant) -> Tables:
    """Return what happens as a file says it; what lasts to the end of the run is said to."""
    if isinstance(action, Restart):
        return {"restart": {"keep-state": action.keep_state, "kill": action.kill}}
    if isinstance(action, SetClock):
        return {"clock": {"offset": format_duration(action.offset)}}
    if isinstance(action, SetAnchors):
        return {"anchors": {"set": list(action.keys), "apply": action.apply}}
    if isinstance(action, (Off, Dark, Replay)):
        name = {Off: "off", Dark: "dark", Replay: "replay"}[type(action)]
        end = {} if action.until >= stop else {"until": action.until}
        return {name: ({"of": action.of} if isinstance(action, Replay) else {}) | end}
    if isinstance(action, Disturb):
        end = {} if action.until >= stop else {"until": action.until}
        what = {"name": action.name, "value": action.argument, "letters": list(action.letters)}
        return {"fault" if action.name in FAULTS else "impair": what | end}
    return {"state-writable": action.writable}
