"""Hazard curves: how probable it is that an intensity is passed, at places; CSV and NRML."""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from rencheng.adapters.risk.openquake.faults import Found
from rencheng.adapters.risk.openquake.files import floats, nrml, read_bytes, table
from rencheng.adapters.risk.openquake.measures import measure_of
from rencheng.domain.risk_classical import HazardCurves

F64 = NDArray[np.float64]
PREFIX = "poe-"


def read_hazard_curves(path: Path) -> HazardCurves:
    """Return the hazard curves of a CSV (`lon`, `lat`, `poe-0.1` …) or an NRML file.

    Raises
    ------
    InvalidInputError
        With every fault: measure or time not said, columns, numbers, probabilities outside 0 to 1,
        levels that do not rise, probabilities that do.
    """
    found = Found()
    body = read_bytes(path, found)
    read = _nrml if path.suffix.lower() == ".xml" else _csv
    imt, years, lonlat, level, poe = read(body, path.name, found)
    measure, unit = measure_of(imt)
    if not measure and not found:
        found.add("measure", path.name, imt or "imt=")
    if not years > 0 and not found:
        found.add("option", path.name, "investigation_time")
    found.refuse()
    rows = [str(i) for i in np.flatnonzero(np.diff(level) <= 0) + 1]
    found.add("level", f"{path.name}, levels", rows)
    off = ~((poe >= 0) & (poe <= 1)).all(axis=1)
    found.add("ratio", f"{path.name}, poe", [f"place {i}" for i in np.flatnonzero(off)])
    rises = (np.diff(poe, axis=1) > 0).any(axis=1)
    found.add("rises", f"{path.name}, poe", [f"place {i}" for i in np.flatnonzero(rises)])
    bad = ~((np.abs(lonlat[:, 0]) <= 360) & (np.abs(lonlat[:, 1]) <= 90))
    found.add("place", path.name, [f"place {i}" for i in np.flatnonzero(bad)])
    found.refuse()
    return HazardCurves(
        place=lonlat,
        measure=measure,
        unit=unit,
        level=level,
        poe=poe,
        years=years,
        source=path.name,
    )


Read = tuple[str, float, F64, F64, F64]
_NOTHING: Read = ("", np.nan, np.empty((0, 2)), np.empty(0), np.empty((0, 0)))


def _csv(body: bytes, name: str, found: Found) -> Read:
    read = table(body, name, found, ["lon", "lat"])
    columns = [one for one in read.columns if one.startswith(PREFIX)]
    if not columns:
        found.add("columns", name, [f"{PREFIX}…"])
        return _NOTHING
    imt = re.search(r"imt=[\"']([^\"']+)", read.comment)
    years = re.search(r"investigation_time=([\d.]+)", read.comment)
    level = floats(" ".join(one.removeprefix(PREFIX) for one in columns), name, found)
    poe = np.column_stack([read.numbers(one, found, first_line=3) for one in columns])
    lonlat = np.column_stack([read.numbers(one, found, first_line=3) for one in ("lon", "lat")])
    said = float(years[1]) if years else np.nan
    return (imt[1] if imt else ""), said, lonlat, level, poe


def _nrml(body: bytes, name: str, found: Found) -> Read:
    from rencheng.service.xml import children, text

    root = nrml(body, name, "hazardCurves", found)
    if root is None:
        return _NOTHING
    imt = str(root.get("IMT", ""))
    if imt == "SA":
        imt = f"SA({root.get('saPeriod', '')})"
    level = floats(text(root, "IMLs"), name, found)
    places, rows = [], []
    for one in children(root, "hazardCurve"):
        places.append(floats(text(one, "Point", "pos"), name, found))
        rows.append(floats(text(one, "poEs"), name, found))
    wrong = [str(i) for i, row in enumerate(rows) if row.size != level.size or places[i].size != 2]
    found.add("length", name, wrong)
    if wrong or not rows:
        return _NOTHING
    years = floats(root.get("investigationTime"), name, found)
    return imt, float(years[0]) if years.size else np.nan, np.array(places), level, np.array(rows)
