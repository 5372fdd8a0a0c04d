"""Packs of alarm rules: those that come with the program, and those that an office makes."""

from __future__ import annotations

import logging
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, fields
from datetime import date
from functools import cache
from pathlib import Path
from typing import Any

from rencheng.adapters.files import data_folder
from rencheng.domain.alarm import Level
from rencheng.domain.errors import CorruptDataError, Fault, InvalidInputError
from rencheng.domain.observation import Quantity
from rencheng.domain.rules import RuleStatus
from rencheng.domain.warning import LEVELS
from rencheng.domain.watch import (
    FIGURES,
    STATE_FIGURES,
    WINDOWED,
    Condition,
    Input,
    Measure,
    Selection,
    Speaks,
    WatchPack,
    WatchRule,
    WatchStep,
)
from rencheng.service.rule_memory import Broken, RuleMemory
from rencheng.service.toml import parse_toml

SCHEMA = "rencheng/alarms/2"
OFFICE_FOLDER = "rules"
"""Folder of an office's own packs, inside the state folder."""
_HEAD = ("id", "version", "title_zh", "title_en", "jurisdiction", "status", "source", "valid_from")
_NUMBERS = (
    "at", "window_s", "lasting_s", "clear", "clear_after_s", "least_known", "at_least", "within_s",
    "share", "quantile", "ahead_s",
)  # fmt: skip
_READS = ("quantity", "stream", "streams", "figure", "measure", "below", "minus", *_NUMBERS)
_RULE = ("id", "title_zh", "title_en", "speaks", "input", "steps", "table", "version",
         "jurisdiction", "status", "source", "valid_from", *_READS)  # fmt: skip
_STEP = ("level", "all", *_READS)
_ID = re.compile(r"[a-z0-9][a-z0-9._-]*")
_TABLES = ("rule", "steps", "table", "all")

_SHOWN = 3
_LOG = logging.getLogger(__name__)

Table = Mapping[str, Any]


def load_packs(
    state: Path | None = None, before: tuple[WatchPack, ...] = ()
) -> tuple[tuple[WatchPack, ...], tuple[Any, ...]]:
    """Read all packs.

    Parameters
    ----------
    state
        State folder, whose `rules` folder holds the office's own packs; None: shipped ones alone.
    before
        Packs in force: what a file held that is broken now stays.

    Returns
    -------
    packs
        Shipped ones first. One of the office with the id of a shipped one stands in its place.
    broken
        Name of each file of the office that cannot be used, and the error; the rest goes on.

    Raises
    ------
    RenchengError
        When a shipped file is broken.
    """
    packs = {pack.id: pack for pack in shipped_packs()}
    broken: list[tuple[str, CorruptDataError | InvalidInputError]] = []
    for file in sorted((state / OFFICE_FOLDER).glob("*.toml")) if state else ():
        try:
            pack = read_pack(file, is_own=True)
        except (CorruptDataError, InvalidInputError) as error:
            broken.append((file.name, error))
            packs |= {pack.id: pack for pack in before if pack.file == file.name}
        else:
            packs[pack.id] = pack
    return tuple(packs.values()), tuple(broken)


def open_watch(state: Path | None = None) -> RuleMemory:
    """Return the rules of the house with an empty memory; see `load_packs`."""
    source = OfficeRules(state) if state else None
    stamp = source.stamp() if source else None
    packs, broken = source.load(()) if source else (shipped_packs(), ())
    for name, why in broken:
        _LOG.error("rules of the office in %s are not used: %s", name, why)
    return RuleMemory(packs=packs, broken=broken, source=source, stamp=stamp)


