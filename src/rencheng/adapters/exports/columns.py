"""State and forecast of a layer beside its geometry, as a GeoPackage."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

from rencheng.adapters.exports.contents import table_of
from rencheng.adapters.exports.geometry import geometries, kind_of
from rencheng.adapters.exports.provenance import labels
from rencheng.adapters.exports.tables import Ids
from rencheng.adapters.exports.writing import no_extra
from rencheng.domain.city import City

Figures = Mapping[str, Sequence[float | None]]
"""Column → value of each row; None is unknown."""


def write_columns(
    city: City, layer: str, figures: Figures, file: Path, about: Mapping[str, str]
) -> Path:
    """Write a layer's rows with figures; return the file.

    Parameters
    ----------
    layer
        Name of a layer with geometry; figures are in its order.
    about
        What goes into the layer's metadata beside its provenance: run, time, units.

    Raises
    ------
    InvalidInputError
        When the packages of the extra `data` are not installed.
    """
    try:
        import pyarrow as pa
        from pyogrio import write_arrow
    except ModuleNotFoundError as error:
        raise no_extra(error) from error
    import shapely

    table = table_of(layer)
    rows, kind = table.all_rows(city), kind_of(table, city)
    arrays = {"id": pa.array(Ids.of(table, city).names(rows), type=pa.string())}
    name = table.column("name")
    if name is not None:
        cells = name.take(city, rows)
        arrays["name"] = pa.array(cells.tolist(), type=pa.string())
    arrays |= {key: pa.array(values, type=pa.float64()) for key, values in figures.items()}
    shapes = shapely.to_wkb(geometries(table, city, rows, kind))
    arrays["geometry"] = pa.array(shapes, type=pa.binary())
    write_arrow(
        pa.table(arrays),
        file,
        layer=layer,
        driver="GPKG",
        geometry_name="geometry",
        geometry_type=kind.name,
        crs="EPSG:4326",
        layer_metadata={**labels(city, table), **about},
    )
    return file
