"""Event sets in files: a table, a folder of rasters, CLIMADA's HDF5; larger ones piece by piece."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from rencheng.adapters.cities.files.tabular import read_csv
from rencheng.adapters.cities.readers import Job, Source
from rencheng.adapters.risk.events import (
    EventSet,
    Pointwise,
    event_table,
    stored_faults,
    unit_faults,
)
from rencheng.adapters.risk.faults import fault, refuse
from rencheng.domain.errors import InvalidInputError
from rencheng.domain.risk import EventHead, EventSource

F32 = NDArray[np.float32]
F64 = NDArray[np.float64]
I32 = NDArray[np.int32]
I64 = NDArray[np.int64]
RASTERS = (".tif", ".tiff", ".asc")
HDF5 = (".h5", ".hdf5", ".hdf")
RATES = "rates.csv"
"""Beside rasters: columns `event` (a file's name without its ending) and `rate` [1/yr]."""


def open_events(
    path: Path,
    *,
    measure: str,
    unit: str = "",
    reach_m: float | None = None,
    is_nodata_dry: bool = False,
) -> EventSet:
    """Open an event set; what is large stays on the disk until a block of it is computed.

    Parameters
    ----------
    path
        A CSV as `event_table` takes it, a folder with a raster for each event, or a hazard file of
        CLIMADA (`.h5`, `.hdf5`).
    measure, unit
        What the intensities are. An HDF5 file states its unit itself.
    reach_m
        How far an asset may lie from the nearest point; None: as far as points lie from each other.
        Of rasters the cell counts in which an asset stands.
    is_nodata_dry
        Whether a raster's cells without a value are not reached, instead of unknown.

    Raises
    ------
    InvalidInputError
        With every fault that can be seen without reading all of the set.
    """
    if path.is_dir():
        refuse(unit_faults(measure, unit))
        files = sorted(f for f in path.iterdir() if f.suffix.lower() in RASTERS)
        if not files:
            refuse([fault("empty", str(path.name), [path.name])])
        return RasterFolder(
            files=files, measure=measure, unit=unit, is_nodata_dry=is_nodata_dry, rates=_rates(path)
        )
    if path.suffix.lower() in HDF5:
        return Pointwise(source=open_hdf5(path, measure, unit), reach_m=reach_m)
    rows = read_csv(path, Job())
    return event_table(rows.columns, measure=measure, unit=unit, source=path.name, reach_m=reach_m)


def _rates(folder: Path) -> dict[str, float]:
    file = folder / RATES
    if not file.exists():
        return {}
    from rencheng.adapters.cities.files.picking import as_numbers, as_texts

    rows = read_csv(file, Job()).columns
    missing = [n for n in ("event", "rate") if n not in rows]
    if missing:
        refuse([fault("columns", RATES, missing)])
    rate, unread = as_numbers(rows["rate"])
    names = as_texts(rows["event"])
    bad = [*np.flatnonzero(rate < 0), *unread]
    if bad:
        refuse([fault("rate", RATES, [names[i] for i in bad])])
    return dict(zip(names, rate.tolist(), strict=True))


@dataclass(frozen=True, slots=True, kw_only=True)
class RasterFolder:
    """A raster for each event, all on one grid."""

    files: list[Path]
    measure: str
    unit: str
    is_nodata_dry: bool
    rates: dict[str, float]

    def at(self, lonlat: F64) -> tuple[EventSource, float]:
        """Return the events at the cells in which places lie. No place is far from itself."""
        place = np.unique(lonlat[~np.isnan(lonlat).any(axis=1)], axis=0)
        cells, inside = self._cells(place)
        head = EventHead(
            place=place[inside],
            rate=np.array([self.rates.get(f.stem, np.nan) for f in self.files]),
            names=tuple(f.stem for f in self.files),
            measure=self.measure,
            unit=self.unit,
            source=self.files[0].parent.name,
        )
        return RasterEvents(head=head, folder=self, cells=cells[inside]), 0.0

    def _cells(self, place: F64) -> tuple[I64, NDArray[np.bool_]]:
        """Return row and column of each place from the north, and whether the grid has it."""
        from pyproj import Transformer

        grids = []
        for file in self.files:
            with _raster(file) as raster:
                grids.append((raster.crs, raster.corner, raster.step, raster.shape))
        crs, corner, step, shape = grids[0]
        other = [f.name for f, grid in zip(self.files, grids, strict=True) if grid != grids[0]]
        if other:
            refuse([fault("grid", self.files[0].parent.name, other)])
        x, y = Transformer.from_crs("EPSG:4326", crs, always_xy=True).transform(*place.T)
        column = np.floor((np.asarray(x) - corner[0]) / step[0])
        row = np.floor((corner[1] - np.asarray(y)) / step[1])
        inside = (row >= 0) & (column >= 0) & (row < shape[0]) & (column < shape[1])
        cells = np.column_stack([row, column])
        cells[~inside] = 0
        return cells.astype(np.int64), inside


def _raster(file: Path) -> Any:
    from rencheng.adapters.cities.formats.rasters import open_raster

    return open_raster(file, Source(id=file.name, kind="raster"), Job())


@dataclass(frozen=True, slots=True, kw_only=True)
class RasterEvents:
    """What rasters say at places; a file is read when its event is asked for."""

    head: EventHead
    folder: RasterFolder
    cells: I64
    """Row and column of each point, from the north. (points, 2)"""
    _start: list[I64] = field(default_factory=list)

    @property
    def start(self) -> I64:
        """Where each event begins; every file is read once to know it. (events + 1,)"""
        if not self._start:
            sizes = [self._event(i)[0].size for i in range(len(self.folder.files))]
            self._start.append(np.concatenate([[0], np.cumsum(sizes)]).astype(np.int64))
        return self._start[0]

    def block(self, first: int, last: int) -> tuple[I32, F32]:
        """Return point and intensity of events; see `EventSource`."""
        parts = [self._event(i) for i in range(first, last)]
        return np.concatenate([p for p, _ in parts]), np.concatenate([x for _, x in parts])

    def _event(self, row: int) -> tuple[I32, F32]:
        if not len(self.cells):
            return np.zeros(0, dtype=np.int32), np.zeros(0, dtype=np.float32)
        with _raster(self.folder.files[row]) as raster:
            values = self._values(raster)
        dry = values == 0.0
        if self.folder.is_nodata_dry:
            dry |= np.isnan(values)
        point = np.flatnonzero(~dry).astype(np.int32)
        x = values[point].astype(np.float32)
        refuse(stored_faults(self.head, np.array([0, point.size]), point, x))
        return point, x

    def _values(self, raster: Any) -> F64:
        """Return the values of the cells; only the window that holds them all is read."""
        from rencheng.adapters.cities.formats.rasters import Window

        top, left = self.cells.min(axis=0)
        bottom, right = self.cells.max(axis=0) + 1
        window = Window(int(top), int(left), int(bottom - top), int(right - left))
        part = raster.read(window)
        return np.asarray(part[self.cells[:, 0] - top, self.cells[:, 1] - left])


@dataclass(frozen=True, slots=True, kw_only=True)
class Hdf5Events:
    """A hazard file of CLIMADA; intensities are read when their events are asked for."""

    head: EventHead
    start: I64
    file: Path

    def block(self, first: int, last: int) -> tuple[I32, F32]:
        """Return point and intensity of events; see `EventSource`."""
        import netCDF4

        part = slice(int(self.start[first]), int(self.start[last]))
        with netCDF4.Dataset(self.file) as opened:
            opened.set_auto_mask(False)
            group = opened["intensity"]
            point = group["indices"][part].astype(np.int32)
            x = group["data"][part].astype(np.float32)
            whole = "fraction" not in opened.groups or _is_whole(opened["fraction"], part)
        start = self.start[first : last + 1] - self.start[first]
        of = np.repeat(np.arange(start.size - 1), np.diff(start))
        order = np.lexsort([point, of])  # scipy does not promise that columns rise
        point, x = point[order], x[order]
        faults = stored_faults(self.head, start, point, x)
        refuse(faults if whole else [*faults, fault("fraction", "fraction", [self.file.name])])
        return point, x


def _is_whole(group: Any, part: slice) -> bool:
    """Return whether a fraction says nothing: CLIMADA writes none, or one everywhere."""
    data = group["data"]
    return data.shape[0] == 0 or bool((data[part] == 1.0).all())


def open_hdf5(file: Path, measure: str, unit: str) -> Hdf5Events:
    """Open a hazard file of CLIMADA; its own unit counts, and must not contradict the one given.

    Raises
    ------
    InvalidInputError
        When it is no such file, or its parts have other lengths than its points and events.
    """
    try:
        import netCDF4
    except ImportError as error:
        raise InvalidInputError(
            "risk.extra",
            "reading HDF5 needs the extra `data`",
            hint="Install rencheng[data], or write the set as CSV",
        ) from error
    try:
        with netCDF4.Dataset(file) as opened:
            opened.set_auto_mask(False)
            said = str(opened["units"][:][0])
            names = [str(name) for name in opened["event_name"][:]]
            rate = np.asarray(opened["frequency"][:], dtype=np.float64)
            lon, lat = (_places(opened["centroids"], name) for name in ("lon", "lat"))
            start = np.asarray(opened["intensity/indptr"][:], dtype=np.int64)
            stored = opened["intensity/indices"].shape[0]
    except (OSError, IndexError, KeyError, ValueError) as error:
        raise InvalidInputError(
            "risk.hdf5",
            f"{file.name} is no hazard file of CLIMADA that can be read: {error}",
            hint="Write it with Hazard.write_hdf5, or give the set as CSV",
            params={"file": file.name, "reason": str(error)},
        ) from error
    faults = unit_faults(measure, said)
    if unit and unit != said:
        faults.append(fault("unit", "events.unit", [f"{unit} ≠ {said} ({file.name})"]))
    if start.size != rate.size + 1 or len(names) != rate.size or start[-1] != stored:
        sizes = f"indptr {start.size}, frequency {rate.size}, event_name {len(names)}"
        faults.append(fault("shape", file.name, [sizes]))
    if lon.size != lat.size or not lon.size:
        faults.append(fault("shape", file.name, [f"lon {lon.size}, lat {lat.size}"]))
    if (rate < 0).any():
        faults.append(fault("rate", "frequency", [names[i] for i in np.flatnonzero(rate < 0)]))
    refuse(faults)
    head = EventHead(
        place=np.column_stack([lon, lat]),
        rate=rate,
        names=tuple(names),
        measure=measure,
        unit=said,
        source=file.name,
    )
    return Hdf5Events(head=head, start=start, file=file)


def _places(group: Any, name: str) -> F64:
    """Return a coordinate of the points: CLIMADA has had two names for it."""
    whole = {"lon": "longitude", "lat": "latitude"}[name]
    found = [group[n] for n in (whole, name) if n in group.variables and group[n].shape[0]]
    return np.asarray(found[0][:] if found else [], dtype=np.float64)
