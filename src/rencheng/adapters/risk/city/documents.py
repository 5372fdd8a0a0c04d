"""A kept result of the city as the Risk Data Library Standard describes it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from rencheng.adapters.exports.rdls import LICENCES
from rencheng.adapters.risk.formats.rdls import rdls_loss
from rencheng.domain.city import City
from rencheng.domain.curve import Curve
from rencheng.domain.errors import NotFoundError, RenchengError
from rencheng.domain.provenance import Layer, Origin
from rencheng.domain.risk import EventImpact, Standing
from rencheng.service.risk_runs import Engine, RiskResult, RiskRun

Document = dict[str, Any]
FILES = ("events.csv", "zones.csv", "assets.csv", "exceedance.csv", "summary.json")
"""Downloads of a result that the document lists."""


def described(
    city: City, run: RiskRun, result: RiskResult, engine: Engine, address: str
) -> Document:
    """Return the metadata of a run's losses.

    Parameters
    ----------
    city
        That the run was made for, or the one served: gives the extent.
    run, result
        The run, and what it came to.
    engine
        Knows the curves; one that is not there any more is left out.
    address
        Under which the downloads of the run lie.
    """
    document = rdls_loss(
        _impact(result),
        _curves(run, result, engine),
        [Path(run.id) / name for name in FILES],
        about={
            "id": f"urn:rencheng:risk:{run.id}",
            "title": f"{city.name.get('en', city.id)}: {run.set.name_en}",
            "publisher": "Rencheng",
            "contact": address,
            "licence": run.set.licence,
        },
        place=city.zones.centre,
        components=("whole",),
    )
    dataset = document["datasets"][0]
    for one in dataset["resources"]:
        one["download_url"] = f"{address}/{one['title']}"
    buildings = [
        layer
        for layer in city.layers
        if layer.name == "buildings" and city.version == run.city_version
    ]
    dataset["details"] = f"{_origin(run, result, buildings)} {dataset['details']}"
    dataset["sources"] = [
        _source("events", "hazard", run.set.source or run.set.id, run.set.origin, run.set.licence),
        *(_source("buildings", "exposure", b.source, b.origin, b.licence) for b in buildings),
        *dataset.get("sources", ()),
    ]
    return document


def _origin(run: RiskRun, result: RiskResult, buildings: Sequence[Layer]) -> str:
    """Return what the losses are made of, in a sentence or two."""
    parts = [
        f"events: {run.set.origin.value}",
        *(f"buildings: {b.origin.value}" for b in buildings),
    ]
    said = f"Origin of the losses: {result.summary.origin.value} ({', '.join(parts)})."
    if result.summary.origin is Origin.SYNTHETIC:
        said += " What is synthetic was generated and describes no real object or event."
    return said


def _source(name: str, component: str, source: str, origin: Origin, licence: str) -> Document:
    return {
        "id": f"source_{name}",
        "name": source or name,
        "description": f"Origin: {origin.value}",
        "lineage": "generated from a seed" if origin is Origin.SYNTHETIC else origin.value,
        "type": "model" if origin is Origin.SYNTHETIC else "dataset",
        "component": component,
        "license": LICENCES.get(licence, licence or "Custom"),
    }


def _curves(run: RiskRun, result: RiskResult, engine: Engine) -> Sequence[Curve]:
    found = []
    for name in result.summary.curves:
        try:
            found.append(engine.vulnerability(run, name)[0])
        except (NotFoundError, RenchengError):
            continue
    return found


def _impact(result: RiskResult) -> EventImpact:
    arrays, summary = result.arrays, result.summary
    rate: Any = arrays["rate"]
    known = arrays["loss"].astype(np.float64)
    counts: Mapping[Standing, int] = {
        one: summary.counts.get(one.name.lower(), 0) for one in Standing
    }
    mean = np.nan_to_num(arrays["asset_mean"].astype(np.float64))
    return EventImpact(
        names=summary.event_names,
        rate=rate,
        known_loss=known,
        unknown=arrays["unknown"],
        known_eai=mean,
        dark=np.zeros(mean.size, dtype=np.int64),
        standing=arrays["asset_standing"],
        counts=counts,
        known_aal=float(rate @ known) if summary.is_annual else float("nan"),
        known_annual_sd=float("nan"),
        spread=None,
        matrix=None,
        currency=summary.currency,
        year=summary.year,
        versions=summary.versions,
    )
