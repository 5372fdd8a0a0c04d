"""Columns of readings: every row answered, nothing half, and no fault of one harms another."""

from __future__ import annotations

import resource
import sqlite3
from dataclasses import replace
from datetime import timedelta
from time import perf_counter
from typing import Any

import numpy as np
import pytest

from ops_kit import DEVICE, GAUGE, T0, Kit, OneCity
from rencheng.domain.errors import SourceUnavailableError, TooMuchError
from rencheng.domain.readings import to_us
from rencheng.service import following, intake
from rencheng.service.attempts import Flow
from rencheng.service.following import Follower, follow_up
from rencheng.service.intake import MAX_ROWS, REASONS, REFUSED, Columns, Taken, take_in
from rencheng.service.waiting import SteadyClock

SECOND = 1_000_000
NOW = to_us(T0)


def columns(stream: Any, at: Any, value: Any, first: int = 0) -> Columns:
    """Return columns of the same length from whatever is given."""
    at = np.atleast_1d(np.asarray(at, dtype=np.int64))
    return Columns(
        stream=np.broadcast_to(stream, at.shape).astype(np.int32),
        at=at,
        value=np.broadcast_to(value, at.shape).astype(float),
        ident=np.arange(first, first + len(at), dtype=np.uint64),
    )


def send(kit: Kit, *given: Any, **options: Any) -> Taken:
    return take_in(kit.house, kit.order(DEVICE), columns(*given), **options)


def reasons(taken: Taken) -> list[tuple[int, str]]:
    return [(int(i), REASONS[taken.codes[i] - REFUSED]) for i in taken.refused]


def count(kit: Kit) -> int:
    return sum(n for n, _ in kit.see(lambda work: work.observations.counts("live")).values())


def many_streams(kit: Kit, number: int) -> None:
    """Serve a city with so many more gauges behind its own."""
    city = kit.house.cities.current()
    more = tuple(replace(GAUGE, id=f"g{n}", xy=(0.01 * (n % 100), 0.0)) for n in range(number))
    served = replace(city, datastreams=(*city.datastreams, *more))
    kit.house = replace(kit.house, cities=OneCity(served))


def test_of_100_000_rows_with_three_bad_ones_the_others_are_kept(kit: Kit) -> None:
    at = NOW - np.arange(MAX_ROWS, dtype=np.int64) * SECOND
    stream, value = np.zeros(MAX_ROWS, int), np.zeros(MAX_ROWS)
    stream[7], value[77_777], at[99_999] = -1, np.nan, NOW + 3600 * SECOND
    taken = send(kit, stream, at, value)
    assert taken.accepted == MAX_ROWS - 3 == count(kit)
    assert reasons(taken) == [
        (7, "unknown_datastream"), (77_777, "not_a_number"), (99_999, "future"),
    ]  # fmt: skip
    with pytest.raises(TooMuchError):
        send(kit, 0, np.zeros(MAX_ROWS + 1, int), 0.0)


def test_a_poisoned_row_stops_nobody_and_spoils_no_memory(kit: Kit) -> None:
    poison = [np.nan, np.inf, -np.inf, 1e308, -1e308, 5e-324]
    years = [to_us(T0.replace(year=1)), to_us(T0.replace(year=9999)), -(2**63), 2**63 - 1]
    taken = send(kit, 0, [NOW - 9 * SECOND] * 6 + years, poison + [0.0] * 4)
    assert taken.accepted == 3 and taken.suspect >= 2
    good = send(kit, [0, 1], [NOW, NOW], [0.1, 300.0], 99)
    assert good.accepted == 2
    later = send(kit, 0, NOW + np.arange(1, 4) * 20 * SECOND, [0.1, 0.11, 0.12], 200)
    assert later.codes.tolist() == [0, 0, 0]


def test_streams_that_join_change_nothing_of_what_is_remembered(kit: Kit) -> None:
    streams = kit.house.cities.current().datastreams
    row = next(row for row, one in enumerate(streams) if one.id == "tide-1")
    most = streams[row].stuck_after
    kit.clock.forward(minutes=most)
    minutes = NOW + np.arange(most) * 60 * SECOND
    assert send(kit, row, minutes[:-1], 0.5).suspect == 0
    many_streams(kit, 50)
    assert send(kit, row, minutes[-1:], 0.5, most).suspect == 1
    rows = len(kit.house.cities.current().datastreams)
    assert send(kit, np.arange(rows), np.full(rows, NOW + 300 * SECOND), 0.5, 99).accepted == rows


def test_a_new_stream_is_looked_up_once_for_all_streams(
    kit: Kit, monkeypatch: pytest.MonkeyPatch
) -> None:
    many_streams(kit, 1000)
    asked = []
    with kit.house.work() as work:
        kind = type(work.observations)
    real = kind.latest_rows
    monkeypatch.setattr(kind, "latest_rows", lambda *a: asked.append(a) or real(*a))
    for n in range(5):
        send(kit, np.arange(200 * n, 200 * n + 200), np.full(200, NOW), 0.0, 1000 * n)
    assert len(asked) == 1