@dataclass(frozen=True, slots=True)
class OfficeRules:
    """The rules in a state folder, which may change at any time."""

    state: Path

    def stamp(self) -> object:
        """Return names, sizes and times of the files."""
        found = []
        for file in sorted((self.state / OFFICE_FOLDER).glob("*.toml")):
            try:
                about = file.stat()
            except OSError:  # taken away since it was listed: the next look sees it
                continue
            found.append((file.name, about.st_size, about.st_mtime_ns, about.st_ino))
        return tuple(found)

    def load(self, before: tuple[WatchPack, ...]) -> tuple[tuple[WatchPack, ...], Broken]:
        """Read all packs; where a file is broken, the pack that it held before stays."""
        packs, broken = load_packs(self.state, before)
        return packs, tuple((name, _in_a_line(error)) for name, error in broken)


def _in_a_line(error: CorruptDataError | InvalidInputError) -> str:
    said = [f"{one.where}: {', '.join(one.first)}" for one in error.faults[:_SHOWN]]
    more = len(error.faults) - len(said)
    return "; ".join([*said, *([f"+{more}"] if more else [])]) or ": ".join(
        str(error.params[name]) for name in ("where", "why", "reason") if name in error.params
    )


@cache
def shipped_packs() -> tuple[WatchPack, ...]:
    """Return the packs that come with the program."""
    files = sorted((data_folder() / "rules" / "alarms").glob("*.toml"))
    return tuple(read_pack(file) for file in files)


def read_pack(file: Path, *, is_own: bool = False) -> WatchPack:
    """Read a pack of rules.

    Raises
    ------
    CorruptDataError
        When the file cannot be read at all.
    InvalidInputError
        When it is no TOML, or rows are wrong; all are named, with their lines.
    """
    try:
        content = file.read_bytes()
    except OSError as error:
        raise CorruptDataError(
            "rules.unreadable",
            f"{file.name} cannot be read: {error}",
            hint="Compare it with a shipped file of rules",
            params={"file": file.name, "why": str(error)},
        ) from error
    document = parse_toml(content, file.name)
    faults: list[Fault] = []
    pack = _pack(document, content.decode("utf-8-sig"), faults, file.name if is_own else "")
    if faults or pack is None:
        raise InvalidInputError(
            "rules.pack",
            f"{file.name} has {len(faults)} faults",
            hint="Mend them all and check it again with `rencheng rule check`",
            params={"file": file.name, "count": len(faults)},
            faults=faults,
        )
    return pack


def _pack(document: Table, text: str, faults: list[Fault], file: str) -> WatchPack | None:
    for path, value in _misshapen(document):
        _blame(faults, path, "value", repr(value))
    if faults:
        return None
    lines = [n for n, line in enumerate(text.splitlines(), 1) if line.strip() == "[[rule]]"]
    if document.get("schema") != SCHEMA:
        _blame(faults, "schema", "schema", SCHEMA)
    head = _head(document, faults, "", {})
    unknown = sorted(set(document) - {*_HEAD, "schema", "is_on", "rule"})
    if unknown:
        _blame(faults, unknown[0], "unknown", ", ".join(unknown))
    rules: list[WatchRule] = []
    if not document.get("rule"):
        _blame(faults, "rule", "missing", "[[rule]]")
    for number, row in enumerate(document.get("rule", ())):
        line = lines[number] if number < len(lines) else 0
        before = len(faults)
        rule = _rule(row, head, faults, f"line {line}, rule {row.get('id', number + 1)}")
        if rule is not None and len(faults) == before:
            if rule.id in {one.id for one in rules}:
                _blame(faults, f"line {line}", "twice", rule.id)
            rules.append(rule)
    if faults:
        return None
    return WatchPack(
        **{key: head[key] for key in _HEAD},
        rules=tuple(rules),
        is_own=bool(file),
        file=file,
        is_on=bool(document.get("is_on", True)),
    )


def _misshapen(table: Table, where: str = "") -> Iterator[tuple[str, Any]]:
    """Yield what is a list, a table or a single value and must be another of these."""
    for key, value in table.items():
        path, is_list = f"{where}{key}", isinstance(value, list)
        if key in _TABLES and is_list and all(isinstance(one, Mapping) for one in value):
            for number, one in enumerate(value, 1):
                yield from _misshapen(one, f"{path} {number}, ")
        elif key == "streams" and is_list and all(isinstance(one, str) for one in value):
            continue
        elif key in (*_TABLES, "streams") or isinstance(value, list | Mapping):
            yield path, value


