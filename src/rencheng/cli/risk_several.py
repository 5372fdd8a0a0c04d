"""`rencheng risk several`: what several hazards of the same events do to assets together."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

from cyclopts import Parameter

from rencheng.cli import speaking
from rencheng.cli.options import STATE, State
from rencheng.cli.risk_options import MEMORY_MB, Assets, Listed, MemoryMb, Money, Out
from rencheng.cli.risk_telling import bar, tell_losses
from rencheng.cli.risk_words import curves_of, once, unread

if TYPE_CHECKING:
    from rencheng import risk


def several(
    *,
    assets: Assets,
    hazard: Annotated[
        list[str],
        Listed,
        Parameter(
            help="灾种，按发生先后：名称=指标,单位,事件集 Hazards in the order they strike: "
            "NAME=MEASURE,UNIT,EVENTS"
        ),
    ],
    curves: Annotated[
        list[str],
        Listed,
        Parameter(help="灾种:曲线编号，或 灾种:名称=编号 HAZARD:ID, or HAZARD:NAME=ID"),
    ],
    rule: Annotated[
        str,
        Parameter(
            help="合并规则 max、independent、sum、in_turn How the hazards' losses come together"
        ),
    ],
    out: Out,
    money: Money,
    memory_mb: MemoryMb = MEMORY_MB,
    state: State = STATE,
) -> int:
    """计算多灾种损失 Losses to several hazards together, and each one's part."""
    from rencheng import risk
    from rencheng.domain.risk_several import Rule

    if rule not in {one.value for one in Rule}:
        raise unread("rule", rule, "max, independent, sum, in_turn")
    table = money.assets(assets)
    asked = once("hazard", [_named(word) for word in hazard])
    shares = _shared(curves, list(asked))
    given = {name: _hazard(rest, shares[name], state) for name, rest in asked.items()}
    with bar() as progress:
        result = risk.several(
            table,
            given,
            rule,
            currency=money.currency,
            year=money.year,
            budget_mb=memory_mb,
            progress=progress,
        )
    ids = tuple(map(str, table["id"]))
    risk.write_several(result, ids, out)
    risk.describe(result.whole, table, [c for one in given.values() for c in one.used], out)
    for name, part in zip(result.hazards, result.aal_by_hazard.tolist(), strict=True):
        if part == part:
            speaking.say("cli.risk.hazard", hazard=name, aal=part, currency=money.currency)
    return tell_losses(result.whole, out)


def _named(word: str) -> tuple[str, str]:
    name, mark, rest = word.partition("=")
    if not (name and mark and rest.count(",") >= 2):
        raise unread("hazard", word, "tsunami=water_depth,m,waves.csv")
    return name, rest


def _shared(words: Sequence[str], hazards: Sequence[str]) -> dict[str, list[str]]:
    """Return the words of each hazard's curves; every hazard must have some."""
    from rencheng.adapters.risk.faults import fault, refuse

    found: dict[str, list[str]] = {name: [] for name in hazards}
    lost = []
    for word in words:
        hazard, mark, one = word.partition(":")
        if not mark:
            raise unread("curves", word, f"{hazards[0]}:{word}")
        if hazard in found:
            found[hazard].append(one)
        else:
            lost.append(word)
    bare = [name for name, own in found.items() if not own]
    faults = [fault("no_hazard", "--curves", lost)] if lost else []
    refuse([*faults, *([fault("bare_hazard", "--hazard", bare)] if bare else [])])
    return found


def _hazard(rest: str, curves: Sequence[str], state: Path) -> risk.Hazard:
    from rencheng import risk

    measure, unit, path = rest.split(",", 2)
    named = curves_of(curves, state)
    events = risk.open_events(Path(path), measure=measure, unit=unit, fields=0)
    return risk.Hazard(events=events, curves=named)
