"""`rencheng risk openquake` and `rencheng risk convert`: OpenQuake's files in and out."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

from cyclopts import Parameter

from rencheng.cli import speaking
from rencheng.cli.risk_options import MEMORY_MB, MemoryMb, Out
from rencheng.cli.risk_telling import tell_faults


def openquake(
    job: Annotated[Path, Parameter(help="任务文件 job.ini Job with ground motion in a file")],
    *,
    out: Out,
    memory_mb: MemoryMb = MEMORY_MB,
) -> int:
    """计算 OpenQuake 任务 Losses and damage of a job of OpenQuake, by the risk engine."""
    from rencheng.adapters.risk.openquake.report import run_job, write_report

    report = run_job(job, budget_mb=memory_mb)
    write_report(report, out)
    speaking.say("cli.openquake.counts", style="bold", **dict(report.counts))
    tell_faults(report.faults)
    totals = report.tables["totals"]
    for what, amount in zip(totals["what"], totals["amount"].tolist(), strict=True):
        speaking.say("cli.openquake.total", what=str(what), amount=amount)
    if report.is_sampled_there:
        speaking.say("cli.openquake.sampled", style="yellow")
    speaking.say("cli.risk.written", style="green", path=str(out))
    return 0


def convert(
    file: Annotated[Path, Parameter(help="OpenQuake 文件或我们的表 File of either side")],
    *,
    out: Annotated[Path, Parameter(help="结果文件夹 Folder of what is written")],
    sites: Annotated[Path | None, Parameter(help="场点 CSV Sites of ground motion")] = None,
    measure: Annotated[str, Parameter(help="强度指标，如 PGA Measure of an event set")] = "",
    unit: Annotated[str, Parameter(help="单位，如 g Unit of an event table of ours")] = "",
    years: Annotated[
        float, Parameter(help="事件合计代表的年数 Years that the events stand for together")
    ] = float("nan"),
    loss_type: Annotated[
        str, Parameter(help="OpenQuake 的损失种类 Kind of loss that curves are of")
    ] = "structural",
    licence: Annotated[str, Parameter(help="曲线的许可 Licence of curves")] = "not stated",
) -> int:
    """转换 OpenQuake 文件 From OpenQuake's files to our tables, or back, by what a file holds."""
    from rencheng.adapters.risk.openquake.converting import Wish, converted

    wish = Wish(
        sites=sites, measure=measure, unit=unit, years=years, loss_type=loss_type, licence=licence
    )
    for path in converted(file, out, wish):
        speaking.say("cli.risk.written", style="green", path=str(path))
    return 0
