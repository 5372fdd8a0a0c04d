"""Assets and results as a GeoPackage: on the map what has a place, all else as tables."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from rencheng.adapters.cities.files.picking import as_texts
from rencheng.adapters.risk.events.table import Table, column, numbers
from rencheng.adapters.risk.results import tables
from rencheng.domain.risk import EventImpact


def write_geopackage(result: EventImpact, assets: Table, file: Path) -> Path:
    """Write a result as layers `assets`, `events` and, where it has one, `exceedance`.

    Parameters
    ----------
    result
        Of a job.
    assets
        As they were given: `geometry`, or `lon` and `lat` [deg].
    file
        GeoPackage to be written; an old one is replaced.

    Notes
    -----
    Unknown is null. `eai` of an asset is null where something of it is unknown; `known_eai` is at
    least so much.
    """
    ids = as_texts(column(assets, "id"))
    found = tables(result, tuple(map(str, ids)))
    write_layer(
        found["assets"],
        shapes_of(assets),
        file,
        labels={"currency": result.currency, "year": str(result.year)},
    )
    for name in ("events", "exceedance"):
        if found[name]:
            _write(_arrow(found[name]), file, name, {})
    return file


def shapes_of(assets: Table) -> NDArray[Any]:
    """Return the geometry of assets in lon, lat; None where nobody knows it. (assets,)"""
    import shapely

    if "geometry" in assets:
        return np.asarray(assets["geometry"], dtype=object)
    places = np.column_stack([numbers(column(assets, n))[0] for n in ("lon", "lat")])
    known = np.isfinite(places).all(axis=1)
    shapes = np.full(len(places), None, dtype=object)
    shapes[known] = shapely.points(places[known])
    return shapes


def write_layer(
    columns: Mapping[str, Any], shapes: NDArray[Any], file: Path, *, labels: Mapping[str, str]
) -> None:
    """Write columns and geometry as the layer `assets` of a new file."""
    import pyarrow as pa
    import shapely

    file.parent.mkdir(parents=True, exist_ok=True)
    file.unlink(missing_ok=True)
    batch = _arrow({n: column(columns, n) for n in columns if n != "geometry"}).append_column(
        pa.field("geometry", pa.binary(), metadata={"ARROW:extension:name": "geoarrow.wkb"}),
        pa.array(shapely.to_wkb(shapes), pa.binary()),
    )
    _write(batch, file, "assets", labels, geometry_name="geometry", crs="EPSG:4326")


def _write(table: Any, file: Path, layer: str, labels: Mapping[str, str], **spatial: str) -> None:
    from pyogrio import write_arrow

    if spatial:
        spatial["geometry_type"] = "Unknown"
    write_arrow(table, file, layer=layer, driver="GPKG", layer_metadata=dict(labels), **spatial)


def _arrow(columns: Mapping[str, Any]) -> Any:
    import pyarrow as pa

    made = {}
    for name, values in columns.items():
        if values.dtype.kind == "f":
            made[name] = pa.array(values, mask=np.isnan(values))
        else:
            made[name] = pa.array(values.tolist())
    return pa.table(made)
