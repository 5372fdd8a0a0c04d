"""`rencheng scene`: what pictures from above say."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from math import isnan
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

from cyclopts import Parameter

from rencheng.adapters.files import DEFAULT_CITY
from rencheng.cli import speaking
from rencheng.cli.options import STATE, State, commands
from rencheng.cli.server import URL, Token, Url, ask, client_of
from rencheng.domain.errors import InvalidInputError
from rencheng.domain.run import LIVE_RUN

if TYPE_CHECKING:
    from rencheng.domain.city import City
    from rencheng.domain.scene import WaterMap

app = commands("scene", "遥感影像 Pictures from above")


@Parameter(name="*")
@dataclass(frozen=True, kw_only=True)
class About:
    """What is said of the scenes."""

    kind: Annotated[Literal["radar", "optical"], Parameter(help="雷达或光学 Radar or optical")] = (
        "radar"
    )
    taken: Annotated[
        datetime | None,
        Parameter(help="灾后影像时刻（带时区） When the later one was taken, with its zone"),
    ] = None
    before_taken: Annotated[
        datetime | None,
        Parameter(help="灾前影像时刻 When the earlier one was taken"),
    ] = None
    band: Annotated[
        list[str] | None,
        Parameter(help="波段，如 green=3，可重复 A band by role; may be repeated", negative=""),
    ] = None
    source: Annotated[str, Parameter(help="来源 Who took them")] = ""
    licence: Annotated[str, Parameter(help="许可 Licence of the scenes")] = ""
    synthetic: Annotated[bool, Parameter(help="合成影像 The scenes were made up", negative="")] = (
        False
    )


@Parameter(name="*")
@dataclass(frozen=True, kw_only=True)
class Door:
    """Where the result goes."""

    dry_run: Annotated[bool, Parameter(help="只计算不送交 Only show it", negative="")] = False
    run: Annotated[str, Parameter(help="运行编号 Run that it belongs to")] = LIVE_RUN
    url: Url = URL
    token: Token = ""


@app.command
def water(
    after: Path,
    before: Path,
    *,
    about: About | None = None,
    door: Door | None = None,
    city: Annotated[str, Parameter(help="城市编号 Id of the city")] = DEFAULT_CITY,
    state: State = STATE,
) -> None:
    """比较前后两景，按网格给出新增水面并送交服务器 Compare two scenes and send the water found.

    Parameters
    ----------
    after
        灾后影像：GeoTIFF 或 STAC 条目 The later scene: GeoTIFF or STAC item (JSON).
    before
        灾前影像 The earlier scene, of the same sensor and orbit.
    """
    from rencheng.adapters.cities.store import Folder

    door = door or Door()
    where = Folder(state, city).current()
    found = _mapped(where, (after, before), about or About(), door.run)
    _tell(where, found)
    if not door.dry_run:
        with client_of(door.url, door.token) as client:
            client.headers["X-Run"] = door.run
            kept = ask(client, "POST", "/scenes", _body(found))
        speaking.say("cli.scene.kept", style="bold green", id=str(kept["id"]))


def _mapped(city: City, files: tuple[Path, Path], about: About, run: str) -> WaterMap:
    from rencheng.adapters.scenes import Wanted, look_at, map_water
    from rencheng.domain.provenance import Mode, Origin
    from rencheng.domain.scene import SceneKind

    roles = dict(_role(text) for text in about.band or ())
    times = (about.taken, about.before_taken)
    after, before = (
        look_at(file, SceneKind(about.kind), taken=time, bands=roles)
        for file, time in zip(files, times, strict=True)
    )
    wanted = Wanted(
        run=run,
        mode=Mode.LIVE,
        received=datetime.now(UTC),
        source=about.source,
        licence=about.licence,
        origin=Origin.SYNTHETIC if about.synthetic else Origin.OBSERVED,
    )
    with speaking.console(is_error=True).status("") as status:
        return map_water(
            city,
            after,
            before,
            wanted,
            progress=lambda step: status.update(speaking.words(f"cli.scene.step.{step}")),
        )


def _role(text: str) -> tuple[str, str]:
    role, is_named, value = text.partition("=")
    if not (role and is_named and value):
        raise InvalidInputError(
            "cli.scene.band",
            f"{text!r} does not name a band",
            hint="Write the role and the band, such as green=3",
            params={"text": text},
        )
    return role.strip(), value.strip()


def _tell(city: City, found: WaterMap) -> None:
    from rich.table import Table

    from rencheng.service.scenes import totals

    sums = totals(city, found)
    table = Table(show_header=False)
    unknown = speaking.words("cli.scene.unknown")
    rows: dict[str, Any] = {
        "scene": f"{found.scene}  {found.taken:%Y-%m-%d %H:%MZ}",
        "before": f"{found.before}  {found.before_taken:%Y-%m-%d %H:%MZ}",
        "seen": f"{sums.seen:.0%}",
        "flooded": f"{sums.flooded_km2:,.2f} km²",
        "people": unknown if isnan(sums.people) else f"{sums.people:,.0f}",
        "confidence": unknown if isnan(sums.confidence) else f"{sums.confidence:.0%}",
        "separation": f"{found.separation:.1f}",
        "pixel": f"{found.pixel_m:.0f} m",
        "method": found.method,
        "origin": speaking.words(f"cli.scene.origin.{found.origin.value}"),
    }
    for key, value in rows.items():
        table.add_row(speaking.words(f"cli.scene.row.{key}"), str(value))
    speaking.console().print(table)


def _body(found: WaterMap) -> dict[str, Any]:
    def plain(values: tuple[float, ...]) -> list[float | None]:
        return [None if isnan(value) else min(max(value, 0.0), 1.0) for value in values]

    return {
        "scene": found.scene,
        "before": found.before,
        "kind": found.kind.value,
        "taken": found.taken.isoformat(),
        "before_taken": found.before_taken.isoformat(),
        "source": found.source,
        "licence": found.licence,
        "origin": found.origin.value,
        "footprint": [list(point) for point in found.footprint],
        "pixel_m": found.pixel_m,
        "method": found.method,
        "threshold": found.threshold,
        "separation": found.separation,
        "city": found.city,
        "cells": list(found.cells),
        "water": plain(found.water),
        "flooded": plain(found.flooded),
        "confidence": plain(found.confidence),
        "seen": plain(found.seen),
    }
