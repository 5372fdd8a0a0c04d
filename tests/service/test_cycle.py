from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime, timedelta
from functools import partial
from threading import Event
from typing import Any

import numpy as np
import pytest

from cycle_kit import models, no_records, tiny_bulletins, tiny_scenario
from ops_kit import DEVICE, DUTY, Kit
from rencheng.adapters.watch_packs import open_watch
from rencheng.domain.city import City
from rencheng.domain.errors import CorruptDataError
from rencheng.domain.hazard import Bulletin, BulletinKind, ShakingMap, StationRecord
from rencheng.domain.provenance import Origin
from rencheng.domain.run import Phase
from rencheng.service import cycle_runner
from rencheng.service.bulletins import BulletinItem, ingest_bulletin
from rencheng.service.cycle import CycleInputs, CycleResult, Memory, Ways, last_word, run_cycle
from rencheng.service.cycle_runner import FAILED_RULE, CycleRunner
from rencheng.service.gather import inputs_of
from rencheng.service.house import context
from rencheng.service.incidents import is_within_reach
from rencheng.service.ingest import ObservationItem, ingest_observations
from rencheng.service.replay import start_replay, steer

ORIGIN = tiny_scenario().scenario.origin


def asked(city: City, minutes: float, **changes: Any) -> CycleInputs:
    given = CycleInputs(
        city=city,
        models=models(),
        at=ORIGIN + timedelta(minutes=minutes),
        phase=Phase.ORDINARY,
        statuses={},
        bulletins=tiny_bulletins(),
        station_records=(),
        tide=[],
        own=no_records(city),
        seed=7,
        samples=40,
    )
    return replace(given, **changes)


def band(result: CycleResult, key: str) -> tuple[float, float, float]:
    found = next(f.band for f in result.figures if f.key == key)
    return found.p05, found.p50, found.p95


def test_an_ordinary_day_has_no_impact_and_no_forecast(tiny_city: City) -> None:
    result = run_cycle(asked(tiny_city, -5))
    assert result.impact is None
    assert result.decisions.drafts == ()
    assert {f.key for f in result.figures} == {
        "people_present", "coastal_people", "without_power_seen", "without_water_seen"
    }  # fmt: skip
    assert len(result.boards) == 6


def test_a_bulletin_turns_the_whole_loop(tiny_city: City) -> None:
    result = run_cycle(asked(tiny_city, 25))
    assert result.impact is not None
    assert result.impact.samples == 40
    assert {d.kind.value for d in result.decisions.drafts} >= {"response_level", "evacuation"}
    assert result.measures
    stages = [stage for stage, _ in result.stage_s]
    assert stages == [
        "perceive", "shaking", "damage", "people", "access", "tsunami", "services",
        "decide", "control", "assess",
    ]  # fmt: skip


def test_the_same_inputs_give_the_same_figures(tiny_city: City) -> None:
    first, again = (run_cycle(asked(tiny_city, 25)) for _ in range(2))
    assert repr(first.figures) == repr(again.figures)


def test_what_is_remembered_changes_no_number(tiny_city: City) -> None:
    memory = Memory()
    run_cycle(asked(tiny_city, 25), memory)
    later = run_cycle(asked(tiny_city, 90), memory)
    assert "damage" not in [stage for stage, _ in later.stage_s]
    assert repr(later.figures) == repr(run_cycle(asked(tiny_city, 90)).figures)


def test_a_new_record_or_magnitude_is_not_answered_from_memory(tiny_city: City) -> None:
    memory = Memory()
    run_cycle(asked(tiny_city, 12), memory)
    record = StationRecord(datastream="acc-1", xy=(-71.27, -29.94), pga_g=0.9, time=ORIGIN)
    strong = run_cycle(asked(tiny_city, 12, station_records=(record,)), memory)
    assert strong.impact is not None
    assert strong.impact.shaking.stations_used == ("acc-1",)
    later = run_cycle(asked(tiny_city, 25, station_records=(record,)), memory)
    assert later.bulletin is not None
    assert later.bulletin.magnitude == 8.3


