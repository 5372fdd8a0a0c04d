"""Which measures to take under a budget: exact, with the bound that proves it, beside greedy."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from numpy.typing import NDArray

from rencheng.domain.errors import InvalidInputError, TooMuchError
from rencheng.domain.risk_measures import Appraisal, Choice, Chosen
from rencheng.model.risk.measures.worth import costs_worth, must_be_share, worth, worth_of_groups

F64 = NDArray[np.float64]

# A budget counts as kept when sums of costs pass it by no more than rounding. Ours.
_ROUNDING = 1e-12
# The solver keeps a budget within 1e-6 of itself; a set beyond it is forbidden and solved again.
_AGAIN = 20
# Worths are scaled to this before solving, so that the solver's absolute gap of 1e-6 is small.
_SCALE = 1e4


def choose(appraisal: Appraisal, budget: float, discount_rate: float) -> Choice:
    """Return the set of measures that is worth most, and how sure that is.

    Parameters
    ----------
    appraisal
        With the savings of every set.
    budget
        What the costs at the start may come to, best estimates; upkeep is no part of it but is in
        the worth. `inf`: no limit. [currency]
    discount_rate
        Real, as a share. [1/yr]

    Raises
    ------
    InvalidInputError
        When the budget is negative or no number, or the rate is no share.

    Notes
    -----
    Maximises net present value: 0/1 for each measure, and for each group of assets the worth of
    exactly the set that stands there, so interactions are exact and not approximated [1]_. Solved
    by branch and bound (HiGHS); `bound` is its own upper bound, equal to the best worth when the
    choice is proven. Greedy takes again and again the affordable measure whose joint gain is the
    largest share of its cost. Held against trying every set (random cases). Left out: costs shared
    between measures, phasing over years, indivisible budgets by year, spread of savings.

    References
    ----------
    .. [1] The 0/1 knapsack with set-dependent gains, linearised by one variable for each allowed
       set; as in any text of integer programming.
    """
    if not budget >= 0.0:
        raise InvalidInputError(
            "risk.measure_budget",
            f"a budget of {budget:g} buys nothing",
            hint="Give an amount of zero or more",
            params={"budget": float(budget)},
        )
    must_be_share(discount_rate)
    groups = worth_of_groups(appraisal, discount_rate)
    price = np.array([m.cost.best for m in appraisal.measures])
    whole = np.array([costs_worth([m], discount_rate) for m in appraisal.measures])
    problem = _Problem(appraisal, groups, price, whole, budget)
    chosen, bound = problem.solve()
    best = worth(appraisal, chosen, discount_rate)
    summed = [appraisal.saving(frozenset([k])).total for k in chosen]
    return Choice(
        budget=budget,
        best=best,
        summed_saving=math.fsum(summed),
        bound=max(bound, best.npv),
        relaxed=max(problem.relaxed(), best.npv),
        greedy=worth(appraisal, problem.greedy(), discount_rate),
        left_aal=appraisal.known_aal - best.saving.total,
    )


class _Problem:
    """Measures in columns, then one column for every set of every group."""

    def __init__(
        self,
        appraisal: Appraisal,
        groups: list[dict[Chosen, float]],
        price: F64,
        whole: F64,
        budget: float,
    ) -> None:
        self.appraisal, self.groups = appraisal, groups
        self.price, self.whole, self.budget = price, whole, budget
        self.many = price.size
        gains = np.concatenate([-whole, *(list(group.values()) for group in groups)])
        self.scale = _SCALE / max(float(np.abs(gains).max(initial=0.0)), 1e-300)
        self.gains = gains * self.scale
        self.forbidden: list[Chosen] = []

    def solve(self) -> tuple[Chosen, float]:
        """Return the best set and an upper bound of the worth of any. [currency]"""
        if not self.many:
            return frozenset(), 0.0
        for _ in range(_AGAIN):
            found = self._milp(whole=True)
            chosen = frozenset(np.flatnonzero(found.x[: self.many] > 0.5).tolist())
            if self.affordable(chosen):
                return chosen, -float(found.mip_dual_bound) / self.scale
            self.forbidden.append(chosen)
        return self.greedy(), self.relaxed()

    def relaxed(self) -> float:
        """Return the worth when parts of measures could be taken. [currency]"""
        return -float(self._milp(whole=False).fun) / self.scale if self.many else 0.0

    def affordable(self, chosen: Chosen) -> bool:
        """Return whether the costs keep within the budget."""
        spent = math.fsum(self.price[list(chosen)])
        return spent <= self.budget * (1.0 + _ROUNDING)

    def greedy(self) -> Chosen:
        """Return what taking the best ratio again and again comes to."""
        chosen: Chosen = frozenset()
        now = 0.0
        while True:
            steps = []
            for k in set(range(self.many)) - chosen:
                after = chosen | {k}
                if self.affordable(after) and self.allowed(after):
                    gain = self.worth(after) - now
                    ratio = gain / self.price[k] if self.price[k] > 0.0 else math.inf
                    steps.append((ratio, gain, -k))
            best = max((s for s in steps if s[1] > 0.0), default=None)
            if best is None:
                return chosen
            chosen, now = chosen | {-best[2]}, now + best[1]

    def allowed(self, chosen: Chosen) -> bool:
        """Return whether no two of a set exclude each other."""
        return not any(pair <= chosen for pair in self.appraisal.excluded)

    def worth(self, chosen: Chosen) -> float:
        """Return the net present value of a set. [currency]"""
        gains = [
            worths[chosen & frozenset(group.touching)]
            for group, worths in zip(self.appraisal.groups, self.groups, strict=True)
        ]
        return math.fsum([*gains, *(-self.whole[list(chosen)])])

    def _milp(self, *, whole: bool) -> Any:
        from scipy.optimize import Bounds, LinearConstraint, milp
        from scipy.sparse import csr_array

        rows, low, high = self._rows()
        size = self.gains.size
        at = np.repeat(np.arange(len(rows)), [len(row) for row in rows])
        of = np.array([c for row in rows for c in row], dtype=np.int64)
        value = np.array([v for row in rows for v in row.values()])
        table = csr_array((value, (at, of)), shape=(len(rows), size))
        dear = self.price > self.budget * (1.0 + _ROUNDING)
        found = milp(
            -self.gains,
            integrality=np.r_[np.full(self.many, int(whole)), np.zeros(size - self.many)],
            bounds=Bounds(0.0, np.r_[np.where(dear, 0.0, 1.0), np.ones(size - self.many)]),
            constraints=LinearConstraint(table, low, high) if rows else (),
            options={"mip_rel_gap": 0.0},
        )
        if found.x is None:
            raise TooMuchError(
                "risk.measure_solver",
                f"the solver found no answer for {self.many} measures: {found.message}",
                hint="Appraise fewer measures at a time",
                params={"measures": self.many, "reason": str(found.message)},
            )
        return found

    def _rows(self) -> tuple[list[dict[int, float]], list[float], list[float]]:
        """Return the constraints: budget, pairs, one set a group, sets that hold their measures."""
        rows: list[dict[int, float]] = []
        low: list[float] = []
        high: list[float] = []

        def add(row: dict[int, float], least: float, most: float) -> None:
            rows.append(row)
            low.append(least)
            high.append(most)

        if 0.0 < self.budget < math.inf:
            add({k: float(p) / self.budget for k, p in enumerate(self.price)}, -math.inf, 1.0)
        for pair in self.appraisal.excluded:
            add(dict.fromkeys(pair, 1.0), -math.inf, 1.0)
        for chosen in self.forbidden:
            add(dict.fromkeys(chosen, 1.0), -math.inf, len(chosen) - 1.0)  # nor more than it
        first = self.many
        for group, worths in zip(self.appraisal.groups, self.groups, strict=True):
            columns = dict(enumerate(worths, first))
            add(dict.fromkeys(columns, 1.0), 1.0, 1.0)
            for k in group.touching:
                add({k: -1.0} | {c: 1.0 for c, s in columns.items() if k in s}, 0.0, 0.0)
            first += len(worths)
        return rows, low, high
