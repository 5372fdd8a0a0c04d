"""Read vector files: GeoPackage, GeoParquet, FlatGeobuf, Shapefile, GeoJSON, also inside a zip.

Layers: `zones`, `boundary`, `buildings`, `facilities`, `roads`, `stops`, `people`; without `layers`
in the recipe the file's columns and geometry decide. Options:

`layer`
    Name of the layer inside the file, or of the member inside the zip.
`encoding`
    Of a Shapefile's texts, where they are not what the file says.
`swap_axes`
    true: the file has y before x (lat, lon, or northing, easting).
`kind`
    Kind of all facilities, where the file has no column for it.
`cut`
    `ends`: streets are cut only where one ends; else also where two share a vertex.
`decimal`
    `,` where texts hold numbers such as `1.234,5`.

A file that says one coordinate system while the recipe says another is refused; GCJ-02 and BD-09,
which no file can say, hold over WGS84. Attribute filters are not offered: cut the file first.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from rencheng.adapters.cities.files.columns import guess_layer
from rencheng.adapters.cities.files.faults import check_size
from rencheng.adapters.cities.files.features import opened, read_features
from rencheng.adapters.cities.files.shaping import layers_of, make_given
from rencheng.adapters.cities.files.tabular import Rows
from rencheng.adapters.cities.given import Given
from rencheng.adapters.cities.readers import Job, Source

LAYERS = ("zones", "boundary", "buildings", "facilities", "roads", "stops", "people")


def geometry_of(rows: Rows) -> str:
    """Return `points`, `lines`, `polygons` after the first features; empty: no geometry."""
    import shapely

    if rows.geometry is None:
        return ""
    for shape in rows.geometry[:1000]:
        kind = int(shapely.get_type_id(shape))
        for name, kinds in (("points", (0, 4)), ("lines", (1, 5)), ("polygons", (3, 6))):
            if kind in kinds:
                return name
    return ""


@dataclass(frozen=True, slots=True)
class VectorReader:
    """Reads vector files."""

    layers: tuple[str, ...] = LAYERS

    def read(self, source: Source, file: Path, job: Job) -> Given:
        """Return what the file says; see the module for the options."""
        check_size(file, job, factor=0.0)
        part = str(source.options.get("layer", ""))
        with opened(file, job, part) as unpacked:
            rows = read_features(
                unpacked, job, part=part, encoding=str(source.options.get("encoding", ""))
            )
            stem = unpacked.stem
        job.go_on(0.3)
        named = f"{stem} {part}"
        guessed = guess_layer(named, rows.names, geometry_of(rows) or "points", rows.count)
        layers = layers_of(source, self.layers, guessed, file)
        given = make_given(rows, layers, source, file, job)
        job.go_on(1.0)
        return given


READER = VectorReader()
