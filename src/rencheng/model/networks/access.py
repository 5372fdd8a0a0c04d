"""Road access to hospitals that still work."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from rencheng.domain.city import City, Facilities
from rencheng.domain.impact import Access, Damage, DamageState
from rencheng.model.networks.roads import road_graph

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
    Compiled; equal to a plain Dijkstra and to parts found by hand in the tests.
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
            each_s=np.full((0, zones), np.nan),
            after_s=after,
            blocked_share=share,
            hospital_works=works_share,
        )
    from rencheng.model.networks import access_kernel

    graph = road_graph(city.roads, is_reversed=True)
    arcs = graph.start, graph.head, graph.link, graph.seconds
    nodes = city.facilities.road_node[hospitals].astype(np.int64)
    at_zone = city.zones.road_node.astype(np.int64)
    each = np.empty((nodes.size, zones))
    access_kernel.each(nodes, at_zone, city.roads.start.size, arcs, each)
    whole = damage.facility_state[:count, hospitals] <= WORKS_UP_TO
    reached = np.zeros(whole.shape, dtype=bool)
    access_kernel.follow(
        blocked,
        whole,
        arcs,
        (city.roads.start, city.roads.end),
        (at_zone, nodes, np.nan_to_num(city.zones.population)),
        (after, reached),
    )
    works_share[hospitals] = (whole & reached).mean(axis=0)
    return Access(
        before_s=each.min(axis=0),
        each_s=each,
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
    collapsed = damage.link_collapsed[:samples]
    blocked = np.zeros(drawn.shape, dtype=bool)
    sample, link = np.nonzero(collapsed)
    chance = -np.expm1(collapsed[sample, link] * log_open[link])
    blocked[sample, link] = drawn[sample, link] < chance
    return blocked
