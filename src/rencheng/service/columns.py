"""State and forecast as columns beside the map's geometry, one number for each row of a layer."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime

import numpy as np
from numpy.typing import ArrayLike

from rencheng.domain.city import F64, City
from rencheng.domain.identity import Actor
from rencheng.domain.impact import DamageState, Impact, Services
from rencheng.domain.net import NetHealth
from rencheng.domain.proposal import ProposalKind
from rencheng.domain.provenance import Origin, Text, Why
from rencheng.domain.scene import WaterMap
from rencheng.service import scenes
from rencheng.service.cycle import CycleResult
from rencheng.service.ownership import facilities_seen, lifelines_seen

PERSON, BUILDING = "{person}", "{building}"
HORIZONS_H = (24.0, 72.0)


@dataclass(frozen=True, slots=True, kw_only=True)
class Column:
    """One number for each row of a layer; NaN is unknown."""

    key: str
    unit: str
    values: F64
    why: Why
    low: F64 | None = None
    """5 % quantile."""
    high: F64 | None = None
    """95 % quantile."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """What the columns are asked of."""

    city: City
    turn: CycleResult
    actor: Actor
    hour: float | None
    """Hours after the origin for the columns without a suffix; None: now. [h]"""
    water: WaterMap | None = None
    """The latest map of water seen from above."""
    net: NetHealth | None = None

    @property
    def at(self) -> datetime:
        """Time of the turn."""
        return self.turn.at

    def now_h(self, impact: Impact) -> float:
        """Return the hours between origin and turn. [h]"""
        return (self.at - impact.origin_time).total_seconds() / 3600.0


def layer_ids(city: City, layer: str) -> list[str]:
    """Return the ids of a layer's rows, in the geometry's order."""
    if layer == "zones":
        return [str(int(zone)) for zone in city.zones.id]
    if layer == "roads":
        return [str(row) for row in range(len(city.roads.start))]
    ids = {
        "facilities": city.facilities.id,
        "lifelines": city.lifelines.id,
        "grid": city.grid.id,
    }
    return list(ids[layer])


def columns(layer: str, asked: Asked) -> tuple[Column, ...]:
    """Return the columns of a layer."""
    weak = asked.turn.weak
    return tuple(replace(one, why=one.why.weighed(weak)) for one in _LAYERS[layer](asked))


def _zones(asked: Asked) -> tuple[Column, ...]:
    state, impact = asked.turn.state, asked.turn.impact
    seen = _seen_why(asked)
    found = [
        Column(
            key="people_present", unit=PERSON, values=state.zone_present, why=_people_why(asked)
        ),
        Column(key="power_seen", unit="1", values=state.zone_power, why=seen),
        Column(key="water_seen", unit="1", values=state.zone_water, why=seen),
        Column(key="evacuate", unit="1", values=_evacuate(asked), why=_evacuate_why(asked)),
    ]
    if asked.net is not None:
        share = asked.net.seen_share()
        found.append(Column(key="sensing_seen", unit="1", values=share, why=net_why(asked.net)))
    if asked.water is not None:
        share = scenes.on_zones(asked.city, asked.water)
        found.append(
            Column(key="flooded_share", unit="1", values=share, why=scenes.why(asked.water))
        )
    if impact is None:
        return tuple(found)
    damage, people = impact.damage, impact.people
    shaking = _why(asked, impact.shaking.model, impact.shaking.version, ("earthquake bulletin",))
    built = _why(asked, "damage", damage.curves_version, ("buildings", "earthquake bulletin"))
    hurt = _why(asked, "people", damage.curves_version, ("buildings", "population"))
    access = _why(asked, "access", "", ("roads", "health_sites", "buildings"))
    found += [
        _band("pga_g", "g", impact.shaking.pga_g, shaking),
        _band(
            "damaged_buildings",
            BUILDING,
            damage.zone_buildings[:, :, DamageState.MODERATE :].sum(axis=2),
            built,
        ),
        _band("collapsed", BUILDING, damage.collapsed, built),
        _band("dead", PERSON, people.injured[:, :, 3], hurt),
        _band("injured", PERSON, people.injured[:, :, :3].sum(axis=2), hurt),
        _band("displaced", PERSON, people.displaced, hurt),
        _band("hospital_minutes", "min", impact.access.after_s / 60.0, access),
        Column(
            key="hospital_cut_off",
            unit="1",
            values=_cut_off(impact.access.after_s),
            why=access,
        ),
        Column(
            key="hospital_minutes_before",
            unit="min",
            values=impact.access.before_s / 60.0,
            why=access,
        ),
        *_zone_services(asked, impact),
    ]
    return tuple(found)


def _zone_services(asked: Asked, impact: Impact) -> list[Column]:
    services, now = impact.services, asked.now_h(impact)
    why = _service_why(asked, impact)
    hours = {"_now": now} | {f"_{h:.0f}h": now + h for h in HORIZONS_H}
    hours[""] = now if asked.hour is None else asked.hour
    found = []
    for row, name in enumerate(services.names):
        for suffix, hour in hours.items():
            if suffix and name not in ("power", "water"):
                continue
            values = at_hour(services, services.zone_level[row], hour)
            found.append(Column(key=f"{name}{suffix}", unit="1", values=values, why=why))
    return found


def _facilities(asked: Asked) -> tuple[Column, ...]:
    city, state, impact = asked.city, asked.turn.state, asked.turn.impact
    shown = facilities_seen(asked.actor, city)
    found = [
        Column(key="free_beds", unit="{bed}", values=state.free_beds, why=_seen_why(asked)),
        *_node_state(asked, city.facilities.id),
    ]
    if impact is not None:
        access = _why(asked, "access", "", ("roads", "health_sites", "buildings"))
        works = impact.access.hospital_works
        found.append(Column(key="hospital_works", unit="1", values=works, why=access))
        found += _asset_damage(asked, impact, impact.damage.facility_state)
        found += _asset_works(asked, impact, city.facilities.id)
    return tuple(_hidden(column, shown) for column in found)


def _lifelines(asked: Asked) -> tuple[Column, ...]:
    city, impact = asked.city, asked.turn.impact
    shown = lifelines_seen(asked.actor, city)
    found = list(_node_state(asked, city.lifelines.id))
    if impact is not None:
        found += _asset_damage(asked, impact, impact.damage.lifeline_state)
        found += _asset_works(asked, impact, city.lifelines.id)
    return tuple(_hidden(column, shown) for column in found)


def _roads(asked: Asked) -> tuple[Column, ...]:
    impact = asked.turn.impact
    if impact is None:
        return ()
    why = _why(asked, "access", "", ("roads", "buildings"), missing=("bridges",))
    share = impact.access.blocked_share
    count = impact.damage.link_collapsed
    middle = np.median(count, axis=0).astype(np.float64)
    return (
        Column(key="blocked_share", unit="1", values=share, why=why),
        Column(key="collapsed", unit=BUILDING, values=middle, why=why),
    )


def _grid(asked: Asked) -> tuple[Column, ...]:
    city, impact = asked.city, asked.turn.impact
    zone = city.grid.zone
    evacuate = np.where(zone >= 0, _evacuate(asked)[np.maximum(zone, 0)], np.nan)
    population = Column(
        key="population", unit=PERSON, values=city.grid.population, why=_people_why(asked)
    )
    found = [
        population,
        Column(key="evacuate", unit="1", values=evacuate, why=_evacuate_why(asked)),
        *_water_cells(asked),
    ]
    if impact is None:
        return tuple(found)
    state, cell = impact.damage.building_state, city.buildings.cell
    inside = cell >= 0
    damaged = np.zeros(len(city.grid.id))
    np.add.at(damaged, cell[inside], state[inside, DamageState.MODERATE :].sum(axis=1))
    built = _why(asked, "damage", impact.damage.curves_version, ("buildings",))
    found.append(Column(key="damaged_buildings", unit=BUILDING, values=damaged, why=built))
    why = _service_why(asked, impact)
    for row, name in enumerate(impact.services.names):
        hour = asked.now_h(impact) if asked.hour is None else asked.hour
        level = at_hour(impact.services, impact.services.zone_level[row], hour)
        values = np.where(zone >= 0, level[np.maximum(zone, 0)], np.nan)
        found.append(Column(key=name, unit="1", values=values, why=why))
    return tuple(found)


def _water_cells(asked: Asked) -> list[Column]:
    water = asked.water
    if water is None:
        return []
    why = scenes.why(water)
    shares = {"flooded_share": water.flooded, "flooded_confidence": water.confidence}
    return [
        Column(key=key, unit="1", values=scenes.on_cells(asked.city, water, values), why=why)
        for key, values in shares.items()
    ]


_LAYERS: dict[str, Callable[[Asked], tuple[Column, ...]]] = {
    "zones": _zones,
    "facilities": _facilities,
    "lifelines": _lifelines,
    "roads": _roads,
    "grid": _grid,
}


def at_hour(services: Services, level: ArrayLike, hour: float) -> F64:
    """Return levels (rows, times) at an hour after the origin; NaN beyond the horizon. (rows,)"""
    time, table = services.time_h, np.asarray(level)
    if hour > time[-1] or len(time) == 0:
        return np.full(len(table), np.nan)
    after = int(np.clip(np.searchsorted(time, hour), 1, max(len(time) - 1, 1)))
    if len(time) == 1:
        return table[:, 0].astype(np.float64)
    share = float(np.clip((hour - time[after - 1]) / (time[after] - time[after - 1]), 0.0, 1.0))
    before, then = table[:, after - 1 : after + 1].astype(np.float64).T
    return np.asarray(before * (1.0 - share) + then * share)


def evacuated_zones(turn: CycleResult) -> set[int]:
    """Return the rows of the zones that the last evacuation proposals name."""
    return {
        action.zone
        for draft in turn.decisions.drafts
        if draft.kind is ProposalKind.EVACUATION
        for action in draft.actions
        if action.zone >= 0
    }


def _evacuate(asked: Asked) -> F64:
    values = np.zeros(len(asked.city.zones.id))
    values[sorted(evacuated_zones(asked.turn))] = 1.0
    return values


def _node_state(asked: Asked, ids: tuple[str, ...]) -> tuple[Column, ...]:
    state, why = asked.turn.state, _seen_why(asked)
    rows = _rows(state.node, ids)
    return (
        Column(key="up_seen", unit="1", values=_taken(state.up, rows), why=why),
        Column(key="confidence", unit="1", values=_taken(state.confidence, rows), why=why),
        Column(key="evidence_age_s", unit="s", values=_taken(state.age_s, rows), why=why),
    )


def _asset_damage(asked: Asked, impact: Impact, states: ArrayLike) -> list[Column]:
    """Return the share of samples in which an asset is extensively damaged or worse."""
    table = np.asarray(states)
    share = (table >= DamageState.EXTENSIVE).mean(axis=0).astype(np.float64)
    share[(table < 0).any(axis=0)] = np.nan
    why = _why(asked, "damage", impact.damage.curves_version, ("lifelines", "health_sites"))
    return [Column(key="p_extensive", unit="1", values=share, why=why)]


def _asset_works(asked: Asked, impact: Impact, ids: tuple[str, ...]) -> list[Column]:
    services, now = impact.services, asked.now_h(impact)
    rows = _rows(services.node, ids)
    why = _service_why(asked, impact)
    hours = {"works_now": now} | {f"works_{h:.0f}h": now + h for h in HORIZONS_H}
    hours["works"] = now if asked.hour is None else asked.hour
    return [
        Column(
            key=key,
            unit="1",
            values=_taken(at_hour(services, services.asset_up, hour), rows),
            why=why,
        )
        for key, hour in hours.items()
    ]


def _rows(nodes: tuple[str, ...], ids: tuple[str, ...]) -> list[int]:
    row = {node: index for index, node in enumerate(nodes)}
    return [row.get(key, -1) for key in ids]


def _taken(values: ArrayLike, rows: list[int]) -> F64:
    table, at = np.asarray(values, dtype=np.float64), np.array(rows, dtype=np.int64)
    if len(table) == 0:
        return np.full(len(at), np.nan)
    return np.where(at >= 0, table[np.maximum(at, 0)], np.nan)


def _cut_off(after_s: F64) -> F64:
    """Return the share of samples without any way to a working hospital; NaN unknown. (zones,)"""
    share: F64 = np.isinf(after_s).mean(axis=0).astype(np.float64)
    share[np.isnan(after_s).any(axis=0)] = np.nan
    return share


def _band(key: str, unit: str, samples: ArrayLike, why: Why) -> Column:
    table = np.asarray(samples, dtype=np.float64)
    low, middle, high = np.quantile(table, (0.05, 0.5, 0.95), axis=0, method="inverted_cdf")
    return Column(key=key, unit=unit, values=middle, low=low, high=high, why=why)


def _hidden(column: Column, shown: np.ndarray) -> Column:
    """Return the column without what the asker may not see."""
    if shown.all():
        return column
    values = np.where(shown, column.values, np.nan)
    return Column(key=column.key, unit=column.unit, values=values, why=column.why)


def _why(
    asked: Asked, model: str, version: str, data: tuple[str, ...], missing: tuple[str, ...] = ()
) -> Why:
    return Why(
        data=data,
        model=model,
        version=version,
        as_of=asked.at,
        missing=missing,
        origin=Origin.SYNTHETIC,
    )


def _service_why(asked: Asked, impact: Impact) -> Why:
    version = dict(impact.model_versions).get("restoration", "")
    data = ("power_network", "water_network", "dependencies", "sensors")
    return _why(asked, "recovery", version, data, ("utilities' own network data",))


def net_why(net: NetHealth) -> Why:
    """Return what coverage and uptime rest on."""
    return Why(data=("sensors",), model="sense.net", version="1", as_of=net.at)


def _seen_why(asked: Asked) -> Why:
    return _why(asked, "perceive.state", "1", ("sensors",))


def _people_why(asked: Asked) -> Why:
    return _why(asked, "perceive.presence", "1", ("buildings", "population"))


def _evacuate_why(asked: Asked) -> Why:
    return Why(
        data=("coast", "earthquake bulletin", "tide gauge"),
        model="decide.evacuation",
        version="1",
        as_of=asked.at,
        missing=("terrain", "bathymetry"),
        notes=(Text("column.note.evacuate"),),
    )
