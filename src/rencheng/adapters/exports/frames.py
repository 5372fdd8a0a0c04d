"""A layer as a data frame of geopandas."""

from __future__ import annotations

from typing import Any

import numpy as np

from rencheng.adapters.exports.features import cells
from rencheng.adapters.exports.geometry import geometries
from rencheng.adapters.exports.tables import Cells, Table
from rencheng.adapters.exports.writing import no_extra
from rencheng.domain.city import City


def frame(table: Table, city: City) -> Any:
    """Return a layer as a GeoDataFrame in EPSG:4326, without geometry as a DataFrame.

    Raises
    ------
    InvalidInputError
        When `geopandas` is not installed.
    """
    try:
        import geopandas
        import pandas
    except ModuleNotFoundError as error:
        raise no_extra(error) from error
    rows = table.all_rows(city)
    columns = {name: _series(values, pandas) for name, values in cells(table, city, rows).items()}
    if not table.shape:
        return pandas.DataFrame(columns)
    return geopandas.GeoDataFrame(columns, geometry=geometries(table, city, rows), crs="EPSG:4326")


def _series(values: Cells, pandas: Any) -> Any:
    """Return a column; whole numbers and flags with gaps keep their type."""
    mask = np.ma.getmaskarray(values)
    if values.dtype.kind == "f":
        return np.where(mask, np.nan, values.data)
    if values.dtype == object:
        texts = values.data.copy()
        texts[mask] = None
        return texts
    if not mask.any():
        return values.data
    gap = "boolean" if values.dtype == np.bool_ else "Int64"
    cells_with_gaps = values.data.astype(object)
    cells_with_gaps[mask] = None
    return pandas.array(cells_with_gaps, dtype=gap)
