"""What comes again after a lost connection is known by its bytes, each as often as it was open."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from rencheng.connectors.mqtt.again import AWAITED, UNSURE_S, Open
from rencheng.connectors.mqtt.client import Heard

NOW = datetime(2026, 1, 1, tzinfo=UTC)
NEVER = float("-inf")


def message(
    connection: int, *, quality: int = 1, after: timedelta = timedelta(), is_again: bool = False
) -> Heard:
    return Heard(
        topic="t", body=b"1", size=1, received=NOW + after, number=1, quality=quality,
        is_again=is_again, is_kept=False, connection=connection,
    )  # fmt: skip


def batch(
    open_: Open, *messages: Heard, said: int, lost: float = NEVER, now: float = 0.0
) -> list[bool]:
    """Take messages of one and the same content in; `said`: connection of the answer."""
    expected = open_.expected(lost)
    found = [expected.has(one, ("s", 1)) for one in messages]
    open_.settle(expected, said, now)
    return found


def test_equal_messages_on_a_connection_that_holds_all_count() -> None:
    open_ = Open()
    for now in range(5):
        assert batch(open_, message(1), message(1), said=1, now=now) == [False, False]


def test_what_could_not_be_acknowledged_comes_once_more_and_then_no_more() -> None:
    open_ = Open()
    assert batch(open_, message(1), message(1), said=0) == [False, False]
    assert batch(open_, message(2), message(2), message(2), said=2) == [True, True, False]


def test_it_is_known_within_one_batch() -> None:
    assert batch(Open(), message(1), message(2), message(2), said=2) == [False, True, False]


def test_it_is_still_known_when_the_connection_is_lost_again() -> None:
    open_ = Open()
    batch(open_, message(1), said=0)
    assert batch(open_, message(2), said=0) == [True]
    assert batch(open_, message(3), message(3), said=3) == [True, False]


def test_an_acknowledgement_just_before_the_end_may_not_have_arrived() -> None:
    for age, comes in ((UNSURE_S / 2, True), (UNSURE_S * 2, False)):
        open_ = Open()
        batch(open_, message(1), said=1, now=10.0)
        assert batch(open_, message(2), said=2, lost=10.0 + age, now=20.0) == [comes]


def test_a_batch_that_is_tried_again_changes_nothing_before_it_is_durable() -> None:
    open_ = Open()
    batch(open_, message(1), said=0)
    expected = open_.expected(NEVER)
    assert expected.has(message(2), ("s", 1))  # and the store fails
    assert batch(open_, message(2), said=2) == [True]


def test_what_does_not_come_soon_is_no_longer_awaited() -> None:
    open_ = Open()
    batch(open_, message(1), message(1), said=0)
    assert batch(open_, message(2), said=2) == [True]
    late = message(2, after=AWAITED + timedelta(seconds=1))
    assert batch(open_, late, said=2) == [False]


def test_what_was_never_promised_does_not_come_again() -> None:
    open_ = Open()
    batch(open_, message(1, quality=0), said=0)
    assert batch(open_, message(2, quality=0), message(2), said=2) == [False, False]


def test_from_a_broker_that_marks_its_repeats_nothing_else_is_one() -> None:
    open_ = Open()
    batch(open_, message(1), message(1), said=0)
    assert batch(open_, message(2, is_again=True), message(2), said=0) == [True, False]
    assert batch(open_, message(2), said=2) == [False], "the tip of a bucket, as before"
    assert batch(open_, message(3), said=3) == [True], "a connection later nothing is known of it"
