"""Rows of a layer as GeoJSON features (RFC 7946)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import msgspec

from rencheng.adapters.exports.geometry import Kind, geometries
from rencheng.adapters.exports.tables import Cells, Rows, Table, is_synthetic
from rencheng.domain.city import City

Feature = dict[str, Any]
NULL = msgspec.Raw(b"null")


def cells(table: Table, city: City, rows: Rows) -> dict[str, Cells]:
    """Return every column of some rows, and where each row comes from."""
    found = {column.name: column.take(city, rows) for column in table.columns}
    origin = table.origin(city, rows)
    return found | {"origin": origin, "is_synthetic": is_synthetic(origin)}


def features(table: Table, city: City, rows: Rows, ids: Sequence[str], kind: Kind) -> list[Feature]:
    """Return some rows as features, ready for `msgspec.json.encode`; unknown values are null.

    Parameters
    ----------
    ids
        Identifier of each of these rows.
    kind
        What geometry the layer has.
    """
    import shapely

    columns = cells(table, city, rows)
    names = list(columns)
    values = zip(*(column.tolist() for column in columns.values()), strict=True)
    shapes = shapely.to_geojson(geometries(table, city, rows, kind))
    return [
        {
            "type": "Feature",
            "id": key,
            "geometry": NULL if shape is None else msgspec.Raw(shape.encode()),
            "properties": dict(zip(names, row, strict=True)),
        }
        for key, shape, row in zip(ids, shapes, values, strict=True)
    ]
