"""What goes with the use of a building: cost of building it anew, depth-damage curve."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import isfinite
from pathlib import Path
from typing import Any

from rencheng.adapters.files import data_folder, read_toml, unread_fault
from rencheng.domain.errors import Fault, InvalidInputError
from rencheng.service.risk_runs import CostRow

COSTS, COST_SCHEMA = "replacement_cost.toml", "rencheng/replacement-cost/1"
BY_USE = ("flood", "tsunami", "wind")
"""Hazards whose curve goes with the use of a building, stated in `<hazard>_by_use.toml`."""
OWN_REGION = "own"
"""Stands for the region of the city's time zone."""
OWN_FOLDER = "risk"
"""Folder of the state whose tables go before those that come with the program."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Costs:
    """What square metres cost in one city."""

    currency: str
    year: int
    rows: tuple[CostRow, ...]
    version: str
    country: str = ""
    """ISO 3166-1 alpha-2, where the table says it for the city's time zone."""

    def per_m2(self, use: str) -> float:
        """Return the cost of a use class; NaN where no row has it. [currency/m²]"""
        found = self.row(use)
        return found.per_m2 if found else float("nan")

    def row(self, use: str) -> CostRow | None:
        """Return the row of a use class; of several the one that names most of it."""
        fitting = [
            (len(start), row) for row in self.rows for start in row.uses if use.startswith(start)
        ]
        return max(fitting, key=lambda pair: pair[0])[1] if fitting else None


def read_costs(state: Path | None, timezone: str) -> Costs:
    """Return what building anew costs in a city.

    Parameters
    ----------
    state
        State folder, whose `risk/replacement_cost.toml` goes before ours.
    timezone
        Of the city: says which gross domestic product counts where costs follow from one.

    Raises
    ------
    InvalidInputError
        With every fault of the table.
    """
    table, where = _load(state, COSTS, COST_SCHEMA)
    faults: list[Fault] = []
    product = _product(table, timezone)
    rows = []
    for i, given in enumerate(table.get("cost", ())):
        row = _cost(given, table, product)
        if row is None:
            faults.append(_fault(f"{where}: cost[{i}]", "cost_row", str(given)))
        else:
            rows.append(row)
    for name, holds in {
        "currency": _is_text(table.get("currency")),
        "year": isinstance(table.get("year"), int),
        "source": _is_text(table.get("source"))
        or all("source" in r for r in table.get("cost", ())),
        "cost": bool(table.get("cost")),
    }.items():
        if not holds:
            faults.append(_fault(f"{where}: {name}", "cost_row", name))
    _refuse(where, faults)
    return Costs(
        currency=table["currency"],
        year=table["year"],
        rows=tuple(rows),
        version=f"{table.get('version', '1')} ({where})",
        country=str(product.get("country", "")),
    )


def _product(table: Mapping[str, Any], timezone: str) -> Mapping[str, Any]:
    rows: Sequence[Mapping[str, Any]] = table.get("gdp", ())
    named = [row for row in rows if timezone in row.get("timezones", ())]
    usual = [row for row in rows if not row.get("timezones")]
    return next(iter((*named, *usual)), {})


def _cost(
    row: Mapping[str, Any], table: Mapping[str, Any], product: Mapping[str, Any]
) -> CostRow | None:
    try:
        uses = tuple(str(one) for one in row["uses"])
        status = str(row.get("status", table.get("status", "")))
        source = str(row.get("source", table.get("source", "")))
        if "per_m2" in row:
            number = float(row["per_m2"])
        else:
            head = float(product["per_head"])
            number = float(row["a"]) * head ** float(row["b"])
            said = f"{head:.0f} US$ ({product['source']}; {product['status']})"
            source = f"{source}; {row['a']} · {said} ^ {row['b']}"
    except (KeyError, TypeError, ValueError):
        return None
    sound = isfinite(number) and number > 0 and uses and status and source
    return CostRow(uses=uses, per_m2=number, status=status, source=source) if sound else None


def read_use_curves(
    state: Path | None, hazard: str, timezone: str, region: str = OWN_REGION
) -> Mapping[str, str]:
    """Return ids of curves of a hazard by the beginning of use classes; none for some places.

    Parameters
    ----------
    state
        State folder, whose `risk/<hazard>_by_use.toml` goes before ours.
    hazard
        One of `BY_USE`.
    timezone
        Of the city: says the region.
    region
        Another one, instead.

    Raises
    ------
    InvalidInputError
        With every fault of the table.
    """
    table, where = _load(state, f"{hazard}_by_use.toml", f"rencheng/{hazard}-by-use/1")
    try:
        regions = [
            (str(row["name"]), tuple(map(str, row["timezones"]))) for row in table.get("region", ())
        ]
        uses = [(tuple(map(str, row["starts"])), str(row["curve"])) for row in table.get("use", ())]
    except (KeyError, TypeError) as error:
        raise _refused(where, [_fault(where, "flood_row", str(error))]) from error
    if region == OWN_REGION:
        region = next((name for name, zones in regions if timezone.startswith(zones)), "")
    if not region and any("{region}" in curve for _, curve in uses):
        return {}
    return {start: curve.replace("{region}", region) for starts, curve in uses for start in starts}


def curve_of(use: str, by_start: Mapping[str, str]) -> str:
    """Return the id of a use's curve; empty when none goes with it."""
    fitting = [start for start in by_start if use.startswith(start)]
    return by_start[max(fitting, key=len)] if fitting else ""


def _load(state: Path | None, name: str, schema: str) -> tuple[dict[str, Any], str]:
    own = state / OWN_FOLDER / name if state else None
    file = own if own is not None and own.exists() else data_folder() / "curves" / name
    where = f"{OWN_FOLDER}/{name}" if file is own else name
    try:
        table = read_toml(file)
    except InvalidInputError as error:
        raise _refused(where, [unread_fault(error)]) from error
    except OSError as error:
        raise _refused(where, [_fault(where, "unread_table", str(error))]) from error
    if table.get("schema") != schema:
        raise _refused(where, [_fault(where, "unread_table", f"schema ≠ {schema}")])
    return table, where


def _is_text(value: object) -> bool:
    return isinstance(value, str) and bool(value.strip())


def _fault(where: str, key: str, said: str) -> Fault:
    return Fault(
        where=where, key=f"risk.{key}", problem=said, hint="Mend this row", first=(said[:120],)
    )


def _refuse(where: str, faults: Sequence[Fault]) -> None:
    if faults:
        raise _refused(where, faults)


def _refused(where: str, faults: Sequence[Fault]) -> InvalidInputError:
    return InvalidInputError(
        "risk.use_table",
        f"{where} has {len(faults)} faults",
        hint="Mend them all, or take the file away to use ours",
        params={"file": where, "count": len(faults)},
        faults=tuple(faults),
    )
