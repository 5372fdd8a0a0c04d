"""`rencheng risk classical`: losses, damage states and retrofits by hazard curves."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

from cyclopts import Parameter

from rencheng.cli import speaking
from rencheng.cli.options import STATE, State
from rencheng.cli.risk_options import Assets, DiscountRate, Listed, Money, Out, Reach
from rencheng.cli.risk_telling import is_nothing, tell_faults
from rencheng.cli.risk_words import curves_of
from rencheng.domain.risk_classical import RetrofitWorth, ShareSpread

if TYPE_CHECKING:
    from rencheng import risk


@Parameter(name="*")
@dataclass(frozen=True, kw_only=True)
class Levels:
    """What the hazard curves are, and how losses scatter under them."""

    measure: Annotated[str, Parameter(help="强度指标，如 PGA、water_depth Measure of the levels")]
    unit: Annotated[str, Parameter(help="单位，如 g、m Unit of the levels")]
    years: Annotated[float, Parameter(help="超越概率的年限 Years that the probabilities are of")]
    spread: Annotated[ShareSpread, Parameter(help="损失比例的分布 How shares lost scatter")] = (
        ShareSpread.BETA
    )
    reach_m: Reach = None


@Parameter(name="*")
@dataclass(frozen=True, kw_only=True)
class After:
    """A retrofit, when one is asked for."""

    after: Annotated[
        list[str] | None,
        Listed,
        Parameter(help="加固后的曲线，名称=编号；算效益费用比 Curves after a retrofit, NAME=ID"),
    ] = None
    discount_rate: DiscountRate = 0.03
    life: Annotated[float, Parameter(help="使用年限 Years that the retrofit serves")] = 50.0


def classical(
    *,
    assets: Assets,
    hazard: Annotated[
        Path, Parameter(help="致灾曲线 CSV：lon、lat、poe-强度 Table of hazard curves")
    ],
    curves: Annotated[
        list[str],
        Listed,
        Parameter(help="曲线编号，或 名称=编号；易损性曲线给出破坏状态 Ids of curves, or NAME=ID"),
    ],
    out: Out,
    levels: Levels,
    money: Money,
    retrofit: After = After(),
    state: State = STATE,
) -> int:
    """按致灾曲线计算年均损失、破坏状态或加固效益 Losses, states or a retrofit by hazard curves."""
    from rencheng import risk
    from rencheng.adapters.risk.classical.results import write_classical
    from rencheng.domain.curve import CurveKind

    named = curves_of(curves, state)
    table = risk.asset_file(assets)
    known = risk.hazard_curves(hazard, measure=levels.measure, unit=levels.unit, years=levels.years)
    said: dict[str, Any] = {"reach_m": levels.reach_m}
    prices: dict[str, Any] = {"currency": money.currency, "year": money.year}
    found: risk.ClassicalLosses | risk.ClassicalStates | risk.RetrofitWorth
    if retrofit.after:
        plan = risk.Retrofit(
            after=curves_of(retrofit.after, state, "after"),
            rate=retrofit.discount_rate,
            life=retrofit.life,
        )
        found = risk.benefit_cost(table, known, named, plan, **prices, **said)
    elif all(one.kind is CurveKind.FRAGILITY for one in named.values()):
        found = risk.classical_states(table, known, named, **said)
    else:
        found = risk.classical_losses(table, known, named, spread=levels.spread, **prices, **said)
    return _tell(found, write_classical(found, out, levels.years), out)


def _tell(
    found: risk.ClassicalLosses | risk.ClassicalStates | risk.RetrofitWorth,
    summary: Any,
    out: Path,
) -> int:
    """Say what was found; return 1 when nothing could be assessed."""
    nothing = not isinstance(found, RetrofitWorth) and is_nothing(found.counts)
    if "assets" in summary:
        counts = {name: f"{many:,}" for name, many in summary["assets"].items()}
        speaking.say("cli.risk.standing", style="bold", **counts)
    tell_faults(found.faults)
    if nothing:
        speaking.say("cli.risk.nothing", style="red")
    elif "known_aal" in summary:
        key = "cli.risk.classical.at_least" if summary["unknown"] else "cli.risk.aal"
        speaking.say(
            key, aal=summary["known_aal"], currency=summary["currency"], year=summary["year"],
            unknown=summary["unknown"],
        )  # fmt: skip
    elif "known_benefit" in summary:
        ratio = summary["known_bcr"]
        speaking.say(
            "cli.risk.classical.worth",
            benefit=summary["known_benefit"],
            cost=summary["known_cost"],
            bcr="-" if ratio is None else f"{ratio:.3f}",
            currency=summary["currency"],
            year=summary["year"],
            unknown=summary["unknown"],
        )
    else:
        rates = ", ".join(f"{k} {v:.3g}" for k, v in summary["expected_rate"].items())
        speaking.say("cli.risk.classical.states", rates=rates, unknown=summary["unknown"])
    speaking.say("cli.risk.written", style="green", path=str(out))
    return int(nothing)
