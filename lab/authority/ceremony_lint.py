"""Lint ceremony files: everything `ceremony_verify` finds, and whether the root's ways and waits are kept.

One rule, one identifier, used in code, output and test; `RULES` names all of them, and docs/ceremony.md is
made of it. Times are compared with each other, never with a clock.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

from ..dnssec.keys import DS, Key
from .ceremony import CeremonyFile
from .ceremony_calendar import CALENDAR_RULES
from .ceremony_chain import CHAIN_RULES
from .ceremony_keys import KEY_RULES
from .ceremony_rules import MAX_RESPONSE_OCTETS, Given
from .ceremony_verify import BUNDLE_RULES, FILE_RULES, CeremonyFinding, Severity, verify

LINT_RULES = (*CALENDAR_RULES, *KEY_RULES, *CHAIN_RULES)
"""What lint looks for and verify does not."""


class RuleName(NamedTuple):
    """Say what an identifier means: its severity, its claim, whence that is ("" for verify's own).

    `verified` tells that `ceremony verify` looks for it, too.
    """

    severity: Severity
    claim: str
    source: str
    verified: bool


RULES: dict[str, RuleName] = {
    **{rule.identifier: RuleName(rule.severity, rule.claim, "", True) for rule in BUNDLE_RULES},
    **{name: RuleName(severity, claim, "", True) for name, severity, claim in FILE_RULES},
    **{rule.identifier: RuleName(rule.severity, rule.claim, rule.source, False) for rule in LINT_RULES},
}
"""Every rule by identifier, those of `verify` first."""


def lint_files(
    files: Iterable[CeremonyFile],
    *,
    anchors: Iterable[DS | Key] = (),
    max_size: int = MAX_RESPONSE_OCTETS,
) -> tuple[CeremonyFinding, ...]:
    """Return what is wrong or unwise in ceremony files: verify's findings, then those of each rule in turn.

    `anchors` are keys somebody trusts at the start, `max_size` the octets a DNSKEY response may have.
    """
    given = Given(tuple(files), tuple(anchors), max_size)
    findings = list(verify(given.files))
    for rule in LINT_RULES:
        for file, bundle, message in rule.check(given):
            number, bundle_id = (None, "") if bundle is None else (bundle.number, bundle.id)
            findings.append(
                CeremonyFinding(rule.identifier, rule.severity, file.file, number, bundle_id, message)
            )
    return tuple(findings)
