"""Power, water and telecom networks along the streets: generated, as no record is public."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, field

import numpy as np

from rencheng.adapters.cities.generate.assumptions import Networks, Place
from rencheng.adapters.cities.generate.places import spread, zone_of
from rencheng.adapters.cities.ground import Ground, make_shapes
from rencheng.adapters.cities.land import Land
from rencheng.adapters.cities.recipe import Recipe
from rencheng.adapters.cities.streets import Paths, Streets
from rencheng.domain.city import F64, I32, Lifelines, Mains

# Rows of the restoration table by kind of node; a bulk supply point is a substation, not a plant.
RESTORATION = {"generation": "substation"}
# Fragility by kind (HAZUS classes); a bulk supply point is a high-voltage substation.
CURVES = {
    "generation": "EP.S.H.",
    "substation": "EP.S.M.",
    "feeder": "EP.C.",
    "treatment": "PWT.M",
    "well": "PWE",
    "pump": "PPP.S",
    "tank": "PST.G.C",
    "exchange": "TCF",
}


@dataclass(slots=True)
class Draft:
    """Network nodes and mains while they are being laid."""

    id: list[str] = field(default_factory=list)
    sector: list[str] = field(default_factory=list)
    kind: list[str] = field(default_factory=list)
    node: list[int] = field(default_factory=list)
    """Road node that it stands at."""
    serves: list[float] = field(default_factory=list)
    mains: list[tuple[int, int, str, int, str, list[int]]] = field(default_factory=list)
    """Start, end, sector, zone, material, links."""

    def add(self, ident: str, sector: str, kind: str, node: int, serves: float) -> int:
        """Add a node and return its row."""
        self.id.append(ident)
        self.sector.append(sector)
        self.kind.append(kind)
        self.node.append(node)
        self.serves.append(float(serves))
        return len(self.id) - 1

    def lay(self, ends: tuple[int, int], sector: str, links: I32, zone: I32, material: str) -> None:
        """Add mains along links, one for each zone that they pass."""
        for z in np.unique(zone[links]):
            mine = [int(k) for k in links if zone[k] == z]
            self.mains.append((*ends, sector, int(z), material, mine))


@dataclass(frozen=True, slots=True)
class Supply:
    """Which node supplies which: rows of `Lifelines`."""

    of_zone: dict[str, I32]
    """Node that supplies each zone, by service, as far as there are networks. (zones,)"""
    above: dict[int, tuple[int, ...]] = field(default_factory=dict)
    """Suppliers of the same sector, any one of which is enough, by row."""


@dataclass(frozen=True, slots=True)
class Site:
    """What the networks are laid on."""

    streets: Streets
    paths: Paths
    land: Land
    centre_m: F64
    """Where the residents of each zone live. [m] (zones, 2)"""
    zone_node: I32
    """Road node of each zone. (zones,)"""
    zone_ids: I32
    population: F64


def lay_networks(recipe: Recipe, site: Site, wanted: Collection[str]) -> tuple[Draft, Supply]:
    """Lay the networks that are wanted, of `power`, `water` and `telecom`.

    Without residents none is laid: nobody would know where.
    """
    draft = Draft()
    supply = Supply({})
    plan = recipe.networks
    if not site.population.sum() > 0:
        return draft, supply
    if "power" in wanted:
        rng = np.random.default_rng([recipe.seed, 5])
        supply.of_zone["power"] = _power(draft, recipe, site, supply.above, rng)
    if "water" in wanted:
        rng = np.random.default_rng([recipe.seed, 6])
        supply.of_zone["water"] = _water(draft, recipe, site, supply.above, rng)
    if "telecom" in wanted:
        rng = np.random.default_rng([recipe.seed, 7])
        supply.of_zone["telecom"] = _telecom(draft, plan, site, rng)
    return draft, supply


def _stated_or_spread(stated: tuple[Place, ...], count: int, site: Site, seed: list[int]) -> I32:
    """Return the road nodes of stated places, or of as many among the people."""
    if stated:
        return _at(site, np.array(stated), is_degrees=True)
    rng = np.random.default_rng(seed)
    return _at(site, spread(site.centre_m, site.population, count, rng))


def _power(
    draft: Draft, recipe: Recipe, site: Site, above: dict[int, tuple[int, ...]],
    rng: np.random.Generator,
) -> I32:  # fmt: skip
    """Bulk points feed substations, these feed feeders; return the feeder of each zone."""
    plan, total = recipe.networks, float(site.population.sum())
    bulk_nodes = _stated_or_spread(plan.bulk, plan.bulk_points, site, [recipe.seed, 51])
    bulk = [
        draft.add(f"bulk-{i + 1}", "power", "generation", n, total)
        for i, n in enumerate(bulk_nodes)
    ]
    sub_nodes = _at(site, spread(site.centre_m, site.population, plan.substations, rng))
    distance, before = site.paths.trees(sub_nodes)
    of_zone = distance[:, site.zone_node].argmin(axis=0)
    feeder = np.full(len(site.population), -1, dtype=np.int32)
    number = 0
    for s, node in enumerate(sub_nodes):
        zones = np.flatnonzero(of_zone == s).astype(np.int32)
        sub = draft.add(
            f"substation-{s + 1}", "power", "substation", node, site.population[zones].sum()
        )
        above[sub] = tuple(bulk)
        for b, root in zip(bulk, bulk_nodes, strict=True):
            links = site.paths.links_to(before[s], np.array([root]))
            draft.lay((b, sub), "power", links, site.streets.roads.zone, "")
        for group in _sectors(zones, site, site.streets.node_m[node], plan.feeder_residents):
            number += 1
            head = group[int(site.population[group].argmax())]
            row = draft.add(
                f"feeder-{number:02d}", "power", "feeder", site.zone_node[head],
                site.population[group].sum(),
            )  # fmt: skip
            above[row] = (sub,)
            feeder[group] = row
            roads = site.streets.roads
            inside = np.isin(roads.zone, group)
            nodes = np.union1d(roads.start[inside], site.zone_node[group])
            links = site.paths.links_to(before[s], nodes)
            draft.lay((sub, row), "power", links, roads.zone, "")
    return feeder


def _sectors(zones: I32, site: Site, centre: F64, most: float) -> list[I32]:
    """Group the zones of a substation by direction, about so many residents to a group."""
    away = site.centre_m[zones] - centre
    order = zones[np.argsort(np.arctan2(away[:, 1], away[:, 0]), kind="stable")]
    load = np.cumsum(site.population[order])
    if len(zones) and not load[-1] > 0:
        return [order]
    groups = max(1, round(float(load[-1]) / most)) if len(zones) else 0
    middle = load - site.population[order] / 2
    which = np.floor(middle / load[-1] * groups).astype(int) if groups else load.astype(int)
    # An empty zone at the end belongs to the last group.
    which = np.minimum(which, groups - 1)
    return [order[which == g] for g in range(groups) if (which == g).any()]


def _water(
    draft: Draft, recipe: Recipe, site: Site, above: dict[int, tuple[int, ...]],
    rng: np.random.Generator,
) -> I32:  # fmt: skip
    """Plant and wells feed pumps, pumps feed tanks, tanks feed zones; return the zones' tanks."""
    people, total = site.population, float(site.population.sum())
    plan, roads = recipe.networks, site.streets.roads
    sources = {
        "treatment": _stated_or_spread(
            plan.treatment, plan.treatment_plants, site, [recipe.seed, 61]
        ),
        "well": _at(site, np.array(plan.wells).reshape(-1, 2), is_degrees=True),
    }
    tank_m = spread(site.centre_m, people, plan.tanks, rng)
    tank_nodes = _at(site, tank_m)
    distance, before = site.paths.trees(tank_nodes)
    of_zone = distance[:, site.zone_node].argmin(axis=0)
    tanks_here = len(tank_nodes)
    served: F64 = np.bincount(of_zone, weights=people, minlength=tanks_here).astype(float)
    pump_nodes = _at(site, spread(site.streets.node_m[tank_nodes], served + 1.0, plan.pumps, rng))
    of_tank = distance[:, pump_nodes].argmin(axis=1)
    lifted = np.bincount(of_tank, weights=served, minlength=len(pump_nodes))
    supply = [
        draft.add(f"{kind}-{i + 1}", "water", kind, n, total if kind == "treatment" else np.nan)
        for kind, nodes in sources.items()
        for i, n in enumerate(nodes)
    ]
    pumps = [
        draft.add(f"pump-{p + 1}", "water", "pump", n, lifted[p]) for p, n in enumerate(pump_nodes)
    ]
    _, from_pump = site.paths.trees(np.array(pump_nodes))
    for p, pump in enumerate(pumps):
        above[pump] = tuple(supply)
        for row in supply:
            links = site.paths.links_to(from_pump[p], np.array([draft.node[row]]))
            draft.lay((row, pump), "water", links, roads.zone, "ductile")
    tanks = []
    for t, node in enumerate(tank_nodes):
        tanks.append(draft.add(f"tank-{t + 1:02d}", "water", "tank", node, served[t]))
        above[tanks[t]] = (pumps[of_tank[t]],)
        links = site.paths.links_to(before[t], np.array([pump_nodes[of_tank[t]]]))
        draft.lay((pumps[of_tank[t]], tanks[t]), "water", links, roads.zone, "ductile")
    _distribution(draft, plan, roads.zone, np.array(tanks)[of_zone], rng)
    return np.array([tanks[t] for t in of_zone], dtype=np.int32)


