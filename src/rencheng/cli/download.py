"""`rencheng city download`: fetch public data for a city, after saying how much of it there is."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

from cyclopts import Parameter

from rencheng.cli import speaking

if TYPE_CHECKING:
    from rencheng.adapters.cities.downloads import Download, Item
    from rencheng.adapters.cities.downloads.catalogue import Catalogue
    from rencheng.adapters.cities.downloads.fetching import Fetcher


def download(
    name: Annotated[
        str, Parameter(help="数据来源，不填则列出 Publisher; none lists them all")
    ] = "",
    *,
    bbox: Annotated[str, Parameter(help="西,南,东,北（度） west,south,east,north in degrees")] = "",
    region: Annotated[str, Parameter(help="地区名 Name of the region")] = "",
    year: Annotated[int | None, Parameter(help="年份 Year of the data")] = None,
    yes: Annotated[bool, Parameter(help="不再询问 Do not ask", negative="")] = False,
    plan: Annotated[
        bool, Parameter(help="只列出文件，不联网 List the files without a network", negative="")
    ] = False,
    state: Annotated[Path | None, Parameter(help="状态文件夹 State folder")] = None,
) -> int:
    """下载公开数据：先显示大小和许可 Fetch public data; shows size and licence, then asks."""
    from rencheng.adapters.cities.downloads import Ask
    from rencheng.adapters.cities.downloads.catalogue import Catalogue
    from rencheng.adapters.cities.downloads.fetching import Fetcher
    from rencheng.adapters.cities.packages import state_folder

    if not name:
        _list(Catalogue())
        return 0
    publisher = Catalogue().find(name)
    items = publisher.plan(Ask(bbox=_box(bbox), region=region, year=year))
    _terms(publisher)
    if plan:
        for item in items:
            speaking.say("cli.download.item", url=item.url)
        return 0
    fetcher = Fetcher(state_folder(state) / "downloads")
    found = fetcher.measure(items)
    if not found:
        speaking.say("cli.download.none", style="yellow")
        return 1
    known = [item.size for item in found if item.size is not None]
    speaking.say(
        "cli.download.size",
        files=len(found),
        mb=sum(known) / 1e6,
        unknown=len(found) - len(known),
    )
    if not (yes or _agrees()):
        speaking.say("cli.download.left", style="yellow")
        return 1
    files = [_fetch(fetcher, item) for item in found]
    _entry(publisher, files)
    return 0


def _box(text: str) -> tuple[float, float, float, float] | None:
    from rencheng.domain.errors import InvalidInputError

    if not text:
        return None
    try:
        west, south, east, north = (float(edge) for edge in text.split(","))
    except ValueError as error:
        raise InvalidInputError(
            "download.bbox",
            f"no box on earth: {text}",
            hint="Give west,south,east,north in degrees",
            params={"bbox": text},
        ) from error
    return west, south, east, north


def _list(catalogue: Catalogue) -> None:
    from rich.table import Table

    table = Table(header_style="bold")
    for column in ("name", "gives", "licence", "status"):
        table.add_column(speaking.words(f"cli.download.column.{column}"))
    for one in catalogue.all():
        status = speaking.words(f"cli.download.status.{one.status}")
        terms = f"{one.licence}\n[dim]{one.citation}[/]"
        table.add_row(one.name, ", ".join(one.gives), terms, status)
    speaking.console().print(table)


def _terms(publisher: Download) -> None:
    speaking.say("cli.download.terms", licence=publisher.licence, citation=publisher.citation)
    if publisher.status == "unverified":
        speaking.say("cli.download.unverified", style="yellow")


def _agrees() -> bool:
    from rich.prompt import Confirm

    try:
        return Confirm.ask(speaking.words("cli.download.ask"), console=speaking.console())
    except EOFError:
        return False


def _fetch(fetcher: Fetcher, item: Item) -> Path:
    from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn

    from rencheng.adapters.cities.readers import Job

    columns = (TextColumn("{task.description}"), BarColumn(), TimeRemainingColumn())
    with Progress(*columns, console=speaking.console(), transient=True) as bar:
        task = bar.add_task(item.name, total=1.0)
        file = fetcher.fetch(item, Job(tell=lambda share: bar.update(task, completed=share)))
    speaking.say("cli.download.fetched", style="green", file=str(file))
    return file


def _entry(publisher: Download, files: list[Path]) -> None:
    """Print the lines that a recipe needs to read what was fetched."""
    first, *others = files
    options = dict(publisher.options)
    if others and "age" not in options:
        options["also"] = " + ".join(file.name for file in others)
    speaking.say("cli.download.entry", style="dim")
    lines = [
        "[[sources]]",
        f'id = "{publisher.name}"',
        f'kind = "{publisher.reader}"',
        f'path = "{first.as_posix()}"',
        f'licence = "{publisher.licence}"',
        f'citation = "{publisher.citation}"',
    ]
    if options:
        lines.append("[sources.options]")
        lines += [f"{key} = {_toml(value)}" for key, value in options.items()]
    speaking.console().print("\n".join(lines), markup=False)


def _toml(value: str | int | float | bool) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    return f'"{value}"' if isinstance(value, str) else str(value)
