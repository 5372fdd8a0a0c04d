"""Sampled damage: twin, distribution, unknowns, independence of order."""

from dataclasses import replace

import numpy as np
import pytest
from scipy.stats import chisquare, norm

from rencheng.domain.city import City
from rencheng.domain.errors import InvalidInputError
from rencheng.domain.hazard import Shaking
from rencheng.domain.impact import FragilityTable
from rencheng.model.damage import kernel, twin
from rencheng.model.damage.sampling import LIFELINES, as_threshold, bits, starts
from rencheng.model.damage.state import assess_damage
from rencheng.model.risk.states.fragility import normal_table


def fields(pga_g: np.ndarray) -> Shaking:
    pga = np.atleast_2d(np.asarray(pga_g, dtype=float))
    return Shaking(
        pga_g=pga, sa1_g=pga, rupture_km=pga * 0, stations_used=(), model="t", version="1",
        bulletin="b",
    )  # fmt: skip


def flat(pga: float, samples: int = 400) -> Shaking:
    return fields(np.full((samples, 6), pga))


def random_input(seed: int) -> tuple[object, ...]:
    rng = np.random.default_rng(seed)
    p = -np.sort(-rng.random((7, 4, 31)), axis=1)
    return (
        starts(seed, 1, 500),
        rng.integers(0, 5, 500).astype(np.int32),
        rng.integers(-1, 4, 500).astype(np.int32),
        rng.integers(-1, 7, 500).astype(np.int32),
        as_threshold(p),
        as_threshold(rng.random(7)),
        (5, 4),
    )


@pytest.mark.parametrize("seed", [0, 1, 808])
def test_the_kernel_equals_its_numpy_twin(seed: int) -> None:
    given = random_input(seed)
    for fast, slow in zip(kernel.tally(*given), twin.tally(*given), strict=True):
        assert (fast == slow).all()


@pytest.mark.parametrize(("buildings", "samples"), [(70_000, 2), (1, 70_000)])
def test_the_kernel_counts_beyond_16_bits(buildings: int, samples: int) -> None:
    nothing = np.zeros(buildings, np.int32)
    limit = as_threshold(np.linspace(0.9, 0.1, 4)[None, :, None] * np.ones((1, 4, samples)))
    given = (
        starts(1, 1, buildings), nothing, nothing, nothing, limit, as_threshold(np.ones(1)), (1, 1)
    )  # fmt: skip
    by_building, by_zone, _, _ = kernel.tally(*given)
    assert (by_building.sum(axis=0) == by_zone[0].sum(axis=0)).all()
    assert (by_building.sum(axis=1) == samples).all()
    assert (by_zone[0].sum(axis=1) == buildings).all()


def test_compiled_thresholds_are_those_of_the_exact_curves(table: FragilityTable) -> None:
    rng = np.random.default_rng(4)
    row = np.arange(len(table.id))
    x = np.exp(rng.uniform(-8.0, 3.0, (300, row.size)))
    x[0], x[1] = 0.0, np.nan
    beta = table.beta[row]
    shift = np.log(table.median_g[row]) / beta
    with np.errstate(divide="ignore"):
        fast = kernel.thresholds(np.log(x.T), 1.0 / beta, shift, normal_table()).astype(float)
    slow = as_threshold(twin.exceedance(table, row, x)).transpose(1, 2, 0).astype(float)
    np.testing.assert_allclose(fast / 2.0**32, slow / 2.0**32, rtol=0, atol=2e-8)
    assert (fast[:, :, :2] == 0).all()


def test_links_count_no_further_than_255() -> None:
    n = 300
    sure = (
        starts(1, 1, n), np.zeros(n, np.int32), np.zeros(n, np.int32), np.zeros(n, np.int32),
        as_threshold(np.ones((1, 4, 2))), as_threshold(np.ones(1)), (1, 1),
    )  # fmt: skip
    for tally in (kernel.tally, twin.tally):
        assert (tally(*sure)[3] == 255).all()
        assert (tally(*sure)[2] == n).all()


