"""`rencheng curve`: the library of damage curves, and what stands behind a number."""

from __future__ import annotations

from collections import Counter
from math import isnan
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

from cyclopts import Parameter

from rencheng.cli import speaking
from rencheng.cli.options import STATE, State, commands

if TYPE_CHECKING:
    from rencheng.adapters.curve_library.library import CurveLibrary
    from rencheng.domain.curve import Curve, CurveAnswer

app = commands("curve", "损伤曲线库 The library of damage curves")
HEADS = ("id", "kind", "hazard", "component", "region", "shelf")


@app.command(name="list")
def list_(
    *,
    hazard: str = "",
    find: str = "",
    limit: Annotated[int, Parameter(help="最多行数 Most lines to show")] = 50,
    state: State = STATE,
) -> int:
    """列出曲线 List curves.

    Parameters
    ----------
    hazard
        灾种，如 flood A hazard, such as flood.
    find
        编号或地区中的文字 Text in the id or the region.
    """
    from rich.table import Table

    library = _library(state)
    wanted = find.casefold()
    found = [
        one
        for one in library.headings()
        if hazard in ("", one.hazard) and (wanted in one.id.casefold() or wanted in one.region)
    ]
    table = Table()
    for head in HEADS:  # an id must stay whole: it is what the other commands ask for
        table.add_column(
            speaking.words(f"cli.curve.column.{head}"), overflow="fold", no_wrap=head == "id"
        )
    for one in found[:limit]:
        table.add_row(
            one.id,
            speaking.words(f"cli.curve.kind.{one.kind}"),
            _word(one.hazard),
            _word(one.component),
            one.region,
            speaking.words(f"cli.curve.shelf.{one.shelf}"),
        )
    speaking.console().print(table)
    speaking.say("cli.curve.listed", shown=min(limit, len(found)), count=len(found))
    _missing(library)
    return 0


@app.command
def show(curve: str, *, state: State = STATE) -> int:
    """查看一条曲线 Show a curve with all its numbers.

    Parameters
    ----------
    curve
        编号 Its id.
    """
    from rich.table import Table

    found = _library(state).get(curve)
    _about(found)
    if found.x.size:
        columns = {found.unit: found.x}
        if found.probability is None:
            columns[speaking.words("cli.curve.share")] = found.mean
        else:
            columns |= dict(zip(map(_word, found.states), found.probability, strict=True))
        if found.sd is not None:
            columns[speaking.words("cli.curve.sd")] = found.sd
        table = Table(*columns)
        for row in zip(*columns.values(), strict=True):
            table.add_row(*(f"{number:g}" for number in row))
    else:
        table = Table("", f"median [{found.unit}]", "beta")
        for name, median, beta in zip(found.states, found.median, found.beta, strict=True):
            table.add_row(_word(name), f"{median:g}", f"{beta:g}")
    speaking.console().print(table)
    return 0


@app.command
def explain(
    curve: str,
    intensity: Annotated[str, Parameter(allow_leading_hyphen=True)],
    unit: str = "",
    *,
    state: State = STATE,
) -> int:
    """说明一个数的来历 Say what a curve gives, with formula, parameters and source.

    Parameters
    ----------
    curve
        编号 Its id.
    intensity
        强度的数值 The intensity, a number.
    unit
        单位，默认曲线自己的 Its unit; the curve's own by default.
    """
    from rencheng.domain.errors import InvalidInputError

    found = _library(state).get(curve)
    try:
        number = float(intensity)
    except ValueError as error:
        raise InvalidInputError(
            "curve.number",
            f"{intensity!r} is not a number",
            hint="Write a number, and its unit after it if it is not the curve's own",
            params={"value": intensity},
        ) from error
    _answer(found.in_unit(unit or found.unit).explain(number))
    return 0


