from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from assess_kit import empty_records, make_records
from rencheng.adapters.rules import load_indicators
from rencheng.adapters.words import catalogue
from rencheng.assess.assessment import assess
from rencheng.assess.formulas import RECIPES, Basis
from rencheng.assess.indicators import measure_indicators, score, score_items
from rencheng.domain.assessment import Dimension, IndicatorStatus
from rencheng.domain.errors import InvalidInputError
from tiny_impact import ORIGIN, make_impact

SET = load_indicators()


def value(city, name, impact=None, records=None):
    values = measure_indicators(Basis(city, impact, records or make_records()), SET, at=ORIGIN)
    return next(v for v in values if v.id == name)


def test_the_framework_has_four_dimensions_of_three_items():
    assert [dimension for _, dimension in SET.items] == [d for d in Dimension for _ in range(3)]


def test_every_item_has_two_to_four_indicators_with_words_and_formula():
    for item, _ in SET.items:
        mine = [d for d in SET.indicators if d.item == item]
        assert 2 <= len(mine) <= 4
        assert f"item.{item}" in catalogue()
    assert {d.formula for d in SET.indicators} <= RECIPES.keys()
    assert len({d.id for d in SET.indicators}) == len(SET.indicators)


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("poverty", 0.1),
        ("duties_covered", 1.0),
        ("tasks_in_time", 0.8),
        ("proposals_decided", 0.8),
        ("decision_minutes", 12.0),
        ("hospital_backup", 1.0),
        ("beds", 50 / 600 * 10_000),
        ("shelter_places", 430 / 600 * 100_000),
        ("water_stock", 3000 / (7.5 * 3) / 600),
        ("food_stock", 1_000_000 / (2100 * 3) / 600),
        ("vulnerable_buildings", 0.1),
        ("water_sources", 1.0),
        ("community_cover", 1.0),
        ("feeds_ok", 10 / 11),
        ("log_whole", 1.0),
        ("lessons_approved", 1.0),
    ],
)
def test_values_that_can_be_counted_by_hand(tiny_city, name, expected):
    assert value(tiny_city, name).value == pytest.approx(expected)


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("hospital_reach", 1.0),
        ("not_cut_off", 1.0),
        ("homes_usable", 0.9),
        ("facilities_usable", 1.0),
        ("power_24h", 1.0),
        ("water_72h_level", 0.5),
    ],
)
def test_what_rests_on_the_forecast(tiny_city, name, expected):
    found = value(tiny_city, name, make_impact(displaced=60, water=0.5))
    assert found.value == pytest.approx(expected)
    without = value(tiny_city, name)
    assert without.status is IndicatorStatus.MISSING
    assert "impact" in without.why.missing


def test_a_missing_fact_is_missing_and_named(tiny_city):
    found = value(tiny_city, "people_trained")
    assert (found.status, np.isnan(found.value), np.isnan(found.score)) == ("missing", True, True)
    assert "people_trained_share" in found.why.missing


def test_unknown_beds_of_one_hospital_make_the_count_unknown(tiny_city):
    beds = tiny_city.facilities.beds.copy()
    beds[0] = np.nan
    city = replace(tiny_city, facilities=replace(tiny_city.facilities, beds=beds))
    assert value(city, "beds").status is IndicatorStatus.MISSING


def test_an_unchecked_log_is_unknown_and_a_broken_one_scores_zero(tiny_city):
    unknown = value(tiny_city, "log_whole", records=make_records(log_is_whole=None))
    broken = value(tiny_city, "log_whole", records=make_records(log_is_whole=False))
    assert (unknown.status, broken.score) == ("missing", 0.0)


def test_synthetic_layers_make_a_synthetic_indicator(tiny_city):
    assert value(tiny_city, "vulnerable_buildings").why.origin == "synthetic"
    assert value(tiny_city, "feeds_ok").why.origin == "observed"


@given(st.floats(-100, 100), st.floats(-100, 100), st.floats(-100, 100))
def test_scores_stay_between_zero_and_one(found, worst, best):
    if abs(worst - best) > 1e-6:
        assert 0 <= score(found, (worst, best)) <= 1
        assert score(best, (worst, best)) == 1


def test_a_score_needs_coverage_and_spans_what_is_missing(tiny_city):
    values = measure_indicators(Basis(tiny_city, None, make_records()), SET, at=ORIGIN)
    items = {item.item: item for item in score_items(values, SET)}
    assert not items["education"].score.is_known
    assert items["mechanism"].coverage == pytest.approx(3 / 4)
    lenient = {i.item: i for i in score_items(values, replace(SET, coverage_rule=0.7))}
    band = lenient["mechanism"].score
    assert band.p95 - band.p05 == pytest.approx(1 / 4)
    assert band.p05 <= band.p50 <= band.p95


def test_an_unknown_formula_is_refused(tiny_city):
    wrong = replace(SET.indicators[0], formula="made_up")
    with pytest.raises(InvalidInputError):
        measure_indicators(
            Basis(tiny_city, None, make_records()), replace(SET, indicators=(wrong,)), at=ORIGIN
        )


def test_a_run_without_anything_is_assessed_without_pretending(tiny_city):
    found = assess(tiny_city, None, (), empty_records(), SET, at=ORIGIN)
    assert found.level == 0
    assert found.coverage < 0.5
    assert not any(delay.band.is_known for delay in found.delays)


def test_a_share_never_scores_beyond_one() -> None:
    for one in SET.indicators:
        if one.unit == "1":
            assert max(map(abs, one.goalposts)) <= 1.0, one.id
