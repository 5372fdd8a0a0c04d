"""People hurt, displaced and shaken, from damage and from who is inside at that time of day."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from rencheng.domain.city import Buildings, City, DayTime
from rencheng.domain.errors import InvalidInputError
from rencheng.domain.hazard import Shaking
from rencheng.domain.impact import CasualtyRates, Damage, DamageState, FragilityTable, People

F64 = NDArray[np.float64]

MODEL = "hazus-casualties"
VERSION = "1"
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
    rates: CasualtyRates,
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
        Casualty rates indoors.

    Returns
    -------
    People
        One value for each sample: expected numbers given its damage, not whole persons. NaN
        for a zone whose shaking is unknown in any sample.

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
    indoor = b.occupants[when].astype(np.float64)
    group, share = _by_building(b, table, rates)
    count = _split_collapse(damage)
    probability = damage.building_state.astype(np.float64)
    chance = np.column_stack([probability[:, :4], probability[:, 4:] * [1.0, 1.0]])
    chance[:, 4] *= 1.0 - share
    chance[:, 5] *= share
    is_known = np.isfinite(chance).all(axis=1)
    dark = np.unique(b.zone[~is_known & np.isfinite(share)])
    zone, chance = b.zone[is_known], chance[is_known]
    hurt = rates.rate[group[is_known]] * indoor[is_known, None, None]
    per_building = _average(zone, chance, hurt, zones)
    per_building[dark] = np.nan
    injured = np.einsum("szk,zkv->szv", count, per_building)
    home = _residents(b)[is_known]
    out = np.zeros((home.size, 6, 1))
    out[:, DamageState.EXTENSIVE :, 0] = home[:, None]
    homeless = _average(zone, chance, out, zones)[:, :, 0]
    homeless[dark] = np.nan
    is_shaken = np.where(np.isnan(shaking.pga_g), np.nan, shaking.pga_g >= SHAKEN_G)
    return People(
        present=_present(b, indoor, zones),
        injured=injured,
        displaced=np.einsum("szk,zk->sz", count, homeless),
        shaken=is_shaken @ city.zones.population,
    )


def _by_building(
    b: Buildings, table: FragilityTable, rates: CasualtyRates
) -> tuple[NDArray[np.int64], F64]:
    """Return the casualty row and the collapse share of every building."""
    group = np.array([rates.row(c) for c in b.curves] + [0], dtype=np.int64)
    rows = [table.row(c) for c in b.curves]
    share = np.array([table.collapse[r] if r >= 0 else np.nan for r in rows] + [np.nan])
    return group[b.curve], share[b.curve]


def _split_collapse(damage: Damage) -> F64:
    """Return counts by state with `complete` split into standing and collapsed.

    (samples, zones, 6)
    """
    count = np.concatenate([damage.zone_buildings, damage.collapsed[:, :, None]], axis=2)
    count = count.astype(np.float64)
    count[:, :, DamageState.COMPLETE] -= count[:, :, _STATES]
    return np.asarray(count, dtype=np.float64)


def _average(zone: NDArray[np.int32], chance: F64, value: F64, zones: int) -> F64:
    """Return the mean of `value` over each zone's buildings in each state.

    Parameters
    ----------
    zone
        (buildings,)
    chance
        P[state], collapsed apart. (buildings, 6)
    value
        (buildings, 6, values)

    Returns
    -------
    mean
        0 where no building can be in that state. (zones, 6, values)
    """
    values = value.shape[2]
    mean = np.zeros((zones, chance.shape[1], values))
    for k in range(chance.shape[1]):
        weight = np.bincount(zone, chance[:, k], minlength=zones)
        for v in range(values):
            total = np.bincount(zone, chance[:, k] * value[:, k, v], minlength=zones)
            np.divide(total, weight, out=mean[:, k, v], where=weight > 0)
    return mean


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
