"""What a message says: a value of a SensorThings topic, or values found by the mapping file."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from hashlib import blake2b
from math import isfinite
from typing import Any

import msgspec

from rencheng.connectors.mqtt.mapping import MqttMapping, TopicRule, ValueRule, read_mapping
from rencheng.connectors.mqtt.topics import datastream_of, is_standard
from rencheng.connectors.paths import every, first, time_of
from rencheng.connectors.shape import Delivery, Message, Reading, Refusal, Settings
from rencheng.domain.provenance import Text

MOST_READINGS = 1_000
"""Values of one message. Chosen."""
REMEMBERED = 100_000
"""Topics whose meaning is remembered. Chosen."""
SAME = "*"
"""The unit is that of the datastream: a SensorThings observation names none."""


class _Link(msgspec.Struct):
    id: str | int = msgspec.field(name="@iot.id")


class _Observation(msgspec.Struct):
    result: float | bool
    phenomenon_time: str | None = msgspec.field(name="phenomenonTime", default=None)
    result_time: str | None = msgspec.field(name="resultTime", default=None)
    stream: _Link | None = msgspec.field(name="Datastream", default=None)


_read_observation = msgspec.json.Decoder(_Observation).decode


class _NotReadError(Exception):
    """Carries why a message says nothing."""

    def __init__(self, key: str, **params: str) -> None:
        super().__init__(key)
        self.why = Text(f"mqtt.refused.{key}", params)


@dataclass(slots=True)
class Connector:
    """Reads messages; remembers what topics mean."""

    _text: str | None = None
    _rules: list[tuple[re.Pattern[str], TopicRule]] = field(default_factory=list)
    _streams: dict[str, str | None] = field(default_factory=dict)
    _matches: dict[str, list[tuple[TopicRule, tuple[str, ...]]]] = field(default_factory=dict)

    def hear(self, settings: Settings, message: Message) -> Delivery:
        """Return what a message says; what cannot be read is a `Refusal`.

        A reading without a time was so when its message arrived: its `at` is `message.received`.
        """
        self._take_mapping(settings.get("mapping") or "")
        topic = message.topic
        try:
            if is_standard(topic):
                return Delivery(readings=(self._standard(topic, message),))
            return self._mapped(topic, message)
        except _NotReadError as error:
            return Delivery(refusals=(Refusal(what=topic, why=error.why),))

    def _take_mapping(self, text: str) -> None:
        if text == self._text:
            return
        mapping = read_mapping(text) if text else MqttMapping()
        self._rules = [(rule.matcher(), rule) for rule in mapping.topics]
        self._matches.clear()
        self._text = text

    def _standard(self, topic: str, message: Message) -> Reading:
        if topic not in self._streams:
            if len(self._streams) > REMEMBERED:
                self._streams.clear()
            self._streams[topic] = datastream_of(topic)
        stream = self._streams[topic]
        if stream is None:
            raise _NotReadError("topic")
        try:
            said = _read_observation(message.body)
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
            raise _NotReadError("json", why=str(error)[:200]) from error
        if not stream:
            if said.stream is None:
                raise _NotReadError("no_datastream")
            stream = str(said.stream.id)
        at = message.received
        if said.phenomenon_time is not None:
            # An interval: the value stands at its end, when it was known.
            at = _iso(said.phenomenon_time.rpartition("/")[2])
        return Reading(
            datastream=stream,
            value=_number(said.result),
            unit=SAME,
            at=at,
            id=_mark(message),
        )

    def _mapped(self, topic: str, message: Message) -> Delivery:
        rules = self._matches.get(topic)
        if rules is None:
            found = [(m, rule) for pattern, rule in self._rules if (m := pattern.fullmatch(topic))]
            rules = [(rule, match.groups()) for match, rule in found]
            if len(self._matches) > REMEMBERED:
                self._matches.clear()
            self._matches[topic] = rules
        if not rules:
            raise _NotReadError("topic")
        mark = _mark(message)
        readings: list[Reading] = []
        refusals: list[Refusal] = []
        for rule, levels in rules:
            for content in _elements(rule, _content(rule, message.body)):
                if len(readings) + len(refusals) >= MOST_READINGS:
                    raise _NotReadError("many", most=str(MOST_READINGS))
                for value in rule.values:
                    number = len(readings) + len(refusals)
                    try:
                        one = _reading(rule, value, levels, content, message.received)
                    except _NotReadError as error:
                        refusals.append(Refusal(what=topic, why=error.why))
                    else:
                        readings.append(one(mark if number == 0 else f"{mark}/{number}"))
        return Delivery(readings=tuple(readings), refusals=tuple(refusals))


def _reading(
    rule: TopicRule, value: ValueRule, levels: tuple[str, ...], content: Any, received: datetime
) -> Callable[[str], Reading]:
    try:
        stream = value.datastream.filled(levels, content)
    except LookupError as error:
        raise _NotReadError("no_field", path=str(error.args[0])) from error
    raw = _found(content, value.path)
    number = _number(raw) * value.factor + value.offset
    if not isfinite(number):
        raise _NotReadError("number", value=str(raw)[:80])
    at = received if rule.time is None else _time(rule, content)
    return lambda mark: Reading(datastream=stream, value=number, unit=value.unit, at=at, id=mark)


def _content(rule: TopicRule, body: bytes) -> Any:
    if rule.format == "cbor":
        return _cbor(body)
    try:
        if rule.format == "number":
            return float(body.decode("ascii").strip())
        return msgspec.json.decode(body)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError, ValueError) as error:
        raise _NotReadError("json", why=str(error)[:200]) from error


def _cbor(body: bytes) -> Any:
    import cbor2

    try:
        return cbor2.loads(body)
    except (cbor2.CBORDecodeError, RecursionError, ValueError, OverflowError, TypeError) as error:
        raise _NotReadError("cbor", why=str(error)[:200]) from error


def _elements(rule: TopicRule, content: Any) -> list[Any]:
    return [content] if rule.each is None else list(every(content, rule.each))


def _found(content: Any, path: tuple[str | int, ...]) -> Any:
    found = first(content, path)
    if found is None:
        raise _NotReadError("no_field", path=".".join(map(str, path)) or "–")
    return found


def _time(rule: TopicRule, content: Any) -> datetime:
    assert rule.time is not None
    raw = _found(content, rule.time)
    try:
        if isinstance(raw, datetime):  # CBOR knows times
            raw = raw.isoformat()
        if isinstance(raw, dict | list | bool):
            raise ValueError(raw)
        return time_of(raw, rule.time_format, rule.zone)
    except (ValueError, OverflowError) as error:
        raise _NotReadError("time", value=str(raw)[:80]) from error


def _iso(text: str) -> datetime:
    try:
        found = datetime.fromisoformat(text)
        if found.tzinfo is not None:
            return found.astimezone(UTC)
    except (ValueError, OverflowError) as error:
        raise _NotReadError("time", value=text[:80]) from error
    raise _NotReadError("no_zone", value=text[:80])


def _number(raw: Any) -> float:
    if not isinstance(raw, bool | int | float):
        raise _NotReadError("number", value=str(raw)[:80])
    try:
        number = float(raw)
    except OverflowError as error:
        raise _NotReadError("number", value="∞") from error
    if not isfinite(number):
        raise _NotReadError("number", value=str(raw))
    return number


def _mark(message: Message) -> str:
    """Return an id made of topic and body: the same bytes sent again are the same observation."""
    return blake2b(message.topic.encode() + b"\0" + message.body, digest_size=8).hexdigest()
