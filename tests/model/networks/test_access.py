"""Road access to hospitals."""

from __future__ import annotations

import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rencheng.domain.city import City
from rencheng.domain.impact import Damage
from rencheng.model.networks import access_kernel
from rencheng.model.networks.access import BLOCKS_OTHERWISE, blocked_links, hospital_access
from rencheng.model.networks.roads import road_graph, route, travel_times
from tiny_city import make_tiny_city

sys.path.insert(0, str(Path(__file__).parent))
from slow_access import slow_nearest


def damage(city: City, samples: int = 4) -> Damage:
    """Return no damage at all."""
    zones, facilities = city.zones.id.size, len(city.facilities.id)
    return Damage(
        building_state=np.zeros((city.buildings.zone.size, 5), np.float32),
        zone_buildings=np.zeros((samples, zones, 5), np.float32),
        collapsed=np.zeros((samples, zones), np.float32),
        link_collapsed=np.zeros((samples, city.roads.start.size), np.uint8),
        lifeline_state=np.zeros((samples, len(city.lifelines.id)), np.int8),
        facility_state=np.zeros((samples, facilities), np.int8),
        not_assessed=0,
        curves_version="none",
    )


def ruined(city: City, **columns: np.ndarray) -> Damage:
    return replace(damage(city), **columns)


def test_without_damage_nothing_changes(tiny_city: City) -> None:
    access = hospital_access(tiny_city, damage(tiny_city), seed=1)
    assert np.array_equal(access.after_s, np.tile(access.before_s, (4, 1)))
    assert access.blocked_share.max() == 0
    assert np.nansum(access.hospital_works) == 2 and np.isnan(access.hospital_works).sum() == 7


def test_a_ruined_hospital_sends_people_to_the_next(tiny_city: City) -> None:
    state = damage(tiny_city).facility_state.copy()
    state[:, 0] = 3
    access = hospital_access(tiny_city, ruined(tiny_city, facility_state=state), seed=1)
    assert (access.after_s >= access.before_s).all() and (access.after_s > access.before_s).any()
    assert access.hospital_works[:2].tolist() == [0.0, 1.0]


def test_times_of_an_ordinary_day_are_those_of_a_plain_dijkstra(tiny_city: City) -> None:
    access = hospital_access(tiny_city, damage(tiny_city), seed=1)
    open_now = np.zeros(31, dtype=bool)
    for times, node in zip(access.each_s, tiny_city.facilities.road_node[:2], strict=True):
        slow = slow_nearest(tiny_city.roads, [int(node)], open_now)
        assert np.array_equal(times, slow[tiny_city.zones.road_node])
    assert np.array_equal(access.before_s, access.each_s.min(axis=0))


def test_a_hospital_cut_off_from_most_residents_does_not_count(tiny_city: City) -> None:
    roads, home = tiny_city.roads, tiny_city.facilities.road_node[0]
    around = (roads.start == home) | (roads.end == home)
    collapsed = np.where(around, 255, 0).astype(np.uint8) * np.ones((4, 1), np.uint8)
    access = hospital_access(tiny_city, ruined(tiny_city, link_collapsed=collapsed), seed=1)
    assert access.hospital_works[:2].tolist() == [0.0, 1.0]


def test_without_a_working_hospital_everyone_is_cut_off(tiny_city: City) -> None:
    state = np.full_like(damage(tiny_city).facility_state, 4)
    access = hospital_access(tiny_city, ruined(tiny_city, facility_state=state), seed=1)
    assert np.isinf(access.after_s).all()


def test_when_every_street_is_blocked_only_the_doorstep_is_left(tiny_city: City) -> None:
    collapsed = np.full_like(damage(tiny_city).link_collapsed, 255)
    access = hospital_access(tiny_city, ruined(tiny_city, link_collapsed=collapsed), seed=1)
    at_hospital = np.isin(tiny_city.zones.road_node, tiny_city.facilities.road_node[:2])
    assert (access.blocked_share == 1).all()
    assert np.isinf(access.after_s[:, ~at_hospital]).all()
    assert (access.after_s[:, at_hospital] == 0).all()


def test_one_way_streets_lead_one_way(tiny_city: City) -> None:
    roads = tiny_city.roads
    one_way = replace(tiny_city, roads=replace(roads, direction=np.ones_like(roads.direction)))
    ends = np.array([0]), np.array([19])
    assert np.isfinite(travel_times(one_way, *ends)).all()
    assert np.isinf(travel_times(one_way, *ends[::-1])).all()


