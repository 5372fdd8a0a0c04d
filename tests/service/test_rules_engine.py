from __future__ import annotations

from datetime import UTC, datetime, timedelta

from rencheng.adapters.alarm_rules import load_alarm_rules
from rencheng.domain.alarm import Level
from rencheng.domain.city import City
from rencheng.domain.hazard import StationRecord
from rencheng.domain.observation import StreamHealth, StreamStatus
from rencheng.perceive.state import city_state
from rencheng.service.rules_engine import GROUND, POWER, SEA, Findings, Sensed, evaluate

AT = datetime(2015, 9, 16, 23, tzinfo=UTC)


def word(
    stream: str, value: float, health: StreamHealth = StreamHealth.OK, age_s: float = 10.0
) -> StreamStatus:
    return StreamStatus(
        datastream=stream,
        health=health,
        last_value=value,
        last_good_value=value,
        last_time=AT - timedelta(seconds=age_s),
        age_s=age_s,
    )


def found(
    city: City,
    *words: StreamStatus,
    records: tuple[tuple[str, float], ...] = (),
    tide: tuple[float, ...] = (),
) -> Findings:
    statuses = {w.datastream: w for w in words}
    levels = [(AT - timedelta(minutes=len(tide) - i), v) for i, v in enumerate(tide)]
    sensed = Sensed(
        at=AT,
        city=city,
        statuses=statuses,
        records=[
            StationRecord(datastream=s, xy=(0.0, 0.0), pga_g=g, time=AT - timedelta(minutes=5))
            for s, g in records
        ],
        state=city_state(city, statuses, levels, AT, local_hour=20.0),
    )
    return evaluate(load_alarm_rules(), sensed)


def levels(findings: Findings, rule: str) -> list[Level]:
    return [f.level for f in findings.found if f.rule == rule]


def test_one_broken_accelerometer_raises_nothing(tiny_city: City) -> None:
    seen = found(tiny_city, records=(("acc-1", 2.5), ("acc-2", 0.0006), ("acc-3", 0.0007)))
    assert levels(seen, "strong_shaking") == []
    assert GROUND not in seen.unknown


def test_two_accelerometers_agree_on_the_level(tiny_city: City) -> None:
    seen = found(tiny_city, records=(("acc-1", 2.5), ("acc-2", 0.10), ("acc-3", 0.0006)))
    assert levels(seen, "strong_shaking") == [Level.ORANGE]


def test_a_calm_sensor_does_not_clear_what_two_others_recorded(tiny_city: City) -> None:
    seen = found(tiny_city, records=(("acc-1", 0.3), ("acc-2", 0.25), ("acc-3", 0.0)))
    assert levels(seen, "strong_shaking") == [Level.RED]


def test_what_is_not_heard_neither_raises_nor_clears(tiny_city: City) -> None:
    seen = found(tiny_city)
    assert seen.found == ()
    assert {GROUND, SEA, POWER, "water"} <= set(seen.unknown)


def test_dead_feeders_raise_by_their_share(tiny_city: City) -> None:
    seen = found(tiny_city, word("fdr-1", 0.0), word("fdr-2", 1.0), word("fdr-3", 1.0))
    assert levels(seen, "power_outage") == [Level.YELLOW]


def test_feeders_that_nobody_hears_do_not_clear_an_outage(tiny_city: City) -> None:
    silent = [word(f"fdr-{i}", 1.0, StreamHealth.SILENT, 1200.0) for i in (1, 2)]
    assert POWER in found(tiny_city, *silent, word("fdr-3", 1.0)).unknown


def test_one_high_reading_of_the_tide_is_not_yet_an_anomaly(tiny_city: City) -> None:
    assert levels(found(tiny_city, tide=(0.1,) * 30 + (5.0,)), "tide_anomaly") == []
    rising = found(tiny_city, tide=(0.1,) * 30 + (1.5, 2.5, 3.0))
    assert levels(rising, "tide_anomaly") == [Level.RED]


def test_a_full_hospital_and_an_unknown_one_are_told_apart(tiny_city: City) -> None:
    seen = found(tiny_city, word("bed-1", 0.0))
    assert [(f.object, f.level) for f in seen.found if f.rule == "hospital_full"] == [
        ("H-1", Level.ORANGE)
    ]
    assert "H-2" in seen.unknown


def test_a_silent_vital_sensor_and_a_stuck_one_raise_alarms_of_their_own(tiny_city: City) -> None:
    seen = found(
        tiny_city,
        word("tide-1", 0.2, StreamHealth.SILENT, 600.0),
        word("acc-1", 0.0006, StreamHealth.STUCK),
    )
    assert {(f.rule, f.object) for f in seen.found} == {
        ("vital_silent", "tide-1"),
        ("sensor_stuck", "acc-1"),
    }
