"""`rencheng risk exchange`: assets between OED, R2D, GeoPackage and our own table."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

from cyclopts import Parameter

from rencheng.cli import speaking
from rencheng.cli.risk_telling import tell_faults


def exchange(
    file: Annotated[
        Path, Parameter(help="资产：OED、R2D、GeoPackage 或我们的 CSV Assets in any of these forms")
    ],
    out: Annotated[Path, Parameter(help="写出的文件 File to be written")],
    *,
    to: Annotated[
        str, Parameter(help="格式 assets、oed、r2d、gpkg，缺省按扩展名 Form, else by the ending")
    ] = "",
    currency: Annotated[str, Parameter(help="币种，OED 需要 Currency, which OED wants")] = "",
    value: Annotated[str, Parameter(help="R2D 中价值的属性名 Attribute of the value")] = "",
    taxonomy: Annotated[str, Parameter(help="R2D 中类别的属性名 Attribute of the class")] = "",
) -> int:
    """转换资产格式，并说明什么没能带过去 Assets into another form, and what could not pass."""
    from dataclasses import replace

    from rencheng.adapters.risk.formats.describing import describe_assets
    from rencheng.adapters.risk.formats.exchanging import read_assets_of, write_assets

    given = read_assets_of(file, worth=value, taxonomy=taxonomy)
    given = replace(given, currency=currency or given.currency)
    faults = (*given.faults, *write_assets(given, out, form=to))
    tell_faults(faults)
    described = describe_assets(given.assets, out)
    many = len(given.assets["id"])
    speaking.say("cli.risk.exchanged", style="green", count=many, form=given.form, path=str(out))
    speaking.say("cli.risk.written", style="dim", path=str(described))
    return 0
