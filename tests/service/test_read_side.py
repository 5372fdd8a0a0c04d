"""What the read side promises: unknown stays unknown, peaks are kept, assets stay private."""

from __future__ import annotations

from datetime import timedelta

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ops_kit import CHIEF, POWER, T0, WATER, Kit, person
from rencheng.domain.alarm import Level
from rencheng.domain.city import City
from rencheng.domain.incident import Incident, IncidentStatus, Task, TaskStatus
from rencheng.domain.observation import Observation, Quality, Quantity, Verdict
from rencheng.domain.provenance import Mode
from rencheng.domain.run import Phase
from rencheng.service.columns import at_hour
from rencheng.service.dispatch import Dispatcher
from rencheng.service.lookup import Gazetteer, fold
from rencheng.service.observed import share_served, thinned, watched_streams
from rencheng.service.ownership import assets_hidden, lifelines_seen
from rencheng.service.situation import active_run, phase


def heard(
    stream: str, minutes: float, value: float, quality: Quality = Quality.GOOD
) -> Observation:
    time = T0 + timedelta(minutes=minutes)
    return Observation(
        id=f"{stream}-{minutes}",
        datastream=stream,
        value=value,
        phenomenon_time=time,
        received=time,
        verdict=Verdict(quality=quality),
        mode=Mode.LIVE,
        run="live",
    )


def task(**changes: object) -> Task:
    fields: dict[str, object] = {
        "id": "t1", "incident": "", "proposal": "", "kind": "ambulance", "title_zh": "",
        "title_en": "", "organisation": "ambulance_service", "team": "amb-1", "place": "",
        "xy": (-71.27, -29.945), "created": T0, "due": T0, "mode": Mode.LIVE, "run": "live",
    }  # fmt: skip
    return Task(**(fields | changes))  # type: ignore[arg-type]


def test_a_silent_sensor_makes_the_share_unknown_not_good(tiny_city: City) -> None:
    streams = watched_streams(tiny_city, "power")
    series = {"fdr-1": [heard("fdr-1", 0, 1.0)]}
    hours, share = share_served(streams, series, T0, T0 + timedelta(hours=2))
    assert share[0] == 1.0
    assert np.isnan(share[hours > 0.3]).all()


def test_a_suspect_value_does_not_count(tiny_city: City) -> None:
    streams = watched_streams(tiny_city, "power")
    series = {"fdr-1": [heard("fdr-1", 0, 1.0, Quality.SUSPECT)]}
    assert np.isnan(share_served(streams, series, T0, T0 + timedelta(minutes=5))[1]).all()


def test_a_service_without_sensors_is_watched_by_none(tiny_city: City) -> None:
    assert watched_streams(tiny_city, "telecom") == []


@given(st.lists(st.floats(-5, 5), min_size=1, max_size=400), st.integers(2, 50))
def test_thinning_keeps_the_extremes_and_the_order(values: list[float], most: int) -> None:
    found = [heard("tide-1", n, value) for n, value in enumerate(values)]
    kept = thinned(found, most)
    assert len(kept) <= max(most, 2) + 2
    assert {max(values), min(values)} <= {one.value for one in kept}
    times = [one.phenomenon_time for one in kept]
    assert times == sorted(set(times))


def test_between_two_times_the_level_is_between_theirs() -> None:
    class Flow:
        time_h = np.array([0.0, 10.0])

    level = np.array([[0.0, 1.0]])
    assert at_hour(Flow, level, 5.0)[0] == pytest.approx(0.5)  # type: ignore[arg-type]
    assert np.isnan(at_hour(Flow, level, 11.0)).all()  # type: ignore[arg-type]


def test_each_sees_the_state_of_its_own_network(tiny_city: City) -> None:
    sectors = np.array(tiny_city.lifelines.sector)
    assert (lifelines_seen(POWER, tiny_city) == (sectors == "power")).all()
    assert (lifelines_seen(WATER, tiny_city) == (sectors == "water")).all()
    assert lifelines_seen(CHIEF, tiny_city).all()
    assert "fdr-1" in assets_hidden(WATER, tiny_city)
    assert "tide-1" not in assets_hidden(WATER, tiny_city)


def test_an_unknown_organisation_sees_no_asset(tiny_city: City) -> None:
    stranger = person("x", "utility", "nobody")
    assert not lifelines_seen(stranger, tiny_city).any()


def test_a_team_drives_from_its_base_to_the_place(tiny_city: City) -> None:
    (trip,) = Dispatcher().trips(tiny_city, [task()], None)
    assert trip.team.id == "amb-1" and 0 < trip.eta_s < 600
    assert len(trip.line) >= 2


@pytest.mark.parametrize(
    "changes",
    [{"team": ""}, {"status": TaskStatus.DONE}, {"xy": (float("nan"), 0.0)}, {"team": "nobody"}],
)
def test_nobody_drives_without_team_place_or_need(
    tiny_city: City, changes: dict[str, object]
) -> None:
    assert Dispatcher().trips(tiny_city, [task(**changes)], None) == []


def test_a_search_ignores_accents_and_capitals(tiny_city: City) -> None:
    names = Gazetteer(tiny_city)
    assert fold("PEÑUELAS Áéí") == "penuelas aei"
    assert "zone:101" in [place.id for place in names.search("zOnE 101")]
    assert names.search("   ") == [] and names.name("nothing") == "nothing"


def test_the_active_run_is_the_newest_that_is_not_over(kit: Kit) -> None:
    assert kit.see(lambda work: active_run(work).id) == "live"
    kit.replay("r1")
    kit.clock.forward(minutes=1)
    kit.replay("r2")
    assert kit.see(lambda work: active_run(work).id) == "r2"


@pytest.mark.parametrize(
    ("status", "level", "alerts", "alarms", "expected"),
    [
        (None, None, 0, [], Phase.ORDINARY),
        (None, None, 0, [3, 4], Phase.ORDINARY),
        (None, None, 0, [2], Phase.WARNING),
        (None, None, 1, [], Phase.WARNING),
        (IncidentStatus.RESPONDING, None, 0, [], Phase.WARNING),
        (IncidentStatus.RESPONDING, Level.RED, 0, [], Phase.EMERGENCY),
        (IncidentStatus.RECOVERING, Level.RED, 1, [1], Phase.RECOVERY),
        (IncidentStatus.CLOSED, Level.RED, 0, [], Phase.ORDINARY),
    ],
)
def test_the_phase_follows_people_and_then_alarms(
    status: IncidentStatus | None,
    level: Level | None,
    alerts: int,
    alarms: list[int],
    expected: Phase,
) -> None:
    incident = status and Incident(
        id="i", name_zh="", name_en="", kind="", level=level, status=status, occurred=T0,
        opened=T0, xy=(0.0, 0.0), event="e", mode=Mode.LIVE, run="live",
    )  # fmt: skip
    assert phase(incident, alerts, alarms) is expected


def test_the_sensors_of_a_network_are_its_operators_own(tiny_city: City) -> None:
    power, water = (assets_hidden(one, tiny_city) for one in (POWER, WATER))
    for stream in tiny_city.datastreams:
        if stream.quantity is Quantity.WATER_PRESSURE:
            assert stream.id in power and stream.id not in water
        if stream.quantity is Quantity.WATER_LEVEL:
            assert stream.id not in power | water