@app.command
def check(file: Path | None = None, *, state: State = STATE) -> int:
    """检查曲线表或整个曲线库 Check a table, or without a file the whole library.

    Parameters
    ----------
    file
        曲线表（TOML） A table of curves.
    """
    from rencheng.adapters.curve_library.datasets import manifest
    from rencheng.adapters.curve_library.table import read_table
    from rencheng.domain.curve import Curve

    if file:
        speaking.say("cli.curve.good", file=file.name, count=len(read_table(file)))
        return 0
    library = _library(state)
    for name in ("office", "ours"):
        shelf = speaking.words(f"cli.curve.shelf.{name}")
        speaking.say("cli.curve.good", file=shelf, count=len(getattr(library, name)))
    for dataset in manifest().dataset:
        if not library.is_fetched(dataset):
            continue
        good, faults = 0, Counter[str]()
        firsts: dict[str, str] = {}
        for one in library.read(dataset):
            if isinstance(one, Curve):
                good += 1
            else:
                faults[one.key] += 1
                firsts.setdefault(one.key, f"{one.where.rpartition(' ')[2]}: {one.problem}")
        speaking.say("cli.curve.set", dataset=dataset.id, count=good, left=faults.total())
        for key, count in faults.most_common():
            problem = speaking.words(
                f"fault.{key}.problem", count=count, first=firsts[key], problem=firsts[key]
            )
            speaking.say("cli.curve.left", count=count, problem=problem)
    _missing(library)
    return 0


@app.command
def fetch(*, state: State = STATE) -> int:
    """获取带有曲线的数据包 Fetch the packages that carry curves; needs a network."""
    from rencheng.adapters.cities.packages import fetch as fetch_packages
    from rencheng.adapters.cities.packages import state_folder
    from rencheng.adapters.curve_library.datasets import manifest

    for folder in fetch_packages(state_folder(state), manifest().packages):
        speaking.say("cli.curve.fetched", folder=str(folder))
    return 0


def _library(state: Path) -> CurveLibrary:
    from rencheng.adapters.cities.packages import state_folder
    from rencheng.adapters.curve_library.library import CurveLibrary

    return CurveLibrary(state_folder(state))


def _missing(library: CurveLibrary) -> None:
    from rencheng.adapters.curve_library.datasets import manifest

    absent = [d.id for d in manifest().dataset if not library.is_fetched(d)]
    if absent:
        speaking.say("cli.curve.missing", datasets=", ".join(absent))


def _about(curve: Curve) -> None:
    speaking.say(
        "cli.curve.head",
        "bold",
        curve=curve.id,
        name=curve.name or curve.asset,
        kind=speaking.words(f"cli.curve.kind.{curve.kind}"),
        status=speaking.words(f"cli.curve.status.{curve.status}"),
    )
    speaking.say(
        "cli.curve.about",
        hazard=_word(curve.hazard),
        component=_word(curve.component),
        asset=curve.asset,
        region=curve.region,
        intensity=curve.intensity,
        unit=curve.unit,
    )
    speaking.say(
        "cli.curve.range",
        low=f"{curve.low:g}",
        high=_word(f"{curve.high:g}"),
        unit=curve.unit,
        below=speaking.words(f"cli.curve.beyond.{curve.below}"),
        above=speaking.words(f"cli.curve.beyond.{curve.above}"),
    )
    if not isnan(curve.collapse):
        speaking.say("cli.curve.collapse", share=f"{curve.collapse:g}")
    speaking.say(
        "cli.curve.source", source=curve.source, licence=curve.licence, version=curve.version
    )
    if curve.note:
        speaking.say("cli.curve.note", note=curve.note.rstrip("."))


def _answer(answer: CurveAnswer) -> None:
    curve = answer.curve
    _about(curve)
    speaking.say(
        "cli.curve.at",
        intensity=curve.intensity,
        number=f"{answer.intensity:g}",
        unit=curve.unit,
    )
    speaking.say(f"cli.curve.formula.{answer.formula}")
    for name, values in answer.parameters.items():
        said = ", ".join(f"{value:g}" for value in values)
        speaking.say("cli.curve.parameter", name=name, values=said)
    if answer.beyond:
        rule = speaking.words(f"cli.curve.beyond.{answer.beyond}")
        speaking.say("cli.curve.beyond", rule=rule)
    names = [speaking.words("cli.curve.reached", state=_word(state)) for state in curve.states]
    for name, value in zip(names or [speaking.words("cli.curve.share")], answer.value, strict=True):
        _number(name, value)
    if not isnan(answer.sd):
        _number(speaking.words("cli.curve.sd"), answer.sd)


def _number(name: str, value: float) -> None:
    said = speaking.words("cli.curve.unknown") if isnan(value) else f"{value:.6g}"
    speaking.say("cli.curve.answer", "bold", name=name, value=said)


def _word(name: str) -> str:
    """Return a hazard, component or state in the reader's language; a word of others as it is."""
    key = f"cli.curve.word.{name}"
    said = speaking.words(key)
    return name if said == key else said
