"""What a rule is tested on: the history of a run with what the house found in it, or a file."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import numpy as np
from cyclopts import Parameter

from rencheng.adapters.files import DEFAULT_CITY
from rencheng.cli.options import open_existing
from rencheng.domain.errors import InvalidInputError
from rencheng.domain.observation import Quantity
from rencheng.domain.readings import from_us, to_us
from rencheng.domain.run import LIVE_RUN
from rencheng.domain.watch import FIGURES, Input, WatchRule

if TYPE_CHECKING:
    from rencheng.domain.city import City
    from rencheng.domain.readings import Rows
    from rencheng.sense.rules.backtest import Episode, Span
    from rencheng.sense.rules.backtest_ahead import Issued
    from rencheng.sense.rules.compiled import Place
    from rencheng.service.ports import UnitOfWork

_TRUTH = re.compile(r"(?P<stream>.+?)(?P<side>>=|<=)(?P<at>-?[0-9.]+)")
US = 1_000_000
_YEAR = timedelta(days=365)


@Parameter(name="*")
@dataclass(frozen=True, kw_only=True)
class Past:
    """What a rule is tested on."""

    from_: Annotated[datetime | None, Parameter(name="--from", help="起始（UTC） From when")] = None
    to: Annotated[datetime | None, Parameter(name="--to", help="截止（UTC） To when")] = None
    history: Annotated[
        Path | None,
        Parameter(help="读数文件 CSV/Parquet/NetCDF，代替系统中的历史 A file, in place of a run"),
    ] = None
    map_: Annotated[
        Path | None,
        Parameter(name="--map", help="列对应表，同 history import Columns, as for history import"),
    ] = None
    quantity: Annotated[
        Quantity, Parameter(help="文件未写明的要素 Quantity where the file states none")
    ] = Quantity.OTHER
    run: Annotated[str, Parameter(help="运行编号 Run of the history")] = LIVE_RUN
    city: Annotated[str, Parameter(help="城市 City")] = DEFAULT_CITY


@Parameter(name="*")
@dataclass(frozen=True, kw_only=True)
class Truth:
    """What happened."""

    events: Annotated[
        Path | None, Parameter(help="事件文件，列 start、end Events, columns start and end")
    ] = None
    events_from: Annotated[
        str, Parameter(help="由测站阈值得出事件，如 tide-1>=1.5 Events from a stream's threshold")
    ] = ""
    gap_h: Annotated[float, Parameter(help="间隔小于此的算一次 Gap within one event [h]")] = 6.0
    lead_h: Annotated[
        float, Parameter(help="提前多久仍算报对 An alarm so long before still counts [h]")
    ] = 24.0

    @property
    def is_known(self) -> bool:
        """Whether anything is said of what happened."""
        return bool(self.events or self.events_from)


@dataclass(frozen=True, slots=True, kw_only=True)
class Opened:
    """Everything that rules are tested on."""

    span: Span
    place: Place
    rows: Rows
    """Readings; `stream` is a row of the place. Likewise below."""
    states: tuple[Place, Rows]
    issued: Issued
    events: list[Span]

    @property
    def readings(self) -> int:
        """How many readings, states and forecasts there are."""
        own = len(self.states[1]) if self.states[1] is not self.rows else 0
        return len(self.rows) + own + len(self.issued.at)


def alarms_of(
    rules: Sequence[WatchRule], opened: Opened, progress: Callable[[float], None]
) -> list[Episode]:
    """Run rules over what was opened, each over what it reads."""
    from rencheng.sense.rules.backtest import episodes
    from rencheng.sense.rules.backtest_ahead import foretold

    by_input = {kind: [one for one in rules if one.input is kind] for kind in Input}
    found: list[Episode] = []
    if own := by_input[Input.OBSERVATION]:
        found += episodes(own, opened.place, opened.rows, opened.span, progress)
    if own := by_input[Input.STATE]:
        found += episodes(own, *opened.states, opened.span, progress)
    found += foretold(by_input[Input.FORECAST], opened.place, opened.issued, opened.span, progress)
    return sorted(found, key=lambda one: one.start)


def unread(rules: Sequence[WatchRule], opened: Opened) -> list[WatchRule]:
    """Return the rules that read nothing of what was opened; `InvalidInputError` when all do."""
    found = [rule for rule in rules if not _reads(rule, opened)]
    if len(found) < len(rules):
        return found
    raise InvalidInputError(
        f"rules.no_{rules[0].input}",
        f"no rule of {[rule.id for rule in rules]} reads anything there",
        hint="See docs/how-to/alarm-rules.md for what each kind of rule is tested on",
        params={"rules": ", ".join(rule.id for rule in rules)},
    )


def open_past(rules: Sequence[WatchRule], past: Past, truth: Truth, state: Path) -> Opened:
    """Open the readings, states, forecasts and events of a test."""
    if past.history is not None:
        return _from_file(past, past.history, truth)
    from rencheng.adapters.cities.recipe import city_id
    from rencheng.adapters.cities.store import Folder

    _, store = open_existing(state, is_shared=True)
    try:
        city = Folder(state, city_id(past.city)).current()
        with store() as work:
            return from_run(rules, work, city, past, truth)
    finally:
        store.close()


def iso(time: int) -> str:
    """Return a time as it is printed. [µs]"""
    return from_us(time).strftime("%Y-%m-%dT%H:%MZ")


def _from_file(past: Past, file: Path, truth: Truth) -> Opened:
    from rencheng.adapters.history_import.maps import map_from
    from rencheng.adapters.series_file import read_mapped, read_series
    from rencheng.sense.rules.backtest import Span
    from rencheng.sense.rules.backtest_ahead import Issued

    if past.map_ is not None:
        given = map_from(past.map_.read_bytes(), past.map_.name)
        place, rows = read_mapped(file, given, past.quantity)
    else:
        place, rows = read_series(file, past.quantity)
    ahead = np.array([one.is_forecast for one in place.datastreams], dtype=bool)
    is_ahead = ahead[rows["stream"]] if len(ahead) else np.zeros(0, bool)
    issued = Issued(rows[is_ahead], np.zeros(0, np.int64), lambda _now: {})
    heard = rows["received"]
    start = _us(past.from_) if past.from_ else int(heard.min()) if len(rows) else 0
    end = _us(past.to) if past.to else int(rows["at"].max()) if len(rows) else start
    span, said = Span(start, end), rows[~is_ahead]
    return Opened(
        span=span, place=place, rows=said, states=(place, said), issued=issued,
        events=_events(truth, place, rows, span),
    )  # fmt: skip


def from_run(
    rules: Sequence[WatchRule], work: UnitOfWork, city: City, past: Past, truth: Truth
) -> Opened:
    """Read from the store what some rules are tested on: a run, and what the house found in it."""
    from rencheng.domain.readings import ROW
    from rencheng.sense.rules.backtest_ahead import Issued
    from rencheng.sense.rules.compiled import compiled
    from rencheng.service.keeping import beside, kept_forecasts
    from rencheng.service.state_figures import state_place

    span = _span(work, past)
    conditions = [(r, c) for r in rules for s in r.steps for c in s.conditions]
    back = compiled([r for r in rules if r.input is Input.OBSERVATION], city).look_back_s
    wanted = back >= 0
    if said := _TRUTH.fullmatch(truth.events_from.replace(" ", "")):
        wanted |= np.array([one.id == said["stream"] for one in city.datastreams], dtype=bool)
    rows = _rows(work, past.run, city, wanted, span.start - int(back.max(initial=0) * US), span.end)
    place, kept = state_place(city), np.zeros(0, ROW)
    if any(rule.input is Input.STATE for rule in rules):
        longest = int(compiled(rules, place).look_back_s.max(initial=0) * US)
        kept = work.observations.rows(beside(past.run), place.ids, span.start - longest, span.end)
    own = [(rule, one) for rule, one in conditions if rule.input is Input.FORECAST]
    names = tuple(name for name in FIGURES if any(one.select.figure == name for _, one in own))
    zones = city.zones.id.tolist()
    issues = kept_forecasts(work, past.run, zones, names, span.start, span.end)
    ahead = np.array([one.is_forecast for one in city.datastreams], dtype=bool)
    longest = int(max((one.ahead_s for _, one in own), default=0.0) * US)
    streams = _rows(work, past.run, city, ahead & bool(own), span.start, span.end + longest)
    return Opened(
        span=span, place=city, rows=rows, states=(place, kept),
        issued=Issued(streams, issues.at, issues.figures),
        events=_events(truth, city, rows, span),
    )  # fmt: skip


def _rows(work: UnitOfWork, run: str, city: City, wanted: np.ndarray, start: int, end: int) -> Rows:
    """Return the readings of some of a city's streams; `stream` is their row in the city."""
    own = np.flatnonzero(wanted)
    rows = work.observations.rows(run, [city.datastreams[row].id for row in own], start, end)
    rows["stream"] = own[rows["stream"]] if len(rows) else 0
    return rows


