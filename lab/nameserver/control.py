"""Operate a served root over HTTP and JSON: find the verb, check who asks and what, say what came of it.

Browsers are kept out, for the address is no secret to a page they show: a page from elsewhere cannot make a
request that is obeyed (its Origin is not ours, its forms are not JSON), nor read an answer by giving its own
name this address (DNS rebinding: its Host is not a loopback address).
"""

from __future__ import annotations

import json
import threading
from ipaddress import ip_address
from typing import Final, NamedTuple
from urllib.parse import parse_qsl, unquote, urlsplit

from pydantic import ValidationError

from ..errors import LabError, UserError, one_line
from .control_shapes import Health, Problem, Shape
from .control_verbs import ROUTES, Call, Control, Route, UnknownError
from .live_clock import ConflictError
from .openapi import describe
from .web import MAX_BODY, Request, Response

JSON: Final = "application/json"
DESCRIPTION: Final = "/openapi.json"
STATUSES: Final = {ConflictError: 409, UnknownError: 404, UserError: 400, LabError: 500}
"""The status of an error: that of the first class here that it is of."""


class _Refusal(NamedTuple):
    """Say why a request is not looked at."""

    status: int
    problem: str


class ControlApi:
    """Answer requests about one root, one at a time; what a WebServer asks."""

    def __init__(self, control: Control) -> None:
        """Take what is operated."""
        self._control = control
        self._lock = threading.Lock()

    def handle(self, request: Request) -> Response:
        """Return the response to a request. Only a fault of the lab raises anything."""
        parts = urlsplit(request.target) if request.target.startswith("/") else None
        if parts is None:
            return _problem(400, "the target is no path; ask for /openapi.json")
        refusal = _refusal(request)
        if refusal is not None:
            return _problem(*refusal)
        if parts.path == DESCRIPTION and request.method == "GET":
            return _ok(json.dumps(describe(ROUTES), indent=1))
        found = [(route, name) for route in ROUTES if (name := _match(route, parts.path)) is not None]
        fit = [(route, name) for route, name in found if route.method == request.method]
        if not fit:
            there = ", ".join(dict.fromkeys(route.method for route, _ in found))
            if there:
                return _problem(405, f"{request.method[:20]} has no meaning here; there is {there}")
            return _problem(404, f"no such path; {DESCRIPTION} describes those there are")
        try:
            return self._call(*fit[0], parts.query, request.body or b"")
        except LabError as error:
            status = next(status for kind, status in STATUSES.items() if isinstance(error, kind))
            return _problem(status, str(error))

    def _call(self, route: Route, name: str, query: str, body: bytes) -> Response:
        """Read query and body, and do what is asked for. Raises UserError."""
        asked = _read(route.query, dict(parse_qsl(query, keep_blank_values=True)), "query")
        given = _read(route.body, body or b"{}", "body")
        with self._lock:
            answer = route.call(Call(self._control, name, asked, given))
        broken = isinstance(answer, Health) and answer.status != "ok"
        return _ok(answer.model_dump_json(), 503 if broken else 200)


def _match(route: Route, path: str) -> str | None:
    """Return the name in a path, "" if the route has none, or None if the path is not the route's."""
    head, named, _ = route.path.partition("{name}")
    if not named:
        return "" if path == route.path else None
    tail = path.removeprefix(head)
    return unquote(tail) if path.startswith(head) and tail and "/" not in tail else None


def _refusal(request: Request) -> _Refusal | None:
    """Return why a request is not looked at: who made it, or its body."""
    host = request.headers.get("host", "")
    if not _loopback(host):
        return _Refusal(403, "the Host is not a loopback address: ask for 127.0.0.1 or localhost by name")
    origin = request.headers.get("origin")
    if origin is not None and origin != f"http://{host}":
        return _Refusal(403, "pages from elsewhere are not obeyed: leave the Origin out")
    if request.body is None:
        return _Refusal(413, f"the body is longer than {MAX_BODY} octets, or has no length")
    if request.headers.get("transfer-encoding") is not None:
        return _Refusal(411, "give the body a Content-Length; chunks are not read")
    if request.body and request.headers.get("content-type", "").partition(";")[0].strip() != JSON:
        return _Refusal(415, f"the body has to be JSON; say so: Content-Type: {JSON}")
    return None


def _loopback(host: str) -> bool:
    """Tell whether a Host names a loopback address, with or without a port."""
    name = host.rpartition(":")[0] if host.rpartition(":")[2].isdigit() else host
    if name == "localhost":
        return True
    try:
        return ip_address(name.strip("[]")).is_loopback
    except ValueError:
        return False


def _read(kind: type[Shape], value: dict[str, str] | bytes, where: str) -> Shape:
    """Read a body or a query. Raises UserError that names the member."""
    try:
        if isinstance(value, bytes):
            return kind.model_validate_json(value)
        return kind.model_validate(value)
    except ValidationError as error:
        first = error.errors(include_url=False, include_context=False)[0]
        member = ".".join(str(part) for part in first["loc"])[:60]
        problem = first["msg"].removeprefix("Value error, ")
        if first["type"] == "extra_forbidden":
            known = ", ".join(kind.model_fields) or "none"
            raise UserError(
                "no such member", place=f"{where}: {member}", remedy=f"there is {known}"
            ) from None
        raise UserError(problem, place=f"{where}: {member}" if member else where) from None


def _ok(text: str, status: int = 200) -> Response:
    """Return JSON."""
    return Response(status, JSON, f"{text}\n".encode())


def _problem(status: int, text: str) -> Response:
    """Return an error: one line, and whose fault it is."""
    fault = "lab" if status >= 500 else "caller"
    return _ok(Problem(error=one_line(text), fault=fault).model_dump_json(), status)
