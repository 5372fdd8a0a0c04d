"""Options that several risk commands share, each said once."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

from cyclopts import Parameter

if TYPE_CHECKING:
    from rencheng.adapters.risk.events.table import EventSet, Table

MEMORY_MB = 512.0
"""Memory that a job may take when nothing else is said. No source: our choice. [MB]"""

MemoryMb = Annotated[float, Parameter(help="内存上限（MB） Memory the job may take")]
Seed = Annotated[int, Parameter(help="随机种子 Seed; the same seed, the same draws")]
Out = Annotated[Path, Parameter(help="结果文件夹 Folder of the results")]
Assets = Annotated[
    Path, Parameter(help="资产：CSV、GeoPackage、GeoJSON Assets: CSV, points, lines or areas")
]
Events = Annotated[
    Path,
    Parameter(
        help="事件集：CSV、栅格、NetCDF、Zarr、HDF5、ShakeMap Event set: CSV, rasters, NetCDF, "
        "Zarr, HDF5 or grid.xml"
    ),
]
Listed = Parameter(consume_multiple=True, negative="")
"""Of an option that takes several words."""
Curves = Annotated[
    list[str],
    Listed,
    Parameter(help="曲线编号，或 名称=编号 Ids of curves, or NAME=ID as the assets name them"),
]
Fragilities = Annotated[
    tuple[str, ...],
    Listed,
    Parameter(
        help="易损性曲线编号，或 名称=编号 Ids of fragilities, or NAME=ID as the assets name them"
    ),
]
DiscountRate = Annotated[
    float, Parameter(help="折现率，0.03 即 3 % Discount rate, real, as a share")
]
Reach = Annotated[
    float | None, Parameter(help="资产距最近点的最大距离（米） Reach of a point in metres")
]


@Parameter(name="*")
@dataclass(frozen=True, kw_only=True)
class Job:
    """How a job runs.

    Its types are written out: a command that adds to it reads them where its own names are.
    """

    fields: Annotated[
        int,
        Parameter(
            help="按 ShakeMap 标准差抽取的震动场数，0 为只用中位值 Fields drawn of a ShakeMap by "
            "its standard deviation, 0: its medians alone"
        ),
    ] = 500
    seed: Annotated[int, Parameter(help="随机种子 Seed; the same seed, the same draws")] = 0
    memory_mb: Annotated[float, Parameter(help="内存上限（MB） Memory the job may take")] = (
        MEMORY_MB
    )


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
    reach_m: Reach = None
    nodata_is_dry: Annotated[
        bool, Parameter(help="栅格无值处未受影响 Cells without value are not reached", negative="")
    ] = False
    variable: Annotated[
        str, Parameter(help="NetCDF、Zarr 中强度的变量名 Variable of the intensities")
    ] = ""

    def of(self, path: Path, drawn: Job | None = None) -> EventSet:
        """Open a set of events that is what is said here; of a ShakeMap the fields, if wanted."""
        from rencheng import risk

        return risk.open_events(
            path,
            measure=self.measure,
            unit=self.unit,
            reach_m=self.reach_m,
            is_nodata_dry=self.nodata_is_dry,
            variable=self.variable,
            fields=drawn.fields if drawn else 0,
            seed=drawn.seed if drawn else 0,
        )


@Parameter(name="*")
@dataclass(frozen=True, kw_only=True)
class Money:
    """What the values are in, and what brings those in other money to it."""

    currency: Annotated[str, Parameter(help="币种，如 CNY Currency of the values")]
    year: Annotated[int, Parameter(help="价格年份 Price level of the values")]
    prices: Annotated[
        Path | None,
        Parameter(
            help="价格表 TOML：把价值和费用换算到同一币种和年份 Table of prices to convert by"
        ),
    ] = None

    def assets(self, path: Path) -> Table:
        """Read assets; those that say what they are in are converted, if a table is given."""
        from rencheng import risk

        table = risk.asset_file(path)
        if self.prices and {"currency", "price_year"} & set(table):
            prices = risk.price_file(self.prices)
            return risk.in_money(table, prices, currency=self.currency, year=self.year)
        return table


@Parameter(name="*")
@dataclass(frozen=True, kw_only=True)
class Target:
    """Where the result goes, and who answers for it in its metadata (RDLS)."""

    out: Out
    publisher: Annotated[str, Parameter(help="发布者 Who publishes the result")] = ""
    contact: Annotated[str, Parameter(help="联系网址或邮箱 Address or e-mail of the contact")] = ""
    licence: Annotated[str, Parameter(help="许可，如 CC-BY-4.0 Licence of the result")] = ""

    @property
    def about(self) -> dict[str, str]:
        """Return what is known of who answers for it."""
        return {"publisher": self.publisher, "contact": self.contact, "licence": self.licence}
