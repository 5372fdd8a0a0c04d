"""Whatever a city lacks, the loop turns on it: nothing unknown becomes zero, nothing stops."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import numpy as np
import pytest

from any_city import buildings, make, network, people, streets
from cycle_kit import models, no_records, tiny_bulletins, tiny_scenario
from ops_kit import Kit, make_kit
from rencheng.adapters.cities.check import check_city
from rencheng.adapters.cities.given import Given
from rencheng.adapters.cities.store import Folder
from rencheng.domain.city import City
from rencheng.domain.finding import Severity
from rencheng.domain.hazard import Bulletin
from rencheng.domain.provenance import Origin
from rencheng.domain.run import Phase
from rencheng.service.cycle import CycleInputs, CycleResult, run_cycle
from rencheng.service.cycle_runner import CycleRunner

ALL = (
    "population", "buildings", "power", "water", "telecom", "facilities", "dependencies", "sensors",
)  # fmt: skip
ORIGIN = tiny_scenario().scenario.origin
WATER = ("treatment", "pump", "junction", "junction")
MAKES = {
    "streets alone": (Given(roads=streets()), ()),
    "streets and people": (Given(roads=streets(), people=people()), ()),
    "everything generated": (Given(roads=streets(), people=people()), ALL),
    "streets, everything generated": (Given(roads=streets()), ALL),
    "buildings, residents estimated": (
        Given(roads=streets(), buildings=buildings()), ("population",),
    ),
    "observed networks": (
        Given(
            roads=streets(), people=people(), power=network(), water=network("water", WATER),
            drainage=network("drainage", ("junction", "junction", "outfall")),
        ),
        ("dependencies",),
    ),
    "networks without dependencies": (
        Given(roads=streets(), people=people(), power=network()), (),
    ),
} | {
    f"all but {one}": (
        Given(roads=streets(), people=people()), tuple(name for name in ALL if name != one),
    )
    for one in ALL
}  # fmt: skip


@pytest.fixture(params=MAKES, ids=lambda name: name.replace(" ", "_"))
def any_city(request: pytest.FixtureRequest) -> City:
    given, generate = MAKES[request.param]
    return make(given, generate).city


def near(city: City) -> list[Bulletin]:
    """Return the scenario's bulletins as if it had happened beside the city."""
    west, south = city.bbox[:2]
    return [replace(one, lon=west + 0.02, lat=south - 0.1) for one in tiny_bulletins()]


def turned(city: City, minutes: float) -> CycleResult:
    return run_cycle(
        CycleInputs(
            city=city, models=models(), at=ORIGIN + timedelta(minutes=minutes),
            phase=Phase.ORDINARY, statuses={}, bulletins=near(city), station_records=(), tide=[],
            own=no_records(city), seed=7, samples=20,
        )
    )  # fmt: skip


def test_the_loop_turns_before_and_after_an_earthquake(any_city: City) -> None:
    assert turned(any_city, -5).impact is None
    for minutes in (25, 600):
        result = turned(any_city, minutes)
        assert result.impact is not None
        assert len(result.boards) == 6


def test_the_city_is_stored_and_comes_back(any_city: City, tmp_path: Path) -> None:
    kept = Folder(tmp_path, any_city.id).save(any_city)
    assert kept.zones.id.size == any_city.zones.id.size
    assert np.array_equal(kept.buildings.xy, any_city.buildings.xy)


def test_the_check_says_what_is_missing_and_contradicts_nothing(any_city: City) -> None:
    found = check_city(any_city)
    # These two say that something is not there; no other error is due to that.
    absent = {"zone_nodes", "no_hospital"}
    assert {one.key for one in found if one.severity is Severity.ERROR} <= absent
    missing = {one.name for one in any_city.layers if one.origin is Origin.MISSING}
    assert {f"missing_{name}" for name in missing} <= {one.key for one in found}


def test_what_is_not_there_is_unknown_and_not_zero() -> None:
    result = turned(make(Given(roads=streets(), people=people())).city, 25)
    assert result.impact is not None
    services = result.impact.services
    power = services.level[services.names.index("power")]
    assert np.isnan(power).all()
    assert np.isnan(result.impact.damage.zone_buildings).all()
    for number in (result.impact.people.present, result.impact.people.injured):
        assert np.isnan(number).all()


@pytest.fixture
def house(tmp_path: Path) -> Iterator[Kit]:
    kit = make_kit(tmp_path, make(Given(roads=streets())).city)
    yield kit
    kit.store.close()


def test_the_runner_turns_a_city_of_streets_alone(house: Kit) -> None:
    runner = CycleRunner(house.house, models(), samples=20, spacing_s=0.0)
    result = runner.turn("live")
    runner.stop()
    assert result.impact is None
    assert len(result.boards) == 6
