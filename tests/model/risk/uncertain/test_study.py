"""Losses under uncertain inputs: the twin's numbers, whatever else is computed beside them."""

from __future__ import annotations

import tracemalloc
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from rencheng.domain.curve import Beyond
from rencheng.domain.errors import ConflictError, TooMuchError
from rencheng.domain.risk import Standing
from rencheng.domain.risk_uncertainty import (
    CurveChoice,
    CurveFactor,
    CurveQuantile,
    Ensemble,
    IntensityFactor,
    LossFactor,
    MissingShare,
    RateFactor,
    Study,
    UncertainImpact,
    ValueFactor,
)  # fmt: skip
from rencheng.model.risk.draws import keys
from rencheng.model.risk.impact import impact
from rencheng.model.risk.tail import exceedance, loss_at
from rencheng.model.risk.uncertain import twin
from rencheng.model.risk.uncertain.curves import curves_with_quantiles
from rencheng.model.risk.uncertain.design import monte_carlo
from rencheng.model.risk.uncertain.lanes import lanes
from rencheng.model.risk.uncertain.member import Member, Pass
from rencheng.model.risk.uncertain.memory import Carry, Room
from rencheng.model.risk.uncertain.study import STOPPED, Asked, uncertain_impact
from risk_kit import assets, event_set, ramp, random_case

STRAIGHT = (
    ValueFactor(name="value", common=0.3),
    MissingShare(name="missing", classes=("c1", "c2"), high=0.2),
    CurveChoice(name="choice", of="c3", curves=("c3", "c4", "c0"), weights=(0.5, 0.3, 0.2)),
    RateFactor(name="rate", cv=0.3),
    LossFactor(name="loss", median=1.1, common=0.2),
)
OWN = (ValueFactor(name="own", classes=("c0", "c3"), common=0.1, own=0.4),)
BENT = (
    CurveFactor(name="curve", common=0.1, own=0.2),
    IntensityFactor(name="shaking", median=0.9, common=0.1, between=0.3, within=0.2),
    CurveQuantile(name="ratio", classes=("c1", "c2", "c5"), correlation=0.3),
)
KINDS = {"classes": STRAIGHT, "own": STRAIGHT + OWN, "bent": STRAIGHT + OWN + BENT}


def case(seed: int) -> tuple[Any, Any, dict[str, Any]]:
    events, folio, curves = random_case(seed)
    calm = [c if c.sd is None else replace(c, sd=np.minimum(c.sd, 0.5 * _most(c))) for c in curves]
    return events, folio, {f"c{i}": one for i, one in enumerate(calm)}


def _most(curve: Any) -> Any:
    return np.sqrt(curve.mean * (1.0 - curve.mean))


def run(seed: int, inputs: Any, samples: int = 9, key: int = 5, **asked: Any) -> UncertainImpact:
    events, folio, curves = case(seed)
    study = Study(inputs=inputs)
    design = monte_carlo(study.names, samples, key)
    return uncertain_impact([(events, folio)], curves, study, design, Asked(**asked))


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("seed", range(4))
def test_the_compiled_loops_agree_with_the_slow_twin(kind: str, seed: int) -> None:
    events, folio, curves = case(seed)
    study = Study(inputs=KINDS[kind])
    design = monte_carlo(study.names, 5, seed)
    given = Asked(carry=Carry(asset_samples=True))
    result = uncertain_impact([(events, folio)], curves, study, design, given)
    drawn = lanes(study, design, tuple(curves))
    loss, unknown, eai = twin.losses(events, folio, list(curves.values()), drawn)
    exact = 2e-4 if kind == "bent" else 1e-12  # beta quantiles are tabulated
    np.testing.assert_allclose(result.known_event_loss, loss, rtol=exact, atol=1.0 * (exact > 1e-9))
    assert (result.event_unknown == unknown.max(axis=1)).all()
    assert (result.unknown == unknown.sum(axis=0)).all()
    np.testing.assert_allclose(result.known_asset_eai, eai, rtol=1e-3, atol=1.0)
    yearly = (events.head.rate[:, None] * loss).sum(axis=0) * drawn.often
    np.testing.assert_allclose(result.known_aal, yearly, rtol=max(exact, 1e-11))


def test_a_study_of_nothing_is_the_plain_impact() -> None:
    events, folio, curves = case(3)
    plain, result = impact(events, folio, list(curves.values())), run(3, (), samples=2)
    np.testing.assert_allclose(result.known_aal, plain.known_aal, rtol=1e-12)
    assert result.known_event_loss is not None and result.known_eai_quantiles is not None
    np.testing.assert_allclose(result.known_event_loss[:, 1], plain.known_loss, rtol=1e-12)
    assessed = plain.standing <= Standing.NOT_EXPOSED
    median = result.known_eai_quantiles[:, 2]
    np.testing.assert_allclose(median[assessed], plain.known_eai[assessed], rtol=1e-6)
    assert np.isnan(median[~assessed]).all()
    assert result.counts == plain.counts and (result.dark == plain.dark).all()


