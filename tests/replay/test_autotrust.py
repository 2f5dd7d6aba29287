"""Unbound's trust-anchor machine step by step: its state file must come out to the octet."""

from __future__ import annotations

from .workshop import (
    DAY,
    INSECURE,
    SECURE,
    SERVFAIL,
    START,
    address_lines,
    ask,
    check,
    complaints,
    expand,
    key_line,
    play,
    probe,
    scenario,
    set_lines,
    state_file,
    zone,
)  # fmt: skip

FIRST = f"ELAPSE {START}"
OLD = START - 3600
"""When the keys of a state file entered their states."""
DUE = START - 600
"""When the state file wants its next probe."""
USED = address_lines("z")


def stored(keys: list[tuple[str, int]], *, revoked: bool = False) -> str:
    """Return the state file of an earlier life, its keys in their states since long ago."""
    entered = [(word, state, str(OLD)) for word, state in keys]
    times = (str(OLD), str(OLD), str(DUE))
    return expand(
        state_file(entered, queried=times[0], success=times[1], next_probe=times[2], revoked=revoked)
    )


def days(number: int) -> str:
    """Return what lets days pass."""
    return f"EVAL ${{{number}*24*3600}}"


def later(number: int) -> str:
    """Return when look number `number` wants the next one."""
    return f"$t{number} + $p{number}"


def looked(keys: list[tuple[str, int, str]], number: int) -> str:
    """Return the state file after a look number `number` that verified."""
    t = f"$t{number}"
    return state_file(keys, queried=t, success=t, next_probe=later(number))


def test_zone_key_alone_trusts_the_entry_points_at_once() -> None:
    """A configured zone key makes the entry points of the first set it signs Valid, and is dropped."""
    text = scenario(
        key_line("z"),
        zone(0, 100, set_lines("a b z", "z"), USED),
        probe(10, "0", 4800, 5400, FIRST)
        + check(20, looked([("b", 2, "$t0"), ("a", 2, "$t0")], 0))
        + ask(30, SECURE, USED),
    )
    assert complaints(play(text)) == []


def test_zone_key_stays_while_there_is_no_entry_point() -> None:
    """Where no entry point is published the configured zone key goes on being trusted."""
    text = scenario(
        key_line("z"),
        zone(0, 100, set_lines("z", "z"), USED),
        probe(10, "0", 4800, 5400, FIRST) + check(20, looked([("z", 2, str(0))], 0)) + ask(30, SECURE, USED),
    )
    assert complaints(play(text)) == []


def test_bootstrap_without_an_answer() -> None:
    """SERVFAIL at the first probe leaves the operator's file alone, and clients get SERVFAIL."""
    text = scenario(
        f"{key_line('a')} ; as it was given",
        zone(0, 100, None, USED),
        probe(10, "0", 3200, 3600, FIRST)
        + check(20, f"{key_line('a')} ; as it was given")
        + ask(30, SERVFAIL, match="all ede=9")
        + probe(40, "1", 3200, 3600, "EVAL ${$p0}")
        + check(50, f"{key_line('a')} ; as it was given"),
        server="ede: yes",
    )
    assert complaints(play(text)) == []


def test_bootstrap_with_a_bad_signature() -> None:
    """A first set that does not verify leaves the operator's file alone: nothing ever succeeded."""
    text = scenario(
        key_line("a"),
        zone(0, 100, set_lines("a z", "~a ~z"), USED),
        probe(10, "0", 3200, 3600, FIRST) + check(20, key_line("a")) + ask(30, SERVFAIL, match="all ede=6"),
        server="ede: yes\nfake-sha1: yes",
    )
    result = play(text)
    assert complaints(result) == []
    assert {(case.algorithm, case.accepted) for case in result.signatures} == {(5, False)}


def test_old_file_without_header() -> None:
    """A file that has keys with their states and no header is gone on from; a new key becomes pending."""
    line = state_file([("a", 2, str(OLD))]).splitlines()[-1]
    text = scenario(
        f"; written by another program\n{line.replace('${' + str(OLD) + '}', str(OLD))}",
        zone(0, 100, set_lines("a b z", "a z")),
        probe(10, "0", 4800, 5400, f"EVAL ${{{OLD} + 18000}}")
        + check(20, looked([("b*1", 1, "$t0"), ("a", 2, str(OLD))], 0)),
    )
    assert complaints(play(text)) == []


def test_probe_with_a_bad_signature_counts_six_failures() -> None:
    """A set that does not verify is fetched six times, and each counts (val-max-restart is 5)."""
    text = scenario(
        stored([("a", 2)]),
        zone(0, 100, set_lines("a z", "~a"), USED),
        probe(10, "0", 3200, 3600, FIRST)
        + check(
            20,
            state_file([("a", 2, str(OLD))], queried="$t0", success=str(OLD), next_probe=later(0), failed=6),
        )
        + ask(30, SERVFAIL),
    )
    assert complaints(play(text)) == []


