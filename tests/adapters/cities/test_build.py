"""The default city agrees with its sources and with itself."""

from __future__ import annotations

import re
import time
from pathlib import Path

import numpy as np
import pytest
import shapely

from rencheng.adapters.cities.build import build_city
from rencheng.adapters.cities.check import Severity, check_city
from rencheng.adapters.cities.generate.homes import census_dwellings
from rencheng.adapters.cities.ground import Ground, areas_of, row_of
from rencheng.adapters.cities.land import coast_points
from rencheng.adapters.cities.packages import member
from rencheng.adapters.cities.recipe import load_recipe
from rencheng.adapters.cities.store import Folder
from rencheng.adapters.cities.streets import main_part
from rencheng.domain.city import City, DayTime
from rencheng.domain.observation import UNITS
from rencheng.domain.provenance import Origin

pytestmark = pytest.mark.slow


def test_everybody_sleeps_somewhere(city: City) -> None:
    night = city.buildings.occupants[DayTime.NIGHT].sum(dtype=float)
    assert night == pytest.approx(city.zones.population.sum(), rel=1e-5)


def test_nobody_is_counted_twice_by_day(city: City) -> None:
    people = city.zones.population.sum()
    assert city.buildings.occupants.sum(axis=1, dtype=float).max() <= people * 1.00001
    assert city.buildings.occupants.min() >= 0


def test_zones_and_residents_are_those_of_the_file(city: City) -> None:
    assert city.zones.id.size == 133
    assert city.zones.population.sum() == pytest.approx(451_899, abs=1)
    assert city.roads.start.size == 19_983 - 137


def test_dwellings_agree_with_the_census(city: City) -> None:
    recipe, homes = load_recipe("coquimbo"), city.buildings.dwellings.astype(int)
    assert homes.sum() == census_dwellings(recipe, city.zones.population)
    people_per_home = city.zones.population.sum() / homes.sum()
    assert people_per_home == pytest.approx(513_860 / 222_467, rel=1e-4)
    by_zone = np.bincount(city.buildings.zone, weights=homes, minlength=133)
    assert np.allclose(by_zone, city.zones.population / people_per_home, atol=1.0)


def test_there_are_about_a_hundred_thousand_buildings(city: City) -> None:
    assert 90_000 < city.buildings.zone.size < 120_000


def test_buildings_stand_in_their_zone_beside_their_street(city: City) -> None:
    made = city.buildings
    some = np.random.default_rng(1).choice(made.zone.size, 4000, replace=False)
    areas = areas_of(city.zones.shapes)[made.zone[some]]
    places = shapely.points(made.xy[some])
    # A metre of slack: coordinates are rounded, and registered sites may stand on a border.
    assert (shapely.distance(areas, places) < 2e-5).mean() > 0.999
    on_street = city.roads.zone[made.link] == made.zone
    assert on_street.mean() > 0.95
    ground = Ground.of(32719)
    roads = city.roads.shapes
    away = []
    for row in some[on_street[some]][:1500]:
        a = roads.shape[made.link[row]]
        line = shapely.LineString(ground.metres(roads.xy[roads.part[a] : roads.part[a + 1]]))
        away.append(line.distance(shapely.Point(ground.metres(made.xy[row])[0])))
    assert np.quantile(away, 0.9) < 50.0


def test_every_curve_is_one_of_the_published(city: City, state: Path) -> None:
    name = "dlml/data/seismic/building/portfolio/Hazus v6.1/fragility.csv"
    rows = member(state, "simcenter-dlml", name).read_text(encoding="utf-8").splitlines()
    known = {row.split(",")[0] for row in rows}
    assert set(city.buildings.curves) | set(city.facilities.curve) <= known


def test_the_grid_covers_the_zones(city: City) -> None:
    ground = Ground.of(32719)
    for zone in (0, 39, 132):
        cells = np.flatnonzero(city.grid.zone == zone)
        shapes = areas_of(city.grid.shapes)[cells]
        area = sum(shapely.area(shapely.transform(shape, ground.metres)) for shape in shapes)
        assert area == pytest.approx(city.zones.area_m2[zone], rel=1e-5)
    assert len(set(city.grid.id)) == len(city.grid.id)
    assert all(re.fullmatch(r"CQ-\d{3}-\d{4}-\d{5}", name) for name in city.grid.id)
    assert city.grid.population.sum() == pytest.approx(city.zones.population.sum(), rel=1e-5)


def test_buildings_and_their_cells_share_a_zone(city: City) -> None:
    assert np.array_equal(city.grid.zone[city.buildings.cell], city.buildings.zone)


