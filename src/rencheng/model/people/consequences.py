"""People hurt, displaced and shaken, from damage and from who is inside at that time of day."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from rencheng.domain.city import Buildings, City, DayTime, Flags
from rencheng.domain.errors import InvalidInputError
from rencheng.domain.hazard import Shaking
from rencheng.domain.impact import Damage, DamageState, FragilityTable, People
from rencheng.domain.risk_people import CasualtyTable

F64 = NDArray[np.float64]

MODEL = "hazus-casualties"
VERSION = "2"
# People count as shaken from here on; about intensity VII. Threshold without a source. [g]
SHAKEN_G = 0.1
_STATES = len(DamageState)


def consequences(  # noqa: PLR0913
    city: City,
    damage: Damage,
    shaking: Shaking,
    when: DayTime,
    *,
    table: FragilityTable,
    rates: CasualtyTable,
) -> People:
    """Count the people that the damage hurts, puts out of their homes, or shakes.

    Parameters
    ----------
    city
        Buildings with occupants by time of day, zones with residents.
    damage
        Sampled damage of this city.
    shaking
        The fields that the damage was sampled under.
    when
        Time of day of the earthquake.
    table
        Fragility curves of the damage: here for the share of `complete` that collapses.
    rates
        Shares hurt by structural type; those indoors are used.

    Returns
    -------
    People
        One value for each sample: expected numbers given its damage, not whole persons. NaN
        for a zone whose shaking is unknown in any sample; nobody knows the injured of a zone with
        a building of a type that the rates do not have.

    Raises
    ------
    InvalidInputError
        If damage and city do not have the same zones and buildings.

    Notes
    -----
    In each zone the casualties per building of a state are averaged over the zone's buildings,
    weighted with each building's own probability of that state; the number of buildings in that
    state is the sample's own. The mean over the samples is therefore exact, and the spread between
    samples comes from shaking and damage. Left out: people outdoors (HAZUS gives 2 % slightly
    hurt beside collapsed buildings), in traffic, hit by the tsunami, and the uncertainty of the
    rates themselves, for which HAZUS gives no number; its authors warn of a factor of several.
    Displaced: residents of extensively or completely damaged dwellings, wherever they were.
    Not verified against a real event.

    References
    ----------
    .. [1] FEMA, Hazus earthquake model technical manual, chapter on direct social losses.
    """
    _check(city, damage)
    b = city.buildings
    zones = city.zones.id.size
    indoor, home = b.occupants[when].astype(np.float64), _residents(b)
    stock, dark = _stock(b, damage, table, zones)
    many, inside, living = (
        _split(table, b.curves, part)
        for part in (stock(None), stock(indoor), stock(home))
    )  # fmt: skip
    weight = many.sum(axis=1)
    rate, is_typed = _rates(b.curves, rates)
    hurt = _mean(np.einsum("zck,ckv->zkv", inside, rate), weight[:, :, None])
    hurt[dark | (many.any(axis=2) & ~is_typed).any(axis=1)] = np.nan
    homeless = _mean(living.sum(axis=1), weight)
    homeless[:, : DamageState.EXTENSIVE] = 0.0
    homeless[dark] = np.nan
    count = _split_collapse(damage)
    is_shaken = np.where(np.isnan(shaking.pga_g), np.nan, shaking.pga_g >= SHAKEN_G)
    return People(
        present=_present(b, indoor, zones),
        injured=np.einsum("szk,zkv->szv", count, hurt),
        displaced=np.einsum("szk,zk->sz", count, homeless),
        shaken=is_shaken @ city.zones.population,
    )


def _stock(
    b: Buildings, damage: Damage, table: FragilityTable, zones: int
) -> tuple[Callable[[F64 | None], F64], Flags]:
    """Return what adds up weights of buildings, and the zones where some damage is unknown.

    The sum is of weight × P[state] over the buildings with one curve: (zones, curves, states).
    Everything else that matters to people is the same for all buildings with one curve.
    """
    curves = len(b.curves)
    chance = damage.building_state.T.astype(np.float64)
    counts = np.append(np.isfinite(_collapse(table, b.curves)), False)[b.curve] & (b.zone >= 0)
    is_known = np.isfinite(chance).all(axis=0) & counts
    dark = np.zeros(zones, dtype=bool)
    dark[b.zone[counts & ~is_known]] = True
    chance = chance[:, is_known]
    key = b.zone[is_known].astype(np.int64) * curves + b.curve[is_known]

    def add(weight: F64 | None) -> F64:
        rows = chance if weight is None else chance * weight[is_known]
        sums = [np.bincount(key, row, zones * curves) for row in rows]
        whole = np.stack(sums, axis=-1).reshape(zones, curves, _STATES)
        return np.asarray(whole, dtype=np.float64)

    return add, dark


def _split(table: FragilityTable, curves: tuple[str, ...], by_curve: F64) -> F64:
    """Split `complete` into standing and collapsed by each curve's share. (zones, curves, 6)"""
    whole = by_curve[:, :, DamageState.COMPLETE :]
    part = np.nan_to_num(_collapse(table, curves))[None, :, None]
    return np.concatenate(
        [by_curve[:, :, : DamageState.COMPLETE], whole * (1.0 - part), whole * part], axis=2
    )


