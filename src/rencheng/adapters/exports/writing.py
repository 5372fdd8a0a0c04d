"""Writes a city as GeoPackage, GeoParquet, CSV or GeoJSON, a block of rows at a time.

Every file says inside which version of which city it holds, and for each table the layers it rests
on with origin, source and licence; every row has `origin` and `is_synthetic`.
"""

from __future__ import annotations

import csv
import json
import shutil
import tempfile
import zipfile
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import msgspec
import numpy as np

from rencheng.adapters.exports.contents import TABLES, table_of
from rencheng.adapters.exports.features import cells, features
from rencheng.adapters.exports.geometry import (
    Kind,
    boxes,
    extent,
    geometries,
    kind_of,
)
from rencheng.adapters.exports.provenance import LAYERS_TABLE, labels, layer_rows, manifest
from rencheng.adapters.exports.tables import Ids, Rows, Table
from rencheng.domain.city import City
from rencheng.domain.errors import ConflictError, InvalidInputError

if TYPE_CHECKING:
    import pyarrow as pa

BLOCK = 50_000
"""Rows that are in memory at a time."""
GEOPARQUET = "1.1.0"
MANIFEST = "city.json"


def write_city(city: City, path: Path, form: str, layers: Sequence[str] = ()) -> Path:
    """Write a city for other programs.

    Parameters
    ----------
    city
        The city.
    path
        The file; for the formats of one file a layer a folder, or a file that ends in `.zip`.
    form
        `gpkg`, `geoparquet`, `csv` or `geojson`.
    layers
        Names of `TABLES`; empty: all of them.

    Returns
    -------
    path
        Where it was written. What stood there is replaced at the end and not before; a folder with
        something in it is refused.

    Raises
    ------
    InvalidInputError
        When the format is unknown, or the packages of the extra `data` are not installed.
    NotFoundError
        When there is no such layer.
    ConflictError
        When the path is a folder that is not empty.
    """
    if form not in FORMS:
        raise InvalidInputError(
            "export.no_form",
            f"no format {form!r}",
            hint=f"Use one of {', '.join(FORMS)}",
            params={"form": form, "forms": ", ".join(FORMS)},
        )
    tables = [table_of(name) for name in layers or TABLES]
    suffix, write = FORMS[form]
    is_folder = suffix != ".gpkg" and path.suffix != ".zip"
    if path.is_dir() and (not is_folder or any(path.iterdir())):
        raise ConflictError(
            "export.taken",
            f"{path} is a folder with something in it",
            hint="Name a new folder or file",
            params={"path": str(path)},
        )
    path.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix=".export-", dir=path.parent) as temporary:
        fresh = Path(temporary)
        try:
            write(city, tables, fresh)
        except ModuleNotFoundError as error:
            raise no_extra(error) from error
        if suffix == ".gpkg":
            (fresh / "city.gpkg").replace(path)
            return path
        _write_json(fresh / MANIFEST, manifest(city, tables))
        if is_folder:
            path.mkdir(exist_ok=True)
            for file in sorted(fresh.iterdir()):
                file.replace(path / file.name)
        else:
            _pack(fresh, path, is_packed=form == "geoparquet")
    return path


def no_extra(error: ModuleNotFoundError) -> InvalidInputError:
    """Return the error of somebody who lacks the packages of the extra `data`."""
    return InvalidInputError(
        "export.no_extra",
        f"this needs the package {error.name}",
        hint="Install the extra: pip install 'rencheng[data]'",
        params={"package": error.name or ""},
    )


def blocks(table: Table, city: City, size: int = BLOCK) -> Iterator[Rows]:
    """Return the rows of a layer, `size` at a time; one empty block when there are none."""
    count = table.count(city)
    for start in range(0, max(count, 1), size):
        yield np.arange(start, min(start + size, count), dtype=np.int64)


# --- Arrow: GeoPackage and GeoParquet -------------------------------------------------------


