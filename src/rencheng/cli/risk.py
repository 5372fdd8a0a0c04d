"""`rencheng risk`: what an event set does to a table of assets."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

from cyclopts import App, Parameter

from rencheng.cli import speaking
from rencheng.cli.options import STATE, State
from rencheng.cli.risk_telling import is_nothing, tell_faults, tell_standings
from rencheng.cli.risk_words import curves_of

if TYPE_CHECKING:
    from rencheng.adapters.risk.events.table import EventSet
    from rencheng.domain.risk import EventImpact

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


@Parameter(name="*")
@dataclass(frozen=True, kw_only=True)
class Hazard:
    """What the intensities of the event set are."""

    measure: Annotated[
        str, Parameter(help="强度指标，如 water_depth、PGA Measure of the intensity")
    ]
    unit: Annotated[
        str, Parameter(help="单位，如 m、g；HDF5、NetCDF 自带 Unit, unless the file states it")
    ] = ""
    reach_m: Annotated[
        float | None, Parameter(help="资产距最近点的最大距离（米） Reach of a point in metres")
    ] = None
    nodata_is_dry: Annotated[
        bool, Parameter(help="栅格无值处未受影响 Cells without value are not reached", negative="")
    ] = False
    variable: Annotated[
        str, Parameter(help="NetCDF、Zarr 中强度的变量名 Variable of the intensities")
    ] = ""

    def of(self, path: Path) -> EventSet:
        """Open a set of events that is what is said here."""
        from rencheng import risk

        return risk.open_events(
            path,
            measure=self.measure,
            unit=self.unit,
            reach_m=self.reach_m,
            is_nodata_dry=self.nodata_is_dry,
            variable=self.variable,
        )


@Parameter(name="*")
@dataclass(frozen=True, kw_only=True)
class Money:
    """What the values are in."""

    currency: Annotated[str, Parameter(help="币种，如 CNY Currency of the values")]
    year: Annotated[int, Parameter(help="价格年份 Price level of the values")]


@Parameter(name="*")
@dataclass(frozen=True, kw_only=True)
class Target:
    """Where the result goes, and who answers for it in its metadata (RDLS)."""

    out: Annotated[Path, Parameter(help="结果文件夹 Folder of the results")]
    publisher: Annotated[str, Parameter(help="发布者 Who publishes the result")] = ""
    contact: Annotated[str, Parameter(help="联系网址或邮箱 Address or e-mail of the contact")] = ""
    licence: Annotated[str, Parameter(help="许可，如 CC-BY-4.0 Licence of the result")] = ""

    @property
    def about(self) -> dict[str, str]:
        """Return what is known of who answers for it."""
        return {"publisher": self.publisher, "contact": self.contact, "licence": self.licence}


@app.command
def run(
    *,
    assets: Annotated[
        Path, Parameter(help="资产：CSV、GeoPackage、GeoJSON Assets: CSV, points, lines or areas")
    ],
    events: Annotated[
        Path,
        Parameter(
            help="事件集：CSV、栅格、NetCDF、Zarr、HDF5、ShakeMap Event set: CSV, rasters, NetCDF, "
            "Zarr, HDF5 or grid.xml"
        ),
    ],
    curves: Annotated[
        list[str],
        Parameter(
            help="曲线编号，或 名称=编号 Ids of curves, or NAME=ID as the assets name them",
            consume_multiple=True,
            negative="",
        ),
    ],
    target: Target,
    hazard: Hazard,
    money: Money,
    memory_mb: Annotated[float, Parameter(help="内存上限（MB） Memory the job may take")] = 512.0,
    state: State = STATE,
) -> int:
    """计算损失 Losses by event, by asset and a year, as tables in a folder."""
    from rencheng import risk

    named = curves_of(curves, state)
    table = risk.asset_file(assets)
    happened = hazard.of(events)
    with _bar() as progress:
        result = risk.run(
            table,
            happened,
            named,
            currency=money.currency,
            year=money.year,
            budget_mb=memory_mb,
            progress=progress,
        )
    risk.write(result, tuple(map(str, table["id"])), target.out)
    risk.describe(result, table, list(named.values()), target.out, about=target.about)
    return _tell(result, target.out)


def _tell(result: EventImpact, out: Path) -> int:
    """Say what a job came to; return 1 when nothing could be assessed."""
    from rencheng.domain.risk import Standing, left_out

    tell_standings(result.counts)
    tell_faults(result.faults)
    missing = int((result.unknown > 0).sum())
    if is_nothing(result.counts):
        speaking.say("cli.risk.nothing", style="red")
    elif result.known_aal != result.known_aal:
        speaking.say("cli.risk.no_rates", style="yellow")
    else:
        speaking.say(
            "cli.risk.at_least" if result.is_partial else "cli.risk.aal",
            aal=result.known_aal,
            currency=result.currency,
            year=result.year,
            missing=missing,
            left=left_out(result.counts),
        )
    if result.counts[Standing.ASSESSED] == 0 < result.counts[Standing.NOT_EXPOSED]:
        speaking.say("cli.risk.nobody", style="yellow")
    speaking.say("cli.risk.written", style="green", path=str(out))
    return int(is_nothing(result.counts))


@contextmanager
def _bar(key: str = "cli.risk.events") -> Iterator[Callable[[int, int], None]]:
    """Show how many events, or what `key` says, are done."""
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn

    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn())
    with Progress(*columns, console=speaking.console(is_error=True), transient=True) as bar:
        line = bar.add_task(speaking.words(key), total=None)
        yield lambda done, total: bar.update(line, completed=done, total=total)
