"""Warnings of others: in order whatever comes first, tests withdraw nothing real."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from ops_kit import T0, Kit
from rencheng.connectors.taking import actor_of
from rencheng.domain.alert import MessageType
from rencheng.domain.errors import InvalidInputError, NotAllowedError
from rencheng.domain.warning import ForeignWarning, Signature, WarningInfo
from rencheng.service.foreign import WarningItem, in_force, take_warning
from rencheng.service.house import Command

INFO = WarningInfo(
    language="en", event="Rain", categories=("Met",), urgency="Expected", severity="Severe",
    certainty="Likely", effective=T0, onset=None, expires=T0 + timedelta(hours=6),
    sender_name="", headline="", description="", instruction="", web="", contact="",
)  # fmt: skip
FIRST = WarningItem(
    sender="o@o.example", identifier="1", sent=T0 - timedelta(minutes=10), status="Actual",
    kind=MessageType.ALERT, scope="Public", references=(), infos=(INFO,),
    signature=Signature.NONE, signed_by="", findings=(), original=b"<alert/>",
)  # fmt: skip
CANCEL = replace(
    FIRST, identifier="2", sent=T0 - timedelta(minutes=5), kind=MessageType.CANCEL,
    references=(FIRST.key,), infos=(),
)  # fmt: skip


def take(kit: Kit, item: WarningItem, feed: str = "a") -> ForeignWarning:
    return take_warning(kit.house, Command(actor=actor_of(feed), run="live"), item, feed)


def holding(kit: Kit) -> list[str]:
    with kit.house.work() as work:
        return [one.identifier for one in in_force(work, "live", kit.clock())]


@pytest.mark.parametrize("order", [(FIRST, CANCEL), (CANCEL, FIRST)])
def test_a_withdrawal_counts_in_whatever_order_it_is_heard(
    kit: Kit, order: tuple[WarningItem, ...]
) -> None:
    for item in order:
        take(kit, item)
    assert holding(kit) == []


@pytest.mark.parametrize(
    ("changes", "feed"),
    [({"status": "Test"}, "a"), ({}, "another"), ({"signature": Signature.BAD}, "a")],
)
def test_tests_other_feeds_and_forgeries_withdraw_nothing(
    kit: Kit, changes: dict[str, Any], feed: str
) -> None:
    take(kit, FIRST)
    take(kit, replace(CANCEL, **changes), feed)
    assert holding(kit) == ["1"]


@pytest.mark.parametrize("changes", [{"status": "Exercise"}, {"signature": Signature.BAD}])
def test_exercises_and_forgeries_are_kept_and_never_in_force(
    kit: Kit, changes: dict[str, Any]
) -> None:
    kept = take(kit, replace(FIRST, **changes))
    assert kept.original == b"<alert/>"
    assert holding(kit) == []


def test_a_warning_ends_by_itself_and_a_second_one_is_the_same(kit: Kit) -> None:
    assert take(kit, FIRST) == take(kit, FIRST)
    assert holding(kit) == ["1"]
    kit.clock.forward(hours=7)
    assert holding(kit) == []


def test_one_from_the_future_is_refused(kit: Kit) -> None:
    with pytest.raises(InvalidInputError):
        take(kit, replace(FIRST, sent=T0 + timedelta(hours=1)))


def test_only_feeds_may_bring_warnings(kit: Kit) -> None:
    nobody = replace(actor_of("a"), roles=frozenset())
    with pytest.raises(NotAllowedError):
        take_warning(kit.house, Command(actor=nobody, run="live"), FIRST, "a")
