"""Jobs over people keep to a stated memory, whatever the size of the event set."""

from __future__ import annotations

import tracemalloc
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from people_kit import casualty_rates, country, crowd, shelter_rates
from rencheng.adapters.curve_library.library import CurveLibrary
from rencheng.adapters.risk.people.counting import DROWNED
from rencheng.domain.risk import EventHead, Events, Standing
from rencheng.model.risk.people.casualties import Rates, casualties
from rencheng.model.risk.people.responses import Job, drownings, flooded, in_water, presence, rapid
from risk_kit import assets, event_set, fragility

POINTS, EVENTS, BUDGET_MB = 1_000, 2_000, 2.0
CURVES = [CurveLibrary(Path("nowhere")).get(name) for name in DROWNED]
FRAME = fragility([0.1, 0.2, 0.4, 0.8], [0.6] * 4)


class Slow:
    """A set that is made when it is asked for: every event reaches every point."""

    def __init__(self, points: int, events: int, measure: str) -> None:
        self.head = EventHead(
            place=np.column_stack([np.arange(points) / 1e4, np.zeros(points)]),
            rate=np.full(events, 0.01), names=("e",) * events, measure=measure,
            unit={"MMI": "1", "PGA": "g"}.get(measure, "m"), source="made up for a test",
        )  # fmt: skip
        self.start = np.arange(events + 1, dtype=np.int64) * points
        self.points = points

    def block(self, first: int, last: int) -> tuple[np.ndarray, np.ndarray]:
        many = last - first
        point = np.tile(np.arange(self.points, dtype=np.int32), many)
        return point, np.ones(many * self.points, dtype=np.float32)


def job(measure: str, points: int = POINTS, events: int = EVENTS) -> Job:
    people = crowd([1.0] * points, rise_m_h=np.ones(points))
    folio = assets(list(range(points)), [[1.0]] * points)
    return Job(
        source=Slow(points, events, measure), portfolio=folio, crowd=people, budget_mb=BUDGET_MB
    )


def hurt(made: Job) -> object:
    rates = Rates(
        casualties=casualty_rates(), shelter=shelter_rates(),
        type=np.zeros(made.portfolio.point.size, dtype=np.int32),
    )  # fmt: skip
    return casualties(
        made.source, made.portfolio, made.crowd, [FRAME], rates, budget_mb=made.budget_mb
    )


@pytest.mark.parametrize(
    ("measure", "work"),
    [
        ("PGA", hurt),
        ("MMI", lambda made: rapid(made, country())),
        ("water_depth", lambda made: drownings(made, CURVES)),
        ("water_depth", in_water),
        ("water_depth", lambda made: flooded(made, shelter_rates())),
        ("water_depth", presence),
    ],
)
def test_a_job_eight_times_its_budget_stays_within_it(
    measure: str, work: Callable[[Job], object]
) -> None:
    made = job(measure)
    assert made.source.start[-1] * 8 >= 8 * BUDGET_MB * 1e6
    work(job(measure, 2, 2))  # compiled before
    tracemalloc.start()
    try:
        work(made)
        assert tracemalloc.get_traced_memory()[1] <= BUDGET_MB * 1e6
    finally:
        tracemalloc.stop()


def test_an_empty_set_and_an_empty_crowd_are_results() -> None:
    none = Events(
        head=event_set([], 2, []).head, start=np.zeros(1, np.int64),
        point=np.zeros(0, np.int32), intensity=np.zeros(0, np.float32),
    )  # fmt: skip
    found = presence(Job(source=none, portfolio=assets([0], [[1.0]]), crowd=crowd([5.0])))
    assert found.central.shape == (0, 1)
    assert found.standing.tolist() == [Standing.NOT_EXPOSED]
    folio = replace(assets([0], [[1.0]]), id=(), point=np.zeros(0, np.int32),
                    curve=np.zeros((0, 1), np.int32), value=np.zeros((0, 1)))  # fmt: skip
    nobody = Job(source=event_set([{0: 1.0}], 1), portfolio=folio, crowd=crowd([]))
    assert in_water(nobody).central.tolist() == [[0.0] * 6]


def test_progress_is_told_block_by_block() -> None:
    told: list[tuple[int, int]] = []
    made = job("water_depth", 500, 400)
    work = Job(
        source=made.source, portfolio=made.portfolio, crowd=made.crowd, budget_mb=1.5,
        progress=lambda done, of: told.append((done, of)),
    )  # fmt: skip
    presence(work)
    assert len(told) > 1
    assert told[-1] == (400, 400)
