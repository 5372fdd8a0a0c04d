from dataclasses import replace

import numpy as np
import pytest

from rencheng.adapters.rules import load_rules
from rencheng.decide.during.response import response_level
from tiny_impact import ORIGIN, make_bulletin, make_impact

RULES = load_rules()
HERE = {"lon": -71.27, "lat": -29.95}


def level(city, impact=None, bulletin=None, rules=RULES, **more):
    draft = response_level(city, impact, bulletin, rules, at=ORIGIN, **more)
    return draft.details["level"] if draft else None


@pytest.mark.parametrize(
    ("magnitude", "expected"), [(3.9, None), (4.0, 3), (4.9, 3), (5.0, 2), (5.99, 2), (6.0, 1)]
)
def test_magnitude_gives_the_initial_level_of_a_dense_city(tiny_city, magnitude, expected):
    assert level(tiny_city, bulletin=make_bulletin(magnitude, **HERE)) == expected


@pytest.mark.parametrize(
    ("magnitude", "expected"), [(4.0, 4), (5.0, 3), (6.0, 2), (6.99, 2), (7.0, 1)]
)
def test_a_fairly_dense_city_is_judged_milder(tiny_city, magnitude, expected):
    zones = replace(tiny_city.zones, area_m2=tiny_city.zones.area_m2 * 4)
    city = replace(tiny_city, zones=zones)
    assert level(city, bulletin=make_bulletin(magnitude, **HERE)) == expected


@pytest.mark.parametrize(
    ("deaths", "expected"), [(0, None), (1, 4), (9.9, 4), (10, 3), (49.9, 3), (50, 2), (300, 1)]
)
def test_deaths_give_the_level_with_lower_bounds_included(tiny_city, deaths, expected):
    assert level(tiny_city, verified_deaths=deaths) == expected


def test_a_far_earthquake_proposes_nothing(tiny_city):
    assert level(tiny_city, bulletin=make_bulletin(8.3, lon=140.0, lat=38.0)) is None


def test_an_unknown_magnitude_is_said_and_gives_no_level(tiny_city):
    assert level(tiny_city, bulletin=make_bulletin(float("nan"), **HERE)) is None
    draft = response_level(
        tiny_city, make_impact(deaths=20), make_bulletin(float("nan"), **HERE), RULES, at=ORIGIN
    )
    assert "decide.level.no_magnitude" in {text.key for text in draft.reasons}


def test_a_model_may_raise_the_level_but_not_lower_it(tiny_city):
    small, large = make_bulletin(4.0, **HERE), make_bulletin(8.3)
    assert level(tiny_city, make_impact(deaths=400), small) == 1
    assert level(tiny_city, make_impact(deaths=2), large) == 1


def test_an_office_may_let_the_model_lower_it(tiny_city):
    response = replace(RULES.response, modelled_may_lower=True)
    rules = replace(RULES, response=response)
    assert level(tiny_city, make_impact(deaths=2), make_bulletin(8.3), rules) == 4


def test_verified_deaths_supersede_the_initial_level(tiny_city):
    assert level(tiny_city, make_impact(deaths=2), make_bulletin(8.3), verified_deaths=15.0) == 3


def test_the_reason_says_the_band_of_the_model(tiny_city):
    impact = make_impact()
    impact.people.injured[:, 0, 3] = np.linspace(10, 29, 20)
    draft = response_level(tiny_city, impact, None, RULES, at=ORIGIN)
    said = next(text for text in draft.reasons if text.key == "decide.level.modelled")
    assert said.params["p05"] < said.params["p50"] < said.params["p95"]


def test_it_says_that_the_thresholds_are_not_local_law(tiny_city):
    draft = response_level(tiny_city, None, make_bulletin(), RULES, at=ORIGIN)
    assert "decide.level.jurisdiction_cn" in {text.key for text in draft.reasons}
    assert not any(figure.band.is_known for figure in draft.effect_with)
