"""The whole city for other programs: files of every layer, and what they are as a data set."""

from __future__ import annotations

import tempfile
from dataclasses import replace
from pathlib import Path
from threading import BoundedSemaphore
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Query
from fastapi.responses import FileResponse
from starlette.background import BackgroundTask
from starlette.requests import Request

from rencheng.adapters.exports.rdls import rdls
from rencheng.adapters.exports.writing import FORMS, write_city
from rencheng.api.security import ActorDep, BrainDep, needs
from rencheng.domain.errors import TooMuchError
from rencheng.domain.identity import Permission
from rencheng.service.ownership import assets_hidden

router = APIRouter(tags=["city"])
Form = Literal["gpkg", "geoparquet", "csv", "geojson"]
MEDIA_TYPES = {".gpkg": "application/geopackage+sqlite3", ".zip": "application/zip"}
_TURN = BoundedSemaphore(1)
"""One export at a time: a large city keeps a processor busy for a minute."""


@router.get("/city/export", response_class=FileResponse)
@needs(Permission.DATA_READ)
def export(
    brain: BrainDep,
    actor: ActorDep,
    form: Annotated[Form, Query(alias="format", description="File format.")],
    layers: Annotated[
        str, Query(max_length=200, description="Names of layers with commas; empty: all.")
    ] = "",
) -> FileResponse:
    """Return the served city as a file; who is not city-wide gets no sensors of others."""
    city = brain.house.cities.current()
    hidden = assets_hidden(actor, city)
    seen = tuple(one for one in city.datastreams if one.id not in hidden)
    names = [name.strip() for name in layers.split(",") if name.strip()]
    if not _TURN.acquire(blocking=False):
        raise TooMuchError(
            "export.busy",
            "the server is preparing another export",
            hint="Try again shortly",
            params={"seconds": 20},
        )
    try:
        folder = tempfile.TemporaryDirectory(prefix="rencheng-export-")
        suffix = FORMS[form][0]
        place = Path(folder.name) / f"city{suffix}"
        try:
            file = write_city(replace(city, datastreams=seen), place, form, names)
        except BaseException:
            folder.cleanup()
            raise
    finally:
        _TURN.release()
    ending = suffix if suffix == ".gpkg" else f".{form}{suffix}"
    return FileResponse(
        file,
        filename=f"rencheng-{city.id}-{city.version}{ending}",
        media_type=MEDIA_TYPES[suffix],
        headers={"Cache-Control": "no-store"},
        background=BackgroundTask(folder.cleanup),
    )


@router.get("/city/rdls.json")
@needs(Permission.CITY_READ)
def describe(request: Request, brain: BrainDep) -> dict[str, Any]:
    """Return the city as a data set, in the Risk Data Library Standard 0.3."""
    return rdls(brain.house.cities.current(), str(request.base_url).rstrip("/"))