def test_restarts_are_configured() -> None:
    """With val-max-restart 2 there are three attempts."""
    text = scenario(
        stored([("a", 2)]),
        zone(0, 100, set_lines("a z", "~a")),
        probe(10, "0", 3200, 3600, FIRST)
        + check(
            20,
            state_file([("a", 2, str(OLD))], queried="$t0", success=str(OLD), next_probe=later(0), failed=3),
        ),
        server="val-max-restart: 2",
    )
    assert complaints(play(text)) == []


def test_revocation_in_a_set_that_does_not_verify() -> None:
    """A key is revoked by its own signature even where the set does not verify (RFC 5011 section 2.1)."""
    text = scenario(
        stored([("a", 2), ("b", 2)]),
        zone(0, 100, set_lines("-a b z", "-a ~b")),
        probe(10, "0", 3200, 3600, FIRST)
        + check(
            20,
            state_file(
                [("b", 2, str(OLD)), ("-a", 4, "$t0")],
                queried="$t0",
                success=str(OLD),
                next_probe=later(0),
                failed=6,
            ),
        ),
    )
    assert complaints(play(text)) == []


def test_revoked_file_is_no_anchor() -> None:
    """A file that begins with REVOKED makes the zone insecure, and is never probed."""
    text = scenario(
        stored([("-a", 4)], revoked=True),
        zone(0, 100, set_lines("a z", "a"), address_lines()),
        ask(10, INSECURE, address_lines()),
    )
    assert complaints(play(text)) == []


def test_client_finds_the_revocation() -> None:
    """A client's question primes, and so finds that all keys are revoked: the zone is insecure at once."""
    file = stored([("a", 2), ("b", 2)])
    text = scenario(
        file,
        zone(0, 100, set_lines("-a -b", "-a -b"), address_lines()),
        ask(10, INSECURE, address_lines())
        + check(
            20,
            state_file(
                [("-b", 4, "0"), ("-a", 4, "0")], queried="0", success="0", next_probe="0", revoked=True
            ),
        ),
        server="val-override-date: '20091018111500'",
    )
    assert complaints(play(text)) == []


class TestPending:
    """A new key between its first sighting and the end of its hold-down."""

    def test_promoted_before_the_set_is_verified(self) -> None:
        """Seen twice and over its hold-down, a key counts before the set it alone signs is verified."""
        text = scenario(
            key_line("a"),
            zone(0, 19, set_lines("a z", "a"))
            + zone(20, 49, set_lines("a b z", "a b"))
            + zone(50, 69, set_lines("b z", "b"))
            + zone(70, 89, set_lines("-a b z", "-a b"))
            + zone(90, 120, set_lines("b z", "b")),
            probe(10, "0", 4800, 5400, FIRST)
            + probe(20, "1", 4800, 5400, days(30))
            + probe(30, "2", 4800, 5400, days(10))
            + check(40, looked([("b*2", 1, "$t1"), ("a", 2, "$t0")], 2))
            + probe(50, "3", 4800, 5400, days(21))
            + check(60, looked([("b", 2, "$t3"), ("a", 3, "$t3")], 3))
            + probe(70, "4", 4800, 5400, days(30))
            + check(80, looked([("b", 2, "$t3"), ("-a", 4, "$t4")], 4))
            + probe(90, "5", 4800, 5400, days(370))
            + check(100, looked([("b", 2, "$t3")], 5)),
        )
        assert complaints(play(text)) == []

    def test_cannot_validate(self) -> None:
        """A set that only a pending key signs does not verify."""
        text = scenario(
            key_line("a"),
            zone(0, 19, set_lines("a z", "a"), USED)
            + zone(20, 29, set_lines("a b z", "a b"), USED)
            + zone(30, 90, set_lines("a b z", "b z"), USED),
            probe(10, "0", 4800, 5400, FIRST)
            + probe(20, "1", 4800, 5400, days(30))
            + probe(30, "2", 3200, 3600, days(10))
            + check(
                40,
                state_file(
                    [("b*1", 1, "$t1"), ("a", 2, "$t0")],
                    queried="$t2",
                    success="$t1",
                    next_probe=later(2),
                    failed=6,
                ),
            )
            + ask(50, SERVFAIL),
        )
        assert complaints(play(text)) == []

    def test_cannot_introduce_another_key(self) -> None:
        """A key that only a pending key signs for is not met at all."""
        text = scenario(
            key_line("a"),
            zone(0, 19, set_lines("a z", "a"))
            + zone(20, 29, set_lines("a b z", "a b"))
            + zone(30, 90, set_lines("a b c z", "b")),
            probe(10, "0", 4800, 5400, FIRST)
            + probe(20, "1", 4800, 5400, days(30))
            + probe(30, "2", 3200, 3600, days(10))
            + check(
                40,
                state_file(
                    [("b*1", 1, "$t1"), ("a", 2, "$t0")],
                    queried="$t2",
                    success="$t1",
                    next_probe=later(2),
                    failed=6,
                ),
            ),
        )
        assert complaints(play(text)) == []

    def test_revoked_copy_is_forgotten(self) -> None:
        """A pending key that is published with REVOKE is absent, so it is forgotten."""
        text = scenario(
            key_line("a"),
            zone(0, 19, set_lines("a z", "a"))
            + zone(20, 29, set_lines("a b z", "a b"))
            + zone(30, 90, set_lines("a -b z", "a -b")),
            probe(10, "0", 4800, 5400, FIRST)
            + probe(20, "1", 4800, 5400, days(30))
            + probe(30, "2", 4800, 5400, days(10))
            + check(40, looked([("a", 2, "$t0")], 2)),
        )
        assert complaints(play(text)) == []