def test_draws_follow_the_curve() -> None:
    p = np.array([0.8, 0.5, 0.3, 0.05])
    draw = (bits(starts(3, 1, 1000), 200) >> np.uint64(32)).astype(np.uint32)
    state = (draw[..., None] < as_threshold(p)).sum(axis=-1)
    expected = -np.diff([1.0, *p, 0.0]) * state.size
    assert chisquare(np.bincount(state.ravel(), minlength=5), expected).pvalue > 1e-3


def test_draws_of_neighbours_and_of_high_and_low_bits_are_unrelated() -> None:
    h = bits(starts(11, 1, 300), 300)
    high, low = ((h >> np.uint64(32)) / 2**32, (h & np.uint64(0xFFFFFFFF)) / 2**32)
    for a, b in ((high[1:], high[:-1]), (high[:, 1:], high[:, :-1]), (high, low)):
        assert abs(np.corrcoef(a.ravel(), b.ravel())[0, 1]) < 0.015


def test_streams_and_seeds_share_no_draw() -> None:
    kinds = [starts(*which, 50) for which in ((1, 1), (1, 2), (2, 1), (-1, 1), (2**64 - 2, 1))]
    assert len(set(np.concatenate(kinds).tolist())) == 250


def test_the_mean_over_samples_is_the_exact_expectation(
    tiny_city: City, table: FragilityTable
) -> None:
    pga = np.exp(np.random.default_rng(1).normal(np.log(0.4), 0.6, (3000, 6)))
    damage = assess_damage(tiny_city, fields(pga), table, seed=5)
    b = tiny_city.buildings
    row = np.array([table.row(c) for c in b.curves])[b.curve]
    z = np.log(pga[:, b.zone, None] / table.median_g[row]) / table.beta[row]
    expected = -np.diff(norm.cdf(z).mean(axis=0), prepend=1.0, append=0.0, axis=1)
    assert damage.building_state == pytest.approx(expected, abs=0.035)
    assert damage.building_state.mean(axis=0) == pytest.approx(expected.mean(axis=0), abs=0.004)


def test_every_building_is_in_one_state(tiny_city: City, table: FragilityTable) -> None:
    d = assess_damage(tiny_city, flat(0.5), table, seed=1)
    assert (d.zone_buildings.sum(axis=2) == 10).all()
    assert d.building_state.sum(axis=1) == pytest.approx(1.0, abs=1e-6)
    assert (d.collapsed <= d.zone_buildings[:, :, 4]).all()
    assert d.link_collapsed.sum() == d.collapsed.sum()
    mean = d.zone_buildings.mean(axis=0).sum(axis=0)
    assert mean == pytest.approx(d.building_state.sum(axis=0), rel=1e-5)


def test_more_shaking_never_does_less_damage(tiny_city: City, table: FragilityTable) -> None:
    worse = [assess_damage(tiny_city, flat(g), table, seed=1) for g in (0.05, 0.2, 0.5, 1.5)]
    for mild, strong in zip(worse, worse[1:], strict=False):
        # Same draws, higher thresholds: true sample by sample, not only on average.
        assert (strong.lifeline_state >= mild.lifeline_state).all()
        assert (strong.zone_buildings[:, :, 0] <= mild.zone_buildings[:, :, 0]).all()
        assert (strong.collapsed >= mild.collapsed).all()


def test_the_order_of_the_buildings_does_not_matter(tiny_city: City) -> None:
    given = list(random_input(3))
    turn = np.random.default_rng(0).permutation(500)
    turned = [a[turn] for a in given[:4]] + given[4:]
    straight, other = kernel.tally(*given), kernel.tally(*turned)
    assert (straight[0][turn] == other[0]).all()
    assert all((a == b).all() for a, b in zip(straight[1:], other[1:], strict=True))


def test_what_has_no_curve_is_counted_and_never_called_undamaged(
    tiny_city: City, table: FragilityTable
) -> None:
    d = assess_damage(tiny_city, flat(0.3), table, seed=1)
    known = {"EP.S.M.A", "EP.C.A"}
    for i, curve in enumerate(tiny_city.lifelines.curve):
        assert (d.lifeline_state[:, i] >= 0).all() == (curve in known)
        assert (d.lifeline_state[:, i] == -1).all() == (curve not in known)
    without = sum(c not in known for c in tiny_city.lifelines.curve)
    without += sum(c not in table.id for c in tiny_city.facilities.curve)
    assert d.not_assessed == without


