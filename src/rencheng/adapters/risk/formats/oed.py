"""Locations of the Open Exposure Data standard (OED), both ways.

References
----------
.. [1] Open Data Standards, Open Exposure Data, location file (`loc`), OED 2 to 4:
   https://github.com/OasisLMF/ODS_OpenExposureData
"""

from __future__ import annotations

import csv
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from rencheng.adapters.cities.files.picking import as_texts
from rencheng.adapters.risk.events.table import Table, column, numbers
from rencheng.adapters.risk.faults import fault, refuse, rows_fault
from rencheng.adapters.risk.formats.exchange import Exchange
from rencheng.adapters.risk.tables import read_table
from rencheng.domain.errors import Fault

F64 = NDArray[np.float64]
VERSION = "3.2.0"
"""Of the standard that is written."""
WORTH = {
    "building": "BuildingTIV", "other": "OtherTIV", "contents": "ContentsTIV",
    "interruption": "BITIV",
}  # fmt: skip
"""Our component → total insured value."""
DEDUCTIBLE = {
    "building": "LocDed1Building", "other": "LocDed2Other", "contents": "LocDed3Contents",
    "interruption": "LocDed4BI",
}  # fmt: skip
KEY = ("PortNumber", "AccNumber", "LocNumber")
# Needed of every location by the standard, beside the values. 1050 and 5000 are its codes of
# unknown residential occupancy and unknown construction; 1000 and 5000 of both unknown.
NEEDED = (*KEY, "CountryCode", "LocPerilsCovered", "LocCurrency", "OEDVersion")
UNKNOWN_USE, UNKNOWN_BUILD = "1000", "5000"
KEPT = "oed_"
"""Before the names of fields that are carried along untouched."""


def read_oed(file: Path) -> Exchange:
    """Return the locations of a file as assets.

    Parameters
    ----------
    file
        A CSV with the fields of OED; letter case does not matter.

    Returns
    -------
    exchange
        `id` is LocNumber, with account and portfolio before it where it is not enough; `value_…`
        the total insured values; `curve_…` occupancy and construction, such as `1050-5000`, to be
        named with the curves; `deductible_…` amounts. All other fields stand as `oed_<name>`.

    Raises
    ------
    InvalidInputError
        When columns are missing, currencies differ, or two rows are one location.
    """
    table = {_proper(name): values for name, values in read_table(file).items()}
    missing = [n for n in ("LocNumber", "Latitude", "Longitude") if n not in table]
    missing += [] if any(n in table for n in WORTH.values()) else ["BuildingTIV"]
    if missing:
        refuse([fault("columns", file.name, missing)])
    currency = sorted(set(as_texts(table["LocCurrency"]))) if "LocCurrency" in table else [""]
    if len(currency) > 1:
        refuse([fault("currencies", f"{file.name}: LocCurrency", currency)])
    ids = _ids(table)
    assets: dict[str, Any] = {
        "id": ids, "lon": table["Longitude"], "lat": table["Latitude"],
    }  # fmt: skip
    use, build = (
        as_texts(table[n]) if n in table else np.full(ids.size, "", dtype=object)
        for n in ("OccupancyCode", "ConstructionCode")
    )
    kind = np.array(
        [f"{u or UNKNOWN_USE}-{b or UNKNOWN_BUILD}" for u, b in zip(use, build, strict=True)],
        dtype=object,
    )
    faults: list[Fault] = []
    for ours, theirs in WORTH.items():
        if theirs in table:
            worth, _ = numbers(column(table, theirs))
            # The standard: a value that is blank is nothing insured.
            blank = as_texts(table[theirs]) == ""
            assets[f"value_{ours}"] = np.where(blank, 0.0, worth)
            assets[f"curve_{ours}"] = kind
            faults += _deductible(table, ours, assets, ids)
    used = {"Latitude", "Longitude", "LocCurrency", *WORTH.values()}
    assets |= {f"{KEPT}{name}": v for name, v in table.items() if name not in used}
    ignored = [n for n in table if n.startswith(("LocLimit", "LocMinDed", "LocMaxDed", "LocPart"))]
    if ignored:
        faults.append(fault("not_used", file.name, ignored))
    return Exchange(form="oed", assets=assets, currency=currency[0], faults=tuple(faults))


def _ids(table: Mapping[str, Any]) -> NDArray[Any]:
    given = [as_texts(table[n]) for n in KEY if n in table]
    ids = given[-1]
    if np.unique(ids).size < ids.size:
        ids = np.array(["/".join(row) for row in zip(*given, strict=True)], dtype=object)
    known, counts = np.unique(ids, return_counts=True)
    refuse(rows_fault("double_id", "LocNumber", (counts > 1) | (known == ""), known))
    return np.asarray(ids, dtype=object)


