"""The whole scenario through the house: what the sensors say becomes alarms, proposals, reports."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest

from cycle_kit import models, table, tiny_scenario
from ops_kit import DEVICE, DUTY, Kit, make_kit
from rencheng.adapters.replay.driver import ClockNow, Driver
from rencheng.adapters.replay.items import items_of
from rencheng.adapters.restoration import load_restoration
from rencheng.adapters.watch_packs import open_watch
from rencheng.domain.hazard import BulletinKind
from rencheng.domain.impact import DamageState
from rencheng.domain.provenance import Origin
from rencheng.service.bulletins import BulletinItem, ingest_bulletin
from rencheng.service.cycle import CycleResult
from rencheng.service.cycle_runner import CycleRunner
from rencheng.service.damage_reports import DamageReportItem, ingest_damage_reports
from rencheng.service.ingest import ObservationItem, ingest_observations
from rencheng.service.replay import clock, finish, start_replay, steer
from tiny_city import make_tiny_city

SCENARIO = tiny_scenario().scenario
STOPS_MIN = (-13, -5, 3, 6, 25, 100, 660, 24 * 60, 72 * 60)
"""Minutes after the origin at which the loop turns."""


class Door:
    """The three ingest routes without a server: reads JSON, asks the services."""

    def __init__(self, kit: Kit) -> None:
        self.kit = kit
        self.rejected: list[Any] = []

    def __call__(self, request: httpx.Request) -> httpx.Response:
        body = json.loads(request.content)
        command = self.kit.order(DEVICE, request.headers["X-Run"])
        house, items = self.kit.house, body["items"]
        if request.url.path.endswith("observations"):
            said = [ObservationItem(**{**i, "phenomenon_time": _time(i["phenomenon_time"])})
                    for i in items]  # fmt: skip
            self.rejected += ingest_observations(house, command, body["batch"], said).rejected
        elif request.url.path.endswith("reports"):
            reports = [_report(i) for i in items]
            self.rejected += ingest_damage_reports(house, command, body["batch"], reports).rejected
        else:
            for i in items:
                times = {k: _time(i[k]) for k in ("issued", "origin_time")}
                told = BulletinItem(**{**i, **times, "kind": BulletinKind(i["kind"])})
                ingest_bulletin(house, command, told)
        return httpx.Response(200, json={"rejected": []})


def _time(text: str) -> datetime:
    return datetime.fromisoformat(text)


def _report(item: dict[str, Any]) -> DamageReportItem:
    building = -1 if item["building"] is None else item["building"]
    changed = {
        "building": building, "state": DamageState(item["state"]), "xy": tuple(item["xy"]),
        "reported": _time(item["reported"]), "origin": Origin(item["origin"]),
    }  # fmt: skip
    return DamageReportItem(**{**item, **changed})


class Played:
    """A replay that has been delivered, with a turn of the loop at each stop."""

    def __init__(self, kit: Kit) -> None:
        self.kit, self.door = kit, Door(kit)
        self.runner = CycleRunner(kit.house, models(), samples=20)
        self.run = start_replay(kit.house, kit.order(DUTY), SCENARIO, speed=1.0).id
        self.turns: dict[int, CycleResult] = {}
        self.alarms: dict[int, set[str]] = {}
        city = kit.house.cities.current()
        self.items = items_of(city, tiny_scenario(), table(), load_restoration())
        self.driver = Driver(
            run=self.run,
            items=self.items,
            clock=self._tick,
            finish=lambda: finish(kit.house, self.run),
            client=httpx.Client(base_url="http://door", transport=httpx.MockTransport(self.door)),
        )
        self._stops = iter(STOPS_MIN)
        self._stop: int | None = None
        self.driver.drive()
        self._look()

    def _tick(self) -> ClockNow:
        """Jump to the next stop, and turn the loop, once all that is due was delivered."""
        now = ClockNow(*clock(self.kit.house, self.run))
        sent = self.driver.progress.sent
        if self._stop is not None and sent < len(self.items) and self.items[sent].at <= now.now:
            return now
        self._look()
        self._stop = next(self._stops, STOPS_MIN[-1])
        at = SCENARIO.origin + timedelta(minutes=self._stop)
        steer(self.kit.house, self.kit.order(DUTY, self.run), jump_to=at)
        return ClockNow(*clock(self.kit.house, self.run))

    def _look(self) -> None:
        if self._stop is None or self._stop in self.turns:
            return
        self.turns[self._stop] = self.runner.turn(self.run)
        where = {"is_open": "true"}
        found = self.kit.see(lambda work: work.alarms.list(self.run, where=where))
        self.alarms[self._stop] = {alarm.rule for alarm in found}


@pytest.fixture(scope="module")
def played(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Played]:
    folder: Path = tmp_path_factory.mktemp("replay")
    kit = make_kit(folder, make_tiny_city(), watch=open_watch())
    yield Played(kit)
    kit.store.close()


def test_everything_is_delivered_and_nothing_refused(played: Played) -> None:
    assert played.door.rejected == []
    assert played.driver.progress.sent == played.driver.progress.total
    assert played.driver.progress.problem == ""


def test_the_replay_ends_by_itself(played: Played) -> None:
    assert clock(played.kit.house, played.run)[1]


def test_one_sensor_that_jumps_raises_nothing(played: Played) -> None:
    assert played.alarms[-13] == set()
    assert played.turns[-5].impact is None


def test_shaking_is_noticed_before_anybody_says_so_twice(played: Played) -> None:
    assert {"state/strong_shaking", "bulletin.earthquake"} <= played.alarms[3]


def test_the_wave_at_the_gauge_raises_its_alarm(played: Played) -> None:
    assert "state/tide_anomaly" in played.alarms[100]
    turn = played.turns[100]
    assert turn.impact is not None
    assert turn.impact.tsunami.observed_peak_m == pytest.approx(4.5, abs=0.5)


def test_the_stuck_sensor_is_named_and_says_no_all_clear(played: Played) -> None:
    assert "state/sensor_stuck" in played.alarms[100]
    state = played.turns[100].state
    assert state.up[state.node.index("zone:101:water")] != 1.0


def test_no_sensor_that_speaks_is_called_silent(played: Played) -> None:
    assert all("state/vital_silent" not in rules for rules in played.alarms.values())


def test_the_tsunami_is_over_after_the_cancellation(played: Played) -> None:
    assert "bulletin.tsunami" in played.alarms[25]
    assert "bulletin.tsunami" not in played.alarms[660]


def test_the_survey_arrives_with_its_label(played: Played) -> None:
    reports = played.kit.see(lambda work: work.reports.list(played.run))
    surveyed = [r for r in reports if r.building >= 0]
    assert len(surveyed) == 60
    assert {r.origin for r in reports} == {Origin.SYNTHETIC}


def test_nothing_of_the_replay_is_in_the_live_run(played: Played) -> None:
    work_of = played.kit.see
    assert work_of(lambda work: work.bulletins.list("live")) == []
    assert work_of(lambda work: work.observations.counts("live")) == {}
    assert work_of(lambda work: work.alarms.list("live")) == []
