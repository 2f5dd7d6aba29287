"""`rootlab doctor`: what it finds here, and what it says where something is missing."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from lab.cli import main
from lab.drivers import doctor, netns, process, shim
from lab.drivers.table import DRIVERS
from lab.errors import DriverError
from tests.conftest import unavailable
from tests.drivers.somebody import start, users

FOUR = ["daemon:unbound", "daemon:named", "daemon:kresd", "daemon:pdns_recursor"]
Told = Callable[..., tuple[int, str]]


@pytest.fixture
def told(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Told:
    """Return a function that runs the command and returns its exit status and what it prints."""
    monkeypatch.setenv("COLUMNS", "300")

    def run(*arguments: str) -> tuple[int, str]:
        capsys.readouterr()
        return main(["doctor", *arguments]), capsys.readouterr().out

    return run


def lacks(monkeypatch: pytest.MonkeyPatch, *programs: str) -> None:
    """Have some programs not installed."""

    def find(name: str) -> str:
        if name in programs:
            raise DriverError(f"{name} is not installed")
        return process.find_program(name)

    monkeypatch.setattr(doctor, "find_program", find)


@pytest.mark.parametrize("uid", users())
def test_everything_works(uid: int, debian_tool: Callable[[str], str]) -> None:
    """Where the four resolvers are installed they can be played, as root and without any right."""
    for name in ("unbound", "named", "kresd", "pdns_recursor", "cc"):
        debian_tool(name)
    if reason := netns.available():
        unavailable(reason)
    run = start("from lab.cli import main; raise SystemExit(main(['doctor', '--format', 'json']))", uid=uid)
    out, _ = run.communicate(timeout=60)
    found = json.loads(out)
    assert (run.returncode, found["fit"]) == (0, True)
    assert [name for name in found["subjects"] if name in FOUR] == FOUR
    checks = {check["name"]: check for check in found["checks"]}
    assert list(checks) == ["Python", "C compiler", "clock", "network", *DRIVERS]
    assert all(checks[name]["works"] for name in ("Python", "C compiler", "clock", "network"))
    assert f"as {'root' if uid == 0 else f'uid {uid}'}" in checks["network"]["found"]


def test_a_program_is_missing(told: Told, monkeypatch: pytest.MonkeyPatch) -> None:
    """What is not installed is named, with the command that installs it; the machine is not fit."""
    lacks(monkeypatch, "kresd")
    status, out = told()
    assert status == 3
    assert "kresd is not installed" in out
    assert f"For daemon:kresd: {DRIVERS['kresd'].install}" in out.splitlines()


def test_no_compiler(told: Told, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without the shim no resolver can be played, however many are installed."""
    reason = "no C compiler for the clock shim: install gcc (cc) and the headers, libc6-dev"
    monkeypatch.setattr(shim, "unavailable", lambda: reason)
    status, out = told()
    assert status == 3
    assert reason in out
    assert "Real resolvers that can be played: none" in out
    assert "For clock: apt-get install gcc libc6-dev" in out


def test_no_namespaces(told: Told, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nor without a network of the lab's own."""
    monkeypatch.setattr(netns, "available", lambda: "namespaces are not to be had: ask root")
    status, out = told()
    assert status == 3
    assert "namespaces are not to be had: ask root" in out
    assert "can be played: none" in out


def test_a_clock_that_does_not_work(told: Told, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """A library that changes nothing is found out: `date` still tells the real date."""
    if reason := shim.unavailable():
        unavailable(reason)
    nothing = tmp_path / "nothing.c"
    nothing.write_text("int rootlab_nothing;\n")
    process.run_tool(("cc", "-shared", "-o", "nothing.so", "nothing.c"), tmp_path)
    monkeypatch.setattr(shim, "compiled", lambda: tmp_path / "nothing.so")
    status, out = told()
    assert status == 3
    assert "where the lab's clock says 2018-10-11" in out
    assert "it does not load the clock shim: is it linked statically?" in out
