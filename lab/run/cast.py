"""Make the subjects of a run: from a scenario's specifications, or for a run on ceremony files."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from ..authority.ceremony_authority import SkrAuthority
from ..authority.keyring import KeyRing
from ..authority.signer import ZoneSigner
from ..clock import Instant, Seconds
from ..dnssec.keys import DS, Key
from ..dnssec.names import ROOT
from ..errors import ScenarioError
from ..nameserver.responder import Responder
from ..resolver.fetch import Path
from ..resolver.model import Anchors, Feed, ResolverModel, Setup
from ..resolver.policy import PolicyError, ResolverPolicy
from ..resolver.profiles import MODELS, Profile
from ..resolver.refresh import Jitter, Witnessed
from ..scenario.expectations import Agrees
from ..scenario.spec import DAEMON as DAEMON
from ..scenario.spec import Scenario, SubjectSpec
from .subject import ModelSubject, Subject

SKR_MODELS: tuple[tuple[str, str], ...] = (
    ("rfc5011-strict", "rfc5011-strict"),
    ("unbound", "unbound"),
    ("bind", "bind"),
    ("knot", "knot"),
    ("pdns-recursor", "pdns-recursor"),
    ("static-old", "static"),
)
"""(subject, model) played on ceremony files unless subjects are named."""


DIRECT = Path()
"""A network that loses nothing."""


class Labels:
    """Name keys and DS anchors stably: as the scenario or the ceremony does, else by tag."""

    def __init__(self, keys: Mapping[str, Key], owner: bytes = ROOT) -> None:
        """Take the keys by name, without REVOKE."""
        self._by_identity = {key.identity: name for name, key in keys.items()}
        self.tags = tuple(sorted(dict.fromkeys(key.key_tag for key in keys.values())))
        self._by_ds = {key.ds(owner): name for name, key in keys.items()}
        self._by_tag = {key.key_tag: name for name, key in keys.items()}

    def __call__(self, anchor: Key | DS) -> str:
        """Return the label of a key or of the DS of one."""
        known = self._by_identity.get(anchor.identity) if isinstance(anchor, Key) else self._by_ds.get(anchor)
        return known or f"key-{anchor.key_tag}"

    def of_tag(self, tag: int) -> str:
        """Return the label of a key that is known by its tag alone, with REVOKE clear."""
        return self._by_tag.get(tag, f"key-{tag}")


def profile_of(model: str) -> Profile:
    """Return a preset by name. Raises ScenarioError naming the presets."""
    if model not in MODELS:
        raise ScenarioError(f"there is no model {model!r}", remedy=f"the models are {', '.join(MODELS)}")
    return MODELS[model]


@dataclass(frozen=True, slots=True)
class World:
    """What the subjects of a run on a scenario share."""

    scenario: Scenario
    authority: ZoneSigner
    responder: Responder
    labels: Labels
    seed: int
    witnessed: Mapping[str, Witnessed]
    """The chance of each daemon that a model is held against, by the name of either."""

    def anchors(self, names: tuple[str, ...], form: str) -> Anchors:
        """Return keys by name as they are configured: `dnskey` whole, else by DS."""
        keys = (self.authority.keyring.key(name) for name in names)
        return tuple(key if form == "dnskey" else key.ds(ROOT) for key in keys)


DaemonMaker = Callable[[SubjectSpec, World], Subject]
"""How a subject that is no model is made; `run` knows no daemons (design: section 3)."""


def scenario_cast(
    scenario: Scenario,
    authority: ZoneSigner,
    responder: Responder,
    seed: int,
    *,
    memo: bool = True,
    daemons: DaemonMaker | None = None,
) -> list[Subject]:
    """Return the subjects of a scenario in the order of its file. Raises ScenarioError for a real one."""
    ring = authority.keyring
    labels = Labels({name: ring.key(name) for name in _entry_points(scenario)})
    feed = _xml_feed(scenario, ring)
    world = World(scenario, authority, responder, labels, seed, _witnessed(scenario, seed))
    return [
        _daemon(spec, world, daemons) if spec.model.startswith(DAEMON) else _subject(spec, world, feed, memo)
        for spec in scenario.subjects
    ]


def _witnessed(scenario: Scenario, seed: int) -> dict[str, Witnessed]:
    """Let each model share the chance of the daemon that lives as it does, or is to agree with it."""
    daemons = [spec for spec in scenario.subjects if spec.model.startswith(DAEMON)]
    pairs = [(spec.name, spec.like) for spec in daemons if spec.like]
    pairs += [
        (expectation.subject, expectation.params.with_)
        for expectation in scenario.expectations
        if isinstance(expectation.params, Agrees) and any(d.name == expectation.subject for d in daemons)
    ]
    shared: dict[str, Witnessed] = {}
    for daemon, model in pairs:
        shared[daemon] = shared[model] = Witnessed(seed, refresh_of(model))
    return shared


def _daemon(spec: SubjectSpec, world: World, daemons: DaemonMaker | None) -> Subject:
    if daemons is None:
        raise ScenarioError(
            "a real resolver cannot be played here", place=f"{world.scenario.path}: subject {spec.name}",
            remedy="play it with `rootlab run`",
        )  # fmt: skip
    return daemons(spec, world)


def _entry_points(scenario: Scenario) -> tuple[str, ...]:
    """Return the names of every KSK the scenario speaks of, each once, in order."""
    names = [name for step in scenario.timeline.steps for name in step.keys.ksks]
    names += [name for spec in scenario.subjects for name in spec.anchors]
    names += [listing.key for listing in scenario.xml] + list(scenario.key_names)
    return tuple(dict.fromkeys(name for name in names if not name.startswith("zsk-")))


def _xml_feed(scenario: Scenario, ring: KeyRing) -> Feed:
    """Return root-anchors.xml as a function of time: DS of the keys valid at an instant."""
    listings = tuple((ring.key(entry.key).ds(ROOT), entry.from_, entry.until) for entry in scenario.xml)

    def listed(now: Instant) -> Anchors:
        return tuple(ds for ds, begin, end in listings if begin <= now and (end is None or now <= end))

    return listed


def _subject(spec: SubjectSpec, world: World, feed: Feed, memo: bool) -> ModelSubject:
    profile = profile_of(spec.model)
    authority = world.authority
    model = make_model(
        spec.name,
        _overridden(profile.policy, spec, world.scenario),
        world.anchors(spec.anchors, spec.anchor_format),
        world.seed,
        world.labels,
        path=Path(spec.udp_size, spec.tcp, spec.drop_above),
        feed=feed,
        offset=spec.clock_offset,
        writable=spec.state_writable,
        memo=memo,
        jitter=world.witnessed.get(spec.name),
    )
    version = spec.version or profile.version

    def anchors_of(names: tuple[str, ...]) -> Anchors:
        return world.anchors(names, spec.anchor_format)

    return ModelSubject(
        model,
        world.responder,
        authority,
        authority.child_names,
        version,
        anchors_of,
        world.labels.tags,
        world.seed,
    )


def _overridden(policy: ResolverPolicy, spec: SubjectSpec, scenario: Scenario) -> ResolverPolicy:
    try:
        return policy.override(dict(spec.policy))
    except PolicyError as problem:
        raise ScenarioError(str(problem), place=f"{scenario.path}: subject {spec.name}: policy") from None


def refresh_of(name: str) -> str:
    """Return what the random choices of a subject's refreshes are named by, beside the seed."""
    return f"{name}/refresh"


