"""`rencheng risk`: what an event set does to a table of assets."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Annotated, Any

from cyclopts import Parameter

from rencheng.cli.options import STATE, State, commands
from rencheng.cli.risk_options import (
    Assets,
    Curves,
    Events,
    Hazard,
    Job,
    Money,
    Target,
)
from rencheng.cli.risk_telling import bar, tell_losses
from rencheng.cli.risk_words import curves_of
from rencheng.domain.errors import InvalidInputError

if TYPE_CHECKING:
    from rencheng import risk

app = commands("risk", "风险计算 Losses of assets under event sets")
app.command("rencheng.cli.risk_example:example", help="示例文件 Files to try the commands with")
app.command("rencheng.cli.risk_classical:classical", help="致灾曲线 Risk by hazard curves")
app.command("rencheng.cli.risk_measures:measures", help="减灾措施 Measures, their benefit and cost")
app.command(
    "rencheng.cli.risk_several:several", help="多灾种损失 Losses to several hazards together"
)
app.command(
    "rencheng.cli.risk_people:people", help="人员影响 People hurt, displaced, in dangerous water"
)
app.command(
    "rencheng.cli.risk_uncertainty:uncertainty", help="不确定性 Quantiles, rankings, sensitivity"
)
app.command("rencheng.cli.risk_states:states", help="破坏状态抽样 States of damage, drawn")
app.command("rencheng.cli.risk_exchange:exchange", help="资产格式 OED, R2D, GeoPackage in and out")
app.command("rencheng.cli.risk_openquake:openquake", help="OpenQuake 任务 A job of OpenQuake")
app.command("rencheng.cli.risk_openquake:convert", help="转换 OpenQuake 文件 OpenQuake's files")


@Parameter(name="*")
@dataclass(frozen=True, kw_only=True)
class Insurance(Job):
    """How a job runs, and what insurance is applied to its losses beside them."""

    insurance: Annotated[
        bool, Parameter(help="按资产表（或 OED）所写的条款 Terms as the assets state", negative="")
    ] = False
    deductible: Annotated[
        float, Parameter(help="每项资产每次事件的免赔额 Of each asset in each event, kept")
    ] = 0.0
    cover: Annotated[
        float,
        Parameter(help="每项资产每次事件的最高赔付 Of each asset in each event, at most paid"),
    ] = math.inf
    event_deductible: Annotated[
        float, Parameter(help="每次事件合计赔付的免赔额 Of what is paid in each event, kept")
    ] = 0.0
    event_cover: Annotated[
        float, Parameter(help="每次事件合计的最高赔付 Of what is paid in each event, at most")
    ] = math.inf

    @property
    def contract(self) -> risk.Contract | None:
        """Return what is applied; None where nothing is asked for."""
        from rencheng import risk

        asset = _layer(self.deductible, self.cover)
        event = _layer(self.event_deductible, self.event_cover)
        if self.insurance and asset:
            raise InvalidInputError(
                "risk.both_terms",
                "terms of the assets and a layer of each asset were asked for together",
                hint="Give --insurance, or --deductible and --cover",
            )
        if not (asset or event or self.insurance):
            return None
        return risk.Contract(asset=asset, event=event, is_stated=self.insurance)


def _layer(deductible: float, cover: float) -> risk.Layer | None:
    from rencheng import risk

    asked = deductible != 0.0 or cover != math.inf
    return risk.Layer(deductible=deductible, limit=deductible + cover) if asked else None


@app.command
def run(
    *,
    assets: Assets,
    events: Events,
    curves: Curves,
    target: Target,
    hazard: Hazard,
    money: Money,
    job: Insurance | None = None,
    state: State = STATE,
) -> int:
    """计算损失 Losses by event, by asset and a year, as tables in a folder."""
    from rencheng import risk

    named = curves_of(curves, state)
    table = money.assets(assets)
    asked = job or Insurance()
    happened = hazard.of(events, asked)
    contract = asked.contract
    said: dict[str, Any] = {
        "currency": money.currency, "year": money.year, "budget_mb": asked.memory_mb,
    }  # fmt: skip
    ids = tuple(map(str, table["id"]))
    with bar() as progress:
        if contract:
            shared = risk.insure(table, happened, named, contract, **said, progress=progress)
            result = shared.whole
            risk.write_insured(shared, ids, target.out)
        else:
            result = risk.run(table, happened, named, **said, progress=progress)
            result = replace(result, faults=(*result.faults, *risk.terms_not_applied(table)))
            risk.write(result, ids, target.out)
    risk.describe(result, table, list(named.values()), target.out, about=target.about)
    return tell_losses(result, target.out)
