"""Features of vector files as rows: GeoPackage, FlatGeobuf, Shapefile, GeoJSON, GeoParquet.

A file is opened by what its first bytes say it is, so that no other format, such as one that
points to the network, passes under a known name.
"""

from __future__ import annotations

import json
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import pyogrio
import shapely

from rencheng.adapters.cities.files import tabular
from rencheng.adapters.cities.files.faults import check_size, is_inside, open_zip
from rencheng.adapters.cities.files.tabular import Rows
from rencheng.adapters.cities.readers import Job
from rencheng.domain.errors import InvalidInputError

SUFFIXES = (".gpkg", ".fgb", ".shp", ".geojson", ".json", ".parquet", ".geoparquet")
_MAGIC = {
    ".gpkg": (b"SQLite format 3\x00",), ".fgb": (b"fgb",), ".shp": (b"\x00\x00\x27\x0a",),
    ".geojson": (b"{",), ".json": (b"{",), ".parquet": (b"PAR1",), ".geoparquet": (b"PAR1",),
}  # fmt: skip
# Memory that reading takes as a multiple of the file. FlatGeobuf was measured on 1,000,000
# footprints, the
# others are estimates.
_FACTOR = {".geojson": 2.0, ".json": 2.0, ".parquet": 0.0, ".geoparquet": 0.0}
_USUAL_FACTOR = 4.0
_ERRORS = (
    pyogrio.errors.DataSourceError, pyogrio.errors.DataLayerError, pyogrio.errors.FeatureError,
)  # fmt: skip
_SHAPE_PARTS = (".shp", ".shx", ".dbf", ".prj", ".cpg")


def broken(file: Path, why: object) -> InvalidInputError:
    """Return the error of a file that is not what its name says, or damaged."""
    return InvalidInputError(
        "city.file_broken",
        f"{file.name} cannot be read: {why}",
        hint="Check its format, or export it again",
        params={"file": file.name},
    )


def check_magic(file: Path) -> str:
    """Return the suffix of a vector file whose first bytes are those of its format.

    Raises
    ------
    InvalidInputError
        When the suffix is unknown or the content is another one.
    """
    suffix = file.suffix.lower()
    if suffix not in _MAGIC:
        raise InvalidInputError(
            "city.vector_format",
            f"{file.name} is no vector file that can be read",
            hint=f"Use one of {', '.join(SUFFIXES)} or a zip of one",
            params={"file": file.name, "formats": ", ".join(SUFFIXES)},
        )
    with file.open("rb") as stream:
        start = stream.read(64).lstrip(b"\xef\xbb\xbf")
    if suffix in (".geojson", ".json"):
        start = start.lstrip()
    if not start.startswith(_MAGIC[suffix]):
        raise broken(file, f"its first bytes are not those of a {suffix[1:]} file")
    return suffix


@contextmanager
def opened(file: Path, job: Job, part: str = "") -> Iterator[Path]:
    """Give the vector file itself, or the one inside an archive, unpacked for a while.

    Parameters
    ----------
    part
        Name, or stem, of the member; needed when the archive holds several.

    Raises
    ------
    InvalidInputError
        When the archive holds none, or several and none is named.
    """
    if file.suffix.lower() != ".zip":
        yield file
        return
    with open_zip(file, job) as archive, tempfile.TemporaryDirectory(prefix="rencheng-") as folder:
        names = members(archive.namelist())
        chosen = [n for n in names if part in (n, Path(n).name, Path(n).stem)] or names
        if len(chosen) != 1:
            raise InvalidInputError(
                "city.zip_choice",
                f"{file.name} holds {len(names)} vector files: {names[:5]}",
                hint="Name one in options.layer",
                params={"file": file.name, "n": len(names), "first": ", ".join(names[:5]) or "-"},
            )
        stem = chosen[0][: -len(Path(chosen[0]).suffix)]
        for info in archive.infolist():
            tail = info.filename[len(stem) :].lower()
            same = info.filename == chosen[0] or (
                info.filename.startswith(stem) and tail in _SHAPE_PARTS
            )
            if same and not info.is_dir() and is_inside(info.filename):
                target = Path(folder) / (Path(stem).name + tail)
                target.write_bytes(archive.read(info))
        yield Path(folder) / (Path(stem).name + chosen[0][len(stem) :].lower())


def members(names: list[str]) -> list[str]:
    """Return the vector files among an archive's members."""
    return sorted(n for n in names if n.lower().endswith(SUFFIXES) and not n.startswith("__MACOSX"))


def layer_names(file: Path) -> list[str]:
    """Return the names of the layers with geometry inside a file.

    Raises
    ------
    InvalidInputError
        When it cannot be opened.
    """
    if check_magic(file) in (".parquet", ".geoparquet"):
        return []
    try:
        return [str(name) for name, kind in pyogrio.list_layers(file) if kind is not None]
    except _ERRORS as error:
        raise broken(file, error) from error


