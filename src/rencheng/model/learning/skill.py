"""How well curves foretell reports that they have not seen."""

from __future__ import annotations

import numpy as np

from rencheng.domain.city import F64, I32
from rencheng.model.learning.evidence import Evidence, state_probability
from rencheng.model.learning.posterior import Draws


def predictive(evidence: Evidence, draws: Draws) -> F64:
    """Return the probability of each state of each report, averaged over the draws. (reports, 5)"""
    total = np.zeros((evidence.state.size, 5))
    for log_g, median, beta in zip(draws.log_g, draws.log_median, draws.log_beta, strict=True):
        total += state_probability(evidence, log_g, median, beta)
    mean: F64 = total / len(draws.log_g)
    normal: F64 = mean / mean.sum(axis=1, keepdims=True)
    return normal


def log_score(probability: F64, state: I32) -> float:
    """Return the mean logarithm of the probability given to what was seen; higher is better.

    Examples
    --------
    >>> log_score(np.array([[1.0, 0, 0, 0, 0]]), np.array([0]))
    0.0
    """
    if state.size == 0:
        return float("nan")
    return float(np.log(probability[np.arange(state.size), state]).mean())


def ranked_probability_score(probability: F64, state: I32) -> float:
    """Return the mean ranked probability score over the five states; lower is better.

    Squared difference of the cumulative distributions, summed over the four thresholds and divided
    by four, so that it lies between 0 and 1.

    Examples
    --------
    >>> ranked_probability_score(np.array([[0.0, 0, 0, 0, 1.0]]), np.array([0]))
    1.0
    """
    if state.size == 0:
        return float("nan")
    seen = np.arange(5)[None, :] >= state[:, None]
    gap = np.cumsum(probability, axis=1) - seen
    return float((gap[:, :4] ** 2).mean())
