"""Picking our columns out of a table: by the recipe, else by what their names most likely mean."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from rencheng.adapters.cities.files.columns import (
    COLUMNS,
    PLACE,
    guess,
    guess_place,
    nearest,
    plain,
)
from rencheng.adapters.cities.files.faults import Faults
from rencheng.adapters.cities.files.tabular import UNKNOWN_WORDS, Rows
from rencheng.adapters.cities.readers import Source
from rencheng.domain.city import F64, I64, Flags
from rencheng.domain.errors import Fault
from rencheng.domain.finding import Severity

Names = NDArray[np.object_]

NEEDED: Mapping[str, tuple[str, ...]] = {
    "counts": ("code", "population"),
    "people": ("people",),
    "facilities": ("kind",),
    "dependencies": ("node", "service", "supplier"),
    "sensors": ("id", "quantity", "unit"),
}
"""Columns without which a layer means nothing."""
AGES = ("age_0_14", "age_15_64", "age_65")
_YES = frozenset({"1", "true", "yes", "y", "si", "sí", "sim", "是", "有", "t", "1.0"})


@dataclass(frozen=True, slots=True)
class Picked:
    """The rows that are kept of a table, read by our names."""

    rows: Rows
    mapping: Mapping[str, str]
    values: Mapping[str, Mapping[str, str]]
    faults: Faults
    ids: NDArray[Any]
    """What each row is called in findings: texts or numbers. (rows,)"""
    decimal: str = "."

    def has(self, ours: str) -> bool:
        """Whether the table gives this column."""
        return ours in self.mapping

    def keep(self, good: Flags) -> Picked:
        """Return only the good rows."""
        if good.all():
            return self
        rows = Rows(
            columns={name: column[good] for name, column in self.rows.columns.items()},
            count=int(good.sum()),
            geometry=None if self.rows.geometry is None else self.rows.geometry[good],
            numbers=self.rows.numbers[good],
            crs=self.rows.crs,
            encoding=self.rows.encoding,
            ragged=self.rows.ragged,
        )
        return Picked(rows, self.mapping, self.values, self.faults, self.ids[good], self.decimal)

    def numbers(self, ours: str, *, low: float = -np.inf, high: float = np.inf) -> F64:
        """Return a column of numbers; NaN where unknown, no number, or outside the range. (rows,)

        What is no number or outside is noted with the row it stands in.
        """
        if ours not in self.mapping:
            return np.full(self.rows.count, np.nan)
        theirs = self.mapping[ours]
        found, bad = as_numbers(self.rows.columns[theirs], self.decimal)
        told = [f"{self.ids[i]}: {self.rows.columns[theirs][i]}" for i in bad[:5]]
        self.faults.add(
            "value_no_number", Severity.ERROR, told, count=len(bad), column=theirs
        )  # fmt: skip
        with np.errstate(invalid="ignore"):
            out = np.flatnonzero((found < low) | (found > high))
        told = [f"{self.ids[i]}: {found[i]:g}" for i in out[:5]]
        key = "value_negative" if low == 0 and len(out) and (found[out] < 0).all() else ""
        self.faults.add(
            key or "value_out_of_range", Severity.ERROR, told, count=len(out), column=theirs
        )  # fmt: skip
        found[out] = np.nan
        return found

    def texts(self, ours: str) -> Names:
        """Return a column of texts, translated by the recipe's `values`; empty unknown. (rows,)"""
        if ours not in self.mapping:
            return np.full(self.rows.count, "", dtype=object)
        return translated(as_texts(self.rows.columns[self.mapping[ours]]), self.values.get(ours))

    def flags(self, ours: str) -> Flags:
        """Return a column of yes and no; what is not a yes is a no. (rows,)"""
        texts = self.texts(ours)
        return per_value(texts, lambda one: plain(one) in _YES).astype(np.bool_)

    def ages(self) -> F64:
        """Return residents by age group; NaN unknown. (groups, rows)"""
        return np.stack([self.numbers(one, low=0.0) for one in AGES])


def pick(rows: Rows, source: Source, layer: str, faults: Faults) -> tuple[Picked, list[Fault]]:
    """Return a table read by our names, and what it lacks.

    The recipe's `columns` come first; a column that it does not name is guessed.
    """
    ours = {**COLUMNS[layer], **PLACE}
    allowed = set().union(*COLUMNS.values(), PLACE)
    wrong: list[Fault] = []
    mapping: dict[str, str] = {}
    for name, theirs in source.columns.items():
        if name not in allowed:
            wrong.append(_not_ours(layer, name, list(ours)))
        elif theirs not in rows.columns:
            wrong.append(_missing(f"{layer}.{name} = {theirs}", theirs, rows.names))
        elif name in ours:
            mapping[name] = theirs
    taken = set(mapping.values())
    free = [name for name in rows.names if name not in taken]
    for name, theirs in guess(free, layer).items():
        mapping.setdefault(name, theirs)
    if rows.geometry is None and not any(name in mapping for name in PLACE):
        mapping |= guess_place(rows.names)
    for name in NEEDED.get(layer, ()):
        ages = name in ("population", "people") and "age_0_14" in mapping
        stated = name in mapping or name in source.columns or name in source.options
        if not stated and not ages:
            wrong.append(_missing(f"{layer}.{name}", name, rows.names))
    return Picked(
        rows, mapping, source.values, faults, row_names(rows, mapping),
        str(source.options.get("decimal", ".")),
    ), wrong  # fmt: skip


