"""The pytest plugin in somebody else's suite: fixtures, marker, options, and scenario files as tests."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable

import pytest

from lab.errors import DriverError
from lab.testing import world
from tests.cli.conftest import SCENARIO

from .conftest import PLUGIN

RunPytest = Callable[..., pytest.RunResult]

INSTALLED_LATE = """
def test_installed_too_late(lab_clock, model_resolver):
    lab_clock.advance_to("2018-10-01")
    unbound = model_resolver("unbound", anchors=["ksk-2010"])
    run = lab_clock.advance_to("2018-10-13T16:00Z")
    seen = run.subject(unbound.name)
    assert "2018-10-11T16:00Z" <= seen.first_failure <= "2018-10-12T16:00Z"
    assert seen.cause == "hold-down-unfinished"
"""


def test_ten_lines_with_a_model(pytester: pytest.Pytester, run_pytest: RunPytest) -> None:
    """A model with the old anchor, installed ten days before the roll, is seen to fail."""
    pytester.makepyfile(INSTALLED_LATE)
    run_pytest().assert_outcomes(passed=1)


def test_marker_makes_a_test_for_each_scenario_and_subject(
    pytester: pytest.Pytester, run_pytest: RunPytest
) -> None:
    """The marker is known to --strict-markers; names and tables are told apart in the names of tests."""
    pytester.makepyfile(
        """
        import pytest

        IMAGE = {"name": "image", "model": "static", "anchors": ["ksk-2010"], "first_start": "2018-09-01"}

        @pytest.mark.rollover("2018-actual", "2017-planned", subject=["static-both", "static-old"])
        def test_both(rollover_run):
            assert rollover_run.subject().first_failure is None

        @pytest.mark.rollover("2018-actual", subject=[IMAGE])
        def test_image(rollover_run):
            assert rollover_run.subject("image").first_failure == "2018-10-13T00:00:00Z"

        @pytest.mark.rollover(subject="static-both")
        def test_default(rollover_run, rootlab_scenario):
            assert (rootlab_scenario, rollover_run.verdict) == ("2018-actual", "passed")
        """
    )
    result = run_pytest("-v")
    result.assert_outcomes(passed=4, failed=2)
    result.stdout.fnmatch_lines(
        [
            "*::test_both?2018-actual-static-both? PASSED*",
            "*::test_both?2018-actual-static-old? FAILED*",
            "*::test_both?2017-planned-static-both? PASSED*",
            "*assert 2018-10-12T00:00:00Z is None*",
            "*<static-old *: bogus, first failure 2018-10-12T00:00:00Z ?static-anchor?>*",
        ]
    )


def test_marker_takes_nothing_else(pytester: pytest.Pytester, run_pytest: RunPytest) -> None:
    """A keyword that the marker does not have is an error, not a default."""
    pytester.makepyfile(
        "import pytest\n@pytest.mark.rollover(subjects='unbound')\ndef test_it(rollover_run): ..."
    )
    result = run_pytest()
    assert result.ret != 0
    assert "the marker is rollover(" in result.stdout.str() + result.stderr.str()


def test_command_line_names_the_scenario_of_unmarked_tests(
    pytester: pytest.Pytester, run_pytest: RunPytest
) -> None:
    """--rootlab-scenario is for tests without one of their own; given twice they run twice."""
    pytester.makepyfile(
        """
        import pytest

        def test_free(rootlab_scenario, lab_clock):
            begins = {"2017-planned": "2017-07-01", "2026-planned": "2025-01-01"}
            assert lab_clock.now == begins[rootlab_scenario]

        @pytest.mark.rollover("2018-actual")
        def test_bound(rootlab_scenario):
            assert rootlab_scenario == "2018-actual"
        """
    )
    once = run_pytest("--rootlab-scenario", "2017-planned", "-v")
    once.assert_outcomes(passed=2)
    twice = run_pytest("--rootlab-scenario", "2017-planned", "--rootlab-scenario", "2026-planned", "-v")
    twice.assert_outcomes(passed=3)
    twice.stdout.fnmatch_lines(["*::test_free?2026-planned? PASSED*"])


def test_play_scenario(pytester: pytest.Pytester, run_pytest: RunPytest) -> None:
    """A scenario of one's own is played by its path; without a name it is the test's."""
    pytester.path.joinpath("fortnight.toml").write_text(SCENARIO)
    pytester.makepyfile(
        """
        def test_own(play_scenario):
            run = play_scenario("fortnight.toml")
            assert run.verdict == "passed"
            assert [seen.name for seen in run.subjects] == ["static-old", "static-both"]
            assert play_scenario("fortnight.toml", subject="static-both").subject().outcome == "secure"

        def test_default(play_scenario):
            assert play_scenario(subject=["static-old"], seed=3).result.seed == 3
        """
    )
    run_pytest().assert_outcomes(passed=2)


# -- scenario files as tests ---------------------------------------------------------------------------------


def test_scenario_file_is_a_test_for_each_subject(pytester: pytest.Pytester, run_pytest: RunPytest) -> None:
    """A file on the command line has its expectations checked; the same file in a folder is left alone."""
    path = pytester.path / "fortnight.toml"
    path.write_text(SCENARIO)
    named = run_pytest("fortnight.toml", "-v")
    named.assert_outcomes(passed=2)
    named.stdout.fnmatch_lines(["fortnight.toml::static-old PASSED*"])
    assert run_pytest().ret == pytest.ExitCode.NO_TESTS_COLLECTED


def test_scenario_file_that_fails_says_why(pytester: pytest.Pytester, run_pytest: RunPytest) -> None:
    """What was expected, what was seen, and the story of the subject, without a traceback."""
    path = pytester.path / "wrong.toml"
    path.write_text(f'{SCENARIO}\n[[expect]]\nid = "odd"\nsubject = "static-both"\nfails = {{}}\n')
    result = run_pytest("wrong.toml")
    result.assert_outcomes(passed=1, failed=1)
    result.stdout.fnmatch_lines(["odd: expected *", "2018-10-05T00:00:00Z  starts for the first time*"])
    assert "Traceback" not in result.stdout.str()


def test_file_that_is_no_scenario_is_an_error_of_one_line(
    pytester: pytest.Pytester, run_pytest: RunPytest
) -> None:
    """The error names the file, the place and what to do."""
    (pytester.path / "broken.toml").write_text('title = "no more"\n')
    result = run_pytest("broken.toml")
    result.assert_outcomes(errors=1)
    result.stdout.fnmatch_lines(["*broken.toml: start: is missing, and there is no default"])


# -- what a machine lacks ------------------------------------------------------------------------------------

WITH_DAEMON = "def test_it(real_resolver):\n    real_resolver('unbound')\n"


def test_missing_daemon_skips_or_fails(
    pytester: pytest.Pytester, run_pytest: RunPytest, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Without the program a test is skipped with the reason, and fails where daemons are required."""

    def missing(_driver: object) -> str:
        raise DriverError("unbound is not installed; apt-get install unbound")

    monkeypatch.setattr(world, "version_of", missing)
    pytester.makepyfile(WITH_DAEMON)
    skipped = run_pytest("-rs")
    skipped.assert_outcomes(skipped=1)
    skipped.stdout.fnmatch_lines(["SKIPPED *rootlab: unbound is not installed*"])
    run_pytest("--rootlab-require-daemons").assert_outcomes(failed=1)


