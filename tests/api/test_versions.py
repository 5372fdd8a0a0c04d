"""Versions of the city and what changed between them."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from api_kit import Enter
from ops_kit import OneCity
from rencheng.bootstrap import Brain
from rencheng.domain.city import City


@pytest.fixture
def grown(brain: Brain, tiny_city: City) -> City:
    """Serve a later version, in which a house got a storey and a zone 40 residents."""
    storeys, people = tiny_city.buildings.storeys.copy(), tiny_city.zones.population.copy()
    storeys[3] += 1
    people[2] += 40
    later = replace(
        tiny_city,
        version="tiny-2",
        buildings=replace(tiny_city.buildings, storeys=storeys),
        zones=replace(tiny_city.zones, population=people),
    )
    brain.house = replace(brain.house, cities=OneCity(tiny_city, later))
    return later


def test_versions_are_listed_newest_first(enter: Enter, grown: City) -> None:
    told = enter("planner").get("city/versions").json()
    assert [(one["version"], one["is_current"]) for one in told] == [
        ("tiny-2", True),
        ("tiny-1", False),
    ]
    assert told[0]["buildings"] == 60


def test_changes_since_a_version_are_told_by_layer_and_zone(enter: Enter, grown: City) -> None:
    told = enter("planner").get("city/changes", params={"since": "tiny-1"}).json()
    assert {one["layer"]: one["changed"] for one in told["layers"]} == {"zones": 1, "buildings": 1}
    assert [(one["zone"], one["population"]) for one in told["zones"]] == [(103, 40.0)]
    there = next(one for one in told["layers"] if one["layer"] == "buildings")
    assert np.allclose(there["places"][0], grown.buildings.xy[3])


def test_a_version_that_is_not_kept_is_named(enter: Enter, grown: City) -> None:
    answer = enter("planner").get("city/changes", params={"since": "gone"})
    assert answer.status_code == 404
    assert "gone" in answer.text


def test_who_may_not_read_data_sees_no_versions(enter: Enter) -> None:
    assert enter("field").get("city/versions").status_code == 403
