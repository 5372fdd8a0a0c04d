from datetime import UTC, datetime

import pytest

from assess_kit import after, empty_records, make_records
from rencheng.adapters.words import catalogue
from rencheng.assess.maturity import level_reached, maturity
from rencheng.domain.assessment import CurveMeasures
from rencheng.domain.provenance import UNKNOWN, Why
from tiny_impact import make_impact

CURVE = CurveMeasures(
    service="power", robustness=UNKNOWN, rapidity=UNKNOWN, loss=UNKNOWN, time_to_h=(),
    horizon_h=720.0, is_censored=False,
    why=Why(data=(), model="m", version="1", as_of=datetime(2015, 9, 16, tzinfo=UTC)),
)  # fmt: skip


def reached(city, coverage=0.9, curves=(CURVE,), samples=200, **changes):
    impact = make_impact(samples=samples)
    return level_reached(maturity(city, impact, curves, make_records(**changes), coverage))


def test_records_of_a_good_run_reach_the_top(tiny_city):
    assert reached(tiny_city) == 4


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"log_lines": 0}, 0),
        ({"streams_ok": 5}, 0),
        ({"streams_ok": 8}, 1),
        ({"cycles": 0}, 1),
        ({"samples": 10}, 1),
        ({"first_alarm": after(11)}, 1),
        ({"first_alarm": None}, 1),
        ({"first_decision": after(61)}, 2),
        ({"proposals_decided": 2}, 2),
        ({"tasks": 0, "tasks_in_time": 0}, 2),
        ({"alerts_sent": 0}, 2),
        ({"log_is_whole": None}, 2),
        ({"log_is_whole": False}, 2),
        ({"damage_reports": 29}, 3),
        ({"models_approved": 0}, 3),
        ({"curves": ()}, 3),
        ({"coverage": 0.79}, 3),
    ],
)
def test_each_condition_is_proven_or_the_level_is_not_reached(tiny_city, changes, expected):
    assert reached(tiny_city, **changes) == expected


def test_without_a_forecast_it_is_not_smart(tiny_city):
    assert level_reached(maturity(tiny_city, None, (CURVE,), make_records(), 1.0)) == 1


def test_an_empty_run_reaches_nothing_and_every_condition_has_words(tiny_city):
    levels = maturity(tiny_city, None, (), empty_records(), 0.0)
    assert level_reached(levels) == 0
    for level in levels:
        for text, _ in level.conditions:
            assert catalogue()[text.key]["zh"].format(**text.params)
