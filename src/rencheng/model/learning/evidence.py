"""Damage reports beside the curves and the shaking that they speak about."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy.special import ndtr

from rencheng.domain.city import F64, I32, City
from rencheng.domain.hazard import Shaking
from rencheng.domain.impact import FragilityTable
from rencheng.domain.learning import DamageReport

BUILDING = "LF."
"""Curves of buildings start with it; lifelines are not learnt."""
SMALLEST = 1e-9
"""Least probability of a state, so that one odd report cannot decide everything; ours."""


@dataclass(frozen=True, slots=True)
class Evidence:
    """Reports of known buildings with curves; arrays have one entry for each report."""

    state: I32
    log_median: F64
    """Of the published curve. [ln g] (reports, 4)"""
    beta: F64
    """(reports, 4)"""
    group: I32
    """Row in `groups`."""
    groups: tuple[str, ...]
    site: I32
    """Column of `log_g`."""
    log_g: F64
    """Logarithm of the sampled intensity that the curves ask for. (samples, sites)"""
    left_out: int
    """Reports without a known building or without a curve."""

    def part(self, rows: np.ndarray) -> Evidence:
        """Return some of the reports, with the same groups and sites."""
        return Evidence(
            state=self.state[rows],
            log_median=self.log_median[rows],
            beta=self.beta[rows],
            group=self.group[rows],
            groups=self.groups,
            site=self.site[rows],
            log_g=self.log_g,
            left_out=self.left_out,
        )


def group_of(curve: str) -> str:
    """Return the structural type of a building's curve, empty for any other curve.

    Examples
    --------
    >>> group_of("LF.C1.L.MC"), group_of("EP.S.M.A")
    ('C1', '')
    """
    return curve.split(".")[1] if curve.startswith(BUILDING) else ""


def gather(
    reports: Sequence[DamageReport], city: City, shaking: Shaking, table: FragilityTable
) -> Evidence:
    """Set the reports of known buildings beside their curves and shaking; count the others."""
    rows = {name: row for row, name in enumerate(table.id)}
    curves = city.buildings.curves
    known = [
        (report, rows[curves[city.buildings.curve[report.building]]])
        for report in reports
        if 0 <= report.building < city.buildings.zone.size
        and group_of(curves[city.buildings.curve[report.building]])
        and curves[city.buildings.curve[report.building]] in rows
    ]
    curve = np.array([row for _, row in known], dtype=np.int32)
    names = [group_of(table.id[row]) for row in curve]
    groups = tuple(sorted(set(names)))
    building = np.array([report.building for report, _ in known], dtype=np.int32)
    zone = city.buildings.zone[building] if known else np.zeros(0, dtype=np.int32)
    is_pga = np.array([table.intensity[row] == "PGA" for row in curve], dtype=bool)
    # One column for each zone and intensity in use; the same zone may need both.
    sites, site = np.unique(zone * 2 + ~is_pga, return_inverse=True)
    fields = [shaking.pga_g if key % 2 == 0 else shaking.sa1_g for key in sites]
    columns = [field[:, key // 2] for field, key in zip(fields, sites, strict=True)]
    samples = shaking.pga_g.shape[0]
    intensity = np.array(columns).T if columns else np.zeros((samples, 0))
    return Evidence(
        state=np.array([int(report.state) for report, _ in known], dtype=np.int32),
        log_median=np.log(table.median_g[curve]),
        beta=table.beta[curve],
        group=np.array([groups.index(name) for name in names], dtype=np.int32),
        groups=groups,
        site=site.astype(np.int32),
        log_g=np.log(np.maximum(intensity, 1e-6)),
        left_out=len(reports) - len(known),
    )


def state_probability(evidence: Evidence, log_g: F64, log_median: F64, log_beta: F64) -> F64:
    """Return the probability of every state of every report.

    Parameters
    ----------
    log_g
        Logarithm of the shaking at the sites. (sites,)
    log_median, log_beta
        Logarithms of the factors on medians and betas. (groups,)

    Returns
    -------
    probability
        Of none, slight, moderate, extensive, complete. (reports, 5)
    """
    shift = log_g[evidence.site] - log_median[evidence.group]
    spread = evidence.beta * np.exp(log_beta[evidence.group])[:, None]
    exceed = ndtr((shift[:, None] - evidence.log_median) / spread)
    edges = np.concatenate(
        [np.ones((exceed.shape[0], 1)), exceed, np.zeros((exceed.shape[0], 1))], axis=1
    )
    probability: F64 = np.maximum(edges[:, :-1] - edges[:, 1:], SMALLEST)
    return probability


def bounds(evidence: Evidence, shift: F64, spread: F64) -> tuple[F64, F64]:
    """Return the standard normal quantiles between which the reported state lies. (reports,) twice

    Parameters
    ----------
    shift
        Logarithm of shaking over the factor on medians. (reports,)
    spread
        Factor on betas. (reports,)
    """
    rows = np.arange(evidence.state.size)
    last, here = np.maximum(evidence.state - 1, 0), np.minimum(evidence.state, 3)
    low = (shift - evidence.log_median[rows, last]) / (evidence.beta[rows, last] * spread)
    high = (shift - evidence.log_median[rows, here]) / (evidence.beta[rows, here] * spread)
    return (
        np.where(evidence.state == 0, np.inf, low),
        np.where(evidence.state == 4, -np.inf, high),
    )
