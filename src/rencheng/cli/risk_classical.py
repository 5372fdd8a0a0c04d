"""`rencheng risk classical`: losses, damage states and retrofits by hazard curves."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

from cyclopts import Parameter

from rencheng.cli import speaking
from rencheng.cli.options import STATE, State
from rencheng.cli.risk_options import Assets, DiscountRate, Listed, Money, Out, Reach
from rencheng.cli.risk_telling import is_nothing, tell_faults
from rencheng.cli.risk_words import curves_of
from rencheng.domain.errors import InvalidInputError
from rencheng.domain.risk_classical import RetrofitWorth, ShareSpread

if TYPE_CHECKING:
    from rencheng import risk


@Parameter(name="*")
@dataclass(frozen=True, kw_only=True)
class Levels:
    """What the hazard curves are, their branches, and how losses scatter under them."""

    measure: Annotated[str, Parameter(help="强度指标，如 PGA、water_depth Measure of the levels")]
    unit: Annotated[str, Parameter(help="单位，如 g、m Unit of the levels")]
    years: Annotated[float, Parameter(help="超越概率的年限 Years that the probabilities are of")]
    spread: Annotated[ShareSpread, Parameter(help="损失比例的分布 How shares lost scatter")] = (
        ShareSpread.BETA
    )
    reach_m: Reach = None
    weights: Annotated[
        list[float] | None,
        Listed,
        Parameter(help="各分支的权重，合计为 1 Weight of each hazard file, summing to 1"),
    ] = None
    quantiles: Annotated[
        list[float] | None,
        Listed,
        Parameter(help="分支间的分位数，默认 0.05 0.5 0.95 Quantiles over the branches"),
    ] = None


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
        list[Path],
        Listed,
        Parameter(
            help="致灾曲线 CSV：lon、lat、poe-强度；多个文件为多个分支 Tables of hazard curves"
        ),
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
    from rencheng.adapters.risk.classical.branches import QUANTILES, write_branches
    from rencheng.adapters.risk.classical.results import write_classical

    compute = _computation(money.assets(assets), curves, levels, money, retrofit, state)
    known = [
        risk.hazard_curves(one, measure=levels.measure, unit=levels.unit, years=levels.years)
        for one in hazard
    ]
    if len(known) == 1 and levels.weights is None:
        alone = compute(known[0])
        return _tell(alone, write_classical(alone, out, levels.years), out)
    weights = levels.weights or []
    if len(weights) != len(known):
        raise InvalidInputError(
            "risk.branch_weights",
            f"{len(known)} files and {len(weights)} weights",
            hint="Give one weight for each file, together 1, as in --weights 0.7 0.3",
            params={"files": len(known), "weights": len(weights)},
        )
    found = risk.classical_branches(list(zip(weights, known, strict=True)), compute)
    summary = write_branches(found, out, levels.years, levels.quantiles or QUANTILES)
    return _tell(found.mean, summary, out)


def _computation(
    table: Any, curves: list[str], levels: Levels, money: Money, retrofit: After, state: Path
) -> Callable[[Any], Any]:
    """Return what is asked of a hazard: a retrofit, states or losses."""
    from rencheng import risk
    from rencheng.domain.curve import CurveKind

    named = curves_of(curves, state)
    said: dict[str, Any] = {"reach_m": levels.reach_m}
    prices: dict[str, Any] = {"currency": money.currency, "year": money.year}
    if retrofit.after:
        plan = risk.Retrofit(
            after=curves_of(retrofit.after, state, "after"),
            rate=retrofit.discount_rate,
            life=retrofit.life,
        )
        return lambda known: risk.benefit_cost(table, known, named, plan, **prices, **said)
    if all(one.kind is CurveKind.FRAGILITY for one in named.values()):
        return lambda known: risk.classical_states(table, known, named, **said)
    spread = levels.spread
    return lambda known: risk.classical_losses(table, known, named, spread=spread, **prices, **said)


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
    if "branches" in summary:
        spread = summary.get("known_aal_quantiles", summary.get("known_benefit_quantiles", {}))
        said = ", ".join(f"{name} {value:,.2f}" for name, value in spread.items())
        speaking.say(
            "cli.risk.classical.branches", branches=len(summary["branches"]), quantiles=said or "-"
        )
    speaking.say("cli.risk.written", style="green", path=str(out))
    return int(nothing)
