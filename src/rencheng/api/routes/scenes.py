"""Water seen from above: what came in, and what it says cell by cell."""

from __future__ import annotations

import hashlib
import json
from typing import Annotated, Any

from fastapi import APIRouter, Depends

from rencheng.api.asking import IngestRunDep, RunDep
from rencheng.api.paging import SliceDep
from rencheng.api.scenes_out import SceneWishDep, cells_out, map_out, maps_out
from rencheng.api.security import ActorDep, BrainDep, CallerDep, must_be_unbound, needs
from rencheng.api.shapes.scenes import WaterCellsOut, WaterMapIn, WaterMapOut, WaterMapsOut
from rencheng.domain.errors import ConflictError
from rencheng.domain.identity import Permission
from rencheng.domain.provenance import Origin
from rencheng.domain.scene import SceneKind, WaterMap
from rencheng.service import scenes
from rencheng.service.house import Command, House, context

router = APIRouter(tags=["scenes"])


def _writing(run: IngestRunDep, actor: ActorDep, caller: CallerDep) -> Command:
    must_be_unbound(caller)
    return Command(actor=actor, run=run)


@router.post("/scenes", status_code=201)
@needs(Permission.INGEST)
def keep(
    body: WaterMapIn, brain: BrainDep, command: Annotated[Command, Depends(_writing)]
) -> WaterMapOut:
    """Keep a map of water; the same one a second time changes nothing."""
    city = brain.house.cities.current()
    if body.city != city.version:
        raise ConflictError(
            "scene.city",
            f"the map was made for version {body.city} of the city, {city.version} is served",
            hint="Make it again with the served city",
            params={"made": body.city, "served": city.version},
        )
    made = scenes.keep(brain.house, command, _map(brain.house, command, body))
    brain.wake(command.run)
    return map_out(city, made)


@router.get("/scenes")
@needs(Permission.SITUATION_READ)
def show(brain: BrainDep, run: RunDep, part: SliceDep, wish: SceneWishDep) -> WaterMapsOut:
    """Return the maps of water of the run, by default the latest scene first."""
    with brain.house.work() as work:
        at = context(brain.house, work, run).at
        found = [one for one in work.scenes.list(run) if one.taken <= at]
    return maps_out(brain.house.cities.current(), found, wish, part)


@router.get("/scenes/{scene_id}")
@needs(Permission.SITUATION_READ)
def cells(scene_id: str, brain: BrainDep) -> WaterCellsOut:
    """Return a map of water with its cells."""
    with brain.house.work() as work:
        found = work.scenes.get(scene_id)
    return cells_out(brain.house.cities.current(), found)


def _map(house: House, command: Command, body: WaterMapIn) -> WaterMap:
    with house.work() as work:
        ctx = context(house, work, command.run)
    content = json.dumps([command.run, body.model_dump(mode="json")], sort_keys=True)
    given: dict[str, Any] = body.model_dump()
    given |= {key: _known(given[key]) for key in ("water", "flooded", "confidence", "seen")}
    given |= {"kind": SceneKind(body.kind), "origin": Origin(body.origin)}
    given |= {"footprint": tuple(body.footprint), "cells": tuple(body.cells)}
    return WaterMap(
        **given,
        id=hashlib.sha256(content.encode()).hexdigest()[:32],
        received=ctx.at,
        mode=ctx.mode,
        run=ctx.run,
    )


def _known(values: list[float | None]) -> tuple[float, ...]:
    return tuple(float("nan") if value is None else value for value in values)
