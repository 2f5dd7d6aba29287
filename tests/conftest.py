"""Set up what all tests share: Hypothesis profiles, temporary folders, the frozen clock, things outside."""

from __future__ import annotations

import os
import shutil
import signal
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple, NoReturn

import freezegun
import freezegun.api
import pytest
from hypothesis import HealthCheck, Phase, settings
from hypothesis.internal.conjecture import engine

if TYPE_CHECKING:
    from .acceptance.command import Ended

TESTS = Path(__file__).resolve().parent
IN_CI = os.environ.get("CI", "").lower() not in ("", "0", "false")

FROZEN_AT = "1999-12-31T23:59:59"
"""The wall clock of core tests: before DNSSEC, so that any signature judged by it is not yet valid."""

FROZEN_FOLDERS = ("authority", "dnssec", "nameserver", "properties", "resolver", "run", "scenario")
"""Folders of tests whose subject must take `now` as an argument; so must all `rfc*` folders."""

KEEP_REAL_TIME = ["_pytest", "_hypothesis", "hypothesis", "pluggy", "coverage"]
"""Modules that go on measuring in real time: durations, health checks and the limit on shrinking."""


class MakeRun(NamedTuple):
    """What `make run` did: `out/` in `folder` has its report and, beside it, `october-SCENARIO.jsonl`.

    All it printed is in `printed`.
    """

    folder: Path
    ended: Ended


# Signing with RSA-2048 takes as long as it takes, so there is no deadline anywhere. The suite tries the same
# examples on every machine as in CI: a failure is nobody's bad luck. Chance is for `make test-nightly`, which
# tries other examples each time, and twenty times as many (`effort.examples`).
BY_NIGHT = "nightly"
settings.register_profile(
    "ci",
    deadline=None,
    derandomize=True,
    print_blob=True,
    phases=[Phase.explicit, Phase.generate, Phase.shrink],
    suppress_health_check=[HealthCheck.too_slow],
)
settings.register_profile(
    BY_NIGHT,
    deadline=None,
    derandomize=False,  # as Hypothesis would have it where CI is set
    max_examples=2000,
    print_blob=True,
    suppress_health_check=[HealthCheck.too_slow],
)
PROFILE = os.environ.get("HYPOTHESIS_PROFILE") or "ci"
settings.load_profile(PROFILE)

# A failing property is shrunk for as long as this, not for Hypothesis' five minutes: what is found in
# CI is found again by whoever looks into it, and can be shrunk further there.
SHRINK_SECONDS = 300 if PROFILE == BY_NIGHT else 45
engine.MAX_SHRINKING_SECONDS = SHRINK_SECONDS

# freezegun would look five callers up for a module that keeps real time, and a test body has pytest or
# Hypothesis among those: it would then see the real time itself. Only the direct caller may count.
freezegun.api.call_stack_inspection_limit = 1


@pytest.hookimpl(tryfirst=True)
def pytest_configure(config: pytest.Config) -> None:
    """Give each session a temporary folder of its own, gone with it; `--basetemp` names one to keep.

    pytest's numbered folders are common to all sessions of a user, and each removes what older ones left.
    Two that end at once find each other's half-removed folders, which is a warning, and so here an error.
    """
    if config.option.basetemp is None:
        folder = Path(tempfile.mkdtemp(prefix="rootlab-tests-"))
        config.option.basetemp = folder / "pytest"
        config.add_cleanup(lambda: shutil.rmtree(folder, ignore_errors=True))
    # A shell without job control starts what runs in the background deaf to SIGINT, and all its children.
    if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
        signal.signal(signal.SIGINT, signal.default_int_handler)


@pytest.fixture(scope="module", autouse=True)
def frozen_wall_clock(request: pytest.FixtureRequest) -> Iterator[None]:
    """Run core tests under an absurd wall clock, so that code which reads it cannot give the right answer.

    Once a module, because a freeze takes milliseconds: too dear for every Hypothesis example. A module that
    must see real time says `pytestmark = pytest.mark.real_clock`.
    """
    folder = request.path.relative_to(TESTS).parts[0]
    core = folder in FROZEN_FOLDERS or folder.startswith("rfc")
    if not core or request.node.get_closest_marker("real_clock"):
        yield
        return
    with freezegun.freeze_time(FROZEN_AT, ignore=KEEP_REAL_TIME):
        yield


@pytest.fixture(scope="session")
def shared_data() -> Path:
    """Return the folder of real files (SKRs, published keys), which lies beside the checkout.

    `ROOTLAB_SHARED` names another folder that has `data` in it. The files are not part of the project:
    without them a test is skipped, except in CI, where nothing may be skipped silently.
    """
    beside = os.environ.get("ROOTLAB_SHARED") or TESTS.parent.parent / "shared"
    folder = Path(beside).resolve() / "data"
    if not folder.is_dir():
        unavailable(f"{folder} is missing: put the real data beside the checkout or set ROOTLAB_SHARED")
    return folder


@pytest.fixture(scope="session")
def make_run(tmp_path_factory: pytest.TempPathFactory) -> MakeRun:
    """Play the suite as `make run` does, once for all who look at its table, its report or its records."""
    from .acceptance.command import rootlab

    folder = tmp_path_factory.mktemp("october")
    (folder / "out").mkdir()
    report, record = "out/october-11.md", "out/october.jsonl"
    ended = rootlab(folder, "run", "october-11", "--report", report, "--record", record)
    (folder / "printed").write_text(ended.out + ended.err)
    return MakeRun(folder, ended)


@pytest.fixture(scope="session")
def debian_tool() -> Callable[[str], str]:
    """Return a function from a program's name to its path, for checks that an independent program makes."""

    def find(name: str) -> str:
        path = shutil.which(name, path=f"{os.environ.get('PATH', '')}:/usr/sbin:/usr/bin")
        if path is None:
            unavailable(f"{name} is not installed: run `make setup-system`")
        return path

    return find


def unavailable(reason: str) -> NoReturn:
    """Skip the test for want of something outside the project, but fail it in CI."""
    if IN_CI:
        pytest.fail(reason)
    pytest.skip(reason)
