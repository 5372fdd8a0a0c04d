"""Rows of the Damage and Loss Model Library as curves."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator, Mapping
from math import nan
from typing import Any

import numpy as np

from rencheng.adapters.curve_library.datasets import Dataset
from rencheng.domain.curve import Beyond, Curve, CurveKind, CurveStatus
from rencheng.domain.errors import Fault, InvalidInputError

LICENCE = "BSD-3-Clause"
INTENSITY = {
    "Peak Ground Acceleration": "PGA",
    "Spectral Acceleration|1.0": "SA(1.0)",
    "Peak Ground Velocity": "PGV",
    "Permanent Ground Deformation": "PGD",
    "Peak Roof Drift Ratio": "roof_drift",
    "Peak Interstory Drift Ratio": "drift",
    "Peak Floor Acceleration": "PFA",
    "Peak Floor Velocity": "PFV",
    "Peak Gust Wind Speed": "gust_3s",
    "Peak Inundation Height": "depth_above_floor",
}
# A ratio of drift is small: the angle in radian is the ratio.
UNIT = {"inch": "in", "cmps": "cm/s", "mps": "m/s", "rad": "1", "unitless": "1"}
# The loss curves of the wind model are means of simulations and fall here and there by a hair; a
# deeper fall is a fault. Set by judgement.
NOISE = 0.02


def read_row(text: str, header: str, dataset: Dataset) -> Curve:
    """Return the curve of one line of a file.

    Raises
    ------
    InvalidInputError
        When the row cannot be a curve, with all that is wrong.
    """
    (row,) = csv.DictReader(io.StringIO(f"{header}\n{text}\n"))
    return from_row(row, dataset)


def read_all(text: str, dataset: Dataset) -> Iterator[Curve | Fault]:
    """Return every row as a curve, or as the fault for which it is left out."""
    reader = csv.DictReader(io.StringIO(text))
    for row in reader:
        try:
            yield from_row(row, dataset)
        except InvalidInputError as error:
            first = error.faults[0]
            yield Fault(
                where=f"{dataset.member}:{reader.line_num} {row.get('ID')}",
                key=first.key,
                problem=first.problem,
                hint=first.hint,
                first=first.first,
            )


def identity_of(row_id: str) -> str:
    """Return a row's name without the ending that marks what it costs."""
    return row_id.removesuffix("-Cost")


def from_row(row: Mapping[str, str], dataset: Dataset) -> Curve:
    """Return the curve of a row; `InvalidInputError` with the fault when it cannot be one."""
    raw = row.get("ID") or ""
    identity = identity_of(raw)
    demand, unit = row.get("Demand-Type") or "", row.get("Demand-Unit") or ""
    if row.get("Incomplete") == "1":
        raise _left_out(raw, "incomplete", "the source marks it incomplete")
    if demand not in INTENSITY:
        raise _left_out(raw, "demand", f"{demand} [{unit}]")
    shared: dict[str, Any] = {
        "id": f"{dataset.id}/{identity}",
        "hazard": dataset.hazard,
        "component": dataset.component_of(identity),
        "intensity": INTENSITY[demand],
        "unit": UNIT.get(unit, unit),
        "asset": identity,
        "region": dataset.region,
        "source": f"{dataset.title}; {dataset.package} {dataset.member}, row {raw}",
        "licence": LICENCE,
        "status": CurveStatus.UNVERIFIED,
        "version": dataset.version,
    }
    try:
        form = _loss(row) if "LossFunction-Theta_0" in row else _states(row, dataset)
    except (ValueError, IndexError) as error:
        raise _left_out(raw, "value", str(error)) from error
    note = "; ".join(part for part in (dataset.note, form.pop("note", "")) if part)
    return Curve(**shared, **form, note=note)


def _loss(row: Mapping[str, str]) -> dict[str, Any]:
    mean_text, x_text = (row["LossFunction-Theta_0"] or "").split("|")
    x, mean = _numbers(x_text), _numbers(mean_text)
    held = np.maximum.accumulate(mean)
    fall = float((held - mean).max())
    note = ""
    if 0 < fall <= NOISE:
        mean = held
        note = f"the source falls by up to {fall:.2g}; here the highest value before is held"
    return {
        "kind": CurveKind.VULNERABILITY,
        "x": x,
        "mean": mean,
        "low": float(x[0]),
        "high": float(x[-1]),
        "note": note,
    }


def _states(row: Mapping[str, str], dataset: Dataset) -> dict[str, Any]:
    steps = [k for k in range(1, len(dataset.states) + 1) if row.get(f"LS{k}-Family")]
    families = {row[f"LS{k}-Family"] for k in steps}
    names = tuple(dataset.states[: len(steps)])
    first = [row[f"LS{k}-Theta_0"] for k in steps]
    weights = [(k, row.get(f"LS{k}-DamageStateWeights") or "") for k in steps]
    split = [f"{names[k - 1]}: {text}" for k, text in weights if text.strip()]
    common = {
        "kind": CurveKind.FRAGILITY,
        "states": names,
        "note": f"states that divide into several, with their shares: {', '.join(split)}"
        if split
        else "",
    }
    if families == {"lognormal"}:
        return {
            **common,
            "median": [float(text) for text in first],
            "beta": [float(row[f"LS{k}-Theta_1"]) for k in steps],
            "collapse": _collapse(row, len(steps)),
        }
    if families == {"multilinear_CDF"}:
        tables = [[_numbers(part) for part in text.split("|")] for text in first]
        x = np.unique(np.concatenate([knots for knots, _ in tables]))
        # Straight lines between the knots of one state stay straight with the others' in between.
        rows = np.array([np.interp(x, knots, p, left=0.0) for knots, p in tables])
        ends = {"low": float(x[0]), "high": float(x[-1])}
        return {**common, "x": x, "probability": rows, **ends, "below": Beyond.ZERO}
    raise ValueError(f"{' and '.join(sorted(families)) or 'no'} distribution")


def _collapse(row: Mapping[str, str], worst: int) -> float:
    # Of the worst state: standing | collapsed.
    parts = (row.get(f"LS{worst}-DamageStateWeights") or "").split("|")
    return float(parts[1]) if worst == 4 and len(parts) == 2 else nan


def _numbers(text: str) -> np.ndarray[Any, np.dtype[np.float64]]:
    return np.array([float(part) for part in text.split(",")])


def _left_out(row: str, key: str, said: str) -> InvalidInputError:
    fault = Fault(
        where=row,
        key=f"curve.{key}",
        problem=said,
        hint="The row is left out; take another, or write it as a table of your own",
        first=(said,),
    )
    return InvalidInputError(
        "curve.row",
        f"{row}: {said}",
        hint="Take another curve, or write it as a table of your own",
        params={"row": row, "problem": said},
        faults=(fault,),
    )
