"""A ShakeMap as an event set: any of its fields, drawn around by its standard deviation."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from decimal import Decimal
from functools import cached_property
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from rencheng.adapters.risk.events.grids import Frame, GridEvents, Read
from rencheng.adapters.risk.events.table import EARTH_M, largest_of, name_faults, unit_faults
from rencheng.adapters.risk.events.unit_words import unit_of
from rencheng.adapters.risk.faults import fault, refuse
from rencheng.domain.errors import InvalidInputError, RenchengError
from rencheng.model.hazards.earthquake.fields import SHARED, Waves, deviations, range_km, waves
from rencheng.model.risk.draws import is_seed
from rencheng.service.shakemap_grid import ShakeGrid, read_grid, split
from rencheng.service.xml import name, tree

F64 = NDArray[np.float64]
LARGEST = 25_000_000
"""Cells of a grid. Ours."""
UNCERTAINTY = "uncertainty.xml"
"""Beside `grid.xml`, with fields such as `STDPGA`."""
FIELDS = 500
"""Fields that are drawn when nobody says. Ours: the 5 % quantile of a loss then lies between the
3.1 % and the 6.9 % one 19 times in 20."""
MOST_FIELDS = 100_000
"""Ours."""
_ADDED = ("MMI",)
"""Measures that deviate by adding; all others by multiplying."""


@dataclass(frozen=True, kw_only=True)
class ShakeMapLayers:
    """One event on the grid of a ShakeMap; a point of the grid is the middle of a cell."""

    frame: Frame
    names: tuple[str, ...]
    rate: F64
    values: F64
    """In the set's unit; NaN unknown. (rows, columns)"""
    sd: F64 | None
    """Standard deviation as published, of the natural logarithm for accelerations and speeds and of
    the degree for MMI; None: not given. (rows, columns)"""

    @property
    def block(self) -> tuple[int, int]:
        """Return all rows and columns: they are in memory."""
        return self.frame.shape

    @contextmanager
    def open(self, event: int) -> Iterator[Read]:
        """Return how cells are read."""
        del event
        yield lambda top, left, rows, columns: self.values[top : top + rows, left : left + columns]


@dataclass(frozen=True, kw_only=True)
class DrawnLayers:
    """Fields drawn around the map, one an event; each as likely as any other."""

    given: ShakeMapLayers
    sd: F64
    """Of the map, known. (rows, columns)"""
    measure: str
    largest: float
    """In the set's unit; more is held there."""
    fields: int
    shared: float
    """Share of the variance that a whole field has in common. [1]"""
    seed: int

    @property
    def frame(self) -> Frame:
        """Return where the cells lie."""
        return self.given.frame

    @property
    def block(self) -> tuple[int, int]:
        """Return all rows and columns: they are in memory."""
        return self.given.block

    @property
    def names(self) -> tuple[str, ...]:
        """Return the event with the number of each field."""
        return tuple(f"{self.given.names[0]} {i + 1}" for i in range(self.fields))

    @property
    def rate(self) -> F64:
        """Return that nobody knows how often such a field happens."""
        return np.full(self.fields, np.nan)

    @cached_property
    def held(self) -> Waves:
        """Return the waves of the grid."""
        x, y = self.frame.x, self.frame.y
        km = np.radians(1.0) * EARTH_M / 1000.0
        shrunk = np.cos(np.radians((y[0] + y[-1]) / 2))
        step = km * (y[0] - y[-1]) / (y.size - 1), km * shrunk * (x[-1] - x[0]) / (x.size - 1)
        return waves(self.frame.shape, (float(step[0]), float(step[1])), range_km(self.measure))

    @contextmanager
    def open(self, event: int) -> Iterator[Read]:
        """Draw a field and return how its cells are read."""
        away = self.sd * deviations(
            self.frame.shape, self.held, shared=self.shared, seed=self.seed, number=event
        )
        median = self.given.values
        field = median + away if self.measure in _ADDED else median * np.exp(away)
        field = np.where(median > 0.0, np.clip(field, 0.0, self.largest), median)
        yield lambda top, left, rows, columns: field[top : top + rows, left : left + columns]


def drawn(
    events: GridEvents, fields: int = FIELDS, *, shared: float = SHARED, seed: int = 0
) -> GridEvents:
    """Return an event set of fields drawn around a ShakeMap.

    Parameters
    ----------
    events
        Of `open_shakemap`.
    fields
        How many; 0, or no standard deviation in the map: the map itself, which is the median.
    shared
        Share of the variance that a whole field has in common. [1]
    seed
        The same seed draws the same fields.

    Raises
    ------
    InvalidInputError
        When the share is none, or the number or the seed cannot be.

    Notes
    -----
    The logarithm of an acceleration or a speed, and an MMI itself, is normal around the map with
    the map's standard deviation. Of the variance `shared` is the same at all places; the rest is
    correlated over distance (Jayaram and Baker 2009). The map's deviation is smaller near stations,
    and with it what is shared: taking the shares of a forecast there makes sums scatter more, not
    less. A field is a function of seed and number, and of no asset. Left out: values beyond what
    was ever recorded, which are held there; the map's own choice of ground-motion models.
    """
    given = events.layers
    wrong = [f"shared = {shared:g}"] if not 0.0 <= shared <= 1.0 else []
    wrong += [f"fields = {fields}"] if not 0 <= fields <= MOST_FIELDS else []
    wrong += [f"seed = {seed}"] if not is_seed(seed) else []
    refuse([fault("draw", "events", wrong)] if wrong else [])
    if not isinstance(given, ShakeMapLayers) or given.sd is None or not fields:
        return events
    layers = DrawnLayers(
        given=given,
        sd=given.sd,
        measure=events.measure,
        largest=float(np.nextafter(np.float32(largest_of(events.measure, events.unit)), 0)),
        fields=fields,
        shared=shared,
        seed=seed,
    )
    source = f"{events.source}; {fields} fields, {shared:.3f} of the variance shared, seed {seed}"
    return replace(events, layers=layers, source=source, of=given.names[0])


