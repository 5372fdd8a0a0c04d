"""Measures as transformations, and what they save: hand cases, and each set run alone."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from measure_kit import measure
from rencheng.domain.curve import Beyond
from rencheng.domain.errors import InvalidInputError, NotFoundError, TooMuchError
from rencheng.domain.risk import Events
from rencheng.domain.risk_measures import Appraisal, Measure, MeasureKind
from rencheng.model.risk.impact import impact
from rencheng.model.risk.measures.appraisal import appraise
from rencheng.model.risk.measures.shield import Shield, shielded
from rencheng.model.risk.measures.transforming import Situation
from risk_kit import assets, event_set, ramp, random_case

LINE = ramp([0.0, 10.0], [0.0, 1.0])  # a tenth of the value for each metre
BARRIER, MOVE = MeasureKind.BARRIER, MeasureKind.RELOCATION
COVER, WARN = MeasureKind.INSURANCE, MeasureKind.WARNING


def situation(*, contents: bool = False) -> Situation:
    """Two houses at two points; water of 1, 4 and 8 m once in 10, 50 and 200 years at the first."""
    events = event_set(
        [{0: 1.0, 1: 2.0}, {0: 4.0}, {0: 8.0, 1: 3.0}], 2, rate=[0.1, 0.02, 0.005], unit="m"
    )
    worth = [[100.0, 10.0], [1000.0, 0.0]] if contents else [[100.0], [1000.0]]
    return Situation(
        source=events, portfolio=assets([0, 1], worth), curves=(LINE,), names={"made-up": 0}
    )


def look(*given: Measure, where: list[list[bool]] | None = None, **other: Any) -> Appraisal:
    masks = [np.array(m) for m in where or [[True, True]] * len(given)]
    return appraise(situation(**other), given, masks)


def saved(found: Appraisal, *rows: int) -> float:
    return found.saving(frozenset(rows)).avoided


# 10 + 8 + 4 of the first house, 20 + 15 a thousand's of the second
FIRST, SECOND = 0.1 * 10 + 0.02 * 40 + 0.005 * 80, 0.1 * 200 + 0.005 * 300


def test_without_measures_nothing_is_saved() -> None:
    found = look()
    assert found.known_aal == pytest.approx(FIRST + SECOND)
    assert found.saving(frozenset()).total == 0.0


def test_a_factor_on_the_ratio_saves_its_share() -> None:
    found = look(measure(ratio_factor=0.75), where=[[True, False]])
    assert saved(found, 0) == pytest.approx(0.25 * FIRST)


def test_a_factor_on_the_median_moves_the_curve() -> None:
    assert saved(look(measure(median_factor=2.0)), 0) == pytest.approx((FIRST + SECOND) / 2)


def test_another_curve_takes_the_place_of_the_present_one() -> None:
    here = situation()
    stilts = ramp([0.0, 2.0, 10.0], [0.0, 0.0, 1.0], id="stilts")
    here = replace(here, curves=(LINE, stilts), names={"made-up": 0, "stilts": 1})
    found = appraise(here, [measure(curve="stilts")], [np.array([False, True])])
    assert saved(found, 0) == pytest.approx(SECOND - 0.005 * 125)


def test_a_barrier_takes_off_in_its_own_unit() -> None:
    wall = measure(kind=BARRIER, lowers=150.0, unit="cm")
    found = look(wall, where=[[True, False]])
    assert saved(found, 0) == pytest.approx(FIRST - 0.02 * 25 - 0.005 * 65)


@pytest.mark.parametrize(
    ("period", "spared"), [(5.0, 0.0), (9.0, 1.0), (40.0, 1.8), (199.0, 1.8), (200.0, 2.2)]
)
def test_a_barrier_keeps_out_what_is_common_enough(period: float, spared: float) -> None:
    # Reached or passed at the first house: 8 m once in 200 years, 4 m in 40, 1 m in 8.
    dike = measure(kind=BARRIER, design_period=period)
    assert saved(look(dike, where=[[True, False]]), 0) == pytest.approx(spared)


def test_houses_at_one_point_may_stand_before_and_behind_a_barrier() -> None:
    here = situation()
    here = replace(here, portfolio=assets([0, 0], [[100.0], [100.0]]))
    found = appraise(here, [measure(kind=BARRIER)], [np.array([True, False])])
    assert saved(found, 0) == pytest.approx(FIRST)


def test_of_two_barriers_the_higher_counts() -> None:
    low = measure(id="low", kind=BARRIER, lowers=1.0, unit="m")
    high = measure(id="high", kind=BARRIER, lowers=2.0, unit="m")
    found = look(low, high)
    assert saved(found, 0, 1) == saved(found, 1) > saved(found, 0)


def test_who_moves_away_loses_nothing_whatever_else_is_done() -> None:
    found = look(measure(id="go", kind=MOVE), measure(id="fix", ratio_factor=0.5))
    assert saved(found, 0) == saved(found, 0, 1) == pytest.approx(FIRST + SECOND)


def test_two_measures_on_one_house_save_less_than_their_sum() -> None:
    found = look(measure(id="a", ratio_factor=0.5), measure(id="b", ratio_factor=0.5))
    assert saved(found, 0, 1) == pytest.approx(0.75 * (FIRST + SECOND))
    assert saved(found, 0) + saved(found, 1) == pytest.approx(FIRST + SECOND)


def test_a_warning_saves_contents_only() -> None:
    warn = measure(kind=WARN, components=("c1",), ratio_factor=0.6)
    assert saved(look(warn, contents=True), 0) == pytest.approx(0.4 * FIRST / 10)


def test_insurance_passes_on_what_is_left_and_avoids_nothing() -> None:
    cover = measure(id="cover", kind=COVER, deductible=20.0, limit=60.0, share=0.5)
    found = look(cover, measure(id="half", ratio_factor=0.5), where=[[True, False]] * 2)
    alone, both = found.saving(frozenset([0])), found.saving(frozenset([0, 1]))
    assert alone.avoided == 0.0
    assert alone.transferred == pytest.approx(0.5 * (0.02 * 20 + 0.005 * 40))
    assert both.avoided == pytest.approx(FIRST / 2)
    assert both.transferred == pytest.approx(0.5 * 0.005 * 20)


def test_what_cannot_stand_together_is_never_run() -> None:
    a, b = measure(id="a", excludes=("b",), ratio_factor=0.5), measure(id="b", ratio_factor=0.9)
    found = look(a, b)
    assert found.excluded == {frozenset((0, 1))}
    assert frozenset((0, 1)) not in found.groups[0].saving
    with pytest.raises(InvalidInputError, match="a and b cannot stand together"):
        found.saving(found.rows("a", "b"))
    with pytest.raises(NotFoundError, match="under moat"):
        found.rows("a", "moat")


def test_no_house_is_insured_twice() -> None:
    found = look(measure(id="a", kind=COVER), measure(id="b", kind=COVER))
    assert found.excluded == {frozenset((0, 1))}


def test_too_many_measures_on_one_house_are_refused() -> None:
    with pytest.raises(TooMuchError, match="m0, m1"):
        look(*(measure(id=f"m{k}", ratio_factor=0.9) for k in range(11)))


def test_unknown_rates_have_no_yearly_saving() -> None:
    here = situation()
    assert isinstance(here.source, Events)
    dark = replace(here.source, head=replace(here.source.head, rate=np.array([0.1, np.nan, 0.1])))
    with pytest.raises(InvalidInputError):
        appraise(replace(here, source=dark), [measure()], [np.array([True, True])])


def test_what_a_measure_makes_unknown_saves_nothing_and_is_counted() -> None:
    here = situation()
    short = ramp([0.0, 3.0], [0.0, 0.1], id="short", above=Beyond.UNKNOWN)
    here = replace(here, curves=(LINE, short), names={"made-up": 0, "short": 1})
    found = appraise(here, [measure(curve="short")], [np.array([True, True])])
    assert found.darkened == 1
    assert saved(found, 0) == pytest.approx(SECOND - 0.1 * 1000 * 0.2 / 3 - 0.005 * 100)


METRES = {"c": 0.5, "d": 0.3}


class Counted:
    """An event set that says how often it was read."""

    def __init__(self, events: Events) -> None:
        self.head, self.start, self.events, self.times = events.head, events.start, events, 0

    def block(self, first: int, last: int) -> tuple[Any, Any]:
        self.times += 1
        return self.events.block(first, last)


def test_files_are_not_read_again_for_every_set() -> None:
    here = situation()
    source = Counted(here.source)
    given = [measure(id=f"m{k}", ratio_factor=0.9, life=k + 1) for k in range(6)]
    found = appraise(replace(here, source=source), given, [np.array([True, True])] * 6)
    assert found.runs == 64
    assert source.times == 2


def test_lowered_intensities_keep_within_their_memory() -> None:
    here = situation()
    wall = Shield(off=np.full(3, 0.5))
    with pytest.raises(TooMuchError, match="lowered intensities"):
        shielded(here.source, here.portfolio, [(wall, np.array([True, True]))], budget_mb=1e-5)


def slowly(here: Situation, row: int, given: list[Measure]) -> float:
    """A year's loss of one asset under some measures, point by point."""
    events, folio = here.source, here.portfolio
    if any(m.kind is MOVE for m in given) or folio.point[row] < 0:
        return 0.0
    less = max([METRES[m.id] for m in given if m.kind is BARRIER], default=0.0)
    wider, smaller = (
        float(np.prod([getattr(m, name) for m in given if m.kind is MeasureKind.RETROFIT]))
        for name in ("median_factor", "ratio_factor")
    )
    total = 0.0
    for e, rate in enumerate(events.head.rate):
        point, x = events.block(e, e + 1)
        for depth in x[point == folio.point[row]].astype(float) - less:
            if less == 0.0 or depth > 0.0 or np.isnan(depth):
                kinds = zip(folio.curve[row], folio.value[row], strict=True)
                part = [v * here.curves[c].value(depth / wider) for c, v in kinds if v > 0]
                total += rate * smaller * float(np.nansum(part))
    return total


