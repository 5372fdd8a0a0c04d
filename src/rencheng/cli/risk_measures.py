"""`rencheng risk measures`: which measures are worth their cost, and which to take."""

from __future__ import annotations

import math
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

from cyclopts import Parameter

from rencheng.cli import speaking
from rencheng.cli.options import STATE, State
from rencheng.cli.risk_options import (
    Assets,
    DiscountRate,
    Events,
    Hazard,
    Listed,
    Money,
    Out,
)
from rencheng.cli.risk_telling import bar, is_nothing, tell_faults, tell_standings
from rencheng.cli.risk_words import curves_of

if TYPE_CHECKING:
    from rencheng import risk
    from rencheng.domain.risk_measures import UncertainWorth, Worth

COLUMNS = ("rank", "id", "assets", "saved", "cost", "npv", "bcr", "payback")
"""Of the table that is printed; `measures.csv` has more."""


@Parameter(name="*")
@dataclass(frozen=True, kw_only=True)
class Plan:
    """What might be done, and what it may cost."""

    measures: Annotated[Path, Parameter(help="措施文件 TOML File of measures")]
    budget: Annotated[float, Parameter(help="初始费用预算 For costs at the start")] = math.inf
    discount_rate: DiscountRate = 0.03


def measures(
    *,
    assets: Assets,
    events: Events,
    curves: Annotated[
        list[str],
        Listed,
        Parameter(
            help="曲线编号，或 名称=编号；含加固后的曲线 Ids of curves, or NAME=ID, retrofits' too"
        ),
    ],
    out: Out,
    hazard: Hazard,
    money: Money,
    plan: Plan,
    state: State = STATE,
) -> int:
    """评估并选择减灾措施 Rank measures by benefit and cost, and choose under a budget."""
    from rencheng import risk

    named = curves_of(curves, state)
    table, given = money.assets(assets), risk.measure_file(plan.measures)
    if money.prices:
        prices = risk.price_file(money.prices)
        given = risk.measures_in(given, prices, currency=money.currency, year=money.year)
    happened = hazard.of(events)
    with bar() as progress:
        found = risk.appraise(
            table, happened, named, given,
            currency=money.currency, year=money.year, progress=progress,
        )  # fmt: skip
    with bar("cli.risk.measures.samples") as progress:
        samples = risk.appraise_samples(
            table, happened, named, given,
            currency=money.currency, year=money.year, progress=progress,
        )  # fmt: skip
    told = risk.measure_report(
        found, budget=plan.budget, discount_rate=plan.discount_rate, samples=samples
    )
    risk.write_measures(told, out)
    _tell(told, out)
    return int(is_nothing(found.counts))


def _tell(told: risk.MeasureReport, out: Path) -> None:
    found, choice, best = told.appraisal, told.choice, told.choice.best
    tell_standings(found.counts)
    tell_faults(found.faults)
    if found.darkened:
        speaking.say("cli.risk.measures.darkened", style="yellow", count=found.darkened)
    if is_nothing(found.counts):
        speaking.say("cli.risk.nothing", style="red")
        speaking.say("cli.risk.written", style="green", path=str(out))
        return
    key = "cli.risk.measures.at_least" if found.is_partial else "cli.risk.measures.aal"
    speaking.say(
        key,
        aal=found.known_aal,
        left=choice.left_aal,
        currency=found.currency,
        year=found.year,
    )
    _table(told)
    speaking.say(
        "cli.risk.measures.chosen" if best.ids else "cli.risk.measures.none",
        style="bold green",
        measures=", ".join(best.ids),
        budget=_amount(choice.budget),
        cost=_amount(best.cost),
        npv=_amount(best.npv),
        bcr=f"{best.bcr:.2f}" if best.bcr == best.bcr else "-",
        rate=f"{best.discount_rate:.1%}",
    )
    speaking.say(
        "cli.risk.measures.bound",
        bound=_amount(choice.bound),
        greedy=_amount(choice.greedy.npv),
        ids=", ".join(choice.greedy.ids) or "-",
    )
    if best.ids:
        speaking.say(
            "cli.risk.measures.together",
            joint=_amount(best.saving.total),
            summed=_amount(choice.summed_saving),
        )
    if any(set(one.best.ids) != set(best.ids) for one in told.by_rate):
        for one in told.by_rate:
            ids = ", ".join(one.best.ids) or "-"
            rate = f"{one.best.discount_rate:.0%}"
            speaking.say("cli.risk.measures.at_rate", rate=rate, ids=ids, npv=_amount(one.best.npv))
    if told.uncertain:
        _uncertain(told.uncertain)
    speaking.say("cli.risk.written", style="green", path=str(out))


def _uncertain(found: UncertainWorth) -> None:
    """Say how sure each measure, and the chosen together, are worth their cost."""
    from rencheng.adapters.risk.measures.results import uncertain_rows

    speaking.say("cli.risk.measures.uncertain", style="bold", samples=found.saving.shape[1])
    for row in uncertain_rows(found):
        first = row["share_first"]
        speaking.say(
            "cli.risk.measures.how_sure" if first != first else "cli.risk.measures.how_sure_first",
            measures=row["measures"].replace(" ", ", "),
            low=_ratio(row["bcr_p05"]),
            middle=_ratio(row["bcr_p50"]),
            high=_ratio(row["bcr_p95"]),
            probability=f"{row['probability_worth_it']:.0%}",
            **({} if first != first else {"first": f"{first:.0%}"}),
        )


def _table(told: risk.MeasureReport) -> None:
    from rich import box
    from rich.table import Table

    row = {m.id: k for k, m in enumerate(told.appraisal.measures)}
    table = Table(box=box.SIMPLE_HEAD, padding=(0, 1, 0, 0))
    for name in COLUMNS:
        table.add_column(
            speaking.words(f"cli.risk.measures.column.{name}"),
            justify="left" if name == "id" else "right",
            no_wrap=name != "id",
            min_width=10 if name == "id" else None,
            overflow="fold",
        )
    for place, one in enumerate(told.alone, 1):
        is_chosen = one.ids[0] in told.choice.best.ids
        table.add_row(
            f"{'✓ ' if is_chosen else ''}{place}",
            one.ids[0],
            f"{told.appraisal.touched[row[one.ids[0]]]:,}",
            _amount(one.saving.total),
            _amount(one.cost),
            _amount(one.npv),
            _spread(one) if told.uncertain is None else _ratio(one.bcr),
            _years(one.payback),
            style="bold" if is_chosen else "",
        )
    speaking.console().print(table)


def _amount(number: float) -> str:
    return f"{number:,.0f}" if math.isfinite(number) else "∞"


def _ratio(number: float) -> str:
    return f"{number:.2f}" if math.isfinite(number) else "-"


def _spread(one: Worth) -> str:
    """Return a ratio with its bounds by costs, where these are uncertain."""
    alone = _ratio(one.bcr)
    if one.bcr_low == one.bcr_high or one.bcr != one.bcr:
        return alone
    return f"{alone} ({_ratio(one.bcr_low)}–{_ratio(one.bcr_high)})"


def _years(number: float) -> str:
    return f"{number:.0f}" if math.isfinite(number) else "-"
