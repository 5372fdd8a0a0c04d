"""Results of runs of the risk engine: summary, curve, tables, "why?", files."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Sequence
from hashlib import sha256
from pathlib import Path as FilePath
from tempfile import TemporaryDirectory
from typing import Annotated, Any, Literal

import numpy as np
from fastapi import APIRouter, Path, Query, Response
from fastapi.responses import FileResponse
from numpy.typing import NDArray
from starlette.background import BackgroundTask

from rencheng.adapters.exports.columns import write_columns
from rencheng.adapters.exports.contents import table_of
from rencheng.adapters.exports.provenance import labels
from rencheng.adapters.tiles import Range, packed
from rencheng.api.listing import Descending, Words, finds, natural, ordered
from rencheng.api.paging import Slice, SliceDep
from rencheng.api.risk_out import (
    Shown,
    asset_out,
    asset_why_out,
    events_out,
    summary_out,
    zones_out,
)
from rencheng.api.risk_rows import extra_rows
from rencheng.api.risk_tail_out import exceedance_out
from rencheng.api.security import BrainDep, needs
from rencheng.api.shapes.risk import (
    EventOrder,
    RiskAssetsIn,
    RiskAssetsOut,
    RiskEventOut,
    RiskEventsOut,
    RiskExceedanceOut,
    RiskSummaryOut,
    RiskWhyOut,
    RiskZonesOut,
)
from rencheng.api.telling import number
from rencheng.bootstrap import Brain
from rencheng.domain.errors import ConflictError
from rencheng.domain.identity import Permission
from rencheng.domain.provenance import Origin
from rencheng.domain.risk import Standing
from rencheng.service import risk_tables
from rencheng.service.risk_tables import AssetTable, shown_event

router = APIRouter(tags=["risk"])
Key = Annotated[str, Path(max_length=100)]
EventQuery = Annotated[
    str, Query(max_length=200, description="Name of one event; empty: all together.")
]
Rows = NDArray[np.int64]


def _shown(brain: Brain, key: str) -> Shown:
    return Shown(brain, brain.risk.runs.get(key), brain.risk.runs.result(key))


@router.get("/risk/jobs/{job}/summary")
@needs(Permission.SITUATION_READ)
def summary(job: Key, brain: BrainDep) -> RiskSummaryOut:
    """Return what a run came to."""
    return summary_out(_shown(brain, job))


@router.get("/risk/jobs/{job}/exceedance")
@needs(Permission.SITUATION_READ)
def curve(job: Key, brain: BrainDep) -> RiskExceedanceOut:
    """Return how often a loss is reached; empty where a rate is unknown."""
    return exceedance_out(_shown(brain, job).result.summary)


@router.get("/risk/jobs/{job}/events")
@needs(Permission.SITUATION_READ)
def events(
    job: Key,
    brain: BrainDep,
    part: SliceDep,
    q: Words = "",
    sort: EventOrder | None = None,
    descending: Descending = False,
) -> RiskEventsOut:
    """Return the events of a result, as asked."""
    every = events_out(_shown(brain, job))
    found = [one for one in every if finds(q, (one.name,))]
    if sort is not None:
        found = ordered(found, lambda one: _event_key(one, sort), descending=descending)
    return RiskEventsOut(
        items=list(part.cut(found)),
        total=len(found),
        all=len(every),
        next=_next(part, len(found)),
    )


def _event_key(one: RiskEventOut, sort: str) -> Any:
    return natural(one.name) if sort == "name" else getattr(one, sort)


@router.get("/risk/jobs/{job}/zones")
@needs(Permission.SITUATION_READ)
def zones(job: Key, brain: BrainDep, event: EventQuery = "") -> RiskZonesOut:
    """Return what happens in each zone, under one event or all together."""
    shown = _shown(brain, job)
    return zones_out(shown, shown_event(shown.result, event))


@router.get("/risk/jobs/{job}/assets")
@needs(Permission.SITUATION_READ)
def assets(job: Key, asked: Annotated[RiskAssetsIn, Query()], brain: BrainDep) -> RiskAssetsOut:
    """Return buildings of a result, as asked; the largest losses first when nothing is said."""
    shown, part = _shown(brain, job), Slice(asked.after, asked.limit)
    chosen = shown_event(shown.result, asked.event)
    table = risk_tables.asset_table(shown.result, chosen, shown.curve)
    rows = _sorted(shown, table, _searched(shown, asked), asked)
    return RiskAssetsOut(
        items=[_asset(shown, table, row) for row in part.cut(rows.tolist())],
        total=rows.size,
        all=int(shown.result.arrays["asset_id"].size),
        next=_next(part, rows.size),
        event=None if chosen is None else shown.result.summary.event_names[chosen],
    )


def _asset(shown: Shown, table: AssetTable, row: int) -> Any:
    return asset_out(shown, row, float(table.loss[row]), float(table.intensity[row]))


def _searched(shown: Shown, asked: RiskAssetsIn) -> Rows:
    arrays = shown.result.arrays
    kept = np.ones(arrays["asset_id"].size, dtype=bool)
    if asked.standing:
        wanted = [int(Standing[one.upper()]) for one in asked.standing]
        kept &= np.isin(arrays["asset_standing"], wanted)
    if asked.zone:
        own = np.flatnonzero(arrays["zone_id"].astype(str) == asked.zone)
        kept &= np.isin(arrays["asset_zone"], own)
    for word in asked.q.casefold().split():
        kept &= _holding(shown, word)
    return np.flatnonzero(kept)


def _holding(shown: Shown, word: str) -> NDArray[np.bool_]:
    """Return which buildings have a word in id, zone, use or curve."""
    arrays, summary = shown.result.arrays, shown.result.summary

    def rows_of(texts: Iterable[str], column: NDArray[Any]) -> NDArray[np.bool_]:
        hits = [row for row, text in enumerate(texts) if word in text.casefold()]
        return np.isin(column, hits)

    zones = [shown.zone_names.get(int(key), "") for key in arrays["zone_id"]]
    held = rows_of(zones, arrays["asset_zone"])
    held |= rows_of(shown.city.buildings.uses, arrays["asset_use"])
    held |= rows_of(summary.curves, arrays["asset_curve"])
    if word.lstrip("-").isdecimal():
        held |= np.char.find(arrays["asset_id"].astype(str), word) >= 0
    return held


def _sorted(shown: Shown, table: AssetTable, rows: Rows, asked: RiskAssetsIn) -> Rows:
    is_first = asked.descending or asked.sort is None
    arrays = shown.result.arrays
    worth, ratio = arrays["asset_value"], _ratio(shown, table)
    columns = {
        "id": arrays["asset_id"], "zone": arrays["asset_zone"], "use": arrays["asset_use"],
        "curve": arrays["asset_curve"], "area": arrays["asset_area"], "value": worth,
        "intensity": table.intensity, "loss": table.loss, "ratio": ratio,
        "standing": arrays["asset_standing"],
    }  # fmt: skip
    return risk_tables.ordered_rows(columns, rows, asked.sort or "loss", descending=is_first)


@router.get("/risk/jobs/{job}/assets/{asset}/why")
@needs(Permission.SITUATION_READ)
def why(
    job: Key,
    asset: Annotated[str, Path(max_length=40)],
    brain: BrainDep,
    event: EventQuery = "",
) -> RiskWhyOut:
    """Return why a building's loss is what it is."""
    shown = _shown(brain, job)
    row = risk_tables.asset_row(shown.result, asset)
    return asset_why_out(shown, row, shown_event(shown.result, event))


