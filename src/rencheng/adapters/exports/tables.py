"""A layer of the city as a table: columns by name, geometry, origin of every row."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from rencheng.domain.city import F64, I64, City, Shapes
from rencheng.domain.provenance import Layer, Origin

F32_DIGITS = 4
"""Decimal places of a value that is kept in 32 bits: it is not more precise than that."""
Values = NDArray[Any] | Sequence[Any]
Rows = I64
"""Rows of a layer. (n,)"""
Cells = np.ma.MaskedArray[Any, np.dtype[Any]]
"""Values of a column; masked where unknown. (n,)"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Column:
    """One column of a layer."""

    name: str
    values: Callable[[City], Values]
    """What it holds, or with `keys` the row of what it holds."""
    keys: Callable[[City], Values] | None = None
    """What `values` are rows of; a negative row is unknown."""
    is_queryable: bool = False
    """Whether a client may ask for rows by the value of it."""

    def take(self, city: City, rows: Rows) -> Cells:
        """Return the values of some rows; NaN, an empty text and a negative row are masked."""
        found = pick(self.values(city), rows)
        if self.keys is None:
            return known(found)
        keys, reference = as_array(self.keys(city)), found.astype(np.int64)
        if not keys.size:
            return _unknown(reference.size, keys.dtype)
        row, cells = np.clip(reference, 0, keys.size - 1), known(keys)
        mask = (reference < 0) | np.ma.getmaskarray(cells)[row]
        return np.ma.masked_array(cells.data[row], mask)

    def matching(self, city: City, rows: Rows, wanted: str) -> Rows:
        """Return the rows in which the column, written as text, is `wanted`."""
        if self.keys is None:
            found = pick(self.values(city), rows)
            return rows[_is(found, wanted)]
        keys = _is(as_array(self.keys(city)), wanted)
        reference = pick(self.values(city), rows).astype(np.int64)
        if not keys.size:
            return rows[:0]
        return rows[(reference >= 0) & keys[np.clip(reference, 0, keys.size - 1)]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Table:
    """One layer: how many rows, which columns, which geometry, whose word it is."""

    name: str
    count: Callable[[City], int]
    ids: Callable[[City], Values]
    """Permanent ids; unique in most cities, see `Ids`."""
    columns: tuple[Column, ...]
    shape: str
    """`point`, `line`, `polygon`, or empty: no geometry."""
    xy: Callable[[City], F64] | None = None
    """Points, or a point inside of each polygon. [deg] (rows, 2)"""
    shapes: Callable[[City], Shapes] | None = None
    layers: Callable[[City, Rows], list[tuple[str, ...]]] | None = None
    """For each row the names of the city's layers that it may come from, the likeliest first."""
    origins: Callable[[City, Rows], list[str]] | None = None
    """Origin of each row, where the rows know it themselves."""
    rests_on: tuple[str, ...] = ()
    """Names of all the city's layers that the table draws on."""

    def all_rows(self, city: City) -> Rows:
        """Return every row."""
        return np.arange(self.count(city), dtype=np.int64)

    def column(self, name: str) -> Column | None:
        """Return a column by its name, None when there is none."""
        return next((one for one in self.columns if one.name == name), None)

    def origin(self, city: City, rows: Rows) -> Cells:
        """Return `observed`, `derived`, `synthetic` or `missing` of each row; masked unknown."""
        if self.origins is not None:
            return known(_texts(self.origins(city, rows)))
        if self.layers is None:
            return _unknown(rows.size, np.dtype(object))
        known_layers = {layer.name: layer.origin.value for layer in city.layers}
        numbers: dict[tuple[str, ...], int] = {}
        which = [numbers.setdefault(names, len(numbers)) for names in self.layers(city, rows)]
        kinds = [
            next((known_layers[n] for n in names if n in known_layers), "") for names in numbers
        ]
        cells, row = known(_texts(kinds)), np.array(which, dtype=np.int64)
        return np.ma.masked_array(cells.data[row], np.ma.getmaskarray(cells)[row])

    def provenance(self, city: City) -> tuple[Layer, ...]:
        """Return the city's layers that the table rests on."""
        return tuple(layer for layer in city.layers if layer.name in self.rests_on)


def is_synthetic(origin: Cells) -> Cells:
    """Return whether each row was generated; masked where its origin is unknown."""
    flags = np.asarray(origin.data == Origin.SYNTHETIC.value, dtype=np.bool_)
    return np.ma.masked_array(flags, np.ma.getmaskarray(origin))


def as_array(values: Values) -> NDArray[Any]:
    """Return the values as an array; texts as objects."""
    return values if isinstance(values, np.ndarray) else _texts(values)


def pick(values: Values, rows: Rows) -> NDArray[Any]:
    """Return the values of some rows, without copying a long list of texts for a few."""
    if isinstance(values, np.ndarray):
        found: NDArray[Any] = values[rows]
        return found
    return _texts([values[row] for row in rows.tolist()])


def known(values: NDArray[Any]) -> Cells:
    """Mask what is unknown: NaN, infinity and empty texts."""
    if isinstance(values, np.ma.MaskedArray):
        return values
    if values.dtype == object:
        mask = np.array([value is None or value == "" for value in values], dtype=np.bool_)
        return np.ma.masked_array(values, mask)
    if values.dtype == np.float32:
        values = np.round(values.astype(np.float64), F32_DIGITS)
    if values.dtype.kind == "f":
        return np.ma.masked_array(values, ~np.isfinite(values))
    return np.ma.masked_array(values, np.zeros(values.shape, dtype=np.bool_))


@dataclass(frozen=True, slots=True, kw_only=True)
class Ids:
    """Permanent ids of a layer's rows as texts; of equal ones the second ends in `~2`."""

    values: NDArray[Any]
    order: I64
    """Rows in the order of their ids. (rows,)"""
    again: Mapping[int, int]
    """Row → which of several equal ones it is, from 2."""

    @classmethod
    def of(cls, table: Table, city: City) -> Ids:
        """Return the ids of a layer."""
        values = as_array(table.ids(city))
        order = np.argsort(values, kind="stable").astype(np.int64)
        rank = np.arange(order.size)
        same = np.zeros(order.size, dtype=np.bool_)
        same[1:] = values[order[1:]] == values[order[:-1]]
        leader = np.maximum.accumulate(np.where(same, 0, rank))
        number = (rank - leader + 1)[same].tolist()
        again = dict(zip(order[same].tolist(), number, strict=True))
        return cls(values=values, order=order, again=again)

    def names(self, rows: Rows) -> list[str]:
        """Return the ids of some rows."""
        names = [str(one) for one in self.values[rows].tolist()]
        if self.again:
            for place, row in enumerate(rows.tolist()):
                if row in self.again:
                    names[place] += f"~{self.again[row]}"
        return names

    def row(self, name: str) -> int | None:
        """Return the row that has this id, None when none has."""
        for text, _, number in ((name, "", ""), name.rpartition("~")):
            try:
                wanted = text if self.values.dtype == object else int(text)
                place = int(np.searchsorted(self.values, wanted, sorter=self.order))
                row = int(self.order[place + int(number or 1) - 1])
            except (ValueError, IndexError, OverflowError):
                continue
            if self.names(np.array([row]))[0] == name:
                return row
        return None


def _unknown(count: int, dtype: np.dtype[Any]) -> Cells:
    return np.ma.masked_array(np.zeros(count, dtype=dtype), np.ones(count, dtype=np.bool_))


def _is(values: NDArray[Any], wanted: str) -> NDArray[np.bool_]:
    if values.dtype == object:
        return np.array([value == wanted for value in values], dtype=np.bool_)
    if values.dtype == np.bool_:
        texts = {"true": True, "1": True, "false": False, "0": False}
        said = texts.get(wanted.lower())
        return values == said if said is not None else np.zeros(values.shape, dtype=np.bool_)
    try:
        number = float(wanted) if values.dtype.kind == "f" else int(wanted)
    except ValueError:
        return np.zeros(values.shape, dtype=np.bool_)
    return np.asarray(values == number)


def _texts(values: Sequence[Any]) -> NDArray[np.object_]:
    found = np.empty(len(values), dtype=object)
    found[:] = values
    return found
