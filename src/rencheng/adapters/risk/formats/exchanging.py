"""Assets from one form into another, and what could not pass."""

from __future__ import annotations

import csv
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from rencheng.adapters.cities.files.picking import as_texts
from rencheng.adapters.risk.assets.shapes import VECTORS, read_shapes
from rencheng.adapters.risk.events.table import column
from rencheng.adapters.risk.faults import fault, refuse, rows_fault
from rencheng.adapters.risk.formats.exchange import Exchange
from rencheng.adapters.risk.formats.geopackage import shapes_of, write_layer
from rencheng.adapters.risk.formats.oed import read_oed, write_oed
from rencheng.adapters.risk.formats.r2d import read_r2d, write_r2d
from rencheng.adapters.risk.tables import must_be_there, read_table
from rencheng.domain.errors import Fault

FORMS = ("assets", "oed", "r2d", "gpkg")
"""Our CSV, OED, GeoJSON of R2D, GeoPackage."""


def read_assets_of(file: Path, *, worth: str = "", taxonomy: str = "") -> Exchange:
    """Return the assets of a file, by what it holds.

    Parameters
    ----------
    file
        OED or our own CSV, GeoJSON, or another vector file.
    worth, taxonomy
        See `read_r2d`.

    Raises
    ------
    InvalidInputError
        When it is of no known form, or has faults.
    """
    must_be_there(file)
    ending = file.suffix.lower()
    if ending in {".geojson", ".json"}:
        return read_r2d(file, worth=worth, taxonomy=taxonomy)
    if ending in VECTORS:
        return Exchange(form="gpkg", assets=dict(read_shapes(file)), currency="")
    if ending != ".csv":
        refuse([fault("form", file.name, [file.name])])
    rows = read_table(file)
    if "locnumber" in {name.strip().lower() for name in rows}:
        return read_oed(file)
    missing = [n for n in ("id", "lon", "lat") if n not in rows]
    if missing:
        refuse([fault("columns", file.name, missing)])
    return Exchange(form="assets", assets=rows, currency="")


def write_assets(given: Exchange, file: Path, *, form: str = "") -> tuple[Fault, ...]:
    """Write assets into a file and return what did not pass.

    Parameters
    ----------
    given
        As they were read. OED needs their currency.
    file
        To be written.
    form
        One of `FORMS`; empty: by the ending, `.csv` being ours.

    Raises
    ------
    InvalidInputError
        When the form is not known, or OED has no currency.
    """
    endings = {".csv": "assets", ".geojson": "r2d", ".json": "r2d", ".gpkg": "gpkg"}
    form = form or endings.get(file.suffix.lower(), "")
    if form not in FORMS:
        refuse([fault("form", file.name, [form or file.name])])
    file.parent.mkdir(parents=True, exist_ok=True)
    if form == "r2d":
        write_r2d(given.assets, file)
        return ()
    if form == "gpkg":
        write_layer(
            given.assets, shapes_of(given.assets), file, labels={"currency": given.currency}
        )
        return ()
    flat, faults = _flat(given)
    if form == "oed":
        if not given.currency:
            refuse([fault("columns", "OED", ["LocCurrency"])])
        return (*faults, *write_oed(flat.assets, file, currency=given.currency))
    columns = {n: np.asarray(column(flat.assets, n)).tolist() for n in flat.assets}
    with file.open("w", encoding="utf-8", newline="") as stream:
        out = csv.writer(stream)
        out.writerow(columns)
        for row in zip(*columns.values(), strict=True):
            out.writerow(["" if x is None or x != x else x for x in row])
    return tuple(faults)


def _flat(given: Exchange) -> tuple[Exchange, list[Fault]]:
    """Return assets with lon and lat for their geometry."""
    if "geometry" not in given.assets:
        return given, []
    import shapely

    shapes = np.asarray(given.assets["geometry"], dtype=object)
    ids = as_texts(column(given.assets, "id"))
    wide = shapely.get_dimensions(shapes) > 0
    inside = shapely.point_on_surface(shapes)
    rest: Mapping[str, Any] = {
        n: v for n, v in given.assets.items() if n not in {"geometry", "lon", "lat"}
    }
    assets = {**rest, "lon": shapely.get_x(inside), "lat": shapely.get_y(inside)}
    return replace(given, assets=assets), rows_fault("flattened", "geometry", wide, ids)
