"""Tables of a network that pandapower saved as JSON, read as plain data.

pandapower's own loader imports whatever module the file names; a file that somebody uploads must
not choose what is run. Only the tables wanted here are read, everything else is passed over.
"""

from __future__ import annotations

import json
import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from rencheng.domain.errors import Fault, InvalidInputError

Record = dict[str, Any]
_WHOLE = {"from_bus", "to_bus", "hv_bus", "mv_bus", "lv_bus", "bus", "element"}
_REAL = {
    "vn_kv", "x", "y", "length_km", "max_i_ka", "df", "parallel", "sn_mva", "sn_hv_mva", "p_mw",
    "max_p_mw", "pn_mech_mw", "scaling",
}  # fmt: skip
_LARGEST = 1e12
"""A larger number is no measure of a power network. Ours."""
_HINT = "Save the network again with pandapower.to_json"


@dataclass(frozen=True, slots=True)
class Table:
    """Rows of one table: index → record."""

    rows: Mapping[int, Record]

    def __iter__(self) -> Iterator[tuple[int, Record]]:
        return iter(self.rows.items())

    def __len__(self) -> int:
        return len(self.rows)


def read_tables(
    file: Path, wanted: Mapping[str, tuple[str, ...]]
) -> tuple[dict[str, Table], list[str]]:
    """Return the wanted tables of a saved network, and where values are of the wrong type.

    A table that is absent is empty. A value of the wrong type is unknown: NaN, or -1 for the
    number of a bus.

    Parameters
    ----------
    file
        Written by `pandapower.to_json`, version 2 or 3.
    wanted
        Table → columns that it must have when it has rows.

    Raises
    ------
    InvalidInputError
        When it is no JSON, no pandapower network, or tables lack columns: all faults at once.
    """
    try:
        whole = json.loads(file.read_text(encoding="utf-8"))
    except (UnicodeDecodeError, json.JSONDecodeError, RecursionError) as error:
        line = getattr(error, "lineno", 0)
        raise _refused(file, [_fault(f"{file.name}:{line}", "panda.json", str(error))]) from error
    inner = whole.get("_object") if isinstance(whole, dict) else None
    if not isinstance(inner, dict) or whole.get("_class") != "pandapowerNet":
        raise _refused(file, [_fault(file.name, "panda.kind", "not a saved pandapower network")])
    faults: list[Fault] = []
    tables = {}
    for name, columns in wanted.items():
        try:
            tables[name] = _table(inner.get(name))
        except (ValueError, TypeError, KeyError, OverflowError, RecursionError) as error:
            faults.append(_fault(f"{file.name}: {name}", "panda.table", str(error)[:80]))
            continue
        record = next(iter(tables[name].rows.values()), None)
        lacking = [c for c in columns if record is not None and c not in record]
        if lacking:
            faults.append(_fault(f"{file.name}: {name}", "panda.columns", ", ".join(lacking)))
    if faults:
        raise _refused(file, faults)
    odd: list[str] = []
    for name, table in tables.items():
        for index, record in table:
            odd += [f"{name}:{index} {column}" for column in _mend(record)]
    return tables, odd


def _mend(record: Record) -> list[str]:
    """Make every column what it should be, in place; return the columns that were not."""
    odd = []
    for column, value in record.items():
        if column in _WHOLE:
            is_right = isinstance(value, int | float) and abs(value) < _LARGEST
            record[column] = int(value) if is_right and value == int(value) else -1
            odd += [column] * (record[column] < 0)
        elif column in _REAL:
            is_right = isinstance(value, int | float) and abs(value) < _LARGEST
            record[column] = float(value) if is_right else math.nan
            odd += [column] * (not is_right and value is not None)
        elif column in ("name", "et"):
            record[column] = "" if value is None else str(value)
    return odd


def _table(stored: Any) -> Table:
    if stored is None:
        return Table({})
    inner = stored["_object"] if isinstance(stored, dict) and "_object" in stored else stored
    content = json.loads(inner) if isinstance(inner, str) else inner
    columns = [str(c) for c in content["columns"]]
    rows = {}
    for index, values in zip(content["index"], content["data"], strict=True):
        rows[int(index)] = dict(zip(columns, values, strict=True))
    return Table(rows)


def point_of(record: Record) -> tuple[float, float] | None:
    """Return x and y of a record: columns `x`, `y`, or `geo` with a GeoJSON point."""
    x, y = record.get("x", math.nan), record.get("y", math.nan)
    if math.isfinite(x) and math.isfinite(y):
        return x, y
    points = line_of(record)
    return points[0] if points else None


def line_of(record: Record) -> list[tuple[float, float]]:
    """Return the points of a record: `coords`, or `geo` with GeoJSON; none where it has none."""
    content: Any = record.get("coords")
    geo = record.get("geo")
    try:
        if content is None and geo:
            content = (json.loads(geo) if isinstance(geo, str) else geo)["coordinates"]
        if not content:
            return []
        if not isinstance(content[0], list | tuple):
            content = [content]
        points = [(float(p[0]), float(p[1])) for p in content]
    except (ValueError, TypeError, KeyError, IndexError, RecursionError):
        return []
    return points if all(math.isfinite(v) for point in points for v in point) else []


def _fault(where: str, key: str, what: str) -> Fault:
    return Fault(where=where, key=key, problem=what, hint=_HINT, first=(what,))


def _refused(file: Path, faults: list[Fault]) -> InvalidInputError:
    return InvalidInputError(
        "panda.file",
        f"{file.name} cannot be read as a pandapower network: {faults[0].problem}",
        hint=_HINT,
        params={"file": file.name, "count": len(faults)},
        faults=faults,
    )
