"""Writing OpenQuake's files: exposure with its CSV, curves as NRML, ground motion as CSV."""

from __future__ import annotations

import csv
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from rencheng.adapters.risk.openquake.exposure import Exposure
from rencheng.adapters.risk.openquake.faults import Found
from rencheng.adapters.risk.openquake.measures import imt_of, unit_in
from rencheng.domain.curve import Beyond, Curve, CurveKind
from rencheng.domain.risk import EventSource

F64 = NDArray[np.float64]
NRML = "http://openquake.org/xmlns/nrml/0.5"


def write_exposure(exposure: Exposure, path: Path) -> list[Path]:
    """Write an exposure model and, beside it, the CSV with its assets; values are `aggregated`.

    Parameters
    ----------
    path
        Of the XML; the CSV takes its name.

    Notes
    -----
    Insurance is left out: OpenQuake takes it from policies. Numbers read back the same.
    """
    from lxml import etree

    beside = path.with_suffix(".csv")
    model = etree.Element(f"{{{NRML}}}exposureModel", id=path.stem, category="buildings")
    _below(model, "description", exposure.layout.description or path.stem)
    costs = _below(_below(model, "conversions"), "costTypes")
    for kind, (_, unit) in exposure.layout.cost.items():
        if kind in exposure.value:
            _below(costs, "costType", name=kind, type="aggregated", unit=unit)
    _below(model, "occupancyPeriods", " ".join(exposure.layout.periods))
    _below(model, "tagNames", " ".join(exposure.tag))
    _below(model, "assets", beside.name)
    columns: dict[str, NDArray[Any]] = {
        "id": exposure.id,
        "lon": exposure.lonlat[:, 0],
        "lat": exposure.lonlat[:, 1],
        "taxonomy": exposure.taxonomy,
        "number": exposure.number,
        **({} if np.isnan(exposure.area).all() else {"area": exposure.area}),
        **exposure.value,
        **exposure.people,
        **exposure.tag,
    }
    if "area" in columns:
        _below(model.find(f"{{{NRML}}}conversions"), "area", type="aggregated",
               unit=exposure.layout.area[1])  # fmt: skip
    _save(model, path)
    save_table(columns, beside)
    return [path, beside]


def write_curves(curves: Mapping[str, Curve], path: Path, loss_type: str = "structural") -> Path:
    """Write curves of one kind as a vulnerability or a fragility model.

    Parameters
    ----------
    curves
        By risk id; vulnerability all, or fragility all with the same states.
    loss_type
        OpenQuake's name of what is lost.

    Raises
    ------
    InvalidInputError
        When there are none, kinds or states differ, or OpenQuake has no name for a measure; or a
        curve says something below its range that NRML cannot: a loss, or that it does not know.
    """
    from lxml import etree

    found = Found()
    kinds = {curve.kind for curve in curves.values()}
    states = {curve.states for curve in curves.values()}
    if len(kinds) != 1 or len(states) != 1:
        said = [*sorted(kinds), *(" ".join(one) for one in states if one)]
        found.add("kind", path.name, ", ".join(said) or "—")
    for name, curve in curves.items():
        found.add("measure", name, [] if imt_of(curve.intensity) else [curve.intensity])
        is_odd = curve.below is not Beyond.ZERO or curve.above is not Beyond.HOLD
        found.add("beyond", name, [f"{curve.below}, {curve.above}"] if is_odd else [])
    found.refuse()
    is_fragility = kinds == {CurveKind.FRAGILITY}
    name = "fragilityModel" if is_fragility else "vulnerabilityModel"
    model = etree.Element(f"{{{NRML}}}{name}", id=path.stem, assetCategory="buildings",
                          lossCategory=loss_type)  # fmt: skip
    bare = [name for name, c in curves.items() if not is_fragility and c.sd is None]
    note = f"; scatter not published of {' '.join(bare)}, covLRs are 0 there" if bare else ""
    _below(model, "description", f"{len(curves)} curves{note}")
    if is_fragility:
        _below(model, "limitStates", " ".join(next(iter(states))))
    for risk_id, curve in curves.items():
        imt = imt_of(curve.intensity)
        (_fragility if is_fragility else _vulnerability)(
            model, risk_id, imt, curve.in_unit(unit_in(imt))
        )
    _save(model, path)
    return path


