"""Nearest working hospital on 16,000 nodes in 48 samples: compiled against a plain Dijkstra.

Run with `python benchmarks/access.py [side] [samples]`. The streets are a square grid with gaps.
"""

from __future__ import annotations

import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
from common import measure, report

from rencheng.domain.city import City, Roads, Shapes
from rencheng.domain.impact import Damage
from rencheng.model.networks.access import blocked_links, hospital_access, hospital_rows

TESTS = Path(__file__).resolve().parents[1] / "tests"
sys.path[:0] = [str(TESTS), str(TESTS / "model" / "networks")]
from slow_access import slow_nearest  # noqa: E402

from tiny_city import make_tiny_city  # noqa: E402

TWIN_SAMPLES = 2
ZONES = 133


def grid_city(side: int, rng: np.random.Generator) -> City:
    """Return the tiny city on a large grid of streets, 62 % of them there."""
    node = np.arange(side * side).reshape(side, side)
    start = np.concatenate([node[:, :-1].ravel(), node[:-1].ravel()])
    end = np.concatenate([node[:, 1:].ravel(), node[1:].ravel()])
    there = rng.random(start.size) < 0.62
    start, end = start[there].astype(np.int32), end[there].astype(np.int32)
    links = start.size
    city = make_tiny_city()
    roads = Roads(
        id=np.arange(links, dtype=np.int64),
        node_xy=np.stack([node.ravel() % side, node.ravel() // side], axis=1) * 1e-3,
        start=start,
        end=end,
        direction=rng.choice(np.array([0, 0, 0, 1, -1], np.int8), links),
        length_m=rng.uniform(40, 160, links).astype(np.float32),
        speed_m_s=rng.choice(np.array([8.3, 13.9], np.float32), links),
        kind=rng.integers(0, 2, links).astype(np.int8),
        kinds=("residential", "primary"),
        zone=np.full(links, -1, np.int32),
        name=("",) * links,
        shapes=Shapes(xy=np.empty((0, 2)), part=np.zeros(1, np.int32), shape=np.zeros(1, np.int32)),
    )
    zones = replace(
        city.zones,
        id=np.arange(ZONES, dtype=np.int32),
        population=rng.uniform(500, 5000, ZONES),
        road_node=rng.integers(0, side * side, ZONES).astype(np.int32),
    )
    spots = rng.integers(0, side * side, len(city.facilities.id)).astype(np.int32)
    return replace(
        city, roads=roads, zones=zones, facilities=replace(city.facilities, road_node=spots)
    )


def main(side: int = 127, samples: int = 48) -> None:
    """Time both and check that they agree where both ran."""
    rng = np.random.default_rng(1)
    city = grid_city(side, rng)
    links, facilities = city.roads.start.size, len(city.facilities.id)
    damage = Damage(
        building_state=np.zeros((0, 5), np.float32),
        zone_buildings=np.zeros((samples, ZONES, 5), np.float32),
        collapsed=np.zeros((samples, ZONES), np.float32),
        link_collapsed=rng.poisson(0.1, (samples, links)).astype(np.uint8),
        lifeline_state=np.zeros((samples, 11), np.int8),
        facility_state=rng.integers(0, 4, (samples, facilities)).astype(np.int8),
        not_assessed=0,
        curves_version="benchmark",
    )
    fast = measure(lambda: hospital_access(city, damage, seed=1, samples=samples))
    blocked = blocked_links(city, damage, seed=1, samples=samples)
    hospitals = hospital_rows(city.facilities)

    def twin() -> list[np.ndarray]:
        found = []
        for sample in range(TWIN_SAMPLES):
            works = hospitals[damage.facility_state[sample, hospitals] <= 2]
            nodes = [int(n) for n in city.facilities.road_node[works]]
            times = slow_nearest(city.roads, nodes, blocked[sample])
            found.append(times[city.zones.road_node])
        return found

    slow = measure(twin, repeat=1)
    ratio = (slow.cpu_s / TWIN_SAMPLES) / (fast.cpu_s / samples)
    same = bool(np.allclose(fast.result.after_s[:TWIN_SAMPLES], slow.result))
    size = f"{side * side:,} nodes, {links:,} links, {samples} samples"
    report(
        [
            ("hospital_access", fast, size),
            ("plain Dijkstra", slow, f"{TWIN_SAMPLES} samples; {ratio:,.0f} times per sample"),
        ]
    )
    print(f"{fast.result.blocked_share.mean():.1%} of the links blocked, "
          f"results {'equal' if same else 'DIFFERENT'}")  # fmt: skip
    if not same:
        raise SystemExit(1)


if __name__ == "__main__":
    main(*(int(v) for v in sys.argv[1:3]))
