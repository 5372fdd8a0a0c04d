"""Studies against what is known without them: sums of lognormals, an order worked out by hand."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rencheng.domain.risk_uncertainty import (
    IntensityFactor,
    LossFactor,
    Study,
    UncertainImpact,
    UncertainInput,
    ValueFactor,
)
from rencheng.model.risk.uncertain.design import monte_carlo
from rencheng.model.risk.uncertain.ranks import rank_stability
from rencheng.model.risk.uncertain.study import Asked, uncertain_impact
from risk_kit import assets, event_set, ramp

SAMPLES = 3000
worth = st.lists(st.floats(1.0, 1e6), min_size=2, max_size=8)
sd = st.floats(0.0, 0.6)


def study(values: list[float], inputs: tuple[UncertainInput, ...]) -> UncertainImpact:
    """One event a year that takes a tenth of assets at points of their own."""
    many = len(values)
    one = Study(inputs=inputs)
    return uncertain_impact(
        [(event_set([dict.fromkeys(range(many), 10.0)], many, [1.0]),
          assets(list(range(many)), [[v] for v in values]))],
        {"line": ramp([0.0, 100.0], [0.0, 1.0])}, one, monte_carlo(one.names, SAMPLES, 11),
        Asked(groups=[f"g{i}" for i in range(many)]),
    )  # fmt: skip


@settings(max_examples=12, deadline=None)
@given(worth, sd, sd, sd)
def test_a_sum_of_lognormals_has_its_mean_and_variance(
    values: list[float], common: float, own: float, model: float
) -> None:
    inputs = (ValueFactor(name="v", common=common, own=own), LossFactor(name="m", common=model))
    found = study(values, inputs).aal
    part = 0.1 * np.array(values)
    shared, alone = common**2 + model**2, own**2
    mean = part.sum() * np.exp((shared + alone) / 2.0)
    alike = np.where(np.eye(part.size) > 0, np.exp(shared + alone), np.exp(shared)) - 1.0
    variance = float(part @ alike @ part) * np.exp(shared + alone)
    assert found.mean() == pytest.approx(mean, abs=5.0 * np.sqrt(variance / SAMPLES) + 1e-9 * mean)
    spread = np.expm1(shared + alone)  # a heavy tail needs more samples for its variance
    assert found.std() == pytest.approx(np.sqrt(variance), rel=0.1 + 0.3 * spread, abs=1e-9 * mean)


def test_fields_within_an_event_add_up_apart_and_between_events_together() -> None:
    values = [100.0, 250.0, 400.0]
    part = 0.1 * np.array(values)
    for within, between in ((0.4, 0.0), (0.0, 0.4), (0.3, 0.3)):
        inputs = (IntensityFactor(name="x", within=within, between=between),)
        found = study(values, inputs).aal
        alike = np.full((3, 3), np.expm1(between**2))
        np.fill_diagonal(alike, np.expm1(within**2 + between**2))
        variance = float(part @ alike @ part) * np.exp(within**2 + between**2)
        assert found.std() == pytest.approx(np.sqrt(variance), rel=0.08)


def test_an_order_of_two_changes_as_often_as_the_normal_law_says() -> None:
    from scipy.stats import norm

    values, own = [100.0, 130.0, 1000.0], 0.3
    found = study(values, (ValueFactor(name="v", own=own),))
    ranks = rank_stability(found.known_group_aal, found.groups, top=2)
    second = norm.cdf(np.log(1.3) / (own * np.sqrt(2.0)))  # b before a; c is first for certain
    assert ranks.id == ("g2", "g1", "g0") and ranks.in_top[0] == pytest.approx(1.0, abs=0.001)
    assert ranks.in_top[1] == pytest.approx(second, abs=0.03)
    turned = float(np.mean(ranks.tau < 0.99))
    assert turned == pytest.approx(1.0 - second, abs=0.03)