@router.get("/risk/jobs/{job}/{table}.csv", response_class=Response)
@needs(Permission.SITUATION_READ)
def export(
    job: Key,
    table: Literal[
        "events", "zones", "assets", "exceedance", "study", "ranks", "sobol", "measures", "people"
    ],
    brain: BrainDep,
    event: EventQuery = "",
) -> Response:
    """Return a table of a result as CSV; an empty cell is unknown, every row says its origin."""
    shown = _shown(brain, job)
    head, rows = _table(shown, table, event)
    origin = shown.result.summary.origin
    told = [origin.value, origin is Origin.SYNTHETIC]
    file = io.StringIO()
    writer = csv.writer(file)
    writer.writerow([*head, "origin", "is_synthetic"])
    writer.writerows([["" if cell is None else cell for cell in row] + told for row in rows])
    name = f'attachment; filename="rencheng-risk-{table}-{job[:13]}.csv"'
    body = "\ufeff" + file.getvalue()  # the mark tells spreadsheet programs that it is UTF-8
    headers = {"Content-Disposition": name}
    return Response(body, headers=headers, media_type="text/csv; charset=utf-8")


def _table(shown: Shown, table: str, event: str) -> tuple[list[str], list[list[Any]]]:
    summary = shown.result.summary
    if table in ("study", "ranks", "sobol", "measures", "people"):
        head, rows = extra_rows(shown, table)
        return head, [[_harmless(cell) for cell in row] for row in rows]
    if table == "exceedance":
        steps = exceedance_out(shown.result.summary)
        often = "frequency of events or probability of years [1/a]"
        often = often if steps.is_annual else "share of samples [1]"
        money = f"[{summary.currency}]"
        kind = "event" if steps.is_annual else "sample"
        rows = [[kind, *pair, None, None] for pair in zip(steps.loss, steps.frequency, strict=True)]
        if steps.total:
            of = steps.total
            rows += [
                ["year", loss, q, low, high]
                for loss, q, low, high in zip(of.loss, of.probability, of.low, of.high, strict=True)
            ]
        loss = "known_loss" if summary.is_partial else "loss"
        return ["of", f"{loss} {money}", often, f"{loss}_low {money}", f"{loss}_high {money}"], rows
    if table == "events":
        every = [one.model_dump(exclude={"xy"}) for one in events_out(shown)]
        head = list(RiskEventOut.model_fields)
        head.remove("xy")
        return head, [[_harmless(row[name]) for name in head] for row in every]
    chosen = shown_event(shown.result, event)
    if table == "zones":
        return _zone_rows(zones_out(shown, chosen, is_exact=True))
    found = risk_tables.asset_table(shown.result, chosen, shown.curve)
    head = ["id", "zone", "use", "curve", "area_m2", "value", "intensity", "loss", "standing"]
    whole = range(found.loss.size)
    rows = [_asset(shown, found, row) for row in whole]
    return head, [[_harmless(getattr(row, name)) for name in head] for row in rows]