class TestLosing:
    """Keys that go missing or are revoked."""

    def test_all_keys_missing(self) -> None:
        """Absent keys stay trusted, may sign, and are never dropped while no other is Valid."""
        text = scenario(
            f"{key_line('a')}\n{key_line('b')}",
            zone(0, 19, set_lines("a b z", "a b")) + zone(20, 90, set_lines("z", "a z"), USED),
            probe(10, "0", 4800, 5400, FIRST)
            + check(14, looked([("b", 2, "$t0"), ("a", 2, "$t0")], 0))
            + probe(20, "1", 4800, 5400, days(30))
            + check(30, looked([("b", 3, "$t1"), ("a", 3, "$t1")], 1))
            + probe(40, "2", 4800, 5400, days(400))
            + check(50, looked([("b", 3, "$t1"), ("a", 3, "$t1")], 2))
            + ask(60, SECURE, USED),
        )
        assert complaints(play(text)) == []

    def test_missing_key_is_dropped_after_its_keep_time(self) -> None:
        """With keep-missing 1000 a missing key is dropped after that, but not while it is the last."""
        text = scenario(
            f"{key_line('a')}\n{key_line('b')}",
            zone(0, 19, set_lines("a b z", "a b")) + zone(20, 90, set_lines("b z", "b")),
            probe(10, "0", 4800, 5400, FIRST)
            + probe(20, "1", 4800, 5400, days(1))
            + check(30, looked([("b", 2, "$t0"), ("a", 3, "$t1")], 1))
            + probe(40, "2", 4800, 5400, days(1))
            + check(50, looked([("b", 2, "$t0")], 2)),
            server="keep-missing: 1000",
        )
        assert complaints(play(text)) == []

    def test_revoked_key_that_returns(self) -> None:
        """A revoked key published unrevoked stays revoked, its timer starts anew, and it signs nothing."""
        text = scenario(
            f"{key_line('a')}\n{key_line('b')}",
            zone(0, 19, set_lines("a b z", "a b"))
            + zone(20, 29, set_lines("-a b z", "-a b"))
            + zone(30, 49, set_lines("a b z", "a b"))
            + zone(50, 90, set_lines("a z", "a z"), USED),
            probe(10, "0", 4800, 5400, FIRST)
            + probe(20, "1", 4800, 5400, days(10))
            + check(26, looked([("b", 2, "$t0"), ("-a", 4, "$t1")], 1))
            + probe(30, "2", 4800, 5400, days(10))
            + check(40, looked([("b", 2, "$t0"), ("-a", 4, "$t2")], 2))
            + probe(50, "3", 3200, 3600, days(2))
            + check(
                60,
                state_file(
                    [("b", 2, "$t0"), ("-a", 4, "$t2")],
                    queried="$t3",
                    success="$t2",
                    next_probe=later(3),
                    failed=6,
                ),
            )
            + ask(70, SERVFAIL),
        )
        assert complaints(play(text)) == []

    def test_unknown_algorithm_cannot_take_over(self) -> None:
        """A key of an unknown algorithm is not met; once the only other one is revoked, no anchor is left."""
        unknown = f"example.com.\t10800\tIN\tDNSKEY\t257 3 208 {'A' * 88}"
        first = set_lines("a z", "a")
        both = set_lines("a z", "a", unknown)
        revoked = set_lines("-a z", "-a", unknown)
        text = scenario(
            key_line("a"),
            zone(0, 19, first) + zone(20, 29, both) + zone(30, 90, revoked, address_lines()),
            probe(10, "0", 4800, 5400, FIRST)
            + probe(20, "1", 4800, 5400, days(30))
            + check(26, looked([("a", 2, "$t0")], 1))
            + probe(30, "2", 0, 0, days(30))
            + check(
                40,
                state_file([("-a", 4, "$t2")], queried="$t2", success="$t2", next_probe="0", revoked=True),
            )
            + f"STEP 50 TIME_PASSES EVAL ${{{370 * DAY}}}\nSTEP 51 TRAFFIC\n"
            + check(
                60,
                state_file([("-a", 4, "$t2")], queried="$t2", success="$t2", next_probe="0", revoked=True),
            )
            + ask(70, INSECURE, address_lines()),
        )
        assert complaints(play(text)) == []
