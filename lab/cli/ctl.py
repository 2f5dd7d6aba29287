"""`rootlab ctl`: operate a root that `rootlab serve --control` serves."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from http.client import HTTPConnection, HTTPException
from ipaddress import ip_address
from typing import Any
from urllib.parse import quote, urlencode

import click

from ..clock import format_instant, parse_duration, parse_instant
from ..errors import DriverError, UserError, one_line
from .options import INSTANT
from .output import deliver, page
from .places import read_place

ENVIRONMENT = "ROOTLAB_CONTROL"
_TIMEOUT = 30.0
_LONGEST = 32 * 1024 * 1024
_SWITCH = re.compile(r"(?P<name>[a-z0-9-]+)(?:=(?P<argument>[^@]*))?(?:@(?P<letters>[a-m](?:,[a-m])*))?")


class Server:
    """Ask a server's control API, and print what it says."""

    def __init__(self, place: tuple[str, int], form: str) -> None:
        """Take where it listens, and how to print."""
        self._place, self._form = place, form

    def do(self, method: str, path: str, body: Mapping[str, Any] | None = None) -> None:
        """Make one request and print the answer. Raises UserError or DriverError."""
        answer = self._ask(method, path, body)
        if self._form == "json":
            deliver(json.dumps(answer, indent=2) + "\n", None)
        else:
            from ..report.plain import render_plain

            deliver(render_plain(answer, page()), None)

    def _ask(self, method: str, path: str, body: Mapping[str, Any] | None) -> dict[str, Any]:
        address, port = self._place
        given = {name: value for name, value in (body or {}).items() if value is not None}
        connection = HTTPConnection(address, port, timeout=_TIMEOUT)
        headers = {"Content-Type": "application/json"} if body is not None else {}
        try:
            connection.request(method, path, json.dumps(given) if body is not None else None, headers)
            response = connection.getresponse()
            status, content = response.status, response.read(_LONGEST)
            answer = json.loads(content)
        except (OSError, HTTPException, ValueError) as error:
            raise DriverError(
                f"{address} port {port}: no control API answers ({one_line(str(error), 80)}); start one:"
                " rootlab serve SCENARIO --control 127.0.0.1:0"
            ) from None
        finally:
            connection.close()
        if status != 200 and "error" in answer:
            if answer.get("fault") == "caller":
                raise UserError(str(answer["error"]))
            raise DriverError(f"the server at {address} port {port}: {answer['error']}")
        assert isinstance(answer, dict)
        return answer


def _place(text: str | None) -> tuple[str, int]:
    """Read where the API listens: ADDRESS:PORT, or the URL that `serve` prints."""
    context = click.get_current_context()
    if text is None:
        raise click.UsageError(f"say where the server is: --server ADDRESS:PORT, or {ENVIRONMENT}", context)
    place = read_place(text.removeprefix("http://").rstrip("/"), "--server")
    try:
        local = ip_address(place[0]).is_loopback
    except ValueError:
        local = place[0] == "localhost"
    if not local:
        raise click.UsageError(f"{place[0]} is not a loopback address", context)
    return place


@click.group(no_args_is_help=False)
@click.option(
    "--server", envvar=ENVIRONMENT, show_envvar=True, metavar="ADDRESS:PORT",
    help="Where the control API listens; `rootlab serve --control` prints it.",
)  # fmt: skip
@click.option(
    "--format", "form", type=click.Choice(["text", "json"]), default="text", show_default=True,
    help="For people or for programs.",
)  # fmt: skip
@click.pass_context
def ctl(context: click.Context, server: str | None, form: str) -> None:
    """Operate a served root: its clock, timeline, faults and signals.

    Exit status: 2 for what the server refuses, 3 if none answers.
    """
    context.obj = lambda: Server(_place(server), form)


def _server() -> Server:
    """Return the server that the options name."""
    make: Callable[[], Server] = click.get_current_context().obj
    return make()


@ctl.command()
def health() -> None:
    """Say whether the server answers queries."""
    _server().do("GET", "/healthz")


@ctl.command()
def clock() -> None:
    """Tell the emulated time."""
    _server().do("GET", "/clock")


@ctl.command()
@click.argument("to")
def advance(to: str) -> None:
    """Move the time ahead: it never goes back.

    TO is an instant (2018-10-11T16:00:00Z), a duration (P30D), `next-step`, the next DNSKEY RRset, or
    `next-key`, the next one at which a KSK changes.
    """
    if to in ("next-step", "next-key"):
        body = {"next": to.removeprefix("next-")}
    else:
        try:
            body = {"to": format_instant(parse_instant(to))}
        except ValueError:
            body = {"by": to}
            _check_duration(to)
    _server().do("POST", "/clock/advance", body)