@pytest.mark.parametrize("seed", range(4))
def test_every_set_saves_what_each_asset_saves_on_its_own(seed: int) -> None:
    events, folio, curves = random_case(seed, stock=40)
    sure = [replace(c, below=Beyond.ZERO, above=Beyond.HOLD) for c in curves]
    here = Situation(source=events, portfolio=folio, curves=tuple(sure), names={})
    rng = np.random.default_rng(seed)
    given = [
        measure(id="a", ratio_factor=0.7), measure(id="b", median_factor=1.5),
        measure(id="c", kind=BARRIER, lowers=0.5, unit="m"),
        measure(id="d", kind=BARRIER, lowers=30.0, unit="cm"), measure(id="e", kind=MOVE),
    ]  # fmt: skip
    where = [rng.random(folio.point.size) < 0.4 for _ in given]
    found = appraise(here, given, where)
    standing = impact(events, folio, sure, with_spread=False).standing
    rows = np.flatnonzero(standing <= 1)
    for chosen in ({0}, {0, 1}, {2, 3}, {0, 2, 4}, {0, 1, 2, 3}, set(range(5))):
        on = {k: [given[i] for i in chosen if where[i][k]] for k in rows}
        exact = sum(slowly(here, k, []) - slowly(here, k, on[k]) for k in rows)
        assert saved(found, *chosen) == pytest.approx(exact, rel=1e-6)
