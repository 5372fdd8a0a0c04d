"""Files of measures: read and checked, all faults at once, and brought to a table of assets."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeGuard

import numpy as np
from numpy.typing import NDArray

from rencheng.adapters.cities.files.picking import as_texts
from rencheng.adapters.files import read_toml
from rencheng.adapters.risk.events.table import Table, column
from rencheng.adapters.risk.study.files import read_input
from rencheng.domain import risk_uncertainty as ru
from rencheng.domain.curve import CurveStatus
from rencheng.domain.errors import Fault, InvalidInputError
from rencheng.domain.intensity import units_of
from rencheng.domain.risk_measures import (
    EFFECTS,
    EffectSpread,
    Estimate,
    Measure,
    MeasureKind,
    MeasureSet,
)
from rencheng.domain.risk_uncertainty import Study
from rencheng.model.risk.draws import SEEDS

SCHEMA = "rencheng/measures/1"
HEAD = ("schema", "version", "source", "status", "jurisdiction", "valid_from", "currency", "year")
COMMON = (
    "id", "name", "kind", "where", "cost", "upkeep", "life", "excludes", "source", "status",
)  # fmt: skip
OWN = {
    MeasureKind.RETROFIT: ("curve", "median_factor", "ratio_factor", "components"),
    MeasureKind.BARRIER: ("lowers", "unit", "design_period"),
    MeasureKind.RELOCATION: (),
    MeasureKind.INSURANCE: ("deductible", "limit", "share"),
    MeasureKind.WARNING: ("ratio_factor", "components"),
}
"""What a measure of each kind may say beside `COMMON`."""
FURTHER = ("measure", "samples", "seed", "input")
"""What else a file may say: what is uncertain, and how often it is drawn."""
SAMPLES = 500
"""Where something is uncertain and nobody says how many. Ours."""
COMMON_PARTS = (
    ru.ValueFactor, ru.MissingShare, ru.CurveChoice, ru.CurveFactor, ru.IntensityFactor,
    ru.RateFactor, ru.LossFactor,
)  # fmt: skip
"""Inputs of a study that may stand in a file of measures, without parts of single assets."""
WIDEST = 3.0
"""Logarithmic deviation beyond which a number is taken for per cent, as in studies. Ours."""
MOST = 1e18
"""No amount, depth or period is more; a limit may be `inf`, for none. Ours."""
HINTS = {
    "missing": "Add it; docs/how-to/risk-measures.md says what each kind needs",
    "unknown": "Remove it, or mend its name",
    "number": "Write a number within the range",
    "estimate": "Write one number, or low, best and high in this order, zero or more",
    "text": "Write a text, or a list of texts where several may stand",
    "choice": "Write one of those named",
    "double": "Give every measure an id of its own",
    "other": "Name a measure of this file",
    "nothing": "Say what it changes, or remove it",
    "column": "Add the column to the assets, or mend the name",
    "nobody": "Mend the values; they must stand in the asset table letter for letter",
    "curve": "Give this curve with the others, or mend its name",
    "component": "Name components that the assets have",
    "spread": "Give median, p05 and p95 above zero and rising, or median and common",
    "input": "Take it to a study of its own; here inputs act on all assets and events alike",
    "unit": "Give the unit of `lowers`, one that the event set's measure has",
    "money": "Bring values and costs to one currency and year first",
}
"""What to do, by the last part of the key; other languages stand in `words/risk_measures.toml`."""
# Quantile of the standard normal at 95 %.
_Z95 = 1.6448536269514722


def measure_file(path: str | Path) -> MeasureSet:
    """Read a file of measures.

    Parameters
    ----------
    path
        TOML as docs/how-to/risk-measures.md describes.

    Raises
    ------
    InvalidInputError
        When it is no TOML in UTF-8; with every fault of the file: a head that lacks source or
        currency, a measure with a field missing, unknown, out of range, or of another kind, ids
        doubled or not in the file.
    """
    file = Path(path)
    return read_measures(read_toml(file), file.name)


def read_measures(table: Mapping[str, Any], name: str = "measures") -> MeasureSet:
    """Return the measures of a table that was read; see `measure_file`."""
    head = _Row(table, name)
    said = {key: head.text(key) for key in HEAD if key not in ("schema", "status", "year")}
    head.choice("schema", (SCHEMA,))
    head.choice("status", tuple(CurveStatus))
    year = head.number("year", 1900, 2200, whole=True)
    head.only((*HEAD, *FURTHER))
    given = table.get("measure")
    rows: list[Any] = given if isinstance(given, list) else []
    if not rows or not all(isinstance(row, dict) for row in rows):
        head.wrong("missing", "measure", "[[measure]]")
        rows = []
    found, faults = [], head.faults
    for number, row in enumerate(rows):
        reader = _Row(row, f"{name}, {row.get('id') or f'measure[{number}]'}")
        found.append(_measure(reader))
        faults += reader.faults
    ids = [one.id for one in found]
    faults += [fault("double", name, i) for i in sorted({i for i in ids if ids.count(i) > 1})]
    for one in found:
        faults += [
            fault("other", f"{name}, {one.id}, excludes", other)
            for other in one.excludes
            if other not in ids or other == one.id
        ]
    study, wrong = _study(head, found)
    refuse([*faults, *wrong])
    return MeasureSet(
        study=study,
        measures=tuple(found),
        currency=said["currency"],
        year=int(year),
        version=said["version"],
        source=said["source"],
    )


def _study(head: _Row, measures: Sequence[Measure]) -> tuple[Study | None, list[Fault]]:
    """Return what is uncertain beside costs, and what is wrong with it; None where nothing is."""
    rows = head.table.get("input", [])
    rows = rows if isinstance(rows, list) else [rows]
    before, faults, inputs = len(head.faults), [], []
    for number, row in enumerate(rows, start=1):
        one, wrong = read_input(row, number)
        faults += wrong
        if one is None:
            continue
        own = [n for n in ("own", "between", "within") if getattr(one, n, 0.0)]
        if not isinstance(one, COMMON_PARTS) or own:
            head.wrong("input", f"input {one.name}", ", ".join(own) or str(row["kind"]))
        inputs.append(one)
    many = int(head.number("samples", 1, 1e6, whole=True)) if head.has("samples") else SAMPLES
    seed = int(head.number("seed", 0, SEEDS, whole=True)) if head.has("seed") else 0
    faults += head.faults[before:]
    drawn = inputs or any(one.effect for one in measures) or head.has("samples")
    return (Study(inputs=tuple(inputs), samples=many, seed=seed) if drawn else None), faults


def _measure(row: _Row) -> Measure:
    kind = MeasureKind(row.choice("kind", tuple(MeasureKind)) or MeasureKind.RELOCATION)
    own = OWN[kind]
    if row.has("kind"):
        row.only((*COMMON, *own))
    said: dict[str, Any] = {}
    effect: dict[str, EffectSpread] = {}
    ranges = {
        "median_factor": (1.0, 1e3), "ratio_factor": (0.0, 1.0), "lowers": (0.0, MOST),
        "design_period": (0.0, MOST), "deductible": (0.0, MOST), "limit": (0.0, math.inf),
        "share": (0.0, 1.0),
    }  # fmt: skip
    for key in own:
        if key in EFFECTS and isinstance(row.table.get(key), dict):
            spread = row.spread(key, *ranges[key])
            said[key] = spread.median
            effect[key] = spread
        elif row.has(key):
            said[key] = (
                row.number(key, *ranges[key])
                if key in ranges
                else row.texts(key)
                if key == "components"
                else row.text(key)
            )
    _needs(row, kind, said)
    return Measure(
        id=row.text("id"),
        name=row.text("name"),
        kind=kind,
        where=row.where(),
        cost=row.estimate("cost"),
        upkeep=row.estimate("upkeep") if row.has("upkeep") else Estimate(low=0, best=0, high=0),
        life=int(row.number("life", 1, 1000, whole=True)),
        excludes=row.texts("excludes") if row.has("excludes") else (),
        source=row.text("source"),
        status=CurveStatus(row.choice("status", tuple(CurveStatus)) or CurveStatus.ASSUMPTION),
        effect=effect,
        **said,
    )


def _needs(row: _Row, kind: MeasureKind, said: Mapping[str, Any]) -> None:
    """Note what a measure of its kind lacks."""
    changes: tuple[str, ...] = ()
    if kind is MeasureKind.RETROFIT:
        changes = ("curve", "median_factor", "ratio_factor")
    elif kind is MeasureKind.BARRIER:
        changes = ("lowers", "design_period")
        if math.isfinite(said.get("lowers", math.inf)) and "unit" not in said:
            row.wrong("missing", "unit", "unit")
    elif kind is MeasureKind.WARNING:
        changes = ("ratio_factor",)
        if not said.get("components"):
            row.wrong("missing", "components", "components")
    if changes and not any(key in said for key in changes):
        row.wrong("nothing", ", ".join(changes), kind)
    if said.get("limit", math.inf) < said.get("deductible", 0.0):
        row.wrong("number", "limit", f"{said['limit']:g} < {said['deductible']:g}")


@dataclass(slots=True)
class _Row:
    """A table of the file; what is wrong with it is noted and stands in for nothing."""

    table: Mapping[str, Any]
    where_: str
    faults: list[Fault] = field(default_factory=list)

    def wrong(self, key: str, what: str, said: object) -> None:
        self.faults.append(fault(key, f"{self.where_}, {what}", said))

    def has(self, key: str) -> bool:
        return key in self.table

    def only(self, allowed: Sequence[str]) -> None:
        for key in self.table:
            if key not in allowed:
                self.wrong("unknown", key, key)

    def text(self, key: str) -> str:
        value = self.table.get(key)
        if isinstance(value, str) and value.strip():
            return value
        self.wrong("missing" if value is None else "text", key, key if value is None else value)
        return ""

    def texts(self, key: str) -> tuple[str, ...]:
        value = self.table.get(key)
        many = [value] if isinstance(value, str) else value
        if isinstance(many, list) and many and all(isinstance(v, str) and v for v in many):
            return tuple(many)
        self.wrong("text", key, value)
        return ()

    def choice(self, key: str, allowed: Sequence[str]) -> str:
        value = self.table.get(key)
        if value in allowed:
            return str(value)
        self.wrong("choice", key, f"{value} ({', '.join(allowed)})")
        return ""

    def number(self, key: str, low: float, high: float, *, whole: bool = False) -> float:
        value = self.table.get(key)
        if _is_number(value) and low <= value <= high and not (whole and value != int(value)):
            return float(value)
        if value is None:
            self.wrong("missing", key, key)
        else:
            self.wrong("number", key, f"{value} ({low:g} … {high:g})")
        return low

    def estimate(self, key: str) -> Estimate:
        value = self.table.get(key)
        three = value if isinstance(value, list) else [value] * 3
        numbers = [float(v) for v in three if _is_number(v) and 0 <= v < math.inf]
        if value is None:
            self.wrong("missing", key, key)
        elif len(three) == len(numbers) == 3 and numbers == sorted(numbers):
            return Estimate(low=numbers[0], best=numbers[1], high=numbers[2])
        else:
            self.wrong("estimate", key, value)
        return Estimate(low=0.0, best=0.0, high=0.0)

    def spread(self, key: str, low: float, high: float) -> EffectSpread:
        """Return a number by quantiles, or by its median and logarithmic standard deviation."""
        said = dict(self.table[key])
        inner = _Row(said, f"{self.where_}, {key}", self.faults)
        parts = ("median", "common") if "common" in said else ("median", "p05", "p95")
        inner.only(parts)
        bounds = {"median": (low, high), "common": (0.0, WIDEST)}
        found = {n: inner.number(n, *bounds.get(n, (0.0, MOST))) for n in parts}
        middle = found["median"]
        if "common" in found:
            wide = math.exp(_Z95 * found["common"])
            found |= {"p05": middle / wide, "p95": middle * wide}
        if not 0.0 < found["p05"] <= middle <= found["p95"]:
            self.wrong("spread", key, said)
            return EffectSpread(median=1.0, p05=1.0, p95=1.0)
        return EffectSpread(median=middle, p05=found["p05"], p95=found["p95"])

    def where(self) -> dict[str, tuple[str, ...]]:
        value = self.table.get("where", {})
        if not isinstance(value, dict):
            self.wrong("text", "where", value)
            return {}
        plain = {  # storeys = 2 means what a table says as 2
            key: [str(v) if isinstance(v, int) and not isinstance(v, bool) else v for v in many]
            for key, one in value.items()
            for many in [one if isinstance(one, list) else [one]]
        }
        inner = _Row(plain, f"{self.where_}, where", self.faults)
        return {key: inner.texts(key) for key in value}


def _is_number(value: object) -> TypeGuard[float]:
    is_number = isinstance(value, float) and value == value
    return is_number or (type(value) is int and abs(value) <= MOST)


def fault(key: str, where: str, said: object) -> Fault:
    """Return a fault of a file of measures."""
    return Fault(
        where=where,
        key=f"measures.{key}",
        problem=str(said),
        hint=HINTS[key],
        first=(str(said),),
    )


def refuse(faults: Sequence[Fault]) -> None:
    """Raise an error that carries all faults, when there are any."""
    if faults:
        raise InvalidInputError(
            "risk.measures",
            f"the measures have {len(faults)} faults, the first: {faults[0].where}: "
            f"{faults[0].problem}",
            hint="Mend every fault named; nothing was computed",
            params={"count": len(faults), "first": faults[0].where},
            faults=faults,
        )


def meant(
    measures: MeasureSet,
    assets: Table,
    components: Sequence[str],
    curves: Sequence[str],
    measure: str,
) -> list[NDArray[np.bool_]]:
    """Return which assets each measure concerns. (assets,) each

    Parameters
    ----------
    measures
        As read.
    assets
        With the columns that `where` names.
    components
        That the assets have.
    curves
        Names of the curves that were given.
    measure
        Of the event set, such as `water_depth`.

    Raises
    ------
    InvalidInputError
        When a column or curve is not there, a measure concerns nobody, or a unit is none of the
        event set's measure.
    """
    faults: list[Fault] = []
    masks = []
    size = len(np.asarray(assets["id"]))
    given = [str(name) for name in assets]
    for one in measures.measures:
        here = np.ones(size, dtype=np.bool_)
        for name, values in one.where.items():
            if name not in given:
                faults.append(fault("column", f"{one.id}, where", name))
                continue
            here &= np.isin(as_texts(column(assets, name)).astype(str), values)
        if one.where and not here.any() and set(one.where) <= set(given):
            faults.append(fault("nobody", f"{one.id}, where", dict(one.where)))
        if one.curve and one.curve not in curves:
            faults.append(fault("curve", f"{one.id}, curve", one.curve))
        faults += [
            fault("component", f"{one.id}, components", name)
            for name in one.components
            if name not in components
        ]
        if one.unit and one.unit not in units_of(measure):
            faults.append(fault("unit", f"{one.id}, unit", f"{one.unit} ({measure})"))
        masks.append(here)
    refuse(faults)
    return masks
