"""The pytest plugin `rootlab`: roll the root's key in any test suite.

    def test_unbound_installed_too_late(lab_clock, real_resolver):
        lab_clock.advance_to("2018-10-01")
        unbound = real_resolver("unbound", anchors=["ksk-2010"])
        run = lab_clock.advance_to("2018-10-13T16:00Z")
        assert run.subject(unbound.name).first_failure is None

Every suite on a machine pays for importing this module, so it imports pytest and nothing of the lab: fixtures
import what they need when they are used. docs/pytest.md has the rest.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn

import pytest

if TYPE_CHECKING:
    from .testing.collect import ScenarioFile
    from .testing.played import Run
    from .testing.root import RootAuthority, RootServer
    from .testing.world import LabClock, Resolver, World

DEFAULT_SCENARIO = "2018-actual"
"""What a test gets that says no scenario where the command line says none either."""

MARKER = (
    "rollover(*scenarios, subject=None): which scenarios (names or paths) the fixtures of rootlab play, and "
    "which subjects `rollover_run` has: a name, a table like [[subject]], or a list of them, a test for each"
)


# -- options -------------------------------------------------------------------------------------------------


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add the options of the plugin."""
    group = parser.getgroup("rootlab", "rollovers of the DNS root's key (rootlab)")
    group.addoption(
        "--rootlab-scenario",
        action="append",
        default=[],
        metavar="SCENARIO",
        help="scenario, a shipped name or a path, for tests whose marker names none; may be repeated, then "
        f"they run once with each (default: {DEFAULT_SCENARIO})",
    )
    group.addoption(
        "--rootlab-require-daemons",
        action="store_true",
        help="a test fails, and is not skipped, where a real resolver is missing or cannot be driven",
    )


def pytest_configure(config: pytest.Config) -> None:
    """Register the marker, for --strict-markers."""
    config.addinivalue_line("markers", MARKER)


def pytest_collect_file(file_path: Path, parent: pytest.Collector) -> ScenarioFile | None:
    """Collect a scenario file that the command line names; others, in folders, are nobody's tests."""
    if file_path.suffix != ".toml" or not parent.session.isinitpath(file_path):
        return None
    from .testing.collect import ScenarioFile

    file: ScenarioFile = ScenarioFile.from_parent(parent, path=file_path)
    file.absent = _absent
    return file


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Make a test for each scenario, and for each subject that `rollover_run` is to have."""
    marker = metafunc.definition.get_closest_marker("rollover")
    if marker is not None and set(marker.kwargs) - {"subject"}:
        raise pytest.UsageError(f"{metafunc.definition.nodeid}: the marker is {MARKER.partition(':')[0]}")
    if "rootlab_scenario" in metafunc.fixturenames:
        asked = metafunc.config.getoption("--rootlab-scenario")
        scenarios = list(marker.args if marker is not None and marker.args else asked)
        if len(scenarios) > 1:
            metafunc.parametrize(
                "rootlab_scenario", scenarios, ids=[Path(s).stem for s in scenarios], indirect=True
            )
    if "rollover_run" in metafunc.fixturenames and marker is not None:
        subjects = marker.kwargs.get("subject")
        if isinstance(subjects, (list, tuple)):
            metafunc.parametrize("rollover_run", subjects, ids=[_shown(s) for s in subjects], indirect=True)


def _shown(subject: Any) -> str:
    """Name a subject in the name of a test."""
    return subject if isinstance(subject, str) else str(subject.get("name", subject.get("model", "")))


def _absent(config: pytest.Config, reason: str) -> NoReturn:
    """Skip the test for want of what its machine has not, or fail it if that is asked for."""
    if config.getoption("--rootlab-require-daemons"):
        pytest.fail(f"rootlab: {reason}", pytrace=False)
    pytest.skip(f"rootlab: {reason}")


# -- fixtures ------------------------------------------------------------------------------------------------


@pytest.fixture
def rootlab_scenario(request: pytest.FixtureRequest) -> str:
    """Name the scenario of the test: its marker's, else --rootlab-scenario, else 2018-actual."""
    if hasattr(request, "param"):
        return str(request.param)
    marker = request.node.get_closest_marker("rollover")
    named = [*(marker.args if marker is not None else ()), *request.config.getoption("--rootlab-scenario")]
    return str(named[0]) if named else DEFAULT_SCENARIO


@pytest.fixture
def rootlab_world(request: pytest.FixtureRequest, rootlab_scenario: str) -> World:
    """Return what the other fixtures of one test share: a root, a clock, and who was installed."""
    from .testing.world import World

    return World(rootlab_scenario, absent=lambda reason: _absent(request.config, reason))


@pytest.fixture
def lab_clock(rootlab_world: World) -> LabClock:
    """Return the clock: `now`, `advance_to(instant)` and `advance(duration)`, which return the run so far."""
    from .testing.world import LabClock

    return LabClock(rootlab_world)


@pytest.fixture
def root_authority(rootlab_world: World) -> RootAuthority:
    """Return the root: its keys by name, its signed DNSKEY RRset, and answers, now or at any instant."""
    from .testing.root import RootAuthority

    return RootAuthority(rootlab_world.scenario, lambda: rootlab_world.now)


@pytest.fixture
def root_server(root_authority: RootAuthority) -> Iterator[RootServer]:
    """Return the root as a server on 127.0.0.1 and a free `port`; it serves what the clock says."""
    from .testing.root import RootServer

    with RootServer(root_authority) as server:
        yield server


@pytest.fixture
def real_resolver(rootlab_world: World) -> Callable[..., Resolver]:
    """Return a function that installs a real resolver, `real_resolver("unbound", anchors=["ksk-2010"])`.

    Options are the keys of `[[subject]]` in a scenario file. Without its program the test is skipped, or
    fails with --rootlab-require-daemons.
    """
    return rootlab_world.daemon


@pytest.fixture
def model_resolver(rootlab_world: World) -> Callable[..., Resolver]:
    """Return a function that installs a model of a resolver: the same as `real_resolver`, in milliseconds."""
    return rootlab_world.install


@pytest.fixture
def play_scenario(request: pytest.FixtureRequest, rootlab_scenario: str) -> Callable[..., Run]:
    """Return a function that plays a scenario: `play_scenario("2026-planned", subject="unbound")`.

    Without a name it is the test's scenario; `subject` is one name or several, `daemon:unbound` a real one;
    `seed` is of everything drawn at random.
    """
    from .scenario.load import load_scenario

    def play(scenario: str | Path | None = None, *, subject: Any = (), seed: int | None = None) -> Run:
        loaded = load_scenario(rootlab_scenario if scenario is None else scenario)
        return _run(request.config, loaded, subject, seed)

    return play


@pytest.fixture
def rollover_run(request: pytest.FixtureRequest, rootlab_scenario: str) -> Run:
    """Return the run of the test's marker: `@pytest.mark.rollover("2018-actual", subject="unbound")`."""
    from .scenario.load import load_scenario

    marker = request.node.get_closest_marker("rollover")
    subject = () if marker is None else marker.kwargs.get("subject", ())
    return _run(request.config, load_scenario(rootlab_scenario), getattr(request, "param", subject), None)


def _run(config: pytest.Config, scenario: Any, subject: Any, seed: int | None) -> Run:
    """Return the run of a scenario's own subjects, named, or of one that a table describes."""
    from .testing.played import Run
    from .testing.world import configured

    if isinstance(subject, dict):
        scenario, subject = configured(scenario, [subject]), ()
    names = (subject,) if isinstance(subject, str) else tuple(subject or ())
    return Run(scenario, names, seed=seed, absent=lambda reason: _absent(config, reason))