def _span(work: UnitOfWork, past: Past) -> Span:
    """Return what is tested: as asked, else a year of the live run, or a whole other run."""
    from rencheng.sense.rules.backtest import Span

    now = datetime.now(UTC)
    if past.run == LIVE_RUN:
        end = past.to or now
        start = past.from_ or end - _YEAR
    else:
        run = work.runs.get(past.run)
        start, end = past.from_ or run.sim_start, past.to or run.now(now)
    return Span(_us(start), _us(end))


def _reads(rule: WatchRule, opened: Opened) -> bool:
    from rencheng.sense.rules.compiled import compiled, selected

    conditions = [one for step in rule.steps for one in step.conditions]
    if rule.input in (Input.OBSERVATION, Input.STATE):
        is_state = rule.input is Input.STATE
        place, rows = opened.states if is_state else (opened.place, opened.rows)
        back = compiled([rule], place).look_back_s
        return bool((back[rows["stream"]] >= 0).any()) if len(rows) else False
    if rule.input is Input.FORECAST:
        if any(one.select.figure for one in conditions):
            return len(opened.issued.at) > 0
        streams = opened.place.datastreams
        own = [selected(one.select, streams, forecast=True) for one in conditions]
        return bool(np.isin(opened.issued.rows["stream"], np.concatenate(own)).any())
    return False


def _events(truth: Truth, place: Place, rows: Rows, span: Span) -> list[Span]:
    from rencheng.adapters.series_file import read_events
    from rencheng.sense.rules.backtest import Span as Made
    from rencheng.sense.rules.backtest import beyond

    found: list[Span] = []
    if truth.events is not None:
        found = [Made(start, end) for start, end in read_events(truth.events)]
    elif truth.events_from:
        said = _TRUTH.fullmatch(truth.events_from.replace(" ", ""))
        names = [one.id for one in place.datastreams]
        if said is None or said["stream"] not in names:
            raise InvalidInputError(
                "rules.truth",
                f"{truth.events_from!r} names no stream and threshold",
                hint="Write for example tide-1>=1.5",
                params={"said": truth.events_from},
            )
        own = rows[(rows["stream"] == names.index(said["stream"])) & (rows["reasons"] == 0)]
        at, is_below = float(said["at"]), said["side"] == "<="
        found = beyond(own, at, is_below=is_below, gap_s=truth.gap_h * 3600)
    return [one for one in found if one.end >= span.start and one.start <= span.end]


def _us(time: datetime) -> int:
    aware = time if time.tzinfo else time.replace(tzinfo=UTC)
    return to_us(aware)
