"""zones/ and scenarios/ are found from a checkout, an editable install and a wheel alike.

None of these needs a network: pip and the build backend lie in the environment that runs the tests (make
setup), and a fresh environment borrows them, and the dependencies, by a path in a .pth file. Python does not
follow the .pth files of borrowed folders, so the editable install of the checkout there stays out of sight.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sysconfig
import venv
import zipfile
from pathlib import Path

import pytest

import lab

ROOT = Path(__file__).resolve().parent.parent
PROBE = """
import json
from lab.resources import scenarios_path, zones_path
print(json.dumps({
    "zones": str(zones_path()),
    "scenarios": str(scenarios_path()),
    "keys": sorted(path.name for path in (zones_path() / "keys").glob("*.pem")),
    "toml": sorted(str(path.relative_to(scenarios_path())) for path in scenarios_path().rglob("*.toml")),
}))
"""
Found = dict[str, str | list[str]]


class Environment:
    """Run things in a virtual environment of its own, away from the checkout."""

    def __init__(self, folder: Path) -> None:
        """Make the environment; it takes no time, since pip is borrowed."""
        self.folder = folder
        venv.EnvBuilder(with_pip=False, symlinks=True).create(folder)
        self.site = Path(sysconfig.get_path("purelib", vars={"base": str(folder)}))
        (self.site / "borrowed.pth").write_text(f"{sysconfig.get_path('purelib')}\n")

    def run(self, command: str, *arguments: str, path: Path | None = None) -> str:
        """Run a program of the environment, with `path` on Python's path, and return its output."""
        clean = {name: value for name, value in os.environ.items() if not name.startswith(("PYTHON", "COV"))}
        run = subprocess.run(
            [self.folder / "bin" / command, *arguments],
            cwd=self.folder,
            env=clean | ({"PYTHONPATH": str(path)} if path else {}),
            capture_output=True,
            text=True,
            check=False,
        )
        assert run.returncode == 0, run.stdout + run.stderr
        return run.stdout

    def pip(self, *arguments: str) -> None:
        """Run pip without index, isolation and dependencies."""
        offline = ("--quiet", "--no-index", "--no-deps", "--no-build-isolation", "--no-cache-dir")
        self.run("python", "-m", "pip", "--disable-pip-version-check", *arguments, *offline)

    def look(self, path: Path | None = None) -> Found:
        """Say where the lab finds its data."""
        found: Found = json.loads(self.run("python", "-c", PROBE, path=path))
        return found


@pytest.fixture
def environment(tmp_path: Path) -> Environment:
    """Return an environment without the lab."""
    return Environment(tmp_path / "venv")


def shipped(folder: str, pattern: str) -> list[str]:
    """Return the files of a data folder of the checkout, relative to it."""
    return sorted(path.relative_to(ROOT / folder).as_posix() for path in (ROOT / folder).rglob(pattern))


@pytest.fixture(scope="module")
def copy(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a copy of what a build reads, so that no build writes into the checkout."""
    folder = tmp_path_factory.mktemp("copy") / "source"
    skip = shutil.ignore_patterns("__pycache__")
    for name in ("lab", "zones", "scenarios"):
        shutil.copytree(ROOT / name, folder / name, ignore=skip)
    for name in ("pyproject.toml", "LICENSE", "README.md", ".gitignore"):
        shutil.copy(ROOT / name, folder)
    return folder


@pytest.fixture(scope="module")
def wheel(copy: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Build the wheel once."""
    folder = tmp_path_factory.mktemp("wheel")
    Environment(folder / "venv").pip("wheel", "--wheel-dir", str(folder), str(copy))
    (path,) = folder.glob("*.whl")
    return path


def check(found: Found, data: Path) -> None:
    """Check that both folders are those under `data`, and complete."""
    assert (found["zones"], found["scenarios"]) == (str(data / "zones"), str(data / "scenarios"))
    assert found["keys"] == shipped("zones/keys", "*.pem") != []
    assert found["toml"] == shipped("scenarios", "*.toml") != []


def test_environment_has_no_lab(environment: Environment) -> None:
    """A fresh environment does not see the lab that runs these tests, or they would prove nothing."""
    code = "import pip, hatchling, importlib.util; print(importlib.util.find_spec('lab'))"
    assert environment.run("python", "-c", code) == "None\n"


def test_checkout(environment: Environment) -> None:
    """A checkout on the path uses the folders beside the package."""
    check(environment.look(ROOT), ROOT)


def test_editable_install(environment: Environment, copy: Path) -> None:
    """An editable install uses the folders of its checkout and makes no copy of them that would go stale."""
    environment.pip("install", "--ignore-installed", "--editable", str(copy))
    check(environment.look(), copy)
    assert not list(environment.site.rglob("*.pem"))


def test_wheel(environment: Environment, wheel: Path) -> None:
    """An installed wheel uses the folders inside the package, even next to a stranger's zones/."""
    environment.pip("install", "--ignore-installed", str(wheel))
    (environment.site / "zones").mkdir()
    (environment.site / "scenarios").mkdir()
    check(environment.look(), environment.site / "lab" / "_data")
    assert lab.__version__ in environment.run("rootlab", "--version")


def test_wheel_holds_nothing_else(wheel: Path) -> None:
    """The wheel installs the package alone, with the licence and the marker of its types."""
    names = zipfile.ZipFile(wheel).namelist()
    information = f"root_rollover_lab-{lab.__version__}.dist-info"
    assert {name.split("/")[0] for name in names} == {"lab", information}
    assert {"lab/py.typed", "lab/drivers/labclock.c", f"{information}/licenses/LICENSE"} <= set(names)


PLUGIN_TEST = """
import sys

def test_unrelated():
    assert {name for name in sys.modules if name.startswith("lab")} == {"lab", "lab.pytest_plugin"}
    assert not {"hypothesis", "freezegun", "pydantic", "cryptography"} & set(sys.modules)

def test_installed_too_late(lab_clock, model_resolver):
    lab_clock.advance_to("2018-10-01")
    unbound = model_resolver("unbound", anchors=["ksk-2010"])
    run = lab_clock.advance_to("2018-10-13T16:00Z")
    assert run.subject(unbound.name).first_failure >= "2018-10-11T16:00Z"
    assert not {"hypothesis", "freezegun"} & set(sys.modules)
"""


def test_wheel_brings_the_pytest_plugin(environment: Environment, wheel: Path) -> None:
    """Where the wheel is installed pytest has the plugin without being told, in any folder."""
    environment.pip("install", "--ignore-installed", str(wheel))
    (environment.folder / "test_mine.py").write_text(PLUGIN_TEST)
    alone = ("-p", "no:hypothesispytest", "-p", "no:pytest_cov", "-p", "no:xdist", "-p", "no:cacheprovider")
    told = environment.run(
        "python", "-m", "pytest", "-W", "error", "--strict-markers", *alone, "test_mine.py"
    )
    assert "2 passed" in told
    assert "rootlab" in told.partition("plugins: ")[2].partition("\n")[0] or "root-rollover-lab" in told
    assert "@pytest.mark.rollover" in environment.run("python", "-m", "pytest", "--markers", *alone)
