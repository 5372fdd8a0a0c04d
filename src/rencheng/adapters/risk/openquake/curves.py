"""Vulnerability and fragility models in NRML 0.5, read as the project's damage curves."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from rencheng.adapters.risk.openquake.faults import Found
from rencheng.adapters.risk.openquake.files import floats, nrml, read_bytes
from rencheng.adapters.risk.openquake.measures import measure_of
from rencheng.domain.curve import Beyond, Curve, CurveKind, CurveStatus
from rencheng.domain.errors import Fault, InvalidInputError
from rencheng.domain.risk_classical import ShareMasses

F64 = NDArray[np.float64]
COMPONENTS = {
    "structural": "structure",
    "nonstructural": "nonstructural",
    "contents": "contents",
    "occupants": "people",
    "residents": "people",
    "business_interruption": "downtime",
}
"""Our name of a kind of loss; others keep theirs."""


RAISED = "; milder states raised to the worse ones"


@dataclass(frozen=True, slots=True, kw_only=True)
class Origin:
    """What NRML does not say of a curve and every curve of ours must."""

    hazard: str = "earthquake"
    region: str = "any"
    licence: str = "not stated"
    version: str = "1"


@dataclass(frozen=True, slots=True, kw_only=True)
class CurveModel:
    """The curves of one file, by the risk id that taxonomies are mapped to."""

    loss_type: str
    """What the file calls it, such as `structural`."""
    curves: Mapping[str, Curve]
    distributions: Mapping[str, str]
    """`LN`, `BT` or `PM`: how the share scatters about its mean; empty of a fragility."""
    masses: Mapping[str, ShareMasses] = field(default_factory=dict)
    """Of a vulnerability in PM, as it stands, in the unit of its curve."""
    faults: tuple[Fault, ...] = ()
    """What was mended in the file."""


def read_vulnerability(path: Path, origin: Origin | None = None) -> CurveModel:
    """Return the curves of a vulnerability model.

    Parameters
    ----------
    path
        NRML 0.5. Mean loss ratios with coefficients of variation (LN, BT), or probability mass
        functions (PM), which are kept, and of which mean and standard deviation are formed.
    origin
        What the file does not say.

    Raises
    ------
    InvalidInputError
        With every fault of the file: measures, lengths, numbers, distributions, shares.

    Notes
    -----
    Below its first level a curve gives no loss, above its last the loss of the last, as OpenQuake
    has it. The standard deviation between levels is interpolated itself; OpenQuake interpolates
    the coefficient of variation.
    """
    found = Found()
    root = nrml(read_bytes(path, found), path.name, "vulnerabilityModel", found)
    curves: dict[str, Curve] = {}
    dists: dict[str, str] = {}
    masses: dict[str, ShareMasses] = {}
    if root is not None:
        from rencheng.service.xml import children

        _no_old(root, ("discreteVulnerabilitySet",), path, found)
        loss_type = root.get("lossCategory", "")
        for one in children(root, "vulnerabilityFunction"):
            name = _identity(one, curves, path, found)
            made, kept = _vulnerability(one, name, (path, loss_type, origin or Origin()), found)
            if made:
                curves[name], dists[name] = made, one.get("dist", "LN")
            if made and kept:
                masses[name] = kept
        if not curves and not found:
            found.add("kind", path.name, "no vulnerabilityFunction")
    found.refuse()
    return CurveModel(loss_type=loss_type, curves=curves, distributions=dists, masses=masses)


def read_fragility(path: Path, origin: Origin | None = None) -> CurveModel:
    """Return the curves of a fragility model.

    Parameters
    ----------
    path
        NRML 0.5: continuous functions as mean and standard deviation of a lognormal intensity, or
        discrete ones as probabilities at levels.
    origin
        What the file does not say.

    Raises
    ------
    InvalidInputError
        With every fault of the file.

    Notes
    -----
    A lognormal of mean m and standard deviation s has β² = ln(1 + (s/m)²) and the median
    m·exp(-β²/2). Below `noDamageLimit` there is no damage, nor at it of a lognormal; where it lies
    below the first level of a discrete function, probabilities rise straight from zero there.
    Without it, what lies below the first level of a discrete function is unknown, and below
    `minIML` the probabilities of a continuous one stay, as they do above `maxIML` or the last
    level. Where a worse state is
    reached more often than a milder one, the milder is raised to it, for who reaches the worse has
    passed the milder; such curves are named in `faults`.
    """
    found, mended = Found(), Found()
    root = nrml(read_bytes(path, found), path.name, "fragilityModel", found)
    curves: dict[str, Curve] = {}
    if root is not None:
        from rencheng.service.xml import children, text

        _no_old(root, ("ffs",), path, found)
        states = tuple(text(root, "limitStates").split())
        if not states:
            found.add("states", path.name, "limitStates")
        loss_type = root.get("lossCategory", "structural")
        for one in children(root, "fragilityFunction"):
            name = _identity(one, curves, path, found)
            made = _fragility(one, name, states, (path, loss_type, origin or Origin()), found)
            if made and made.note.endswith(RAISED):
                mended.add("order", path.name, name)
            if made:
                curves[name] = made
        if not curves and not found:
            found.add("kind", path.name, "no fragilityFunction")
    found.refuse()
    return CurveModel(loss_type=loss_type, curves=curves, distributions={}, faults=mended.faults)


def _no_old(root: Any, names: tuple[str, ...], path: Path, found: Found) -> None:
    from rencheng.service.xml import children

    for name in names:
        found.add("old", path.name, [name for _ in children(root, name)])


def _identity(one: Any, known: Mapping[str, Curve], path: Path, found: Found) -> str:
    name = str(one.get("id", ""))
    if not name or name in known:
        found.add("double", path.name, name or "id")
    return name


Place = tuple[Path, str, Origin]


def _vulnerability(
    one: Any, name: str, place: Place, found: Found
) -> tuple[Curve | None, ShareMasses | None]:
    from rencheng.service.xml import children

    where = f"{place[0].name}, {name}"
    x, imt = _levels(one, where, found)
    dist = one.get("dist", "LN")
    masses = _masses(one, x, where, found) if dist == "PM" else None
    if masses:
        mean = masses.chance @ masses.share
        sd = np.sqrt(np.maximum(masses.chance @ masses.share**2 - mean**2, 0.0))
    elif dist == "PM":
        return None, None  # its faults are named
    elif dist in {"LN", "BT"}:
        mean, cov = (
            floats(next((c.text for c in children(one, n)), ""), where, found)
            for n in ("meanLRs", "covLRs")
        )
        if mean.size != x.size or cov.size != x.size:
            found.add("length", where, f"{x.size} ≠ {mean.size}, {cov.size}")
            return None, None
        sd = mean * cov
    else:
        found.add("dist", where, str(dist))
        return None, None
    if not imt or not x.size:
        return None, None
    fields = {"x": x, "mean": mean, "sd": sd, "low": float(x[0]), "high": float(x[-1])}
    return _made(CurveKind.VULNERABILITY, name, imt, place, fields, found), masses


def _masses(one: Any, x: F64, where: str, found: Found) -> ShareMasses | None:
    """Return the chances of shares of a function; None when there is a fault."""
    from rencheng.service.xml import children

    nodes = children(one, "probabilities")
    share = [floats(row.get("lr"), where, found) for row in nodes]
    rows = [floats(row.text, where, found) for row in nodes]
    if not rows or any(row.size != x.size for row in rows) or any(one.size != 1 for one in share):
        found.add("length", where, "probabilities")
        return None
    made = ShareMasses(level=x, share=np.concatenate(share), chance=np.column_stack(rows))
    off = ~((made.share >= 0.0) & (made.share <= 1.0))
    found.add("ratio", f"{where}, lr", [f"{share:g}" for share in made.share[off]])
    # Printed chances are rounded: 1e-3 lets three decimals of some rows pass. No published source.
    bad = (made.chance < 0.0).any(axis=1) | ~(np.abs(made.chance.sum(axis=1) - 1.0) < 1e-3)
    found.add("masses", where, [f"{level:g}" for level in x[bad]])
    return None if off.any() or bad.any() else made


def _fragility(
    one: Any, name: str, states: tuple[str, ...], place: Place, found: Found
) -> Curve | None:
    from rencheng.service.xml import children

    where = f"{place[0].name}, {name}"
    is_table = one.get("format") == "discrete"
    x, imt = _levels(one, where, found, is_needed=is_table)
    levels = next(iter(children(one, "imls")), None)
    limit = _limit(levels, "noDamageLimit", where, found)
    rows = {c.get("ls"): c for c in children(one, "poes" if is_table else "params")}
    if set(rows) != set(states):
        found.add("states", where, sorted(set(states) ^ {str(s) for s in rows}))
        return None
    fields: dict[str, Any] = {"states": states}
    if is_table:
        table = [floats(rows[s].text, where, found) for s in states]
        if any(row.size != x.size for row in table):
            found.add("length", where, f"{x.size} ≠ {', '.join(str(r.size) for r in table)}")
            return None
        fields |= _tabulated(x, np.array(table), limit)
        raised = np.maximum.accumulate(fields["probability"][::-1])[::-1]
        if (raised > fields["probability"]).any():
            fields |= {"probability": raised, "note": f"OpenQuake: {imt}{RAISED}"}
    else:
        mean, sd = (
            np.array([_limit(rows[s], n, where, found) for s in states]) for n in ("mean", "stddev")
        )
        top, least = (_limit(levels, n, where, found) for n in ("maxIML", "minIML"))
        is_held = not limit > 0 and least > 0
        beta = np.sqrt(np.log1p((sd / mean) ** 2))
        fields |= {
            "median": mean * np.exp(-(beta**2) / 2),
            "beta": beta,
            "low": least if is_held else _above(limit),
            "below": Beyond.HOLD if is_held else Beyond.ZERO,
            "high": np.inf if np.isnan(top) else top,
        }
    if not imt:
        return None
    return _made(CurveKind.FRAGILITY, name, imt, place, fields, found)


def _tabulated(x: F64, table: F64, limit: float) -> dict[str, Any]:
    if not np.isnan(limit) and x.size and limit < x[0]:
        x = np.r_[limit, x]
        table = np.column_stack([np.zeros(len(table)), table])
    return {
        "x": x,
        "probability": table,
        "low": float(x[0]) if np.isnan(limit) else limit,
        "high": float(x[-1]),
        "below": Beyond.UNKNOWN if np.isnan(limit) and x[0] > 0 else Beyond.ZERO,
    }


def _above(limit: float) -> float:
    """Return where damage begins: there is none *at* the limit, our curves have none below."""
    return float(np.nextafter(limit, np.inf)) if limit > 0.0 else 0.0


def _limit(node: Any, name: str, where: str, found: Found) -> float:
    said = node.get(name) if node is not None else None
    values = floats(said, f"{where}, {name}", found)
    return float(values[0]) if values.size else float("nan")


def _levels(one: Any, where: str, found: Found, *, is_needed: bool = True) -> tuple[F64, str]:
    from rencheng.service.xml import children

    node = next(iter(children(one, "imls")), None)
    imt = str(node.get("imt", "")) if node is not None else ""
    if not measure_of(imt)[0]:
        found.add("measure", where, imt or "imls")
        imt = ""
    x = floats(node.text, where, found) if node is not None else np.empty(0)
    if is_needed and x.size < 2:
        found.add("length", where, f"{x.size} levels")
    return x, imt


def _made(
    kind: CurveKind, name: str, imt: str, place: Place, fields: dict[str, Any], found: Found
) -> Curve | None:
    path, loss_type, origin = place
    measure, unit = measure_of(imt)
    try:
        return Curve(
            id=name,
            kind=kind,
            hazard=origin.hazard,
            component=COMPONENTS.get(loss_type, loss_type or "whole"),
            intensity=measure,
            unit=unit,
            asset=name,
            region=origin.region,
            source=f"NRML file {path.name}",
            licence=origin.licence,
            status=CurveStatus.UNVERIFIED,
            version=origin.version,
            **{"note": f"OpenQuake: {imt}", **fields},
        )
    except InvalidInputError as error:
        said = [f"{f.where}: {f.problem}" for f in error.faults] or [error.problem]
        found.add("curve", path.name, said)
        return None