def test_anybody_can_drive_from_any_access_node_to_any_other(city: City) -> None:
    main = set(main_part(city.roads).tolist())
    for nodes in (city.zones.road_node, city.facilities.road_node, city.lifelines.road_node):
        assert set(nodes.tolist()) <= main


def test_zone_centres_lie_in_their_zones(city: City) -> None:
    assert np.array_equal(row_of(areas_of(city.zones.shapes), city.zones.centre), np.arange(133))


def test_the_dependency_graph_is_sound_and_has_no_cycle(city: City) -> None:
    graph = city.dependencies
    assert len(set(graph.node)) == len(graph.node)
    assert graph.group_start[-1] == len(graph.service) == graph.backup_low_h.size
    assert graph.supplier_start[-1] == graph.supplier.size
    assert np.diff(graph.supplier_start).min() >= 1
    assert (graph.backup_low_h <= graph.backup_high_h).all()
    assert graph.backup_low_h.min() >= 0
    group_node = np.repeat(np.arange(len(graph.node)), np.diff(graph.group_start))
    user = np.repeat(group_node, np.diff(graph.supplier_start))
    # Suppliers stand before those that they supply, so there is no cycle.
    assert (graph.supplier < user).all()
    assert graph.supplier.min() >= 0


def test_every_asset_and_zone_service_is_in_the_graph(city: City) -> None:
    nodes = set(city.dependencies.node)
    assert {*city.lifelines.id, *city.facilities.id} <= nodes
    services = ("power", "water", "telecom", "access")
    assert {f"zone:{z}:{s}" for z in city.zones.id for s in services} <= nodes


def test_ids_are_unique_and_point_somewhere(city: City) -> None:
    assets = [*city.lifelines.id, *city.facilities.id]
    streams = [stream.id for stream in city.datastreams]
    assert len(set(assets)) == len(assets)
    assert len(set(streams)) == len(streams)
    assert {team.facility for team in city.teams} <= set(city.facilities.id)
    assert {team.organisation for team in city.teams} <= {o.id for o in city.organisations}
    assert {stock.facility for stock in city.stocks} <= set(city.facilities.id)
    zones = {f"zone:{number}" for number in city.zones.id}
    assert {s.asset for s in city.datastreams} <= {*assets, *zones, ""}
    assert all(s.unit == UNITS[s.quantity] for s in city.datastreams)


def test_every_building_has_a_number_of_its_own(city: City) -> None:
    assert np.unique(city.buildings.id).size == len(city.buildings.id)


def test_feeders_serve_everybody_once(city: City) -> None:
    served = [
        n for n, k in zip(city.lifelines.serves, city.lifelines.kind, strict=True) if k == "feeder"
    ]  # noqa: E501
    assert sum(served) == pytest.approx(city.zones.population.sum())


def test_the_communes_share_the_zones_out(city: City) -> None:
    of = {o.id: set(o.zones) for o in city.organisations}
    north, south = of["community_la_serena"], of["community_coquimbo"]
    assert north | south == set(range(133))
    assert not north & south


def test_the_sea_is_where_it_is(city: City) -> None:
    coastal = city.zones.is_coastal
    assert 15 <= coastal.sum() <= 45
    assert city.zones.coast_m[coastal].max() < 3000
    assert city.zones.centre[coastal, 0].max() < -71.24
    points = coast_points(city)
    assert len(points) > 40
    assert (np.diff(points[:, 1]) <= 0).all()


def test_every_layer_says_where_it_comes_from(city: City) -> None:
    layers = {layer.name: layer for layer in city.layers}
    assert layers["buildings"].origin is Origin.SYNTHETIC
    assert layers["health_sites"].origin is Origin.OBSERVED
    assert layers["terrain"].origin is Origin.MISSING
    assert all(layer.source and layer.licence and layer.version for layer in city.layers)
    assert all(0 <= layer.coverage <= 1 for layer in city.layers)
    assert set(city.facts) == set(city.fact_sources)


def test_the_check_finds_gaps_but_no_contradiction(city: City) -> None:
    assert [f for f in check_city(city) if f.severity is Severity.ERROR] == []


def test_the_same_recipe_builds_the_same_city(city: City, state: Path, tmp_path: Path) -> None:
    recipe = load_recipe("coquimbo")
    began = time.process_time()
    again = build_city(recipe, state)
    assert time.process_time() - began < 60
    folder = Folder(tmp_path, "coquimbo")
    assert folder.save(again).version == city.version
    began = time.process_time()
    assert folder.load(city.version).version == city.version
    assert time.process_time() - began < 1.0
