"""`rencheng rule`: alarm rules, and how they would have done in the past."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

from cyclopts import App, Parameter

from rencheng.adapters.files import DEFAULT_CITY
from rencheng.cli import speaking
from rencheng.cli.options import STATE, State, open_existing
from rencheng.domain.errors import InvalidInputError, NotFoundError
from rencheng.domain.run import LIVE_RUN

if TYPE_CHECKING:
    from rencheng.domain.readings import Rows
    from rencheng.domain.watch import WatchPack, WatchRule
    from rencheng.sense.rules.backtest import Episode, Score, Span
    from rencheng.sense.rules.compiled import Place

app = App(name="rule", help="报警规则与回测 Alarm rules, and how they would have done")
_TRUTH = re.compile(r"(?P<stream>.+?)(?P<side>>=|<=)(?P<at>-?[0-9.]+)")
_US = 1_000_000


@Parameter(name="*")
@dataclass(frozen=True, kw_only=True)
class Past:
    """What a rule is tested on."""

    from_: Annotated[datetime | None, Parameter(name="--from", help="起始（UTC） From when")] = None
    to: Annotated[datetime | None, Parameter(name="--to", help="截止（UTC） To when")] = None
    data: Annotated[
        Path | None, Parameter(help="读数文件 CSV/Parquet，代替历史 Readings, in place of history")
    ] = None
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


@app.command(name="list")
def list_(*, state: State = STATE) -> None:
    """列出规则 List all rules."""
    from rencheng.adapters.watch_packs import load_packs

    packs, broken = load_packs(state)
    table = _table("id", "title", "version", "jurisdiction", "status", "input", "on")
    for pack in packs:
        for rule in pack.rules:
            title = rule.title_zh if speaking.language().startswith("zh") else rule.title_en
            table.add_row(
                rule.id, title, rule.version, rule.jurisdiction,
                speaking.words(f"rules.status.{rule.status}"),
                speaking.words(f"rules.input.{rule.input}"),
                speaking.words("rules.on" if pack.is_on else "rules.off"),
            )  # fmt: skip
    speaking.console().print(table)
    for name, error in broken:
        speaking.say("cli.rule.broken", style="bold red", file=name)
        speaking.complain(error)


@app.command
def show(rule: str, *, state: State = STATE) -> None:
    """显示一条规则 Show one rule in full.

    Parameters
    ----------
    rule
        规则编号，如 cn-weather/rainstorm Id of the rule.
    """
    import msgspec

    (found,) = _chosen(rule, state, only_one=True)[:1]
    out = speaking.console()
    out.print_json(msgspec.json.encode(found).decode())


@app.command
def check(file: Path) -> None:
    """检查规则文件 Check a file of rules; all faults are named at once.

    Parameters
    ----------
    file
        规则文件 The file.
    """
    from rencheng.adapters.watch_packs import read_pack

    pack = read_pack(file)
    speaking.say("cli.rule.good", style="green", id=pack.id, count=len(pack.rules))


@app.command
def use(pack: str, *, state: State = STATE) -> None:
    """启用随程序提供的规则包 Copy a shipped pack into the state folder, switched on.

    Parameters
    ----------
    pack
        规则包编号，如 cn-weather Id of the pack.
    """
    from rencheng.adapters.files import data_folder
    from rencheng.adapters.watch_packs import OFFICE_FOLDER, read_pack

    source = data_folder() / "rules" / "alarms" / f"{Path(pack).name}.toml"
    if not source.is_file():
        raise _unknown(pack)
    target = state / OFFICE_FOLDER / source.name
    target.parent.mkdir(parents=True, exist_ok=True)
    text = source.read_text(encoding="utf-8").replace("is_on = false", "is_on = true")
    with target.open("x", encoding="utf-8") as handle:
        handle.write(text)
    read_pack(target)
    speaking.say("cli.rule.used", style="green", id=pack, path=str(target))


@app.command
def test(
    rule: str,
    past: Past = Past(),  # noqa: B008
    truth: Truth = Truth(),  # noqa: B008
    *,
    file: Path | None = None,
    out: Path | None = None,
    state: State = STATE,
) -> None:
    """回测 Run a rule or pack over the past: hits, false alarms, misses, lead time.

    Parameters
    ----------
    rule
        规则或规则包编号 Id of a rule or a pack.
    file
        尚未启用的规则文件 A file of rules that is not in use yet.
    out
        结果存为 JSON Where to save the result.
    """
    from rencheng.sense.rules.backtest import episodes, score

    rules = _chosen(rule, state, file=file)
    with _opened(past, truth, state) as (place, rows, span, events):
        found = _with_progress(lambda tell: episodes(rules, place, rows, span, tell))
    scores = [score(one.id, found, events, span, truth.lead_h * 3600) for one in rules]
    _print(scores, span, len(rows), has_events=bool(truth.events or truth.events_from))
    if out is not None:
        document = _document(rules, scores, found, span, events)
        out.write_text(json.dumps(document, ensure_ascii=False, indent=1) + "\n", "utf-8")
        speaking.say("cli.rule.saved", path=str(out))


@contextmanager
def _opened(
    past: Past, truth: Truth, state: Path
) -> Iterator[tuple[Place, Rows, Span, list[Span]]]:
    """Open the readings and events of a test."""
    from rencheng.adapters.series_file import read_series
    from rencheng.sense.rules.backtest import Span

    place: Place
    if past.data is not None:
        place, rows = read_series(past.data)
        start = _us(past.from_) if past.from_ else int(rows["at"].min()) if len(rows) else 0
        end = _us(past.to) if past.to else int(rows["at"].max()) if len(rows) else start
        span = Span(start, end)
        yield place, rows, span, _events(truth, place, rows, span)
        return
    from rencheng.adapters.cities.recipe import city_id
    from rencheng.adapters.cities.store import Folder

    end = _us(past.to or datetime.now(UTC))
    start = _us(past.from_) if past.from_ else end - 365 * 86400 * _US
    _, store = open_existing(state)
    try:
        city = Folder(state, city_id(past.city)).current()
        with store() as work:
            ids = [one.id for one in city.datastreams]
            rows = work.observations.rows(past.run, ids, start - 3 * 86400 * _US, end)
    finally:
        store.close()
    span = Span(start, end)
    yield city, rows, span, _events(truth, city, rows, span)


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


def _chosen(
    name: str, state: Path, *, only_one: bool = False, file: Path | None = None
) -> list[WatchRule]:
    """Return the rules of a pack, or one rule; those of a file that is not in use yet."""
    from rencheng.adapters.watch_packs import load_packs, read_pack

    packs: Sequence[WatchPack] = (read_pack(file),) if file else load_packs(state)[0]
    rules = [
        rule
        for pack in packs
        for rule in pack.rules
        if rule.id == name or (pack.id == name and not only_one)
    ]
    if not rules:
        raise _unknown(name)
    return rules


def _unknown(name: str) -> NotFoundError:
    return NotFoundError(
        "rules.none", f"no rule or pack {name!r}", hint="See `rencheng rule list`",
        params={"id": name},
    )  # fmt: skip


def _with_progress(work: Any) -> list[Episode]:
    from rich.progress import Progress

    with Progress(console=speaking.console(is_error=True), transient=True) as bar:
        task = bar.add_task(speaking.words("cli.rule.testing"), total=1.0)
        found: list[Episode] = work(lambda share: bar.update(task, completed=share))
    return found


def _print(scores: Sequence[Score], span: Span, rows: int, *, has_events: bool) -> None:
    speaking.say("cli.rule.tested", rows=rows, start=_iso(span.start), end=_iso(span.end))
    table = _table("id", "alarms", "per_month", "hits", "misses", "false", "lead")
    for one in scores:
        lead = f"{one.lead_median_s / 60:.0f}" if one.lead_s else "–"
        truth = (str(one.hits), str(one.misses), str(one.false_alarms), lead)
        table.add_row(
            one.rule, str(one.alarms), f"{one.alarms_per_month:.2f}",
            *(truth if has_events else ("–",) * 4),
        )  # fmt: skip
    speaking.console().print(table)
    if not has_events:
        speaking.say("cli.rule.no_events", style="dim")
    for one in scores:
        for miss in one.missed[:10]:
            speaking.say("cli.rule.missed", rule=one.rule, time=_iso(miss.start))
        for false in one.false[:10]:
            speaking.say("cli.rule.false", rule=one.rule, time=_iso(false.start), value=false.value)


def _document(
    rules: Sequence[WatchRule],
    scores: Sequence[Score],
    found: Sequence[Episode],
    span: Span,
    events: Sequence[Span],
) -> dict[str, Any]:
    def pair(one: Span | Episode) -> dict[str, str]:
        return {"start": _iso(one.start), "end": _iso(one.end)}

    return {
        "schema": "rencheng/rule-test/1",
        **pair(span),
        "events": [pair(one) for one in events],
        "rules": [
            {
                "id": rule.id, "version": rule.version, "events": one.events, "hits": one.hits,
                "misses": one.misses, "false_alarms": one.false_alarms, "alarms": one.alarms,
                "alarms_per_month": one.alarms_per_month, "lead_s": list(one.lead_s),
                "missed": [pair(miss) for miss in one.missed],
            }
            for rule, one in zip(rules, scores, strict=True)
        ],
        "alarms": [
            {
                "rule": one.rule, "object": one.object, **pair(one), "is_open": one.is_open,
                "level": int(one.level), "value": one.value, "streams": sorted(one.streams),
            }
            for one in found
        ],
    }  # fmt: skip


def _table(*columns: str) -> Any:
    from rich.table import Table

    table = Table()
    for name in columns:
        table.add_column(speaking.words(f"cli.rule.column.{name}"), no_wrap=name == "id")
    return table


def _us(time: datetime) -> int:
    aware = time if time.tzinfo else time.replace(tzinfo=UTC)
    return int((aware - datetime(1970, 1, 1, tzinfo=UTC)) / timedelta(microseconds=1))


def _iso(time: int) -> str:
    at = datetime(1970, 1, 1, tzinfo=UTC) + timedelta(microseconds=time)
    return at.strftime("%Y-%m-%dT%H:%MZ")
