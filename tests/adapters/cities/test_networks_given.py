"""Networks and dependencies of a source: who serves whom, what is loose, what runs in circles."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import shapely
from hypothesis import given as over
from hypothesis import strategies as st

from any_city import make, names, network, people, streets
from rencheng.adapters.cities.given import Given, RawNeeds, RawPlaces, RawZones
from rencheng.adapters.cities.graph import make_graph, without_cycles
from rencheng.domain.city import City
from rencheng.domain.provenance import Origin

WATER = ("treatment", "pump", "junction", "junction")


def needs(*rows: tuple[str, str, int, str]) -> RawNeeds:
    node, service, group, supplier = zip(*rows, strict=True)
    return RawNeeds(
        node=names(*node), service=names(*service), group=np.array(group, np.int32),
        supplier=names(*supplier), backup_low_h=np.full(len(rows), 1.0),
        backup_high_h=np.full(len(rows), 4.0),
    )  # fmt: skip


def city_of(**given: object) -> City:
    return make(Given(roads=streets(), people=people(), **given), ("dependencies",)).city  # type: ignore[arg-type]


def suppliers(city: City, node: str) -> dict[str, set[str]]:
    graph = city.dependencies
    row = graph.node.index(node)
    return {
        graph.service[g]: {
            graph.node[s]
            for s in graph.supplier[graph.supplier_start[g] : graph.supplier_start[g + 1]]
        }
        for g in range(graph.group_start[row], graph.group_start[row + 1])
    }


def test_a_source_serves_everybody_and_the_ends_share_them_out() -> None:
    lines = city_of(power=network()).lifelines
    serves = dict(zip(lines.id, lines.serves, strict=True))
    assert serves["p0"] == pytest.approx(20_000)
    assert serves["p2"] == pytest.approx(20_000)  # the line goes through it
    assert 0 < serves["p3"] < 20_000


def test_a_node_needs_its_neighbour_towards_the_source() -> None:
    city = city_of(power=network(), water=network("water", WATER))
    assert suppliers(city, "p1") == {"power": {"p0"}}
    assert suppliers(city, "w1")["water"] == {"w0"}
    assert suppliers(city, "w1")["power"] <= {"p2", "p3"}
    assert suppliers(city, "p0") == {}


def test_a_mesh_keeps_its_second_way() -> None:
    raw = network()
    ring = replace(
        raw, link_id=names("a", "b", "c", "d"), start=np.array([0, 0, 1, 2], np.int32),
        end=np.array([1, 2, 3, 3], np.int32), lines=raw.lines[[0, 1, 2, 2]],
        material=names("", "", "", ""), diameter_m=np.full(4, np.nan),
        link_capacity=np.full(4, np.nan),
    )  # fmt: skip
    assert suppliers(city_of(power=ring), "p3")["power"] == {"p1", "p2"}


def test_a_kind_without_a_curve_is_not_assessed() -> None:
    lines = city_of(water=network("water", WATER)).lifelines
    curve = dict(zip(lines.kind, lines.curve, strict=True))
    assert curve["treatment"]
    assert curve["junction"] == ""


def test_what_no_source_reaches_is_found() -> None:
    raw = network()
    cut = replace(
        raw, link_id=raw.link_id[1:], start=raw.start[1:], end=raw.end[1:], lines=raw.lines[1:],
        material=raw.material[1:], diameter_m=raw.diameter_m[1:],
        link_capacity=raw.link_capacity[1:],
    )  # fmt: skip
    found = make(Given(roads=streets(), people=people(), power=cut)).findings
    assert [(f.key, f.count, f.first) for f in found] == [("network_apart", 3, ("p1", "p2", "p3"))]


def test_a_network_without_a_source_is_found() -> None:
    raw = network(kinds=("substation", "feeder", "feeder"))
    found = make(Given(roads=streets(), people=people(), power=raw)).findings
    assert [(f.key, f.count) for f in found] == [("network_no_source", 3)]


def test_ids_taken_already_get_the_sector_before_them() -> None:
    water = network("water", WATER)
    twin = replace(water, id=names("p0", "x", "y", "z"))
    lines = city_of(power=network(), water=twin).lifelines
    assert "water:p0" in lines.id
    assert len(set(lines.id)) == len(lines.id)


def test_what_is_stated_goes_before_what_is_usual() -> None:
    stated = needs(("w1", "power", 0, "p1"))
    city = city_of(power=network(), water=network("water", WATER), dependencies=stated)
    assert suppliers(city, "w1") == {"power": {"p1"}, "water": {"w0"}}
    layer = next(one for one in city.layers if one.name == "dependencies")
    assert layer.origin is Origin.SYNTHETIC
    assert layer.notes is not None
    assert layer.notes.params["stated"] == 1


def test_a_dangling_row_is_counted_and_left_out() -> None:
    stated = needs(("w1", "power", 0, "p1"), ("ghost", "power", 0, "p1"), ("w1", "power", 1, "p99"))
    given = Given(
        roads=streets(), people=people(), power=network(), water=network("water", WATER),
        dependencies=stated,
    )  # fmt: skip
    built = make(given)
    finding = next(f for f in built.findings if f.key == "needs_dangling")
    assert (finding.count, finding.first) == (2, ("ghost", "p99"))
    assert suppliers(built.city, "w1") == {"power": {"p1"}}


def test_a_circle_is_named_and_opened() -> None:
    stated = needs(("a", "power", 0, "b"), ("b", "water", 0, "a"))
    graph = make_graph(stated, {}, {"a", "b"})
    assert [(f.key, f.first) for f in graph.findings] == [("needs_cycle", ("b → a",))]
    assert graph.dependencies.node == ("b", "a")
    assert graph.dependencies.service == ("power",)


@over(st.lists(st.tuples(st.integers(0, 7), st.integers(0, 7)), max_size=30))
def test_suppliers_stand_before_those_they_supply(edges: list[tuple[int, int]]) -> None:
    groups = {
        str(n): [("power", 0.0, 0.0, (str(s),)) for node, s in edges if node == n]
        for n in range(8)
    }  # fmt: skip
    ordered, dropped = without_cycles(groups)
    place = {name: k for k, name in enumerate(ordered)}
    assert set(place) == set(groups)
    kept = [(n, s) for n, rows in ordered.items() for *_, some in rows for s in some]
    assert all(place[s] < place[n] for n, s in kept)
    asked = {(str(n), str(s)) for n, s in edges}
    assert set(kept) | set(dropped) == asked


def test_an_id_of_a_facility_is_not_taken_twice() -> None:
    places = RawPlaces(
        id=names("p1"), name=names("H"), kind=names("hospital"), xy=np.array([[24.91, 60.17]]),
        beds=np.array([np.nan]), shelter_places=np.array([np.nan]),
        has_emergency=np.array([True]),
    )  # fmt: skip
    city = city_of(power=network(), facilities=places)
    assert "power:p1" in city.lifelines.id
    assert set(suppliers(city, "power:p1")) == {"power"}


def test_long_codes_of_zones_stay_codes() -> None:
    squares = shapely.box(
        *np.array([[24.9, 60.16, 24.914, 60.19], [24.914, 60.16, 24.93, 60.19]]).T
    )
    zones = RawZones(
        id=np.array([330106001000, 330106002000]), code=names("", ""), name=names("甲", "乙"),
        population=np.array([5.0, 7.0]), age=np.full((3, 2), np.nan), areas=squares,
    )  # fmt: skip
    city = make(Given(roads=streets(), zones=zones)).city
    assert city.zones.id.tolist() == [1, 2]
    assert city.zones.code == ("330106001000", "330106002000")
    assert city.zones.name == ("甲", "乙")
