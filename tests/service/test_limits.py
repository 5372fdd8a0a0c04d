"""Learnt limits: a draft changes nothing, a person puts them in force, and takes them out again."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import numpy as np
import pytest

from ops_kit import CHIEF, DEVICE, PLANNER, T0, Kit
from rencheng.domain.errors import ConflictError, InvalidInputError, NotAllowedError
from rencheng.domain.observation import Quantity
from rencheng.domain.quality import LimitsStatus, LimitsVersion
from rencheng.service.ingest import ObservationItem, ingest_observations
from rencheng.service.judging import QualityMemory
from rencheng.service.limits import Lesson, decide, propose, undo
from rencheng.service.warming import warm_up

STREAM = "tide-1"
DAYS = 40


@pytest.fixture
def taught(kit: Kit) -> Kit:
    """A house that heard a gauge every ten minutes for forty days."""
    rng = np.random.default_rng(5)
    kit.clock.time = T0 + timedelta(days=DAYS)
    count = DAYS * 144
    values = np.round(0.5 * np.sin(np.arange(count) / 12) + rng.normal(0, 0.01, count), 3)
    items = [
        ObservationItem(
            id=f"h{n}", datastream=STREAM, value=float(value), unit="m",
            phenomenon_time=T0 + timedelta(minutes=10 * n),
        )
        for n, value in enumerate(values)
    ]  # fmt: skip
    ingest_observations(kit.house, kit.order(DEVICE), "history", items)
    return kit


LESSON = Lesson(streams=(STREAM,), start=T0, end=T0 + timedelta(days=DAYS))


def drafted(kit: Kit) -> LimitsVersion:
    return propose(kit.house, kit.order(PLANNER), LESSON)


def version(kit: Kit) -> str:
    city = kit.house.cities.current()
    return kit.house.heard.streams(city, kit.house.quality).watched.version


def test_a_draft_says_its_base_and_changes_no_verdict(taught: Kit) -> None:
    before = version(taught)
    draft = drafted(taught)
    (one,) = draft.streams
    assert draft.status is LimitsStatus.PROPOSED and draft.number == 1
    assert one.count == DAYS * 144 and one.first == T0
    assert {limit.name for limit in one.limits} == {"stuck_after"}
    assert ("rate", "event") in one.left
    assert version(taught) == before


def test_only_who_may_decides_and_a_reason_is_needed(taught: Kit) -> None:
    with pytest.raises(NotAllowedError):
        propose(taught.house, taught.order(CHIEF), LESSON)
    draft = drafted(taught)
    with pytest.raises(NotAllowedError):
        decide(
            taught.house, taught.order(CHIEF), draft.id, draft.version, approve=True, reason="so"
        )
    with pytest.raises(InvalidInputError, match="reason"):
        decide(
            taught.house, taught.order(PLANNER), draft.id, draft.version, approve=False, reason=" "
        )


def test_an_approved_version_judges_says_so_and_survives_a_start(taught: Kit) -> None:
    draft = drafted(taught)
    order = taught.order(PLANNER)
    done = decide(taught.house, order, draft.id, draft.version, approve=True, reason="looks right")
    assert done.decided_by == PLANNER.id and done.status is LimitsStatus.APPROVED
    assert version(taught).endswith("+L1")
    anew = replace(taught.house, heard=QualityMemory())
    warm_up(anew)
    streams = anew.heard.streams(anew.cities.current(), anew.quality)
    row = streams.row[STREAM]
    assert streams.watched.version.endswith("+L1")
    assert streams.watched.limits["stuck_after"][row] == draft.streams[0].limits[0].after[0]
    lines = taught.see(lambda work: [line.action for line in work.log.lines("live")])
    assert {"limits.proposed", "limits.approved"} <= set(lines)


def test_a_refused_or_decided_version_cannot_be_put_in_force(taught: Kit) -> None:
    draft = drafted(taught)
    order = taught.order(PLANNER)
    decide(taught.house, order, draft.id, draft.version, approve=False, reason="too tight")
    with pytest.raises(ConflictError):
        decide(taught.house, order, draft.id, draft.version + 1, approve=True, reason="no, fine")
    assert "+L" not in version(taught)


def test_undo_brings_back_what_held_before(taught: Kit) -> None:
    order = taught.order(PLANNER)
    first = drafted(taught)
    done = decide(taught.house, order, first.id, first.version, approve=True, reason="right")
    undo(taught.house, order, done.id, done.version, reason="too many flags")
    assert "+L" not in version(taught)
    again = drafted(taught)
    assert again.base == "" and again.number == 2


def test_a_draft_beside_limits_that_are_gone_must_be_learnt_again(taught: Kit) -> None:
    order = taught.order(PLANNER)
    first = drafted(taught)
    one = decide(taught.house, order, first.id, first.version, approve=True, reason="right")
    longer = replace(LESSON, streams=(), quantity=Quantity.WATER_LEVEL)
    with pytest.raises(InvalidInputError, match="no other limits"):
        propose(taught.house, order, longer)
    undo(taught.house, order, one.id, one.version, reason="wrong")
    second = drafted(taught)
    third = drafted(taught)
    with pytest.raises(ConflictError):
        decide(taught.house, order, second.id, second.version, approve=True, reason="right")
    decide(taught.house, order, third.id, third.version, approve=True, reason="right")
