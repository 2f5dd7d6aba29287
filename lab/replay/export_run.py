"""Choose what of a run is exported: the subject, what the root served it, and what became of its keys."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from ..authority.ceremony_authority import SkrAuthority, read_skrs
from ..authority.keyring import KeyRing
from ..authority.signer import ZoneSigner
from ..dnssec.names import ROOT
from ..errors import UserError
from ..observation import Transition
from ..resolver.profiles import MODELS
from ..run.record import Record
from ..scenario.spec import Scenario, SubjectSpec
from .export import Exported, Subject, export


def export_scenario(scenario: Scenario, record: Record, names: Sequence[str] = ()) -> Exported:
    """Return a played scenario as an .rpl; `names` are the subjects that were asked for.

    Raises UserError if none of them, or of all, is an Unbound.
    """
    spec = next((one for one in scenario.subjects if one.name == _chosen(record, names)), None)
    assert spec is not None, "a record of another scenario"
    ring = KeyRing(scenario.key_files)
    authority = ZoneSigner(scenario.timeline, ring)
    profile = MODELS[spec.model]
    keys = tuple(ring.key(name) for name in spec.anchors)
    anchors = tuple(key if spec.anchor_format == "dnskey" else key.ds(ROOT) for key in keys)
    subject = Subject(
        spec.name, profile, profile.policy.override(dict(spec.policy)), anchors, spec.first_start
    )
    changes = [step.at for step in scenario.timeline.steps]
    exported = export(scenario.title, subject, authority.dnskey, changes, _transitions(record), scenario.stop)
    left_out = "restarts, absences, clock and state of the subject are left out"
    return exported._replace(differences=(left_out,) * _is_disturbed(scenario, spec) + exported.differences)


def export_ceremony(files: Sequence[Path], record: Record, names: Sequence[str] = ()) -> Exported:
    """Return a run on ceremony files as an .rpl. Raises UserError if no subject is an Unbound."""
    authority = SkrAuthority(read_skrs(files))
    name = _chosen(record, names)
    model = next(str(row["model"]) for row in record.header["subjects"] if row["name"] == name)
    profile = MODELS[model]
    subject = Subject(name, profile, profile.policy, authority.first_anchors(), authority.start)
    changes = [step.at for step in authority.timeline.steps]
    title = str(record.header["title"])
    return export(title, subject, authority.dnskey, changes, _transitions(record), authority.end)


def _chosen(record: Record, names: Sequence[str]) -> str:
    """Return the first subject of a record that is an Unbound."""
    for row in record.header["subjects"]:
        if row["model"].startswith("unbound") and (not names or row["name"] in names):
            return str(row["name"])
    there = [row["name"] for row in record.header["subjects"] if row["model"].startswith("unbound")]
    raise UserError(
        "no subject of the run is an Unbound, whose state file testbound checks",
        remedy=f"name one of {', '.join(there)}" if there else "add one to the scenario",
    )


def _transitions(record: Record) -> tuple[Transition, ...]:
    return tuple(one for one in record.observations if isinstance(one, Transition))


def _is_disturbed(scenario: Scenario, spec: SubjectSpec) -> bool:
    """Tell whether anything happens to a subject that no .rpl can say."""
    events = any(event.subject in (None, spec.name) for event in scenario.events)
    usual = spec.clock_offset == 0 and spec.state_writable and not spec.off and spec.restart_every is None
    return events or not usual
