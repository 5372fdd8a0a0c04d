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
LEVELS = {
    "building": "1Building", "other": "2Other", "contents": "3Contents", "interruption": "4BI",
    "pd": "5PD", "all": "6All",
}  # fmt: skip
"""Our component, or level above, → how its fields of insurance end."""
DEDUCTIBLE = {ours: f"LocDed{end}" for ours, end in LEVELS.items()}
"""Our level → deductible."""
COVER = {ours: f"LocLimit{end}" for ours, end in LEVELS.items()}
"""Our level → limit; it lies on what the deductible leaves, as our cover does."""
AMOUNT, OF_LOSS, OF_VALUE = 0, 1, 2
"""What a type says of a deductible or limit."""
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
        named with the curves; terms of insurance as `rencheng.adapters.risk.insurance` takes them:
        `deductible_…`, `deductible_share_…`, `deductible_least_…`, `deductible_most_…`, `cover_…`,
        `cover_share_…`, of components, `pd` and `all`; blank where there is none, and no number,
        which is refused when applied, where their code or type is not known or a share is above 1.
        All other fields stand as `oed_<name>`.

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
    faults += _terms(table, assets, ids)
    used = {"Latitude", "Longitude", "LocCurrency", *WORTH.values()}
    assets |= {f"{KEPT}{name}": v for name, v in table.items() if name not in used}
    ignored = [n for n in table if n.startswith(("LocPart", "Cond", "LocStep"))]
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


def _terms(table: Mapping[str, Any], assets: dict[str, Any], ids: NDArray[Any]) -> list[Fault]:
    """Take the terms of insurance of all levels; a limit of 0, and a blank, are none."""
    worth = {n: np.nan_to_num(assets[f"value_{n}"]) for n in WORTH if f"value_{n}" in assets}
    none = np.zeros(ids.size)
    worth["pd"] = sum((v for n, v in worth.items() if n != "interruption"), none)
    worth["all"] = worth["pd"] + worth.get("interruption", none)
    faults: list[Fault] = []
    for ours, end in LEVELS.items():
        if ours not in worth:  # nothing of it is insured, whatever its terms say
            continue
        value = worth[ours]
        for ded, share, theirs in (
            ("deductible", "deductible_share", "Ded"), ("cover", "cover_share", "Limit")
        ):  # fmt: skip
            name = f"Loc{theirs}{end}"
            if name not in table:
                continue
            amount = _numbers(table, name)
            kind, code = (_numbers(table, f"Loc{theirs}{k}{end}") for k in ("Type", "Code"))
            blank, of_loss = amount == 0.0, kind == OF_LOSS
            other = ~np.isin(kind, (AMOUNT, OF_LOSS, OF_VALUE)) | (code != 0) | np.isnan(amount)
            other &= ~blank
            faults += rows_fault("deductible", f"OED.{name}", other, ids)
            large = (amount > 1.0) & np.isin(kind, (OF_LOSS, OF_VALUE)) & ~other
            faults += rows_fault("terms_share", f"OED.{name}", large, ids)
            other |= large
            whole = np.where(kind == OF_VALUE, amount * value, amount)
            assets[f"{ded}_{ours}"] = _cell(whole, blank | of_loss, other & ~of_loss)
            if of_loss.any():
                assets[f"{share}_{ours}"] = _cell(amount, blank | ~of_loss, other & of_loss)
        for part, theirs in (("least", "Min"), ("most", "Max")):
            name = f"Loc{theirs}Ded{end}"
            if name in table:
                amount = _numbers(table, name)
                assets[f"deductible_{part}_{ours}"] = _cell(amount, amount == 0.0, np.isnan(amount))
    return faults


def _numbers(table: Mapping[str, Any], name: str) -> F64:
    """Return a field as numbers; 0 where it is not there or blank, NaN where it cannot be read."""
    if name not in table:
        return np.zeros(len(next(iter(table.values()))))
    found = numbers(column(table, name))[0]
    return np.asarray(np.where(as_texts(table[name]) == "", 0.0, found), dtype=np.float64)


def _cell(amount: F64, blank: NDArray[np.bool_], wrong: NDArray[np.bool_]) -> NDArray[Any]:
    """Return amounts as cells of a table: blank where nothing is said, "?" where nobody knows."""
    cells = np.array([repr(one) for one in amount.tolist()], dtype=object)
    cells[blank] = ""
    cells[wrong] = "?"
    return cells


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
    carried = [n for n in out if n.startswith(("LocDed", "LocLimit"))]
    for kind, fields in (("deductible", DEDUCTIBLE), ("cover", COVER)):
        for ours, theirs in fields.items():
            if f"{kind}_{ours}" in names and not carried:
                out[theirs] = column(table, f"{kind}_{ours}")
    out["LocCurrency"] = [currency] * many
    out.setdefault("OEDVersion", [VERSION] * many)
    taken = {"id", "lon", "lat", "value", "value_structure"}
    taken |= {f"{kind}_{one}" for one in WORTH for kind in ("value", "curve")}
    taken |= {f"{kind}_{one}" for one in LEVELS for kind in ("deductible", "cover")}
    if carried:
        taken |= {n for n in names if n.startswith(("deductible_", "cover_"))}
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
        *NEEDED, *WORTH.values(), "Latitude", "Longitude", "OccupancyCode", "ConstructionCode",
        *(f"Loc{what}{end}" for end in LEVELS.values() for what in (
            "Ded", "DedType", "DedCode", "MinDed", "MaxDed", "Limit", "LimitType", "LimitCode",
        )),
    )
}  # fmt: skip


def _proper(name: str) -> str:
    return _KNOWN.get(name.strip().lower(), name.strip())