def _zone_rows(found: RiskZonesOut) -> tuple[list[str], list[list[Any]]]:
    head: list[str] = ["id", "name"]
    columns: list[Sequence[Any]] = [found.ids, [_harmless(name) for name in found.names]]
    for column in found.columns:
        for suffix, values in (("", column.values), ("_p05", column.low), ("_p95", column.high)):
            if values is not None:
                head.append(f"{column.key}{suffix} [{column.unit}]")
                columns.append(values)
    return head, [list(row) for row in zip(*columns, strict=True)]


def _harmless(cell: Any) -> Any:
    """Keep a spreadsheet program from reading a text as a formula."""
    is_formula = isinstance(cell, str) and cell[:1] in ("=", "+", "-", "@", "\t", "\r")
    return f"'{cell}" if is_formula and number(_as_number(cell)) is None else cell


def _as_number(text: str) -> float | None:
    try:
        return float(text)
    except ValueError:
        return None


def _origins(shown: Shown) -> dict[str, str]:
    """Return what a file says of where its numbers come from."""
    made_of, city = shown.run.set, shown.city
    origin = shown.result.summary.origin
    return {
        "origin": origin.value,
        "is_synthetic": str(origin is Origin.SYNTHETIC).lower(),
        "set": made_of.id,
        "set_origin": made_of.origin.value,
        "set_source": made_of.source,
        **{
            f"buildings_{key}": value
            for key, value in labels(city, table_of("buildings")).items()
            if key in ("origin", "source")
        },
    }


@router.get("/risk/jobs/{job}/zones.gpkg", response_class=FileResponse)
@needs(Permission.SITUATION_READ)
def package(job: Key, brain: BrainDep, event: EventQuery = "") -> FileResponse:
    """Return the zones with geometry as a GeoPackage; units are in its metadata."""
    shown = _shown(brain, job)
    if not shown.is_served:
        raise ConflictError(
            "risk.other_city",
            "the run was made for another version of the city",
            hint="Take the table as CSV, or run it again for the city that is served",
        )
    found = zones_out(shown, shown_event(shown.result, event), is_exact=True)
    figures, units = {}, {}
    for column in found.columns:
        for suffix, values in (("", column.values), ("_p05", column.low), ("_p95", column.high)):
            if values is not None:
                figures[f"{column.key}{suffix}"] = values
                units[f"unit {column.key}{suffix}"] = column.unit
    about = {"run": job, "seed": str(shown.run.wish.seed), **_origins(shown), **units}
    folder = TemporaryDirectory(prefix="rencheng-risk-")
    try:
        file = write_columns(
            shown.city, "zones", figures, FilePath(folder.name) / "zones.gpkg", about
        )
    except BaseException:
        folder.cleanup()
        raise
    return FileResponse(
        file,
        filename=f"rencheng-risk-zones-{job[:13]}.gpkg",
        media_type="application/geopackage+sqlite3",
        headers={"Cache-Control": "no-store"},
        background=BackgroundTask(folder.cleanup),
    )


def _next(part: Slice, total: int) -> str | None:
    return str(part.end) if part.end < total else None


@router.get("/state/risk/{job}/buildings.bin", response_class=Response)
@needs(Permission.SITUATION_READ)
def on_map(job: Key, brain: BrainDep, event: EventQuery = "") -> Response:
    """Return each building's loss ratio as bytes, in the form of `/state/{layer}.bin`.

    No content when the run was made for another version of the city: its rows are other buildings.
    """
    shown = _shown(brain, job)
    name = sha256(
        event.encode("utf-8", "surrogatepass")
    ).hexdigest()  # any script, ASCII in a header
    tag = f'"{job}-{name}"'
    headers = {"ETag": tag, "Cache-Control": "private, no-cache"}
    if not shown.is_served:
        return Response(status_code=204, headers=headers)
    chosen = shown_event(shown.result, event)
    ratio = _ratio(shown, risk_tables.asset_table(shown.result, chosen, shown.curve))
    most = float(np.nanmax(ratio)) if np.isfinite(ratio).any() else 0.0
    at = (shown.run.ended or shown.run.asked).timestamp()
    body = packed(ratio, Range(0.0, most or 1.0), at)
    return Response(body, headers=headers, media_type="application/octet-stream")


def _ratio(shown: Shown, table: AssetTable) -> NDArray[np.float64]:
    worth = shown.result.arrays["asset_value"].astype(np.float64)
    empty = np.full(worth.shape, np.nan)
    return np.asarray(np.divide(table.loss, worth, out=empty, where=worth > 0), dtype=np.float64)
