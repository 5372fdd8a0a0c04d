"""Versions of the city, and what was built, demolished and moved between two of them."""

from __future__ import annotations

from typing import Annotated

import numpy as np
from fastapi import APIRouter, Query

from rencheng.api.security import BrainDep, needs
from rencheng.api.shapes.versions import (
    CityChangeOut,
    LayerChangeOut,
    VersionOut,
    ZoneChangeOut,
)
from rencheng.api.telling import number
from rencheng.domain.identity import Permission
from rencheng.perceive.trends import changes

router = APIRouter(tags=["versions"])


@router.get("/city/versions")
@needs(Permission.DATA_READ)
def versions(brain: BrainDep) -> list[VersionOut]:
    """Return the versions of the served city that are kept, newest first."""
    return [
        VersionOut(
            version=one.version,
            built=one.built,
            buildings=one.buildings,
            links=one.links,
            is_current=one.is_current,
        )
        for one in brain.house.cities.kept()
    ]


@router.get("/city/changes")
@needs(Permission.DATA_READ)
def show_changes(
    brain: BrainDep,
    since: Annotated[str, Query(max_length=64, description="The earlier version.")],
    until: Annotated[
        str | None, Query(max_length=64, description="The later version; by default the served.")
    ] = None,
) -> CityChangeOut:
    """Return what differs between two versions; layers and zones without a change are left out."""
    cities = brain.house.cities
    after = cities.load(until) if until else cities.current()
    found = changes(cities.load(since), after)
    zones = found.zones
    moved = (zones.built != 0) | (zones.demolished != 0) | (zones.floor_area_m2 != 0)
    moved |= (zones.population != 0) | np.isnan(zones.population)
    return CityChangeOut(
        city=found.city,
        before=found.before,
        after=found.after,
        layers=[
            LayerChangeOut(
                layer=one.layer,
                added=one.added,
                removed=one.removed,
                changed=one.changed,
                first=list(one.first),
                places=[place for place in one.places if not np.isnan(place).any()],
            )
            for one in found.layers
        ],
        zones=[
            ZoneChangeOut(
                zone=int(zones.zone[i]),
                name=after.zones.name[i],
                built=int(zones.built[i]),
                demolished=int(zones.demolished[i]),
                floor_area_m2=float(zones.floor_area_m2[i]),
                population=number(float(zones.population[i])),
            )
            for i in np.flatnonzero(moved)
        ],
    )
