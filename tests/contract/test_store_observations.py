"""What every store promises of observations and what is said beside them."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

from rencheng.domain.observation import Observation, Quality, QualityReason, Verdict
from rencheng.domain.sensing import ObservationDetails
from store_kit import T0, Work, heard, keep


def unnamed(one: Observation | None) -> Observation | None:
    """Return the observation without its id: the store gives it one of its own."""
    return None if one is None else replace(one, id="")


def test_an_observation_is_kept_once(work: Work) -> None:
    items = [heard("o1", "s", 0, 1.0), heard("o2", "s", 1, 2.0), heard("o1", "s", 0, 9.0)]
    assert keep(work, lambda unit: unit.observations.add(items)) == {"o1"}
    assert keep(work, lambda unit: unit.observations.add(items)) == {"o1", "o2"}
    with work() as unit:
        assert [
            item.value for item in unit.observations.recent("r1", "s", T0 + timedelta(1), 9)
        ] == [1.0, 2.0]
        assert unit.observations.counts("r1") == {"s": (2, 0)}


def test_one_id_of_two_streams_is_two_observations(work: Work) -> None:
    items = [heard("o1", "s", 0, 1.0), heard("o1", "t", 0, 2.0)]
    assert keep(work, lambda unit: unit.observations.add(items)) == set()


def test_the_same_id_in_another_run_is_another_observation(work: Work) -> None:
    keep(work, lambda unit: unit.observations.add([heard("o1", "s", 0, 1.0)]))
    other = [heard("o1", "s", 0, 1.0, run="r2")]
    assert keep(work, lambda unit: unit.observations.add(other)) == set()


def test_the_last_good_value_stands_beside_the_last(work: Work) -> None:
    bad = Verdict(quality=Quality.SUSPECT, reasons=(QualityReason.RANGE,), version="1")
    items = [
        heard("1", "s", 0, 1.0),
        heard("2", "s", 10, 99.0, verdict=bad),
        heard("3", "t", 5, 7.0),
        heard("4", "u", 5, 50.0, verdict=bad),
        heard("5", "t", 60, 8.0),
    ]
    keep(work, lambda unit: unit.observations.add(items))
    with work() as unit:
        seen, at = unit.observations, T0 + timedelta(seconds=30)
        told = {
            name: [
                unnamed(one)
                for one in (seen.recent("r1", name, at, 1)[0], seen.last_good("r1", name, at))
            ]
            for name in ("s", "t", "u")
        }
        assert told == {
            "s": [unnamed(items[1]), unnamed(items[0])],
            "t": [unnamed(items[2]), unnamed(items[2])],
            "u": [unnamed(items[3]), None],
        }
        assert unit.observations.counts("r1")["s"] == (2, 1)
        found = unit.observations.series("r1", ["t", "s"], T0, T0 + timedelta(seconds=7))
        assert [unnamed(one) for one in found] == [unnamed(items[0]), unnamed(items[2])]
        assert len({one.id for one in found}) == 2


def test_details_of_observations_are_found_by_id_and_time_and_replaced(work: Work) -> None:
    first = ObservationDetails(id="s@5-0a", datastream="s", at=5, end=7, result="wet")
    moved = ObservationDetails(id="s@9-0b", datastream="s", at=9, end=9, result=1, result_at=10)
    with work() as unit:
        unit.details.put([first, moved])
        unit.details.put([replace(first, result="dry")])
        unit.commit()
    with work() as unit:
        assert unit.details.of(["s@5-0a", "none"]) == {"s@5-0a": replace(first, result="dry")}
        assert unit.details.between(["s"], 0, 99, limit=1, is_newest_first=True) == [moved]
        assert unit.details.spans(["s", "t"]) == {"s": (5, 9, 10, 10)}
        assert unit.details.told(["s", "t"]) == 2
        unit.details.put([replace(moved, is_raw=True, is_withdrawn=True)])
        unit.details.drop(["s@5-0a"])
        assert unit.details.told(["s"]) == -1
        unit.details.forget("s")
        assert unit.details.between(["s"], 0, 99) == []
