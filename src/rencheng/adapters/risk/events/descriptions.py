"""What is said of an event set beside its file: a small table, read and written."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import fields
from pathlib import Path
from typing import Any

from rencheng.adapters.files import read_toml, unread_fault
from rencheng.adapters.risk.events.files import HDF5
from rencheng.adapters.risk.events.rasters import RASTERS
from rencheng.adapters.risk.events.table import unit_faults
from rencheng.domain.errors import Fault, InvalidInputError
from rencheng.domain.provenance import Origin
from rencheng.model.hazards.earthquake.catalogue import GutenbergRichter
from rencheng.service.risk_runs import NewSet, SetKind

SCHEMA = "rencheng/event-set/1"
DESCRIPTION = ".toml"
TABLES = (".csv",)
NETCDF = (".nc",)
ENDINGS = (*TABLES, *HDF5, *NETCDF, *RASTERS)
HAZARDS = ("earthquake", "flood", "tsunami", "wind")
"""Hazards whose curves the page knows how to give to buildings, where there are some."""
_ORIGINS = (Origin.OBSERVED, Origin.DERIVED, Origin.SYNTHETIC)
_NEEDED = ("name_zh", "name_en", "hazard", "measure", "unit", "source")
_LONGEST = 400


def kind_of(name: str) -> SetKind:
    """Return the kind of a file by its ending."""
    ending = Path(name).suffix.lower()
    if ending in HDF5:
        return SetKind.HDF5
    if ending in NETCDF:
        return SetKind.NETCDF
    return SetKind.RASTERS if ending in RASTERS else SetKind.TABLE


def described(file: Path) -> dict[str, Any]:
    """Return the description of a set.

    Raises
    ------
    InvalidInputError
        With every fault of the table.
    """
    try:
        table = read_toml(file)
    except InvalidInputError as error:
        raise refused(file.name, [unread_fault(error)]) from error
    except OSError as error:
        raise refused(file.name, [_fault(file.name, "unread_table", str(error))]) from error
    faults = []
    if table.get("schema") != SCHEMA:
        faults.append(_fault("schema", "unread_table", f"schema ≠ {SCHEMA}"))
    kind = table.get("kind")
    if kind not in [one.value for one in SetKind if one is not SetKind.SCENARIO]:
        faults.append(_fault("kind", "set_kind", str(kind)))
    faults += _said_faults({name: table.get(name) for name in _NEEDED})
    if table.get("origin") not in [one.value for one in _ORIGINS]:
        faults.append(_fault("origin", "set_origin", str(table.get("origin"))))
    if kind == SetKind.RATES:
        faults += _source_faults(table)
    elif not isinstance(table.get("data"), str) or not table["data"]:
        faults.append(_fault("data", "set_missing", "data"))
    if faults:
        raise refused(file.name, faults)
    return table


def source_of(table: dict[str, Any]) -> GutenbergRichter:
    """Return the source of earthquakes that a sound description states."""
    model = table["source_model"]
    whole = {f.name: float(model[f.name]) for f in fields(GutenbergRichter) if f.name != "draws"}
    return GutenbergRichter(**whole, draws=int(model["draws"]))


def new_faults(new: NewSet) -> list[Fault]:
    """Return what is wrong with what an office says of a file."""
    faults = _said_faults({name: getattr(new, name) for name in _NEEDED})
    if Path(new.file).suffix.lower() not in ENDINGS:
        faults.append(_fault("file", "set_ending", new.file[:80]))
    return faults


def written(new: NewSet, kind: SetKind, data: str) -> str:
    """Return the description of a file as a table."""
    said = {
        "schema": SCHEMA,
        "kind": kind.value,
        "data": data,
        **{name: getattr(new, name) for name in _NEEDED},
        "licence": new.licence,
        "origin": (Origin.SYNTHETIC if new.is_synthetic else Origin.DERIVED).value,
    }
    lines = [f"{key} = {_quoted(value)}" for key, value in said.items()]
    lines.append(f"is_nodata_dry = {str(new.is_nodata_dry).lower()}")
    return "\n".join(lines) + "\n"


def _quoted(text: str) -> str:
    """Return a text as TOML's basic string."""
    clean = "".join(c if c.isprintable() else " " for c in text)
    return '"' + clean.replace("\\", "\\\\").replace('"', '\\"') + '"'


def _said_faults(said: dict[str, Any]) -> list[Fault]:
    missing = [
        name
        for name, value in said.items()
        if not isinstance(value, str) or not value.strip() or len(value) > _LONGEST
    ]
    if missing:
        return [_fault(name, "set_missing", name) for name in missing]
    faults = [] if said["hazard"] in HAZARDS else [_fault("hazard", "set_hazard", said["hazard"])]
    return faults + unit_faults(said["measure"], said["unit"])


def _source_faults(table: dict[str, Any]) -> Sequence[Fault]:
    from rencheng.model.hazards.earthquake.catalogue import class_rates

    try:
        class_rates(source_of(table))
    except InvalidInputError as error:
        return error.faults
    except (KeyError, TypeError, ValueError) as error:
        return [_fault("source_model", "set_missing", f"source_model: {error}")]
    fits = table.get("measure") == "PGA" and table.get("unit") == "g"
    return [] if fits else [_fault("measure", "set_measure", str(table.get("measure")))]


def _fault(where: str, key: str, said: str) -> Fault:
    return Fault(
        where=where, key=f"risk.{key}", problem=said, hint="Mend this line", first=(said[:120],)
    )


def refused(name: str, faults: Sequence[Fault]) -> InvalidInputError:
    """Return the error for a set whose description has faults."""
    return InvalidInputError(
        "risk.set",
        f"the description of the event set {name} has {len(faults)} faults",
        hint="Mend them all; docs/how-to/risk-console.md says what a description needs",
        params={"set": name, "count": len(faults)},
        faults=tuple(faults),
    )