def open_shakemap(path: Path, *, measure: str, unit: str = "") -> GridEvents:
    """Open a `grid.xml` of ShakeMap as an event set of its medians; its rate is unknown.

    Parameters
    ----------
    path
        The file; `uncertainty.xml` beside it is read when the grid has no deviation itself.
    measure
        `PGA`, `PGV`, `MMI` or `SA(T)`, by the field of that name (`PSA03` is 0.3 s).
    unit
        Must not contradict the file's; percents of g are turned into g.

    Raises
    ------
    InvalidInputError
        When it is no such file, lacks the measure, or its unit is unknown or contradicted.
    """
    grid = _grid(path)
    field = field_of(measure)
    if not field or field not in grid:
        had = [n for n in grid.units if n not in {"LON", "LAT"}]
        refuse([fault("field", path.name, [f"{measure} ∉ {', '.join(had)}"])])
    said = grid.units[field]
    ours, factor = unit_of(measure, said)
    if not ours:
        refuse(unit_faults(measure, said or "—"))
    if unit and unit != ours:
        refuse([fault("unit", "events.unit", [f"{unit} ≠ {said} ({path.name})"])])
    called = grid.about.get("event_id") or path.stem
    refuse(name_faults(path.name, [called]))
    shape = grid.rows, grid.columns
    lon, lat = (grid.field(n).reshape(shape) for n in ("LON", "LAT"))
    values = grid.field(field).reshape(shape) * factor
    layers = ShakeMapLayers(
        frame=Frame(crs="EPSG:4326", x=_edges(lon.mean(axis=0)), y=_edges(lat.mean(axis=1))),
        names=(called,),
        rate=np.full(1, np.nan),
        values=np.where(values >= 0, values, np.nan),
        sd=_deviation(path, grid, field),
    )
    source = f"{path.name} {grid.about.get('event_id', '')}".strip()
    version = grid.about.get("shakemap_version")
    return GridEvents(
        layers=layers,
        measure=measure,
        unit=ours,
        source=f"{source} version {version}" if version else source,
    )


def field_of(measure: str) -> str:
    """Return the field of a measure; none for a period that no field can name.

    Examples
    --------
    >>> [field_of(m) for m in ("PGA", "SA(0.3)", "SA(1.0)", "SA(10)", "SA(0.25)")]
    ['PGA', 'PSA03', 'PSA10', 'PSA100', '']
    """
    period = re.fullmatch(r"SA\((\d+(?:\.\d+)?)\)", measure)
    if not period:
        return measure.upper()
    tenths = Decimal(period[1]) * 10
    return f"PSA{int(tenths):02d}" if tenths == int(tenths) else ""


def _grid(path: Path) -> ShakeGrid:
    try:
        text, numbers = split(path.read_bytes())
        root = tree(text, what=path.name)
        if name(root) != "shakemap_grid":
            raise ValueError(f"its root is {name(root)}")
        return read_grid(root, LARGEST, numbers)
    except (RenchengError, ValueError, KeyError, IndexError) as error:
        reason = error.problem if isinstance(error, RenchengError) else str(error)
        raise InvalidInputError(
            "risk.shakemap",
            f"{path.name} is no grid of ShakeMap that can be read: {reason}",
            hint="Download the grid.xml of the earthquake",
            params={"file": path.name, "reason": reason},
        ) from error


def _deviation(path: Path, grid: ShakeGrid, field: str) -> F64 | None:
    beside = path.with_name(UNCERTAINTY)
    if f"STD{field}" not in grid and beside.exists() and beside != path:
        other = _grid(beside)
        if (other.rows, other.columns) != (grid.rows, grid.columns):
            refuse([fault("grid", path.name, [beside.name])])
        grid = other
    if f"STD{field}" not in grid:
        return None
    sd = grid.field(f"STD{field}").reshape(grid.rows, grid.columns)
    return np.where(sd >= 0, sd, np.nan)


def _edges(middle: F64) -> F64:
    half = np.diff(middle) / 2
    half = np.r_[half[:1], half, half[-1:]]
    return np.asarray(np.r_[middle[0] - half[0], middle + half[1:]])
