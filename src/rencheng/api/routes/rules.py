"""Alarm rules: what is watched for, on whose word, and how it did."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from fastapi import APIRouter

from rencheng.api.asking import RunDep
from rencheng.api.security import BrainDep, needs
from rencheng.api.shapes.common import TextOut
from rencheng.api.shapes.rules import BrokenRulesOut, RuleLevelOut, RuleOut, RulesOut
from rencheng.assess.verification import verify
from rencheng.domain.identity import Permission
from rencheng.domain.watch import WatchPack, WatchRule
from rencheng.service import verdicts

router = APIRouter(tags=["rules"])

Facts = Mapping[str, Mapping[str, Any]]
"""By rule: last start and number of alarms, and the counts of the ledger."""
_NONE: Mapping[str, Any] = {"last_fired": None, "alarms": 0, "hits": 0, "false": 0, "misses": 0}


@router.get("/rules")
@needs(Permission.SITUATION_READ)
def list_rules(brain: BrainDep, run: RunDep) -> RulesOut:
    """Return all alarm rules with their source, whether they are on, and how they did."""
    facts: dict[str, dict[str, Any]] = {}
    with brain.house.work() as work:
        for alarm in work.alarms.list(run):
            one = facts.setdefault(alarm.rule, dict(_NONE))
            before: datetime | None = one["last_fired"]
            one["last_fired"] = max(before, alarm.started) if before else alarm.started
            one["alarms"] += 1
        said = verdicts.standing(work, run)
    for score in verify(said):
        if score.rule:
            found = facts.setdefault(score.rule, dict(_NONE))
            found |= {"hits": score.hits, "false": score.false, "misses": score.misses}
    watch = brain.house.watch
    return RulesOut(
        rules=[_watched(rule, pack, facts) for pack in watch.packs for rule in pack.rules],
        broken=[BrokenRulesOut(file=name, problem=problem) for name, problem in watch.broken],
    )


def _watched(rule: WatchRule, pack: WatchPack, facts: Facts) -> RuleOut:
    return RuleOut(
        id=rule.id,
        name=TextOut(key=f"rule.{rule.id}", zh=rule.title_zh, en=rule.title_en),
        pack=pack.id,
        version=rule.version,
        jurisdiction=rule.jurisdiction,
        status=rule.status.value,
        source=rule.source,
        valid_from=rule.valid_from.isoformat(),
        input=rule.input.value,
        speaks=rule.speaks.value,
        levels=sorted({step.level.value for step in rule.steps}),
        table=[
            RuleLevelOut(
                level=level.value, text=TextOut(key=f"rule.{rule.id}.{int(level)}", zh=zh, en=en)
            )
            for level, zh, en in rule.table
        ],
        is_on=pack.is_on,
        is_own=pack.is_own,
        **facts.get(rule.id, _NONE),
    )