def _check_duration(text: str) -> None:
    """Complain about what is neither instant nor duration nor event."""
    try:
        parse_duration(text)
    except ValueError:
        raise click.UsageError(
            f"{text!r} is no instant, duration or event; write it like 2018-10-11T16:00:00Z, P30D, next-step"
            " or next-key",
            click.get_current_context(),
        ) from None


@ctl.command()
@click.argument("rate", type=click.FloatRange(min=0))
def rate(rate: float) -> None:
    """Let time go RATE times as fast as it does; 0 holds it."""
    _server().do("PUT", "/clock/rate", {"rate": rate})


@ctl.command()
def hold() -> None:
    """Let time stand still."""
    _server().do("POST", "/clock/hold")


@ctl.command()
def timeline() -> None:
    """Say which keys are served, and what is ahead."""
    _server().do("GET", "/timeline")


@ctl.command()
@click.option("--quarters", type=click.IntRange(1, 400), metavar="N", help="Along IANA's calendar.")
@click.option("--by", metavar="DURATION", help="By so much time, such as P30D.")
@click.option("--key", metavar="KEY", help="The new key of the roll; default: the first roll's.")
def delay(quarters: int | None, by: str | None, key: str | None) -> None:
    """Put off a roll that has not begun."""
    _server().do("POST", "/timeline/delay", {"quarters": quarters, "by": by, "key": key})


@ctl.command("back-out")
@click.option("--at", type=INSTANT, metavar="INSTANT", help="Default: now.")
def back_out(at: int | None) -> None:
    """Return to the old key, or never leave it."""
    _server().do("POST", "/timeline/back-out", {"at": None if at is None else format_instant(at)})


@ctl.command()
@click.argument("key")
@click.option("--at", type=INSTANT, metavar="INSTANT", help="Default: as soon as the notice allows.")
@click.option("--notice", metavar="DURATION", help="How long the key is published before; default: PT0S.")
def emergency(key: str, at: int | None, notice: str | None) -> None:
    """Roll to KEY, which alone signs from then on."""
    when = None if at is None else format_instant(at)
    _server().do("POST", "/timeline/emergency", {"key": key, "at": when, "notice": notice})


def _board(kind: str) -> click.Group:
    """Return the commands about faults, or about impairments."""

    def group(context: click.Context) -> None:
        if context.invoked_subcommand is None:
            _server().do("GET", f"/{kind}")

    def set_(switch: str) -> None:
        match = _SWITCH.fullmatch(switch)
        if match is None:
            raise click.UsageError(
                f"{switch!r} is no switch; write NAME, NAME=ARGUMENT, or NAME@LETTERS",
                click.get_current_context(),
            )
        letters = (match["letters"] or "").replace(",", "")
        body = {"argument": match["argument"] or "", "letters": letters}
        _server().do("PUT", f"/{kind}/{quote(match['name'])}", body)

    def clear(name: str | None) -> None:
        _server().do("DELETE", f"/{kind}" if name is None else f"/{kind}/{quote(name, safe='')}")

    made = click.Group(
        kind,
        callback=click.pass_context(group),
        invoke_without_command=True,
        help=f"List {kind}, or switch them.",
    )
    argument = click.Argument(["switch"], metavar="NAME[=ARGUMENT][@LETTERS]")
    made.add_command(click.Command("set", callback=set_, params=[argument], help="Switch one on."))
    name = click.Argument(["name"], required=False)
    made.add_command(click.Command("clear", callback=clear, params=[name], help="Switch one off, or all."))
    return made


ctl.add_command(_board("faults"))
ctl.add_command(_board("impairments"))


@ctl.command()
@click.option("--after", type=click.IntRange(0), default=0, metavar="N", help="Only those after number N.")
@click.option("--source", metavar="ADDRESS", help="Only those of one source.")
@click.option(
    "--limit", type=click.IntRange(1, 10_000), default=1000, show_default=True, help="So many at most."
)
@click.option("--clear", is_flag=True, help="Forget them all instead.")
def signals(after: int, source: str | None, limit: int, clear: bool) -> None:
    """List what resolvers said of their trust anchors.

    Key tags (RFC 8145, queries and EDNS options) and sentinel names (RFC 8509).
    """
    if clear:
        _server().do("DELETE", "/signals")
        return
    query = {"after": after, "limit": limit} | ({} if source is None else {"source": source})
    _server().do("GET", f"/signals?{urlencode(query)}")


@ctl.command()
def reset() -> None:
    """Begin again at the first instant.

    With the first timeline and nothing switched on. It is the one way back; resolvers must begin
    again, too.
    """
    _server().do("POST", "/reset")
