"""Deaths from shaking alone: PAGER's own test values, China by hand, its spread."""

from __future__ import annotations

from dataclasses import replace
from math import exp
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from people_kit import country, crowd
from rencheng.adapters.curve_library.library import CurveLibrary
from rencheng.adapters.risk.people.tables import rapid_model
from rencheng.domain.risk import Events, Standing
from rencheng.domain.risk_people import Crowd, PeopleEstimate
from rencheng.model.risk.people.responses import Job, rapid
from rencheng.model.risk.people.shaking import intensity_of, rapid_rate
from risk_kit import assets, event_set

CHINA = country()


def shaken(rows: list[dict[int, float]], people: Crowd, measure: str = "MMI") -> PeopleEstimate:
    many = len(people.id)
    made = event_set(rows, many)
    unit = {"MMI": "1", "PGA": "g", "PGV": "m/s"}[measure]
    events = Events(
        head=replace(made.head, measure=measure, unit=unit),
        start=made.start, point=made.point, intensity=made.intensity,
    )  # fmt: skip
    folio = assets(list(range(many)), [[1.0]] * many)
    return rapid(Job(source=events, portfolio=folio, crowd=people), CHINA)


def test_rates_are_those_of_pagers_own_test() -> None:
    # usgs/pager 081a55f, test/models/fatality_test.py: Iran by an earlier fit, V to IX.
    iran = replace(CHINA, theta=10.986839, beta=0.128601)
    expected = [4.62833172e-10, 1.27558914e-06, 2.28027416e-04, 6.81282956e-03, 6.04383822e-02]
    np.testing.assert_allclose(rapid_rate(iran, np.arange(5.0, 10.0)), expected, rtol=1e-7)


def test_northridge_1994_by_pagers_own_test() -> None:
    # The same file: people at I to X in California, 22 deaths, cut to a whole number.
    exposed = [0, 0, 1506, 1946880, 6509154, 6690236, 3405381, 1892446, 5182, 0]
    rate = rapid_rate(rapid_model("XF"), np.arange(1.0, 11.0))
    assert int((np.array(exposed)[4:] * rate[4:]).sum()) == 22


def test_china_at_vii_viii_and_ix() -> None:
    found = rapid_rate(rapid_model("cn"), np.array([7.0, 8.0, 9.0, 9.7]))
    np.testing.assert_allclose(found, [5.1e-5, 5.3e-3, 8.4e-2, 8.4e-2], rtol=0.01)


@pytest.mark.parametrize(
    ("code", "name"), [("CN", "china"), ("TW", "taiwan"), ("JP", "japan"), ("TR", "turkey")]
)
def test_countries_agree_with_the_library_of_curves(code: str, name: str) -> None:
    curve = CurveLibrary(Path("nowhere")).get(f"pager.{name}.dead")
    model = rapid_model(code)
    assert (model.theta, model.beta) == (curve.median[0], curve.beta[0])
    assert f"ζ = {model.zeta:.6f}" in curve.note


def test_the_spread_is_five_to_ninety_five_percent_and_never_more_than_live_there() -> None:
    found = shaken([{0: 8.0}, {0: 9.0}], crowd([1000.0]))
    dead = 1000.0 * rapid_rate(CHINA, np.array([8.0, 9.0]))
    factor = exp(1.6448536 * 1.526472)
    np.testing.assert_allclose(found.central[:, 0], dead)
    np.testing.assert_allclose(found.low[:, 0], dead / factor, rtol=1e-6)
    np.testing.assert_allclose(found.high[:, 0], [dead[0] * factor, 1000.0], rtol=1e-6)


@given(st.floats(0.0, 12.0), st.floats(0.0, 12.0))
def test_stronger_shaking_kills_no_fewer(a: float, b: float) -> None:
    weak, strong = rapid_rate(CHINA, np.array(sorted((a, b))))
    assert 0.0 <= weak <= strong <= 1.0


def test_residents_count_and_those_without_are_bad_data() -> None:
    people = crowd([0.0, 10.0], residents=[100.0, np.nan])
    found = shaken([{0: 9.0, 1: 9.0}], people)
    assert found.central[0, 0] == pytest.approx(100.0 * rapid_rate(CHINA, np.array([9.0]))[0])
    assert found.standing.tolist() == [Standing.ASSESSED, Standing.BAD_DATA]
    nobody_known = crowd([10.0, 10.0], residents=[np.nan, np.nan])
    assert shaken([{0: 9.0}], nobody_known).central[0, 0] > 0.5


def test_unknown_shaking_is_counted() -> None:
    found = shaken([{0: np.nan, 1: 9.0}], crowd([7.0, 1.0]))
    assert (found.unknown.tolist(), found.unknown_people.tolist()) == ([1], [7.0])
    assert found.is_partial


def test_intensity_from_acceleration_by_the_chinese_standard() -> None:
    # GB/T 17742-2020: 3.17 lg(1 m/s²) + 6.59; by hand at 1 and 10 m/s².
    felt = intensity_of(np.array([1.0, 10.0, 0.0, np.nan]), "PGA", "m/s2")
    np.testing.assert_allclose(felt, [6.59, 9.76, 1.0, np.nan])
    notes = [note.key for note in shaken([{0: 0.2}], crowd([1.0]), "PGA").notes]
    assert "people.note.from_pga" in notes


def test_intensity_from_velocity_by_the_chinese_standard() -> None:
    # 3.00 lg(1 m/s) + 9.77; the lower end of VI, 5.5, lies at 0.457 m/s² and 0.0381 m/s.
    felt = intensity_of(np.array([1.0, 0.1]), "PGV", "m/s")
    np.testing.assert_allclose(felt, [9.77, 6.77])
    ends = (
        intensity_of(np.array([0.457]), "PGA", "m/s2"),
        intensity_of(np.array([3.81]), "PGV", "cm/s"),
    )
    np.testing.assert_allclose(ends, 5.5, atol=0.02)
    notes = [note.key for note in shaken([{0: 0.2}], crowd([1.0]), "PGV").notes]
    assert "people.note.from_pgv" in notes


def test_a_country_fitted_with_others_says_so() -> None:
    events = event_set([{0: 8.0}], 1)
    events = replace(events, head=replace(events.head, measure="MMI", unit="1"))
    job = Job(source=events, portfolio=assets([0], [[1.0]]), crowd=crowd([1.0]))
    assert [n.key for n in rapid(job, country("FR", is_own=False)).notes][1:] == [
        "people.note.pager_group"
    ]