def test_scenario_file_with_nothing_seen_is_no_pass(
    pytester: pytest.Pytester, run_pytest: RunPytest, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A subject of a file that could not be played is skipped, or fails, like a fixture's."""
    daemon = SCENARIO.replace('model = "static"\nanchors = ["ksk-2010"]\n', 'model = "daemon:unbound"\n')
    (pytester.path / "real.toml").write_text(daemon)

    def missing(*_arguments: object) -> None:
        raise DriverError("no namespaces here")

    monkeypatch.setattr("lab.testing.played.play_apart", missing)
    result = run_pytest("real.toml", "-rs")
    result.assert_outcomes(skipped=2)
    result.stdout.fnmatch_lines(["SKIPPED *rootlab: no namespaces here*"])
    run_pytest("real.toml", "--rootlab-require-daemons").assert_outcomes(failed=2)


# -- what it costs others ------------------------------------------------------------------------------------

ALONE = ("-p", "no:hypothesispytest", "-p", "no:pytest_cov", "-p", "no:cacheprovider")
"""Leave out what else the environment has."""

UNRELATED = """
import sys

def test_unrelated():
    heavy = {"hypothesis", "freezegun", "pydantic", "cryptography", "dns", "click", "rich", "numpy"}
    assert not heavy & {name.split(".")[0] for name in sys.modules}
    assert {name for name in sys.modules if name.startswith("lab")} == {"lab", "lab.pytest_plugin"}
"""


def test_unrelated_suite_imports_nothing_of_it(pytester: pytest.Pytester) -> None:
    """A suite that uses no fixture gets the plugin's one module, and no library with it."""
    pytester.makepyfile(UNRELATED)
    result = pytester.run(sys.executable, "-m", "pytest", *PLUGIN, *ALONE)
    result.assert_outcomes(passed=1)


SERVERS = """
import socket
import pytest

@pytest.mark.parametrize("number", range(4))
def test_server(root_server, root_authority, number):
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as one:
        one.settimeout(20)
        one.sendto(root_authority.query(".", 48, number=number), (root_server.address, root_server.port))
        assert one.recv(4096)[:2] == number.to_bytes(2, "big")
"""


def test_workers_do_not_meet(pytester: pytest.Pytester) -> None:
    """Under pytest-xdist every worker has servers of its own, on free ports."""
    pytester.makepyfile(SERVERS)
    command = [sys.executable, "-m", "pytest", *PLUGIN, *ALONE, "-n", "2", "-q"]
    ended = subprocess.run(command, cwd=pytester.path, capture_output=True, text=True, check=False)
    assert "4 passed" in ended.stdout, ended.stdout + ended.stderr