def test_late_rows_of_weeks_come_in_quickly(kit: Kit) -> None:
    many_streams(kit, 500)
    send(kit, np.arange(500), np.full(500, NOW), 0.0)
    began = perf_counter()
    for n in range(5):
        at = NOW - (n * 100 + np.arange(50_000) // 500 + 1) * 60 * SECOND
        assert send(kit, np.arange(50_000) % 500, at, 0.0, 50_000 * (n + 1)).accepted == 50_000
    assert perf_counter() - began < 10.0
    assert count(kit) == 250_500


def test_while_another_writer_holds_the_store_intake_goes_on_and_alarms_come_afterwards(
    kit: Kit, monkeypatch: pytest.MonkeyPatch
) -> None:
    shown: list[int] = []

    def watched(house: Any, run: str, city: Any, rows: Any, ctx: Any) -> int:
        with house.work() as work:
            work.lock()
            shown.append(len(rows))
        return 0

    monkeypatch.setattr(following, "watched", watched)
    monkeypatch.setattr(following, "time_passed", lambda *_: shown.append(0))
    with kit.house.work() as work:
        work.lock()
        engine = work._transaction._engine  # the database behind the store
        path = str(engine.url.database)
    pooled = engine.raw_connection()
    pooled.execute("pragma busy_timeout = 50")  # not fifteen seconds
    pooled.close()
    with sqlite3.connect(path, isolation_level=None) as other:
        other.execute("begin immediate")
        began = perf_counter()
        kit.house.waiting.is_followed = True
        assert send(kit, 0, NOW, 0.1).accepted == 1
        assert perf_counter() - began < 2.0
        follow_up(kit.house)
        assert shown == [] and count(kit) == 1
        other.execute("rollback")
    other.close()
    follow_up(kit.house)
    assert shown == [0] and kit.events() == ["event"]


def test_a_full_disk_refuses_whole_batches_and_intake_goes_on_when_there_is_room(
    kit: Kit,
) -> None:
    assert send(kit, 0, NOW - 99 * SECOND, 0.1).accepted == 1
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    big = columns(0, NOW - 50 * SECOND + np.arange(50_000) * 100, 0.1, 10)
    try:
        resource.setrlimit(resource.RLIMIT_FSIZE, (100_000, hard))
        with pytest.raises(SourceUnavailableError) as refused:
            take_in(kit.house, kit.order(DEVICE), big, batch="b")
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    assert refused.value.key == "history.disk" and count(kit) == 1
    assert take_in(kit.house, kit.order(DEVICE), big, batch="b").accepted == 50_000
    assert take_in(kit.house, kit.order(DEVICE), big, batch="b").accepted == 50_000
    assert count(kit) == 50_001


def test_a_clock_set_back_refuses_no_device_whose_clock_is_right(kit: Kit) -> None:
    assert send(kit, 0, NOW, 0.1).accepted == 1
    kit.clock.forward(hours=-5)
    assert reasons(send(kit, 0, NOW + 30 * SECOND, 0.1, 1)) == []
    kit.clock.forward(hours=29)
    ahead = send(kit, 0, NOW + 60 * SECOND, 0.1, 2)
    assert ahead.accepted == 1


def test_a_clock_that_stays_back_is_believed_in_the_end() -> None:
    clock = SteadyClock()
    assert clock.at(100_000 * SECOND, 0.0) == 100_000 * SECOND
    assert clock.at(10_000 * SECOND, 10.0) == 100_010 * SECOND
    assert clock.at(13_500 * SECOND, 3500.0) == 103_500 * SECOND
    assert clock.at(13_700 * SECOND, 3700.0) == 13_700 * SECOND


def test_rows_that_pile_up_before_the_rules_are_refused_not_lost(
    kit: Kit, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(intake, "MAX_WAITING", 5)
    kit.house.waiting.is_followed = True
    send(kit, 0, NOW - np.arange(9) * SECOND, 0.1)
    with pytest.raises(SourceUnavailableError) as refused:
        send(kit, 0, NOW, 0.1, 99)
    assert refused.value.key == "intake.behind"
    follow_up(kit.house)
    assert send(kit, 0, NOW, 0.1, 99).accepted == 1


def test_a_thread_follows_up_and_no_fault_of_a_rule_ends_it(
    kit: Kit, monkeypatch: pytest.MonkeyPatch
) -> None:
    shown: list[int] = []

    def watched(house: Any, run: str, city: Any, rows: Any, ctx: Any) -> int:
        shown.append(len(rows))
        raise ValueError("a rule is wrong")

    monkeypatch.setattr(following, "watched", watched)
    follower = Follower(kit.house)
    follower.start()
    try:
        for n in range(2):
            send(kit, 0, NOW - n * SECOND, 0.1, n)
            end = perf_counter() + 20.0
            while len(shown) <= n and perf_counter() < end:
                with kit.house.waiting.news:
                    kit.house.waiting.news.wait(0.02)
    finally:
        follower.stop()
    assert shown == [1, 1] and kit.house.waiting.rows == 0


def test_a_key_that_sends_a_hundred_times_its_rate_waits_and_others_do_not() -> None:
    flow, now = Flow(), T0
    rate = {"a_second": 10.0, "most": 1000.0}
    flow.take("loud", 1440, now, **rate)
    with pytest.raises(TooMuchError) as refused:
        flow.take("loud", 1, now, **rate)
    assert refused.value.params["seconds"] == 44
    flow.take("calm", 1, now, **rate)
    flow.take("loud", 1, now + timedelta(seconds=45), **rate)


def test_history_of_any_age_comes_in_and_no_rule_looks(
    kit: Kit, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(following, "watched", lambda *_: pytest.fail("a rule looked"))
    long_ago = to_us(T0.replace(year=1970))
    assert reasons(send(kit, 0, long_ago, 0.1)) == [(0, "past")]
    assert send(kit, 0, long_ago, 0.1, is_history=True).accepted == 1
