"""The kinds of source that the page offers, and the endings of their files."""

from __future__ import annotations

import importlib.util

from rencheng.adapters.cities.files.columns import COLUMNS, PLACE
from rencheng.adapters.cities.readers import KINDS, Source, reader_of
from rencheng.domain.errors import InvalidInputError
from rencheng.service.importing import KindInfo

ENDINGS: dict[str, tuple[str, ...]] = {
    "osm_pbf": (".pbf",),
    "vector": (".gpkg", ".geojson", ".json", ".fgb", ".shp", ".parquet", ".geoparquet", ".zip"),
    "table": (".csv", ".tsv", ".txt"),
    "road_table": (".csv", ".gpkg", ".geojson", ".shp", ".zip"),
    "terrain": (".tif", ".tiff", ".vrt"),
    "population_raster": (".tif", ".tiff", ".vrt"),
    "gtfs": (".zip",),
    "epanet": (".inp",),
    "swmm": (".inp",),
    "pandapower": (".json",),
    "dependencies": (".csv",),
    "sensors": (".csv",),
    "sensorthings": (".json",),
    "aequilibrae": (".zip",),
}
"""Endings by kind; the likeliest kind of an ending comes first."""
_NEEDS = {"vector": "pyogrio", "road_table": "pyogrio", "osm_pbf": "osmium"}
"""A package that a reader imports only while it reads."""


def all_kinds() -> tuple[KindInfo, ...]:
    """Return every kind that has a reader here; those whose packages are missing say so."""
    found: list[KindInfo] = []
    for kind in (*ENDINGS, *(one for one in KINDS if one not in ENDINGS)):
        if importlib.util.find_spec(f"rencheng.adapters.cities.readers.{kind}") is None:
            continue
        endings = ENDINGS.get(kind, ())
        try:
            layers = tuple(reader_of(Source(id="", kind=kind)).layers)
        except (InvalidInputError, ImportError):
            found.append(KindInfo(kind=kind, layers=(), endings=endings, is_usable=False))
            continue
        package = _NEEDS.get(kind, "numpy")
        is_usable = importlib.util.find_spec(package) is not None
        found.append(KindInfo(kind=kind, layers=layers, endings=endings, is_usable=is_usable))
    return tuple(found)


def all_columns() -> dict[str, tuple[str, ...]]:
    """Return by layer our columns that a file's columns can be mapped to; places come last."""
    return {
        layer: (*names, *(name for name in PLACE if name not in names))
        for layer, names in COLUMNS.items()
    }
