"""The key figures of a turn of the loop, each with its band, unit and reason."""

from __future__ import annotations

from datetime import datetime

import numpy as np
from numpy.typing import NDArray

from rencheng.domain.city import F64, City
from rencheng.domain.impact import CityState, DamageState, Impact
from rencheng.domain.provenance import UNKNOWN, Band, Figure, Origin, Text, Why

PERSON, BUILDING, PLACE = "{person}", "{building}", "{place}"
# Severities 2 and 3 of the HAZUS casualty scale: needs hospital care, and life-threatening.
# HAZUS 6.1 Earthquake Technical Manual, table 12-1.
_SERIOUS = slice(1, 3)
_DEAD = 3
_VERSION = "1"
Samples = NDArray[np.floating]


def figures(
    city: City, state: CityState, impact: Impact | None, *, at: datetime
) -> tuple[Figure, ...]:
    """Return the key figures; before an earthquake only what observations alone can say."""
    seen = (*_present(city, state), *_observed(city, state))
    if impact is None:
        return seen
    return (
        *seen,
        *_buildings(city, impact, at),
        *_people(city, impact, at),
        *_services(city, impact, at),
        *_hospitals(city, impact, at),
        *_tsunami(impact, at),
    )


def _present(city: City, state: CityState) -> tuple[Figure, ...]:
    why = _why(
        ("buildings", "population"),
        "perceive.presence",
        state.at,
        Origin.SYNTHETIC,
        missing=("people outdoors and in vehicles",),
        notes=(Text("figure.note.indoors"),),
    )
    people, coastal = float(city.zones.population.sum()), city.zones.is_coastal
    return (
        _figure("people_present", _sure(state.zone_present.sum()), PERSON, why, people, PERSON),
        _figure("coastal_people", _sure(state.zone_present[coastal].sum()), PERSON, why),
    )


def _observed(city: City, state: CityState) -> tuple[Figure, ...]:
    """Residents of watched zones without power or water, as the sensors say."""
    found = []
    for key, share in (
        ("without_power_seen", state.zone_power),
        ("without_water_seen", state.zone_water),
    ):
        watched = ~np.isnan(share)
        people = city.zones.population[watched]
        dark = float((people * (1.0 - share[watched])).sum()) if watched.any() else np.nan
        why = _why(("sensors", "population"), "perceive.state", state.at, Origin.SYNTHETIC)
        found.append(_figure(key, _sure(dark), PERSON, why, float(people.sum()), PERSON))
    return tuple(found)


def _buildings(city: City, impact: Impact, at: datetime) -> tuple[Figure, ...]:
    damage = impact.damage
    why = _why(
        ("buildings", "earthquake bulletin", *impact.shaking.stations_used),
        "damage",
        at,
        Origin.SYNTHETIC,
        version=damage.curves_version,
        missing=("vs30", "building survey"),
    )
    count = float(city.buildings.zone.size)
    of_state = damage.zone_buildings.sum(axis=1)
    rows = (
        ("buildings_damaged", of_state[:, DamageState.MODERATE :].sum(axis=1)),
        ("buildings_complete", of_state[:, DamageState.COMPLETE]),
        ("buildings_collapsed", damage.collapsed.sum(axis=1)),
    )
    return tuple(_figure(k, Band.of(v), BUILDING, why, count, BUILDING) for k, v in rows)


def _people(city: City, impact: Impact, at: datetime) -> tuple[Figure, ...]:
    why = _why(
        ("buildings", "population", "earthquake bulletin", *impact.shaking.stations_used),
        "people",
        at,
        Origin.SYNTHETIC,
        version=impact.damage.curves_version,
        missing=("vs30", "terrain"),
        notes=(Text("figure.note.no_tsunami_victims"),),
    )
    people = impact.people
    present = float(np.nansum(people.present))
    residents = float(city.zones.population.sum())
    hurt = people.injured.sum(axis=1)
    rows: tuple[tuple[str, Samples, float], ...] = (
        ("people_shaken", people.shaken, residents),
        ("dead", hurt[:, _DEAD], present),
        ("injured_serious", hurt[:, _SERIOUS].sum(axis=1), present),
        ("displaced", people.displaced.sum(axis=1), residents),
    )
    return tuple(_figure(k, Band.of(v), PERSON, why, base, PERSON) for k, v, base in rows)


