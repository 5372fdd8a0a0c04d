"""Alarms, their groups and counts, and the ledger of their rules as answers."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

from rencheng.adapters.words import both
from rencheng.api.shapes.alarms import (
    AlarmCountsOut,
    AlarmGroupOut,
    AlarmOut,
    RuleScoreOut,
    VerdictOut,
)
from rencheng.api.shapes.common import TextOut
from rencheng.api.telling import band_out, number, text_out
from rencheng.domain.alarm import Alarm, Judgement, RuleVerdict
from rencheng.domain.assessment import RuleScore
from rencheng.domain.provenance import Text
from rencheng.service.alarm_list import AlarmCounts, AlarmGroup, GroupBy, Reader
from rencheng.service.house import House
from rencheng.service.lookup import Gazetteer

Titles = Mapping[str, tuple[str, str]]
"""Chinese and English title of each rule and stream that has one."""


def titles_of(house: House) -> Titles:
    """Return the titles of the rules in packs, and the names of the streams."""
    streams = {one.id: (one.name, one.name) for one in house.cities.current().datastreams}
    rules = {
        one.id: (one.title_zh, one.title_en) for pack in house.watch.packs for one in pack.rules
    }
    return streams | rules


def rule_name(rule: str, titles: Titles) -> TextOut:
    """Return the name of a rule in both languages; its id when it has none."""
    if rule in titles:
        zh, en = titles[rule]
        return TextOut(key=f"rule.{rule}", zh=zh, en=en)
    return _named(rule, rule)


def object_name(key: str, names: Gazetteer, titles: Titles) -> TextOut:
    """Return the name of what an alarm is about: a place, a stream or something of ours."""
    zh, en = titles.get(key, ("", ""))
    if zh or en:
        return TextOut(key=f"object.{key}", zh=zh or en, en=en or zh)
    return _named(key, names.name(key))


def _named(key: str, otherwise: str) -> TextOut:
    """Return the words for a code of ours, or what it is called otherwise."""
    text = Text(f"code.{key}")
    zh, en = both(text)
    if zh == text.key:
        zh, en = otherwise, otherwise
    return TextOut(key=text.key, zh=zh, en=en)


def alarm_out(alarm: Alarm, names: Gazetteer, reader: Reader, titles: Titles) -> AlarmOut:
    """Return an alarm as somebody reads it."""
    coming: tuple[datetime | None, tuple[str, ...]] = (None, ())
    if (step := alarm.next_step(reader.escalation)) is not None:
        coming = step[0], step[1].roles
    return AlarmOut(
        id=alarm.id,
        rule=alarm.rule,
        rule_name=rule_name(alarm.rule, titles),
        rule_version=alarm.rule_version,
        object=alarm.object,
        object_name=object_name(alarm.object, names, titles),
        level=alarm.level.value,
        text=text_out(alarm.text),
        started=alarm.started,
        last=alarm.last,
        cleared=alarm.cleared,
        acknowledged=alarm.acknowledged,
        acknowledged_by=alarm.acknowledged_by,
        returns=alarm.returns,
        escalated=alarm.escalated,
        told=list(alarm.told),
        next_escalation=coming[0],
        next_roles=list(coming[1]),
        judgement=alarm.judgement.value,
        judged_by=alarm.judged_by,
        judged=alarm.judged,
        reason=alarm.reason,
        pushed=alarm.pushed,
        shelved_until=alarm.shelved_until,
        shelved_by=alarm.shelved_by,
        shelf_reason=alarm.shelf_reason,
        is_mine=reader.has(alarm),
        mode=alarm.mode.value,
        version=alarm.version,
    )


def counts_out(counts: AlarmCounts) -> AlarmCountsOut:
    """Return how many alarms there are."""
    return AlarmCountsOut(
        active={level.value: number for level, number in sorted(counts.active.items())},
        unacknowledged=counts.unacknowledged,
        cleared=counts.cleared,
        shelved=counts.shelved,
        mine=counts.mine,
        is_flood=counts.is_flood,
    )


def group_out(
    group: AlarmGroup, by: GroupBy, names: Gazetteer, reader: Reader, titles: Titles
) -> AlarmGroupOut:
    """Return a line that stands for many alarms."""
    return AlarmGroupOut(
        key=group.key,
        name=(
            rule_name(group.key, titles)
            if by is GroupBy.RULE
            else object_name(group.key, names, titles)
        ),
        count=group.count,
        active=group.active,
        unacknowledged=group.unacknowledged,
        newest=group.newest,
        next_escalation=group.due,
        worst=alarm_out(group.worst, names, reader, titles),
        ids=list(group.ids),
    )


def verdict_out(one: RuleVerdict, names: Gazetteer, titles: Titles) -> VerdictOut:
    """Return a line of the ledger."""
    lead = number(one.lead_s)
    return VerdictOut(
        id=one.id,
        rule=one.rule,
        rule_name=rule_name(one.rule, titles),
        rule_version=one.rule_version,
        object=one.object,
        object_name=object_name(one.object, names, titles),
        judgement=one.judgement.value,
        alarm="" if one.judgement is Judgement.MISS else one.subject,
        raised=one.raised,
        occurred=one.occurred,
        lead_min=None if lead is None else lead / 60,
        reason=one.reason,
        by=one.by,
        at=one.at,
        is_standing=one.is_standing,
        mode=one.mode.value,
    )


def score_out(one: RuleScore, titles: Titles) -> RuleScoreOut:
    """Return how good the alarms of a rule are."""
    return RuleScoreOut(
        rule=one.rule,
        name=rule_name(one.rule, titles) if one.rule else text_out(Text("rule.all")),
        hits=one.hits,
        false=one.false,
        misses=one.misses,
        pod=band_out(one.pod),
        far=band_out(one.far),
        lead_min=band_out(one.lead_min),
        leads=one.leads,
    )
