"""The door of devices: good items kept, bad ones answered by index and reason."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from math import inf, nan

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ops_kit import CHIEF, DEVICE, T0, Kit
from rencheng.domain.errors import ConflictError, NotAllowedError, NotFoundError, TooMuchError
from rencheng.domain.observation import Quality, QualityReason
from rencheng.service.ingest import ObservationItem, Rejection, ingest_observations
from rencheng.service.intake import MAX_ROWS


def item(key: str, second: float = 0.0, value: float = 0.1, **changes: object) -> ObservationItem:
    made = ObservationItem(
        id=key,
        datastream="tide-1",
        value=value,
        unit="m",
        phenomenon_time=T0 + timedelta(seconds=second),
    )
    return msgspec.structs.replace(made, **changes)


def test_what_is_good_is_kept_and_what_is_bad_is_answered_by_index(kit: Kit) -> None:
    items = [
        item("a"),
        item("b", datastream="nobody"),
        item("c", unit="cm"),
        item("d", value=nan),
        item("e", value=inf),
        item("f", 61.0),
        item(""),
        Rejection(index=99, id="g", key="malformed"),
        item("h", 60.0),
        item("i", phenomenon_time=T0.replace(tzinfo=None)),
    ]
    result = ingest_observations(kit.house, kit.order(DEVICE), "b1", items)
    assert (result.accepted, result.duplicate, result.suspect) == (2, 0, 0)
    assert [(one.index, one.key) for one in result.rejected] == [
        (1, "unknown_datastream"),
        (2, "unit"),
        (3, "not_a_number"),
        (4, "not_a_number"),
        (5, "future"),
        (6, "no_id"),
        (7, "malformed"),
        (9, "no_zone"),
    ]
    assert kit.see(lambda work: work.observations.counts("live")) == {"tide-1": (2, 0)}
    assert kit.actions() == ["ingest.rejected"]


def test_replaying_a_batch_any_number_of_times_leaves_one_record(kit: Kit) -> None:
    items = [item("a"), item("b", 60.0, unit="cm"), item("a")]
    answers = [ingest_observations(kit.house, kit.order(DEVICE), "b1", items) for _ in range(5)]
    assert answers == [answers[0]] * 5
    assert answers[0].duplicate == 1
    assert kit.see(lambda work: work.observations.counts("live")) == {"tide-1": (1, 0)}
    assert len(kit.events()) == 1


def test_the_same_values_in_another_batch_are_known(kit: Kit) -> None:
    items = [item(f"o{n}", 60.0 * n, 0.01 * n) for n in range(4)]
    kit.clock.forward(minutes=10)
    ingest_observations(kit.house, kit.order(DEVICE), "b1", items)
    again = ingest_observations(
        kit.house, kit.order(DEVICE), "b2", [*items, item("o9", 300.0, 0.05)]
    )
    assert (again.accepted, again.duplicate, again.suspect) == (1, 4, 0)


def test_a_batch_id_with_other_values_is_refused_not_swallowed(kit: Kit) -> None:
    ingest_observations(kit.house, kit.order(DEVICE), "b1", [item("a")])
    with pytest.raises(ConflictError):
        ingest_observations(kit.house, kit.order(DEVICE), "b1", [item("b")])


def test_a_flag_stands_beside_the_raw_value_and_never_changes_it(kit: Kit) -> None:
    kit.clock.forward(minutes=10)
    values = [0.1, 99.0, 0.2, 0.2, 0.2, 0.2, 0.2, 0.21]
    items = [item(f"o{n}", 60.0 * n, value) for n, value in enumerate(values)]
    result = ingest_observations(kit.house, kit.order(DEVICE), "b1", items)
    kept = kit.see(lambda work: work.observations.recent("live", "tide-1", kit.clock(), 99))
    assert [one.value for one in kept] == values
    flags = [set(one.verdict.reasons) for one in kept]
    assert flags[1] == {QualityReason.RANGE, QualityReason.RATE}
    assert flags[6] == {QualityReason.STUCK}
    assert [n for n, flag in enumerate(flags) if flag] == [1, 6]
    assert result.suspect == 2


def test_verdicts_do_not_depend_on_how_values_are_cut_into_batches(kit: Kit) -> None:
    kit.clock.forward(hours=1)
    values = [0.1, 9.0, 77.0, 0.3] + [0.3] * 12 + [3.0, 0.4]
    items = [item(f"o{n}", 60.0 * n, value) for n, value in enumerate(values)]
    whole, cut = kit.replay("whole"), kit.replay("cut")
    kit.clock.forward(hours=1)
    ingest_observations(kit.house, kit.order(DEVICE, whole), "b", items)
    for n, one in enumerate(items):
        ingest_observations(kit.house, kit.order(DEVICE, cut), f"b{n}", [one])
    seen = [
        [
            one.verdict
            for one in kit.see(
                lambda work, run=run: work.observations.recent(run, "tide-1", kit.clock(), 99)
            )
        ]
        for run in (whole, cut)
    ]
    assert seen[0] == seen[1]
    assert seen[0][-1].quality is Quality.GOOD


def test_a_token_writes_its_own_streams_only(kit: Kit) -> None:
    items = [item("a"), item("b", datastream="prs-1", unit="kPa")]
    result = ingest_observations(kit.house, kit.order(DEVICE), "b1", items, datastreams=("tide-1",))
    assert [(one.index, one.key) for one in result.rejected] == [(1, "not_allowed")]


def test_a_run_has_its_own_clock_and_its_own_values(kit: Kit) -> None:
    run = kit.replay()
    kit.clock.forward(days=400)
    kit.keep(lambda work: work.runs.replace(replace(work.runs.get(run), speed=0.0)))
    result = ingest_observations(kit.house, kit.order(DEVICE, run), "b", [item("a", 61.0)])
    assert [one.key for one in result.rejected] == ["future"]
    assert kit.see(lambda work: work.observations.counts("live")) == {}


def test_a_run_that_is_over_or_unknown_takes_nothing(kit: Kit) -> None:
    run = kit.replay()
    kit.keep(lambda work: work.runs.replace(replace(work.runs.get(run), is_over=True)))
    with pytest.raises(ConflictError):
        ingest_observations(kit.house, kit.order(DEVICE, run), "b", [item("a")])
    with pytest.raises(NotFoundError):
        ingest_observations(kit.house, kit.order(DEVICE, "nowhere"), "b", [item("a")])


def test_only_devices_ingest_and_not_without_end(kit: Kit) -> None:
    with pytest.raises(NotAllowedError):
        ingest_observations(kit.house, kit.order(CHIEF), "b", [item("a")])
    with pytest.raises(TooMuchError):
        ingest_observations(kit.house, kit.order(DEVICE), "b", [item("a")] * (MAX_ROWS + 1))


@given(st.lists(st.tuples(st.integers(0, 5), st.floats(), st.integers(-99, 99)), max_size=12))
def test_every_item_is_accepted_known_or_refused(
    kit: Kit, rows: list[tuple[int, float, int]]
) -> None:
    items = [item(f"o{key}", float(second), value) for key, value, second in rows]
    run = kit.replay(f"r{kit.see(lambda work: len(work.runs.list('')))}")
    result = ingest_observations(kit.house, kit.order(DEVICE, run), "b", items)
    assert result.accepted + result.duplicate + len(result.rejected) == len(items)
    counted = kit.see(lambda work: work.observations.counts(run)).get("tide-1", (0, 0))
    assert counted == (result.accepted, result.suspect)
