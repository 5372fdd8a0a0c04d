"""The city's sensors: those of its sources, and generated ones for what they do not watch."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from rencheng.adapters.cities.generate.networks import Site
from rencheng.adapters.cities.generate.places import spread, zone_of
from rencheng.adapters.cities.ground import Ground
from rencheng.adapters.cities.land import Land
from rencheng.adapters.cities.recipe import Recipe
from rencheng.domain.city import F64, I64, Facilities, Lifelines
from rencheng.domain.observation import UNITS, Datastream, Quantity
from rencheng.domain.provenance import Origin

INF = float("inf")
# Interval [s], plausible low and high, largest change per second, suspect run of equal values.
# No source: house defaults; ranges are wider than anything recorded on earth of that quantity.
LIMITS: dict[Quantity, tuple[float, float, float, float, int]] = {
    Quantity.PEAK_ACCELERATION: (60.0, 0.0, 4.0, INF, 0),
    Quantity.WATER_LEVEL: (60.0, -15.0, 20.0, 0.05, 10),
    Quantity.FEEDER_STATE: (300.0, 0.0, 1.0, INF, 0),
    Quantity.WATER_PRESSURE: (300.0, 0.0, 1500.0, 50.0, 6),
    Quantity.FREE_BEDS: (3600.0, 0.0, 2000.0, INF, 0),
    Quantity.RAIN: (300.0, 0.0, 100.0, INF, 24),
    # World Weather and Climate Extremes Archive (WMO): -89.2 and 56.7 degrees; the rest chosen.
    Quantity.AIR_TEMPERATURE: (600.0, -90.0, 57.0, 0.02, 24),
    # The same archive: highest gust 113.3 m/s (Barrow Island, 1996); the rest chosen.
    Quantity.WIND_SPEED: (600.0, 0.0, 100.0, INF, 0),
    Quantity.WIND_GUST: (600.0, 0.0, 120.0, INF, 0),
    Quantity.VISIBILITY: (600.0, 0.0, 200_000.0, INF, 0),
    Quantity.SNOW: (600.0, 0.0, 100.0, INF, 0),
    Quantity.GROUND_TEMPERATURE: (600.0, -95.0, 95.0, 0.05, 24),
}
VITAL = (Quantity.PEAK_ACCELERATION, Quantity.WATER_LEVEL)


def make_streams(
    recipe: Recipe, given: tuple[Datastream, ...] | None, site: Site, lifelines: Lifelines,
    facilities: Facilities, ground: Ground,
) -> tuple[Datastream, ...]:  # fmt: skip
    """Return the sensors of the sources with their zones; generate what nothing watches.

    Generated are accelerometers, streams at feeders, zones and hospitals, and the tide gauge where
    the recipe states one: each only if no source watches that quantity, and the recipe lets
    sensors be generated.
    """
    found = list(_placed(given or (), site.land, ground))
    if recipe.missing.sensors != "generate":
        return tuple(found)
    watched = {stream.quantity for stream in found}
    taken = {stream.id for stream in found}
    made = _made(recipe, site, lifelines, facilities, ground)
    return (*found, *(s for s in made if s.quantity not in watched and s.id not in taken))


def _placed(given: tuple[Datastream, ...], land: Land, ground: Ground) -> tuple[Datastream, ...]:
    if not given:
        return ()
    zones = zone_of(land, ground.metres(np.array([stream.xy for stream in given])))
    return tuple(
        replace(stream, zone=int(zone)) for stream, zone in zip(given, zones, strict=True)
    )  # fmt: skip


def _made(
    recipe: Recipe, site: Site, lifelines: Lifelines, facilities: Facilities, ground: Ground
) -> tuple[Datastream, ...]:
    """Place accelerometers, the tide gauge, and streams at feeders, zones and hospitals."""
    rng = np.random.default_rng([recipe.seed, 9])
    plan = recipe.sensors
    found: list[Datastream] = []

    def add(ident: str, name: str, quantity: Quantity, places: F64, asset: str = "") -> None:
        found.append(_stream(ident, name, quantity, places, asset, site.land, ground))

    for i, place in enumerate(spread(site.centre_m, site.population, plan.accelerometers, rng)):
        node = site.streets.nearest(place[None])
        at = site.streets.node_m[node]
        add(f"acc-{i + 1:02d}", f"Accelerometer {i + 1}", Quantity.PEAK_ACCELERATION, at)
    if plan.tide_gauge is not None:
        gauge = ground.metres(np.array([plan.tide_gauge]))
        add("tide-01", plan.tide_gauge_name, Quantity.WATER_LEVEL, gauge)
    places = site.streets.node_m[lifelines.road_node]
    for row, (ident, kind) in enumerate(zip(lifelines.id, lifelines.kind, strict=True)):
        if kind == "feeder":
            name = f"Feeder {ident.rpartition('-')[2]}"
            add(f"state-{ident}", name, Quantity.FEEDER_STATE, places[row : row + 1], ident)
    if "water" in lifelines.sector:
        for z in _watched_zones(site, plan.pressure_points, rng):
            zone = int(site.zone_ids[z])
            at, asset = site.centre_m[z : z + 1], f"zone:{zone}"
            add(f"pressure-{zone:03d}", f"Pressure {zone}", Quantity.WATER_PRESSURE, at, asset)
    for row in range(len(facilities.id)):
        if facilities.kind[row] == "hospital":
            at = ground.metres(facilities.xy[row : row + 1])
            name, ident = facilities.name[row], facilities.id[row]
            short = ident.rpartition("-")[2] or ident
            add(f"beds-{short}", name, Quantity.FREE_BEDS, at, ident)
    return tuple({stream.id: stream for stream in found}.values())


def _watched_zones(site: Site, count: int, rng: np.random.Generator) -> I64:
    weight = site.population if site.population.sum() > 0 else np.ones(len(site.population))
    chosen = rng.choice(
        len(weight),
        size=min(count, int(np.count_nonzero(weight))),
        replace=False,
        p=weight / weight.sum(),
    )
    return np.sort(chosen).astype(np.int64)


def _stream(
    ident: str, name: str, quantity: Quantity, place: F64, asset: str, land: Land, ground: Ground
) -> Datastream:
    interval, low, high, rate, stuck = LIMITS[quantity]
    lon, lat = ground.degrees(place)[0]
    return Datastream(
        id=ident,
        name=name,
        quantity=quantity,
        unit=UNITS[quantity],
        xy=(float(lon), float(lat)),
        asset=asset,
        zone=int(zone_of(land, place)[0]),
        interval_s=interval,
        low=low,
        high=high,
        rate=rate,
        stuck_after=stuck,
        is_vital=quantity in VITAL,
        origin=Origin.SYNTHETIC,
    )
