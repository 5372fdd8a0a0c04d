"""Records of a run in which everything went well, to be spoilt one thing at a time."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

from rencheng.domain.assessment import Records
from tiny_impact import ORIGIN


def after(minutes: float):
    return ORIGIN + timedelta(minutes=minutes)


def make_records(**changes: object) -> Records:
    records = Records(
        origin_time=ORIGIN, first_observation=after(1), first_alarm=after(2),
        first_decision=after(12), first_alert_sent=after(15), first_task_acknowledged=after(20),
        first_task_done=after(60), tasks=10, tasks_in_time=8, proposals=5, proposals_decided=4,
        alerts_sent=2, log_lines=40, log_is_whole=True, streams_ok=10, streams_total=11,
        models_approved=1, damage_reports=50, cycles=9,
    )  # fmt: skip
    return replace(records, **changes)  # type: ignore[arg-type]


def empty_records() -> Records:
    return make_records(
        origin_time=None, first_observation=None, first_alarm=None, first_decision=None,
        first_alert_sent=None, first_task_acknowledged=None, first_task_done=None, tasks=0,
        tasks_in_time=0, proposals=0, proposals_decided=0, alerts_sent=0, log_lines=0,
        log_is_whole=None, streams_ok=0, streams_total=11, models_approved=0, damage_reports=0,
        cycles=0,
    )  # fmt: skip
