"""Samples of demand and of damage as pelicun keeps them, both ways.

A table of samples has a column for each quantity, whose name joins its parts with `-`: demands
`event-type-location-direction`, damage `component-location-direction-unit-state`. The row `Units`
may follow the header.

References
----------
.. [1] Zsarnóczay & Deierlein, pelicun 3.10 (BSD-3): demand and damage samples,
   https://nheri-simcenter.github.io/pelicun/
"""

from __future__ import annotations

import csv
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from rencheng.adapters.risk.events.table import Table, unit_faults
from rencheng.adapters.risk.events.unit_words import unit_of
from rencheng.adapters.risk.faults import fault, refuse
from rencheng.domain.risk import EventSource

F64 = NDArray[np.float64]
UNITS = "Units"
# Types of demand of pelicun (its table of demand types) by our measures.
MEASURES = {
    "PGA": "PGA", "PGV": "PGV", "PGD": "PGD", "PFA": "PFA", "PFV": "PFV", "PID": "drift",
    "RDR": "roof_drift", "PIH": "water_depth", "PWS": "gust_3s", "MMI": "MMI",
}  # fmt: skip
_TYPES = {ours: theirs for theirs, ours in MEASURES.items()}


@dataclass(frozen=True, slots=True, kw_only=True)
class Sample:
    """A table of samples."""

    labels: tuple[tuple[str, ...], ...]
    """Parts of the name of each column."""
    units: tuple[str, ...]
    """Of each column; empty where the file has none."""
    index: tuple[str, ...]
    """Names of the rows."""
    values: F64
    """NaN unknown. (rows, columns)"""
    notes: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    """Columns that are no quantity, such as `eventID`, as text. (rows,) each"""


def read_sample(file: Path) -> Sample:
    """Return the samples of a file.

    Raises
    ------
    InvalidInputError
        When rows have another length than the header, cells are no numbers or columns stand twice.
    """
    with file.open(encoding="utf-8-sig", newline="") as stream:
        header, *rows = [row for row in csv.reader(stream) if row] or [[]]
    asides = [k for k, name in enumerate(header) if k and "-" not in name]
    taken = [k for k, name in enumerate(header) if k and "-" in name]
    names = [header[k] for k in taken]
    if not names:
        refuse([fault("columns", file.name, ["1-PGA-0-1"])])
    if len(set(names)) < len(names):
        twice = [n for n in dict.fromkeys(names) if names.count(n) > 1]
        refuse([fault("double_column", file.name, twice)])
    short = [str(i + 2) for i, row in enumerate(rows) if len(row) != len(header)]
    if short:
        refuse([fault("ragged", file.name, short)])
    units = ("",) * len(names)
    if rows and rows[0][0].strip().lower() == UNITS.lower():
        units, rows = tuple(rows[0][k].strip() for k in taken), rows[1:]
    values, bad = np.full((len(rows), len(names)), np.nan), []
    for i, row in enumerate(rows):
        for k, cell in enumerate(row[column] for column in taken):
            try:
                values[i, k] = float(cell) if cell.strip() else np.nan
            except ValueError:
                bad.append(f"{row[0]}: {cell}")
    if bad:
        refuse([fault("cells", file.name, bad)])
    return Sample(
        labels=tuple(tuple(part.strip() for part in name.split("-")) for name in names),
        units=units,
        index=tuple(_plain(row[0]) for row in rows),
        values=values,
        notes={header[k]: tuple(row[k] for row in rows) for k in asides},
    )


def _plain(name: str) -> str:
    """Return a row's name; whole numbers written as floats become whole."""
    try:
        number = float(name)
    except ValueError:
        return name.strip()
    return str(int(number)) if number == int(number) else name.strip()