def _distribution(
    draft: Draft, plan: Networks, zone: I32, tank: np.ndarray, rng: np.random.Generator
) -> None:
    """Lay a main along every street of every zone, from its tank and back (start is end)."""
    material = np.where(rng.random(len(zone)) < plan.brittle_share, "brittle", "ductile")
    for z in range(len(tank)):
        for kind in ("brittle", "ductile"):
            links = np.flatnonzero((zone == z) & (material == kind)).astype(np.int32)
            if links.size:
                draft.lay((int(tank[z]), int(tank[z])), "water", links, zone, kind)


def _telecom(draft: Draft, plan: Networks, site: Site, rng: np.random.Generator) -> I32:
    """Place exchanges; return each zone's. Cables are not laid: nothing here would break them."""
    nodes = _at(site, spread(site.centre_m, site.population, plan.exchanges, rng))
    distance, _ = site.paths.trees(nodes)
    of_zone = distance[:, site.zone_node].argmin(axis=0)
    served = np.bincount(of_zone, weights=site.population, minlength=len(nodes))
    rows = [
        draft.add(f"exchange-{e + 1}", "telecom", "exchange", n, served[e])
        for e, n in enumerate(nodes)
    ]
    return np.array([rows[e] for e in of_zone], dtype=np.int32)


