"""`rencheng city export`: the built city as files for other programs."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated, Literal

from cyclopts import Parameter

from rencheng.cli import speaking

Form = Literal["gpkg", "geoparquet", "csv", "geojson", "rdls"]


def export(
    city: Annotated[str, Parameter(help="城市编号 Id of the city")] = "coquimbo",
    *,
    format: Annotated[Form, Parameter(help="文件格式 File format")] = "gpkg",
    layers: Annotated[
        str, Parameter(help="图层名，逗号分隔；默认全部 Layers with commas; default all")
    ] = "",
    out: Annotated[
        Path | None, Parameter(help="文件，或多文件格式的文件夹 File, or a folder of files")
    ] = None,
    state: Annotated[
        Path | None, Parameter(help="状态文件夹 State folder (default .state)")
    ] = None,
) -> int:
    """导出城市 Write the city that is served as GeoPackage, GeoParquet, CSV, GeoJSON or RDLS."""
    from rencheng.adapters.cities.packages import state_folder
    from rencheng.adapters.cities.recipe import city_id
    from rencheng.adapters.cities.store import Folder
    from rencheng.adapters.exports.rdls import rdls
    from rencheng.adapters.exports.writing import FORMS, write_city

    served = Folder(state_folder(state), city_id(city)).current()
    if format == "rdls":
        target = out or Path(f"{served.id}.rdls.json")
        target.parent.mkdir(parents=True, exist_ok=True)
        document = rdls(served, target.resolve().parent.as_uri())
        text = json.dumps(document, ensure_ascii=False, indent=1)
        target.write_text(f"{text}\n", encoding="utf-8")
    else:
        suffix = FORMS[format][0]
        names = [name.strip() for name in layers.split(",") if name.strip()]
        ending = suffix if suffix == ".gpkg" else f"-{format}{suffix}"
        target = write_city(served, out or Path(f"{served.id}{ending}"), format, names)
    speaking.say("cli.city.exported", style="green", city=served.id, path=str(target))
    return 0