def read_features(
    file: Path, job: Job, *, part: str = "", encoding: str = "", limit: int = -1
) -> Rows:
    """Return all features of one layer of a file, with their attributes.

    Parameters
    ----------
    part
        Name of the layer inside the file; empty: the only one, or the first.
    encoding
        Of a Shapefile's texts, where its own statement is missing or wrong.
    limit
        Read so many only; below zero: all.

    Raises
    ------
    InvalidInputError
        When it is damaged or has no such layer.
    TooMuchError
        When it does not fit the job's memory.
    """
    suffix = check_magic(file)
    check_size(file, job, factor=0.0 if limit >= 0 else _FACTOR.get(suffix, _USUAL_FACTOR))
    if suffix in (".parquet", ".geoparquet"):
        return _geoparquet(file, job, limit)
    names = layer_names(file)
    if part and part not in names and part not in (file.stem, file.name):
        raise InvalidInputError(
            "city.no_part",
            f"{file.name} has no layer {part!r}; it has {', '.join(names)}",
            hint="Name one of these in options.layer",
            params={"file": file.name, "part": part, "parts": ", ".join(names)},
        )
    if suffix == ".shp" and not encoding:
        encoding = _shape_encoding(file)
    more = {"max_features": limit} if limit >= 0 else {}
    try:
        meta, table = pyogrio.read_arrow(
            file, layer=part if part in names else None, encoding=encoding or None, **more
        )
    except (UnicodeDecodeError, LookupError) as error:
        raise tabular.unreadable(file, encoding or "utf-8") from error
    except (ValueError, *_ERRORS) as error:
        raise broken(file, error) from error
    key = meta["geometry_name"] or "wkb_geometry"
    shapes = _shapes(file, table.column(key)) if key in table.column_names else None
    crs = str(meta["crs"] or "")
    if suffix in (".geojson", ".json") and not _says_crs(file):
        crs = ""
    return Rows(
        columns=tabular.from_arrow(table, skip=[key]),
        count=table.num_rows,
        geometry=shapes,
        numbers=np.arange(1, table.num_rows + 1),
        crs=crs,
        encoding=encoding,
    )


def extent(file: Path, part: str = "") -> tuple[int, tuple[float, float, float, float] | None]:
    """Return the number of features and their extent in the file's own coordinates; -1, None."""
    try:
        about = pyogrio.read_info(file, layer=part or None, force_total_bounds=True)
    except _ERRORS as error:
        raise broken(file, error) from error
    return int(about["features"]), about.get("total_bounds")


def _shapes(file: Path, column: Any) -> Any:
    try:
        return np.asarray(shapely.from_wkb(column.to_numpy(), on_invalid="ignore"), dtype=object)
    except (TypeError, ValueError, shapely.GEOSException) as error:
        raise broken(file, error) from error


def _says_crs(file: Path) -> bool:
    """Whether a GeoJSON file names a coordinate system, as the standard of 2008 had it."""
    with file.open("rb") as stream:
        return b'"crs"' in stream.read(65_536)


def _shape_encoding(file: Path) -> str:
    """Return the encoding of a Shapefile's texts when its own statement is missing."""
    table = file.with_suffix(".dbf")
    if file.with_suffix(".cpg").exists() or not table.exists():
        return ""
    with table.open("rb") as stream:
        data = stream.read(1 << 20)
    start = int.from_bytes(data[8:10], "little")
    # Byte 29 is the language driver; 0 and 0x57 (ANSI) say nothing.
    if len(data) < 32 or data[29] not in (0, 0x57):
        return ""
    body = data[start:].replace(b"\x00", b" ")
    found = tabular.encoding_of(body)
    return "" if body.isascii() else found


def _geoparquet(file: Path, job: Job, limit: int) -> Rows:
    import pyarrow as pa
    import pyarrow.parquet as pq

    try:
        with pq.ParquetFile(file) as source:
            tabular.check_parquet(file, source.metadata, job, limit)
            about = json.loads((source.schema_arrow.metadata or {}).get(b"geo", b"{}"))
            if limit >= 0:
                batch = next(source.iter_batches(batch_size=max(1, limit)), None)
                table = pa.Table.from_batches([batch] if batch else [], source.schema_arrow)
            else:
                table = source.read()
    except (pa.ArrowException, OSError, ValueError) as error:
        raise broken(file, error) from error
    key = str(about.get("primary_column", ""))
    more = about.get("columns", {}).get(key, {})
    shapes, crs = None, ""
    if key in table.column_names:
        if str(more.get("encoding", "WKB")).upper() != "WKB":
            raise broken(file, f"its geometry is encoded as {more['encoding']}, not as WKB")
        shapes = _shapes(file, table.column(key))
        # GeoParquet 1.1: no crs means OGC:CRS84, null means unknown.
        stated = more.get("crs", "OGC:CRS84")
        crs = _projjson(stated) if stated else ""
    skip = [name for name in table.column_names if name in about.get("columns", {})]
    return Rows(
        columns=tabular.from_arrow(table, skip=skip),
        count=table.num_rows,
        geometry=shapes,
        numbers=np.arange(1, table.num_rows + 1),
        crs=crs,
    )


def _projjson(stated: Any) -> str:
    if isinstance(stated, str):
        return stated
    number = stated.get("id", {})
    if str(number.get("authority", "")).upper() == "EPSG":
        return f"EPSG:{number['code']}"
    if str(number.get("code", "")).upper() == "CRS84":
        return "OGC:CRS84"
    return json.dumps(stated)
