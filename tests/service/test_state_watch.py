"""Rules on the city's state: what raises, what clears, what is unknown, and what is kept."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from datetime import timedelta
from pathlib import Path

import numpy as np
import pytest

from ops_kit import T0, Kit, make_kit
from rencheng.adapters.watch_packs import open_watch
from rencheng.adapters.words import both
from rencheng.domain.alarm import Alarm, Level
from rencheng.domain.city import City
from rencheng.domain.hazard import StationRecord
from rencheng.domain.observation import StreamHealth, StreamStatus
from rencheng.domain.readings import to_us
from rencheng.domain.watch import Input
from rencheng.perceive.state import city_state
from rencheng.sense.rules.backtest import Span, episodes
from rencheng.service.house import context
from rencheng.service.keeping import beside
from rencheng.service.state_figures import Sensed, figures, state_place
from rencheng.service.state_watch import review_state

DEAD, LIVE = 0.0, 1.0
MINUTE = 60_000_000


def word(
    stream: str, value: float, health: StreamHealth = StreamHealth.OK, age_s: float = 10.0
) -> StreamStatus:
    return StreamStatus(
        datastream=stream, health=health, last_value=value, last_good_value=value,
        last_time=T0 - timedelta(seconds=age_s), age_s=age_s,
    )  # fmt: skip


def feeders(*states: float) -> list[StreamStatus]:
    return [word(f"fdr-{i}", state) for i, state in enumerate(states, 1)]


@dataclass
class Turns:
    """Turns of the loop, each with what is sensed then."""

    kit: Kit
    city: City
    minute: float = field(default=0.0)

    def sensed(
        self,
        *words: StreamStatus,
        records: tuple[tuple[str, float], ...] = (),
        tide: tuple[float, ...] = (),
    ) -> Sensed:
        at = T0 + timedelta(minutes=self.minute)
        statuses = {one.datastream: one for one in words}
        levels = [(at - timedelta(minutes=len(tide) - i), v) for i, v in enumerate(tide)]
        shaken = [
            StationRecord(datastream=s, xy=(0.0, 0.0), pga_g=g, time=at - timedelta(minutes=5))
            for s, g in records
        ]
        state = city_state(self.city, statuses, levels, at, local_hour=20.0)
        return Sensed(at=at, city=self.city, statuses=statuses, records=shaken, state=state)

    def turn(self, sensed: Sensed, *, after_min: float = 1.0) -> list[Alarm]:
        """Return the open alarms after a turn; the next one comes later."""
        self.kit.clock.time = sensed.at
        ctx = self.kit.see(lambda work: context(self.kit.house, work, "live"))
        review_state(self.kit.house, ctx, sensed)
        self.minute += after_min
        return self.kit.see(lambda work: work.alarms.list("live", where={"is_open": "true"}))

    def levels(self, rule: str, *words: StreamStatus, **more: object) -> list[Level]:
        found = self.turn(self.sensed(*words, **more))  # type: ignore[arg-type]
        return [one.level for one in found if one.rule == f"state/{rule}"]


@pytest.fixture
def turns(tmp_path: Path, tiny_city: City) -> Iterator[Turns]:
    kit = make_kit(tmp_path, tiny_city, watch=open_watch())
    yield Turns(kit, tiny_city)
    kit.store.close()


def test_one_broken_accelerometer_raises_nothing(turns: Turns) -> None:
    said = (("acc-1", 2.5), ("acc-2", 0.0006), ("acc-3", 0.0007))
    assert turns.levels("strong_shaking", records=said) == []


def test_two_accelerometers_agree_on_the_level(turns: Turns) -> None:
    said = (("acc-1", 2.5), ("acc-2", 0.10), ("acc-3", 0.0006))
    assert turns.levels("strong_shaking", records=said) == [Level.ORANGE]


def test_a_calm_sensor_does_not_clear_what_two_others_recorded(turns: Turns) -> None:
    said = (("acc-1", 0.3), ("acc-2", 0.25), ("acc-3", 0.0))
    assert turns.levels("strong_shaking", records=said) == [Level.RED]
    assert turns.levels("strong_shaking") == [Level.RED], "nobody is heard: nothing is known"


def test_nothing_is_known_of_what_nobody_hears(turns: Turns) -> None:
    sensed = turns.sensed()
    known = {key for key, one in figures(sensed).items() if np.isfinite(one.value)}
    assert known == set()
    assert turns.turn(sensed) == []


def test_dead_feeders_raise_by_their_share_and_say_so(turns: Turns) -> None:
    (alarm,) = turns.turn(turns.sensed(*feeders(DEAD, LIVE, LIVE)))
    assert (alarm.rule, alarm.object, alarm.level) == ("state/power_outage", "power", Level.YELLOW)
    zh, en = both(alarm.text)
    assert "3 条有信号的馈线中有 1 条断电" in zh
    assert "1 of 3 feeders" in en


def test_feeders_that_nobody_hears_do_not_clear_an_outage(turns: Turns) -> None:
    turns.turn(turns.sensed(*feeders(DEAD, DEAD, LIVE)))
    silent = [word(f"fdr-{i}", LIVE, StreamHealth.SILENT, 1200.0) for i in (1, 2)]
    for _ in range(10):
        assert turns.levels("power_outage", *silent, word("fdr-3", LIVE)) == [Level.RED]


def test_an_outage_is_over_once_power_has_stayed_for_five_minutes(turns: Turns) -> None:
    assert turns.levels("power_outage", *feeders(DEAD, LIVE, LIVE)) == [Level.YELLOW]
    for _ in range(5):
        assert turns.levels("power_outage", *feeders(LIVE, LIVE, LIVE)) == [Level.YELLOW]
    assert turns.levels("power_outage", *feeders(LIVE, LIVE, LIVE)) == []


def test_one_high_reading_of_the_tide_is_not_yet_an_anomaly(turns: Turns) -> None:
    assert turns.levels("tide_anomaly", tide=(0.1,) * 30 + (5.0,)) == []
    assert turns.levels("tide_anomaly", tide=(0.1,) * 30 + (1.5, 2.5, 3.0)) == [Level.RED]


def test_a_full_hospital_and_an_unknown_one_are_told_apart(turns: Turns) -> None:
    (alarm,) = turns.turn(turns.sensed(word("bed-1", 0.0)))
    assert (alarm.object, alarm.level) == ("H-1", Level.ORANGE)
    assert "空床 0 张" in both(alarm.text)[0]


def test_a_silent_vital_sensor_and_a_stuck_one_raise_alarms_of_their_own(turns: Turns) -> None:
    bad = (
        word("tide-1", 0.2, StreamHealth.SILENT, 600.0),
        word("acc-1", 0.0006, StreamHealth.STUCK),
    )
    found = turns.turn(turns.sensed(*bad))
    assert {(one.rule, one.object) for one in found} == {
        ("state/vital_silent", "tide-1"), ("state/sensor_stuck", "acc-1"),
    }  # fmt: skip
    assert turns.turn(turns.sensed(word("tide-1", 0.2), word("acc-1", 0.0007))) == []


def test_a_restart_raises_nothing_again_and_clears_what_is_over(turns: Turns) -> None:
    turns.turn(turns.sensed(*feeders(DEAD, LIVE, LIVE), word("bed-1", 0.0)))
    turns.kit = replace(turns.kit, house=replace(turns.kit.house, watch=open_watch()))
    found = turns.turn(turns.sensed(*feeders(DEAD, LIVE, LIVE)))
    assert {one.object for one in found} == {"power", "H-1"}, "nothing is known of the beds"
    assert all(one.returns == 0 for one in found)
    for _ in range(7):
        found = turns.turn(turns.sensed(*feeders(LIVE, LIVE, LIVE)))
    assert {one.object for one in found} == {"H-1"}
    assert turns.kit.see(lambda work: work.alarms.count("live")) == 2


def test_states_are_kept_when_they_change_and_now_and_then(turns: Turns) -> None:
    ids = state_place(turns.city).ids
    for minute in range(25):
        turns.turn(turns.sensed(*feeders(DEAD if minute < 3 else LIVE, LIVE, LIVE)))
    rows = turns.kit.see(lambda work: work.observations.rows(beside("live"), ids, 0, 2**62))
    own = rows[rows["stream"] == ids.index("state/power_out/power")]
    minutes = ((own["at"] - to_us(T0)) // MINUTE).tolist()
    assert minutes == [0, 3, 13, 23]
    assert own["value"].tolist() == pytest.approx([1 / 3, 0, 0, 0])
    assert {ids[one] for one in rows["stream"]} == {"state/power_out/power"}, "0 of what rests"


def test_a_back_test_on_the_states_kept_finds_what_was_raised(turns: Turns) -> None:
    draw = np.random.default_rng(3)
    dead = np.repeat(draw.integers(0, 4, 20), 6)
    raised = [
        bool(turns.levels("power_outage", *feeders(*([DEAD] * n + [LIVE] * (3 - n)))))
        for n in dead.tolist()
    ]
    place = state_place(turns.city)
    rows = turns.kit.see(lambda work: work.observations.rows(beside("live"), place.ids, 0, 2**62))
    start = to_us(T0)
    rules = [one for one in open_watch().of(Input.STATE) if one.id == "state/power_outage"]
    found = episodes(rules, place, rows, Span(start, start + 120 * MINUTE))
    spans = [((one.start - start) // MINUTE, (one.end - start) // MINUTE) for one in found]
    tested = [any(a <= minute < b for a, b in spans) for minute in range(120)]
    assert len(found) > 2
    assert tested == raised
