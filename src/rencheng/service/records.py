"""What the program's own records of a run say: the evidence for delays and maturity."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta

from rencheng.domain.assessment import Records
from rencheng.domain.city import City
from rencheng.domain.hazard import BulletinKind
from rencheng.domain.incident import Task, TaskStatus
from rencheng.domain.learning import ModelStatus
from rencheng.domain.log import first_broken
from rencheng.domain.observation import Quality, Quantity
from rencheng.domain.proposal import ProposalStatus
from rencheng.service.ports import UnitOfWork
from rencheng.service.verdicts import standing

# Weakest shaking that counts as having been sensed: lower bound of instrumental intensity V.
# Wald et al. 1999, Earthquake Spectra 15(3), Table 1, doi 10.1193/1.1586058.
SENSED_G = 0.039
_LOOK_AHEAD = timedelta(hours=1)
_DONE = {TaskStatus.DONE, TaskStatus.VERIFIED}


def records(
    work: UnitOfWork,
    run: str,
    city: City,
    *,
    streams_ok: int,
    is_log_checked: bool = False,
) -> Records:
    """Gather the records of a run.

    Parameters
    ----------
    streams_ok
        Healthy datastreams now.
    is_log_checked
        Whether to walk the whole log and recompute its chain (slow for a long log); otherwise
        `log_is_whole` is None.

    Notes
    -----
    Alarms and decisions count from the origin time on, so that what preceded the event is not
    taken for an answer to it. Times are on the run's clock. The event is sensed when an
    accelerometer's good value reaches 0.039 g.
    """
    bulletins = work.bulletins.list(run)
    quakes = [b for b in bulletins if b.kind is BulletinKind.EARTHQUAKE]
    origin = max(quakes, key=lambda b: b.issued).origin_time if quakes else None
    proposals, tasks = work.proposals.list(run), work.tasks.list(run)
    people = [p for p in proposals if p.decided and p.decided_by]
    sent = [alert.sent for alert in work.alerts.list(run) if alert.sent]
    done = [task for task in tasks if task.status in _DONE]
    models = work.models.list(run)
    return Records(
        origin_time=origin,
        first_observation=_first_sensed(work, run, city, origin),
        first_alarm=_first((a.started for a in work.alarms.list(run)), origin),
        first_decision=_first((p.decided for p in people), origin),
        first_alert_sent=_first(sent, origin),
        first_task_acknowledged=_first((t.acknowledged for t in tasks), origin),
        first_task_done=_first((t.done for t in tasks), origin),
        tasks=len(tasks),
        tasks_in_time=sum(_is_in_time(task) for task in done),
        proposals=sum(p.status is not ProposalStatus.SUPERSEDED for p in proposals),
        proposals_decided=len(people),
        alerts_sent=len(sent),
        log_lines=sum(1 for _ in work.log.lines(run, limit=100_000)),
        log_is_whole=first_broken(work.log.walk()) is None if is_log_checked else None,
        streams_ok=streams_ok,
        streams_total=len(city.datastreams),
        models_approved=sum(m.status is ModelStatus.APPROVED for m in models),
        damage_reports=work.reports.count(run),
        cycles=work.cycles.count(run),
        verdicts=standing(work, run),
    )


def _first(times: Iterable[datetime | None], origin: datetime | None) -> datetime | None:
    known = [t for t in times if t is not None and (origin is None or t >= origin)]
    return min(known, default=None)


def _is_in_time(task: Task) -> bool:
    return task.done is not None and task.done <= task.due


def _first_sensed(
    work: UnitOfWork, run: str, city: City, origin: datetime | None
) -> datetime | None:
    if origin is None:
        return None
    streams = [s.id for s in city.datastreams if s.quantity is Quantity.PEAK_ACCELERATION]
    values = work.observations.series(run, streams, origin, origin + _LOOK_AHEAD)
    return _first(
        (
            o.phenomenon_time
            for o in values
            if o.verdict.quality is Quality.GOOD and o.value >= SENSED_G
        ),
        origin,
    )
