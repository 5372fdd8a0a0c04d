"""Inventories of SimCenter's R2D as GeoJSON, both ways, with results beside the attributes.

References
----------
.. [1] NHERI SimCenter, Regional Resilience Determination tool (R2D), asset inventories and
   `R2D_results.geojson`: https://github.com/NHERI-SimCenter/R2DExamples
"""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from rencheng.adapters.cities.files.picking import as_texts
from rencheng.adapters.risk.events.table import Table, column
from rencheng.adapters.risk.faults import fault, refuse, rows_fault
from rencheng.adapters.risk.formats.exchange import Exchange
from rencheng.domain.errors import Fault

# Attributes that inventories of R2D use for what we need, the first found counts.
WORTH = ("ReplacementCost", "replacement_cost", "RepairCost", "value")
TAXONOMY = ("BuildingClass", "StructureType", "BuildingType", "assetSubtype", "curve")
CRS84 = "urn:ogc:def:crs:OGC:1.3:CRS84"


def read_r2d(file: Path, *, worth: str = "", taxonomy: str = "") -> Exchange:
    """Return the assets of an inventory.

    Parameters
    ----------
    file
        GeoJSON in lon, lat.
    worth, taxonomy
        Attributes that hold the value and the name of the curve; empty: the first of `WORTH` and of
        `TAXONOMY` that there is.

    Returns
    -------
    exchange
        `id` (with the kind of asset before it where it is not enough), `geometry` (shapely),
        `value`, `curve`, and every attribute under its own name.

    Raises
    ------
    InvalidInputError
        When it is no inventory, ids stand twice, or it has no value.
    """
    import shapely

    features = _features(file)
    names = list(dict.fromkeys(n for one in features for n in one.get("properties") or {}))
    properties = {
        n: np.array([(one.get("properties") or {}).get(n) for one in features], dtype=object)
        for n in names
    }
    worth = worth or next((n for n in WORTH if n in names), "")
    taxonomy = taxonomy or next((n for n in TAXONOMY if n in names), "")
    missing = [n or "ReplacementCost" for n in (worth,) if n not in names]
    if missing:
        refuse([fault("columns", file.name, missing)])
    shapes = np.array(
        [_shape(one.get("geometry"), shapely) for one in features] + [None], dtype=object
    )[:-1]
    ids = _ids(features, properties)
    known, counts = np.unique(ids, return_counts=True)
    refuse(rows_fault("double_id", file.name, (counts > 1) | (known == ""), known))
    assets: dict[str, Any] = {
        **{n: v for n, v in properties.items() if n not in {"lon", "lat"}},
        "id": ids, "value": properties[worth], "geometry": shapes,
    }  # fmt: skip
    if taxonomy:
        assets["curve"] = properties[taxonomy]
    return Exchange(
        form="r2d", assets=assets, currency="", faults=_doubts(properties, shapes, ids, shapely)
    )


def _features(file: Path) -> list[dict[str, Any]]:
    try:
        said = json.loads(file.read_text(encoding="utf-8-sig"))
        features = said["features"]
        good = said["type"] == "FeatureCollection" and all(isinstance(f, dict) for f in features)
    except (ValueError, KeyError, TypeError):
        good, features = False, []
    if not good:
        refuse([fault("geojson", file.name, [file.name])])
    return list(features)


def _ids(features: list[dict[str, Any]], properties: Mapping[str, Any]) -> NDArray[Any]:
    if features and all("id" in one for one in features):
        ids = np.array([str(one["id"]) for one in features], dtype=object)
        kind = next((n for n in ("assetSubtype", "type") if n in properties), "")
        if kind and np.unique(ids).size < ids.size:  # R2D counts each kind of asset from 0
            return np.asarray(as_texts(properties[kind]) + "/" + ids)
        return ids
    name = next((n for n in ("id", "ID", "AssetID", "Id") if n in properties), "")
    if name:
        return as_texts(properties[name])
    return np.array([str(i) for i in range(1, len(features) + 1)], dtype=object)


def _shape(geometry: Any, shapely: Any) -> Any:
    if not geometry:
        return None
    try:
        return shapely.from_geojson(json.dumps(geometry))
    except (shapely.GEOSException, TypeError, ValueError):
        return None


def _doubts(
    properties: Mapping[str, Any], shapes: NDArray[Any], ids: NDArray[Any], shapely: Any
) -> tuple[Fault, ...]:
    """Return the assets whose attributes put them where their geometry is not."""
    if not {"Latitude", "Longitude"} <= properties.keys():
        return ()
    middle = shapely.get_coordinates(shapely.centroid(shapes[~shapely.is_missing(shapes)]))
    said = np.full((len(ids), 2), np.nan)
    for k, name in enumerate(("Longitude", "Latitude")):
        for i, value in enumerate(properties[name]):
            try:
                said[i, k] = float(value)
            except (TypeError, ValueError):
                continue
    said = said[~shapely.is_missing(shapes)]
    far = np.abs(said - middle).max(axis=1) > 0.1  # degrees; an attribute may be rounded
    turned = far & (np.abs(said[:, ::-1] - middle).max(axis=1) <= 0.1)
    names = ids[~shapely.is_missing(shapes)]
    return (
        *rows_fault("turned", "Latitude, Longitude", turned, names),
        *rows_fault("elsewhere", "Latitude, Longitude", far & ~turned, names),
    )


def write_r2d(table: Table, file: Path, results: Mapping[str, Any] | None = None) -> None:
    """Write assets, with results as further attributes, as an inventory of R2D.

    Parameters
    ----------
    table
        Assets as `run` takes them: `geometry`, or `lon` and `lat` [deg].
    file
        GeoJSON to be written.
    results
        By name, such as `eai`; unknown is null. (assets,) each
    """
    import shapely

    names = [str(n) for n in table if n not in {"geometry", "id"}]
    if "geometry" in table:
        shapes = np.asarray(table["geometry"], dtype=object)
    else:
        names = [n for n in names if n not in {"lon", "lat"}]
        shapes = shapely.points(
            np.column_stack([np.asarray(table[n], dtype=float) for n in ("lon", "lat")])
        )
    columns = {n: column(table, n).tolist() for n in names}
    if "value" in columns and "ReplacementCost" not in columns:
        columns["ReplacementCost"] = columns["value"]
    columns |= {n: np.asarray(v).tolist() for n, v in (results or {}).items()}
    columns.setdefault("type", ["Building"] * len(shapes))
    ids = as_texts(column(table, "id"))
    features = [
        {
            "type": "Feature",
            "id": str(ids[row]),
            "properties": {n: _plain(values[row]) for n, values in columns.items()},
            "geometry": None if shape is None else json.loads(shapely.to_geojson(shape)),
        }
        for row, shape in enumerate(shapes)
    ]
    whole = {
        "type": "FeatureCollection",
        "crs": {"type": "name", "properties": {"name": CRS84}},
        "features": features,
    }
    file.write_text(json.dumps(whole, ensure_ascii=False, allow_nan=False) + "\n", "utf-8")


def _plain(value: Any) -> Any:
    if isinstance(value, float) and not math.isfinite(value):
        return None
    return value
