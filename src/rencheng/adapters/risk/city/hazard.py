"""The hazard of a run: events in memory, and where each building stands among their points."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from rencheng.adapters.risk.assets.table import nearest
from rencheng.adapters.risk.city.sets import SCENARIO, EventSets
from rencheng.adapters.risk.events.descriptions import source_of
from rencheng.adapters.risk.events.files import open_events
from rencheng.adapters.risk.events.table import LARGEST, check_events
from rencheng.domain.city import City
from rencheng.domain.errors import ConflictError, InvalidInputError, TooMuchError
from rencheng.domain.hazard import Bulletin, BulletinKind, Shaking
from rencheng.domain.intensity import factor
from rencheng.domain.provenance import Mode, Text
from rencheng.domain.risk import NO_PLACE, EventHead, Events
from rencheng.model.hazards.earthquake import catalogue
from rencheng.model.hazards.earthquake import shaking as shaking_model
from rencheng.model.risk.people.responses import must_match
from rencheng.service.risk_jobs import DEPTH
from rencheng.service.risk_runs import RiskRun, SetKind

F32 = NDArray[np.float32]
F64 = NDArray[np.float64]
I32 = NDArray[np.int32]
Progress = Callable[[int, int], None]
_MOST_G = 0.999 * LARGEST["PGA"] * factor("PGA", "m/s2", "g")

SAMPLES = 200
"""Fields of one earthquake, as the loop draws them. No source: our choice."""
MOST_EVENTS = 20_000
"""Events of a run at the console. No source: our choice."""
MOST_STORED = 30_000_000
"""Intensities of a run at the console. No source: our choice."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Hazard:
    """Events in memory, at points at which buildings stand."""

    events: Events
    point: I32
    """Row of each building among the points; `OUTSIDE`, `NO_PLACE`. (buildings,)"""
    zone_intensity: F32
    """At the zones' centres: 0 where not reached, NaN unknown. (events, zones)"""
    shaking: Shaking | None
    """Of earthquakes whose intensities are PGA, for damage and people."""
    is_sampled: bool
    is_annual: bool
    data: tuple[str, ...]
    missing: tuple[str, ...]
    notes: tuple[Text, ...]
    versions: Mapping[str, str]
    extra: Mapping[str, NDArray[Any]] = field(default_factory=dict)
    """More that is known of each event, such as `magnitude`. (events, …)"""
    speed: Events | None = None
    """Flow speeds of the same events at the same points; None: depths alone."""


def hazard_of(sets: EventSets, city: City, run: RiskRun, progress: Progress) -> Hazard:
    """Return the hazard of a run.

    Raises
    ------
    ConflictError
        When a set is another one than it was when the run was asked for.
    InvalidInputError
        With every fault of its file; when speeds are of other events or points than depths.
    TooMuchError
        When the set is too large for the console.
    """
    for one in (run.set, run.speed):
        if one is not None and sets.get(city.id, one.id).mark != one.mark:
            raise ConflictError(
                "risk.set_changed",
                f"{one.id} was changed after the run was asked for",
                hint="Look at the set, and ask for the run again",
                params={"set": one.id},
            )
    if run.set.kind is SetKind.SCENARIO:
        return _of_scenario(sets, city, run)
    if run.set.kind is SetKind.RATES:
        return _of_source(sets, city, run, progress)
    return _of_file(sets, city, run)