def _collapse(table: FragilityTable, curves: tuple[str, ...]) -> F64:
    """Return each curve's share of `complete` that collapses; NaN without one. (curves,)"""
    share = np.append(table.collapse, np.nan)  # row -1 takes the last entry
    row = np.array([table.row(c) for c in curves], dtype=np.int64)
    return np.asarray(share[row], dtype=np.float64)


def _rates(curves: tuple[str, ...], rates: CasualtyTable) -> tuple[F64, Flags]:
    """Return the shares hurt at each state, 0 where no type has them, and which curves do.

    (curves, 6, 4), (curves,)
    """
    row = np.array([rates.row(c) for c in curves], dtype=np.int64)
    rate = np.zeros((row.size, _STATES + 1, 4))
    rate[row >= 0, DamageState.SLIGHT :] = rates.indoors[row[row >= 0]]
    return rate, row >= 0


def _mean(total: F64, weight: F64) -> F64:
    """Return the mean for a building in each state; 0 where no building can be in it."""
    return np.divide(total, weight, out=np.zeros_like(total), where=weight > 0)


def _split_collapse(damage: Damage) -> F64:
    """Return counts by state with `complete` split into standing and collapsed.

    (samples, zones, 6)
    """
    count = np.concatenate([damage.zone_buildings, damage.collapsed[:, :, None]], axis=2)
    count = count.astype(np.float64)
    count[:, :, DamageState.COMPLETE] -= count[:, :, _STATES]
    return np.asarray(count, dtype=np.float64)


def _present(b: Buildings, indoor: F64, zones: int) -> F64:
    if b.zone.size == 0:  # nobody knows any building: not the same as nobody being in one
        return np.full(zones, np.nan)
    is_placed = b.zone >= 0
    return np.bincount(b.zone[is_placed], indoor[is_placed], zones).astype(np.float64)


def _residents(b: Buildings) -> F64:
    """Return people who live in each building: those inside dwellings at night. (buildings,)."""
    is_home = b.dwellings > 0
    return np.where(is_home, b.occupants[DayTime.NIGHT].astype(np.float64), 0.0)


def _check(city: City, damage: Damage) -> None:
    expected = (city.buildings.zone.size, city.zones.id.size)
    found = (len(damage.building_state), damage.zone_buildings.shape[1])
    if expected != found:
        raise InvalidInputError(
            "people.other_city",
            f"damage has {found} buildings and zones, the city {expected}",
            hint="Assess the damage of this city version first",
            params={"found": str(found), "expected": str(expected)},
        )
