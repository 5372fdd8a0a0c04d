"""A city's check finds what is broken, and says how to mend it."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from rencheng.adapters.cities.check import DataFinding as Finding
from rencheng.adapters.cities.check import Severity, check_city
from rencheng.adapters.words import LANGUAGES, catalogue, render
from rencheng.domain.city import City


def found(city: City) -> dict[str, Finding]:
    return {finding.key: finding for finding in check_city(city)}


def test_the_tiny_city_has_no_errors(tiny_city: City) -> None:
    assert [f.key for f in check_city(tiny_city) if f.severity is Severity.ERROR] == []


def test_every_finding_has_words_in_both_languages(tiny_city: City) -> None:
    for finding in check_city(tiny_city):
        assert {finding.text.key, finding.mend.key} <= catalogue().keys()
        for language in LANGUAGES:
            assert "{" not in render(finding.text, language)


def test_missing_layers_are_findings(tiny_city: City) -> None:
    assert {"missing_terrain", "missing_bathymetry", "missing_soil"} <= found(tiny_city).keys()


def test_swapped_coordinates_are_an_error(tiny_city: City) -> None:
    xy = tiny_city.facilities.xy.copy()
    xy[0] = xy[0][::-1]
    facilities = replace(tiny_city.facilities, xy=xy)
    finding = found(replace(tiny_city, facilities=facilities))["outside_facilities"]
    assert (finding.severity, finding.count, finding.first) == (Severity.ERROR, 1, ("H-1",))


def test_unknown_coordinates_are_an_error(tiny_city: City) -> None:
    xy = np.full_like(tiny_city.buildings.xy, np.nan)
    city = replace(tiny_city, buildings=replace(tiny_city.buildings, xy=xy))
    assert found(city)["outside_buildings"].count == 60


def test_a_zone_without_people_is_found(tiny_city: City) -> None:
    population = tiny_city.zones.population.copy()
    population[2] = np.nan
    city = replace(tiny_city, zones=replace(tiny_city.zones, population=population))
    assert found(city)["zones_empty"].first == ("103",)


def test_a_dead_end_one_way_street_is_found(tiny_city: City) -> None:
    direction = tiny_city.roads.direction.copy()
    corner = (tiny_city.roads.start == 0) | (tiny_city.roads.end == 0)
    direction[corner] = 1
    city = replace(tiny_city, roads=replace(tiny_city.roads, direction=direction))
    assert found(city)["roads_apart"].count == 2


def test_a_stream_of_an_unknown_asset_is_an_error(tiny_city: City) -> None:
    lost = replace(tiny_city.datastreams[0], asset="FDR-99")
    city = replace(tiny_city, datastreams=(lost, *tiny_city.datastreams[1:]))
    assert found(city)["sensors_astray"].first == (lost.id,)


def test_people_lost_between_census_and_buildings_are_an_error(tiny_city: City) -> None:
    occupants = tiny_city.buildings.occupants * 0.5
    city = replace(tiny_city, buildings=replace(tiny_city.buildings, occupants=occupants))
    assert found(city)["night"].severity is Severity.ERROR


def test_an_unknown_backup_time_is_an_error(tiny_city: City) -> None:
    low = tiny_city.dependencies.backup_low_h.copy()
    low[0] = np.nan
    city = replace(tiny_city, dependencies=replace(tiny_city.dependencies, backup_low_h=low))
    assert found(city)["backup_order"].count == 1