@pytest.mark.parametrize("inputs", [(), (CurveQuantile(name="ratio"),)])
def test_an_end_of_the_range_is_valid_however_the_intensity_is_stored(inputs: Any) -> None:
    study = Study(inputs=inputs)
    for end, x in ((0.7, [0.7, 1.4]), (5.3, [0.0, 5.3])):
        curve = ramp(x, [0.3, 0.3], [0.1, 0.1], above=Beyond.UNKNOWN)
        result = uncertain_impact(
            [(event_set([{0: end}], 1, [1.0]), assets([0], [[1.0]]))], {"c": curve}, study,
            monte_carlo(study.names, 200, 5), Asked(),
        )  # fmt: skip
        assert result.known_aal.mean() == pytest.approx(0.3, abs=0.03)
        assert not result.unknown.any()


@pytest.mark.parametrize("kind", KINDS)
def test_blocks_and_threads_change_no_bit(kind: str) -> None:
    one = run(1, KINDS[kind], samples=300, threads=1)
    cut = run(1, KINDS[kind], samples=300, threads=3, budget_mb=1.6)
    assert (one.known_aal == cut.known_aal).all()
    assert (one.known_pml == cut.known_pml)[~np.isnan(one.known_pml)].all()
    assert (one.known_event_loss == cut.known_event_loss).all()
    np.testing.assert_array_equal(one.known_eai_quantiles, cut.known_eai_quantiles)


@pytest.mark.parametrize("kind", KINDS)
def test_more_samples_and_other_inputs_change_no_bit_of_a_sample(kind: str) -> None:
    few, more = (run(1, KINDS[kind], samples=n) for n in (7, 200))
    assert (few.known_aal == more.known_aal[:7]).all()
    idle = (LossFactor(name="another", common=0.0), *KINDS[kind])
    assert (run(1, idle, samples=7).known_aal == few.known_aal).all()
    turned = run(1, KINDS[kind][::-1], samples=7)
    np.testing.assert_allclose(turned.known_aal, few.known_aal, rtol=1e-13)


def test_another_seed_or_name_draws_other_samples() -> None:
    base, other = (run(1, OWN, key=key).known_aal for key in (5, 6))
    named = run(1, (replace(OWN[0], name="else"),)).known_aal
    assert not np.isclose(base, other).any() and not np.isclose(base, named).any()


def test_the_order_of_assets_changes_rounding_only() -> None:
    events, folio, curves = case(2)
    turn = np.random.default_rng(0).permutation(len(folio.id))
    mixed = replace(
        folio, id=tuple(folio.id[i] for i in turn), point=folio.point[turn],
        curve=folio.curve[turn], value=folio.value[turn],
    )  # fmt: skip
    study = Study(inputs=KINDS["bent"])
    design = monte_carlo(study.names, 20, 1)
    one, two = (
        uncertain_impact([(events, f)], curves, study, design, Asked()) for f in (folio, mixed)
    )
    np.testing.assert_allclose(one.known_aal, two.known_aal, rtol=1e-12)
    assert one.known_eai_quantiles is not None and two.known_eai_quantiles is not None
    np.testing.assert_allclose(one.known_eai_quantiles[turn], two.known_eai_quantiles, rtol=1e-6)


@pytest.mark.parametrize("kind", KINDS)
def test_another_asset_or_event_changes_no_draw_of_the_rest(kind: str) -> None:
    events, folio, curves = case(2)
    keep = np.flatnonzero(np.arange(len(folio.id)) % 3 > 0)
    fewer = replace(
        folio, id=tuple(folio.id[i] for i in keep), point=folio.point[keep],
        curve=folio.curve[keep], value=folio.value[keep],
    )  # fmt: skip
    study = Study(inputs=KINDS[kind])
    design = monte_carlo(study.names, 12, 1)
    given = Asked(carry=Carry(asset_samples=True))
    all_of, some = (
        uncertain_impact([(events, f)], curves, study, design, given).known_asset_eai
        for f in (folio, fewer)
    )
    assert all_of is not None and some is not None and (all_of[keep] == some).all()


def test_a_group_is_the_sum_of_its_assets() -> None:
    events, folio, _ = case(2)
    groups = [f"zone {i % 4}" for i in range(len(folio.id))]
    result = run(2, STRAIGHT + OWN, groups=groups)
    assert result.groups == ("zone 0", "zone 1", "zone 2", "zone 3")
    np.testing.assert_allclose(result.known_group_aal.sum(axis=0), result.known_aal, rtol=1e-12)


