"""Event sets in files of any form; larger ones are read piece by piece."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from rencheng.adapters.risk.events.cubes import open_cube
from rencheng.adapters.risk.events.grids import GridEvents
from rencheng.adapters.risk.events.rasters import RASTERS, file_layers, folder_layers
from rencheng.adapters.risk.events.shakemap import FIELDS, drawn, open_shakemap
from rencheng.adapters.risk.events.table import (
    EventSet,
    Pointwise,
    event_table,
    name_faults,
    stored_faults,
    unit_faults,
)
from rencheng.adapters.risk.events.variables import opener_of
from rencheng.adapters.risk.faults import fault, refuse, rows_fault
from rencheng.adapters.risk.tables import must_be_there, read_table
from rencheng.domain.errors import InvalidInputError
from rencheng.domain.risk import EventHead

F32 = NDArray[np.float32]
F64 = NDArray[np.float64]
I32 = NDArray[np.int32]
I64 = NDArray[np.int64]
HDF5 = (".h5", ".hdf5", ".hdf")
_PIECE = 100_000
"""Intensities that are brought in order at once. Ours."""


def open_events(
    path: Path,
    *,
    measure: str,
    unit: str = "",
    reach_m: float | None = None,
    is_nodata_dry: bool = False,
    variable: str = "",
    fields: int = FIELDS,
    seed: int = 0,
) -> EventSet:
    """Open an event set; what is large stays on the disk until a block of it is computed.

    Parameters
    ----------
    path
        A CSV as `event_table` takes it, a folder with a raster for each event, a raster with a band
        for each event, NetCDF (`.nc`) or Zarr with events along a dimension, `grid.xml` of
        ShakeMap, or a hazard file of CLIMADA (`.h5`, `.hdf5`).
    measure, unit
        What the intensities are. HDF5, NetCDF, Zarr and ShakeMap state their unit themselves.
    reach_m
        How far an asset may lie from the nearest point; None: as far as points lie from each other.
        Of rasters the cell counts in which an asset stands.
    is_nodata_dry
        Whether a raster's cells without a value are not reached, instead of unknown.
    variable
        Of NetCDF and Zarr: name of the intensities, where several could be meant.
    fields, seed
        Of a ShakeMap with a standard deviation: fields drawn around it, an event each; 0: its
        medians alone. See `rencheng.adapters.risk.events.shakemap.drawn`.

    Raises
    ------
    InvalidInputError
        With every fault that can be seen without reading all of the set.
    """
    must_be_there(path)
    ending = path.suffix.lower()
    opener = opener_of(path)
    if opener:
        return open_cube(
            path,
            opener,
            measure=measure,
            unit=unit,
            variable=variable,
            reach_m=reach_m,
            is_nodata_dry=is_nodata_dry,
        )
    if ending == ".xml":
        return drawn(open_shakemap(path, measure=measure, unit=unit), fields, seed=seed)
    if path.is_dir() or ending in RASTERS:
        refuse(unit_faults(measure, unit))
        return GridEvents(
            layers=(folder_layers if path.is_dir() else file_layers)(path, measure, unit),
            measure=measure,
            unit=unit,
            source=path.name,
            is_nodata_dry=is_nodata_dry,
        )
    if ending in HDF5:
        return Pointwise(source=open_hdf5(path, measure, unit), reach_m=reach_m, is_checked=True)
    rows = read_table(path)
    return event_table(rows, measure=measure, unit=unit, source=path.name, reach_m=reach_m)


@dataclass(frozen=True, slots=True, kw_only=True)
class Hdf5Events:
    """A hazard file of CLIMADA; intensities are read when their events are asked for."""

    head: EventHead
    start: I64
    file: Path

    def block(self, first: int, last: int) -> tuple[I32, F32]:
        """Return point and intensity of events; see `EventSource`."""
        import netCDF4

        begin, end = int(self.start[first]), int(self.start[last])
        point, x = np.empty(end - begin, dtype=np.int32), np.empty(end - begin, dtype=np.float32)
        with netCDF4.Dataset(self.file) as opened:
            opened.set_auto_mask(False)
            while first < last:  # a piece at a time, so that little is in memory twice
                until = int(np.searchsorted(self.start, self.start[first] + _PIECE, side="right"))
                until = min(max(until - 1, first + 1), last)
                piece = slice(int(self.start[first]) - begin, int(self.start[until]) - begin)
                point[piece], x[piece] = self._piece(opened, first, until)
                first = until
        return point, x

    def _piece(self, opened: Any, first: int, last: int) -> tuple[I32, F32]:
        part = slice(int(self.start[first]), int(self.start[last]))
        point = opened["intensity/indices"][part].astype(np.int32)
        x = opened["intensity/data"][part].astype(np.float32)
        whole = "fraction" not in opened.groups or _is_whole(opened["fraction"], part)
        start = self.start[first : last + 1] - self.start[first]
        of = np.repeat(np.arange(start.size - 1), np.diff(start))
        order = np.lexsort([point, of])  # scipy does not promise that columns rise
        point, x = point[order], x[order]
        faults = stored_faults(self.head, start, point, x, first_event=first)
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
    elif start.size and (start[0] != 0 or (np.diff(start) < 0).any()):
        faults.append(fault("shape", file.name, [f"indptr {start[0]} … {start[-1]}"]))
    else:
        nowhere = ~((np.abs(lon) <= 360) & (np.abs(lat) <= 90))
        turned = nowhere & (np.abs(lat) > 90) & (np.abs(lon) <= 90)
        faults += rows_fault("turned_axes", "centroids", turned, range(lon.size))
        faults += rows_fault("unread", "centroids", nowhere & ~turned, range(lon.size))
    if len(names) == rate.size:
        faults += rows_fault("rate", "frequency", (rate < 0) | np.isinf(rate), names)
    faults += name_faults("event_name", names)
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
