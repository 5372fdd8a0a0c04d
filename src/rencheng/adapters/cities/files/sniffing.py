"""A light look into a file of any kind: headers and first rows, never the whole."""

from __future__ import annotations

import json
import re
import zipfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from rencheng.adapters.cities.files import columns, coordinates, tabular
from rencheng.adapters.cities.files.columns import Column, Preview
from rencheng.adapters.cities.files.faults import check_size, open_zip
from rencheng.adapters.cities.files.picking import as_numbers, as_texts
from rencheng.adapters.cities.files.tabular import UNKNOWN_WORDS, Rows
from rencheng.adapters.cities.readers import Job
from rencheng.domain.errors import Fault, RenchengError

SAMPLE = 2000
"""Rows that are looked at."""
_EXAMPLES = 5
_HEAD = 65_536
_POPULATION = ("pop", "ppp", "人口", "people", "residents", "ghs")
_GTFS = {"stops.txt", "trips.txt", "stop_times.txt"}
_FLAGS = frozenset({"true", "false", "yes", "no", "y", "n", "t", "f", "是", "否", "有", "si", "sí"})
_DATE = re.compile(r"\d{4}[-/.年]\d{1,2}([-/.月]\d{1,2})?")


def look(file: Path, part: str = "") -> Preview:
    """Return what a file holds; see `columns.inspect`."""
    try:
        check_size(file, Job(), factor=0.0)
        return _looked(file, part)
    except ModuleNotFoundError as error:
        problem = f"the package {error.name} is not installed"
        fault = Fault(where=file.name, key="reading.no_extra", problem=problem,
                      hint="Install rencheng[data]", first=(str(error.name),))  # fmt: skip
        return Preview(file=file.name, faults=(fault,))
    except RenchengError as error:
        fault = Fault(where=file.name, key=error.key, problem=error.problem, hint=error.hint)
        return Preview(file=file.name, faults=error.faults or (fault,))


def _looked(file: Path, part: str) -> Preview:
    with file.open("rb") as stream:
        head = stream.read(_HEAD)
    suffix = file.suffix.lower()
    if b"OSMHeader" in head[:64] or suffix == ".pbf":
        return _pbf(file, head)
    if head[:4] in (b"II*\0", b"MM\0*", b"II+\0", b"MM\0+"):
        return _raster(file)
    if suffix == ".zip" or head[:4] == b"PK\x03\x04":
        return _archive(file, part)
    if suffix == ".inp":
        return _inp(file, head)
    if suffix in (".json", ".geojson"):
        return _json(file, head, part)
    if suffix in (".gpkg", ".fgb", ".shp"):
        return _vector(file, part)
    if suffix in (".parquet", ".geoparquet"):
        return _parquet(file, head)
    if suffix in (".csv", ".tsv", ".txt"):
        return _table(file, tabular.read_csv(file, Job(), limit=SAMPLE), _is_whole(file, head))
    return _unknown(file)


def _unknown(file: Path) -> Preview:
    fault = Fault(where=file.name, key="reading.format", problem="no reader takes such a file",
                  hint="See the guide for the formats")  # fmt: skip
    return Preview(file=file.name, faults=(fault,))


def _is_whole(file: Path, head: bytes) -> bool:
    return file.stat().st_size <= len(head)


def _pbf(file: Path, head: bytes) -> Preview:
    if b"OSMHeader" not in head[:64]:
        fault = Fault(where=file.name, key="reading.not_that_kind",
                      problem="it does not begin as an OSM PBF", hint="Fetch it again")  # fmt: skip
        return Preview(file=file.name, kind="osm_pbf", faults=(fault,))
    layers = ("roads", "buildings", "facilities", "stops", "boundary")
    return Preview(file=file.name, kind="osm_pbf", layers=layers, crs="EPSG:4326")


def _raster(file: Path) -> Preview:
    import rasterio

    try:
        with rasterio.open(file, driver="GTiff") as raster:
            crs = str(raster.crs.to_string()) if raster.crs else ""
            bounds = tuple(float(one) for one in raster.bounds)
            size, kind = raster.width * raster.height, str(raster.dtypes[0])
            nothing = "" if raster.nodata is None else f"{raster.nodata:g}"
    except rasterio.errors.RasterioError as error:
        fault = Fault(where=file.name, key="reading.not_that_kind", problem=str(error),
                      hint="Export it again")  # fmt: skip
        return Preview(file=file.name, kind="terrain", faults=(fault,))
    people = any(word in file.stem.casefold() for word in _POPULATION)
    bbox, is_lonlat = _lonlat_box(bounds, crs)
    faults: tuple[Fault, ...] = ()
    if not crs:
        faults = (Fault(where="crs", key="reading.crs_missing", problem="the raster names no crs",
                        hint="State the crs in the recipe"),)  # fmt: skip
    return Preview(
        file=file.name, kind="population_raster" if people else "terrain",
        layers=("people",) if people else ("terrain",), rows=size, crs=crs, bbox=bbox,
        is_lonlat=is_lonlat, geometry="raster", faults=faults,
        columns=(Column(name="1", type="whole" if "int" in kind else "number", count=0, nulls=0),),
        options={"nodata": nothing} if nothing else {},
    )  # fmt: skip


