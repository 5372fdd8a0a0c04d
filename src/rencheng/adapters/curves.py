"""What the loop takes out of the library of curves."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from pathlib import Path

import numpy as np

from rencheng.adapters.curve_library.datasets import manifest
from rencheng.adapters.curve_library.library import CurveLibrary
from rencheng.domain.curve import Curve, Formula
from rencheng.domain.errors import CorruptDataError, Fault, InvalidInputError, RenchengError
from rencheng.domain.impact import FragilityTable

# Rows that a city of zones with PGA and SA(1.0 s) can use, of the data sets and of our own tables;
# the drift-based rows and those for ground failure stay behind.
KEPT = ("hazus.earthquake/LF.", "hazus.power/EP.", "hazus.transport/HWB.GS.", "facilities/")
_INTENSITY = {"PGA": "PGA", "SA(1.0)": "SA1"}
_STATES = 4


def curves_in_use(state: Path) -> tuple[FragilityTable, RenchengError | None]:
    """Return the curves that can be used, and what is wrong with the office's own, if anything is.

    An office's tables are taken all together or not at all: a city must not be computed with half
    of them. Otherwise as `read_curves`.
    """
    try:
        return read_curves(state), None
    except (InvalidInputError, CorruptDataError) as error:
        return read_curves(state, with_office=False), error


def read_curves(state: Path, *, with_office: bool = True) -> FragilityTable:
    """Return every curve that the city can use: buildings, power, bridges, water, telecom.

    Parameters
    ----------
    state
        State folder that holds the fetched package, and the office's own tables.
    with_office
        Whether to take the office's tables; without them nothing of them is read.

    Raises
    ------
    SourceUnavailableError
        If the package has not been fetched.
    CorruptDataError
        If a file has rows that cannot be read; all of them are named.
    InvalidInputError
        If a table of the office has faults.

    Notes
    -----
    β stays as stored (0.4 for buildings): it leaves out ground-motion variability, which sampled
    fields bring. With a single median map the printed HAZUS value √(0.4² + 0.5²) = 0.64 is right.
    """
    library = CurveLibrary(state)
    curves: dict[str, Curve] = {}
    faults: list[Fault] = []
    wanted = {prefix.partition("/")[0] for prefix in KEPT}
    for dataset in manifest().dataset:
        if dataset.id not in wanted:
            continue
        for found in library.read(dataset, with_office=with_office):
            if isinstance(found, Curve):
                curves[found.id] = found
            elif f"{dataset.id}/{found.where.rpartition(' ')[2]}".startswith(KEPT):
                faults.append(_fault(found.where, found.problem))
    _refuse(faults, "curves")
    curves |= library.ours
    if with_office:
        curves |= library.office
    return make_table(curve for curve in curves.values() if curve.id.startswith(KEPT))


def make_table(curves: Iterable[Curve]) -> FragilityTable:
    """Return curves as columns; the version is a hash of the numbers.

    Raises
    ------
    CorruptDataError
        When a curve is not lognormal over PGA or SA(1.0 s) with four states, or stands twice.
    """
    rows = list(curves)
    _refuse([_fault(c.id, problem) for c in rows if (problem := _unfit(c))], "curves")
    rows = [c.in_unit("g") for c in rows]
    ids = [c.id.partition("/")[2].replace("HWB.GS.", "HWB") for c in rows]
    faults = [_fault(i, f"{ids.count(i)} rows") for i in sorted(set(ids)) if ids.count(i) > 1]
    _refuse(faults, "curves")
    measures = [_INTENSITY[c.intensity] for c in rows]
    text = "\n".join(
        f"{i} {measure} {tuple(c.median.tolist())} {tuple(c.beta.tolist())} {c.collapse}"
        for i, measure, c in zip(ids, measures, rows, strict=True)
    )
    return FragilityTable(
        id=tuple(ids),
        intensity=tuple(measures),
        median_g=np.array([c.median for c in rows], dtype=np.float64).reshape(-1, _STATES),
        beta=np.array([c.beta for c in rows], dtype=np.float64).reshape(-1, _STATES),
        collapse=np.array([c.collapse for c in rows], dtype=np.float64),
        source=tuple(f"{c.source} ({c.status})" for c in rows),
        version=hashlib.sha256(text.encode()).hexdigest()[:12],
    )


def _unfit(curve: Curve) -> str:
    """Return why the loop cannot use a curve; empty when it can."""
    if curve.formula is not Formula.LOGNORMAL or len(curve.states) != _STATES:
        return f"{curve.formula}, {len(curve.states)} states"
    if curve.low > 0 or np.isfinite(curve.high):
        return f"low = {curve.low}, high = {curve.high}"
    return "" if curve.intensity in _INTENSITY else curve.intensity


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
