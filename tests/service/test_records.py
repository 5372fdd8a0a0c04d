"""Damage reports, model versions, incidents, the log: kept, decided, proved."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from math import nan

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ops_kit import AUDITOR, CHIEF, DEVICE, DUTY, FIELD, PLANNER, POWER, T0, Clock, Kit
from rencheng.domain.errors import ConflictError, InvalidInputError, NotAllowedError
from rencheng.domain.hazard import BulletinKind
from rencheng.domain.impact import DamageState
from rencheng.domain.incident import IncidentStatus
from rencheng.domain.learning import ModelStatus, ModelVersion
from rencheng.domain.log import GENESIS
from rencheng.domain.provenance import Mode
from rencheng.service import audit, damage_reports, incidents, learning
from rencheng.service.house import new_id
from rencheng.service.ingest import (
    BulletinItem,
    DamageReportItem,
    ingest_bulletin,
    ingest_damage_reports,
)

REPORT = DamageReportItem(
    id="d1", building=3, xy=(nan, nan), state=DamageState.EXTENSIVE, reported=T0
)
LEARNT = ModelVersion(
    id="", base="hazus", adjustments=(), reports_used=80, reports_held_out=20,
    log_score_before=-1.2, log_score_after=-1.0, brier_before=0.3, brier_after=0.2,
    status=ModelStatus.APPROVED, created=T0, mode=Mode.LIVE, run="",
)  # fmt: skip


def test_a_report_from_the_field_carries_who_sent_it_and_where(kit: Kit) -> None:
    report = damage_reports.add(kit.house, kit.order(FIELD), replace(REPORT, id=""))
    x, y = kit.house.cities.current().buildings.xy[3]
    assert (report.reporter, report.xy) == ("field", (x, y))
    with pytest.raises(NotAllowedError):
        damage_reports.add(kit.house, kit.order(CHIEF), REPORT)


@pytest.mark.parametrize(
    "changes",
    [
        {"building": 10**6}, {"building": -1}, {"building": -1, "xy": (0.0, 0.0)},
        {"xy": (1e308, 0.0)},
        {"reported": T0 + timedelta(hours=1)}, {"reported": T0.replace(tzinfo=None)},
    ],
)  # fmt: skip
def test_a_report_that_cannot_be_placed_is_refused(kit: Kit, changes: dict[str, object]) -> None:
    with pytest.raises(InvalidInputError):
        damage_reports.add(kit.house, kit.order(FIELD), replace(REPORT, **changes))


def test_reports_in_a_batch_are_kept_once_and_answered_by_index(kit: Kit) -> None:
    items = [REPORT, replace(REPORT, id="d2", building=10**6), replace(REPORT, id=""), REPORT]
    for _ in range(2):
        result = ingest_damage_reports(kit.house, kit.order(DEVICE), "b1", items)
        assert (result.accepted, result.duplicate) == (1, 1)
        assert [(one.index, one.key) for one in result.rejected] == [
            (1, "unknown_building"), (2, "no_id"),
        ]  # fmt: skip
    assert kit.see(lambda work: work.reports.count("live")) == 1


def test_nothing_learnt_is_in_force_without_approval(kit: Kit) -> None:
    first = learning.propose(kit.house, kit.order(PLANNER), LEARNT)
    assert first.status is ModelStatus.PROPOSED
    assert kit.see(lambda work: learning.in_force(work, "live")) is None
    approved = learning.decide(kit.house, kit.order(PLANNER), first.id, 1, approve=True)
    assert kit.see(lambda work: learning.in_force(work, "live")) == approved


def test_approving_retires_the_version_before(kit: Kit) -> None:
    made = []
    for _ in range(2):
        one = learning.propose(kit.house, kit.order(PLANNER), LEARNT)
        made.append(learning.decide(kit.house, kit.order(PLANNER), one.id, 1, approve=True))
    assert kit.see(lambda work: work.models.get(made[0].id)).status is ModelStatus.RETIRED
    assert kit.see(lambda work: learning.in_force(work, "live")) == made[1]


def test_a_version_is_decided_once_and_refused_with_a_reason(kit: Kit) -> None:
    one = learning.propose(kit.house, kit.order(PLANNER), LEARNT)
    with pytest.raises(InvalidInputError):
        learning.decide(kit.house, kit.order(PLANNER), one.id, 1, approve=False)
    learning.decide(kit.house, kit.order(PLANNER), one.id, 1, approve=False, reason="样本太少")
    with pytest.raises(ConflictError):
        learning.decide(kit.house, kit.order(PLANNER), one.id, 2, approve=True)
    with pytest.raises(NotAllowedError):
        learning.decide(kit.house, kit.order(CHIEF), one.id, 2, approve=True)


def test_what_a_replay_taught_stays_in_the_replay(kit: Kit) -> None:
    run = kit.replay()
    one = learning.propose(kit.house, kit.order(PLANNER, run), LEARNT)
    learning.decide(kit.house, kit.order(PLANNER, run), one.id, 1, approve=True)
    assert kit.see(lambda work: learning.in_force(work, "live")) is None


def test_an_incident_moves_on_by_decision_and_a_closed_one_stays_closed(kit: Kit) -> None:
    item = BulletinItem(
        id="b", event="e", kind=BulletinKind.TSUNAMI_ALERT, issuer="SHOA", issued=T0,
        origin_time=T0, lon=-71.6, lat=-31.5, depth_km=nan, magnitude=nan, magnitude_sd=nan,
        text="", source="",
    )  # fmt: skip
    ingest_bulletin(kit.house, kit.order(DEVICE), item)
    incident = kit.see(lambda work: incidents.current(work, "live"))
    for status in (IncidentStatus.RECOVERING, IncidentStatus.CLOSED):
        order = kit.order(CHIEF)
        incident = incidents.set_status(kit.house, order, incident.id, incident.version, status)
    assert kit.see(lambda work: incidents.current(work, "live")) is None
    with pytest.raises(ConflictError):
        incidents.set_status(
            kit.house, kit.order(CHIEF), incident.id, incident.version, IncidentStatus.RESPONDING
        )
    with pytest.raises(NotAllowedError):
        incidents.set_status(kit.house, kit.order(DUTY), incident.id, 3, IncidentStatus.CLOSED)


def test_a_note_is_a_line_of_the_chain_once(kit: Kit) -> None:
    made = {audit.note(kit.house, kit.order(DUTY, id="k"), " 交接班 ").seq for _ in range(3)}
    assert made == {1}
    assert audit.lines(kit.house, AUDITOR, "live")[0].params == {"text": "交接班"}
    whole = audit.check(kit.house, AUDITOR)
    assert (whole.lines, whole.first_broken) == (1, None)
    assert whole.head != GENESIS


def test_the_log_is_not_for_everybody_and_not_for_nothing(kit: Kit) -> None:
    with pytest.raises(NotAllowedError):
        audit.lines(kit.house, POWER, "live")
    with pytest.raises(NotAllowedError):
        audit.check(kit.house, POWER)
    with pytest.raises(NotAllowedError):
        audit.note(kit.house, kit.order(AUDITOR), "x")
    with pytest.raises(InvalidInputError):
        audit.note(kit.house, kit.order(DUTY), "  ")


@given(st.integers(0, 10**9))
def test_ids_are_uuids_that_sort_by_time(milliseconds: int) -> None:
    clock = Clock()
    first = new_id(clock())
    clock.forward(milliseconds=milliseconds + 1)
    second = new_id(clock())
    assert first < second
    assert (first[14], first[19] in "89ab") == ("7", True)
