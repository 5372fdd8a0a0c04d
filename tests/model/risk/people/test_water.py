"""Water: classes at their limits, mortality by the formula, exposed people, speeds that fit."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from people_kit import crowd, shelter_rates
from rencheng.adapters.curve_library.library import CurveLibrary
from rencheng.adapters.risk.people.counting import DROWNED
from rencheng.domain.errors import InvalidInputError, TooMuchError
from rencheng.domain.risk import Events
from rencheng.domain.risk_people import Crowd
from rencheng.model.risk.people import twin
from rencheng.model.risk.people.fragilities import share
from rencheng.model.risk.people.responses import (
    Job,
    drownings,
    flooded,
    in_water,
    must_match,
    presence,
)
from rencheng.model.risk.people.sums import Base, Sums, reached
from rencheng.model.risk.people.water import drowned, hazard_class, zone_of
from risk_kit import assets, event_set, random_case

CURVES = [CurveLibrary(Path("nowhere")).get(name) for name in DROWNED]
BY_ID = {curve.id: curve for curve in CURVES}
SLOW, FAST, UNSAID = range(3)


def job(depth: list[dict[int, float]], people: Crowd, **other: float) -> Job:
    many = len(people.id)
    return Job(
        source=event_set(depth, many), portfolio=assets(list(range(many)), [[1.0]] * many),
        crowd=people, **other,
    )  # fmt: skip


def speeds(rows: list[dict[int, float]], points: int) -> Events:
    made = event_set(rows, points)
    return replace(made, head=replace(made.head, measure="flow_speed", unit="m/s"))


@pytest.mark.parametrize(
    ("depth", "speed", "grade"),
    [
        (0.0, 5.0, 0), (0.3, 1.0, 1), (0.3001, 0.0, 2), (0.5, 1.2, 2), (0.51, 0.0, 3),
        (1.2, 0.5, 3), (1.21, 0.0, 4), (2.0, 0.5, 4), (0.55, 1.5, 4), (2.01, 0.0, 5),
        (1.0, 4.0, 5), (0.1, 2.1, 5), (4.01, 0.0, 6), (0.1, 4.1, 6), (2.0, 2.1, 6),
    ],
)  # fmt: skip
def test_classes_at_their_limits(depth: float, speed: float, grade: int) -> None:
    found, is_least = hazard_class(np.array([depth]), np.array([speed]))
    assert (found[0], is_least[0]) == (grade, False)


@given(st.floats(0.001, 8.0), st.floats(0.0, 8.0))
def test_still_water_is_the_least_class(depth: float, speed: float) -> None:
    still, is_least = hazard_class(np.array([depth]))
    moving = hazard_class(np.array([depth]), np.array([speed]))[0]
    assert still[0] <= moving[0]
    assert is_least[0] == (still[0] < 6)


def test_an_unknown_speed_is_still_water_and_an_unknown_depth_is_unknown() -> None:
    grade, is_least = hazard_class(np.array([0.4, np.nan]), np.array([np.nan, 1.0]))
    assert (grade.tolist(), is_least.tolist()) == ([2, -1], [True, False])


def test_mortality_is_that_of_the_publications() -> None:
    depth = np.array([0.5, 1.0, 2.0, 3.0, 4.0])
    found = drowned(BY_ID, depth)
    slow = found["jonkman.remaining"][:, SLOW]
    np.testing.assert_allclose(slow[:4], [0.0013, 0.0029, 0.0060, 0.0090], rtol=0.05)
    fast = found["jonkman.rapid_rise"][:, SLOW]
    np.testing.assert_allclose(fast[3:], [0.098, 0.40], rtol=0.01)
    logistic = found["worldbank.drowned"][1:4, SLOW]
    np.testing.assert_allclose(logistic, [0.007, 0.029, 0.109], rtol=0.04)


def test_new_orleans_is_the_published_logistic_between_its_knots_too() -> None:
    depth = np.array([0.9, 1.0, 2.03, 2.97, 3.3, 5.0])
    want = 0.34 / (1.0 + np.exp(20.37 - 6.18 * depth))
    got = drowned(BY_ID, depth)["boyd.drowned"][:, SLOW]
    assert got[0] == 0.0
    np.testing.assert_allclose(got[1:], want[1:], rtol=0.02)


def test_nobody_drowns_by_the_logistic_below_a_foot_and_near_a_breach_nobody_survives() -> None:
    found = drowned(BY_ID, np.array([0.29, 3.0, 3.0]), np.array([0.0, 2.5, np.nan]))
    assert found["worldbank.drowned"][0, SLOW] == 0.0
    assert found["jonkman.remaining"][1:, SLOW].tolist() == [1.0, pytest.approx(0.009, rel=0.05)]
    assert found["worldbank.drowned"][1, SLOW] < 0.2


@given(st.floats(0.0, 8.0), st.floats(0.0, 8.0))
def test_deeper_water_drowns_no_fewer(a: float, b: float) -> None:
    found = drowned(BY_ID, np.array(sorted((a, b))))
    for model in found.values():
        known = model[:, :UNSAID]
        assert ((known >= 0.0) & (known <= 1.0)).all()
        assert (known[1] >= known[0] - 1e-12).all()


@given(st.floats(0.0, 12.0))
def test_shares_are_the_curves_own(depth: float) -> None:
    given_depth = np.array([depth, np.nan])
    for curve in CURVES:
        value = curve.value(given_depth)
        np.testing.assert_allclose(
            share(curve, given_depth), value[:, -1] if curve.states else value, atol=1e-15
        )


def test_zones_follow_how_fast_water_rises_and_are_unknown_where_it_matters() -> None:
    assert zone_of(np.array([0.4, 0.5, np.nan])).tolist() == [SLOW, FAST, UNSAID]
    found = drowned(BY_ID, np.array([1.0, 3.0]))["jonkman.zones"]
    assert found[0, SLOW] == found[0, FAST] == found[0, UNSAID]
    assert found[1, FAST] > 5 * found[1, SLOW]
    assert np.isnan(found[1, UNSAID])


def test_models_stand_side_by_side_over_those_whom_the_flood_finds() -> None:
    people = crowd([100.0], exposed=[0.8 * 0.5], rise_m_h=[1.0])
    found = {one.model: one for one in drownings(job([{0: 3.0}], people), CURVES)}
    mortality = drowned(BY_ID, np.array([3.0]))
    assert set(found) == {*DROWNED, "jonkman.zones"}
    for name, one in found.items():
        assert one.central[0, 0] == pytest.approx(40.0 * mortality[name][0, FAST])
    without = drownings(job([{0: 3.0}], crowd([100.0])), CURVES)
    assert "jonkman.zones" not in {one.model for one in without}


def test_people_by_class_with_groups_and_a_note_where_speed_is_unknown() -> None:
    people = crowd([10.0, 20.0], group=("children",), share=[[0.2, np.nan]], share_home=[[0, 0]])
    depth = [{0: 0.2, 1: 1.5}]
    still = in_water(job(depth, people))
    assert still.central[0].tolist() == [10.0, 0.0, 0.0, 20.0, 0.0, 0.0]
    assert still.group[0, :, 0].tolist() == [2.0, 0.0, 0.0, 0.0, 0.0, 0.0]
    assert still.group_unknown[0, 3, 0] == 20.0
    assert still.notes[0].params == {"count": 2}
    # Speed is stored for the second point alone: the first does not flow.
    moving = in_water(job(depth, people), speeds([{1: 3.0}], 2))
    assert moving.central[0].tolist() == [10.0, 0.0, 0.0, 0.0, 0.0, 20.0]
    assert moving.notes == ()


def test_every_person_is_in_one_class_or_dry_or_unknown() -> None:
    people = crowd([1.0, 2.0, 4.0, 8.0])
    found = in_water(job([{0: 0.0, 1: np.nan, 2: 5.0}], people))
    assert found.central.sum() == 4.0
    assert found.unknown_people.tolist() == [2.0]


def test_dwellings_out_of_use_by_depth_with_the_span_of_the_thresholds() -> None:
    found = flooded(job([{0: 0.6}], crowd([100.0])), shelter_rates())
    assert found is not None
    assert [part[0, 0] for part in (found.low, found.central, found.high)] == [0.0, 100.0, 100.0]
    assert [part[0, 1] for part in (found.low, found.central, found.high)] == [0.0, 40.0, 60.0]
    assert flooded(job([{0: 0.6}], crowd([1.0], residents=[np.nan])), shelter_rates()) is None


def test_presence_counts_whom_more_than_nothing_reaches() -> None:
    found = presence(job([{0: 0.1, 1: 0.0, 2: np.nan}], crowd([1.0, 2.0, 4.0])))
    assert found.central[0, 0] == 1.0
    assert (found.unknown.tolist(), found.unknown_people.tolist()) == ([1], [4.0])


def test_depths_and_speeds_of_other_events_are_refused() -> None:
    depth, fewer = event_set([{0: 1.0}], 1), speeds([{0: 1.0}, {0: 1.0}], 1)
    with pytest.raises(InvalidInputError, match="differ in events or points"):
        must_match(depth, fewer, with_points=True)
    with pytest.raises(InvalidInputError, match="differ in events or points"):
        must_match(depth, speeds([{0: 1.0}], 2), with_points=True)
    must_match(depth, speeds([{0: 1.0}], 2), with_points=False)


@pytest.mark.parametrize("seed", range(3))
def test_the_compiled_loop_agrees_with_the_slow_twin(seed: int) -> None:
    events, folio, _ = random_case(seed)
    rng = np.random.default_rng(seed)
    many = folio.point.size
    people = crowd(
        rng.gamma(1, 50, many).tolist(), group=("a",), share_home=rng.random((1, many)),
        share=np.where(rng.random((1, many)) < 0.2, np.nan, rng.random((1, many))),
        rise_m_h=np.where(rng.random(many) < 0.3, np.nan, rng.random(many)),
    )  # fmt: skip
    made = Job(source=events, portfolio=folio, crowd=people)
    found = drownings(made, CURVES)
    here = reached(replace(folio, curve=np.zeros((many, 1), np.int32)), people, 60)
    shares = drowned(BY_ID, events.intensity.astype(np.float64))
    response = np.array([shares[one.model] for one in found]).transpose(1, 2, 0)
    size = len(found)
    terms = Sums(here, 1, 1, [(Base.AT_RISK, k) for k in range(size)], size, size).coded
    stored = (events.start, events.point, events.intensity, events.head.rate)
    items = (here.things.first, zone_of(people.rise_m_h)[here.things.asset])
    slow = twin.tally(stored, items, response, here.people, terms, size)
    for k, one in enumerate(found):
        np.testing.assert_allclose(one.central[:, 0], slow[0][:, k, 0], atol=1e-10)
        np.testing.assert_allclose(one.group[:, 0], slow[1][:, k, :1], atol=1e-10)
        np.testing.assert_allclose(one.group_unknown[:, 0], slow[1][:, k, 1:], atol=1e-10)
        assert (one.unknown == slow[0][:, k, 1]).all()
        np.testing.assert_allclose(one.unknown_people, slow[0][:, k, 2])


def test_blocks_change_nothing_and_a_budget_is_kept() -> None:
    events, folio, _ = random_case(5, events=200, points=200, stock=200)
    made = Job(source=events, portfolio=folio, crowd=crowd([10.0] * 200))
    whole, pieces = drownings(made, CURVES), drownings(replace(made, budget_mb=0.3), CURVES)
    assert all((a.central == b.central).all() for a, b in zip(whole, pieces, strict=True))
    with pytest.raises(TooMuchError, match="the job needs"):
        in_water(replace(made, budget_mb=0.02))