def test_ways_on_foot_are_found_again_for_another_city_or_other_rules(tiny_city: City) -> None:
    ways, rules = Ways(), models().rules.operations
    first = ways.on_foot(tiny_city, rules)
    assert ways.on_foot(tiny_city, rules) is first
    slower = replace(rules, walk_m_s=rules.walk_m_s / 2)
    assert ways.on_foot(tiny_city, slower).min() > first.min()
    assert ways.on_foot(replace(tiny_city, version="other"), rules) is not first


def test_bands_are_in_order_and_people_stay_within_the_population(tiny_city: City) -> None:
    result = run_cycle(asked(tiny_city, 25))
    residents = float(tiny_city.zones.population.sum())
    for figure in result.figures:
        if figure.band.is_known and figure.key != "hospitals_working":
            assert figure.band.p05 <= figure.band.p50 <= figure.band.p95
        if figure.unit == "{person}" and figure.band.is_known:
            assert figure.band.p05 >= 0.0
            assert figure.band.p95 <= residents + 1e-6


def test_every_figure_says_where_it_comes_from(tiny_city: City) -> None:
    for figure in run_cycle(asked(tiny_city, 25)).figures:
        assert figure.why.data
        assert figure.why.model
        if figure.key.startswith(("buildings", "dead", "injured", "without")):
            assert figure.why.origin is Origin.SYNTHETIC
    tsunami = next(f for f in run_cycle(asked(tiny_city, 25)).figures if f.key == "tsunami_arrival")
    assert {"terrain", "bathymetry"} <= set(tsunami.why.missing)


def test_stronger_recorded_shaking_means_no_less_damage(tiny_city: City) -> None:
    def damaged(pga_g: float) -> float:
        records = tuple(
            StationRecord(datastream=s.id, xy=s.xy, pga_g=pga_g, time=ORIGIN)
            for s in tiny_city.datastreams
            if s.id.startswith("acc")
        )
        return band(run_cycle(asked(tiny_city, 25, station_records=records)), "buildings_damaged")[
            1
        ]

    assert damaged(0.05) <= damaged(0.3) <= damaged(0.9)


def test_the_last_official_word_keeps_the_best_magnitude() -> None:
    word = last_word(tiny_bulletins(), ORIGIN + timedelta(minutes=25))
    assert word is not None
    assert (word.kind, word.magnitude) == (BulletinKind.EVACUATION_ORDER, 8.3)
    first = last_word(tiny_bulletins(), ORIGIN + timedelta(minutes=3))
    assert first is not None
    assert (first.kind, first.magnitude) == (BulletinKind.EARTHQUAKE, 7.2)
    assert last_word(tiny_bulletins(), ORIGIN) is None


def aftershock(minutes: float, **changes: Any) -> Bulletin:
    time = ORIGIN + timedelta(minutes=minutes)
    main = next(b for b in tiny_bulletins() if b.kind is BulletinKind.EARTHQUAKE)
    given = {"id": "after", "event": "after", "origin_time": time, "issued": time, "magnitude": 4.4}
    return replace(main, **(given | changes))


def test_an_aftershock_takes_nothing_away_from_its_main_shock() -> None:
    word = last_word([*tiny_bulletins(), aftershock(700)], ORIGIN + timedelta(minutes=720))
    assert word is not None and (word.event, word.magnitude) != ("after", 4.4)
    stronger = [*tiny_bulletins(), aftershock(700, magnitude=8.9)]
    word = last_word(stronger, ORIGIN + timedelta(minutes=720))
    assert word is not None and word.event == "after"


def test_a_giant_far_away_takes_nothing_away_from_what_is_near(tiny_city: City) -> None:
    rules = models().rules
    west, south, east, north = tiny_city.bbox
    near = aftershock(1, magnitude=6.1, lon=(west + east) / 2, lat=(south + north) / 2)
    far = replace(near, id="far", event="far", magnitude=9.0, lon=near.lon - 100.0)
    word = last_word(
        [near, far], ORIGIN + timedelta(minutes=5), partial(is_within_reach, tiny_city, rules)
    )
    assert word is not None and word.event == "after"


def test_a_bulletin_without_magnitude_does_not_end_the_forecast() -> None:
    main = next(b for b in tiny_bulletins() if b.kind is BulletinKind.EARTHQUAKE)
    silent = aftershock(30, event=main.event, origin_time=ORIGIN, magnitude=float("nan"))
    word = last_word([*tiny_bulletins(), silent], ORIGIN + timedelta(minutes=31))
    assert word is not None and word.magnitude == 8.3


