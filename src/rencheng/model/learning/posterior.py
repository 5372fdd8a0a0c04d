"""Joint posterior of curve factors and shaking."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.linalg import cho_factor, cho_solve
from scipy.special import ndtr

from rencheng.domain.city import F64
from rencheng.model.learning.evidence import SMALLEST, Evidence, bounds

# Prior standard deviations of the logarithms; ours, no source. A median of HAZUS may be off by a
# third for a whole country, by a fifth for one structural type; betas are known better.
MEDIAN_SD, MEDIAN_GROUP_SD = 0.35, 0.2
BETA_SD, BETA_GROUP_SD = 0.25, 0.1
NEWTON_STEPS = 60
ANGLE, TURNS = np.pi / 8, (3, 6)
"""Part of a circle between kicks, and how many parts a trajectory has (upper excluded)."""
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

    Newton's method with Fisher's information finds the mode. Hamiltonian trajectories then walk
    exactly along the normal distribution that fits there, with small kicks for what differs from
    it; accepting or refusing each makes the draws those of the true posterior.

    References
    ----------
    .. [1] Neal (2011), MCMC using Hamiltonian dynamics, Handbook of Markov Chain Monte Carlo,
       chapter 5, section 5.5.1 (splitting the Hamiltonian).
    """
    space = _space(evidence, learns)
    mode, information = _mode(evidence, space)
    factor = np.asarray(np.linalg.cholesky(information), dtype=np.float64)
    kept = _walk(evidence, space, mode, factor, draws, np.random.default_rng(seed))
    return Draws(
        log_median=kept @ space.to_median,
        log_beta=kept @ space.to_beta,
        common=kept @ space.to_common,
        log_g=space.centre + kept @ space.to_log_g,
    )


def _walk(
    evidence: Evidence,
    space: _Space,
    mode: F64,
    factor: F64,
    draws: int,
    rng: np.random.Generator,
) -> F64:
    """Draw points of the posterior, after a tenth to forget the start. (draws, coordinates)"""
    unfold = np.linalg.inv(factor)

    def look(away: F64) -> tuple[float, F64]:
        """Return by how much the target differs from the fitted normal, and the slope of that."""
        point = mode + unfold.T @ away
        shift, log_spread = _at(evidence, space, point)
        level, slope = _seen(evidence, shift, log_spread)
        level -= 0.5 * float(point @ point)
        uphill = unfold @ (_uphill(evidence, space, slope) - point)
        return level + 0.5 * float(away @ away), uphill + away

    away = np.zeros(mode.size)
    level, slope = look(away)
    kept = np.empty((draws, mode.size))
    for step in range(-(draws // 10), draws):
        momentum = rng.standard_normal(mode.size)
        start = level - 0.5 * float(away @ away + momentum @ momentum)
        at, push, found = away, momentum, (level, slope)
        for _ in range(int(rng.integers(*TURNS))):
            push = push + 0.5 * ANGLE * found[1]
            at, push = (
                at * np.cos(ANGLE) + push * np.sin(ANGLE),
                push * np.cos(ANGLE) - at * np.sin(ANGLE),
            )
            found = look(at)
            push = push + 0.5 * ANGLE * found[1]
        end = found[0] - 0.5 * float(at @ at + push @ push)
        if np.log(rng.random()) < end - start:
            away, (level, slope) = at, found
        if step >= 0:
            kept[step] = mode + unfold.T @ away
    return kept


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


def _seen(evidence: Evidence, shift: F64, log_spread: F64) -> tuple[float, F64]:
    """Return the log-likelihood and its slope (2, reports) by shift and log_spread."""
    spread = np.exp(log_spread)
    low, high = bounds(evidence, shift, spread)
    probability = np.maximum(ndtr(low) - ndtr(high), SMALLEST)
    rows = np.arange(evidence.state.size)
    last, here = np.maximum(evidence.state - 1, 0), np.minimum(evidence.state, 3)
    by_low, by_high = (np.exp(-0.5 * z**2) / np.sqrt(2 * np.pi) for z in (low, high))
    by_shift = by_low / evidence.beta[rows, last] - by_high / evidence.beta[rows, here]
    # The density at infinity is zero, and so is infinity times it.
    ends = [np.where(np.isfinite(z), z, 0.0) for z in (low, high)]
    by_spread = ends[1] * by_high - ends[0] * by_low
    slope = np.array([by_shift / spread, by_spread]) / probability
    return float(np.log(probability).sum()), slope


def _uphill(evidence: Evidence, space: _Space, slope: F64) -> F64:
    """Turn slopes of the reports into those of the coordinates. (coordinates,)"""
    groups, sites = space.to_median.shape[1], space.centre.size
    by_site = np.bincount(evidence.site, weights=slope[0], minlength=sites)
    by_group = np.bincount(evidence.group, weights=slope[0], minlength=groups)
    by_spread = np.bincount(evidence.group, weights=slope[1], minlength=groups)
    uphill: F64 = space.to_log_g @ by_site - space.to_median @ by_group + space.to_beta @ by_spread
    return uphill


def _ways(evidence: Evidence, space: _Space) -> tuple[F64, F64]:
    """Return how coordinates move what each report depends on. (coordinates, reports) twice"""
    to_shift = space.to_log_g[:, evidence.site] - space.to_median[:, evidence.group]
    return to_shift, space.to_beta[:, evidence.group]


def _at(evidence: Evidence, space: _Space, point: F64) -> tuple[F64, F64]:
    """Return ln(shaking ÷ median factor) and ln(beta factor) of each report. (reports,) twice"""
    log_g = space.centre + point @ space.to_log_g
    median = point @ space.to_median
    beta = point @ space.to_beta
    return log_g[evidence.site] - median[evidence.group], beta[evidence.group]


def _mode(evidence: Evidence, space: _Space) -> tuple[F64, F64]:
    """Find the most likely point and the information there, prior included."""
    to_shift, to_spread = _ways(evidence, space)
    point = np.zeros(space.to_log_g.shape[0])

    def target(at: F64) -> float:
        return _seen(evidence, *_at(evidence, space, at))[0] - 0.5 * float(at @ at)

    best = target(point)
    information = np.eye(point.size)
    for _ in range(NEWTON_STEPS):
        shift, log_spread = _at(evidence, space, point)
        _, slope = _seen(evidence, shift, log_spread)
        curvature = _information(evidence, shift, log_spread)
        information = np.eye(point.size) + (
            (to_shift * curvature[0]) @ to_shift.T
            + (to_spread * curvature[2]) @ to_spread.T
            + (to_shift * curvature[1]) @ to_spread.T
            + (to_spread * curvature[1]) @ to_shift.T
        )
        gradient = _uphill(evidence, space, slope) - point
        step = cho_solve(cho_factor(information), gradient)
        length = 1.0
        while (found := target(point + length * step)) < best and length > 1e-4:
            length /= 2
        if found <= best + 1e-9:
            break
        point, best = point + length * step, found
    return point, information


def _information(evidence: Evidence, shift: F64, log_spread: F64) -> F64:
    """Return the expected curvature by shift, mixed, and by log_spread. (3, reports)"""
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
    products = (first * first, first * second, second * second)
    return np.array([(probability * product).sum(axis=1) for product in products])
