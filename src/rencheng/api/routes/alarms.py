"""Alarms: the list, groups in a flood, one with its history, and what people say of them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated

from fastapi import APIRouter, Depends, Query

from rencheng.api.alarms_out import (
    alarm_out,
    counts_out,
    group_out,
    rule_name,
    score_out,
    titles_of,
    verdict_out,
)
from rencheng.api.asking import CommandDep, RunDep
from rencheng.api.operations_out import delivery_out, log_line_out
from rencheng.api.paging import SliceDep
from rencheng.api.security import ActorDep, BrainDep, needs
from rencheng.api.shapes.alarms import (
    AcknowledgedOut,
    AcknowledgeIn,
    AlarmCountsOut,
    AlarmGroupOut,
    AlarmHistoryOut,
    AlarmOut,
    ConfirmIn,
    LedgerOut,
    MissIn,
    RejectIn,
    RuleNameOut,
    ShelveIn,
    VerdictOut,
)
from rencheng.api.shapes.common import Page
from rencheng.assess.verification import verify
from rencheng.bootstrap import Brain
from rencheng.domain.alarm import Alarm, Judgement, Level
from rencheng.domain.errors import NotFoundError
from rencheng.domain.identity import Actor, Permission
from rencheng.service import alarms, escalation, verdicts
from rencheng.service.alarm_list import (
    AlarmCounts,
    AlarmFilter,
    GroupBy,
    ListState,
    Reader,
    alarms_of,
    counted,
    grouped,
    urgent_first,
)
from rencheng.service.bulletins import EARTHQUAKE_RULE, TSUNAMI_RULE
from rencheng.service.escalation import Seen
from rencheng.service.house import Command, context
from rencheng.service.ownership import assets_hidden
from rencheng.service.ports import UnitOfWork

router = APIRouter(tags=["alarms"])

RuleQuery = Annotated[str, Query(max_length=200, description="Alarms of this rule only.")]
ObjectQuery = Annotated[str, Query(max_length=200, description="Alarms of this object only.")]
StateQuery = Annotated[
    ListState,
    Query(description="`listed`: active, or cleared and not yet seen; shelved ones apart."),
]
LevelQuery = Annotated[int | None, Query(ge=1, le=4, description="1 red to 4 blue.")]
MineQuery = Annotated[
    bool, Query(description="Told to a role of yours, or in your own hands, only.")
]


def _filter(usual: ListState) -> Callable[..., AlarmFilter]:
    def asked(
        state: StateQuery = usual,
        level: LevelQuery = None,
        rule: RuleQuery = "",
        object: ObjectQuery = "",  # noqa: A002 the name in the address
        mine: MineQuery = False,
    ) -> AlarmFilter:
        found = Level(level) if level else None
        return AlarmFilter(state=state, level=found, is_mine=mine, rule=rule, object=object)

    return asked


AllDep = Annotated[AlarmFilter, Depends(_filter(ListState.ALL))]
ListedDep = Annotated[AlarmFilter, Depends(_filter(ListState.LISTED))]


def reader_of(brain: Brain, actor: Actor) -> Reader:
    """Return who reads, and which objects are not theirs to see."""
    hidden = assets_hidden(actor, brain.house.cities.current())
    return Reader(actor=actor, hidden=hidden, escalation=brain.house.escalation)


@router.get("/alarms")
@needs(Permission.SITUATION_READ)
def list_alarms(
    brain: BrainDep, run: RunDep, actor: ActorDep, part: SliceDep, asked: AllDep
) -> Page[AlarmOut]:
    """Return the run's alarms: all of them newest first, the listed ones most urgent first."""
    reader, names, titles = reader_of(brain, actor), brain.names(), titles_of(brain.house)
    with brain.house.work() as work:
        found = alarms_of(work, run, reader, asked)
    if asked.state not in (ListState.ALL, ListState.OVER):
        found = urgent_first(found)
    return part.page([alarm_out(one, names, reader, titles) for one in part.cut(found)], len(found))


@router.get("/alarms/groups")
@needs(Permission.SITUATION_READ)
def list_groups(  # noqa: PLR0913
    brain: BrainDep,
    run: RunDep,
    actor: ActorDep,
    part: SliceDep,
    asked: ListedDep,
    by: GroupBy = GroupBy.RULE,
) -> Page[AlarmGroupOut]:
    """Return one line for each rule or object with alarms, the most urgent first."""
    reader, names, titles = reader_of(brain, actor), brain.names(), titles_of(brain.house)
    with brain.house.work() as work:
        found = grouped(alarms_of(work, run, reader, asked), by, reader.escalation)
    return part.page(
        [group_out(one, by, names, reader, titles) for one in part.cut(found)], len(found)
    )


@router.get("/alarms/counts")
@needs(Permission.SITUATION_READ)
def count_alarms(brain: BrainDep, run: RunDep, actor: ActorDep) -> AlarmCountsOut:
    """Return how many alarms stand in the list."""
    reader = reader_of(brain, actor)
    with brain.house.work() as work:
        return counts_out(counts_of(brain, work, run, reader))


@router.post("/alarms/acknowledge")
@needs(Permission.ALARM_ACKNOWLEDGE)
def acknowledge_many(body: AcknowledgeIn, brain: BrainDep, command: CommandDep) -> AcknowledgedOut:
    """Take note of many alarms at once: all of them, or none."""
    return AcknowledgedOut(count=alarms.acknowledge_all(brain.house, command, body.ids))