def arrow_schema(table: Table, city: City, kind: Kind) -> pa.Schema:
    """Return the columns of a layer with their types; geometry is WKB."""
    import pyarrow as pa

    few = np.arange(min(1, table.count(city)), dtype=np.int64)
    columns = [
        pa.field(name, _arrow_type(values.dtype))
        for name, values in cells(table, city, few).items()
    ]
    return pa.schema([*columns, pa.field("geometry", pa.binary())] if kind.name else columns)


def record_batch(table: Table, city: City, rows: Rows, schema: pa.Schema, kind: Kind) -> Any:
    """Return some rows as an Arrow batch."""
    import pyarrow as pa
    import shapely

    arrays = [
        pa.array(values.data, type=schema.field(name).type, mask=np.ma.getmaskarray(values))
        for name, values in cells(table, city, rows).items()
    ]
    if kind.name:
        shapes = geometries(table, city, rows, kind)
        arrays.append(pa.array(shapely.to_wkb(shapes), type=pa.binary()))
    return pa.record_batch(arrays, schema=schema)


def _write_gpkg(city: City, tables: Sequence[Table], folder: Path) -> None:
    import pyarrow as pa
    from pyogrio import write_arrow

    file = folder / "city.gpkg"
    for table in tables:
        kind = kind_of(table, city)
        schema = arrow_schema(table, city, kind)
        made = (record_batch(table, city, rows, schema, kind) for rows in blocks(table, city))
        spatial = {
            "geometry_name": "geometry", "geometry_type": kind.name, "crs": "EPSG:4326",
        } if kind.name else {}  # fmt: skip
        write_arrow(
            pa.RecordBatchReader.from_batches(schema, made),
            file,
            layer=table.name,
            driver="GPKG",
            layer_metadata=labels(city, table),
            **spatial,
        )
    about = layer_rows(city, tables)
    if about:
        write_arrow(pa.Table.from_pylist(about), file, layer=LAYERS_TABLE, driver="GPKG")


def _write_geoparquet(city: City, tables: Sequence[Table], folder: Path) -> None:
    from pyarrow import parquet

    for table in tables:
        kind = kind_of(table, city)
        schema = arrow_schema(table, city, kind)
        about = {"rencheng": json.dumps(manifest(city, [table]), ensure_ascii=False)}
        if kind.name:
            about["geo"] = json.dumps(_geo(table, city, kind))
        schema = schema.with_metadata(about)
        target = folder / f"{table.name}.parquet"
        with parquet.ParquetWriter(target, schema, compression="zstd") as writer:
            for rows in blocks(table, city):
                writer.write_batch(record_batch(table, city, rows, schema, kind))


def _geo(table: Table, city: City, kind: Kind) -> dict[str, Any]:
    """Return the metadata that GeoParquet asks for."""
    import pyproj

    found = extent(*boxes(table, city))
    types = ["Point", "MultiPolygon" if kind.is_multi else "Polygon"]
    column: dict[str, Any] = {
        "encoding": "WKB",
        "geometry_types": types if kind.name == "Unknown" else [kind.name],
        "crs": pyproj.CRS("OGC:CRS84").to_json_dict(),
        "edges": "planar",
        "orientation": "counterclockwise",
    }
    if found:
        column["bbox"] = list(found)
    return {"version": GEOPARQUET, "primary_column": "geometry", "columns": {"geometry": column}}


def _arrow_type(dtype: np.dtype[Any]) -> pa.DataType:
    import pyarrow as pa

    if dtype.kind == "f":
        return pa.float64()
    return {"b": pa.bool_(), "i": pa.int64(), "u": pa.int64()}.get(dtype.kind, pa.string())


# --- text: CSV and GeoJSON ------------------------------------------------------------------


