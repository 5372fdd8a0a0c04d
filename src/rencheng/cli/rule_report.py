"""What a test of rules found: as tables, and as a document."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from rencheng.cli import speaking
from rencheng.cli.rule_past import Opened, iso

if TYPE_CHECKING:
    from rencheng.domain.watch import WatchRule
    from rencheng.sense.rules.backtest import Episode, Score, Span

_SHOWN = 40
"""Events and false alarms that are printed; the document has all."""


def table(*columns: str) -> Any:
    """Return an empty table with columns named in the words of the house."""
    from rich.table import Table

    made = Table()
    for name in columns:
        made.add_column(speaking.words(f"cli.rule.column.{name}"), no_wrap=name == "id")
    return made


def report(
    scores: Sequence[Score], opened: Opened, unread: Sequence[WatchRule], *, has_events: bool
) -> None:
    """Print how the rules did: counts by rule, every event, and every false alarm."""
    span = opened.span
    speaking.say("cli.rule.tested", rows=opened.readings, start=iso(span.start), end=iso(span.end))
    counts = table("id", "alarms", "per_month", "events", "hits", "misses", "false", "lead")
    for one in scores:
        lead = f"{one.lead_median_s / 60:.0f}" if one.lead_s else "–"
        truth = (str(one.events), str(one.hits), str(one.misses), str(one.false_alarms), lead)
        counts.add_row(
            one.rule, str(one.alarms), f"{one.alarms_per_month:.2f}",
            *(truth if has_events else ("–",) * len(truth)),
        )  # fmt: skip
    speaking.console().print(counts)
    for rule in unread:
        speaking.say(f"cli.rule.unread.{rule.input}", style="yellow", rule=rule.id)
    if not has_events:
        speaking.say("cli.rule.no_events", style="dim")
        return
    _print_events(scores)
    for one in scores:
        for false in one.false[:_SHOWN]:
            speaking.say("cli.rule.false", rule=one.rule, time=iso(false.start), value=false.value)


def document(
    rules: Sequence[WatchRule],
    scores: Sequence[Score],
    found: Sequence[Episode],
    opened: Opened,
    unread: Sequence[WatchRule],
) -> dict[str, Any]:
    """Return everything that a test found, as JSON."""
    silent = {rule.id for rule in unread}
    return {
        "schema": "rencheng/rule-test/2",
        **_pair(opened.span),
        "events": [_pair(one) for one in opened.events],
        "rules": [
            {
                "id": rule.id, "version": rule.version, "input": rule.input.value,
                "is_read": rule.id not in silent, "events": one.events, "hits": one.hits,
                "misses": one.misses, "false_alarms": one.false_alarms, "alarms": one.alarms,
                "alarms_per_month": one.alarms_per_month, "lead_s": list(one.lead_s),
                "judged": [_judged(event, first) for event, first in one.judged],
            }
            for rule, one in zip(rules, scores, strict=True)
        ],
        "alarms": [_alarm(one) for one in found],
    }  # fmt: skip


def _print_events(scores: Sequence[Score]) -> None:
    judged = [(one.rule, event, first) for one in scores for event, first in one.judged]
    lines = table("id", "start", "end", "result", "alarm", "lead_of")
    for rule, event, first in judged[:_SHOWN]:
        is_hit = first is not None
        lines.add_row(
            rule, _wrapped(event.start), _wrapped(event.end),
            speaking.words("cli.rule.hit" if is_hit else "cli.rule.missed"),
            _wrapped(first.start) if first else "–",
            f"{(event.start - first.start) / 60e6:.0f}" if first else "–",
        )  # fmt: skip
    speaking.console().print(lines)
    if len(judged) > _SHOWN:
        speaking.say("cli.rule.more", style="dim", count=len(judged) - _SHOWN)


def _wrapped(time: int) -> str:
    """Return a time that a narrow column can break between day and hour."""
    return iso(time).replace("T", " ")


def _pair(one: Span | Episode) -> dict[str, str]:
    return {"start": iso(one.start), "end": iso(one.end)}


def _judged(event: Span, first: Episode | None) -> dict[str, Any]:
    if first is None:
        return _pair(event) | {"is_hit": False, "alarm": None, "lead_s": None}
    lead_s = (event.start - first.start) / 1e6
    return _pair(event) | {"is_hit": True, "alarm": iso(first.start), "lead_s": lead_s}


def _alarm(one: Episode) -> dict[str, Any]:
    return {
        "rule": one.rule, "object": one.object, **_pair(one), "is_open": one.is_open,
        "level": int(one.level), "value": one.value, "streams": sorted(one.streams),
        "due": iso(one.due) if one.due else None,
    }  # fmt: skip
