"""Tables of damage curves: a TOML file with what all curves share, rows in it or in a CSV beside.

The form is described in `docs/how-to/curves.md`.
"""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, fields
from enum import StrEnum
from pathlib import Path
from typing import Any

import numpy as np

from rencheng.adapters.files import read_toml
from rencheng.domain.curve import Beyond, Curve, CurveKind, CurveStatus
from rencheng.domain.errors import Fault, InvalidInputError

SCHEMA = "rencheng/curves/1"
CHOICES: dict[str, type[StrEnum]] = {
    "kind": CurveKind,
    "below": Beyond,
    "above": Beyond,
    "status": CurveStatus,
}
NUMBERS = ("low", "high", "collapse")
ARRAYS = ("x", "mean", "sd", "median", "beta")
# Written in this order; without a default in `Curve`.
OBLIGATORY = (
    "id", "kind", "hazard", "component", "intensity", "unit", "asset", "region", "source",
    "licence", "status", "version",
)  # fmt: skip
FIELDS = tuple(f.name for f in fields(Curve))
_OWN = ("schema", "rows", "curve")


@dataclass(frozen=True, slots=True)
class Row:
    """Fields of a curve as a file gives them, and where they stand."""

    place: str
    given: Mapping[str, Any]


def read_table(file: Path) -> tuple[Curve, ...]:
    """Return the curves of a table.

    Raises
    ------
    InvalidInputError
        With all faults of the file: those of one kind together, with count and first places.
    """
    header = _header(file)
    shared = {k: v for k, v in header.items() if k not in _OWN}
    found: list[tuple[str, Fault]] = [
        (file.name, _fault(name, "field", f"{name!r} is no field of a curve", name))
        for name in shared
        if name not in FIELDS
    ]
    if header.get("schema") != SCHEMA:
        said = f"{header.get('schema')!r} instead of {SCHEMA!r}"
        given = f"{header.get('schema')} ≠ {SCHEMA}"
        found.append((file.name, _fault("schema", "schema", said, given)))
    curves: list[Curve] = []
    places: dict[str, str] = {}
    shared = {name: value for name, value in shared.items() if name in FIELDS}
    for row in (*_entries(file, header), *_rows(file, header, found)):
        curve, faults = make({**shared, **row.given})
        found += [(row.place, fault) for fault in faults]
        if curve and curve.id in places:
            said = f"{curve.id} also stands in {places[curve.id]}"
            found.append((row.place, _fault(f"{curve.id}.id", "double", said, places[curve.id])))
        elif curve:
            places[curve.id] = row.place
            curves.append(curve)
    if not curves and not found:
        found.append((file.name, _fault("curve", "no_curves", "no curve stands in it")))
    if found:
        raise _refused(file, found)
    return tuple(curves)


def make(given: Mapping[str, Any]) -> tuple[Curve | None, tuple[Fault, ...]]:
    """Return the curve of fields as text or TOML values, or None and all that is wrong with it."""
    values: dict[str, Any] = {
        "below": Beyond.ZERO,
        "above": Beyond.HOLD,
        **dict.fromkeys(OBLIGATORY, ""),
    }
    identity = str(given.get("id", "")) or "?"
    faults: list[Fault] = []
    for name, value in given.items():
        if name not in FIELDS:
            said = f"{name!r} is no field of a curve"
            faults.append(_fault(f"{identity}.{name}", "field", said, name))
            continue
        if name not in CHOICES and isinstance(value, str) and not value:
            continue
        try:
            values[name] = _value(name, value)
        except (ValueError, TypeError) as error:
            said = f"{value!r}: {error}"
            faults.append(_fault(f"{identity}.{name}", "value", said, repr(value)))
    for name, choice in CHOICES.items():
        if not isinstance(values[name], choice):
            said = f"{values[name]!r} is none of {', '.join(choice)}"
            given_word = f"{values[name]} ≠ {' | '.join(choice)}"
            faults.append(_fault(f"{identity}.{name}", "choice", said, given_word))
    broken = {f.where.rpartition(".")[2] for f in faults}
    if broken & {"kind", *ARRAYS, "probability", *NUMBERS}:
        return None, tuple(faults)
    values |= {name: word for name, word in _STAND_IN.items() if name in broken}
    knots = values.get("x")
    if knots is not None and knots.size:
        values.setdefault("low", float(knots[0]))
        values.setdefault("high", float(knots[-1]))
    try:
        curve = Curve(**values)
    except InvalidInputError as error:
        return None, (*faults, *error.faults)
    return (None, tuple(faults)) if faults else (curve, ())


_STAND_IN = {
    "status": CurveStatus.ASSUMPTION,
    "below": Beyond.ZERO,
    "above": Beyond.HOLD,
}
"""What lets the other fields be looked at when one of these is wrong."""


def _value(name: str, value: Any) -> Any:
    if name in CHOICES:
        return CHOICES[name](value) if value in list(CHOICES[name]) else value
    if name in NUMBERS:
        return float(value)
    if name in ARRAYS:
        return np.array(_numbers(value))
    if name == "states":
        parts = value.split("|") if isinstance(value, str) else value
        return tuple(str(part).strip() for part in parts)
    if name == "probability":
        rows = value.split("|") if isinstance(value, str) else value
        return np.array([_numbers(row) for row in rows])
    if not isinstance(value, str):
        raise TypeError("is not text")
    return value


def _numbers(value: str | Iterable[Any]) -> list[float]:
    parts = value.split() if isinstance(value, str) else value
    return [float(part) for part in parts]


def _header(file: Path) -> dict[str, Any]:
    try:
        return read_toml(file)
    except OSError as error:
        raise InvalidInputError(
            "curve.unread",
            f"{file} cannot be read: {error}",
            hint="Give a text file in TOML, in UTF-8",
            params={"where": file.name, "reason": str(error)},
        ) from error


