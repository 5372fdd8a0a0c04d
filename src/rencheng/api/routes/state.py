"""State that colours the map, apart from its geometry; and one building with what befell it."""

from __future__ import annotations

from typing import Annotated, Literal

import numpy as np
from fastapi import APIRouter, Path, Query, Response
from starlette.requests import Request

from rencheng.adapters.tiles import Range, packed
from rencheng.api import geojson
from rencheng.api.asking import RunDep
from rencheng.api.security import BrainDep, needs
from rencheng.api.shapes.tiles import FeatureOut
from rencheng.domain.errors import InvalidInputError, NotFoundError
from rencheng.domain.identity import Permission
from rencheng.domain.impact import DamageState, Impact

router = APIRouter(tags=["state"])
BYTES = "application/octet-stream"


FIELDS = {
    ("buildings", "damage"): Range(0.0, float(DamageState.COMPLETE)),
    ("buildings", "heavy"): Range(0.0, 1.0),
    ("roads", "blocked"): Range(0.0, 1.0),
}


@router.get("/state/{layer}.bin", response_class=Response)
@needs(Permission.SITUATION_READ)
def state(
    layer: Literal["buildings", "roads"],
    brain: BrainDep,
    run: RunDep,
    request: Request,
    name: Annotated[str, Query(alias="field", max_length=40)] = "",
) -> Response:
    """Return one number for each row of a layer, as bytes: state travels apart from geometry.

    Fields: `buildings` have `damage` (expected damage state, 0 none to 4 complete; the default)
    and `heavy` (probability of extensive or complete damage); `roads` have `blocked` (share of
    samples in which the link is blocked). All are of the run's last turn of the loop. No content
    on an ordinary day, when nothing has happened to the city.

    The body is little-endian: 0-3 `RCST`; 4 format (1); 5 type of a value (1: unsigned byte);
    6-7 the byte that means unknown (255); 8-11 number of values; 12-15 scale and 16-19 offset
    (32-bit reals; value = offset + scale × byte); 20-27 Unix time of the state [s] (64-bit real);
    28-31 zero; then the values in the order of the layer's rows. `X-City-Version` names the
    version of the city that the rows belong to.
    """
    known = [one for kind, one in FIELDS if kind == layer]
    wanted = name or known[0]
    if wanted not in known:
        raise InvalidInputError(
            "tiles.field",
            f"the layer {layer} has no state {wanted!r}",
            hint=f"Choose one of {', '.join(known)}",
            params={"layer": layer, "field": wanted, "known": ", ".join(known)},
        )
    turn = brain.turn(run)
    city = brain.house.cities.current()
    tag = f'"{city.version}-{turn.id if turn else "none"}-{layer}-{wanted}"'
    headers = {"ETag": tag, "Cache-Control": "private, no-cache", "X-City-Version": city.version}
    if tag in request.headers.get("If-None-Match", ""):
        return Response(status_code=304, headers=headers)
    if turn is None or turn.impact is None:
        return Response(status_code=204, headers=headers)
    values = _values(turn.impact, layer, wanted)
    body = packed(values, FIELDS[layer, wanted], turn.at.timestamp())
    return Response(body, headers=headers, media_type=BYTES)


def _values(impact: Impact, layer: str, name: str) -> np.ndarray:
    if layer == "roads":
        return np.asarray(impact.access.blocked_share)
    chance = impact.damage.building_state
    if name == "heavy":
        return np.asarray(chance[:, DamageState.EXTENSIVE :].sum(axis=1))
    return np.asarray(chance @ np.arange(len(DamageState), dtype=chance.dtype))


@router.get("/city/buildings/{row}", response_model=FeatureOut)
@needs(Permission.CITY_READ)
def building(
    row: Annotated[int, Path(ge=0, description="Row in the served version.")],
    brain: BrainDep,
    run: RunDep,
) -> Response:
    """Return one building: footprint or point, what is known of it, and its damage in the run."""
    city = brain.house.cities.current()
    if row >= len(city.buildings.id):
        raise NotFoundError(
            "city.no_building",
            f"the city has no building {row}",
            hint="Its buildings are numbered from 0 in each version",
            params={"row": row},
        )
    impact = brain.impact(run)
    found = geojson.building(city, row, impact.damage if impact else None)
    return Response(geojson.encode_one(found), media_type="application/geo+json")
