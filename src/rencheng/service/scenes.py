"""Water seen from above: kept, found again, and laid on zones and cells."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

import numpy as np

from rencheng.domain.city import F64, City
from rencheng.domain.errors import InvalidInputError, Param
from rencheng.domain.identity import Permission
from rencheng.domain.provenance import Why
from rencheng.domain.run import LIVE_RUN
from rencheng.domain.scene import WaterMap
from rencheng.service.house import Command, Context, Done, House, perform
from rencheng.service.ports import UnitOfWork
from rencheng.service.register import register_of
from rencheng.service.register_plan import Plan
from rencheng.service.scene_observations import told


@dataclass(frozen=True, slots=True, kw_only=True)
class Totals:
    """What a map of water adds up to over the cells that both scenes show."""

    flooded_km2: float
    """Expected area under water now and dry before."""
    people: float
    """Residents of that area, spread evenly over each cell."""
    seen: float
    """Share of the city's cells that were seen."""
    confidence: float
    """Mean over those cells, 0.5 to 1."""


def keep(house: House, command: Command, water: WaterMap) -> WaterMap:
    """Keep a map of water, and tell of it as observations of the cells in the live run.

    The same map a second time changes nothing. A scene that was processed anew is another map,
    which replaces the observations of the one before; both maps are kept.

    Raises
    ------
    InvalidInputError
        When the scene is later than the run's clock.
    """
    command.actor.must(Permission.INGEST)
    register, plans = register_of(house), list[Plan]()

    def change(work: UnitOfWork, ctx: Context) -> Done[WaterMap]:
        known = work.scenes.find(water.id)
        if known is not None:
            return Done(item=known, id=known.id, event="")
        if water.taken > ctx.at:
            raise InvalidInputError(
                "scene.future",
                f"{water.scene} was taken after the clock of this run",
                hint="Look at its time, or at the run it is meant for",
                params={"scene": water.scene, "time": water.taken.isoformat()},
            )
        same = work.scenes.list(ctx.run, where={"scene": water.scene})
        earlier = [one for one in same if one.taken == water.taken]
        work.scenes.add(water)
        params: dict[str, Param] = {"scene": water.scene, "cells": len(water.cells)}
        if ctx.run == LIVE_RUN:
            plan = Plan(index=register.index(), ctx=ctx, quantity=register.quantity)
            plans.append(plan)
            told(work, register, house.words, plan, water, earlier)
        action = "scene.corrected" if earlier else "scene.kept"
        return Done(item=water, id=water.id, event="event", action=action, params=params)

    with register.writing:
        kept = perform(
            house,
            command,
            change,
            again=lambda work, key: work.scenes.get(key),
            content=("scenes.keep", water.id),
        )
        for plan in plans:
            register.changed([(kind, item) for (kind, _), item in plan.puts.items()])
    return kept


def newest(work: UnitOfWork, run: str, at: datetime) -> WaterMap | None:
    """Return the map of the latest scene up to a time, None when there is none."""
    found = [one for one in work.scenes.list(run) if one.taken <= at]
    return max(found, key=lambda one: one.taken, default=None)


def on_cells(city: City, water: WaterMap, values: tuple[float, ...]) -> F64:
    """Return figures of a map by the city's cells; NaN where the scene says nothing. (cells,)"""
    if water.cells == city.grid.id:
        return np.array(values)
    row = {cell: i for i, cell in enumerate(city.grid.id)}
    found = np.full(len(row), np.nan)
    for cell, value in zip(water.cells, values, strict=True):
        if cell in row:
            found[row[cell]] = value
    return found


def on_zones(city: City, water: WaterMap) -> F64:
    """Return the flooded share of each zone, NaN where less than half of it is known. (zones,)"""
    share, area, zone = on_cells(city, water, water.flooded), cell_m2(city), city.grid.zone
    inside = zone >= 0
    known = inside & np.isfinite(share)
    count = len(city.zones.id)
    all_ = np.bincount(zone[inside], area[inside], count)
    some = np.bincount(zone[known], area[known], count)
    wet = np.bincount(zone[known], area[known] * share[known], count)
    with np.errstate(invalid="ignore", divide="ignore"):
        return np.where(some >= 0.5 * all_, wet / some, np.nan)


def totals(city: City, water: WaterMap) -> Totals:
    """Add up a map of water."""
    share = on_cells(city, water, water.flooded)
    known = np.isfinite(share)
    sure = on_cells(city, water, water.confidence)
    return Totals(
        flooded_km2=float((share * cell_m2(city))[known].sum() / 1e6),
        people=float(np.nansum(share * city.grid.population)) if known.any() else np.nan,
        seen=float(known.mean()) if len(known) else 0.0,
        confidence=float(sure[known].mean()) if known.any() else np.nan,
    )


def cell_m2(city: City) -> F64:
    """Return the area of each cell on the sphere. [m²] (cells,)"""
    shapes = city.grid.shapes
    # Local plane at each cell's centre; radius 6,371 km: within half a percent of the ellipsoid.
    metre = np.radians(1.0) * 6_371_000.0
    cell = np.repeat(np.arange(len(city.grid.id)), np.diff(shapes.part[shapes.shape]))
    centre = city.grid.centre[cell]
    x, y = (shapes.xy - centre).T * metre
    x = x * np.cos(np.radians(centre[:, 1]))
    turn = np.append(0.5 * (x[:-1] * y[1:] - x[1:] * y[:-1]), 0.0)
    turn[shapes.part[1:] - 1] = 0.0  # rings are closed: their last vertex leads nowhere
    # Rings after the first are holes; they run the other way round.
    return np.abs(np.bincount(cell, turn, len(city.grid.id)))


def why(water: WaterMap) -> Why:
    """Return what a figure of the map rests on."""
    return Why(
        data=(water.scene, water.before),
        model="sense.water",
        version=water.method,
        as_of=water.taken,
        missing=("terrain",),
        origin=water.origin,
    )
