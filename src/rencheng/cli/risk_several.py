"""`rencheng risk several`: what several hazards of the same events do to assets together."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

from cyclopts import Parameter

from rencheng.cli import speaking
from rencheng.cli.options import STATE, State
from rencheng.cli.risk import Money, _bar, _tell
from rencheng.domain.errors import InvalidInputError

if TYPE_CHECKING:
    from rencheng import risk


def several(
    *,
    assets: Annotated[Path, Parameter(help="资产表 CSV Table of assets")],
    hazard: Annotated[
        list[str],
        Parameter(
            help="灾种，按发生先后：名称=指标,单位,事件集 Hazards in the order they strike: "
            "NAME=MEASURE,UNIT,EVENTS",
            consume_multiple=True,
            negative="",
        ),
    ],
    curves: Annotated[
        list[str],
        Parameter(
            help="灾种:曲线编号，或 灾种:名称=编号 HAZARD:ID, or HAZARD:NAME=ID",
            consume_multiple=True,
            negative="",
        ),
    ],
    rule: Annotated[
        str,
        Parameter(
            help="合并规则 max、independent、sum、in_turn How the hazards' losses come together"
        ),
    ],
    out: Annotated[Path, Parameter(help="结果文件夹 Folder of the results")],
    money: Money,
    memory_mb: Annotated[float, Parameter(help="内存上限（MB） Memory the job may take")] = 512.0,
    state: State = STATE,
) -> int:
    """计算多灾种损失 Losses to several hazards together, and each one's part."""
    from rencheng import risk
    from rencheng.domain.risk_several import Rule

    if rule not in {one.value for one in Rule}:
        raise _unread("rule", rule, "max, independent, sum, in_turn")
    table = risk.asset_file(assets)
    given = {name: _hazard(name, rest, curves, state) for name, rest in map(_named, hazard)}
    with _bar() as progress:
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
    risk.write(result.whole, ids, out)
    risk.describe(result.whole, table, [c for one in given.values() for c in one.used], out)
    for name, part in zip(result.hazards, result.aal_by_hazard.tolist(), strict=True):
        if part == part:
            speaking.say("cli.risk.hazard", hazard=name, aal=part, currency=money.currency)
    return _tell(result.whole, out)


def _named(word: str) -> tuple[str, str]:
    name, mark, rest = word.partition("=")
    if not (name and mark and rest.count(",") >= 2):
        raise _unread("hazard", word, "tsunami=water_depth,m,waves.csv")
    return name, rest


def _hazard(name: str, rest: str, curves: list[str], state: Path) -> risk.Hazard:
    from rencheng import risk

    measure, unit, path = rest.split(",", 2)
    named = {}
    for word in curves:
        hazard, mark, one = word.partition(":")
        if not mark:
            raise _unread("curves", word, f"{name}:{word}")
        if hazard == name:
            called, _, identity = one.rpartition("=")
            named[called or identity] = risk.curve(identity, state)
    events = risk.open_events(Path(path), measure=measure, unit=unit)
    return risk.Hazard(events=events, curves=named)


def _unread(option: str, word: str, example: str) -> InvalidInputError:
    return InvalidInputError(
        "risk.option",
        f"--{option} {word} cannot be read",
        hint=f"Write it as {example}",
        params={"option": option, "word": word, "example": example},
    )
