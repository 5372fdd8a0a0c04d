"""One earthquake in several catalogues is one event; two earthquakes are two."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from math import nan
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rencheng.domain.hazard import Bulletin, BulletinKind
from rencheng.domain.provenance import Mode
from rencheng.sense.solutions import (
    MAGNITUDES,
    WINDOW_KM,
    WINDOW_S,
    associate,
    distance_km,
    preferred,
    standing,
)

T0 = datetime(2015, 9, 16, 22, 54, 33, tzinfo=UTC)
DEGREE_KM = 111.19


def solution(
    own: str, catalogue: str, seconds: float = 0.0, km: float = 0.0, magnitude: float = 7.0,
    issued: float = 300.0,
) -> Bulletin:  # fmt: skip
    """Return a solution so many seconds after, and kilometres north of, the first one."""
    return Bulletin(
        id=f"{own}/{issued:g}", event=own, kind=BulletinKind.EARTHQUAKE, issuer=catalogue,
        issued=T0 + timedelta(seconds=issued), origin_time=T0 + timedelta(seconds=seconds),
        lon=-71.6, lat=-31.5 + km / DEGREE_KM, depth_km=20.0, magnitude=magnitude,
        magnitude_sd=nan, text="", source="", mode=Mode.LIVE, run="live", catalogue=catalogue,
    )  # fmt: skip


def names(found: list[Bulletin]) -> set[frozenset[str]]:
    return {frozenset(found[row].own for row in rows) for rows in associate(found)}


@pytest.mark.parametrize(
    ("seconds", "km", "magnitude", "is_one"),
    [
        (0.0, 0.0, 7.0, True),
        (15.9, 0.0, 7.0, True),
        (-15.9, 0.0, 7.0, True),
        (16.1, 0.0, 7.0, False),
        (0.0, 99.0, 7.0, True),
        (0.0, 101.0, 7.0, False),
        (3.0, 20.0, 8.3, True),
        (3.0, 20.0, 5.0, False),
        (3.0, 20.0, nan, True),
    ],
)
def test_two_catalogues_tell_of_one_earthquake_within_the_windows(
    seconds: float, km: float, magnitude: float, is_one: bool
) -> None:
    both = [solution("a1", "a"), solution("b1", "b", seconds, km, magnitude)]
    assert (len(associate(both)) == 1) is is_one


def test_two_entries_of_one_catalogue_are_two_earthquakes() -> None:
    assert len(associate([solution("a1", "a"), solution("a2", "a", 2.0)])) == 2


def test_an_aftershock_within_the_window_goes_to_its_own_like() -> None:
    main = [solution("a1", "a"), solution("b1", "b", 2.5, 30.0)]
    after = [solution("b2", "b", 13.0, 35.0, 6.2), solution("a2", "a", 11.0, 10.0, 6.0)]
    assert names([*main, *after]) == {frozenset({"a1", "b1"}), frozenset({"a2", "b2"})}


SPREAD = st.tuples(st.floats(-2.0, 2.0), st.floats(-15.0, 15.0), st.floats(-0.3, 0.3))
"""How far solutions of agencies lie from the truth: s, km, magnitude. Assumption."""


@given(
    gaps=st.lists(st.floats(20.5, 60.0), min_size=1, max_size=5),
    spreads=st.lists(SPREAD, min_size=18, max_size=18),
    missing=st.sets(st.integers(0, 17), max_size=6),
    shuffle=st.randoms(use_true_random=False),
)
def test_a_main_shock_and_aftershocks_within_a_minute_stay_apart(
    gaps: list[float], spreads: list[tuple[float, float, float]], missing: set[int],
    shuffle: Random,
) -> None:  # fmt: skip
    times = [sum(gaps[:n]) for n in range(len(gaps) + 1)]
    every = [
        solution(f"{who}{n}", who, at + ds, dkm, 6.0 + dm)
        for n, at in enumerate(times)
        for k, who in enumerate("abc")
        for ds, dkm, dm in [spreads[3 * n + k]]
        if 3 * n + k not in missing
    ]
    shuffle.shuffle(every)
    quakes = {one.own[1:] for one in every}
    assert names(every) == {
        frozenset(one.own for one in every if one.own[1:] == quake) for quake in quakes
    }


ANY = st.lists(
    st.tuples(
        st.sampled_from("abc"), st.floats(0, 60), st.floats(0, 250),
        st.one_of(st.just(nan), st.floats(3, 9)),
    ),
    max_size=10,
)  # fmt: skip


@given(given_=ANY, shuffle=st.randoms(use_true_random=False))
def test_whatever_is_heard_the_order_makes_no_difference_and_no_group_breaks_a_rule(
    given_: list[tuple[str, float, float, float]], shuffle: Random
) -> None:
    every = [solution(f"{row[0]}{n}", *row) for n, row in enumerate(given_)]
    groups = associate(every)
    assert sorted(row for rows in groups for row in rows) == list(range(len(every)))
    for rows in groups:
        told = [every[row] for row in rows]
        assert len({one.catalogue for one in told}) == len(told)
        for a in told:
            for b in told:
                assert abs((a.origin_time - b.origin_time).total_seconds()) <= WINDOW_S
                assert distance_km(a, b) <= WINDOW_KM
                assert not abs(a.magnitude - b.magnitude) > MAGNITUDES
    other = list(every)
    shuffle.shuffle(other)
    assert names(other) == names(every)


def test_the_catalogue_that_spoke_first_keeps_the_word_with_its_last_revision() -> None:
    first = [solution("a1", "a", issued=300), solution("a1", "a", issued=900, magnitude=7.4)]
    other = replace(solution("b1", "b", issued=600, magnitude=8.3), event="a1", reported="b1")
    assert preferred([other, *first]) == first[1]
    later = first[1].issued + timedelta(minutes=1)
    gone = replace(first[1], id="gone", kind=BulletinKind.WITHDRAWN, issued=later)
    assert standing([gone, *first, other]) == [other]
    assert preferred([gone, *first, other]) == other


def test_a_solution_without_magnitude_gives_way_to_one_with_it() -> None:
    silent = solution("a1", "a", issued=300, magnitude=nan)
    other = replace(solution("b1", "b", issued=600), event="a1", reported="b1")
    assert preferred([silent, other]) == other
    assert preferred([silent]) == silent
    assert preferred([]) is None
