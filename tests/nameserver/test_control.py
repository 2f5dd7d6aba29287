"""The control API: every verb, what it refuses, whom it does not obey, and that it is as described."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lab.clock import parse_instant
from lab.dnssec.codec import make_query
from lab.dnssec.names import name_from_text
from lab.errors import UserError
from lab.nameserver.control import ControlApi
from lab.nameserver.control_shapes import Problem
from lab.nameserver.control_verbs import ROUTES, Control
from lab.nameserver.live_clock import LiveClock
from lab.nameserver.live_root import LiveRoot
from lab.nameserver.openapi import describe
from lab.nameserver.signals import SignalLog, signals_in
from lab.nameserver.web import Request

from .test_live_root import RING, TIMELINE, Real, build

START = parse_instant("2018-10-10")
HOST = {"host": "127.0.0.1:8053", "content-type": "application/json"}


class Switches:
    """A board of two things, one of which takes no argument."""

    def __init__(self) -> None:
        self.on: dict[str, tuple[str, str]] = {}

    def known(self) -> Mapping[str, str]:
        """Return both."""
        return {"expired": "signatures have ended", "stale": "a letter lags"}

    def active(self) -> tuple[tuple[str, str, str], ...]:
        """Return what is on."""
        return tuple((name, *rest) for name, rest in self.on.items())

    def set(self, name: str, argument: str, letters: str) -> None:
        """Switch one on."""
        if name == "expired" and argument:
            raise UserError("takes no argument", place=name)
        self.on[name] = (argument, letters)

    def clear(self, name: str | None = None) -> None:
        """Switch one off, or both."""
        self.on = {} if name is None else {one: rest for one, rest in self.on.items() if one != name}


class Desk:
    """An API over a root that stands still, and somebody who uses it."""

    def __init__(self, *, boards: bool = True) -> None:
        root = LiveRoot(LiveClock(START, 0, Real()), TIMELINE, build, {"": ""})
        self.failure: Exception | None = None
        self.log = SignalLog()
        switches = {"faults": Switches(), "impairments": Switches()} if boards else {}
        self.control = Control(
            "2018-actual", root, RING.key, switches, self.log, ("127.0.0.1:53",), lambda: self.failure
        )
        self.api = ControlApi(self.control)

    def ask(
        self, method: str, target: str, body: object = None, headers: Mapping[str, str] = HOST
    ) -> tuple[int, dict[str, Any]]:
        """Make a request; return status and answer, which is always JSON on one line."""
        content = b"" if body is None else body if isinstance(body, bytes) else json.dumps(body).encode()
        response = self.api.handle(Request(method, target, headers, content))
        assert response.media_type == "application/json"
        if target != "/openapi.json":
            assert response.body.count(b"\n") == 1
        return response.status, json.loads(response.body)


@pytest.fixture
def desk() -> Desk:
    """Return a fresh one."""
    return Desk()


def test_clock(desk: Desk) -> None:
    """The clock is told, moved by an instant, a duration or to an event, hurried and held."""
    assert desk.ask("GET", "/clock") == (
        200, {"now": "2018-10-10T00:00:00Z", "rate": 0.0, "start": "2018-10-10T00:00:00Z"},
    )  # fmt: skip
    steps = [
        ({"to": "2018-10-10T12:00:00Z"}, "2018-10-10T12:00:00Z"),
        ({"to": "2018-10-11"}, "2018-10-11T00:00:00Z"),
        ({"by": "PT1H"}, "2018-10-11T01:00:00Z"),
        ({"by": "PT0S"}, "2018-10-11T01:00:00Z"),
        ({"next": "step"}, "2018-10-11T16:00:00Z"),
        ({"next": "key"}, "2019-01-11T14:00:00Z"),
    ]
    assert [desk.ask("POST", "/clock/advance", body)[1]["now"] for body, _ in steps] == [
        now for _, now in steps
    ]
    assert desk.ask("PUT", "/clock/rate", {"rate": 86400})[1]["rate"] == 86400
    assert desk.ask("POST", "/clock/hold")[1]["rate"] == 0


def test_timeline(desk: Desk) -> None:
    """The keys served now, their tags as published, and what is ahead."""
    desk.ask("POST", "/clock/advance", {"to": "2019-01-12"})
    status, answer = desk.ask("GET", "/timeline")
    assert status == 200
    found = [
        (one["key"], one["role"], one["state"], one["key_tag"], one["wire_tag"]) for one in answer["keys"]
    ]
    assert found == [
        ("ksk-2010", "KSK", "revoked", 19036, 19164),
        ("ksk-2017", "KSK", "signing", 20326, 20326),
        ("zsk-2019q1", "ZSK", "signing", found[2][3], found[2][3]),
    ]
    assert (answer["slot"], answer["since"]) == ("2019Q1/2", "2019-01-11T14:00:00Z")
    assert answer["ahead"] == [{"at": "2019-03-22T16:00:00Z", "kind": "remove", "key": "ksk-2010"}]


def test_operators(desk: Desk) -> None:
    """A roll is put off, given up, and done in an emergency; each is remembered, and reset forgets them."""
    status, answer = desk.ask("POST", "/timeline/delay", {"quarters": 1})
    assert (status, answer["ahead"][1]) == (
        200,
        {"at": "2019-01-11T14:00:00Z", "kind": "sign", "key": "ksk-2017"},
    )
    status, answer = desk.ask("POST", "/timeline/back-out", {})
    assert (status, answer["ahead"]) == (200, [])
    status, answer = desk.ask("POST", "/timeline/emergency", {"key": "ksk-spare-1", "notice": "P30D"})
    assert (status, answer["ahead"][-1]) == (
        200,
        {"at": "2018-11-09T00:00:00Z", "kind": "sign", "key": "ksk-spare-1"},
    )
    assert [one["operator"] for one in answer["operators"]] == ["delay", "back-out", "emergency"]
    desk.ask("POST", "/clock/advance", {"by": "P1D"})
    assert desk.ask("POST", "/reset") == desk.ask("GET", "/clock")
    assert desk.ask("GET", "/timeline")[1]["operators"] == []


@pytest.mark.parametrize("kind", ["faults", "impairments"])
def test_boards(desk: Desk, kind: str) -> None:
    """Faults and impairments are listed, switched on with argument and letters, and off."""
    assert [one["name"] for one in desk.ask("GET", f"/{kind}")[1]["known"]] == ["expired", "stale"]
    status, answer = desk.ask("PUT", f"/{kind}/stale", {"argument": "P2D", "letters": "bc"})
    assert (status, answer["active"]) == (200, [{"name": "stale", "argument": "P2D", "letters": "bc"}])
    assert [one["name"] for one in desk.ask("PUT", f"/{kind}/expired")[1]["active"]] == ["stale", "expired"]
    assert [one["name"] for one in desk.ask("DELETE", f"/{kind}/stale")[1]["active"]] == ["expired"]
    assert desk.ask("DELETE", f"/{kind}")[1]["active"] == []
    assert desk.ask("PUT", f"/{kind}/expired", {"argument": "x"}) == (
        400, {"error": "expired: takes no argument", "fault": "caller"},
    )  # fmt: skip
    status, answer = desk.ask("PUT", f"/{kind}/none%20such")
    assert (status, answer["error"].endswith("is called 'none such'; there are expired, stale")) == (
        404,
        True,
    )


@pytest.mark.parametrize("kind", ["faults", "impairments"])
def test_no_boards(kind: str) -> None:
    """A server without faults says that it has none."""
    desk = Desk(boards=False)
    assert desk.ask("GET", f"/{kind}") == desk.ask("DELETE", f"/{kind}") == (200, {"known": [], "active": []})
    assert desk.ask("PUT", f"/{kind}/stale")[1]["error"].endswith("this server has none")


def test_signals(desk: Desk) -> None:
    """Signals are listed in order, from a number on, of one source, so many at most; and forgotten."""
    query = make_query(name_from_text("_ta-4a5c-4f66."), 10)
    for at, source in ((1, "192.0.2.1"), (2, "192.0.2.2"), (3, "192.0.2.1")):
        for signal in signals_in(query, at, source, False):
            desk.log.add(signal)
    found = desk.ask("GET", "/signals")[1]
    assert found["heard"] == 3
    assert found["signals"][0] == {
        "number": 1, "at": "1970-01-01T00:00:01Z", "source": "192.0.2.1", "transport": "udp",
        "signal": "key-tag-query", "key_tags": [19036, 20326], "name": "_ta-4a5c-4f66.",
    }  # fmt: skip

    def numbers(query: str) -> list[int]:
        return [one["number"] for one in desk.ask("GET", f"/signals?{query}")[1]["signals"]]

    assert [numbers(query) for query in ("after=1", "limit=1", "source=192.0.2.1&after=1")] == [
        [2, 3],
        [1],
        [3],
    ]
    assert desk.ask("DELETE", "/signals") == (200, {"heard": 3, "signals": []})
    assert desk.ask("GET", "/signals")[1]["signals"] == []


def test_health(desk: Desk) -> None:
    """It is well until whoever answers queries has failed."""
    status, answer = desk.ask("GET", "/healthz")
    assert (status, answer["status"], answer["listening"]) == (200, "ok", ["127.0.0.1:53"])
    desk.failure = ValueError()
    status, answer = desk.ask("GET", "/healthz")
    assert (status, answer["status"]) == (503, "failed")


@pytest.mark.parametrize(
    ("method", "target", "body", "status", "error"),
    [
        ("POST", "/clock/advance", {"to": "2018-10-09"}, 409, "clock: it is 2018-10-10T00:00:00Z, and time"),
        ("POST", "/clock/advance", {"to": "2100-01-01"}, 400, "to: the lab's time ends with the year 2099"),
        ("POST", "/clock/advance", {}, 400, "body: 0 of to, by and next are given; give exactly one of them"),
        ("POST", "/clock/advance", {"by": "P1D", "next": "key"}, 400, "body: 2 of to, by and next are given"),
        ("POST", "/clock/advance", {"by": "-P1D"}, 400, "body: by: must not be negative"),
        ("POST", "/clock/advance", {"by": 5}, 400, "body: by: must be a duration such as P30D"),
        ("POST", "/clock/advance", {"to": "soon"}, 400, "body: to: 'soon' is not an instant"),
        ("POST", "/clock/advance", {"to": True}, 400, "body: to: must be an instant such as"),
        ("POST", "/clock/advance", {"to": -(10**30)}, 400, "body: to: must be an instant such as"),
        ("POST", "/clock/advance", {"til": "P1D"}, 400, "body: til: no such member; there is to, by, next"),
        ("POST", "/clock/advance", b"{", 400, "body: Invalid JSON"),
        ("POST", "/clock/advance", b"\xff", 400, "body: Invalid JSON"),
        ("POST", "/clock/advance", [], 400, "body: Input should be"),
        ("PUT", "/clock/rate", {"rate": -1}, 400, "body: rate: Input should be greater than or equal to 0"),
        ("PUT", "/clock/rate", {}, 400, "body: rate: Field required"),
        ("PUT", "/clock/rate", b'{"rate": NaN}', 400, "body: "),
        ("POST", "/clock/hold", {"now": 1}, 400, "body: now: no such member; there is none"),
        ("POST", "/timeline/delay", {}, 400, "body: give either quarters or by"),
        ("POST", "/timeline/delay", {"quarters": 1, "by": "P1D"}, 400, "body: give either quarters or by"),
        ("POST", "/timeline/delay", {"quarters": 300}, 400, "delay: the end of the roll to ksk-2017"),
        ("POST", "/timeline/back-out", {"at": "2099-01-01"}, 400, "back-out: an instant lies outside"),
        ("POST", "/timeline/emergency", {"key": "ksk-none"}, 400, "there is no key named 'ksk-none'"),
        ("POST", "/timeline/emergency", {"key": "ksk-spare-1", "at": "2018-09-01"}, 409, "emergency: the ro"),
        ("GET", "/signals?limit=0", None, 400, "query: limit: Input should be greater than or equal to 1"),
        ("GET", "/signals?since=0", None, 400, "query: since: no such member; there is after, limit, source"),
        ("GET", "/clocks", None, 404, "no such path; /openapi.json describes those there are"),
        ("PUT", "/faults/a/b", None, 404, "no such path"),
        ("PUT", "/faults/", None, 404, "no such path"),
        ("BREW", "/clock", None, 405, "BREW has no meaning here; there is GET"),
        ("GET", "http://elsewhere/", None, 400, "the target is no path"),
    ],
)  # fmt: skip
def test_refused(desk: Desk, method: str, target: str, body: object, status: int, error: str) -> None:
    """What cannot be is refused in one line that says whose fault it is; the clock has not moved."""
    found, answer = desk.ask(method, target, body)
    assert (found, answer["fault"]) == (status, "caller")
    assert error in answer["error"]
    assert desk.control.root.clock.instant == START


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({"host": "rebound.example"}, 403),
        ({"host": "rebound.example:8053"}, 403),
        ({"host": "192.0.2.1:8053"}, 403),
        ({"host": "127.0.0.1.rebound.example"}, 403),
        ({}, 403),
        ({"host": "127.0.0.1:8053", "origin": "https://elsewhere.example"}, 403),
        ({"host": "127.0.0.1:8053", "origin": "null"}, 403),
        ({"host": "127.0.0.1:8053", "content-type": "text/plain"}, 415),
        ({"host": "127.0.0.1:8053"}, 415),
        ({**HOST, "transfer-encoding": "chunked"}, 411),
        (HOST, 200),
        ({**HOST, "host": "localhost:8053"}, 200),
        ({**HOST, "host": "[::1]:8053"}, 200),
        ({**HOST, "host": "127.0.0.1"}, 200),
        ({**HOST, "origin": "http://127.0.0.1:8053"}, 200),
        ({**HOST, "content-type": "application/json; charset=utf-8"}, 200),
    ],
)
def test_who_is_obeyed(desk: Desk, headers: Mapping[str, str], status: int) -> None:
    """Pages from elsewhere are not, under whatever name they reach this address, nor what a form can send."""
    assert desk.ask("PUT", "/clock/rate", {"rate": 7}, headers)[0] == status
    assert desk.control.root.clock.rate == (7 if status == 200 else 0)


def test_long_body(desk: Desk) -> None:
    """A body that the web server did not read is too long."""
    response = desk.api.handle(Request("PUT", "/clock/rate", HOST, None))
    assert (response.status, Problem.model_validate_json(response.body).fault) == (413, "caller")


VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20)
    | st.sampled_from(["2018-10-12", "P1D", "P999999W", "0001-01-01", "9999-12-31", "ksk-2017", "key"]),
    lambda inner: st.lists(inner, max_size=3),
    max_leaves=3,
)  # fmt: skip
MEMBERS = sorted({name for route in ROUTES for name in route.body.model_fields})


@given(
    st.sampled_from(ROUTES),
    st.dictionaries(st.sampled_from(MEMBERS), VALUES, max_size=3) | VALUES,
    st.text(max_size=10),
)
def test_no_input_is_a_fault_of_the_lab(route: Any, body: object, name: str) -> None:
    """Whatever is asked, the answer is JSON on one line and no status above 500; and time never goes back."""
    desk = Desk()
    status, _ = desk.ask(route.method, route.path.replace("{name}", name.replace("/", "")), body)
    assert status in (200, 400, 404, 409)
    assert desk.control.root.clock.instant >= START


EXAMPLES: dict[tuple[str, str], object] = {
    ("POST", "/clock/advance"): {"by": "P1D"},
    ("PUT", "/clock/rate"): {"rate": 2},
    ("POST", "/timeline/delay"): {"quarters": 1},
    ("POST", "/timeline/back-out"): {},
    ("POST", "/timeline/emergency"): {"key": "ksk-spare-1"},
    ("PUT", "/faults/{name}"): {"argument": "P1D"},
    ("PUT", "/impairments/{name}"): {},
}


@pytest.mark.parametrize("route", ROUTES, ids=lambda route: f"{route.method} {route.path}")
def test_described_as_it_is(desk: Desk, route: Any) -> None:
    """Each operation is described at /openapi.json, and takes and gives what is described."""
    status, description = desk.ask("GET", "/openapi.json")
    assert (status, description["openapi"]) == (200, "3.1.0")
    operation = description["paths"][route.path][route.method.lower()]
    schemas = description["components"]["schemas"]

    def members(content: Any) -> set[str]:
        name = content["application/json"]["schema"]["$ref"].rpartition("/")[2]
        return set(schemas[name]["properties"])

    body = EXAMPLES.get((route.method, route.path))
    if body is None:
        assert "requestBody" not in operation
    else:
        assert isinstance(body, dict)
        assert set(body) <= members(operation["requestBody"]["content"])
    status, answer = desk.ask(route.method, route.path.replace("{name}", "stale"), body)
    assert (status, set(answer)) == (200, members(operation["responses"]["200"]["content"]))
    status, answer = desk.ask(route.method, route.path.replace("{name}", "stale"), {"x": 1})
    assert (status, set(answer)) == (400, members(operation["responses"]["default"]["content"]))


def test_description_is_whole() -> None:
    """Nothing else is described, every reference leads somewhere, and every operation has its own name."""
    description = describe(ROUTES)
    text = json.dumps(description)
    paths = description["paths"]
    assert {(method.upper(), path) for path in paths for method in paths[path]} == {
        (route.method, route.path) for route in ROUTES
    }
    names = set(description["components"]["schemas"])
    assert {part.partition('"')[0] for part in text.split("#/components/schemas/")[1:]} <= names
    operations = [one["operationId"] for path in paths.values() for one in path.values()]
    assert len(set(operations)) == len(ROUTES)