def test_an_ensemble_runs_each_sample_on_its_own_member() -> None:
    events, folio, curves = case(2)
    wetter = replace(events, intensity=events.intensity * np.float32(2.0))
    study = Study(inputs=(Ensemble(name="e", members=("a", "b"), weights=(0.7, 0.3)), *STRAIGHT))
    design = monte_carlo(study.names, 50, 1)
    both = uncertain_impact([(events, folio), (wetter, folio)], curves, study, design, Asked())
    alone = [
        uncertain_impact([(e, folio)], curves, Study(inputs=STRAIGHT), design, Asked())
        for e in (events, wetter)
    ]
    second = design.uniform[:, 0] >= 0.7
    expected = np.where(second, alone[1].known_aal, alone[0].known_aal)
    assert 5 < second.sum() < 25
    assert (both.known_aal == expected).all()
    assert both.known_event_loss is not None


def test_members_with_other_events_have_no_losses_by_event() -> None:
    events, folio, curves = case(2)
    other = event_set([{0: 1.0}], 60, [0.1])
    study = Study(inputs=(Ensemble(name="e", members=("a", "b"), weights=(0.5, 0.5)),))
    design = monte_carlo(study.names, 20, 1)
    result = uncertain_impact([(events, folio), (other, folio)], curves, study, design, Asked())
    assert result.names == () and result.known_event_loss is None
    assert np.unique(result.known_aal.round(6)).size == 2


def test_periods_are_those_of_each_sample_of_its_own() -> None:
    events, *_ = case(1)
    result = run(1, STRAIGHT, samples=20)
    drawn = lanes(Study(inputs=STRAIGHT), result.design, tuple(f"c{i}" for i in range(7)))
    assert result.known_event_loss is not None
    for s in range(20):
        curve = exceedance(result.known_event_loss[:, s], events.head.rate * drawn.often[s])
        expected = [loss_at(curve, years) for years in result.return_periods]
        np.testing.assert_allclose(result.known_pml[:, s], expected, rtol=1e-12)


def test_ties_of_the_largest_loss_count_together() -> None:
    events = event_set([{0: 1.0}] * 3, 1, [0.004, 0.003, 0.003])
    study = Study(inputs=(), return_periods=(50.0, 100.0, 101.0))
    found = uncertain_impact(
        [(events, assets([0], [[7.0]]))], {"c": ramp([0.0, 1.0], [0.0, 1.0])}, study,
        monte_carlo((), 1, 0), Asked(),
    )  # fmt: skip
    np.testing.assert_allclose(found.known_pml[:, 0], [0.0, 7.0, np.nan])


def test_what_is_unknown_is_never_zero() -> None:
    result = run(0, STRAIGHT)
    assert result.is_partial and np.isnan(result.aal).all() and (result.known_aal > 0).all()


def test_a_study_keeps_within_its_memory_or_refuses() -> None:
    wide = random_case(5, events=400, points=600, stock=900)
    curves = {f"c{i}": one for i, one in enumerate(wide[2])}
    study = Study(inputs=STRAIGHT)
    design = monte_carlo(study.names, 2000, 1)
    given = Asked(budget_mb=9.0, carry=Carry(events=False, assets=False))
    uncertain_impact([wide[:2]], curves, study, design, given)
    tracemalloc.start()
    small = uncertain_impact([wide[:2]], curves, study, design, given)
    peak = tracemalloc.get_traced_memory()[1] / 1e6
    tracemalloc.stop()
    assert peak <= 9.0
    assert (
        small.known_aal == uncertain_impact([wide[:2]], curves, study, design, Asked()).known_aal
    ).all()
    with pytest.raises(TooMuchError, match="needs"):
        uncertain_impact([wide[:2]], curves, study, design, replace(given, carry=Carry()))


@pytest.mark.parametrize("kind", KINDS)
def test_loops_that_run_when_a_job_is_interrupted_give_up_at_the_next_asset(kind: str) -> None:
    events, folio, curves = case(1)
    study = Study(inputs=KINDS[kind])
    drawn = lanes(study, monte_carlo(study.names, 9, 5), tuple(curves))
    tables = curves_with_quantiles(list(curves.values()), drawn.with_quantile)
    many = len(folio.id)
    named = np.zeros(many, dtype=np.int32), keys(folio.id)
    job = Member(events, folio, None, tables, named)
    work = Pass(drawn, len(events.head.names), 1, Carry(periods=False, events=False))
    cut = Room(lanes=9, keeps_assets=False, slots=1, load=10**6, read=10**6)
    job.read(cut)
    running = job.run(work, cut, 2)
    assert next(running).eai.any()
    running.close()
    assert work.stop[0] == 1
    assert not any(block.eai.any() for block in job.run(work, replace(cut, slots=many), 2))


@pytest.mark.parametrize("after", [0, 1, 3])
def test_a_study_ends_when_it_is_told_to_stop(after: int) -> None:
    said: list[int] = []
    given: dict[str, Any] = {"progress": lambda done, _: said.append(done), "budget_mb": 1.6}
    with pytest.raises(ConflictError) as error:
        run(1, STRAIGHT, samples=300, is_stopped=lambda: len(said) >= after, **given)
    assert error.value.key == STOPPED and said == list(range(1, after + 1))
