from dataclasses import replace
from datetime import timedelta

import pytest

from rencheng.adapters.rules import load_rules
from rencheng.decide.after.supplies import supplies
from tiny_impact import ORIGIN, make_impact, make_state

RULES = load_rules()


def needs_of(city, impact, at=ORIGIN):
    found, _ = supplies(city, make_state(), impact, RULES, at=at)
    return {need.item: need for need in found}


def test_displaced_people_need_the_published_quantities(tiny_city):
    needs = needs_of(tiny_city, make_impact(displaced=60))
    assert needs["water_l"].need.band.p50 == pytest.approx(60 * 3 * 7.5)
    assert needs["water_target_l"].need.band.p50 == pytest.approx(60 * 3 * 15)
    assert needs["food_kcal"].need.band.p50 == pytest.approx(60 * 3 * 2100)
    assert needs["shelter_places"].need.band.p50 == pytest.approx(60)


def test_people_with_dry_taps_need_water_and_no_food(tiny_city):
    needs = needs_of(tiny_city, make_impact(displaced=60, water=0.5))
    assert needs["water_l"].need.band.p50 == pytest.approx((60 + 540 * 0.5) * 3 * 7.5)
    assert needs["food_kcal"].need.band.p50 == pytest.approx(60 * 3 * 2100)


def test_need_looks_ahead_from_now_not_from_the_earthquake(tiny_city):
    impact = make_impact()
    impact.services.level[1] = [0.0, 0.0, 1.0, 1.0]
    early = needs_of(tiny_city, impact)["water_l"].need.band.p50
    late = needs_of(tiny_city, impact, ORIGIN + timedelta(hours=48))["water_l"].need.band.p50
    assert early == pytest.approx(600 * 2 * 7.5)
    assert late == pytest.approx(600 * 0.25 * 7.5)


def test_services_that_were_not_modelled_leave_the_need_unknown(tiny_city):
    impact = make_impact(displaced=60)
    services = replace(impact.services, names=("power",))
    needs = needs_of(tiny_city, replace(impact, services=services))
    assert not needs["water_l"].need.band.is_known
    assert needs["food_kcal"].need.band.is_known


def test_no_task_promises_more_than_is_in_stock(tiny_city):
    _, draft = supplies(
        tiny_city, make_state(), make_impact(displaced=300, water=0.0), RULES, at=ORIGIN
    )
    assert sum(action.amount for action in draft.actions) == pytest.approx(3000)
    assert {action.kind for action in draft.actions} == {"supply"}


def test_an_item_that_nobody_listed_has_an_unknown_stock(tiny_city):
    city = replace(tiny_city, stocks=())
    found, draft = supplies(city, make_state(), make_impact(displaced=60), RULES, at=ORIGIN)
    water = next(need for need in found if need.item == "water_l")
    assert (water.stock != water.stock, water.stock_origin) == (True, "missing")
    assert not draft.effect_with[0].band.is_known
