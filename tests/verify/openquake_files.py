"""Tables that OpenQuake expects of its own cases: read as text, compared at the digits printed."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

Row = Mapping[str, str]
Ours = Mapping[tuple[str, ...], Mapping[str, object]]
# What says nothing of a result: how a run was numbered, and who is not in it.
SILENT = ("rup_id", "year", "rlz_id", "stat", "rlz", "site_id")
# OpenQuake computes with float32; beyond half a unit of the last digit this share is allowed.
FLOAT32 = 1e-6


@dataclass(frozen=True)
class Expected:
    """A table with the columns that name its rows."""

    rows: Sequence[Row]
    keys: tuple[str, ...]
    count: int = 0
    """Rows of the whole table, where not all are printed."""


def read_csv(path: Path, keys: tuple[str, ...]) -> Expected:
    """Return a CSV export, without its comment."""
    lines = [line for line in path.read_text("utf-8").splitlines() if not line.startswith("#")]
    rows = list(csv.DictReader(io.StringIO("\n".join(lines))))
    return Expected(rows, tuple(k for k in keys if k in rows[0]))


def read_print(path: Path, keys: tuple[str, ...]) -> Expected:
    """Return a table as pandas prints it, rows that it leaves out (…) being left out."""
    head, names, *lines = path.read_text("utf-8").splitlines()
    index, values = names.split(), head.split()
    rows, above, count = [], [""] * len(index), 0
    for line in lines:
        words = line.split()
        count = int(words[0][1:]) if words and words[0].startswith("[") else count
        if not words or words[0] == "..." or words[0].startswith("["):
            continue
        missing = len(index) + len(values) - len(words)
        above = above[:missing] + words[: len(index) - missing]
        rows.append(dict(zip([*index, *values], [*above, *words[-len(values) :]], strict=True)))
    return Expected(rows, keys, count)


def compare(expected: Expected, ours: Ours) -> int:
    """Return how many numbers agree; raise AssertionError at the first that does not.

    Of a table printed in part the number of its rows must agree too; of a whole one no row of ours
    may be missing that is not zero.
    """
    many = 0
    seen = set()
    for row in expected.rows:
        key = tuple(row[k] for k in expected.keys)
        if key not in ours:
            raise AssertionError(f"no row {key} here")
        seen.add(key)
        mine = ours[key]
        for name, text in row.items():
            if name in expected.keys or name in SILENT:
                continue
            if name not in mine:
                raise AssertionError(f"no column {name} here")
            given = mine[name]
            if not _same(text, given):
                raise AssertionError(f"{' '.join(key)}, {name}: {text} there, {given} here")
            many += 1
    full = [key for key, row in ours.items() if _is_something(row)]
    if expected.count and len(full) != expected.count:
        raise AssertionError(f"{expected.count} rows there, {len(full)} here")
    rest = [] if expected.count else [key for key in full if key not in seen]
    if rest:
        raise AssertionError(f"row {rest[0]} is here and not there")
    return many


def _is_something(row: Mapping[str, object]) -> bool:
    return any(abs(value) > 0.0 for value in row.values() if isinstance(value, float))


def _same(text: str, given: object) -> bool:
    if not isinstance(given, float):
        return text == given
    if text.strip().upper() in {"NAN", ""}:
        return given != given
    value = float(text)
    return abs(given - value) <= 0.5 * _unit(text) + FLOAT32 * abs(value)


def _unit(text: str) -> float:
    """Return the worth of the last digit printed.

    >>> _unit("1.23E+02"), _unit("0.5"), _unit("63.0")
    (1.0, 0.1, 1.0)
    """
    found = re.fullmatch(r"-?\d+(?:\.(\d*))?(?:[eE]([+-]?\d+))?", text.strip())
    if not found:
        return 0.0
    places, power = len(found[1] or ""), int(found[2] or 0)
    if not found[2] and found[1] and set(found[1]) == {"0"}:
        return 1.0  # pandas prints a rounded number with `.0`
    return float(10.0 ** (power - places))