def _head(row: Table, faults: list[Fault], where: str, default: Table) -> dict[str, Any]:
    """Return the common fields of a pack or a rule; a rule takes what it lacks from its pack."""
    found: dict[str, Any] = {}
    makers: dict[str, Callable[[Any], Any]] = {
        "status": RuleStatus,
        "valid_from": lambda value: date.fromisoformat(str(value)),
    }
    for key in _HEAD:
        if key not in row and key in default and key != "id":
            found[key] = default[key]
            continue
        if not str(row.get(key, "")).strip():
            _blame(faults, where or key, "missing", key)
            continue
        try:
            found[key] = makers.get(key, str)(row[key])
        except ValueError:
            _blame(faults, where or key, "value", f"{key} = {row[key]!r}")
    if "id" in found and not _ID.fullmatch(found["id"]):
        _blame(faults, where or "id", "value", f"id = {found['id']!r}")
    return found


def _rule(row: Table, head: Table, faults: list[Fault], where: str) -> WatchRule | None:
    unknown = sorted(set(row) - set(_RULE))
    if unknown:
        _blame(faults, where, "unknown", ", ".join(unknown))
    before = len(faults)
    own = _head(row, faults, where, {**head, "title_zh": "", "title_en": ""})
    for key in ("title_zh", "title_en"):
        if not own.get(key):
            _blame(faults, where, "missing", key)
    source = _choice(Input, row.get("input", "observation"), faults, where, "input")
    usual = "object" if source is Input.STATE else "stream"
    speaks = _choice(Speaks, row.get("speaks", usual), faults, where, "speaks")
    if source is Input.FORECAST and speaks is Speaks.OBJECT:
        _blame(faults, where, "value", "speaks = 'object' (forecast)")
    rows = row.get("steps", [])
    table = tuple(
        (Level(int(one["level"])), str(one["zh"]), str(one["en"]))
        for one in row.get("table", [])
        if {"level", "zh", "en"} <= set(one) and one["level"] in set(Level)
    )
    severities = tuple(
        (str(one["severity"]), Level(int(one["level"])))
        for one in row.get("table", [])
        if "severity" in one and one.get("level") in set(Level)
    )
    if severities and (
        source is not Input.BULLETIN or {one for one, _ in severities} - set(LEVELS)
    ):
        _blame(faults, where, "value", f"severity: {', '.join(LEVELS)}")
    if len(table) != len(row.get("table", [])):
        _blame(faults, where, "value", "table")
    if source is Input.BULLETIN and not table:
        _blame(faults, where, "missing", "table")
    if source is not Input.BULLETIN and not rows:
        _blame(faults, where, "missing", "steps")
    steps = [_step(one, row, faults, f"{where}, step {n}", source) for n, one in enumerate(rows, 1)]
    if len(faults) > before or speaks is None or source is None:
        return None
    kept = sorted((one for one in steps if one is not None), key=lambda one: one.level)
    return WatchRule(
        **{key: own[key] for key in _HEAD if key != "id"} | {"id": f"{head.get('id')}/{own['id']}"},
        speaks=speaks,
        input=source,
        steps=tuple(kept),
        table=table,
        severities=severities,
    )


def _step(
    row: Table, rule: Table, faults: list[Fault], where: str, source: Input | None
) -> WatchStep | None:
    unknown = sorted(set(row) - set(_STEP))
    if unknown:
        _blame(faults, where, "unknown", ", ".join(unknown))
    if row.get("level") not in set(Level):
        _blame(faults, where, "value", f"level = {row.get('level')}")
        return None
    base = {key: value for key, value in rule.items() if key in _READS}
    base |= {key: value for key, value in row.items() if key in _READS}
    conditions = []
    for one in row.get("all", [{}]):
        strange = sorted(set(one) - set(_READS))
        if strange:
            _blame(faults, where, "unknown", ", ".join(strange))
        conditions.append(_condition({**base, **one}, faults, where, source))
    found = tuple(one for one in conditions if one is not None)
    return WatchStep(level=Level(row["level"]), conditions=found)