@given(st.integers(0, 10_000))
@settings(max_examples=30, deadline=None)
def test_every_sample_agrees_with_a_plain_dijkstra(seed: int) -> None:
    city, rng = make_tiny_city(), np.random.default_rng(seed)
    links = city.roads.start.size
    pick = rng.integers(0, links, links + 8)  # parallel links, and some missing
    roads = replace(
        city.roads,
        start=city.roads.start[pick],
        end=city.roads.end[pick],
        direction=rng.integers(-1, 2, pick.size).astype(np.int8),
        length_m=rng.uniform(1, 500, pick.size).astype(np.float32),
        speed_m_s=city.roads.speed_m_s[pick % links],
    )
    roads = replace(roads, speed_m_s=np.full(pick.size, 8.0, np.float32))
    targets = np.array([3, 12])
    g = road_graph(roads, is_reversed=True)
    arcs, whole = (g.start, g.head, g.link, g.seconds), rng.random((8, 2)) < 0.7
    closed, after = rng.random((8, pick.size)) < 0.3, np.empty((8, 20))
    places = np.arange(20), targets, np.ones(20)
    access_kernel.follow(
        closed, whole, arcs, (roads.start, roads.end), places, (after, np.empty((8, 2), bool))
    )
    for times, works, streets in zip(after, whole, closed, strict=True):
        assert np.array_equal(times, slow_nearest(roads, targets[works].tolist(), streets))


@given(st.integers(0, 10_000))
@settings(max_examples=20, deadline=None)
def test_more_collapses_never_shorten_a_way(seed: int) -> None:
    city, rng = make_tiny_city(), np.random.default_rng(seed)
    few = rng.integers(0, 3, (4, city.roads.start.size)).astype(np.uint8)
    more = few + rng.integers(0, 3, few.shape).astype(np.uint8)
    a = hospital_access(city, ruined(city, link_collapsed=few), seed=seed).after_s
    b = hospital_access(city, ruined(city, link_collapsed=more), seed=seed).after_s
    assert (b >= a).all()


@given(st.integers(0, 10_000))
@settings(max_examples=30, deadline=None)
def test_parts_of_the_graph_survive_loops_and_double_streets(seed: int) -> None:
    rng = np.random.default_rng(seed)
    start, end = rng.integers(0, 20, (2, 25)).astype(np.int32)
    start, end = np.append(start, start[:5]), np.append(end, end[:5])  # some streets twice
    closed = rng.random(30) < 0.2
    part = np.arange(20, dtype=np.int32)
    access_kernel.join(start, end, np.arange(30), closed, part)
    part = np.array([access_kernel.root(part, node) for node in range(20)])
    twin = np.arange(20)
    for _ in range(20):
        for a, b in zip(start[~closed], end[~closed], strict=True):
            twin[[a, b]] = min(twin[a], twin[b])
    assert np.array_equal(part[:, None] == part, twin[:, None] == twin)


def test_a_residential_street_is_blocked_as_often_as_stated(tiny_city: City) -> None:
    few = ruined(tiny_city, link_collapsed=np.ones((4000, 31), np.uint8))
    blocked = blocked_links(tiny_city, few, seed=2, samples=4000)
    residential = tiny_city.roads.kind == 0
    assert blocked[:, residential].mean() == pytest.approx(BLOCKS_OTHERWISE, abs=0.01)


def test_a_route_follows_the_streets_around_a_block(tiny_city: City) -> None:
    line, seconds = route(tiny_city, None, 0, 4)
    assert seconds == pytest.approx(150) and len(line) == 5
    blocked = np.zeros(31, dtype=bool)
    blocked[1] = True
    around, longer = route(tiny_city, blocked, 0, 4)
    assert longer == pytest.approx(150 + 66.6) and len(around) == 7
    assert np.allclose(around[[0, -1]], tiny_city.roads.node_xy[[0, 4]])


def test_no_route_is_said_and_not_invented(tiny_city: City) -> None:
    line, seconds = route(tiny_city, np.ones(31, dtype=bool), 0, 4)
    assert len(line) == 0 and np.isinf(seconds)
    assert np.isnan(travel_times(tiny_city, np.array([-1]), np.array([3]))).all()
