"""Event sets in NetCDF and Zarr: events along a dimension, coordinates by the conventions CF."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from rencheng.adapters.risk.events.grids import Frame, GridEvents, Read
from rencheng.adapters.risk.events.spool import SpooledEvents
from rencheng.adapters.risk.events.table import (
    EventSet,
    Pointwise,
    name_faults,
    stored_faults,
    unit_faults,
)
from rencheng.adapters.risk.events.unit_words import unit_of
from rencheng.adapters.risk.events.variables import Cube, Variable
from rencheng.adapters.risk.faults import fault, refuse, rows_fault
from rencheng.domain.risk import EventHead

F32 = NDArray[np.float32]
F64 = NDArray[np.float64]
I32 = NDArray[np.int32]
RATES = ("rate", "frequency", "occurrence_rate", "annual_rate")
"""Names of a variable along the events that says how often each happens."""
NAMES = ("event", "event_name", "event_id", "name")
# Ways to write "a year"; none is taken for it as well.
_YEARLY = {"", "1/year", "year-1", "1/yr", "yr-1", "1/a", "a-1", "1/y", "per year", "yr^-1"}
_X, _Y = "x", "y"
# CF conventions 1.11, sections 4.1, 4.2 and 5.6: units, standard names and usual names.
_AXES: dict[str, tuple[set[str], set[str], set[str]]] = {
    _Y: (
        {"degrees_north", "degree_north", "degrees_n", "degree_n"},
        {"latitude", "projection_y_coordinate"},
        {"lat", "latitude", "y", "northing"},
    ),
    _X: (
        {"degrees_east", "degree_east", "degrees_e", "degree_e"},
        {"longitude", "projection_x_coordinate"},
        {"lon", "longitude", "long", "x", "easting"},
    ),
}


def open_cube(
    path: Path,
    opener: Callable[[], Any],
    *,
    measure: str,
    unit: str = "",
    variable: str = "",
    reach_m: float | None = None,
    is_nodata_dry: bool = False,
) -> EventSet:
    """Open an event set of NetCDF or Zarr.

    Parameters
    ----------
    path
        What is read; for its name.
    opener
        Of `cubes.opener_of`.
    measure, unit
        What the intensities are. A unit given must not contradict that of the file.
    variable
        Name of the intensities; empty: the only variable over both coordinates.
    reach_m, is_nodata_dry
        As `open_events`.

    Raises
    ------
    InvalidInputError
        When no variable, or several, could be meant; a coordinate is missing, turned around or does
        not rise or fall; the unit is missing or contradicted; a rate is none.

    Notes
    -----
    A grid with an axis for each coordinate is a raster: the cell counts in which an asset stands,
    and its edges lie halfway between its neighbours. A list of points and a bent grid are points.
    """
    with opener() as cube:
        name = _chosen(path, cube, variable)
        one = cube[name]
        axes = {axis: _axis(path, cube, one, axis) for axis in (_X, _Y)}
        said = str(one.about.get("units", ""))
        ours, factor = _unit(path, measure, unit, said if "units" in one.about else None)
        places = set(cube[axes[_X]].dims) | set(cube[axes[_Y]].dims)
        others = [dim for dim in one.dims if dim not in places]
        if len(others) > 1 or not places <= set(one.dims):
            refuse([fault("axis", path.name, [f"{name} ({', '.join(one.dims)})"])])
        along = others[0] if others else ""
        names, rate = _events(path, cube, one, along)
        refuse(name_faults(path.name, names))
        reader = _Reader(opener=opener, name=name, along=along, factor=factor)
        if len(places) == 2 and all(len(cube[axis].dims) == 1 for axis in axes.values()):
            return GridEvents(
                layers=_layers(path, cube, axes, (names, rate), reader),
                measure=measure,
                unit=ours,
                source=path.name,
                is_nodata_dry=is_nodata_dry,
            )
        lonlat = np.column_stack([np.ravel(cube[axes[axis]].numbers()) for axis in (_X, _Y)])
        dims = tuple(dim for dim in one.dims if dim != along)
    nowhere = ~((np.abs(lonlat[:, 0]) <= 360) & (np.abs(lonlat[:, 1]) <= 90))
    refuse(rows_fault("unread", f"{path.name}: {axes[_Y]}", nowhere, range(len(lonlat))))
    head = EventHead(
        place=lonlat, rate=rate, names=names, measure=measure, unit=ours, source=path.name
    )
    rows = _rows(head, reader, dims, is_nodata_dry)
    return Pointwise(source=SpooledEvents(head, rows), reach_m=reach_m, is_checked=True)


def _layers(
    path: Path,
    cube: Cube,
    axes: dict[str, str],
    events: tuple[tuple[str, ...], F64],
    reader: _Reader,
) -> CubeLayers:
    one = cube[reader.name]
    dims = cube[axes[_Y]].dims[0], cube[axes[_X]].dims[0]
    x, y = _edges(path, cube, axes)
    rows, columns = (one.chunks[one.dims.index(dim)] for dim in dims)
    return CubeLayers(
        frame=Frame(crs=_crs(path, cube, one, axes), x=x[0], y=y[0]),
        block=(rows, columns),
        names=events[0],
        rate=events[1],
        reader=reader,
        dims=dims,
        flips=(y[1], x[1]),
    )


@dataclass(frozen=True, kw_only=True)
class _Reader:
    """One variable of a file, event by event."""

    opener: Callable[[], Any]
    name: str
    along: str
    factor: float

    @contextmanager
    def open(self, event: int) -> Iterator[Callable[[dict[str, slice], tuple[str, ...]], F64]]:
        """Return what reads a piece of an event with dimensions in an order asked for."""
        with self.opener() as cube:
            one: Variable = cube[self.name]

            def read(parts: dict[str, slice], order: tuple[str, ...]) -> F64:
                place = tuple(event if d == self.along else parts[d] for d in one.dims)
                left = [d for d in one.dims if d != self.along]
                values = one.numbers(place) * self.factor
                return np.asarray(values.transpose([left.index(d) for d in order]))

            yield read


@dataclass(frozen=True, kw_only=True)
class CubeLayers:
    """A variable over a grid as layers of an event set."""

    frame: Frame
    block: tuple[int, int]
    names: tuple[str, ...]
    rate: F64
    reader: _Reader
    dims: tuple[str, str]
    flips: tuple[bool, bool]
    """Whether the file's rows run from the south, and its columns from the east."""

    @contextmanager
    def open(self, event: int) -> Iterator[Read]:
        """Open the layer of an event."""
        with self.reader.open(event) as read:

            def window(top: int, left: int, rows: int, columns: int) -> F64:
                parts = {}
                for dim, first, many, is_flipped, size in zip(
                    self.dims, (top, left), (rows, columns), self.flips, self.frame.shape,
                    strict=True,
                ):  # fmt: skip
                    begin = size - first - many if is_flipped else first
                    parts[dim] = slice(begin, begin + many)
                values = read(parts, self.dims)
                values = values[::-1] if self.flips[0] else values
                return values[:, ::-1] if self.flips[1] else values

            yield window


