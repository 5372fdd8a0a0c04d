"""The shipped scenario on the default city."""

from __future__ import annotations

from collections import Counter
from datetime import datetime
from pathlib import Path

import numpy as np
import pytest

from rencheng.adapters.curves import read_curves
from rencheng.adapters.quality_limits import load_quality_limits
from rencheng.adapters.replay.driver import Item
from rencheng.adapters.replay.items import items_of
from rencheng.adapters.replay.scenarios import ScenarioFolder
from rencheng.adapters.restoration import load_restoration
from rencheng.domain.city import City
from rencheng.domain.readings import to_us
from rencheng.sense.quality import judge, watch

pytestmark = pytest.mark.slow
FILE = ScenarioFolder().file("illapel_2015")


@pytest.fixture(scope="module")
def items(city: City, state: Path) -> tuple[Item, ...]:
    return items_of(city, FILE, read_curves(state), load_restoration())


def test_the_scenario_is_of_this_city_and_of_a_sensible_size(
    city: City, items: tuple[Item, ...]
) -> None:
    assert FILE.scenario.city == city.id
    assert 20_000 < len(items) < 80_000
    assert {i.kind for i in items} == {"observation", "bulletin", "report"}


def test_the_hidden_earthquake_shakes_the_city_as_strongly_as_people_said(
    items: tuple[Item, ...],
) -> None:
    # Mercalli VIII was reported for La Serena and Coquimbo. Wald et al. 1999, table 1: intensity
    # VI to IX spans 0.092 to 1.24 g; single stations may lie one class lower.
    peaks: dict[str, float] = {}
    for item in items:
        stream = str(item.body.get("datastream", ""))
        if stream.startswith("acc") and item.at >= FILE.scenario.origin:
            peaks[stream] = max(peaks.get(stream, 0.0), item.body["value"])
    assert len(peaks) == 12
    assert 0.092 < float(np.median(list(peaks.values()))) < 1.24


def test_quality_control_flags_the_stuck_sensor_and_nothing_of_the_wave(
    city: City, items: tuple[Item, ...]
) -> None:
    rows = {stream.id: row for row, stream in enumerate(city.datastreams)}
    said = sorted(
        (rows[item.body["datastream"]], datetime.fromisoformat(item.body["phenomenon_time"]), n)
        for n, item in enumerate(items)
        if item.kind == "observation"
    )
    watched = watch(city.datastreams, load_quality_limits())
    at = np.array([to_us(time) for _, time, _ in said])
    bits = judge(
        watched,
        watched.nothing_heard(),
        np.array([row for row, _, _ in said]),
        at,
        at,
        np.array([items[n].body["value"] for _, _, n in said]),
    )
    flagged = Counter(
        city.datastreams[row].id for (row, _, _), found in zip(said, bits, strict=True) if found
    )
    assert flagged["tide-01"] == 0
    stuck = [stream for stream, count in flagged.items() if count > 5]
    assert len(stuck) == 1
    assert stuck[0].startswith("pressure")
