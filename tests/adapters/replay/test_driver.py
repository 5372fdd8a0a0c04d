from __future__ import annotations

import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import httpx
import pytest

from rencheng.adapters.replay.driver import MAX_BATCH, ClockNow, Driver, Item

T0 = datetime(2015, 9, 16, 22, 24, tzinfo=UTC)


def item(second: float, kind: str = "observation", name: str = "") -> Item:
    return Item(T0 + timedelta(seconds=second), kind, {"id": name or f"{kind}-{second:g}"})


class Server:
    """Takes batches like the HTTP door, and fails when told to."""

    def __init__(self, *failures: int | Exception) -> None:
        self.failures = list(failures)
        self.batches: list[tuple[str, str, list[str], str]] = []

    def __call__(self, request: httpx.Request) -> httpx.Response:
        body = json.loads(request.content)
        ids = [one["id"] for one in body["items"]]
        self.batches.append((request.url.path, body["batch"], ids, request.headers["X-Run"]))
        if self.failures:
            failure = self.failures.pop(0)
            if isinstance(failure, Exception):
                raise failure
            return httpx.Response(failure, json={"key": "x"})
        return httpx.Response(200, json={"rejected": []})

    @property
    def ids(self) -> list[str]:
        return [name for _, _, ids, _ in self.batches for name in ids]


def drive(
    server: Server, items: list[Item], *times: float, over: Callable[[], bool] = lambda: False
) -> tuple[Driver, list[str]]:
    """Drive to the end, with the clock at each of `times` in turn (the last for ever)."""
    ended: list[str] = []
    left = list(times)

    def clock() -> ClockNow:
        second = left.pop(0) if len(left) > 1 else left[0]
        return ClockNow(T0 + timedelta(seconds=second), over())

    client = httpx.Client(base_url="http://door", transport=httpx.MockTransport(server))
    driver = Driver(
        run="r1", items=items, clock=clock, finish=lambda: ended.append("r1"), client=client
    )
    driver.drive()
    client.close()
    return driver, ended


def test_nothing_is_sent_before_its_time() -> None:
    server = Server()
    over = iter([False, False, True])
    drive(server, [item(1), item(50)], 10.0, over=lambda: next(over))
    assert server.ids == ["observation-1"]


def test_a_jump_delivers_everything_between_and_nothing_overtakes_a_bulletin() -> None:
    server = Server()
    items = [item(1), item(2, "bulletin"), item(3), item(4, "report"), item(5)]
    driver, ended = drive(server, items, 0.0, 3600.0)
    assert server.ids[:2] == ["observation-1", "bulletin-2"]
    assert sorted(server.ids) == sorted(str(i.body["id"]) for i in items)
    assert driver.progress.sent == 5
    assert ended == ["r1"]
    assert {run for *_, run in server.batches} == {"r1"}


def test_reports_that_trickle_in_among_readings_travel_together() -> None:
    server = Server()
    items = [item(n, "report" if n % 3 == 0 else "observation") for n in range(300)]
    drive(server, items, 3600.0)
    assert [len(ids) for _, _, ids, _ in server.batches] == [100, 200]


def test_batches_stay_below_the_limit() -> None:
    server = Server()
    drive(server, [item(s) for s in range(2500)], 9999.0)
    assert [len(ids) for _, _, ids, _ in server.batches] == [MAX_BATCH, MAX_BATCH, 500]


@pytest.mark.parametrize("failure", [500, 503, 429, httpx.ConnectError("down")])
def test_a_failed_batch_is_sent_again_under_the_same_id(failure: int | Exception) -> None:
    server = Server(failure)
    _, ended = drive(server, [item(1)], 5.0)
    first, second = server.batches
    assert first == second
    assert ended == ["r1"]


def test_a_token_that_is_not_admitted_ends_the_delivery() -> None:
    server = Server(401)
    driver, ended = drive(server, [item(1), item(2, "report")], 5.0)
    assert ended == []
    assert "401" in driver.progress.problem


def test_a_refused_batch_is_named_and_the_rest_goes_on() -> None:
    server = Server(422)
    driver, ended = drive(server, [item(1), item(2, "report")], 5.0)
    assert driver.progress.refused == 1
    assert server.ids == ["observation-1", "report-2"]
    assert ended == ["r1"]


def test_a_run_that_is_over_gets_nothing_more() -> None:
    server = Server()
    _, ended = drive(server, [item(1)], 5.0, over=lambda: True)
    assert (server.ids, ended) == ([], [])


def test_a_clock_far_ahead_of_the_delivery_is_asked_to_wait() -> None:
    held: list[datetime] = []
    now = ClockNow(T0 + timedelta(hours=2), False, 600.0)
    client = httpx.Client(base_url="http://door", transport=httpx.MockTransport(Server()))
    driver = Driver(
        run="r1", items=[item(1), item(2, "bulletin")], clock=lambda: now,
        finish=lambda: None, client=client, hold=held.append,
    )  # fmt: skip
    driver.drive()
    client.close()
    assert held == [T0 + timedelta(seconds=1)]  # once a second at most


def test_what_lies_beyond_a_held_clock_waits_for_its_time() -> None:
    server, clock = Server(), [T0 + timedelta(hours=2)]
    passed: list[datetime] = []

    def hold(delivered: datetime) -> None:
        clock[0] = delivered

    def look() -> ClockNow:
        passed.append(clock[0])
        if len(passed) > 6:  # time goes on
            clock[0] = T0 + timedelta(hours=2)
        return ClockNow(clock[0], len(passed) > 12, 600.0)

    def serve(request: httpx.Request) -> httpx.Response:
        said = json.loads(request.content)["items"]
        assert all(due[one["id"]] <= clock[0] for one in said), "sent before its time"
        return server(request)

    items = [item(1), item(2, "bulletin"), item(5000)]
    due = {i.body["id"]: i.at for i in items}
    client = httpx.Client(base_url="http://door", transport=httpx.MockTransport(serve))
    Driver(run="r1", items=items, clock=look, finish=lambda: None, client=client, hold=hold).drive()
    client.close()
    assert server.ids == [i.body["id"] for i in items]