def test_an_event_of_last_year_is_not_what_the_city_deals_with() -> None:
    assert last_word(tiny_bulletins(), ORIGIN + timedelta(days=31)) is None


def test_a_cancelled_tsunami_is_no_longer_forecast(tiny_city: City) -> None:
    result = run_cycle(asked(tiny_city, 660))
    assert result.impact is not None
    assert not result.impact.tsunami.is_possible
    assert np.isnan(band(result, "tsunami_arrival")[1])


# ---- in the background ------------------------------------------------------------------------


@pytest.fixture
def runner(kit: Kit) -> Iterator[CycleRunner]:
    house = replace(kit.house, watch=open_watch())
    made = CycleRunner(house, models(), samples=20, spacing_s=0.0)
    yield made
    made.stop()


def begin(kit: Kit) -> str:
    run = start_replay(kit.house, kit.order(DUTY), tiny_scenario().scenario, speed=1.0)
    return run.id


def say(kit: Kit, run: str, stream: str, value: float, at: datetime) -> None:
    unit = {"acc": "g", "tid": "m", "fdr": "1"}[stream[:3]]
    item = ObservationItem(
        id=f"{stream}@{at.timestamp()}", datastream=stream, value=value, unit=unit,
        phenomenon_time=at,
    )  # fmt: skip
    ingest_observations(kit.house, kit.order(DEVICE, run), f"{stream}{at}", [item])


def announce(kit: Kit, run: str, bulletin: Bulletin) -> None:
    fields = {name: getattr(bulletin, name) for name in BulletinItem.__dataclass_fields__}
    ingest_bulletin(kit.house, kit.order(DEVICE, run), BulletinItem(**fields))


def shaken(kit: Kit) -> str:
    """Return a replay three minutes after the earthquake: three records and one bulletin."""
    run = begin(kit)
    steer(kit.house, kit.order(DUTY, run), jump_to=ORIGIN + timedelta(minutes=3))
    for stream, pga in (("acc-1", 0.25), ("acc-2", 0.2), ("acc-3", 0.22)):
        say(kit, run, stream, pga, ORIGIN + timedelta(seconds=62))
    announce(kit, run, tiny_bulletins()[0])
    return run


def test_a_turn_is_kept_told_and_remembered(kit: Kit, runner: CycleRunner) -> None:
    run = shaken(kit)
    result = runner.turn(run)
    assert runner.latest(run) is result
    assert result.impact is not None
    assert result.impact.shaking.stations_used == ("acc-1", "acc-2", "acc-3")
    record = kit.see(lambda work: work.cycles.get(result.id))
    assert record.bulletin.startswith("illapel-2015-eq-1")
    assert dict(record.models)
    assert "cycle" in kit.events()


def test_a_turn_publishes_proposals_and_raises_the_rules_alarms(
    kit: Kit, runner: CycleRunner
) -> None:
    run = shaken(kit)
    runner.turn(run)
    kinds = {p.kind.value for p in kit.see(lambda work: work.proposals.list(run))}
    assert "evacuation" in kinds
    rules = {a.rule for a in kit.see(lambda work: work.alarms.list(run))}
    assert "state/strong_shaking" in rules


def test_a_quiet_sensor_is_no_record_of_the_event(kit: Kit) -> None:
    run = begin(kit)
    steer(kit.house, kit.order(DUTY, run), jump_to=ORIGIN + timedelta(minutes=3))
    say(kit, run, "acc-1", 0.0006, ORIGIN + timedelta(seconds=30))
    say(kit, run, "acc-2", 0.2, ORIGIN + timedelta(seconds=62))
    announce(kit, run, tiny_bulletins()[0])
    city = kit.house.cities.current()
    with kit.house.work() as work:
        found = inputs_of(work, city, models(), context(kit.house, work, run), samples=5)
    assert [r.datastream for r in found.station_records] == ["acc-2"]


