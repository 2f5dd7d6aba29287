"""Say in words what a report shows: outcomes, instants, and what a green verdict does not mean."""

from __future__ import annotations

from ..causes import explanation
from ..clock import Instant, format_instant
from ..errors import one_line
from ..run.verdict import RunResult, SubjectResult

OUTCOME_WORDS = {
    "secure": "answers, and has checked every signature up to a root key it trusts",
    "insecure": "answers without checking: it has no root key left to start from, so forgeries pass too",
    "unvalidated": "goes on answering although the check fails: clients lose the AD bit and notice nothing",
    "bogus": "the check fails, so clients get SERVFAIL: for them the Internet is down",
    "down": "does not run or does not answer",
}
"""One sentence per outcome (`lab.observation.OUTCOMES`), best first."""

FAILURE = (
    "the second from which a name never asked before would not be secure; where in the hours after a roll it "
    "falls depends on when the resolver was started: at midnight, unless the scenario says otherwise"
)

EXPECTED = (
    "passed = the subject did what the scenario expects of it, and that may be to break: "
    "a failure at the expected time passes."
)

NOT_MODELLED = (
    "A `model` imitates what the source code of an implementation does with trust anchors; "
    "it is not the program: only a subject called daemon: is one.",
    "The lab's keys stand in for the root's: other key material of the same sizes, the KSKs under the same "
    "tags. Only a run on ceremony files has the root's own keys and signatures.",
    "Resolvers stand alone: no forwarders, no NAT, no shared caches. Nothing here counts users or says what "
    "share of the world's resolvers is set up like this.",
    "Nobody repairs anything unless the scenario has an event for it. In the field the first SERVFAIL makes "
    "somebody replace an anchor or switch validation off.",
    "The root servers agree with each other and answer at once, and no packet is lost, unless the scenario "
    "says so.",
    "The switch to a new key set happens at one instant. Where the hour is not on record or still to come, "
    "16:00Z is assumed; failures move with it.",
    "Names are asked for that were never asked before. Answers that are still in a cache can hide a failure "
    "from clients for a while longer.",
)
"""What stays outside, whatever the verdict; printed under every report that may be forwarded."""


def when(instant: Instant | None, absent: str = "-") -> str:
    """Write an instant for a table, or `absent` where there is none."""
    return absent if instant is None else format_instant(instant)


def recovery(subject: SubjectResult) -> str:
    """Say when a subject was secure again for good: instant, `never` in this run, `-` if it never failed."""
    return when(subject.recovered_at, "-" if subject.first_failure is None else "never")


def cause_words(identifier: str) -> str:
    """Return the sentence for a cause with its citations; an identifier nobody lists stands for itself."""
    return one_line(explanation(identifier))


def causes_of(runs: tuple[RunResult, ...]) -> tuple[str, ...]:
    """Return the distinct causes in the order in which a reader meets them, row by row."""
    seen = {subject.cause: None for run in runs for subject in run.subjects if subject.cause}
    return tuple(seen)


def outcomes_of(runs: tuple[RunResult, ...]) -> tuple[str, ...]:
    """Return the distinct worst outcomes that occur, best first; `secure` always, as the yardstick."""
    seen = {subject.outcome for run in runs for subject in run.subjects} | {"secure"}
    return tuple(outcome for outcome in OUTCOME_WORDS if outcome in seen)


def unmet(run: RunResult) -> tuple[tuple[str, str, str, str], ...]:
    """Return (subject, expectation, verdict, message) of every finding that is not passed."""
    return tuple(
        (subject.name, finding.expectation, finding.verdict, finding.message)
        for subject in run.subjects
        for finding in subject.findings
        if finding.verdict != "passed"
    )
