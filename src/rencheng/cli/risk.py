"""`rencheng risk`: what an event set does to a table of assets."""

from __future__ import annotations

from cyclopts import App

from rencheng.cli.options import STATE, State
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

app = App(name="risk", help="风险计算 Losses of assets under event sets")
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


@app.command
def run(
    *,
    assets: Assets,
    events: Events,
    curves: Curves,
    target: Target,
    hazard: Hazard,
    money: Money,
    job: Job | None = None,
    state: State = STATE,
) -> int:
    """计算损失 Losses by event, by asset and a year, as tables in a folder."""
    from rencheng import risk

    named = curves_of(curves, state)
    table = risk.asset_file(assets)
    asked = job or Job()
    happened = hazard.of(events, asked)
    with bar() as progress:
        result = risk.run(
            table,
            happened,
            named,
            currency=money.currency,
            year=money.year,
            budget_mb=asked.memory_mb,
            progress=progress,
        )
    risk.write(result, tuple(map(str, table["id"])), target.out)
    risk.describe(result, table, list(named.values()), target.out, about=target.about)
    return tell_losses(result, target.out)
