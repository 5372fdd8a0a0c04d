"""Road access to hospitals that still work."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy.sparse.csgraph import connected_components, dijkstra

from rencheng.domain.city import City, Facilities, Flags
from rencheng.domain.impact import Access, Damage, DamageState
from rencheng.model.networks.roads import RoadGraph, road_graph

F64 = NDArray[np.float64]

VERSION = "access-1"
# A hospital keeps its emergency service up to this state. No source: house default, to be replaced
# by the hospitals' own safety studies.
WORKS_UP_TO = DamageState.MODERATE
# Chance that one collapsed building blocks its street, by kind of street. The form follows studies
# in which a street is blocked when debris reaches across it (Osaragi et al. 2017,
# doi:10.3390/jrfm10030014; debris extents in Moya et al. 2020, doi:10.1177/8755293019892423).
# No source for the numbers: the city has no street widths, so wide kinds are taken as harder to
# block.
BLOCKS = {
    "motorway": 0.02, "trunk": 0.05, "primary": 0.05, "secondary": 0.15, "tertiary": 0.2,
}  # fmt: skip
BLOCKS_OTHERWISE = 0.3


def hospital_access(city: City, damage: Damage, *, seed: int, samples: int = 48) -> Access:
    """Say from where the nearest working hospital can be reached, and how fast.

    Parameters
    ----------
    samples
        Realisations to follow: the first so many of `damage`.

    Returns
    -------
    access
        Row i of `after_s` belongs to sample i of `damage`. A zone without a known road node is
        NaN; without any hospital in the city everything but `blocked_share` is NaN.

    Notes
    -----
    A link is blocked with probability 1 - (1 - p)^c, c the collapsed buildings along it and p the
    chance that one of them blocks that kind of street (`BLOCKS`, assumed). Hospitals are those
    with an emergency ward, or all where none says so; they work up to moderate damage, and
    count as working where damage was not assessed. Power and water cuts are not seen here but
    in `recovery`. A hospital can be reached when its node lies in the part of the open road
    graph, one-way streets taken both ways, in which most residents live. Driving at free-flow
    speed; bridges, landslides, traffic and signals are left out, so times are lower bounds.
    Equal to a plain Dijkstra in the tests.
    """
    count = min(samples, damage.link_collapsed.shape[0])
    blocked = blocked_links(city, damage, seed=seed, samples=count)
    share = blocked.mean(axis=0)
    hospitals = hospital_rows(city.facilities)
    zones, facilities = city.zones.id.size, len(city.facilities.id)
    works_share = np.full(facilities, np.nan)
    after = np.full((count, zones), np.nan)
    if not hospitals.size:
        return Access(
            before_s=np.full(zones, np.nan),
            after_s=after,
            blocked_share=share,
            hospital_works=works_share,
        )
    graph = road_graph(city.roads, is_reversed=True)
    nodes = city.facilities.road_node[hospitals].astype(np.int64)
    whole = damage.facility_state[:count, hospitals] <= WORKS_UP_TO
    reached = np.zeros(whole.shape, dtype=bool)
    for sample in range(count):
        open_nodes = nodes[whole[sample]]
        after[sample] = nearest(graph, city, open_nodes, blocked[sample])
        reached[sample] = _in_main_part(graph, city, nodes, blocked[sample])
    works_share[hospitals] = (whole & reached).mean(axis=0)
    return Access(
        before_s=nearest(graph, city, nodes, None),
        after_s=after,
        blocked_share=share,
        hospital_works=works_share,
    )


def hospital_rows(facilities: Facilities) -> NDArray[np.int64]:
    """Return the hospitals with an emergency ward and a road node; all hospitals where none has.

    A hospital is a facility of kind `hospital`.
    """
    is_hospital = np.array([kind == "hospital" for kind in facilities.kind], dtype=bool)
    is_hospital &= facilities.road_node >= 0
    with_emergency = is_hospital & facilities.has_emergency
    return np.flatnonzero(with_emergency if with_emergency.any() else is_hospital)


def blocked_links(city: City, damage: Damage, *, seed: int, samples: int) -> NDArray[np.bool_]:
    """Draw which links are blocked by debris. (samples, links)

    The draws do not depend on the damage: more collapses never open a street.
    """
    roads = city.roads
    by_kind = np.array([BLOCKS.get(kind.removesuffix("_link"), BLOCKS_OTHERWISE)
                        for kind in roads.kinds])  # fmt: skip
    log_open = np.log1p(-by_kind[roads.kind]).astype(np.float32)
    rng = np.random.default_rng([seed, 72])
    drawn = rng.random((samples, roads.start.size), dtype=np.float32)
    return np.asarray(drawn < -np.expm1(damage.link_collapsed[:samples] * log_open))


def nearest(graph: RoadGraph, city: City, nodes: NDArray[np.int64], blocked: Flags | None) -> F64:
    """Return the time from each zone to the nearest of some nodes, on a reversed graph.

    Returns
    -------
    seconds
        Infinity: no way there; NaN: the zone has no road node. [s] (zones,)
    """
    seconds = np.full(graph.nodes, np.inf)
    if nodes.size:
        seconds = dijkstra(graph.matrix(blocked), indices=np.unique(nodes), min_only=True)
    at = city.zones.road_node
    return np.where(at >= 0, seconds[np.maximum(at, 0)], np.nan)


def hospital_times(city: City, hospitals: NDArray[np.int64]) -> F64:
    """Return the time from each zone to each hospital on open roads. [s] (hospitals, zones)"""
    graph = road_graph(city.roads, is_reversed=True)
    nodes = city.facilities.road_node[hospitals].astype(np.int64)
    seconds = dijkstra(graph.matrix(), indices=nodes).reshape(nodes.size, graph.nodes)
    at = city.zones.road_node
    return np.where(at >= 0, seconds[:, np.maximum(at, 0)], np.nan)


def _in_main_part(
    graph: RoadGraph, city: City, nodes: NDArray[np.int64], blocked: Flags
) -> NDArray[np.bool_]:
    """Return which nodes lie in the part of the open graph with most residents."""
    # Both ways: SciPy's strong components never end on streets that start where they stop.
    _, part = connected_components(graph.open_part(blocked), directed=False)
    at = city.zones.road_node
    people = np.bincount(part[at[at >= 0]], weights=np.nan_to_num(city.zones.population[at >= 0]))
    return np.asarray(part[nodes] == int(np.argmax(people)))