def write_motion(source: EventSource, motion: Path, sites: Path) -> list[Path]:
    """Write an event set as ground motion fields and their sites; rates are left out.

    Raises
    ------
    InvalidInputError
        When OpenQuake has no name for the measure.
    """
    head = source.head
    imt = imt_of(head.measure)
    found = Found()
    found.add("measure", head.source or "events", [] if imt else [head.measure])
    found.refuse()
    from rencheng.domain.intensity import factor

    by = factor(head.measure, head.unit, unit_in(imt))
    start = np.asarray(source.start)
    point, x = source.block(0, len(head.names))
    event = np.repeat(np.arange(start.size - 1), np.diff(start))
    save_table({"site_id": np.arange(len(head.place)), "lon": head.place[:, 0],
            "lat": head.place[:, 1]}, sites)  # fmt: skip
    save_table(
        {"event_id": event, "site_id": point, f"gmv_{imt}": x.astype(np.float64) * by}, motion
    )
    return [motion, sites]


def _vulnerability(model: Any, name: str, imt: str, curve: Curve) -> None:
    one = _below(model, "vulnerabilityFunction", id=name, dist="LN")
    inside = (curve.x >= curve.low) & (curve.x <= curve.high)
    x = np.unique(np.r_[curve.low, curve.x[inside], curve.high])
    mean, sd = curve.value(x), np.nan_to_num(curve.spread(x))
    cov = np.divide(sd, mean, out=np.zeros_like(sd), where=mean > 0)
    _below(one, "imls", _list(x), imt=imt)
    _below(one, "meanLRs", _list(mean))
    _below(one, "covLRs", _list(cov))


def _fragility(model: Any, name: str, imt: str, curve: Curve) -> None:
    is_table = curve.probability is not None
    one = _below(model, "fragilityFunction", id=name, shape="logncdf",
                 format="discrete" if is_table else "continuous")  # fmt: skip
    # Read back, damage begins just above it.
    limit = float(curve.low if is_table or not curve.low > 0.0 else np.nextafter(curve.low, 0.0))
    limits = {"imt": imt, "noDamageLimit": repr(limit)}
    if curve.probability is not None:
        x = curve.x[curve.x <= curve.high]
        _below(one, "imls", _list(x), **limits)
        for state, row in zip(curve.states, curve.probability, strict=True):
            _below(one, "poes", _list(row[: x.size]), ls=state)
        return
    if np.isfinite(curve.high):
        limits["maxIML"] = repr(float(curve.high))
    _below(one, "imls", **limits)
    mean = curve.median * np.exp(curve.beta**2 / 2)
    sd = mean * np.sqrt(np.expm1(curve.beta**2))
    for state, m, s in zip(curve.states, mean.tolist(), sd.tolist(), strict=True):
        _below(one, "params", ls=state, mean=repr(m), stddev=repr(s))


def _below(node: Any, name: str, text: str = "", /, **attributes: str) -> Any:
    from lxml import etree

    made = etree.SubElement(node, f"{{{NRML}}}{name}", attributes)
    made.text = text or None
    return made


def _save(model: Any, path: Path) -> None:
    from lxml import etree

    root = etree.Element(f"{{{NRML}}}nrml", nsmap={None: NRML})
    root.append(model)
    etree.indent(root)
    etree.ElementTree(root).write(path, encoding="utf-8", xml_declaration=True)


def save_table(columns: Mapping[str, NDArray[Any]], path: Path) -> None:
    """Write columns as a CSV; numbers read back the same, unknown is blank."""
    with path.open("w", encoding="utf-8", newline="") as sink:
        writer = csv.writer(sink, lineterminator="\n")
        writer.writerow(columns)
        rows = zip(*(np.asarray(c).tolist() for c in columns.values()), strict=True)
        writer.writerows([_cell(one) for one in row] for row in rows)


def _cell(value: Any) -> Any:
    if isinstance(value, float):
        return "" if value != value else repr(value)
    return value


def _list(values: F64) -> str:
    return " ".join(repr(v) for v in values.tolist())
