"""`rencheng risk people`: what an event set does to the people of a table of assets."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

from cyclopts import Parameter

from rencheng.cli import speaking
from rencheng.cli.options import STATE, State
from rencheng.cli.risk_options import (
    MEMORY_MB,
    Assets,
    Events,
    Fragilities,
    Hazard,
    Listed,
    MemoryMb,
    Out,
)
from rencheng.cli.risk_telling import bar, tell_faults, tell_standings
from rencheng.cli.risk_words import curves_of, unread

if TYPE_CHECKING:
    from rencheng import risk
    from rencheng.domain.risk_people import PeopleEstimate

_DAYS = {"weekday": False, "weekend": True, "any": None}


@Parameter(name="*")
@dataclass(frozen=True, kw_only=True)
class Moment:
    """When the events are taken to happen, and under what measures."""

    hour: Annotated[
        float | None, Parameter(help="当地时刻 0–24，不写则为任意时刻 Local hour; none: any")
    ] = None
    day: Annotated[str, Parameter(help="weekday 工作日、weekend 周末、any 任意 Kind of day")] = (
        "any"
    )
    evacuated: Annotated[
        float, Parameter(help="洪水前已转移的比例 0–1 Share evacuated before the water")
    ] = 0.0
    upstairs: Annotated[
        float, Parameter(help="留下者中就地上楼避险的比例 0–1 Share of the others safe upstairs")
    ] = 0.0


@Parameter(name="*")
@dataclass(frozen=True, kw_only=True)
class Asked:
    """Which models are asked beside those that need nothing more."""

    curves: Fragilities = ()
    also: Annotated[
        tuple[str, ...],
        Listed,
        Parameter(
            help="同一批事件的另一指标：指标,单位,事件集 Another measure of the same events: "
            "MEASURE,UNIT,EVENTS"
        ),
    ] = ()
    country: Annotated[
        str, Parameter(help="国家快速模型的国家，如 CN Country of the rapid model")
    ] = ""


_ANY_TIME, _NOTHING_MORE = Moment(), Asked()


def people(
    *,
    assets: Assets,
    events: Events,
    out: Out,
    hazard: Hazard,
    moment: Moment = _ANY_TIME,
    asked: Asked = _NOTHING_MORE,
    memory_mb: MemoryMb = MEMORY_MB,
    state: State = STATE,
) -> int:
    """计算人员影响 People hurt, displaced, drowned: every model side by side, as tables."""
    from rencheng import risk

    when = risk.Circumstances(
        hour=moment.hour,
        is_weekend=_day(moment.day),
        country=asked.country,
        evacuated=moment.evacuated,
        upstairs=moment.upstairs,
    )
    named = curves_of(asked.curves, state)
    sets = [
        hazard.of(events),
        *(_another(word, hazard) for word in asked.also),
    ]
    table = risk.asset_file(assets)
    with bar() as progress:
        result = risk.people(
            table, sets, named, when=when, budget_mb=memory_mb, progress=progress, state=state
        )
    risk.write_people(result, tuple(map(str, table["id"])), out)
    _tell(result, out)
    return int(result.is_nothing)


def _another(word: str, hazard: Hazard) -> risk.EventSet:

    measure, _, rest = word.partition(",")
    unit, mark, path = rest.partition(",")
    if not mark:
        raise unread("also", word, "flow_speed,m/s,speeds.csv")
    return replace(hazard, measure=measure, unit=unit, variable="").of(Path(path))


def _day(word: str) -> bool | None:
    if word not in _DAYS:
        raise unread("day", word, "weekday, weekend, any")
    return _DAYS[word]


def _worst(one: PeopleEstimate) -> int:
    """Return the event with the most people in the gravest fate; of equals, in the next."""
    return max(range(len(one.central)), key=lambda event: tuple(one.central[event, ::-1]))


def _tell(result: risk.PeopleImpact, out: Path) -> None:
    tell_standings(result.counts)
    tell_faults(result.faults)
    if result.is_nothing:
        speaking.say("cli.risk.people.nothing", style="red")
        speaking.say("cli.risk.written", style="green", path=str(out))
        return
    speaking.say("cli.risk.people.present", present=result.present)
    has_rates = bool((result.rate == result.rate).all())
    speaking.say("cli.risk.people.yearly" if has_rates else "cli.risk.people.largest")
    for one in result.estimates:
        if one.is_nothing:
            speaking.say("cli.risk.people.no_model", style="yellow", model=one.model)
            continue
        worst = 0 if has_rates else _worst(one)
        if not has_rates:
            speaking.say("cli.risk.people.in_event", model=one.model, event=result.names[worst])
        for k, fate in enumerate(one.fate):
            low, central, high = (
                result.annual(one, fate)
                if has_rates
                else (float(part[worst, k]) for part in (one.low, one.central, one.high))
            )
            bare = low != low
            least = "≥ " if one.is_partial else ""
            speaking.say(
                "cli.risk.people.one" if bare else "cli.risk.people.range",
                model=one.model,
                fate=speaking.words(f"people.fate.{fate.value}"),
                central=f"{least}{central:,.3g}",
                **({} if bare else {"low": f"{low:,.3g}", "high": f"{high:,.3g}"}),
            )
    for key, params in dict.fromkeys(
        (note.key, tuple(note.params.items())) for one in result.estimates for note in one.notes
    ):
        speaking.say(key, style="dim", **dict(params))
    speaking.say("cli.risk.written", style="green", path=str(out))