def _condition(
    row: Table, faults: list[Fault], where: str, source: Input | None
) -> Condition | None:
    before = len(faults)
    measure = _choice(Measure, row.get("measure", "last"), faults, where, "measure")
    quantity = None
    if "quantity" in row:
        quantity = _choice(Quantity, row["quantity"], faults, where, "quantity")
    streams = row.get("streams", [row["stream"]] if "stream" in row else [])
    figure = str(row.get("figure", ""))
    known = {Input.FORECAST: FIGURES, Input.STATE: STATE_FIGURES}.get(source) if source else None
    if figure and figure not in (known or {}):
        _blame(faults, where, "value", f"figure = {figure!r}: {', '.join(known or {})}")
    if source is Input.STATE and (not figure or quantity or streams):
        _blame(faults, where, "missing", f"figure: {', '.join(STATE_FIGURES)}")
    elif not (quantity or streams or figure):
        _blame(faults, where, "missing", "quantity | stream | figure")
    numbers: dict[str, Any] = {}
    for key in _NUMBERS:
        value = row.get(key)
        if value is None:
            continue
        is_number = isinstance(value, int | float) and not isinstance(value, bool)
        if not is_number or value != value or (key not in ("at", "clear") and value < 0):
            _blame(faults, where, "value", f"{key} = {value!r}")
        else:
            numbers[key] = int(value) if key == "at_least" else float(value)
    if "at" not in row:
        _blame(faults, where, "missing", "at")
    if measure is not None:
        _fits_measure(row, measure, faults, where)
    if len(faults) > before or measure is None:
        return None
    select = Selection(quantity=quantity, streams=tuple(map(str, streams)), figure=figure)
    return Condition(
        select=select, measure=measure, is_below=bool(row.get("below", False)),
        minus=str(row.get("minus", "")), **numbers,
    )  # fmt: skip


def _fits_measure(row: Table, measure: Measure, faults: list[Fault], where: str) -> None:
    """Blame what a measure lacks, or what makes no sense with it."""
    needs_window = measure in WINDOWED or measure is Measure.DIFFERENCE
    if needs_window and not row.get("window_s"):
        _blame(faults, where, "missing", f"window_s ({measure})")
    if not needs_window and row.get("window_s"):
        _blame(faults, where, "value", f"window_s ({measure})")
    if (measure is Measure.DIFFERENCE) != bool(row.get("minus")):
        _blame(faults, where, "missing", f"minus ({measure})")
    share, clear, at = row.get("share"), row.get("clear"), row.get("at")
    if isinstance(share, int | float) and share > 1:
        _blame(faults, where, "value", f"share = {share}")
    if isinstance(clear, int | float) and isinstance(at, int | float):
        is_wrong = clear < at if row.get("below") else clear > at
        if is_wrong:
            _blame(faults, where, "clear", f"clear = {clear}, at = {at}")


def _choice(kind: Any, value: Any, faults: list[Fault], where: str, key: str) -> Any:
    try:
        return kind(value)
    except ValueError:
        _blame(
            faults, where, "choice", f"{key} = {value!r}: {', '.join(one.value for one in kind)}"
        )
        return None


def _blame(faults: list[Fault], where: str, kind: str, what: str) -> None:
    faults.append(
        Fault(
            where=where, key=f"rules.{kind}", problem=f"{kind}: {what}",
            hint="See docs/how-to/alarm-rules.md", first=(what,),
        )
    )  # fmt: skip


assert {*_NUMBERS, "select", "is_below", "measure", "minus"} == {f.name for f in fields(Condition)}