def _write_csv(city: City, tables: Sequence[Table], folder: Path) -> None:
    """Write CSV with lon and lat of points and `wkt` of lines and polygons; empty is unknown."""
    for table in tables:
        kind = kind_of(table, city)
        with (folder / f"{table.name}.csv").open("w", encoding="utf-8-sig", newline="") as stream:
            writer = csv.writer(stream)
            for number, rows in enumerate(blocks(table, city)):
                columns = _csv_columns(table, city, rows, kind)
                if number == 0:
                    writer.writerow(columns)
                writer.writerows(zip(*columns.values(), strict=True))
    about = layer_rows(city, tables)
    with (folder / f"{LAYERS_TABLE}.csv").open("w", encoding="utf-8-sig", newline="") as stream:
        writer = csv.writer(stream)
        writer.writerow(about[0] if about else ())
        writer.writerows([_plain(value) for value in row.values()] for row in about)


def _csv_columns(table: Table, city: City, rows: Rows, kind: Kind) -> dict[str, list[Any]]:
    import shapely

    columns = {
        name: [_plain(value) for value in values.tolist()]
        for name, values in cells(table, city, rows).items()
    }
    if table.xy is not None:
        xy = np.round(table.xy(city)[rows], 7)
        columns["lon"] = [_plain(value) for value in xy[:, 0].tolist()]
        columns["lat"] = [_plain(value) for value in xy[:, 1].tolist()]
    if kind.name not in ("", "Point"):
        shapes = shapely.to_wkt(geometries(table, city, rows, kind), rounding_precision=7)
        columns["wkt"] = ["" if text is None else text for text in shapes]
    return columns


def _plain(value: Any) -> Any:
    """Return a cell; no spreadsheet program may read a text of it as a formula."""
    if value is None or value != value:  # noqa: PLR0124 - NaN
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, str) and value[:1] in ("=", "+", "-", "@", "\t", "\r"):
        return f"'{value}"
    return value


def _write_geojson(city: City, tables: Sequence[Table], folder: Path) -> None:
    """Write one feature collection a layer; a layer without geometry has null for it."""
    for table in tables:
        kind, ids = kind_of(table, city), Ids.of(table, city)
        about = json.dumps(manifest(city, [table]), ensure_ascii=False)
        with (folder / f"{table.name}.geojson").open("wb") as stream:
            stream.write(f'{{"type":"FeatureCollection","name":"{table.name}",'.encode())
            stream.write(f'"rencheng":{about},"features":[\n'.encode())
            separator = b""
            for rows in blocks(table, city):
                for one in features(table, city, rows, ids.names(rows), kind):
                    stream.write(separator + msgspec.json.encode(one))
                    separator = b",\n"
            stream.write(b"\n]}\n")


def _write_json(file: Path, value: Any) -> None:
    file.write_text(json.dumps(value, ensure_ascii=False, indent=1) + "\n", encoding="utf-8")


def _pack(folder: Path, target: Path, *, is_packed: bool) -> None:
    """Put a folder's files into a zip beside it, then into its place."""
    how = zipfile.ZIP_STORED if is_packed else zipfile.ZIP_DEFLATED
    fresh = folder / "city.zip"
    files = sorted(folder.iterdir())
    with zipfile.ZipFile(fresh, "w", how, allowZip64=True) as archive:
        for file in files:
            entry = zipfile.ZipInfo(file.name)  # of 1980: the same city gives the same file
            entry.compress_type = how
            with file.open("rb") as source, archive.open(entry, "w", force_zip64=True) as sink:
                shutil.copyfileobj(source, sink, 1 << 20)
    fresh.replace(target)


Writer = Callable[[City, Sequence[Table], Path], None]
FORMS: dict[str, tuple[str, Writer]] = {
    "gpkg": (".gpkg", _write_gpkg),
    "geoparquet": (".zip", _write_geoparquet),
    "csv": (".zip", _write_csv),
    "geojson": (".zip", _write_geojson),
}
"""What can be written: the suffix of what a browser gets, and who writes it."""
