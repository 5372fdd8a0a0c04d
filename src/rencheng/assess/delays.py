"""The brain's own delays: until it noticed, until somebody decided, until somebody acted."""

from __future__ import annotations

from datetime import datetime

from rencheng.domain.assessment import Records
from rencheng.domain.provenance import UNKNOWN, Band, Figure, Origin, Text, Why

MODEL = "assess.delays"


def delays(records: Records, *, at: datetime) -> tuple[Figure, ...]:
    """Measure the delays from the run's own records.

    Returns
    -------
    figures
        Minutes; unknown while the later of the two times is not there, or when it lies before the
        earlier one. Sensing and detection and warning count from the origin of the event, decision
        from the first alarm, action from the first decision.
    """
    pairs = (
        ("delay_sensing", records.origin_time, records.first_observation),
        ("delay_detection", records.origin_time, records.first_alarm),
        ("delay_warning", records.origin_time, records.first_alert_sent),
        ("delay_decision", records.first_alarm, records.first_decision),
        ("delay_action", records.first_decision, records.first_task_acknowledged),
        ("delay_done", records.first_decision, records.first_task_done),
    )
    return tuple(_figure(key, start, end, at) for key, start, end in pairs)


def _figure(key: str, start: datetime | None, end: datetime | None, at: datetime) -> Figure:
    band, notes = UNKNOWN, [Text("assess.delay.not_yet")]
    if start is not None and end is not None:
        minutes = (end - start).total_seconds() / 60
        if minutes >= 0:
            band, notes = Band(minutes, minutes, minutes), []
        else:
            notes = [Text("assess.delay.out_of_order")]
    why = Why(
        data=("own records",),
        model=MODEL,
        version="1",
        as_of=max((t for t in (start, end) if t is not None), default=at),
        notes=tuple(notes),
        origin=Origin.OBSERVED,
    )
    return Figure(key=key, band=band, unit="min", why=why)