def _of_scenario(sets: EventSets, city: City, run: RiskRun) -> Hazard:
    file = sets.scenarios.file(run.set.id.removeprefix(SCENARIO))
    known = [
        one for one in file.bulletins
        if one.kind is BulletinKind.EARTHQUAKE and np.isfinite(one.magnitude)
    ]  # fmt: skip
    if not known:
        raise InvalidInputError(
            "risk.no_quake",
            f"the scenario {run.set.id} has no earthquake with a magnitude",
            hint="Pick another scenario",
            params={"set": run.set.id},
        )
    last = known[-1]
    quake = Bulletin(
        id=last.id, event=file.scenario.event, kind=last.kind, issuer=last.issuer,
        issued=last.issued, origin_time=file.scenario.origin, lon=last.lon, lat=last.lat,
        depth_km=last.depth_km, magnitude=last.magnitude, magnitude_sd=last.magnitude_sd,
        text=last.text, source=last.source, mode=Mode.TEST, run="",
    )  # fmt: skip
    found = shaking_model.shake(quake, city.zones.centre, (), samples=SAMPLES, seed=run.wish.seed)
    names = tuple(f"{row + 1:03d}" for row in range(SAMPLES))
    events = _at_zones(city, found.pga_g, np.full(SAMPLES, 1.0 / SAMPLES), names, run)
    return Hazard(
        events=events,
        point=_of_zone(city),
        zone_intensity=found.pga_g.astype(np.float32),
        shaking=found,
        is_sampled=True,
        is_annual=False,
        data=("earthquake bulletin", "buildings"),
        missing=("vs30", "building survey"),
        notes=(
            *shaking_model.cautions(quake, found),
            Text("risk.note.no_records"),
            Text("risk.note.zone_intensity"),
        ),
        versions={found.model: found.version, "bulletin": last.id},
    )


def _of_source(sets: EventSets, city: City, run: RiskRun, progress: Progress) -> Hazard:
    table, _ = sets.table(run.set.id)
    source = source_of(table)
    sites = city.zones.centre
    found = catalogue.drawn(source, sites, seed=run.wish.seed, progress=progress)
    width = len(str(found.rate.size))
    names = tuple(f"{row + 1:0{width}d}" for row in range(found.rate.size))
    events = _at_zones(city, found.pga_g, found.rate, names, run)
    shaken = Shaking(
        pga_g=found.pga_g, sa1_g=found.sa1_g, rupture_km=found.rupture_km, stations_used=(),
        model=catalogue.MODEL, version=catalogue.VERSION, bulletin=run.set.id,
    )  # fmt: skip
    said = {
        "rate": source.rate, "low": source.low, "high": source.high, "b": source.b,
        "events": found.rate.size,
    }  # fmt: skip
    return Hazard(
        events=events,
        point=_of_zone(city),
        zone_intensity=found.pga_g.astype(np.float32),
        shaking=shaken,
        is_sampled=False,
        is_annual=True,
        data=("risk.source", "buildings"),
        missing=("vs30", "building survey"),
        notes=(Text("risk.note.source", said), Text("risk.note.zone_intensity")),
        versions={catalogue.MODEL: catalogue.VERSION, "event set": run.set.mark},
        extra={"magnitude": found.magnitude, "epicentre": found.lonlat},
    )


def _of_file(sets: EventSets, city: City, run: RiskRun) -> Hazard:
    events, reach_m = _opened(sets, city, run.set.id)
    head, speed = events.head, None
    versions = {"event set": run.set.mark, "reach_m": f"{reach_m:.6g}"}
    if run.speed is not None:
        speed, _ = _opened(sets, city, run.speed.id)
        if len(head.names) == len(speed.head.names) == 1:  # a raster's event bears its file's name
            speed = replace(speed, head=replace(speed.head, names=head.names))
        must_match(events, speed, with_points=True)
        versions["flow speed"] = run.speed.mark
    at_zones = _read_at(events, nearest(head.place, city.zones.centre, reach_m))
    is_shaking = run.set.hazard == "earthquake" and head.measure == "PGA"
    return Hazard(
        events=events,
        point=nearest(head.place, city.buildings.xy, reach_m),
        zone_intensity=at_zones,
        shaking=_as_shaking(at_zones, head, run) if is_shaking else None,
        is_sampled=False,
        is_annual=bool(np.isfinite(head.rate).all()) and head.rate.size > 0,
        data=("risk.file", "buildings"),
        missing=("building survey",),
        notes=(Text("risk.note.reach", {"reach": reach_m}), *_speed_notes(run)),
        versions=versions,
        speed=speed,
    )