def make_model(
    name: str,
    policy: ResolverPolicy,
    anchors: Anchors,
    seed: int,
    label: Callable[[Key | DS], str],
    *,
    path: Path = DIRECT,
    feed: Feed | None = None,
    offset: Seconds = 0,
    writable: bool = True,
    memo: bool = True,
    jitter: Jitter | None = None,
) -> ResolverModel:
    """Return a model for the root; its random choices are named by seed and subject, unless given."""
    chance = Jitter(seed, refresh_of(name)) if jitter is None else jitter
    setup = Setup(name, ROOT, anchors, chance, label, path, feed, memo)
    return ResolverModel(policy, setup, offset=offset, writable=writable)


def ceremony_cast(
    authority: SkrAuthority, responder: Responder, names: tuple[str, ...], seed: int
) -> list[ModelSubject]:
    """Return the subjects of a run on ceremony files, anchored in the signers of the first bundle."""
    wanted = dict(SKR_MODELS)
    chosen = [(name, wanted.get(name, name)) for name in names] if names else list(SKR_MODELS)
    ksks = dict.fromkeys(name for step in authority.timeline.steps for name in step.keys.ksks)
    keys = {name: key for name in ksks if (key := authority.key(name)) is not None}
    labels = Labels(keys)
    cast = []
    for name, model in chosen:
        profile = profile_of(model)
        resolver = make_model(name, profile.policy, authority.first_anchors(), seed, labels)
        cast.append(ModelSubject(resolver, responder, None, None, profile.version, lambda _names: ()))
    return cast
