"""A kept result of the city as the Risk Data Library Standard describes it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from rencheng.adapters.risk.formats.rdls import rdls_loss
from rencheng.domain.city import City
from rencheng.domain.curve import Curve
from rencheng.domain.errors import NotFoundError, RenchengError
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
    for one in document["datasets"][0]["resources"]:
        one["download_url"] = f"{address}/{one['title']}"
    return document


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
