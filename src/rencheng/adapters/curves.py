"""Fragility curves and casualty rates: from the DLML package and from our own data files."""

from __future__ import annotations

import csv
import hashlib
import io
import tomllib
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from rencheng.adapters.files import data_folder
from rencheng.domain.errors import CorruptDataError, Fault
from rencheng.domain.impact import CasualtyRates, FragilityTable

PACKAGE = "simcenter-dlml"
_SEISMIC = "dlml/data/seismic"
BUILDINGS = f"{_SEISMIC}/building/portfolio/Hazus v6.1/fragility.csv"
POWER = f"{_SEISMIC}/power_network/portfolio/Hazus v5.1/fragility.csv"
BRIDGES = f"{_SEISMIC}/transportation_network/portfolio/Hazus v5.1/fragility.csv"
# Rows that a city of zones with PGA and SA(1.0 s) can use; the drift-based rows and those for
# ground failure stay behind.
_KEPT = {BUILDINGS: "LF.", POWER: "EP.", BRIDGES: "HWB.GS."}
_INTENSITY = {"Peak Ground Acceleration": "PGA", "Spectral Acceleration|1.0": "SA1"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Curve:
    """One row of a fragility table."""

    id: str
    intensity: str
    median_g: tuple[float, ...]
    beta: tuple[float, ...]
    collapse: float
    source: str


def read_curves(state: Path) -> FragilityTable:
    """Return every curve that the city can use: buildings, power, bridges, water, telecom.

    Parameters
    ----------
    state
        State folder that holds the fetched package.

    Raises
    ------
    SourceUnavailableError
        If the package has not been fetched.
    CorruptDataError
        If a file has rows that cannot be read; all of them are named.

    Notes
    -----
    β stays as stored (0.4 for buildings): it leaves out ground-motion variability, which sampled
    fields bring. With a single median map the printed HAZUS value √(0.4² + 0.5²) = 0.64 is right.
    """
    from rencheng.adapters.cities.packages import member

    curves: list[Curve] = []
    for name in _KEPT:
        file = member(state, PACKAGE, name)
        curves += read_dlml(file.read_text(encoding="utf-8"), name)
    return make_table([*curves, *read_own(data_folder() / "curves" / "water_facilities.toml")])


def read_dlml(text: str, name: str) -> list[Curve]:
    """Return the usable rows of a DLML `fragility.csv`.

    Parameters
    ----------
    text
        The file.
    name
        Its path in the package: decides which rows are kept, and stands in the source.
    """
    curves, faults = [], []
    for line, row in enumerate(csv.DictReader(io.StringIO(text)), start=2):
        identity = row.get("ID") or ""
        if not identity.startswith(_KEPT[name]):
            continue
        try:
            curves.append(_from_row(row, f"{PACKAGE}, {name}, row {identity}"))
        except (KeyError, ValueError, TypeError) as error:
            faults.append(_fault(f"{name}:{line}", f"{identity}: {error}"))
    _refuse(faults, name)
    return curves


def _from_row(row: dict[str, str], source: str) -> Curve:
    medians, betas = [], []
    for k in range(1, 5):
        if row[f"LS{k}-Family"] != "lognormal":
            raise ValueError(f"LS{k} is {row[f'LS{k}-Family']!r}, not lognormal")
        medians.append(float(row[f"LS{k}-Theta_0"]))
        betas.append(float(row[f"LS{k}-Theta_1"]))
    # Of `complete`, standing | collapsed.
    weights = (row.get("LS4-DamageStateWeights") or "").split("|")
    return Curve(
        id=row["ID"].replace("HWB.GS.", "HWB"),
        intensity=_INTENSITY[row["Demand-Type"]],
        median_g=tuple(medians),
        beta=tuple(betas),
        collapse=float(weights[1]) if len(weights) == 2 else float("nan"),
        source=source,
    )


def read_own(file: Path) -> list[Curve]:
    """Return the curves of one of our own files (`schema = "rencheng/fragility/1"`)."""
    table = _load(file, "rencheng/fragility/1")
    curves, faults = [], []
    for i, row in enumerate(table.get("curve", [])):
        try:
            curve = Curve(
                id=row["id"],
                intensity=row["intensity"],
                median_g=tuple(float(v) for v in row["median_g"]),
                beta=tuple(float(v) for v in row["beta"]),
                collapse=float(row.get("collapse", "nan")),
                source=f"{table['source']} ({table['status']}, {row['checked']})",
            )
            if len(curve.median_g) != 4 or len(curve.beta) != 4:
                raise ValueError("median_g and beta need four numbers each")
            if curve.intensity not in _INTENSITY.values():
                raise ValueError(f"intensity {curve.intensity!r} is neither PGA nor SA1")
            curves.append(curve)
        except (KeyError, ValueError, TypeError) as error:
            faults.append(_fault(f"{file.name}:curve[{i}]", str(error)))
    _refuse(faults, file.name)
    return curves


def make_table(curves: Iterable[Curve]) -> FragilityTable:
    """Return curves as columns; the version is a hash of the numbers."""
    rows = list(curves)
    ids = [c.id for c in rows]
    faults = [_fault(i, f"{ids.count(i)} rows") for i in sorted(set(ids)) if ids.count(i) > 1]
    faults += [
        _fault(c.id, f"median {c.median_g}, beta {c.beta}")
        for c in rows
        if not all(v > 0 for v in (*c.median_g, *c.beta))
    ]
    _refuse(faults, "curves")
    text = "\n".join(f"{c.id} {c.intensity} {c.median_g} {c.beta} {c.collapse}" for c in rows)
    return FragilityTable(
        id=tuple(ids),
        intensity=tuple(c.intensity for c in rows),
        median_g=np.array([c.median_g for c in rows], dtype=np.float64).reshape(-1, 4),
        beta=np.array([c.beta for c in rows], dtype=np.float64).reshape(-1, 4),
        collapse=np.array([c.collapse for c in rows], dtype=np.float64),
        source=tuple(c.source for c in rows),
        version=hashlib.sha256(text.encode()).hexdigest()[:12],
    )


def disordered(table: FragilityTable) -> tuple[str, ...]:
    """Return the curves whose medians fall from a milder to a worse state."""
    falls = np.flatnonzero((np.diff(table.median_g, axis=1) < 0).any(axis=1))
    return tuple(table.id[i] for i in falls)


def crossing(table: FragilityTable, low_g: float = 0.02, high_g: float = 2.0) -> tuple[str, ...]:
    """Return the curves that give a worse state more probability than a milder one in a range.

    Unequal β make lognormal curves cross somewhere; the sampling then holds the worse state to the
    probability of the milder one.
    """
    x = np.geomspace(low_g, high_g, 60)
    z = (np.log(x)[:, None, None] - np.log(table.median_g)) / table.beta
    bad = np.flatnonzero((np.diff(z, axis=2) > 1e-12).any(axis=(0, 2)))
    return tuple(table.id[i] for i in bad)


def read_casualty_rates(file: Path | None = None) -> CasualtyRates:
    """Return the casualty rates as shares, from `data/curves/casualties.toml`."""
    path = file or data_folder() / "curves" / "casualties.toml"
    table = _load(path, "rencheng/casualties/1")
    names = ("slight", "moderate", "extensive", "complete", "collapsed")
    faults = []
    rate = np.zeros((len(table["group"]), 6, 4))
    for i, group in enumerate(table["group"]):
        for k, state in enumerate(names, start=1):
            row = group.get(state, [])
            if len(row) != 4 or not all(0 <= v <= 100 for v in row) or sum(row) > 100:
                faults.append(_fault(f"{path.name}:group[{i}].{state}", f"{row}"))
            else:
                rate[i, k] = np.array(row) / 100.0
    _refuse(faults, path.name)
    return CasualtyRates(
        group=tuple(g["name"] for g in table["group"]),
        types=tuple(tuple(g["types"]) for g in table["group"]),
        rate=rate,
        source=table["source"],
        version=table["version"],
    )


def _load(file: Path, schema: str) -> dict[str, Any]:
    try:
        table = tomllib.loads(file.read_text(encoding="utf-8"))
    except (OSError, tomllib.TOMLDecodeError) as error:
        raise _corrupt(file.name, str(error)) from error
    if table.get("schema") != schema:
        raise _corrupt(file.name, f"schema is {table.get('schema')!r}, expected {schema!r}")
    return table


def _fault(where: str, problem: str) -> Fault:
    return Fault(
        where=where,
        key="curves.row",
        problem=problem,
        hint="Give an id, PGA or SA1, four positive medians and four positive betas",
        first=(problem,),
    )


def _refuse(faults: list[Fault], name: str) -> None:
    if faults:
        raise _corrupt(name, f"{len(faults)} rows, first {faults[0].where}", faults)


def _corrupt(name: str, problem: str, faults: list[Fault] | None = None) -> CorruptDataError:
    return CorruptDataError(
        "curves.file",
        f"{name} cannot be read: {problem}",
        hint="Restore the file, or fetch the package again",
        params={"file": name, "problem": problem},
        faults=faults or (),
    )