def _deductible(
    table: Mapping[str, Any], ours: str, assets: dict[str, Any], ids: NDArray[Any]
) -> list[Fault]:
    """Take a deductible as an amount: stated (type 0) or a share of the value (type 2)."""
    name = DEDUCTIBLE[ours]
    if name not in table:
        return []
    amount, _ = numbers(column(table, name))
    kind = np.zeros(amount.size)
    typed = name.replace("Ded", "DedType", 1)
    if typed in table:
        kind = np.nan_to_num(numbers(column(table, typed))[0])
    amount = np.where(kind == 2, amount * assets[f"value_{ours}"], amount)
    other = ~np.isin(kind, (0, 2)) & np.isfinite(amount)
    assets[f"deductible_{ours}"] = np.where(other, np.nan, amount)
    return rows_fault("deductible", f"OED.{typed}", other, ids)


def write_oed(table: Table, file: Path, *, currency: str) -> tuple[Fault, ...]:
    """Write assets as a location file.

    Parameters
    ----------
    table
        Assets as `run` takes them; `oed_<name>` fields go back under their own names.
    file
        CSV to be written.
    currency
        Of the values.

    Returns
    -------
    faults
        What the standard wants and nobody knows, and what could not be carried.
    """
    names = [str(n) for n in table]
    many = len(table["id"])
    out: dict[str, Any] = {
        n.removeprefix(KEPT): column(table, n) for n in names if n.startswith(KEPT)
    }
    for key in KEY:
        out.setdefault(key, as_texts(column(table, "id")) if key == "LocNumber" else ["1"] * many)
    out |= {"Longitude": column(table, "lon"), "Latitude": column(table, "lat")}
    for ours, theirs in WORTH.items():
        source = f"value_{ours}"
        if ours == "building":
            source = next((n for n in (source, "value_structure", "value") if n in names), source)
        out[theirs] = column(table, source) if source in names else [0.0] * many
        if f"deductible_{ours}" in names and DEDUCTIBLE[ours] not in out:
            out[DEDUCTIBLE[ours]] = column(table, f"deductible_{ours}")
    out["LocCurrency"] = [currency] * many
    out.setdefault("OEDVersion", [VERSION] * many)
    taken = {"id", "lon", "lat", "value", "value_structure"}
    taken |= {f"{kind}_{one}" for one in WORTH for kind in ("value", "curve", "deductible")}
    faults = [*_codes(names, out, table, many)]
    lacking = [n for n in NEEDED if n not in out]
    if lacking:
        faults.append(fault("oed_needs", file.name, lacking))
    out |= {n: [""] * many for n in lacking}
    lost = [n for n in names if n not in taken and not n.startswith((KEPT, "curve"))]
    if lost:
        faults.append(fault("not_carried", file.name, lost))
    _write(out, file)
    return tuple(faults)


def _codes(names: Sequence[str], out: dict[str, Any], table: Table, many: int) -> list[Fault]:
    """Put occupancy and construction from names such as `1050-5000`; others are told."""
    if "OccupancyCode" in out and "ConstructionCode" in out:
        return []
    source = [n for n in names if n.startswith("curve")][:1]
    said = as_texts(column(table, source[0])) if source else np.full(many, "", dtype=object)
    pairs = [str(one).split("-") for one in said]
    good = [len(p) == 2 and all(x.isdigit() and len(x) == 4 for x in p) for p in pairs]
    both = [p if ok else [UNKNOWN_USE, UNKNOWN_BUILD] for p, ok in zip(pairs, good, strict=True)]
    out["OccupancyCode"] = [p[0] for p in both]
    out["ConstructionCode"] = [p[1] for p in both]
    return rows_fault("no_code", "OccupancyCode", ~np.array(good, dtype=bool), said)


def _write(columns: Mapping[str, Any], file: Path) -> None:
    rows = zip(*(_cells(values) for values in columns.values()), strict=True)
    with file.open("w", encoding="utf-8", newline="") as stream:
        out = csv.writer(stream)
        out.writerow(columns)
        out.writerows(rows)


def _cells(values: Any) -> list[Any]:
    return ["" if one is None or one != one else one for one in np.asarray(values).tolist()]


_KNOWN = {
    name.lower(): name
    for name in (
        *NEEDED, *WORTH.values(), *DEDUCTIBLE.values(), "Latitude", "Longitude", "OccupancyCode",
        "ConstructionCode",
    )
}  # fmt: skip


def _proper(name: str) -> str:
    return _KNOWN.get(name.strip().lower(), name.strip())
