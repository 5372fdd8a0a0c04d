"""Joint posterior of curve factors and shaking."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from scipy.linalg import cho_factor, cho_solve, solve_triangular
from scipy.special import ndtr

from rencheng.domain.city import F64
from rencheng.model.learning.evidence import SMALLEST, Evidence, bounds

# Prior standard deviations of the logarithms; ours, no source. A median of HAZUS may be off by a
# third for a whole country, by a fifth for one structural type; betas are known better.
MEDIAN_SD, MEDIAN_GROUP_SD = 0.35, 0.2
BETA_SD, BETA_GROUP_SD = 0.25, 0.1
NEWTON_STEPS = 60
FLAT = 1e-9
"""Directions of shaking with less than this share of the largest variance are left out."""


@dataclass(frozen=True, slots=True)
class Draws:
    """Samples of the posterior."""

    log_median: F64
    """(draws, groups)"""
    log_beta: F64
    """(draws, groups)"""
    common: F64
    """Logarithms of the factors on median and beta shared by all groups. (draws, 2)"""
    log_g: F64
    """Logarithm of the shaking at the sites. (draws, sites)"""


@dataclass(frozen=True, slots=True)
class _Space:
    """Independent standard normal coordinates, and what follows linearly from them."""

    centre: F64
    """Mean logarithm of the shaking. (sites,)"""
    to_log_g: F64
    """(coordinates, sites)"""
    to_median: F64
    """(coordinates, groups)"""
    to_beta: F64
    """(coordinates, groups)"""
    to_common: F64
    """(coordinates, 2)"""


def sample(evidence: Evidence, *, seed: int, draws: int, learns: bool = True) -> Draws:
    """Draw from the posterior of factors and shaking given the reports.

    Parameters
    ----------
    learns
        False keeps the published curves and infers the shaking only.

    Notes
    -----
    The shaking is normal in logarithms with the mean and covariance of the samples handed over, so
    that correlation in space and the event term stay as the ground-motion model made them. Factors
    are lognormal: one common to all groups times one of each group, which shrinks groups with few
    reports. Reweighting the samples instead would leave one or two of 200 with all the weight once
    there are some tens of reports; fitting at the mean field would take the scatter of the shaking
    for scatter of the curves, and β would come out too large.

    Newton's method with Fisher's information finds the mode; elliptical slices around the normal
    distribution that fits there make the draws exact in the limit.

    References
    ----------
    .. [1] Murray, Adams, MacKay (2010), Elliptical slice sampling, AISTATS 9.
    .. [2] Nishihara, Murray, Adams (2014), Parallel MCMC with generalized elliptical slice
       sampling, JMLR 15.
    """
    space = _space(evidence, learns)
    mode, information = _mode(evidence, space)
    factor = np.linalg.cholesky(information)
    rng = np.random.default_rng(seed)

    def residual(point: F64) -> float:
        """Return how much the target differs from the fitted normal distribution."""
        away = factor.T @ (point - mode)
        return _log_likelihood(evidence, space, point) + 0.5 * float(away @ away - point @ point)

    point, level = mode, residual(mode)
    kept = np.empty((draws, mode.size))
    for step in range(draws + draws // 10):
        other = solve_triangular(factor.T, rng.standard_normal(mode.size), lower=False)
        point, level = _slice(point, level, mode, other, rng, residual)
        if step >= draws // 10:
            kept[step - draws // 10] = point
    return Draws(
        log_median=kept @ space.to_median,
        log_beta=kept @ space.to_beta,
        common=kept @ space.to_common,
        log_g=space.centre + kept @ space.to_log_g,
    )


def _space(evidence: Evidence, learns: bool) -> _Space:
    """Lay out the coordinates: two common factors, two of each group, then the shaking."""
    groups, samples = len(evidence.groups), evidence.log_g.shape[0]
    centre = evidence.log_g.mean(axis=0)
    anomalies = (evidence.log_g - centre) / np.sqrt(max(samples - 1, 1))
    _, size, basis = np.linalg.svd(anomalies, full_matrices=False)
    is_used = size > np.sqrt(FLAT) * max(size.max(initial=0.0), FLAT)
    field = size[is_used, None] * basis[is_used]
    theta = 2 * (1 + groups) if learns else 0
    to_median, to_beta = np.zeros((2, theta + len(field), groups))
    to_common = np.zeros((theta + len(field), 2))
    if learns:
        to_common[0, 0], to_common[1, 1] = MEDIAN_SD, BETA_SD
        to_median[0], to_beta[1] = MEDIAN_SD, BETA_SD
        to_median[2 : 2 + groups] = MEDIAN_GROUP_SD * np.eye(groups)
        to_beta[2 + groups : theta] = BETA_GROUP_SD * np.eye(groups)
    to_log_g = np.concatenate([np.zeros((theta, centre.size)), field])
    return _Space(centre, to_log_g, to_median, to_beta, to_common)


def _log_likelihood(evidence: Evidence, space: _Space, point: F64) -> float:
    shift, log_spread = _at(evidence, space, point)
    low, high = bounds(evidence, shift, np.exp(log_spread))
    return float(np.log(np.maximum(ndtr(low) - ndtr(high), SMALLEST)).sum())


def _at(evidence: Evidence, space: _Space, point: F64) -> tuple[F64, F64]:
    """Return ln(shaking ÷ median factor) and ln(beta factor) of each report. (reports,) twice"""
    log_g = space.centre + point @ space.to_log_g
    median = point @ space.to_median
    beta = point @ space.to_beta
    return log_g[evidence.site] - median[evidence.group], beta[evidence.group]


def _mode(evidence: Evidence, space: _Space) -> tuple[F64, F64]:
    """Find the most likely point and the information there, prior included."""
    to_shift = space.to_log_g[:, evidence.site] - space.to_median[:, evidence.group]
    to_spread = space.to_beta[:, evidence.group]
    point = np.zeros(space.to_log_g.shape[0])

    def target(at: F64) -> float:
        return _log_likelihood(evidence, space, at) - 0.5 * float(at @ at)

    best = target(point)
    information = np.eye(point.size)
    for _ in range(NEWTON_STEPS):
        slope, curvature = _score(evidence, *_at(evidence, space, point))
        information = np.eye(point.size) + (
            (to_shift * curvature[0]) @ to_shift.T
            + (to_spread * curvature[2]) @ to_spread.T
            + (to_shift * curvature[1]) @ to_spread.T
            + (to_spread * curvature[1]) @ to_shift.T
        )
        gradient = to_shift @ slope[0] + to_spread @ slope[1] - point
        step = cho_solve(cho_factor(information), gradient)
        length = 1.0
        while (found := target(point + length * step)) < best and length > 1e-4:
            length /= 2
        if found <= best + 1e-9:
            break
        point, best = point + length * step, found
    return point, information


def _score(evidence: Evidence, shift: F64, log_spread: F64) -> tuple[F64, F64]:
    """Return slope (2, reports) and expected curvature (3, reports) of the log-likelihood.

    With respect to ln(shaking ÷ median factor) and ln(beta factor); curvature in the order first,
    mixed, second.
    """
    spread = evidence.beta * np.exp(log_spread)[:, None]
    z = (shift[:, None] - evidence.log_median) / spread
    density = np.exp(-0.5 * z**2) / np.sqrt(2 * np.pi)
    none, all_ = np.zeros((z.shape[0], 1)), np.ones((z.shape[0], 1))
    exceed = np.concatenate([all_, ndtr(z), none], axis=1)
    by_shift = np.concatenate([none, density / spread, none], axis=1)
    by_spread = np.concatenate([none, -z * density, none], axis=1)
    probability = np.maximum(exceed[:, :-1] - exceed[:, 1:], SMALLEST)
    first = (by_shift[:, :-1] - by_shift[:, 1:]) / probability
    second = (by_spread[:, :-1] - by_spread[:, 1:]) / probability
    rows = np.arange(z.shape[0])
    slope = np.array([first[rows, evidence.state], second[rows, evidence.state]])
    products = (first * first, first * second, second * second)
    return slope, np.array([(probability * product).sum(axis=1) for product in products])


def _slice(
    point: F64,
    level: float,
    mode: F64,
    other: F64,
    rng: np.random.Generator,
    residual: Callable[[F64], float],
) -> tuple[F64, float]:
    """Move on an ellipse around the mode. Murray et al. 2010, figure 2."""
    threshold = level + np.log(rng.random())
    angle = rng.uniform(0.0, 2 * np.pi)
    low, high = angle - 2 * np.pi, angle
    away = point - mode
    while True:
        moved = mode + away * np.cos(angle) + other * np.sin(angle)
        found = residual(moved)
        if found > threshold:
            return moved, found
        low, high = (angle, high) if angle < 0 else (low, angle)
        angle = rng.uniform(low, high)