@router.get("/alarms/{alarm}")
@needs(Permission.SITUATION_READ)
def show_alarm(alarm: str, brain: BrainDep, actor: ActorDep) -> AlarmHistoryOut:
    """Return one alarm with its history: log lines, notices, and what people said of it."""
    reader, names, titles = reader_of(brain, actor), brain.names(), titles_of(brain.house)
    with brain.house.work() as work:
        found = _seen(work, alarm, reader)
        lines = work.log.about(found.run, found.id)
        sent = work.deliveries.list(found.run, where={"alert": found.id})
        said = work.verdicts.list(found.run, where={"subject": found.id})
    return AlarmHistoryOut(
        alarm=alarm_out(found, names, reader, titles),
        lines=[log_line_out(one) for one in lines],
        deliveries=[delivery_out(one) for one in sent],
        verdicts=[verdict_out(one, names, titles) for one in said],
    )


@router.post("/alarms/{alarm}/acknowledge")
@needs(Permission.ALARM_ACKNOWLEDGE)
def acknowledge(alarm: str, brain: BrainDep, command: CommandDep) -> AlarmOut:
    """Take note of an alarm; a second time changes nothing."""
    return _told(brain, command, alarms.acknowledge(brain.house, command, alarm))


@router.post("/alarms/{alarm}/confirm")
@needs(Permission.ALARM_CONFIRM)
def confirm(alarm: str, body: ConfirmIn, brain: BrainDep, command: CommandDep) -> AlarmOut:
    """Say that an alarm is true; it is pushed to whoever takes alarms, and counts as a hit."""
    found = verdicts.confirm(
        brain.house, command, alarm, _saw(body), body.reason, occurred=body.occurred
    )
    brain.wake(command.run)
    return _told(brain, command, found)


@router.post("/alarms/{alarm}/reject")
@needs(Permission.ALARM_CONFIRM)
def reject(alarm: str, body: RejectIn, brain: BrainDep, command: CommandDep) -> AlarmOut:
    """Say that an alarm is false; it counts as a false alarm of its rule."""
    found = verdicts.reject(brain.house, command, alarm, _saw(body), body.reason)
    brain.wake(command.run)
    return _told(brain, command, found)


@router.post("/alarms/{alarm}/shelve")
@needs(Permission.ALARM_CONFIRM)
def shelve(alarm: str, body: ShelveIn, brain: BrainDep, command: CommandDep) -> AlarmOut:
    """Lay an alarm aside until a time; it comes back by itself then, or when it gets worse."""
    found = escalation.shelve(brain.house, command, alarm, _saw(body), body.until, body.reason)
    return _told(brain, command, found)


@router.post("/alarms/{alarm}/unshelve")
@needs(Permission.ALARM_CONFIRM)
def unshelve(alarm: str, brain: BrainDep, command: CommandDep) -> AlarmOut:
    """Put a shelved alarm back now."""
    return _told(brain, command, escalation.unshelve(brain.house, command, alarm))


@router.get("/verdicts")
@needs(Permission.ASSESS_READ)
def list_verdicts(
    brain: BrainDep, run: RunDep, part: SliceDep, rule: RuleQuery = ""
) -> Page[VerdictOut]:
    """Return the ledger's lines, newest first: of one rule, or of all."""
    names, titles = brain.names(), titles_of(brain.house)
    where = {"rule": rule} if rule else None
    with brain.house.work() as work:
        found = part.cut(work.verdicts.list(run, where=where, limit=part.end))
        total = work.verdicts.count(run, where=where)
    return part.page([verdict_out(one, names, titles) for one in found], total)


@router.get("/verdicts/rules")
@needs(Permission.ASSESS_READ)
def ledger(brain: BrainDep, run: RunDep) -> LedgerOut:
    """Return the score of each rule by the ledger as it stands, and all rules by name."""
    with brain.house.work() as work:
        said = verdicts.standing(work, run)
        used = {one.rule for one in work.alarms.list(run)}
    titles = titles_of(brain.house)
    watched = (rule.id for rule in brain.house.watch.rules)
    known = {EARTHQUAKE_RULE, TSUNAMI_RULE, *watched, *used}
    return LedgerOut(
        scores=[score_out(one, titles) for one in verify(said)],
        rules=[RuleNameOut(rule=one, name=rule_name(one, titles)) for one in sorted(known)],
    )


@router.post("/verdicts", status_code=201)
@needs(Permission.VERDICT_WRITE)
def enter_miss(body: MissIn, brain: BrainDep, command: CommandDep) -> VerdictOut:
    """Enter an event that no alarm told of."""
    missed = verdicts.MissedEvent(
        rule=body.rule, object=body.object, occurred=body.occurred, reason=body.reason
    )
    found = verdicts.enter_miss(brain.house, command, missed)
    brain.wake(command.run)
    return verdict_out(found, brain.names(), titles_of(brain.house))


def counts_of(brain: Brain, work: UnitOfWork, run: str, reader: Reader) -> AlarmCounts:
    """Count the alarms that somebody may see."""
    at = context(brain.house, work, run).at
    listed = work.alarms.list(run, where={"is_listed": "true"})
    return counted([one for one in listed if one.object not in reader.hidden], reader.actor, at)


def _seen(work: UnitOfWork, key: str, reader: Reader) -> Alarm:
    found = work.alarms.find(key)
    if found is None or found.object in reader.hidden:
        raise NotFoundError(
            "alarm.hidden", f"there is no alarm {key!r}", hint="Look it up in the list again"
        )
    return found


def _told(brain: Brain, command: Command, alarm: Alarm) -> AlarmOut:
    return alarm_out(alarm, brain.names(), reader_of(brain, command.actor), titles_of(brain.house))


def _saw(body: ConfirmIn | RejectIn | ShelveIn) -> Seen:
    return Seen(Level(body.level), Judgement(body.judgement))