def test_one_run_never_sees_the_other(kit: Kit, runner: CycleRunner) -> None:
    run = shaken(kit)
    runner.turn(run)
    kit.keep(lambda work: None)
    live = runner.turn("live")
    assert live.impact is None
    assert kit.see(lambda work: work.proposals.list("live")) == []


def test_the_thread_turns_when_woken_and_never_twice_at_once(
    kit: Kit, runner: CycleRunner, monkeypatch: pytest.MonkeyPatch
) -> None:
    run, turned = begin(kit), Event()
    most = [0, 0]
    plain = cycle_runner.run_cycle

    def counted(*given: Any) -> CycleResult:
        most[0] += 1
        most[1] = max(most)
        try:
            return plain(*given)
        finally:
            most[0] -= 1
            turned.set()

    monkeypatch.setattr(cycle_runner, "run_cycle", counted)
    runner.start()
    for _ in range(20):
        runner.wake(run)
    assert turned.wait(60)
    runner.stop(60)
    assert most[1] == 1
    assert not runner.is_running


def test_what_is_warm_is_said_once_before_the_first_turn(
    kit: Kit, runner: CycleRunner, monkeypatch: pytest.MonkeyPatch
) -> None:
    said: list[str] = []
    turned = Event()

    def turn(_: str) -> None:
        said.append("turned")
        turned.set()

    monkeypatch.setattr(runner, "warm_up", lambda: said.append("warmed up"))
    monkeypatch.setattr(runner, "turn", turn)
    runner.start(lambda: said.append("warm"))
    runner.wake(begin(kit))
    assert turned.wait(60)
    runner.stop(60)
    assert said[:3] == ["warmed up", "warm", "turned"]
    assert said.count("warm") == 1


def test_a_failed_turn_is_shown_and_the_next_good_one_clears_it(
    kit: Kit, runner: CycleRunner, monkeypatch: pytest.MonkeyPatch
) -> None:
    run, done = begin(kit), Event()
    calls = iter(range(100))

    def broken(*given: Any) -> CycleResult:
        if next(calls) < 2:  # the warming up, and the first turn
            raise CorruptDataError("x", "broken", hint="mend")
        done.set()
        return run_cycle(*given)

    monkeypatch.setattr(cycle_runner, "run_cycle", broken)
    runner.start()
    assert _until(lambda: _alarms(kit, run))
    runner.wake(run)
    assert done.wait(60)
    assert _until(lambda: runner.latest(run) is not None)
    runner.stop(60)
    [alarm] = _alarms(kit, run)
    assert alarm.rule == FAILED_RULE
    assert not alarm.is_open


def test_nothing_lost_after_a_restart(kit: Kit, runner: CycleRunner) -> None:
    run = shaken(kit)
    before = runner.turn(run)
    again = CycleRunner(kit.house, models(), samples=20).turn(run)
    assert repr(before.figures) == repr(again.figures)


def _alarms(kit: Kit, run: str) -> list[Any]:
    return [
        alarm for alarm in kit.see(lambda work: work.alarms.list(run)) if alarm.rule == FAILED_RULE
    ]


def _until(holds: Any, seconds: float = 60.0) -> bool:
    wait = Event()
    for _ in range(int(seconds / 0.05)):
        if holds():
            return True
        wait.wait(0.05)
    return False


def test_a_published_map_takes_the_place_of_our_own_shaking(tiny_city: City) -> None:
    west, south, east, north = tiny_city.bbox
    cells = np.stack([np.full((2, 2), 0.4), np.full((2, 2), 0.2), np.full((2, 2), 0.3)])
    chart = ShakingMap(
        id="m", event=tiny_bulletins()[0].event, revision=3, issuer="XX", issued=ORIGIN,
        west=west - 1, north=north + 1, step_lon=east - west + 2, step_lat=north - south + 2,
        rows=2, columns=2, cells=cells.astype("<f4").tobytes(), source="",
    )  # fmt: skip
    result = run_cycle(asked(tiny_city, 10, shaking_map=chart))
    assert result.impact is not None
    assert (result.impact.shaking.model, result.impact.shaking.version) == ("shakemap", "XX 3")
    other = run_cycle(asked(tiny_city, 10, shaking_map=replace(chart, event="another")))
    assert other.impact is not None
    assert other.impact.shaking.model != "shakemap"
