"""People hurt and displaced: by hand, against the slow twin, never more than are there."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from people_kit import casualty_rates, crowd, shelter_rates
from rencheng.domain.curve import Beyond, Curve
from rencheng.domain.errors import InvalidInputError, TooMuchError
from rencheng.domain.risk import OUTSIDE, Events, Standing
from rencheng.domain.risk_people import Crowd, Dwelling, Fate, PeopleEstimate
from rencheng.model.risk.people import twin
from rencheng.model.risk.people.casualties import (
    _TERMS,
    HAZUS,
    SHELTER,
    Rates,
    _kinds,
    casualties,
)
from rencheng.model.risk.people.sums import Sums, reached
from risk_kit import assets, event_set, fragility, random_case, steps

FRAME = fragility([0.125, 0.25, 0.5, 1.0], [0.6] * 4)
BRICK = fragility([0.0625, 0.125, 0.25, 0.5], [0.5] * 4, collapse=0.3)


def rates(types: list[int]) -> Rates:
    return Rates(
        casualties=casualty_rates(), shelter=shelter_rates(), type=np.array(types, dtype=np.int32)
    )


def run(
    events: Events, people: Crowd, curves: list[Curve], types: list[int], **other: Any
) -> dict[str, PeopleEstimate]:
    many = len(people.id)
    said = {"point": list(range(many)), "curve": [[0]] * many, **other}
    folio = assets(said.pop("point"), [[1.0]] * many, said.pop("curve"))
    found = casualties(events, folio, people, curves, rates(types), **said)
    return {one.model: one for one in found}


def test_deaths_in_two_buildings_by_hand() -> None:
    # A frame at its median of `complete`: half is complete, a tenth of that collapses. P[extensive]
    # = P[≥ extensive] - 0.5. A brick building, whose curve says that 30 % of `complete` collapses.
    events = event_set([{0: 1.0, 1: 0.5}], 2)
    found = run(events, crowd([200.0, 50.0]), [FRAME, BRICK], [0, 1], curve=[[0], [1]])[HAZUS]
    extensive = FRAME.shares(1.0)[3], BRICK.shares(0.5)[3]
    frame = 200.0 * (0.0001 * extensive[0] + 0.5 * (0.9 * 0.001 + 0.1 * 0.1))
    brick = 50.0 * (0.0002 * extensive[1] + 0.5 * (0.7 * 0.002 + 0.3 * 0.2))
    assert found.central[0, found.column(Fate.DEAD)] == pytest.approx(frame + brick, rel=1e-12)
    assert found.yearly[:, 3] == pytest.approx([0.01 * frame, 0.01 * brick], rel=1e-12)
    assert np.isnan(found.low).all()


@pytest.mark.parametrize("rule", [Beyond.ZERO, Beyond.UNKNOWN])
def test_an_end_of_the_range_is_valid_however_the_intensity_is_stored(rule: Beyond) -> None:
    held = {"below": Beyond.HOLD, "above": Beyond.HOLD}
    medians, spreads = [0.125, 0.25, 0.5, 1.0], [0.6] * 4
    for end, say in ((0.7, {"low": 0.7, "below": rule}), (0.1, {"high": 0.1, "above": rule})):
        events = event_set([{0: end}], 1)
        told = run(events, crowd([200.0]), [fragility(medians, spreads, **say)], [0])[HAZUS]
        same = run(events, crowd([200.0]), [fragility(medians, spreads, **{**say, **held})], [0])
        np.testing.assert_allclose(told.central, same[HAZUS].central, rtol=1e-12)
        assert (told.central[0] > 0.0).any()


def test_people_outdoors_have_rates_of_their_own_without_collapse() -> None:
    events = event_set([{0: 1.0}], 1)
    people = crowd([0.0], outdoors=[100.0])
    found = run(events, people, [FRAME], [0])[HAZUS]
    dead = 100.0 * (0.00001 * FRAME.shares(1.0)[3] + 0.5 * 0.0001)
    assert found.central[0, 3] == pytest.approx(dead, rel=1e-12)


@pytest.mark.parametrize(
    ("dwelling", "low", "central"),
    [(Dwelling.SINGLE, 50.0, 50.0), (Dwelling.MULTI, None, None), (Dwelling.UNKNOWN, 50.0, None)],
)
def test_displaced_by_kind_of_dwelling(
    dwelling: Dwelling, low: float | None, central: float | None
) -> None:
    people = crowd([100.0], dwelling=[dwelling])
    found = run(event_set([{0: 1.0}], 1), people, [FRAME], [0])[SHELTER]
    multi = 100.0 * (0.5 + 0.9 * FRAME.shares(1.0)[3])
    assert found.low[0, 0] == pytest.approx(low or multi)
    assert found.central[0, 0] == found.high[0, 0] == pytest.approx(central or multi)
    most = central or multi
    asked = [part[0, 1] for part in (found.low, found.central, found.high)]
    assert asked == pytest.approx([0.1 * (low or multi), 0.4 * most, 0.6 * most])


def test_groups_are_shares_of_those_affected_and_unknown_where_not_given() -> None:
    people = crowd(
        [100.0, 100.0], group=("elderly_65",), share=[[0.3, np.nan]], share_home=[[0.2, np.nan]]
    )
    found = run(event_set([{0: 1.0, 1: 1.0}], 2), people, [FRAME], [0, 0])
    dead = found[HAZUS].central[0, 3] / 2
    assert found[HAZUS].group[0, 3, 0] == pytest.approx(0.3 * dead)
    assert found[HAZUS].group_unknown[0, 3, 0] == pytest.approx(dead)
    assert found[SHELTER].group[0, 0, 0] == pytest.approx(0.1 * found[SHELTER].central[0, 0])


def test_what_is_unknown_is_counted_and_in_no_sum() -> None:
    events = event_set([{0: np.nan, 1: 1.0, 2: 1.0}], 4)
    people = crowd([10.0, 20.0, np.nan, 40.0])
    found = run(events, people, [FRAME], [0, -1, 0, 0])[HAZUS]
    assert found.unknown.tolist() == [1]
    assert found.unknown_people.tolist() == [10.0]
    assert found.central[0].tolist() == [0.0] * 4
    assert found.standing.tolist() == [
        Standing.ASSESSED, Standing.NO_CURVE, Standing.BAD_DATA, Standing.NOT_EXPOSED
    ]  # fmt: skip
    assert np.isnan(found.yearly[:3]).all()
    assert found.yearly[3].tolist() == [0.0] * 4


def test_residents_that_are_unknown_leave_casualties_as_they_are() -> None:
    people = crowd([10.0, 10.0], residents=[np.nan, 10.0])
    found = run(event_set([{0: 1.0, 1: 1.0}], 2), people, [FRAME], [0, 0])
    assert found[HAZUS].standing.tolist() == [0, 0]
    assert found[SHELTER].standing.tolist() == [Standing.BAD_DATA, Standing.ASSESSED]
    assert found[SHELTER].unknown.tolist() == [0]


def test_curves_for_another_hazard_displace_and_hurt_nobody_by_earthquake_rates() -> None:
    wind = replace(FRAME, hazard="wind")
    assert set(run(event_set([{0: 1.0}], 1), crowd([10.0]), [wind], [0])) == {SHELTER}


def test_other_states_are_refused() -> None:
    with pytest.raises(InvalidInputError, match="other states"):
        run(event_set([{0: 1.0}], 1), crowd([10.0]), [fragility([0.2], [0.5])], [0])


@settings(max_examples=40, deadline=None)
@given(st.floats(0.0, 5.0), st.floats(0.0, 5.0), st.floats(0.0, 1e5), st.integers(0, 1))
def test_stronger_shaking_hurts_no_fewer_and_never_more_than_are_there(
    a: float, b: float, many: float, kind: int
) -> None:
    weak, strong = sorted((a, b))
    events = event_set([{0: weak}, {0: strong}], 1)
    found = run(events, crowd([many]), [FRAME], [kind])
    assert (found[SHELTER].central[1] >= found[SHELTER].central[0] - 1e-9 * many).all()
    dead = found[HAZUS].central[:, 3]
    assert dead[1] >= dead[0] - 1e-9 * many
    for one in found.values():
        assert (one.central >= 0.0).all()
    assert (found[HAZUS].central.sum(axis=1) <= many * (1 + 1e-12)).all()
    assert (found[SHELTER].high <= many * (1 + 1e-12)).all()


@pytest.mark.parametrize("seed", range(4))
def test_the_compiled_loop_agrees_with_the_slow_twin(seed: int) -> None:
    curves = [
        FRAME, BRICK,
        fragility([0.3, 0.4, 0.45, 0.5], [0.9, 0.3, 0.8, 0.2]),  # crossing
        steps([0.1, 2.0], [[0.0, 1.0], [0.0, 0.9], [0.0, 0.5], [0.0, 0.2]]),
        fragility([0.3, 0.4, 0.5, 0.6], [0.4] * 4, low=0.2, high=1.5, above=Beyond.UNKNOWN),
    ]  # fmt: skip
    events, folio, _ = random_case(seed, classes=len(curves))
    rng = np.random.default_rng(seed)
    many = folio.point.size
    share = np.where(rng.random((2, 2, many)) < 0.1, np.nan, rng.random((2, 2, many)))
    people = crowd(
        np.where(rng.random(many) < 0.05, np.nan, rng.gamma(1, 50, many)).tolist(),
        outdoors=rng.gamma(1, 5, many), group=("a", "b"), share=share[0], share_home=share[1],
        residents=np.where(rng.random(many) < 0.1, np.nan, rng.gamma(1, 50, many)),
        dwelling=rng.integers(-1, 2, many),
    )  # fmt: skip
    types = rng.integers(-1, 2, many)
    found = casualties(events, folio, people, curves, rates(types.tolist()))
    here = reached(folio, people, len(events.head.place))
    kind, fates = _kinds(folio.curve[:, 0], curves, people.dwelling, rates(types.tolist()))
    stored = (events.start, events.point, events.intensity, events.head.rate)
    items = (here.things.first, here.things.curve, kind[here.things.asset])
    terms = Sums(here, 1, 1, _TERMS, 10, 6).coded
    slow = twin.harm(stored, items, curves, fates, here.people, terms, 10)
    out, parts, by_item = slow
    for one, columns in zip(found, ([0, 1, 2, 3], [4, 5]), strict=True):
        np.testing.assert_allclose(one.central, out[:, columns, 0], atol=1e-10)
        np.testing.assert_allclose(one.group, parts[:, columns, :2], atol=1e-10)
        np.testing.assert_allclose(one.group_unknown, parts[:, columns, 2:], atol=1e-10)
        assert (one.unknown == out[:, columns, 1].max(axis=1)).all()
        np.testing.assert_allclose(one.unknown_people, out[:, columns, 2].max(axis=1))
        good = one.standing[here.things.asset] == Standing.ASSESSED
        np.testing.assert_allclose(
            one.yearly[here.things.asset][good], by_item[:, columns][good], atol=1e-12
        )


def test_blocks_change_nothing_and_a_budget_is_kept() -> None:
    events, folio, _ = random_case(3, events=300, points=300, stock=300, classes=1)
    people = crowd([10.0] * 300)
    said = (events, folio, people, [FRAME], rates([0] * 300))
    whole, pieces = casualties(*said), casualties(*said, budget_mb=0.35)
    assert all((a.central == b.central).all() for a, b in zip(whole, pieces, strict=True))
    with pytest.raises(TooMuchError, match="the job needs"):
        casualties(*said, budget_mb=0.05)


def test_an_asset_beyond_every_point_is_not_exposed() -> None:
    found = run(event_set([{0: 1.0}], 1), crowd([5.0]), [FRAME], [0], point=[OUTSIDE])[HAZUS]
    assert found.standing.tolist() == [Standing.NOT_EXPOSED]
    assert found.central.sum() == 0.0