def test_buildings_without_a_curve_leave_the_totals(tiny_city: City, table: FragilityTable) -> None:
    b = tiny_city.buildings
    curve = b.curve.copy()
    curve[:10] = -1  # all of zone 0
    city = replace(tiny_city, buildings=replace(b, curve=curve, curves=("LF.NEW", *b.curves[1:])))
    d = assess_damage(city, flat(0.3), table, seed=1)
    assert np.isnan(d.building_state[:10]).all()
    assert (d.zone_buildings[:, 0] == 0).all()
    whole = assess_damage(tiny_city, flat(0.3), table, seed=1).not_assessed
    assert d.not_assessed == whole + 10 + int((curve[10:] == 0).sum())


def test_unknown_shaking_stays_unknown(tiny_city: City, table: FragilityTable) -> None:
    pga = np.full((20, 6), 0.4)
    pga[3, 2] = np.nan
    d = assess_damage(tiny_city, fields(pga), table, seed=1)
    assert np.isnan(d.zone_buildings[3, 2]).all() and np.isnan(d.collapsed[3, 2])
    assert np.isfinite(np.delete(d.zone_buildings, 3, axis=0)).all()
    in_zone = tiny_city.buildings.zone == 2
    assert np.isnan(d.building_state[in_zone]).all()
    assert np.isfinite(d.building_state[~in_zone]).all()
    assert (d.facility_state[3, tiny_city.facilities.zone == 2] == -1).all()


def test_a_curve_of_a_kind_we_have_no_shaking_for_stays_unknown(
    tiny_city: City, table: FragilityTable
) -> None:
    kinds = tuple("PGD" if name == "EP.S.M.A" else "PGA" for name in table.id)
    d = assess_damage(tiny_city, flat(0.4, 3), replace(table, intensity=kinds), seed=1)
    is_pgd = np.array(tiny_city.lifelines.curve) == "EP.S.M.A"
    is_pga = np.array(tiny_city.lifelines.curve) == "EP.C.A"
    assert is_pgd.any() and (d.lifeline_state[:, is_pgd] == -1).all()
    assert is_pga.any() and (d.lifeline_state[:, is_pga] >= 0).all()


def test_the_states_of_single_assets_are_those_of_the_exact_curves(
    tiny_city: City, table: FragilityTable
) -> None:
    x = np.random.default_rng(5).uniform(0.05, 1.5, (300, 6))
    found = assess_damage(tiny_city, fields(x), table, seed=9).lifeline_state
    lines = tiny_city.lifelines
    row = np.array([table.row(curve) for curve in lines.curve])
    here = np.flatnonzero(row >= 0)
    p = twin.exceedance(table, row[here], x[:, lines.zone[here]])
    draw = bits(starts(9, LIFELINES, row.size), 300)[:, here] >> np.uint64(32)
    assert (found[:, here] == (draw[:, :, None] < as_threshold(p)).sum(axis=2)).all()


def test_crossing_curves_never_make_the_worse_state_likelier(table: FragilityTable) -> None:
    slope = 1.0 / np.array([[0.1, 0.9, 0.1, 0.9]])
    log = np.log(np.geomspace(1e-3, 5, 50))[None]
    limit = kernel.thresholds(log, slope, np.log(table.median_g[:1]) * slope, normal_table())
    assert (np.diff(limit.astype(float), axis=1) <= 0).all()


def test_no_shaking_is_no_damage(tiny_city: City, table: FragilityTable) -> None:
    d = assess_damage(tiny_city, flat(0.0), table, seed=1)
    assert (d.building_state[:, 0] == 1).all()


def test_another_citys_shaking_is_refused(tiny_city: City, table: FragilityTable) -> None:
    with pytest.raises(InvalidInputError, match="6 zones"):
        assess_damage(tiny_city, fields(np.full((3, 7), 0.2)), table, seed=1)


def test_a_building_needs_a_collapse_share(tiny_city: City, table: FragilityTable) -> None:
    nobody_knows = replace(table, collapse=np.full(len(table.id), np.nan))
    with pytest.raises(InvalidInputError, match="collapse share"):
        assess_damage(tiny_city, flat(0.2, 3), nobody_knows, seed=1)
