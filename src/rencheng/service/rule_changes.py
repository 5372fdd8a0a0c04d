"""Rules of the office that change while the service runs: taken up, told, and alarms settled."""

from __future__ import annotations

import logging
from collections.abc import Sequence

from rencheng.domain.alarm import Finding, Level
from rencheng.domain.identity import SYSTEM
from rencheng.domain.provenance import Text
from rencheng.domain.run import LIVE_RUN
from rencheng.domain.watch import WatchPack, WatchRule
from rencheng.service.alarms import review
from rencheng.service.house import Done, House, context, record_all

BROKEN_RULE = "rules_broken"
_BEFORE_PACKS = frozenset(
    {
        "strong_shaking", "tide_anomaly", "power_outage", "pressure_loss", "hospital_full",
        "vital_silent", "sensor_stuck",
    }
)  # fmt: skip
"""Conditions of the loop that are rules of the pack `state` now; their open alarms are over."""
_LOG = logging.getLogger(__name__)


class RuleChanges:
    """Take up the rules of the office as soon as their files have changed and lie still.

    The rules then start as after a restart: what they would remember is read from the history.
    An open alarm of a rule that is still on stays where the new version, or nothing known, does
    not say otherwise; its level and version follow. One of a rule that is gone or off is cleared.
    A file that cannot be used leaves the rules that it held before in force, and is an alarm.
    """

    def __init__(self, house: House) -> None:
        self._house = house
        self._is_settled = False
        self._pending: object = None

    def look(self) -> bool:
        """Look at the files once; return whether other rules are in force now.

        Files that are being written are left alone until two looks find them alike.
        """
        memory = self._house.watch
        if memory.source is None:
            return False
        if not self._is_settled:
            settle(self._house)
            self._is_settled = True
        stamp = memory.source.stamp()
        if stamp == memory.stamp:
            self._pending = None
            return False
        if stamp != self._pending:
            self._pending = stamp
            return False
        self._is_settled = False
        is_other = take_up(self._house, stamp)
        settle(self._house)
        self._is_settled = True
        return is_other


def take_up(house: House, stamp: object) -> bool:
    """Read the rules of the office again and put them in force; return whether they differ."""
    memory = house.watch
    assert memory.source is not None
    before = memory.packs
    packs, broken = memory.source.load(before)
    for name, why in broken:
        _LOG.error("rules of the office in %s are not used: %s", name, why)
    told = _told(before, packs)
    if told:
        with house.work() as work:
            work.lock()
            record_all(work, context(house, work, LIVE_RUN), SYSTEM, told)
            work.commit()
    with memory.lock, memory.state_lock:
        memory.broken, memory.stamp = broken, stamp
        if told:
            memory.packs = packs
            memory.forget()
    return bool(told)


def settle(house: House) -> None:
    """Clear the alarms of rules that are not in force any more, and tell of files that are broken.

    In every run that is not over.
    """
    memory = house.watch
    in_force = {rule.id for rule in memory.rules}
    for run in open_runs(house):
        with house.work() as work:
            open_ = {alarm.rule for alarm in work.alarms.list(run, where={"is_open": "true"})}
        ours = {rule for rule in open_ if "/" in rule or rule in _BEFORE_PACKS}
        if gone := ours - in_force:
            review(house, run, (), rules=gone)
    review(
        house, LIVE_RUN, [_broken(name, why) for name, why in memory.broken], rules={BROKEN_RULE}
    )


def clear_gone(house: House, run: str, asked: Sequence[WatchRule]) -> None:
    """Clear the alarms of rules that were taken out of force while they were being asked.

    Who takes rules out changes the memory first and then clears their alarms; so whoever raises
    alarms looks at the memory once more afterwards.
    """
    in_force = {rule.id for rule in house.watch.rules}
    if gone := {rule.id for rule in asked} - in_force:
        review(house, run, (), rules=gone)


def open_runs(house: House) -> list[str]:
    """Return the live run and every other that is not over."""
    with house.work() as work:
        runs = work.runs.list("", where={"is_over": "false"})
    return list(dict.fromkeys([LIVE_RUN, *(run.id for run in runs)]))


def _told(before: Sequence[WatchPack], after: Sequence[WatchPack]) -> list[Done[str]]:
    """Return a line for the log for each pack that is new, another, or gone."""
    old, new = ({pack.id: pack for pack in packs} for packs in (before, after))
    lines = []
    for key in dict.fromkeys([*old, *new]):
        was, now = old.get(key), new.get(key)
        if was != now:
            lines.append(
                Done(
                    item=key, id=key, event="event", action="rules.changed",
                    params={"pack": key, "before": _version(was), "version": _version(now)},
                )
            )  # fmt: skip
    return lines


def _version(pack: WatchPack | None) -> str:
    return pack.version if pack is not None and pack.is_on else "–"


def _broken(name: str, why: str) -> Finding:
    return Finding(
        rule=BROKEN_RULE,
        rule_version="1",
        object=name,
        level=Level.YELLOW,
        text=Text(f"alarm.{BROKEN_RULE}", {"file": name, "why": why}),
    )