def _speed_notes(run: RiskRun) -> tuple[Text, ...]:
    """Return whether people in water are counted with its speed; nothing where there is none."""
    if run.set.measure != DEPTH:
        return ()
    if run.speed is None:
        return (Text("risk.note.depth_alone"),)
    return (Text("risk.note.with_speed", {"set": run.speed.id}),)


def _opened(sets: EventSets, city: City, key: str) -> tuple[Events, float]:
    """Return a set's events in memory, and how far from a point a building may lie. [m]"""
    table, folder = sets.table(key)
    opened = open_events(
        folder / str(table["data"]),
        measure=str(table["measure"]),
        unit=str(table["unit"]),
        reach_m=table.get("reach_m"),
        is_nodata_dry=bool(table.get("is_nodata_dry", False)),
        variable=str(table.get("variable", "")),
    )
    source, reach_m = opened.at(np.vstack([city.buildings.xy, city.zones.centre]))
    many, stored = source.head.rate.size, int(np.asarray(source.start)[-1])
    if many > MOST_EVENTS or max(stored, many * city.zones.id.size) > MOST_STORED:
        raise TooMuchError(
            "risk.set_large",
            f"{many} events with {stored} intensities are too much for the console",
            hint="Run it from the command line: rencheng risk run",
            params={"events": many, "stored": stored, "most": MOST_EVENTS},
        )
    point, intensity = source.block(0, many)
    events = Events(
        head=source.head,
        start=np.asarray(source.start, dtype=np.int64),
        point=np.asarray(point, dtype=np.int32),
        intensity=np.asarray(intensity, dtype=np.float32),
    )
    check_events(events)
    return events, reach_m


def _at_zones(city: City, field: F64, rate: F64, names: tuple[str, ...], run: RiskRun) -> Events:
    """Return fields at the zones as events that reach every zone.

    A sampled acceleration beyond any that was recorded counts as the largest: every curve has long
    reached its end there.
    """
    many, zones = field.shape
    head = EventHead(
        place=city.zones.centre, rate=rate, names=names, measure=run.set.measure,
        unit=run.set.unit, source=run.set.id,
    )  # fmt: skip
    return Events(
        head=head,
        start=np.arange(many + 1, dtype=np.int64) * zones,
        point=np.tile(np.arange(zones, dtype=np.int32), many),
        intensity=np.minimum(field, _MOST_G).astype(np.float32).ravel(),
    )


def _of_zone(city: City) -> I32:
    zone = city.buildings.zone.astype(np.int32)
    return np.where(zone >= 0, zone, NO_PLACE).astype(np.int32)


def _read_at(events: Events, point: I32) -> F32:
    """Return what events say at points: 0 where one does not reach, NaN unknown.

    (events, points)
    """
    many = events.head.rate.size
    found = np.zeros((many, point.size), dtype=np.float32)
    asked, column = np.unique(point[point >= 0], return_inverse=True)
    row = np.full(len(events.head.place), -1, dtype=np.int64)
    row[asked] = np.arange(asked.size)
    at = row[events.point]
    of = np.repeat(np.arange(many), np.diff(events.start))
    dense = np.zeros((many, asked.size), dtype=np.float32)
    dense[of[at >= 0], at[at >= 0]] = events.intensity[at >= 0]
    found[:, point >= 0] = dense[:, column]
    found[:, point == NO_PLACE] = np.nan
    return found


def _as_shaking(at_zones: F32, head: EventHead, run: RiskRun) -> Shaking:
    """Return peak accelerations as shaking."""
    pga = at_zones.astype(np.float64) * factor("PGA", head.unit, "g")
    dark = np.full(pga.shape, np.nan)
    return Shaking(
        pga_g=pga, sa1_g=dark, rupture_km=dark, stations_used=(), model="file",
        version=run.set.mark, bulletin=run.set.id,
    )  # fmt: skip