def _archive(file: Path, part: str) -> Preview:
    from rencheng.adapters.cities.files.features import members, opened

    with open_zip(file, Job()) as archive:
        names = archive.namelist()
    plain = {Path(name).name for name in names}
    if plain >= _GTFS:
        with zipfile.ZipFile(file) as archive:
            stops = next(name for name in names if Path(name).name == "stops.txt")
            with archive.open(stops) as stream:
                rows = sum(1 for _ in stream) - 1
        return Preview(file=file.name, kind="gtfs", layers=("stops",), rows=rows, crs="EPSG:4326",
                       parts=tuple(sorted(plain)), geometry="points")  # fmt: skip
    found = members(names)
    if not found:
        return _unknown(file)
    chosen = part or found[0]
    with opened(file, Job(), chosen) as unpacked:
        inside = _looked(unpacked, "")
    options = {"layer": chosen} if len(found) > 1 else {}
    return _changed(inside, file=file.name, parts=tuple(found), part=chosen, options=options)


def _changed(preview: Preview, **change: Any) -> Preview:
    from dataclasses import replace

    return replace(preview, **change)


def _inp(file: Path, head: bytes) -> Preview:
    encoding = tabular.encoding_of(head)
    if not encoding:
        raise tabular.unreadable(file, "utf-8, gb18030, cp1252")
    text = head.decode(encoding, errors="ignore")
    sections = re.findall(r"^\s*\[([A-Za-z_]+)\]", text, re.M)
    names = {one.upper() for one in sections}
    storm = bool(names & {"SUBCATCHMENTS", "CONDUITS", "RAINGAGES", "OUTFALLS"})
    if not storm and not names & {"PIPES", "JUNCTIONS", "RESERVOIRS", "TANKS"}:
        return _unknown(file)
    kind, layer = ("swmm", "drainage") if storm else ("epanet", "water")
    return Preview(file=file.name, kind=kind, layers=(layer,), parts=tuple(sections),
                   encoding=encoding, geometry="lines")  # fmt: skip


def _json(file: Path, head: bytes, part: str) -> Preview:
    if b"pandapower" in head:
        return Preview(file=file.name, kind="pandapower", layers=("power",), geometry="lines")
    if b"@iot" in head or b'"Datastreams"' in head or b'"Locations"' in head:
        return Preview(file=file.name, kind="sensorthings", layers=("sensors",), geometry="points")
    if b'"Feature' in head or b'"coordinates"' in head:
        return _vector(file, part)
    return _unknown(file)


def _vector(file: Path, part: str) -> Preview:
    from rencheng.adapters.cities.files import features
    from rencheng.adapters.cities.readers.vector import geometry_of

    names = features.layer_names(file)
    part = part or (names[0] if names else "")
    rows = features.read_features(file, Job(), part=part, limit=SAMPLE)
    count, bounds = features.extent(file, part)
    preview = _rows(file, rows, geometry_of(rows), count, f"{file.stem} {part}")
    bbox, is_lonlat = _lonlat_box(bounds, rows.crs) if bounds else (None, True)
    options = {"layer": part} if len(names) > 1 else {}
    return _changed(preview, kind="vector", parts=tuple(names), part=part, bbox=bbox,
                    is_lonlat=is_lonlat, options=options)  # fmt: skip


def _parquet(file: Path, head: bytes) -> Preview:
    import pyarrow.parquet as pq

    from rencheng.adapters.cities.files import features
    from rencheng.adapters.cities.readers.vector import geometry_of

    if not head.startswith(b"PAR1"):
        raise features.broken(file, "it does not begin as Parquet")
    rows = features.read_features(file, Job(), limit=SAMPLE)
    about = pq.read_metadata(file)
    if rows.geometry is None:
        return _table(file, rows, about.num_rows <= SAMPLE, about.num_rows)
    preview = _rows(file, rows, geometry_of(rows), about.num_rows, file.stem)
    stated = json.loads((about.metadata or {}).get(b"geo", b"{}")).get("columns", {})
    bounds = next((one["bbox"] for one in stated.values() if len(one.get("bbox", ())) == 4), None)
    bbox, is_lonlat = _lonlat_box(bounds, rows.crs) if bounds else (None, True)
    return _changed(preview, kind="vector", bbox=bbox, is_lonlat=is_lonlat)


