"""`rencheng city versions|changes|use`: the versions of a city, what changed, which is served."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

from cyclopts import Parameter

from rencheng.cli import speaking

if TYPE_CHECKING:
    from rencheng.adapters.cities.store import Folder
    from rencheng.domain.change import CityChange

CityId = Annotated[str, Parameter(help="城市 Id of the city")]
State = Annotated[Path | None, Parameter(help="状态文件夹 State folder (default .state)")]


def versions(city: CityId = "coquimbo", *, state: State = None) -> int:
    """列出保留的版本 List the versions that are kept, newest first."""
    from rich.table import Table

    folder = _folder(city, state)
    folder.current()
    table = Table(header_style="bold")
    for name in ("version", "built", "buildings", "links", "served"):
        is_number = name in ("buildings", "links")
        heading = speaking.words(f"cli.version.column.{name}")
        table.add_column(heading, justify="right" if is_number else "left")
    for one in folder.kept():
        table.add_row(
            one.version,
            f"{one.built:%Y-%m-%d %H:%M} UTC",
            f"{one.buildings:,}",
            f"{one.links:,}",
            speaking.words("cli.version.yes") if one.is_current else "",
        )
    speaking.console().print(table)
    return 0


def changes(
    since: Annotated[str, Parameter(help="较早的版本 The earlier version")],
    until: Annotated[
        str | None, Parameter(help="较晚的版本 The later version (default: the one served)")
    ] = None,
    *,
    city: CityId = "coquimbo",
    state: State = None,
) -> int:
    """比较两个版本 Say what was built, demolished and moved between two versions."""
    from rencheng.perceive.trends import changes as compare

    folder = _folder(city, state)
    later = folder.load(until) if until else folder.current()
    found = compare(folder.load(since), later)
    speaking.say(
        "cli.version.between", style="bold", city=found.city, before=found.before, after=found.after
    )
    if not found.layers:
        speaking.say("cli.version.same")
        return 0
    _print_layers(found)
    zones = found.zones
    speaking.say(
        "cli.version.people",
        built=int(zones.built.sum()),
        demolished=int(zones.demolished.sum()),
        area=f"{zones.floor_area_m2.sum():+,.0f}",
        people=f"{sum(x for x in zones.population if x == x):+,.0f}",  # noqa: PLR0124 - unknown
    )
    return 0


def use(
    version: Annotated[str, Parameter(help="版本 The version to serve")],
    *,
    city: CityId = "coquimbo",
    state: State = None,
) -> int:
    """启用某个版本 Serve this version from now on; a running server takes it up by itself."""
    folder = _folder(city, state)
    before = folder.current().version
    folder.set_current(version)
    speaking.say("cli.version.used", style="green", city=city, version=version, before=before)
    return 0


def _folder(city: str, state: Path | None) -> Folder:
    from rencheng.adapters.cities.packages import state_folder
    from rencheng.adapters.cities.recipe import city_id
    from rencheng.adapters.cities.store import Folder

    return Folder(state_folder(state), city_id(city))


def _print_layers(found: CityChange) -> None:
    from rich.table import Table

    table = Table(header_style="bold")
    for name in ("layer", "added", "removed", "changed", "first"):
        is_number = name in ("added", "removed", "changed")
        heading = speaking.words(f"cli.version.column.{name}")
        table.add_column(heading, justify="right" if is_number else "left")
    for one in found.layers:
        table.add_row(
            speaking.words(f"layer.{one.layer}.name"),
            f"{one.added:,}",
            f"{one.removed:,}",
            f"{one.changed:,}",
            ", ".join(one.first[:3]),
        )
    speaking.console().print(table)