def _entries(file: Path, header: Mapping[str, Any]) -> Iterator[Row]:
    lines = file.read_text(encoding="utf-8-sig").splitlines()
    starts = [
        i for i, line in enumerate(lines, start=1) if line.split("#")[0].strip() == "[[curve]]"
    ]
    for k, given in enumerate(header.get("curve", ())):
        line = starts[k] if k < len(starts) else 0
        yield Row(f"{file.name}:{line}", given)


def _rows(file: Path, header: Mapping[str, Any], found: list[tuple[str, Fault]]) -> Iterator[Row]:
    name = header.get("rows")
    if not name:
        return
    beside = file.parent / str(name)
    try:
        if Path(str(name)).name != name:
            raise ValueError("a table's rows lie beside it")
        text = beside.read_text(encoding="utf-8-sig")
        reader = csv.DictReader(io.StringIO(text), strict=True)
        unknown = [head for head in reader.fieldnames or () if head not in FIELDS]
        if unknown:
            said = f"{', '.join(unknown)} is no field of a curve"
            found.append((f"{beside.name}:1", _fault("columns", "field", said, ", ".join(unknown))))
        for row in reader:
            given = {k: v.strip() for k, v in row.items() if k in FIELDS and v and v.strip()}
            place = f"{beside.name}:{reader.line_num}"
            if None in row or None in row.values():
                heads = len(reader.fieldnames or ())
                found.append((place, _fault("row", "width", f"not {heads} columns", f"≠ {heads}")))
                continue
            yield Row(place, given)
    except (OSError, ValueError, csv.Error) as error:
        found.append((beside.name, _fault("rows", "rows", str(error))))


def _fault(where: str, key: str, said: str, first: str = "") -> Fault:
    """Return a fault; `first` is what a sentence in any language can show."""
    first_of = (first or said,)
    return Fault(where=where, key=f"curve.{key}", problem=said, hint=_HINTS[key], first=first_of)


_HINTS = {
    "field": "Take it out, or write it as docs/how-to/curves.md names it",
    "schema": f"Begin the file with schema = '{SCHEMA}'",
    "double": "Give every curve an id of its own",
    "no_curves": "Add [[curve]] entries, or rows = 'name.csv'",
    "value": "Give a number, numbers with spaces between, or text, as the field asks",
    "choice": "Write one of the words named",
    "width": "Give every row as many cells as the first line has",
    "rows": "Put a CSV file in UTF-8 beside the table and name it in rows",
}


def _refused(file: Path, found: Sequence[tuple[str, Fault]]) -> InvalidInputError:
    """Return the error of a file: faults of one kind in one field together."""
    groups: dict[tuple[str, str], list[tuple[str, Fault]]] = {}
    for place, fault in found:
        name = fault.where.rpartition(".")[2]
        groups.setdefault((fault.key, name), []).append((place, fault))
    faults = []
    for group in groups.values():
        place, head = group[0]
        first = head.first
        if len(group) > 1:
            first = tuple(f"{at} {f.where}: {', '.join(f.first)}" for at, f in group[:3])
        faults.append(
            Fault(
                where=f"{place} {head.where}",
                key=head.key,
                problem=head.problem,
                hint=head.hint,
                count=head.count if len(group) == 1 else len(group),
                first=first,
            )
        )
    return InvalidInputError(
        "curve.table",
        f"{file.name} has {len(found)} faults, first {faults[0].where}: {faults[0].problem}",
        hint="Mend every fault named; docs/how-to/curves.md shows the form",
        params={"file": file.name, "count": len(found)},
        faults=faults,
    )


def write_table(file: Path, curves: Sequence[Curve]) -> None:
    """Write curves as `file` (TOML: what all share) and a CSV of the same name (the rest).

    Numbers are written so that reading gives the same ones to the last bit.
    """
    texts = [_texts(curve) for curve in curves]
    shared = {
        name: texts[0][name]
        for name in FIELDS
        if name in CHOICES or isinstance(getattr(curves[0], name), str)
        if name != "id" and len({row[name] for row in texts}) == 1 and texts[0][name]
    }
    beside = file.with_suffix(".csv")
    lines = [f"schema = {json.dumps(SCHEMA)}", f"rows = {json.dumps(beside.name)}"]
    lines += [f"{name} = {json.dumps(text, ensure_ascii=False)}" for name, text in shared.items()]
    own = [n for n in FIELDS if n not in shared and any(row[n] for row in texts)]
    with beside.open("w", encoding="utf-8", newline="") as sink:
        writer = csv.writer(sink, lineterminator="\n")
        writer.writerow(own)
        writer.writerows([row[name] for name in own] for row in texts)
    file.write_text("\n".join(lines) + "\n", encoding="utf-8")


def _texts(curve: Curve) -> dict[str, str]:
    """Return every field as the cell of a table; blank where it says nothing."""
    texts: dict[str, str] = {}
    for name in FIELDS:
        value = getattr(curve, name)
        if value is None or (name == "collapse" and np.isnan(value)):
            texts[name] = ""
        elif name in ARRAYS:
            texts[name] = " ".join(repr(float(v)) for v in value)
        elif name == "probability":
            texts[name] = "|".join(" ".join(repr(float(v)) for v in row) for row in value)
        elif name == "states":
            texts[name] = "|".join(value)
        else:
            texts[name] = repr(float(value)) if name in NUMBERS else str(value)
    return texts


def same(one: Curve, other: Curve) -> bool:
    """Return whether two curves agree in every field, bit for bit."""
    return _texts(one) == _texts(other)