def _table(file: Path, rows: Rows, is_whole: bool, count: int = -1) -> Preview:
    known = rows.count < SAMPLE or is_whole
    count = rows.count if known and count < 0 else count
    place = columns.guess_place(rows.names)
    kind = columns.table_kind(rows.names)
    preview = _rows(file, rows, "points" if place else "", count, file.stem)
    bbox, is_lonlat = None, True
    if len(place) == 2:
        x, y = (as_numbers(rows.columns[theirs])[0] for theirs in place.values())
        there = np.isfinite(x) & np.isfinite(y)
        if there.any():
            x, y = x[there], y[there]
            bbox, is_lonlat = _lonlat_box((x.min(), y.min(), x.max(), y.max()), "")
    mapping = {layer: {**place, **found} for layer, found in preview.mapping.items()}
    layers = preview.layers if kind == "table" else (kind,)
    layers = ("roads",) if kind == "road_table" else layers
    return _changed(preview, kind=kind, mapping=mapping, bbox=bbox, is_lonlat=is_lonlat,
                    layers=layers, is_sample=not known,
                    options={"join": "zones"} if layers == ("counts",) else {})  # fmt: skip


def _rows(file: Path, rows: Rows, geometry: str, count: int, stem: str) -> Preview:
    layer = columns.guess_layer(stem, rows.names, geometry, count)
    swapped = _swapped(rows)
    fault = Fault(where="lon, lat", key="reading.axes", problem="x and y look swapped",
                  hint="Set options.swap_axes = true", first=("y, x",))  # fmt: skip
    return Preview(
        file=file.name,
        layers=(layer,) if layer else (),
        rows=count,
        is_sample=count > rows.count or count < 0,
        crs=_short(rows.crs),
        geometry=geometry,
        encoding=rows.encoding,
        columns=tuple(column_of(name, column) for name, column in rows.columns.items()),
        mapping={one: columns.guess(rows.names, one) for one in columns.COLUMNS},
        faults=(fault,) if swapped else (),
    )


def _swapped(rows: Rows) -> bool:
    if rows.geometry is not None:
        import shapely

        box = shapely.bounds(rows.geometry)
        return coordinates.looks_swapped(box[:, :2], None, rows.crs)
    place = columns.guess_place(rows.names)
    if set(place) != {"lon", "lat"}:
        return False
    xy = np.column_stack([as_numbers(rows.columns[theirs])[0] for theirs in place.values()])
    return coordinates.looks_swapped(xy)


def _short(crs: str) -> str:
    return coordinates.short_name(crs) if crs else ""


def _lonlat_box(bounds: Any, crs: str) -> tuple[columns.Box | None, bool]:
    """Return a box in lon, lat where its system is known, else as it stands."""
    west, south, east, north = (float(one) for one in bounds)
    as_is = (west, south, east, north)
    fits = -180 <= west <= east <= 180 and -90 <= south <= north <= 90
    if not np.isfinite(as_is).all():
        return None, True
    if not crs:
        return as_is, fits
    corners = np.array([[west, south], [west, north], [east, south], [east, north]])
    turned = coordinates.to_lonlat(corners, crs)
    if not np.isfinite(turned).all():
        return as_is, False
    low, high = turned.min(axis=0), turned.max(axis=0)
    return (float(low[0]), float(low[1]), float(high[0]), float(high[1])), True


def column_of(name: str, values: NDArray[Any]) -> Column:
    """Return what a column holds, after the rows looked at."""
    texts = as_texts(values)
    there = texts[texts != ""]
    examples: Mapping[str, None] = dict.fromkeys(str(one)[:60] for one in there.tolist())
    return Column(
        name=name,
        type=_type_of(values, there),
        count=len(texts),
        nulls=len(texts) - len(there),
        examples=tuple(examples)[:_EXAMPLES],
    )


def _type_of(values: NDArray[Any], there: NDArray[Any]) -> str:
    if not len(there):
        return "empty"
    if values.dtype != object and values.dtype.kind in "iu":
        return "whole"
    found, bad = as_numbers(there if values.dtype == object else values)
    if not len(bad):
        # A leading zero means a code: 0755 is not 755.
        if values.dtype == object and any(re.match(r"0\d", str(one)) for one in there):
            return "text"
        known = found[np.isfinite(found)]
        return "whole" if (known == np.round(known)).all() else "number"
    words = {str(one).casefold() for one in there} - UNKNOWN_WORDS
    if words <= _FLAGS:
        return "flag"
    return "date" if all(_DATE.match(str(one)) for one in there) else "text"