def _services(city: City, impact: Impact, at: datetime) -> tuple[Figure, ...]:
    residents = float(city.zones.population.sum())
    now_h = (at - impact.origin_time).total_seconds() / 3600.0
    why = _why(
        ("power_network", "water_network", "dependencies", "sensors"),
        "recovery",
        at,
        Origin.SYNTHETIC,
        version=dict(impact.model_versions).get("restoration", ""),
        missing=("utilities' own network data",),
    )
    found = []
    for service in ("power", "water"):
        for suffix, ahead_h in (("now", 0.0), ("24h", 24.0), ("72h", 72.0)):
            level = level_at(impact, service, now_h + ahead_h)
            band = Band.of(residents * (1.0 - level)) if level is not None else UNKNOWN
            found.append(
                _figure(f"without_{service}_{suffix}", band, PERSON, why, residents, PERSON)
            )
    return tuple(found)


def level_at(impact: Impact, service: str, hour: float) -> F64 | None:
    """Return the service level of each sample so many hours after the origin. (samples,)

    None for a service that is not modelled, or an hour beyond the horizon.
    """
    services = impact.services
    if service not in services.names or hour > services.time_h[-1]:
        return None
    level = services.level[services.names.index(service)]
    after = int(np.clip(np.searchsorted(services.time_h, hour), 1, services.time_h.size - 1))
    start, end = services.time_h[after - 1], services.time_h[after]
    share = float(np.clip((hour - start) / (end - start), 0.0, 1.0))
    return np.asarray(level[:, after - 1] * (1.0 - share) + level[:, after] * share, dtype=float)


def _hospitals(city: City, impact: Impact, at: datetime) -> tuple[Figure, ...]:
    works = impact.access.hospital_works
    known = works[~np.isnan(works)]
    why = _why(
        ("roads", "health_sites", "buildings"),
        "access",
        at,
        Origin.SYNTHETIC,
        missing=("bridges", "hospital safety studies"),
        notes=(Text("figure.note.hospital_band"),),
    )
    # Hospitals that work in at least so large a share of the samples: surely, likely, possibly.
    band = (
        Band(*(float((known >= share).sum()) for share in (0.95, 0.5, 0.05)))
        if known.size
        else UNKNOWN
    )
    after = impact.access.after_s
    seen = ~np.isnan(after[0]) if after.size else np.zeros(0, dtype=bool)
    people = city.zones.population[seen]
    cut = Band.of(np.isinf(after[:, seen]) @ people) if seen.any() else UNKNOWN
    return (
        _figure("hospitals_working", band, PLACE, why, float(known.size), PLACE),
        _figure("residents_cut_off", cut, PERSON, why, float(people.sum()), PERSON),
    )


def _tsunami(impact: Impact, at: datetime) -> tuple[Figure, ...]:
    tsunami = impact.tsunami
    why = _why(
        ("earthquake bulletin", "coast", "tide gauge"),
        tsunami.model,
        at,
        Origin.DERIVED,
        version=tsunami.version,
        missing=("terrain", "bathymetry"),
        notes=(Text("figure.note.no_depth"),),
    )
    arrival = tsunami.arrival_s
    minutes = Band(arrival.p05 / 60.0, arrival.p50 / 60.0, arrival.p95 / 60.0)
    return (
        _figure("tsunami_arrival", minutes if tsunami.is_possible else UNKNOWN, "min", why),
        _figure("tide_peak", _sure(tsunami.observed_peak_m), "m", why),
    )


def _sure(value: float) -> Band:
    number = float(value)
    return Band(number, number, number)


def _why(
    data: tuple[str, ...],
    model: str,
    as_of: datetime,
    origin: Origin,
    *,
    version: str = _VERSION,
    missing: tuple[str, ...] = (),
    notes: tuple[Text, ...] = (),
) -> Why:
    return Why(
        data=data,
        model=model,
        version=version,
        as_of=as_of,
        missing=missing,
        notes=notes,
        origin=origin,
    )


def _figure(
    key: str, band: Band, unit: str, why: Why, base: float | None = None, base_unit: str = ""
) -> Figure:
    # Out of nothing watched is out of something unknown, not out of zero.
    return Figure(key=key, band=band, unit=unit, why=why, base=base or None, base_unit=base_unit)
