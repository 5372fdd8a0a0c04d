"""What measures are worth over their lives: net present value, benefit-cost ratio, payback."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable

from rencheng.domain.errors import InvalidInputError
from rencheng.domain.risk_measures import Appraisal, Chosen, Measure, Saving, Worth
from rencheng.model.risk.measures.discounting import present_worth

RATES = (0.02, 0.03, 0.04, 0.05, 0.06, 0.07, 0.08)
"""Discount rates over which results are told when nobody says. [1/yr] Ours."""
LOW, HIGH = 0.05, 0.95
"""Quantiles of costs. Ours."""


def worth(appraisal: Appraisal, chosen: Chosen, discount_rate: float) -> Worth:
    """Return what a set of measures is worth.

    Parameters
    ----------
    appraisal
        With the savings of every set.
    chosen
        Rows of measures that may stand together.
    discount_rate
        Real, as a share. [1/yr]

    Raises
    ------
    InvalidInputError
        When the rate is no share from 0 to below 1; 3 means 300 %, and nobody means that.

    Notes
    -----
    Savings and upkeep come at the end of each year and are discounted; the cost is paid at once. A
    measure serves its own life and is not renewed: when one ends, the others go on with what they
    save jointly. BCR = present value of savings / (cost + present value of upkeep). The bounds of
    the ratio take all costs and upkeeps at their 95 % and 5 % quantile together, the cautious way
    to add them up. Held against sums written out year by year. Left out: growth of values or hazard
    over the years, uncertainty of the savings.
    """
    must_be_share(discount_rate)
    measures = [appraisal.measures[k] for k in sorted(chosen)]
    benefit = over_lives(appraisal.measures, chosen, discount_rate, appraisal.saving)
    cost, paid = math.fsum(m.cost.best for m in measures), costs_worth(measures, discount_rate)
    return Worth(
        ids=tuple(m.id for m in measures),
        discount_rate=discount_rate,
        saving=appraisal.saving(chosen),
        cost=cost,
        upkeep=paid - cost,
        benefit=benefit,
        npv=benefit - paid,
        bcr=_ratio(benefit, paid),
        bcr_low=_ratio(benefit, costs_worth(measures, discount_rate, HIGH)),
        bcr_high=_ratio(benefit, costs_worth(measures, discount_rate, LOW)),
        payback=_payback(appraisal, chosen, discount_rate),
    )


def must_be_share(discount_rate: float) -> None:
    """Refuse a discount rate that was meant as percent, is negative or unknown."""
    if not 0.0 <= discount_rate < 1.0:
        raise InvalidInputError(
            "risk.discount_rate",
            f"a discount rate of {discount_rate:g} is no share from 0 to below 1",
            hint="Write 0.03 for 3 %",
            params={"rate": float(discount_rate)},
        )


def ranked(appraisal: Appraisal, discount_rate: float) -> list[Worth]:
    """Return each measure alone, the best ratio first; what costs nothing before all others."""
    rows = range(len(appraisal.measures))
    alone = [worth(appraisal, frozenset([k]), discount_rate) for k in rows]
    ratio = [math.inf if math.isnan(one.bcr) else one.bcr for one in alone]
    return [alone[k] for k in sorted(rows, key=lambda k: (-ratio[k], -alone[k].npv, k))]


def worth_of_groups(appraisal: Appraisal, discount_rate: float) -> list[dict[Chosen, float]]:
    """Return the present value of the savings of every set in every group. [currency]"""
    return [
        {
            one: over_lives(appraisal.measures, one, discount_rate, group.saving.__getitem__)
            for one in group.saving
        }
        for group in appraisal.groups
    ]


def over_lives(
    measures: tuple[Measure, ...],
    chosen: Chosen,
    discount_rate: float,
    saving: Callable[[Chosen], Saving],
) -> float:
    """Return the present value of what a set saves while its measures last. [currency]"""
    total, before = 0.0, 0.0
    for end in sorted({measures[k].life for k in chosen}):
        alive = frozenset(k for k in chosen if measures[k].life >= end)
        until = float(present_worth(discount_rate, end))
        total += saving(alive).total * (until - before)
        before = until
    return total


def costs_worth(
    measures: Iterable[Measure], discount_rate: float, quantile: float | None = None
) -> float:
    """Return cost and present value of upkeep, best estimates or a quantile of each. [currency]"""
    parts = []
    for m in measures:
        cost, upkeep = (
            one.best if quantile is None else one.quantile(quantile) for one in (m.cost, m.upkeep)
        )
        parts.append(cost + upkeep * float(present_worth(discount_rate, m.life)))
    return math.fsum(parts)


def _payback(appraisal: Appraisal, chosen: Chosen, rate: float) -> float:
    measures = appraisal.measures
    owed, year = math.fsum(measures[k].cost.best for k in chosen), 0
    last = max((measures[k].life for k in chosen), default=0)
    while owed > 0.0 and year < last:
        year += 1
        alive = frozenset(k for k in chosen if measures[k].life >= year)
        upkeep = math.fsum(measures[k].upkeep.best for k in alive)
        owed -= (appraisal.saving(alive).total - upkeep) / (1.0 + rate) ** year
    return float(year) if owed <= 0.0 else math.inf


def _ratio(benefit: float, costs: float) -> float:
    return benefit / costs if costs > 0.0 else math.nan