def write_sample(sample: Sample, file: Path) -> None:
    """Write samples so that they read back the same; unknown is blank."""
    with file.open("w", encoding="utf-8", newline="") as stream:
        out = csv.writer(stream)
        out.writerow(["", *sample.notes, *("-".join(parts) for parts in sample.labels)])
        if any(sample.units):
            out.writerow([UNITS, *("" for _ in sample.notes), *sample.units])
        notes = (
            zip(*sample.notes.values(), strict=True) if sample.notes else [()] * len(sample.index)
        )
        for name, aside, row in zip(sample.index, notes, sample.values.tolist(), strict=True):
            out.writerow([name, *aside, *("" if x != x else x for x in row)])


def demand_table(
    sample: Sample, *, lon: float, lat: float, measure: str, unit: str = ""
) -> tuple[Table, str]:
    """Return a demand as the rows of an event set at one place, and its unit.

    Parameters
    ----------
    sample
        Demands; every sample is an event.
    lon, lat
        Of the asset. [deg]
    measure
        Which demand; it must stand in one column.
    unit
        Where the file has no row of units.

    Raises
    ------
    InvalidInputError
        When no column, or several, have the measure, or its unit is missing or contradicted.
    """
    found = [k for k, parts in enumerate(sample.labels) if _measure(parts) == measure]
    if len(found) != 1:
        names = ["-".join(sample.labels[k]) for k in found]
        refuse([fault("field", "demand", [f"{measure}: {', '.join(names) or '—'}"])])
    said, factor = sample.units[found[0]], 1.0
    if said:
        ours, factor = unit_of(measure, said)
        if unit and ours != unit:
            refuse([fault("unit", "demand", [f"{unit} ≠ {said}"])])
        unit = ours or said
    refuse(unit_faults(measure, unit))
    many = len(sample.index)
    table = {
        "event": np.array(sample.index, dtype=object),
        "lon": np.full(many, lon),
        "lat": np.full(many, lat),
        "intensity": sample.values[:, found[0]] * factor,
    }
    return table, unit


def demand_of(source: EventSource, point: int) -> Sample:
    """Return an event set at one of its points as a demand; an event that misses it is zero.

    Raises
    ------
    InvalidInputError
        When pelicun has no type of demand for the measure.
    """
    head = source.head
    period = head.measure.removeprefix("SA(").removesuffix(")")
    kind = f"SA_{period}" if head.measure.startswith("SA(") else _TYPES.get(head.measure, "")
    if not kind:
        refuse([fault("measure", "demand", [head.measure])])
    values = np.zeros((len(head.names), 1))
    for event in range(len(head.names)):
        at, intensity = source.block(event, event + 1)
        here = intensity[at == point]
        values[event, 0] = float(here[0]) if here.size else 0.0
    return Sample(
        labels=(("1", kind, "0", "1"),), units=(head.unit,), index=head.names, values=values
    )


def _measure(parts: tuple[str, ...]) -> str:
    """Return our measure of a column `event-type-location-direction` or without the event."""
    kind = parts[-3] if len(parts) >= 3 else ""
    if kind.startswith("SA_"):
        return f"SA({kind.removeprefix('SA_')})"
    return MEASURES.get(kind, "")


def state_shares(sample: Sample) -> tuple[tuple[str, ...], F64]:
    """Return the mean share of each component's quantity in each state of damage.

    Parameters
    ----------
    sample
        Damage: `component-location-direction-unit-state`; state 0 is none.

    Returns
    -------
    names, shares
        Component and its shares; a row sums to 1 or is NaN. [1] (components, states)

    Raises
    ------
    InvalidInputError
        When columns are no damage.
    """
    wrong = ["-".join(p) for p in sample.labels if len(p) != 5 or not p[4].isdigit()]
    if wrong:
        refuse([fault("columns", "damage", wrong)])
    names = tuple(dict.fromkeys(p[0] for p in sample.labels))
    worst = max(int(p[4]) for p in sample.labels)
    total = np.zeros((len(names), worst + 1))
    mean = sample.values.mean(axis=0)
    for parts, value in zip(sample.labels, mean, strict=True):
        total[names.index(parts[0]), int(parts[4])] += value
    whole = total.sum(axis=1, keepdims=True)
    return names, np.divide(total, whole, out=np.full_like(total, np.nan), where=whole > 0)
