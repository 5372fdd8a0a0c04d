"""Learning fragilities from a survey: our sampler against weighing draws of the prior.

Run with `python benchmarks/learning.py [reports ...]`. Weighing is the plain way to marginalise
over the shaking samples; it shows how few of its draws are left once reports come in.
"""

from __future__ import annotations

import sys

import numpy as np
from common import measure, report

from rencheng.model.learning.evidence import Evidence, state_probability
from rencheng.model.learning.posterior import (
    BETA_GROUP_SD,
    BETA_SD,
    MEDIAN_GROUP_SD,
    MEDIAN_SD,
    sample,
)

ZONES, FIELDS, GROUPS = 133, 200, 5
MEDIANS_G = np.array([0.16, 0.23, 0.41, 0.77])
DRAWS, WEIGHED = 1000, 2000


def survey(reports: int, seed: int = 1) -> Evidence:
    """Draw reports under a field that is none of the samples; the curves are true."""
    rng = np.random.default_rng(seed)
    place = rng.uniform(0, 15, (ZONES, 2))
    apart = np.hypot(*(place[:, None] - place[None]).T)
    chol = np.linalg.cholesky(np.exp(-3 * apart / 10) + 1e-9 * np.eye(ZONES))
    within = 0.5 * rng.standard_normal((FIELDS + 1, ZONES)) @ chol.T
    log_g = np.log(0.3) + 0.4 * rng.standard_normal((FIELDS + 1, 1)) + within
    site = rng.integers(0, ZONES, reports).astype(np.int32)
    capacity = np.log(MEDIANS_G) + 0.4 * rng.standard_normal((reports, 1))
    return Evidence(
        state=(log_g[0, site][:, None] >= capacity).sum(axis=1).astype(np.int32),
        log_median=np.tile(np.log(MEDIANS_G), (reports, 1)),
        beta=np.full((reports, 4), 0.4),
        group=rng.integers(0, GROUPS, reports).astype(np.int32),
        groups=tuple(f"T{g}" for g in range(GROUPS)),
        site=site,
        log_g=log_g[1:],
        left_out=0,
    )


def effective(draws: np.ndarray) -> float:
    """Count independent draws: size over the integrated autocorrelation, cut at the first zero."""
    away = draws - draws.mean()
    full = np.correlate(away, away, mode="full")[draws.size - 1 :]
    lags = full / full[0]
    end = int(np.argmax(lags <= 0)) or lags.size
    return float(draws.size / (1 + 2 * lags[1:end].sum()))


def weigh(evidence: Evidence) -> float:
    """Return how many of `WEIGHED` draws of the prior are left after weighing by the reports."""
    rng = np.random.default_rng(2)
    rows = np.arange(evidence.state.size)
    log = np.empty(WEIGHED)
    for draw in range(WEIGHED):
        median = MEDIAN_SD * rng.standard_normal() + MEDIAN_GROUP_SD * rng.standard_normal(GROUPS)
        beta = BETA_SD * rng.standard_normal() + BETA_GROUP_SD * rng.standard_normal(GROUPS)
        field = evidence.log_g[rng.integers(FIELDS)]
        seen = state_probability(evidence, field, median, beta)[rows, evidence.state]
        log[draw] = np.log(seen).sum()
    weight = np.exp(log - log.max())
    return float(weight.sum() ** 2 / (weight**2).sum())


def main(counts: list[int]) -> None:
    """Time both for surveys of several sizes."""
    rows = []
    for count in counts:
        evidence = survey(count)
        ours = measure(lambda e=evidence: sample(e, seed=3, draws=DRAWS), repeat=1)
        worth = effective(ours.result.common[:, 0])
        rows.append((f"sampler, {count} reports", ours, f"{worth:.0f} of {DRAWS} draws effective"))
        plain = measure(lambda e=evidence: weigh(e), repeat=1)
        note = f"{plain.result:.1f} of {WEIGHED} draws effective"
        rows.append((f"weighing, {count} reports", plain, note))
    report(rows)


if __name__ == "__main__":
    main([int(v) for v in sys.argv[1:]] or [40, 400, 1200])
