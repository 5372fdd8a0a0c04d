"""How good each rule's warnings are: detection, false alarms and lead time, with their base."""

from __future__ import annotations

from collections.abc import Iterable
from math import isfinite, sqrt

import numpy as np

from rencheng.domain.alarm import Judgement, RuleVerdict
from rencheng.domain.assessment import RuleScore
from rencheng.domain.provenance import UNKNOWN, Band

Z90 = 1.6449
"""Standard normal quantile of 0.95: the band is 5 to 95 %."""


def verify(verdicts: Iterable[RuleVerdict]) -> tuple[RuleScore, ...]:
    """Score every rule that has a line in the ledger, and all of them together.

    Parameters
    ----------
    verdicts
        Lines that stand, any order.

    Returns
    -------
    scores
        The first has an empty rule and covers all; then one for each rule by name. Empty when the
        ledger is. A share without a base is unknown, never 0 or 1.

    Notes
    -----
    Probability of detection POD = hits / (hits + misses); false alarm ratio FAR = false alarms /
    (hits + false alarms), both with the Wilson score interval of 5 to 95 %. What nobody entered as
    a miss is not counted: POD is an upper bound while misses are not looked for. The band of the
    lead time is the 5, 50 and 95 % quantile over the hits whose event has a time.

    References
    ----------
    .. [1] Wilks (2019), Statistical Methods in the Atmospheric Sciences, 4th ed., section 9.2.
    .. [2] Wilson (1927), J. Am. Stat. Assoc. 22, 209-212, doi 10.1080/01621459.1927.10502953.
    """
    every = list(verdicts)
    if not every:
        return ()
    rules = sorted({one.rule for one in every})
    parts = [("", every), *((rule, [v for v in every if v.rule == rule]) for rule in rules)]
    return tuple(_score(rule, part) for rule, part in parts)


def wilson(part: int, whole: int) -> Band:
    """Return a share with its Wilson score interval; unknown without a base.

    Examples
    --------
    >>> wilson(8, 10).p50, round(wilson(8, 10).p05, 2), wilson(0, 0).p50 == wilson(0, 0).p50
    (0.8, 0.54, False)
    """
    if whole <= 0:
        return UNKNOWN
    share, z2 = part / whole, Z90**2
    middle = (share + z2 / (2 * whole)) / (1 + z2 / whole)
    half = Z90 * sqrt(share * (1 - share) / whole + z2 / (4 * whole**2)) / (1 + z2 / whole)
    return Band(max(middle - half, 0.0), share, min(middle + half, 1.0))


def _score(rule: str, part: list[RuleVerdict]) -> RuleScore:
    hits, false, missed = (
        sum(one.judgement is kind for one in part)
        for kind in (Judgement.HIT, Judgement.FALSE, Judgement.MISS)
    )
    leads = [one.lead_s / 60 for one in part if isfinite(one.lead_s)]
    lead = UNKNOWN
    if leads:
        low, middle, high = (float(v) for v in np.quantile(leads, (0.05, 0.5, 0.95)))
        lead = Band(low, middle, high)
    return RuleScore(
        rule=rule,
        hits=hits,
        false=false,
        misses=missed,
        pod=wilson(hits, hits + missed),
        far=wilson(false, hits + false),
        lead_min=lead,
        leads=len(leads),
    )
