"""Play one model through the timeline of a scenario up to an instant, and look at its state.

There is nothing else in that life: the model starts when the scenario does, anchored in the keys that sign
then, and is never stopped. It is the same model as in a run, at the same second in the same state.
"""

from __future__ import annotations

from dataclasses import dataclass

from ..authority.keyring import KeyRing
from ..authority.signer import ZoneSigner
from ..clock import Instant, format_instant
from ..dnssec.names import ROOT
from ..errors import ScenarioError
from ..nameserver.responder import Responder
from ..resolver.model import Setup
from ..resolver.refresh import Jitter
from ..resolver.state.keeper import FiledModel
from ..resolver.state.vocabulary import TrustState
from ..scenario.spec import Scenario
from .cast import Labels, profile_of
from .subject import ModelSubject


@dataclass(frozen=True, slots=True)
class Part:
    """What is played: the model's preset, the names of its first anchors, and the seed.

    The scenario has defaults for anchors and seed. `name` is the subject's, after which its random choices
    are named; the model's unless given.
    """

    model: str
    anchors: tuple[str, ...] = ()
    seed: int | None = None
    name: str = ""


def played(scenario: Scenario, part: Part, as_of: Instant) -> FiledModel:
    """Return the model as it is at the end of the second `as_of`. Raises ScenarioError."""
    if not scenario.start <= as_of < scenario.stop:
        window = f"{format_instant(scenario.start)} to {format_instant(scenario.stop)}"
        problem = f"{format_instant(as_of)} lies outside the scenario, which goes from {window}"
        raise ScenarioError(problem, place=scenario.path, remedy="name an instant inside")
    profile = profile_of(part.model)
    timeline = scenario.timeline
    ring = KeyRing(scenario.key_files)
    authority = ZoneSigner(timeline, ring, watermark=scenario.name)
    names = part.anchors or scenario.anchors_default
    seed = scenario.seed if part.seed is None else part.seed
    name = part.name or part.model
    model = FiledModel(
        profile.policy,
        Setup(
            name,
            ROOT,
            tuple(ring.key(name).ds(ROOT) for name in names),
            Jitter(seed, f"{name}/refresh"),
            Labels({name: ring.key(name) for name in names}),
        ),
    )
    subject = ModelSubject(model, Responder(authority), None, None, profile.version, lambda _names: ())
    subject.start(scenario.start)
    now = scenario.start
    while now <= as_of:
        change = timeline.next_change(now)
        end = min(as_of + 1, scenario.stop if change is None else change)
        subject.world_changed()
        subject.advance(now, end, scenario.stop if change is None else min(change, scenario.stop))
        subject.take()
        now = end
    return model


def state_at(scenario: Scenario, part: Part, as_of: Instant) -> TrustState:
    """Return the state a model's file holds at the end of the second `as_of`. Raises ScenarioError."""
    return played(scenario, part, as_of).state(as_of)
