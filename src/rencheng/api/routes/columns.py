"""State and forecast for the map, apart from its geometry; the same table as CSV."""

from __future__ import annotations

import csv
import io
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Annotated, Literal

from fastapi import APIRouter, Query, Response
from fastapi.responses import FileResponse
from starlette.background import BackgroundTask

from rencheng.adapters.exports.columns import write_columns
from rencheng.api.asking import RunDep
from rencheng.api.security import ActorDep, BrainDep, needs
from rencheng.api.shapes.situation import ColumnsOut
from rencheng.api.situation_out import column_out
from rencheng.bootstrap import Brain
from rencheng.domain.identity import Actor, Permission
from rencheng.service.columns import Asked, columns, layer_ids
from rencheng.service.house import context
from rencheng.service.lookup import zone_place
from rencheng.service.scenes import newest

router = APIRouter(tags=["columns"])
LayerName = Literal["zones", "facilities", "lifelines", "roads", "grid"]
HourQuery = Annotated[
    float | None, Query(ge=0, le=8760, description="Hours after the origin time.")
]


@router.get("/columns/{layer}.csv", response_class=Response)
@needs(Permission.SITUATION_READ)
def export(
    layer: LayerName, brain: BrainDep, run: RunDep, actor: ActorDep, hour: HourQuery = None
) -> Response:
    """Return a layer's columns as CSV; an empty cell is unknown."""
    table = _table(brain, layer, run, actor, hour)
    names = _names(brain, layer, table.ids)
    file = io.StringIO()
    writer = csv.writer(file)
    head, rows = ["id", "name"], [list(table.ids), names]
    for column in table.columns:
        for suffix, values in (("", column.values), ("_p05", column.low), ("_p95", column.high)):
            if values is not None:
                head.append(f"{column.key}{suffix} [{column.unit}]")
                rows.append(["" if value is None else repr(value) for value in values])
    writer.writerow(head)
    writer.writerows(zip(*rows, strict=True))
    headers = {"Content-Disposition": f'attachment; filename="rencheng-{layer}-{run}.csv"'}
    body = "\ufeff" + file.getvalue()  # the mark tells spreadsheet programs that it is UTF-8
    return Response(body, headers=headers, media_type="text/csv; charset=utf-8")


@router.get("/columns/{layer}.gpkg", response_class=FileResponse)
@needs(Permission.SITUATION_READ)
def package(
    layer: LayerName, brain: BrainDep, run: RunDep, actor: ActorDep, hour: HourQuery = None
) -> FileResponse:
    """Return a layer with its columns and geometry as a GeoPackage; units are in its metadata."""
    table = _table(brain, layer, run, actor, hour)
    figures, units = {}, {}
    for column in table.columns:
        for suffix, values in (("", column.values), ("_p05", column.low), ("_p95", column.high)):
            if values is not None:
                figures[f"{column.key}{suffix}"] = values
                units[f"unit {column.key}{suffix}"] = column.unit
    folder = TemporaryDirectory(prefix="rencheng-columns-")
    about = {"run": run, "at": table.at.isoformat(), "cycle": table.cycle or "", **units}
    try:
        city = brain.house.cities.current()
        file = write_columns(city, layer, figures, Path(folder.name) / "columns.gpkg", about)
    except BaseException:
        folder.cleanup()
        raise
    return FileResponse(
        file,
        filename=f"rencheng-{layer}-{run}.gpkg",
        media_type="application/geopackage+sqlite3",
        headers={"Cache-Control": "no-store"},
        background=BackgroundTask(folder.cleanup),
    )


@router.get("/columns/{layer}")
@needs(Permission.SITUATION_READ)
def show(
    layer: LayerName, brain: BrainDep, run: RunDep, actor: ActorDep, hour: HourQuery = None
) -> ColumnsOut:
    """Return a layer's columns, in the geometry's order."""
    return _table(brain, layer, run, actor, hour)


def _table(brain: Brain, layer: str, run: str, actor: Actor, hour: float | None) -> ColumnsOut:
    city, turn = brain.house.cities.current(), brain.turn(run)
    ids = layer_ids(city, layer)
    with brain.house.work() as work:
        at = context(brain.house, work, run).at
        water = newest(work, run, at) if layer in ("zones", "grid") else None
    if turn is None:
        return ColumnsOut(cycle=None, at=at, ids=ids, columns=[])
    net = brain.net.health(run)[0] if layer == "zones" else None
    found = columns(
        layer, Asked(city=city, turn=turn, actor=actor, hour=hour, water=water, net=net)
    )
    return ColumnsOut(
        cycle=turn.id, at=turn.at, ids=ids, columns=[column_out(column) for column in found]
    )


def _names(brain: Brain, layer: str, ids: list[str]) -> list[str]:
    names = brain.names()
    if layer == "roads":
        found = list(names.city.roads.name)
    elif layer == "zones":
        found = [names.name(zone_place(int(key))) for key in ids]
    else:
        found = [names.name(key) for key in ids]
    return [_harmless(name) for name in found]


def _harmless(text: str) -> str:
    """Keep a spreadsheet program from reading a name as a formula."""
    return f"'{text}" if text[:1] in ("=", "+", "-", "@", "\t", "\r") else text