def row_names(rows: Rows, mapping: Mapping[str, str]) -> NDArray[Any]:
    """Return what to call each row: its id or code, else its number as the user sees it."""
    for ours in ("id", "code"):
        if ours in mapping:
            column = rows.columns[mapping[ours]]
            if column.dtype.kind in "iu":
                return column
            texts = as_texts(column)
            if (texts != "").all():
                return texts
    return np.char.add("row ", rows.numbers.astype(str)).astype(object)


def _missing(where: str, wanted: str, names: Sequence[str]) -> Fault:
    close = nearest(wanted, names)
    told = ([close] if close else []) + [n for n in names if n != close]
    hint = f"Name it in `columns`; the nearest is {close!r}" if close else "Name it in `columns`"
    return Fault(
        where=where,
        key="reading.column",
        problem=f"there is no such column; the file has {', '.join(names)}",
        hint=hint,
        first=tuple(told[:20]),
    )


def _not_ours(layer: str, name: str, ours: Sequence[str]) -> Fault:
    return Fault(
        where=f"columns.{name}",
        key="reading.our_column",
        problem=f"the layer {layer} has no column {name!r}; it has {', '.join(ours)}",
        hint="Write ours on the left, the file's on the right",
        first=tuple(ours),
    )


def as_texts(column: NDArray[Any]) -> Names:
    """Return any column as texts; numbers that are whole without a point; empty unknown. (rows,)"""
    if column.dtype == object:
        return per_value(column, _text)
    if np.issubdtype(column.dtype, np.integer):
        return column.astype(str).astype(object)
    whole = np.isfinite(column) & (np.abs(column) < 1e15) & (column == np.round(column))
    found = np.full(len(column), "", dtype=object)
    found[whole] = column[whole].astype(np.int64).astype(str)
    rest = np.isfinite(column) & ~whole
    found[rest] = column[rest].astype(str)
    return found


def _text(value: object) -> str:
    text = str(value).strip() if value is not None else ""
    return "" if text.casefold() in UNKNOWN_WORDS else text


def per_value(column: NDArray[Any], change: Callable[[Any], object]) -> Names:
    """Return a function of each value, reckoned once for each different value. (rows,)"""
    known: dict[Any, object] = {}
    found = np.empty(len(column), dtype=object)
    for i, value in enumerate(column.tolist()):
        if value not in known:
            known[value] = change(value)
        found[i] = known[value]
    return found


def translated(texts: Names, words: Mapping[str, str] | None) -> Names:
    """Return texts by the recipe's words: their value → ours; others stay. (rows,)"""
    if not words:
        return texts
    folded = {plain(theirs): ours for theirs, ours in words.items()}
    return per_value(texts, lambda one: folded.get(plain(one), one))


def as_numbers(column: NDArray[Any], decimal: str = ".") -> tuple[F64, I64]:
    """Return numbers, NaN unknown, and the rows whose value is no number. (rows,)"""
    if column.dtype != object:
        return column.astype(np.float64), np.empty(0, np.int64)
    try:
        found = np.asarray(column, dtype=np.float64)
    except (TypeError, ValueError):
        pass
    else:
        return np.where(np.isfinite(found), found, np.nan), np.empty(0, np.int64)
    bad: set[object] = set()

    def number(value: object) -> float:
        text = _text(value).replace("\u00a0", "").replace(" ", "")
        if not text:
            return np.nan
        if decimal == ",":
            text = text.replace(".", "").replace(",", ".")
        elif text.count(",") and all(len(p) == 3 for p in text.split(".")[0].split(",")[1:]):
            text = text.replace(",", "")
        try:
            found = float(text)
        except ValueError:
            bad.add(value)
            return np.nan
        return found if np.isfinite(found) else np.nan

    found = per_value(column, number).astype(np.float64)
    rows = [i for i, value in enumerate(column.tolist()) if value in bad] if bad else []
    return found, np.array(rows, dtype=np.int64)


def whole_ids(texts: NDArray[Any]) -> I64 | None:
    """Return ids as numbers when all of them are; None when any is not. (rows,)"""
    if texts.dtype.kind in "iu":
        return texts.astype(np.int64)
    try:
        numbers = np.array([int(text) for text in texts.tolist()], dtype=np.int64)
    except (ValueError, OverflowError):
        return None
    return numbers


def hashed_ids(texts: Names) -> I64:
    """Return a permanent number for each text, 63 bits of its BLAKE2b. (rows,)"""
    found = [
        int.from_bytes(hashlib.blake2b(text.encode(), digest_size=8).digest(), "big") >> 1
        for text in texts.tolist()
    ]
    return np.array(found, dtype=np.int64)


def repeated(keys: NDArray[Any]) -> Flags:
    """Whether the same key stood in an earlier row. (rows,)"""
    _, first = np.unique(keys.astype(str) if keys.dtype == object else keys, return_index=True)
    later = np.ones(len(keys), dtype=np.bool_)
    later[first] = False
    return later
