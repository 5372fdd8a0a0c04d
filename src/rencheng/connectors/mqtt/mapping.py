"""The mapping file: which topic and which place in a message is which datastream."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from rencheng.connectors.mqtt.templates import Template, template
from rencheng.connectors.paths import steps, time_of, zone_of
from rencheng.domain.errors import Fault, InvalidInputError
from rencheng.service.toml import parse_toml

SCHEMA = "rencheng/mqtt-mapping/1"
FORMATS = ("json", "cbor", "number")
Path = tuple[str | int, ...]
_TOPIC_KEYS = {"pattern", "format", "datastream", "each", "time", "time_format",
               "zone", "value"}  # fmt: skip
_VALUE_KEYS = {"path", "datastream", "unit", "factor", "offset"}


@dataclass(frozen=True, slots=True, kw_only=True)
class ValueRule:
    """One value in a message."""

    path: Path
    """Empty: the message itself is the value."""
    datastream: Template
    unit: str
    """UCUM, after the factor; must be that of the datastream."""
    factor: float = 1.0
    offset: float = 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class TopicRule:
    """What messages of one topic pattern say."""

    pattern: str
    format: str
    each: Path | None
    """Places, with `[*]`, that are read one by one; None: the message as a whole."""
    time: Path | None
    """None: it was so when it arrived."""
    time_format: str
    """`iso`, `s`, `ms` or a pattern of `strptime`."""
    zone: str
    """Time zone of times that name none."""
    values: tuple[ValueRule, ...]

    def matcher(self) -> re.Pattern[str]:
        """Return the pattern as an expression with one group a wildcard."""
        levels = {"+": "([^/]+)", "#": "(.+)"}
        parts = [levels.get(level, re.escape(level)) for level in self.pattern.split("/")]
        return re.compile("/".join(parts))


@dataclass(frozen=True, slots=True)
class MqttMapping:
    """A mapping file that was found right."""

    topics: tuple[TopicRule, ...] = ()


def read_mapping(content: bytes | str, name: str = "mapping") -> MqttMapping:
    """Return what a mapping file says.

    Parameters
    ----------
    name
        Of the file.

    Raises
    ------
    InvalidInputError
        With every fault at once.
    """
    table = parse_toml(content, name)
    faults: list[Fault] = []
    if table.get("schema") != SCHEMA:
        faults.append(_fault("schema", "schema", SCHEMA))
    faults += [_fault(key, "unknown", key) for key in table if key not in ("schema", "topic")]
    tables = table.get("topic")
    if not isinstance(tables, list) or not tables:
        faults.append(_fault("topic", "no_topics", "[[topic]]"))
        tables = []
    topics = [_topic(f"topic[{i}]", table, faults) for i, table in enumerate(tables)]
    if faults:
        raise _refused(faults)
    return MqttMapping(tuple(topics))


def wildcards(pattern: str) -> int:
    """Return how many wildcards a pattern has."""
    return sum(level in ("+", "#") for level in pattern.split("/"))


def _topic(where: str, table: Any, faults: list[Fault]) -> TopicRule:
    if not isinstance(table, Mapping):
        faults.append(_fault(where, "no_table", ""))
        table = {}
    faults += [_fault(f"{where}.{key}", "unknown", key) for key in table if key not in _TOPIC_KEYS]
    pattern = _text(table, where, "pattern", faults)
    if not _is_pattern(pattern):
        faults.append(_fault(f"{where}.pattern", "pattern", pattern))
    format_ = _text(table, where, "format", faults, "json")
    if format_ not in FORMATS:
        faults.append(_fault(f"{where}.format", "choice", ", ".join(FORMATS)))
    time_format = _text(table, where, "time_format", faults, "iso")
    zone = _text(table, where, "zone", faults, "UTC")
    if not _is_time_format(time_format):
        faults.append(_fault(f"{where}.time_format", "time_format", time_format))
    if not _is_zone(zone):
        faults.append(_fault(f"{where}.zone", "zone", zone))
    values = table.get("value", [{}] if format_ == "number" else None)
    if not isinstance(values, list) or not values:
        faults.append(_fault(f"{where}.value", "no_values", "[[topic.value]]"))
        values = []
    usual = _text(table, where, "datastream", faults, "")
    return TopicRule(
        pattern=pattern,
        format=format_,
        each=_path(table, where, "each", faults),
        time=_path(table, where, "time", faults),
        time_format=time_format,
        zone=zone,
        values=tuple(
            _value(f"{where}.value[{i}]", value, (usual, pattern, format_), faults)
            for i, value in enumerate(values)
        ),
    )


def _value(where: str, table: Any, topic: tuple[str, str, str], faults: list[Fault]) -> ValueRule:
    usual, pattern, format_ = topic
    if not isinstance(table, Mapping):
        faults.append(_fault(where, "no_table", ""))
        table = {}
    faults += [_fault(f"{where}.{key}", "unknown", key) for key in table if key not in _VALUE_KEYS]
    path = _path(table, where, "path", faults)
    if path is None and format_ != "number":
        faults.append(_fault(f"{where}.path", "needed", "path"))
    stream = _text(table, where, "datastream", faults, usual)
    if not stream:
        faults.append(_fault(f"{where}.datastream", "needed", "datastream"))
    made = Template(())
    try:
        made = template(stream)
    except InvalidInputError:
        faults.append(_fault(f"{where}.datastream", "path", stream))
    if any(isinstance(part, int) and not 1 <= part <= wildcards(pattern) for part in made.parts):
        faults.append(_fault(f"{where}.datastream", "wildcard", stream))
    if format_ == "number" and not made.is_of_topic:
        faults.append(_fault(f"{where}.datastream", "path", stream))
    unit = _text(table, where, "unit", faults, "")
    if not unit:
        faults.append(_fault(f"{where}.unit", "needed", "unit"))
    factor = _number(table, where, "factor", 1.0, faults)
    if factor == 0.0:
        faults.append(_fault(f"{where}.factor", "number", "0"))
    return ValueRule(
        path=path or (),
        datastream=made,
        unit=unit,
        factor=factor,
        offset=_number(table, where, "offset", 0.0, faults),
    )


def _is_pattern(pattern: str) -> bool:
    levels = pattern.split("/")
    return (
        all(levels)
        and not pattern.startswith("$")
        and not re.search(r"[\s*>]", pattern)
        and all(level == "+" or "+" not in level for level in levels)
        and all(level == "#" or "#" not in level for level in levels)
        and "#" not in levels[:-1]
        and not re.match(r"v1\.[01]/|(in|out)/v1\.", pattern)
    )


def _text(
    table: Mapping[str, Any], where: str, key: str, faults: list[Fault], usual: str | None = None
) -> str:
    found = table.get(key, usual)
    if found is None:
        faults.append(_fault(f"{where}.{key}", "needed", key))
        return "missing"
    if not isinstance(found, str):
        faults.append(_fault(f"{where}.{key}", "text", str(found)))
        return usual or "missing"
    return found


def _path(table: Mapping[str, Any], where: str, key: str, faults: list[Fault]) -> Path | None:
    if key not in table:
        return None
    text = _text(table, where, key, faults)
    try:
        return steps(text)
    except InvalidInputError:
        faults.append(_fault(f"{where}.{key}", "path", text))
        return ()


def _is_time_format(text: str) -> bool:
    if text in ("iso", "s", "ms"):
        return True
    try:
        shown = time_of("2024-05-01T08:00:00Z").strftime(text)
        return shown != text and bool(time_of(shown, text))
    except ValueError:
        return False


def _is_zone(name: str) -> bool:
    try:
        zone_of(name)
    except ValueError:
        return False
    return True


def _number(
    table: Mapping[str, Any], where: str, key: str, usual: float, faults: list[Fault]
) -> float:
    found = table.get(key, usual)
    if isinstance(found, bool) or not isinstance(found, int | float) or not math.isfinite(found):
        faults.append(_fault(f"{where}.{key}", "number", str(found)))
        return usual
    return float(found)


_PROBLEMS = {
    "schema": ("the schema is missing or another one", "write the schema as it is shown"),
    "unknown": ("nothing reads this", "look for a slip of the pen, or take it out"),
    "no_topics": ("there is no topic", "add [[topic]]"),
    "no_values": ("there is no value", "add [[topic.value]]"),
    "no_table": ("this is no table", "write it as the how-to shows"),
    "pattern": (
        "this is no topic pattern",
        "levels between /, + for one, # for the rest at the end",
    ),
    "choice": ("this is none of the choices", "choose one"),
    "needed": ("it is missing", "add it"),
    "text": ("this is no text", "write it in quotes"),
    "path": ("this names no place in a message", "write it as data.level or readings[0].v"),
    "time_format": ("this is no form of times", "write iso, s, ms or a pattern such as %Y-%m-%d"),
    "zone": ("there is no such time zone", "write it as Asia/Shanghai"),
    "wildcard": ("the pattern has no such wildcard", "count + and # from 1"),
    "number": ("this is no number that can be used", "write a finite number, a factor not 0"),
}


def _fault(where: str, kind: str, first: str) -> Fault:
    problem, hint = _PROBLEMS[kind]
    return Fault(
        where=where,
        key=f"mqtt.{kind}",
        problem=f"{problem}: {first}" if first else problem,
        hint=hint,
        first=(first,),
    )


def _refused(faults: list[Fault]) -> InvalidInputError:
    return InvalidInputError(
        "mqtt.mapping",
        f"the mapping file has {len(faults)} faults",
        hint="Mend them all and check again with `rencheng mqtt check`",
        params={"count": len(faults)},
        faults=tuple(faults),
    )