def _rows(
    head: EventHead, reader: _Reader, dims: tuple[str, ...], is_nodata_dry: bool
) -> Iterator[tuple[I32, F32]]:
    for event in range(len(head.names)):
        with reader.open(event) as read:
            values = read({dim: slice(None) for dim in dims}, dims).ravel()
        dry = (values == 0.0) | (np.isnan(values) if is_nodata_dry else False)
        point = np.flatnonzero(~dry).astype(np.int32)
        x = values[point].astype(np.float32)
        refuse(stored_faults(head, np.array([0, point.size]), point, x, first_event=event))
        yield point, x


def _is_axis(name: str, one: Variable, axis: str) -> bool:
    units, standard, usual = _AXES[axis]
    if str(one.about.get("standard_name", "")).lower() in standard:
        return True
    if str(one.about.get("units", "")).lower() in units:
        return True
    if str(one.about.get("axis", "")).lower() == axis:
        return True
    return name.lower() in usual and "standard_name" not in one.about


def _chosen(path: Path, cube: Cube, variable: str) -> str:
    """Return the name of the intensities."""
    if variable:
        if variable not in cube:
            refuse([fault("variable", path.name, [f"{variable} ∉ {', '.join(cube)}"])])
        return variable
    places = {
        dim
        for name, one in cube.items()
        if _is_axis(name, one, _X) or _is_axis(name, one, _Y)
        for dim in one.dims
    }
    aside = {name for name, one in cube.items() if any(_is_axis(name, one, a) for a in (_X, _Y))}
    found = [n for n, one in cube.items() if n not in aside and places and places <= set(one.dims)]
    if len(found) != 1:
        refuse([fault("variable", path.name, found or list(cube) or ["—"])])
    return found[0]


