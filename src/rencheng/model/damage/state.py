"""Damage states of everything that stands in the city, sampled under every field of shaking."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

import numpy as np
from numpy.typing import NDArray

from rencheng.domain.city import Buildings, City
from rencheng.domain.errors import InvalidInputError
from rencheng.domain.hazard import Shaking
from rencheng.domain.impact import Damage, FragilityTable
from rencheng.model.damage.sampling import (
    BUILDINGS,
    FACILITIES,
    LIFELINES,
    as_threshold,
    bits,
    starts,
)
from rencheng.model.risk.states.fragility import normal_table

F64 = NDArray[np.float64]
I32 = NDArray[np.int32]
I64 = NDArray[np.int64]

MODEL = "hazus-fragility"
VERSION = "1"
KINDS = ("PGA", "SA1")
"""Intensities that fields of shaking have."""
_phi = cache(normal_table)


@dataclass(frozen=True, slots=True)
class _Pairs:
    """Buildings of one zone with one curve share their thresholds."""

    of_building: I32
    """Pair of each building; -1 not assessed. (buildings,)"""
    row: NDArray[np.int64]
    """Row in the fragility table. (pairs,)"""
    zone: NDArray[np.int64]
    """(pairs,)"""


def assess_damage(city: City, shaking: Shaking, table: FragilityTable, *, seed: int) -> Damage:
    """Sample the damage of every building, lifeline and facility.

    Parameters
    ----------
    city
        Buildings, lifelines and facilities with the ids of their curves.
    shaking
        Fields at the city's zones.
    table
        Fragility curves without ground-motion variability: the fields bring it.
    seed
        The same seed gives the same states, whatever the order of the work.

    Returns
    -------
    Damage
        States given each field; an asset whose curve is not in the table is counted in
        `not_assessed` and is in no total; NaN shaking stays NaN (-1 for sampled states).

    Raises
    ------
    InvalidInputError
        If the shaking has another number of zones than the city, or a building's curve does not
        say which share of `complete` collapses.

    Notes
    -----
    P[state ≥ k] = Φ(ln(x/median)/β). **The β trap:** the table keeps β = 0.4 for buildings, which
    is right here because every sample is one field of shaking. A single median map would need
    √(0.4² + 0.5²) = 0.64 (HAZUS prints that), or the damage comes out too certain. Given the field,
    buildings are independent: errors shared by all buildings of a type are left out. One zone has
    one intensity. Validated: against the exact expectation and a NumPy twin (tests); against no
    survey of real damage. Cost: O(buildings × samples), about 5 ns each.
    """
    _check(city, shaking)
    pairs = _pairs(city.buildings, table)
    fields = _logs(shaking)
    log = _of_kind(table, pairs.row, fields, pairs.zone)
    by_building, by_zone, collapsed, on_link = _tally(city, table, pairs, log, seed)
    unknown = np.zeros(shaking.pga_g.shape, dtype=bool)
    pair, sample = np.nonzero(np.isnan(log))
    unknown[sample, pairs.zone[pair]] = True
    # A city of which no building is known has some all the same: their damage is not zero.
    unknown |= city.buildings.zone.size == 0
    zone_buildings = by_zone.transpose(1, 0, 2).astype(np.float32)
    zone_buildings[unknown] = np.nan
    zone_collapsed = collapsed.T.astype(np.float32)
    zone_collapsed[unknown] = np.nan
    share = by_building.astype(np.float32) / np.float32(max(log.shape[1], 1))
    dark = np.append(np.isnan(log).any(axis=1), True)  # pair -1 takes the last entry
    share[dark[pairs.of_building]] = np.nan
    start = starts(seed, LIFELINES, city.lifelines.zone.size)
    lifelines, no_lifeline = _points(
        city.lifelines.curve, city.lifelines.zone, fields, table, start
    )
    start = starts(seed, FACILITIES, city.facilities.zone.size)
    facilities, no_facility = _points(
        city.facilities.curve, city.facilities.zone, fields, table, start
    )
    return Damage(
        building_state=share,
        zone_buildings=zone_buildings,
        collapsed=zone_collapsed,
        link_collapsed=on_link,
        lifeline_state=lifelines,
        facility_state=facilities,
        not_assessed=int((pairs.of_building < 0).sum()) + no_lifeline + no_facility,
        curves_version=table.version,
    )


def _pairs(buildings: Buildings, table: FragilityTable) -> _Pairs:
    row_of = np.array([table.row(c) for c in buildings.curves] + [-1], dtype=np.int64)
    row = row_of[buildings.curve]  # curve -1 takes the last entry, which is -1
    zone = buildings.zone.astype(np.int64)
    rows = len(table.id)
    key = np.where((row >= 0) & (zone >= 0), zone * rows + row, -1)
    pair = np.full(max(int(zone.max(initial=-1)) + 1, 0) * rows + 1, -1, dtype=np.int32)
    pair[key] = 0
    pair[-1] = -1  # key -1 takes the last entry
    used = np.flatnonzero(pair == 0)
    pair[used] = np.arange(used.size)
    return _Pairs(pair[key], used % max(rows, 1), used // max(rows, 1))


def _logs(shaking: Shaking) -> F64:
    """Return ln of the fields, and nothing for other kinds. [ln g] (kinds + 1, zones, samples)"""
    with np.errstate(divide="ignore", invalid="ignore"):
        known = np.log(np.stack([shaking.pga_g.T, shaking.sa1_g.T]))
    return np.concatenate([known, np.full_like(known[:1], np.nan)])


def _of_kind(table: FragilityTable, row: NDArray[np.int64], fields: F64, zone: I32 | I64) -> F64:
    """Return ln of what the curve of each row asks for; NaN unknown. [ln g] (rows, samples)"""
    kind = np.array([KINDS.index(k) if k in KINDS else -1 for k in table.intensity], dtype=np.int64)
    return np.asarray(fields[kind[row], zone])


def _limits(table: FragilityTable, row: NDArray[np.int64], log: F64) -> NDArray[np.uint32]:
    """Return what a draw must stay below for each state. (rows, 4, samples)"""
    from rencheng.model.damage.kernel import thresholds

    beta = table.beta[row]
    limit: NDArray[np.uint32] = thresholds(
        log, 1 / beta, np.log(table.median_g[row]) / beta, _phi()
    )
    return limit


def _tally(
    city: City, table: FragilityTable, pairs: _Pairs, log: F64, seed: int
) -> tuple[I32, I32, I32, NDArray[np.uint8]]:
    """Run the compiled loop on thresholds that hold for a zone and a curve."""
    from rencheng.model.damage.kernel import tally

    gap = np.unique(pairs.row[np.isnan(table.collapse[pairs.row])])
    if gap.size:
        ids = [table.id[r] for r in gap]
        raise InvalidInputError(
            "damage.collapse",
            f"{len(ids)} building curves say no collapse share, first {ids[:3]}",
            hint="Give buildings a curve of the building set",
            params={"count": len(ids), "first": ", ".join(ids[:3])},
        )
    counts: tuple[I32, I32, I32, NDArray[np.uint8]] = tally(
        starts(seed, BUILDINGS, city.buildings.zone.size),
        city.buildings.zone,
        city.buildings.link,
        pairs.of_building,
        _limits(table, pairs.row, log),
        as_threshold(table.collapse[pairs.row]),
        (city.zones.id.size, city.roads.start.size),
    )
    return counts


def _points(
    curve: tuple[str, ...],
    zone: I32,
    fields: F64,
    table: FragilityTable,
    start: NDArray[np.uint64],
) -> tuple[NDArray[np.int8], int]:
    """Return sampled states of single assets, and how many have no curve or no zone."""
    row_of = {name: i for i, name in enumerate(table.id)}
    row = np.array([row_of.get(c, -1) for c in curve], dtype=np.int64)
    row[zone < 0] = -1
    state = np.full((fields.shape[2], row.size), -1, dtype=np.int8)
    known = np.flatnonzero(row >= 0)
    log = _of_kind(table, row[known], fields, zone[known])
    draw = (bits(start[known], state.shape[0]) >> np.uint64(32)).astype(np.uint32)
    reached = (draw.T[:, None] < _limits(table, row[known], log)).sum(axis=1, dtype=np.int8)
    state[:, known] = np.where(np.isnan(log), np.int8(-1), reached).T
    return state, int((row < 0).sum())


def _check(city: City, shaking: Shaking) -> None:
    zones = city.zones.id.size
    if shaking.pga_g.ndim != 2 or shaking.pga_g.shape[1] != zones:
        raise InvalidInputError(
            "damage.zones",
            f"shaking has shape {shaking.pga_g.shape}, the city has {zones} zones",
            hint="Sample the shaking at the centres of this city's zones",
            params={"zones": zones},
        )
