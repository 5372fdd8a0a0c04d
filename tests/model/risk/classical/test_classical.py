"""Hazard curves against closed forms, by hand, and honest about the unknown."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from rencheng.domain.curve import Beyond
from rencheng.domain.errors import InvalidInputError
from rencheng.domain.risk import NO_PLACE, OUTSIDE, Standing
from rencheng.domain.risk_classical import HazardCurves, ShareMasses, ShareSpread
from rencheng.model.risk.classical.branches import over_branches
from rencheng.model.risk.classical.losses import (
    classical_losses,
    retrofit_worth,
)
from rencheng.model.risk.classical.states import at_levels, classical_states, fine
from rencheng.model.risk.measures.discounting import Timing
from rencheng.model.risk.shares import exceeded
from risk_kit import assets, fragility, ramp


def hazard(level: list[float], poe: list[list[float]], years: float = 50.0) -> HazardCurves:
    return HazardCurves(
        place=np.column_stack([np.arange(len(poe)) / 100.0, np.zeros(len(poe))]),
        level=np.array(level),
        poe=np.array(poe),
        years=years,
        measure="PGA",
        unit="g",
        source="made up for a test",
    )


def power_law(k: float, levels: int = 40) -> HazardCurves:
    """ν = 1e-4 x^-k from 1e-4 to 100."""
    x = np.geomspace(1e-4, 100, levels)
    rate = 1e-4 * x**-k
    return hazard(x.tolist(), [(-np.expm1(-rate * 1e-9)).tolist()], years=1e-9)


@pytest.mark.parametrize(("k", "beta"), [(1.5, 0.4), (2.5, 0.6), (3.0, 0.3)])
def test_states_under_a_power_law_follow_the_closed_form(k: float, beta: float) -> None:
    # ∫ Φ(ln(x/m)/β) |dν| = ν(m) exp(k² β² / 2) for ν = a x^-k.
    got = classical_states(power_law(k), assets([0], [[1.0]]), [fragility([0.5], [beta])])
    want = 1e-4 * 0.5**-k * np.exp(k**2 * beta**2 / 2)
    assert got.rate[0, 0] == pytest.approx(want, rel=1e-3)


def test_losses_of_a_straight_curve_are_the_area_under_the_hazard() -> None:
    # Share x from 0 to 1 under ν falling straight from 0.1 at 0 to 0 at 1: ∫ x |dν| = 0.05.
    level = np.linspace(0, 1, 6)
    poe = -np.expm1(-0.1 * (1 - level))
    got = classical_losses(
        hazard(level.tolist(), [poe.tolist()], years=1.0),
        assets([0], [[1000.0]]),
        [ramp([0, 1], [0, 1])],
    )
    assert got.aal[0, 0] == pytest.approx(50.0, rel=0.05)
    # Only steps above zero are straight on logarithmic scales, so it lies a little below.
    assert got.aal[0, 0] < 50.0


def test_what_exceeds_the_last_level_is_not_lost_out_of_sight() -> None:
    curves = [ramp([0, 1], [0, 1])]
    one = hazard([0.5, 1.0], [[0.2, 0.1]], years=1.0)
    folio = assets([0], [[100.0]])
    kept = classical_losses(one, folio, curves).aal[0, 0]
    left = classical_losses(one, folio, curves, steps=at_levels()).aal[0, 0]
    last = -np.log(0.9) * 100.0
    assert last < kept < -np.log(0.8) * 100.0
    assert left < kept


def test_states_of_a_time_sum_to_one() -> None:
    many = classical_states(
        hazard([0.1, 0.4, 1.0], [[0.9, 0.3, 0.01], [0.5, 0.0, 0.0]]),
        assets([0, 1], [[1.0], [0.0]]),
        [fragility([0.3, 0.6], [0.4, 0.5])],
    )
    chance = many.probability(50.0)
    np.testing.assert_allclose(chance.sum(axis=1), 1.0, atol=1e-12)
    assert (chance >= 0).all()
    assert many.states == ("none", "slight", "moderate")


def test_every_asset_ends_in_one_standing_and_the_unknown_is_no_zero() -> None:
    sites = hazard([0.1, 1.0], [[0.2, 0.1], [0.2, np.nan], [0.0, 0.0]])
    folio = assets(
        [0, 1, 2, OUTSIDE, NO_PLACE, 0, 0], [[1.0]] * 6 + [[-1.0]], [[0]] * 5 + [[-1], [0]]
    )
    got = classical_losses(sites, folio, [ramp([0, 1], [0, 1])])
    want = [0, 3, 1, 3, 3, 2, 3]
    assert got.standing.tolist() == want
    assert sum(got.counts.values()) == 7
    assert np.isnan(got.aal[:, 0]).tolist() == [w > 1 for w in want]
    assert got.aal[2, 0] == 0.0


def test_where_a_curve_does_not_know_the_loss_is_at_least_so_much() -> None:
    sites = hazard([0.1, 1.0, 3.0], [[0.2, 0.1, 0.01]])
    unsure = ramp([0, 2], [0, 0.5], above=Beyond.UNKNOWN)
    got = classical_losses(sites, assets([0], [[100.0]]), [unsure])
    assert got.dark[0, 0] > 0
    assert got.known_aal[0, 0] > 0
    assert np.isnan(got.aal[0, 0])
    assert np.isnan(got.loss_at(0.1, 50)[0, 0])


def test_loss_at_a_probability_lies_on_the_loss_curve() -> None:
    sites = hazard([0.1, 1.0, 3.0], [[0.2, 0.1, 0.01]])
    got = classical_losses(sites, assets([0], [[100.0]]), [ramp([0, 3], [0, 0.9])])
    p = got.probability(50.0)[0]
    step = int(np.argmin(np.abs(p - 0.05)))
    assert got.loss_at(float(p[step]), 50.0)[0, 0] == pytest.approx(100 * got.ratio[0, step])
    assert got.loss_at(0.999, 50.0)[0, 0] == 0.0


@given(st.floats(0.02, 0.95), st.floats(0.05, 0.9))
def test_spread_keeps_the_mean(mean: float, part: float) -> None:
    sd = part * np.sqrt(mean * (1 - mean))
    ratio = np.linspace(0, 1, 20_001)
    over = exceeded(np.array([mean]), np.array([sd]), ratio, ShareSpread.BETA)[0]
    assert np.trapezoid(over, ratio) == pytest.approx(mean, abs=2e-3)
    wide = np.linspace(0, 60, 400_001)
    over = exceeded(np.array([mean]), np.array([sd]), wide, ShareSpread.LOGNORMAL)[0]
    assert np.trapezoid(over, wide) == pytest.approx(mean, rel=2e-2)


def test_lognormal_is_exceeded_half_the_time_at_its_median() -> None:
    mean, sd = 0.2, 0.1
    median = mean / np.sqrt(1 + (sd / mean) ** 2)
    over = exceeded(np.array([mean]), np.array([sd]), np.array([median]), ShareSpread.LOGNORMAL)
    assert over[0, 0] == pytest.approx(0.5)


def test_a_table_of_chances_takes_the_place_of_a_spread() -> None:
    sites = hazard([0.5, 1.0], [[0.2, 0.1]], years=1.0)
    table = ShareMasses(
        level=np.array([0.5, 1.0]),
        share=np.array([0.0, 0.5, 1.0]),
        chance=np.array([[0.5, 0.25, 0.25]] * 2),
    )
    got = classical_losses(
        sites, assets([0], [[1.0]]), [ramp([0, 1], [0, 1])],
        masses={"made-up": table},
    )  # fmt: skip
    # More than 0 is lost in one half of the events, more than 0.5 in a quarter, more than 1 never.
    once = -np.log(0.8)
    np.testing.assert_allclose(got.ratio[0], [0.0, 0.5, 0.5, 1.0, 1.0])
    np.testing.assert_allclose(got.rate[0], [once / 2, once / 2, once / 4, once / 4, 0.0])
    rare = replace(sites, years=1e9)  # where the largest loss of a year is the only one
    alone = classical_losses(
        rare, assets([0], [[1.0]]), [ramp([0, 1], [0, 1])], masses={"made-up": table}
    )
    assert alone.expected_largest(1.0)[0, 0] == pytest.approx(once * 1e-9 * 0.375, rel=1e-9)


def test_a_deviation_that_cannot_be_is_refused_with_its_curve() -> None:
    wild = ramp([0, 1], [0.1, 0.2], sd=[0.9, 0.9])
    with pytest.raises(InvalidInputError, match="made-up"):
        classical_losses(hazard([0.1, 1.0], [[0.2, 0.1]]), assets([0], [[1.0]]), [wild])


def test_a_probability_of_one_stays_finite() -> None:
    assert np.isfinite(hazard([0.1, 1.0], [[1.0, 0.1]]).rate).all()


def test_steps_are_fine_enough() -> None:
    sites = hazard([0.05, 0.1, 0.2, 0.4, 0.8], [[0.6, 0.3, 0.1, 0.02, 0.002]])
    met = fine(sites, fragility([0.3], [0.5]))
    nodes = met.rate[0]
    assert nodes.sum() == pytest.approx(sites.rate[0, 0])
    got = classical_states(sites, assets([0], [[1.0]]), [fragility([0.3], [0.5])]).rate[0, 0]
    x = np.geomspace(0.05, 0.8, 200_001)
    nu = np.exp(np.interp(np.log(x), np.log(sites.level), np.log(sites.rate[0])))
    middle = fragility([0.3], [0.5]).value(np.sqrt(x[1:] * x[:-1]))[:, 0]
    want = middle @ -np.diff(nu) + nu[-1] * fragility([0.3], [0.5]).value(0.8)[0]
    assert got == pytest.approx(want, rel=5e-4)


def test_benefit_and_cost_by_hand() -> None:
    # (9.40738e-3 - 6.59244e-3) × (1 - e^-2) / 0.05 / 0.1 = 0.486796, OpenQuake's classical_bcr 1.
    _, ratio = retrofit_worth(
        np.array([9.40738e-3, np.nan]), np.array([6.59244e-3, 0.0]), np.array([0.1, 1.0]),
        rate=0.05, life=40, timing=Timing.CONTINUOUS,
    )  # fmt: skip
    assert ratio[0] == pytest.approx(0.486796, abs=1e-6)
    assert np.isnan(ratio[1])


def test_mean_and_quantiles_of_branches_by_hand() -> None:
    mean, quantiles = over_branches(
        [[1.0, np.nan], [3.0, 1.0], [2.0, 1.0]], [0.5, 0.2, 0.3], [0.65]
    )
    assert mean[0] == pytest.approx(1.7)
    # Standing at 0.5, 0.8 and 1: half way from 1 to 2.
    assert quantiles[0, 0] == pytest.approx(1.5)
    assert np.isnan(mean[1])
    assert np.isnan(quantiles[0, 1])


def test_no_asset_and_no_curve_come_to_nothing() -> None:
    empty = classical_losses(hazard([0.1, 1.0], [[0.2, 0.1]]), assets([], np.empty((0, 1))), [])
    assert empty.known_total == 0.0
    assert empty.loss_at(0.1, 50).shape == (0, 1)
    assert empty.counts[Standing.ASSESSED] == 0
