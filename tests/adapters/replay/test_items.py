from __future__ import annotations

from collections import Counter
from functools import cache

import numpy as np
import pytest

from cycle_kit import restoration, table, tiny_scenario
from rencheng.adapters.replay.driver import Item
from rencheng.adapters.replay.items import items_of
from rencheng.adapters.replay.streams import tide_level
from rencheng.domain.city import City
from tiny_city import make_tiny_city


@cache
def items() -> tuple[Item, ...]:
    return items_of(make_tiny_city(), tiny_scenario(), table(), restoration())


def values(stream: str) -> np.ndarray:
    origin = tiny_scenario().scenario.origin.timestamp()
    said = [i.body for i in items() if i.body.get("datastream") == stream]
    seconds = [float(b["id"].split("@")[1]) - origin for b in said]
    return np.array([seconds, [b["value"] for b in said]])


def test_the_same_seed_gives_the_same_items_in_order_of_arrival() -> None:
    again = items_of(make_tiny_city(), tiny_scenario(), table(), restoration())
    assert again == items()
    assert [i.at for i in items()] == sorted(i.at for i in items())


def test_no_item_is_said_twice() -> None:
    said = Counter((i.kind, i.body["id"]) for i in items())
    assert max(said.values()) == 1


def test_every_stream_of_the_city_speaks_within_its_silence_limit(tiny_city: City) -> None:
    for stream in tiny_city.datastreams:
        if stream.id == "prs-5":  # the one that goes silent
            continue
        assert np.diff(values(stream.id)[0]).max() < 3 * stream.interval_s


def test_values_stay_plausible_for_their_stream(tiny_city: City) -> None:
    streams = {s.id: s for s in tiny_city.datastreams}
    for item in items():
        if item.kind == "observation":
            stream = streams[item.body["datastream"]]
            assert stream.low <= item.body["value"] <= stream.high
            assert item.body["unit"] == stream.unit


def test_the_tide_gauge_peaks_at_the_published_height() -> None:
    seconds = np.arange(0.0, 6 * 3600.0, 60.0)
    tide = dict(tiny_scenario().sections["tide"])
    calm = tide_level(seconds, {**tide, "peak_m": 0.0})
    waves = tide_level(seconds, tide) - calm
    assert waves.max() == pytest.approx(4.5, abs=0.1)
    assert waves[seconds < tide["arrival_s"]] == pytest.approx(0.0)
    assert np.abs(np.diff(tide_level(seconds, tide)) / 60.0).max() < 0.03


def test_one_accelerometer_alone_jumps_before_the_event() -> None:
    before = {s: values(s)[1][values(s)[0] < 0].max() for s in ("acc-1", "acc-2", "acc-3")}
    assert sorted(v > 0.1 for v in before.values()) == [False, False, True]


def test_the_silent_sensor_says_nothing_after_the_event() -> None:
    faults = tiny_scenario().sections["faults"]
    assert values("prs-5")[0].max() <= faults["silent_after_s"]


def test_the_stuck_sensor_repeats_its_value_from_before_the_event() -> None:
    seconds, said = values("prs-1")
    stuck = said[seconds >= tiny_scenario().sections["faults"]["stuck_after_s"]]
    assert len(set(stuck)) == 1
    assert stuck[0] > 138.0


def test_bulletins_carry_a_magnitude_that_grows() -> None:
    said = [i.body["magnitude"] for i in items() if i.body.get("kind") == "earthquake"]
    assert said == [7.2, 7.9, 8.3]


def test_the_survey_is_labelled_synthetic_and_names_buildings(tiny_city: City) -> None:
    survey = [i for i in items() if "survey" in str(i.body["id"])]
    assert len(survey) == tiny_city.buildings.zone.size
    assert {i.body["origin"] for i in survey} == {"synthetic"}
    assert len({i.body["building"] for i in survey}) == len(survey)