def _at(site: Site, places: F64, *, is_degrees: bool = False) -> I32:
    if is_degrees:
        nearest = (site.streets.roads.node_xy[site.streets.main][None] - places[:, None]) ** 2
        node: I32 = site.streets.main[nearest.sum(-1).argmin(1)]
        return node
    return site.streets.nearest(places)


def make_lifelines(recipe: Recipe, draft: Draft, site: Site, ground: Ground) -> Lifelines:
    """Return the nodes as columns. Some substations and circuits are anchored, some are not."""
    rng = np.random.default_rng([recipe.seed, 8])
    node = np.array(draft.node, dtype=np.int32)
    places = site.streets.node_m[node]
    anchored = np.where(rng.random(len(node)) < recipe.networks.anchored_share, "A", "U")
    curve = (CURVES[kind] for kind in draft.kind)
    return Lifelines(
        id=tuple(draft.id),
        sector=tuple(draft.sector),
        kind=tuple(draft.kind),
        xy=ground.degrees(places),
        zone=zone_of(site.land, places),
        road_node=node,
        serves=np.array(draft.serves),
        curve=tuple(c + a if c.endswith(".") else c for c, a in zip(curve, anchored, strict=True)),
        restoration=tuple(RESTORATION.get(kind, kind) for kind in draft.kind),
        capacity=np.full(len(node), np.nan),
    )


def make_mains(draft: Draft, site: Site) -> Mains:
    """Return wires and pipes as columns; the parts of a main are whole streets."""
    roads = site.streets.roads
    shapes = roads.shapes
    rows = draft.mains
    return Mains(
        id=tuple(f"main-{i + 1:04d}" for i in range(len(rows))),
        sector=tuple(r[2] for r in rows),
        start=np.array([r[0] for r in rows], dtype=np.int32),
        end=np.array([r[1] for r in rows], dtype=np.int32),
        length_m=np.array([roads.length_m[r[5]].sum() for r in rows], dtype=np.float32),
        zone=np.array([r[3] for r in rows], dtype=np.int32),
        material=tuple(r[4] for r in rows),
        diameter_m=np.full(len(rows), np.nan, dtype=np.float32),
        capacity=np.full(len(rows), np.nan, dtype=np.float32),
        shapes=make_shapes(
            [shapes.xy[shapes.part[k] : shapes.part[k + 1]] for k in r[5]] for r in rows
        ),
    )