def _axis(path: Path, cube: Cube, one: Variable, axis: str) -> str:
    """Return the coordinate of a variable along one axis."""
    listed = str(one.about.get("coordinates", "")).split()
    able = [n for n, v in cube.items() if v.dims and set(v.dims) <= set(one.dims)]
    found = [n for n in able if _is_axis(n, cube[n], axis)]
    found = [n for n in found if n in listed] or found
    if not found:
        refuse([fault("axis", path.name, ["lat, y" if axis == _Y else "lon, x"])])
    return found[0]


def _unit(path: Path, measure: str, unit: str, said: str | None) -> tuple[str, float]:
    """Return the unit of the numbers once multiplied by the factor."""
    if said is None:
        refuse(unit_faults(measure, unit))
        return unit, 1.0
    ours, factor = unit_of(measure, said)
    if not ours:
        refuse(unit_faults(measure, said or "—"))
    if unit and unit != ours:
        refuse([fault("unit", "events.unit", [f"{unit} ≠ {said} ({path.name})"])])
    return ours, factor


def _events(path: Path, cube: Cube, one: Variable, along: str) -> tuple[tuple[str, ...], F64]:
    if not along:
        return (path.stem,), np.full(1, np.nan)
    many = one.shape[one.dims.index(along)]
    able = {n: v for n, v in cube.items() if v.dims[:1] == (along,)}
    named = [n for n in NAMES if n in able] or [n for n in (along,) if n in able]
    names = able[named[0]].texts() if named else [str(i + 1) for i in range(many)]
    known, counts = np.unique(np.array(names, dtype=object), return_counts=True)
    refuse(rows_fault("double_event", path.name, counts > 1, known))
    given = [n for n in RATES if n in able and able[n].dims == (along,)]
    if not given:
        return tuple(names), np.full(many, np.nan)
    word = " ".join(str(able[given[0]].about.get("units", "")).lower().split())
    if word not in _YEARLY:
        refuse([fault("rate_unit", f"{path.name}: {given[0]}", [word])])
    rate = able[given[0]].numbers()
    refuse(rows_fault("rate", given[0], (rate < 0) | np.isinf(rate), names))
    return tuple(names), rate


def _edges(path: Path, cube: Cube, axes: dict[str, str]) -> tuple[tuple[F64, bool], ...]:
    """Return the edges along x, rising, and y, falling, and whether the file has them turned."""
    found = []
    for axis in (_X, _Y):
        middle = cube[axes[axis]].numbers()
        if str(cube[axes[axis]].about.get("units", "")) == "km":
            middle = middle * 1000.0
        steps = np.diff(middle)
        if middle.size < 2 or not ((steps > 0).all() or (steps < 0).all()):
            refuse([fault("axis", path.name, [f"{axes[axis]} ({middle.size})"])])
        half = np.r_[steps[:1], steps, steps[-1:]] / 2
        edges = np.r_[middle[0] - half[0], middle + half[1:]]
        rises = bool(steps[0] > 0)
        wanted = axis == _X
        found.append((edges if rises == wanted else edges[::-1], rises != wanted))
    return tuple(found)


def _crs(path: Path, cube: Cube, one: Variable, axes: dict[str, str]) -> str:
    """Return the coordinate system by `grid_mapping`; degrees where the axes are degrees."""
    from pyproj import CRS
    from pyproj.exceptions import CRSError

    name = str(one.about.get("grid_mapping", "")).split(":")[0].strip()
    about = dict(cube[name].about) if name in cube else {}
    text = next((str(about[n]) for n in ("crs_wkt", "spatial_ref", "epsg_code") if n in about), "")
    y = cube[axes[_Y]]
    try:
        if text or about.get("grid_mapping_name"):
            return str((CRS.from_user_input(text) if text else CRS.from_cf(about)).to_wkt())
    except CRSError as error:
        refuse([fault("crs", path.name, [f"{name}: {error}"[:120]])])
    standard = str(y.about.get("standard_name", "")).lower()
    if standard == "projection_y_coordinate" or (
        axes[_Y].lower() in {"y", "northing"} and standard != "latitude"
        and "degree" not in str(y.about.get("units", ""))
    ):  # fmt: skip
        refuse([fault("crs", path.name, [path.name])])
    x, lat = cube[axes[_X]].numbers(), y.numbers()
    if np.abs(lat).max(initial=0) > 90:
        key = "turned_axes" if np.abs(x).max(initial=0) <= 90 else "unread"
        refuse([fault(key, f"{path.name}: {axes[_Y]}", [f"{np.abs(lat).max():g}"])])
    return "EPSG:4326"
