"""Maturity L1 to L4 with evidence: each condition is proven by records and layers, or it is not."""

from __future__ import annotations

from datetime import timedelta

from rencheng.domain.assessment import CurveMeasures, MaturityLevel, Records
from rencheng.domain.city import City
from rencheng.domain.impact import Impact
from rencheng.domain.provenance import Origin, Text

# The framework names four levels (digital, smart, new smart, smart resilient) and no conditions.
# The conditions and all numbers here are ours.
LAYERS_KNOWN = 0.6
STREAMS_OK_L1, STREAMS_OK_L2 = 0.5, 0.8
DETECTED_WITHIN = timedelta(minutes=10)
SAMPLES = 50
DECIDED_WITHIN = timedelta(minutes=60)
DECIDED_SHARE = 0.5
TASKS_IN_TIME = 0.5
REPORTS = 30
COVERAGE = 0.8


def maturity(
    city: City,
    impact: Impact | None,
    curves: tuple[CurveMeasures, ...],
    records: Records,
    coverage: float,
) -> tuple[MaturityLevel, ...]:
    """Check the conditions of the four levels.

    Parameters
    ----------
    coverage
        Share of all indicators that could be measured. [1]

    Notes
    -----
    A condition that cannot be checked does not hold. The definitions are the program's own.
    """
    return (
        MaturityLevel(level=1, conditions=_digital(city, records)),
        MaturityLevel(level=2, conditions=_smart(impact, records)),
        MaturityLevel(level=3, conditions=_new_smart(records)),
        MaturityLevel(level=4, conditions=_resilient(curves, records, coverage)),
    )


def level_reached(levels: tuple[MaturityLevel, ...]) -> int:
    """Return the highest level that holds with all below it; 0: not even the first."""
    reached = 0
    for level in sorted(levels, key=lambda one: one.level):
        if not level.is_reached:
            break
        reached = level.level
    return reached


def _share(part: float, whole: float) -> float:
    return part / whole if whole > 0 else 0.0


def _percent(share: float) -> float:
    return 100 * share


def _digital(city: City, records: Records) -> tuple[tuple[Text, bool], ...]:
    known = [layer for layer in city.layers if layer.origin is not Origin.MISSING]
    share = _share(len(known), len(city.layers))
    streams = _share(records.streams_ok, records.streams_total)
    return (
        (
            Text(
                "assess.l1.layers",
                {"known": len(known), "layers": len(city.layers), "need": _percent(LAYERS_KNOWN)},
            ),
            share >= LAYERS_KNOWN,
        ),
        (Text("assess.l1.sources"), bool(known) and all(layer.source for layer in known)),
        (
            Text(
                "assess.l1.streams",
                {
                    "ok": records.streams_ok, "total": records.streams_total,
                    "need": _percent(STREAMS_OK_L1),
                },
            ),
            streams >= STREAMS_OK_L1,
        ),
        (Text("assess.l1.log", {"lines": records.log_lines}), records.log_lines > 0),
    )  # fmt: skip


def _smart(impact: Impact | None, records: Records) -> tuple[tuple[Text, bool], ...]:
    within = _within(records, DETECTED_WITHIN, alarm=True)
    streams = _share(records.streams_ok, records.streams_total)
    minutes = DETECTED_WITHIN.total_seconds() / 60
    return (
        (Text("assess.l2.cycles", {"cycles": records.cycles}), records.cycles > 0),
        (
            Text("assess.l2.forecast", {"need": SAMPLES}),
            impact is not None and impact.samples >= SAMPLES,
        ),
        (Text("assess.l2.detected", {"minutes": minutes}), within),
        (
            Text("assess.l2.streams", {"need": _percent(STREAMS_OK_L2)}),
            streams >= STREAMS_OK_L2,
        ),
    )


def _new_smart(records: Records) -> tuple[tuple[Text, bool], ...]:
    decided = _share(records.proposals_decided, records.proposals)
    in_time = _share(records.tasks_in_time, records.tasks)
    minutes = DECIDED_WITHIN.total_seconds() / 60
    return (
        (
            Text("assess.l3.decided_within", {"minutes": minutes}),
            _within(records, DECIDED_WITHIN, alarm=False),
        ),
        (
            Text(
                "assess.l3.decided",
                {
                    "decided": records.proposals_decided, "proposals": records.proposals,
                    "need": _percent(DECIDED_SHARE),
                },
            ),
            decided >= DECIDED_SHARE,
        ),
        (Text("assess.l3.warned", {"alerts": records.alerts_sent}), records.alerts_sent > 0),
        (
            Text("assess.l3.acknowledged"),
            records.first_task_acknowledged is not None,
        ),
        (
            Text(
                "assess.l3.tasks",
                {
                    "done": records.tasks_in_time, "tasks": records.tasks,
                    "need": _percent(TASKS_IN_TIME),
                },
            ),
            in_time >= TASKS_IN_TIME,
        ),
        (Text("assess.l3.log"), records.log_is_whole is True),
    )  # fmt: skip


def _resilient(
    curves: tuple[CurveMeasures, ...], records: Records, coverage: float
) -> tuple[tuple[Text, bool], ...]:
    return (
        (
            Text("assess.l4.reports", {"reports": records.damage_reports, "need": REPORTS}),
            records.damage_reports >= REPORTS,
        ),
        (
            Text("assess.l4.models", {"models": records.models_approved}),
            records.models_approved > 0,
        ),
        (Text("assess.l4.curves", {"curves": len(curves)}), bool(curves)),
        (
            Text(
                "assess.l4.coverage",
                {"coverage": _percent(coverage), "need": _percent(COVERAGE)},
            ),
            coverage >= COVERAGE,
        ),
    )


def _within(records: Records, limit: timedelta, *, alarm: bool) -> bool:
    """Say whether the first alarm or decision came soon enough after the event."""
    end = records.first_alarm if alarm else records.first_decision
    if records.origin_time is None or end is None:
        return False
    return timedelta(0) <= end - records.origin_time <= limit
