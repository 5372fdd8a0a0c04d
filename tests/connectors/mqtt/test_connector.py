"""What a message says, by the topics of the standard and by a mapping file."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import cbor2
import pytest

from rencheng.adapters.words import both
from rencheng.connectors.mqtt.connector import MOST_READINGS, SAME, Connector
from rencheng.connectors.mqtt.mapping import read_mapping
from rencheng.connectors.mqtt.templates import template, topic_for
from rencheng.connectors.mqtt.topics import datastream_of, topics_of
from rencheng.connectors.shape import Delivery, Message
from rencheng.domain.errors import InvalidInputError

NOW = datetime(2026, 1, 1, 12, tzinfo=UTC)
TOPIC = "v1.1/Datastreams('tide-1')/Observations"
MAPPING = """
schema = "rencheng/mqtt-mapping/1"
[[topic]]
pattern = "plant/+/level"
datastream = "tide-{1}"
time = "ts"
time_format = "ms"
[[topic.value]]
path = "data.level"
unit = "m"
factor = 0.01
[[topic]]
pattern = "gate/#"
format = "cbor"
each = "readings[*]"
time = "t"
[[topic.value]]
path = "v"
datastream = "{device.id}"
unit = "kPa"
[[topic]]
pattern = "plain/+"
format = "number"
datastream = "{1}"
[[topic.value]]
unit = "mm"
"""


def hear(topic: str, body: Any, mapping: str = "") -> Delivery:
    raw = body if isinstance(body, bytes) else json.dumps(body).encode()
    return Connector().hear({"mapping": mapping}, Message(topic=topic, body=raw, received=NOW))


def why(said: Delivery) -> str:
    assert not said.readings
    return said.refusals[0].why.key.rpartition(".")[2]


def test_a_topic_of_the_standard_names_the_datastream() -> None:
    said = hear(TOPIC, {"result": 1.5, "phenomenonTime": "2026-01-01T08:00:00+08:00"})
    one = said.readings[0]
    assert (one.datastream, one.value, one.unit) == ("tide-1", 1.5, SAME)
    assert one.at == datetime(2026, 1, 1, tzinfo=UTC)


def test_an_interval_stands_at_its_end() -> None:
    span = "2026-01-01T00:00:00Z/2026-01-01T01:00:00Z"
    assert hear(TOPIC, {"result": 1, "phenomenonTime": span}).readings[0].at.hour == 1


def test_without_a_time_it_was_so_when_it_arrived() -> None:
    assert hear(TOPIC, {"result": True}).readings[0].at is NOW


def test_the_message_may_name_the_datastream() -> None:
    said = hear("v1.0/Observations", {"result": 2, "Datastream": {"@iot.id": 7}})
    assert said.readings[0].datastream == "7"


def test_the_same_bytes_have_the_same_id_and_others_another() -> None:
    ids = [hear(TOPIC, {"result": value}).readings[0].id for value in (1, 1, 2)]
    assert ids[0] == ids[1] != ids[2]


@pytest.mark.parametrize(
    ("topic", "body", "reason"),
    [
        (TOPIC, b"{", "json"),
        (TOPIC, b"\xff\xfe", "json"),
        (TOPIC, b"[" * 100_000, "json"),
        (TOPIC, {"result": "high"}, "json"),
        (TOPIC, {"result": 1, "phenomenonTime": "yesterday"}, "time"),
        (TOPIC, {"result": 1, "phenomenonTime": "2026-01-01T00:00:00"}, "no_zone"),
        (TOPIC, {"result": 1, "phenomenonTime": "0001-01-01T00:00:00+14:00"}, "time"),
        ("v1.1/Things(1)/Observations", {"result": 1}, "topic"),
        ("v1.1/Observations", {"result": 1}, "no_datastream"),
        ("elsewhere", {"result": 1}, "topic"),
        ("plant/3/level", {"ts": 0}, "no_field"),
        ("plant/3/level", {"ts": "soon", "data": {"level": 1}}, "time"),
        ("plant/3/level", {"ts": 1e300, "data": {"level": 1}}, "time"),
        ("plant/3/level", {"ts": 0, "data": {"level": "x"}}, "number"),
        ("plant/3/level", {"ts": 0, "data": {"level": 1e308 * 10}}, "json"),
        ("gate/a", b"\x9f" * 100, "cbor"),
        ("gate/a", b"\xbf\xff" + b"\x00" * 3, "no_field"),
        ("plain/rain", b"wet", "json"),
        ("plain/rain", b"nan", "number"),
    ],
)
def test_poison_is_refused_with_a_reason_in_both_languages(
    topic: str, body: Any, reason: str
) -> None:
    said = hear(topic, body, MAPPING)
    if not said.refusals:
        assert not said.readings  # nothing in it at all
        return
    assert why(said) == reason
    assert all("{" not in text for text in both(said.refusals[0].why))


def test_a_mapping_finds_value_time_unit_and_factor() -> None:
    said = hear("plant/7/level", {"ts": 1_767_225_600_000, "data": {"level": 250}}, MAPPING)
    one = said.readings[0]
    assert (one.datastream, one.value, one.unit) == ("tide-7", 2.5, "m")
    assert one.at == datetime(2026, 1, 1, tzinfo=UTC)


def test_a_list_in_cbor_gives_one_reading_each() -> None:
    rows = [{"v": i, "t": "2026-01-01T00:00:00Z", "device": {"id": f"p{i}"}} for i in range(3)]
    said = hear("gate/a/b", cbor2.dumps({"readings": rows}), MAPPING)
    assert [one.datastream for one in said.readings] == ["p0", "p1", "p2"]
    assert len({one.id for one in said.readings}) == 3


def test_one_bad_element_leaves_the_others() -> None:
    good = {"v": 1, "t": "2026-01-01T00:00:00Z", "device": {"id": "p"}}
    said = hear("gate/a", cbor2.dumps({"readings": [good, good | {"v": "x"}, good]}), MAPPING)
    assert len(said.readings) == 2 and len(said.refusals) == 1


def test_a_message_with_too_many_values_is_refused_as_a_whole() -> None:
    good = {"v": 1, "t": "2026-01-01T00:00:00Z", "device": {"id": "p"}}
    said = hear("gate/a", cbor2.dumps({"readings": [good] * (MOST_READINGS + 1)}), MAPPING)
    assert why(said) == "many"


def test_a_plain_number_is_a_message() -> None:
    assert hear("plain/rain", b" 3.5\n", MAPPING).readings[0].value == 3.5


def test_a_mapping_file_is_refused_with_all_its_faults_at_once() -> None:
    text = """
    schema = "other"
    strange = 1
    [[topic]]
    pattern = "a/#/b"
    format = "xml"
    time_format = "sometimes"
    zone = "Mars/Olympus"
    datastream = "{2}"
    [[topic.value]]
    factor = 0
    [[topic]]
    pattern = "v1.1/x"
    """
    with pytest.raises(InvalidInputError) as caught:
        read_mapping(text)
    kinds = {fault.key.removeprefix("mqtt.") for fault in caught.value.faults}
    assert kinds == {
        "schema", "unknown", "pattern", "choice", "time_format", "zone", "wildcard", "needed",
        "number", "no_values",
    }  # fmt: skip
    assert sum(fault.where == "topic[1].pattern" for fault in caught.value.faults) == 1


def test_broken_toml_is_named() -> None:
    with pytest.raises(InvalidInputError) as caught:
        read_mapping("a = 1\nschema 2\n", "mqtt.toml")
    assert (caught.value.key, caught.value.params["where"]) == ("files.toml", "mqtt.toml:2")


def test_topics_of_a_datastream_lead_back_to_it() -> None:
    for stream in ("tide-1", "it's", "7", "a(b)"):
        assert {datastream_of(topic) for topic in topics_of(stream)} == {stream}


def test_a_topic_that_can_only_mean_one_stream_is_found() -> None:
    assert topic_for("a/+/+", template("{2}-{1}"), "x-y") == "a/y/x"
    assert topic_for("a/+", template("{device.id}"), "x") is None
    assert topic_for("a/+/+", template("{1}"), "x") is None
    assert topic_for("a/+", template("t-{1}"), "s-1") is None


def test_the_how_to_shows_a_mapping_that_is_right() -> None:
    page = Path(__file__).parents[3] / "docs" / "how-to" / "mqtt.md"
    block = page.read_text(encoding="utf-8").split("```toml\n")[1].split("```")[0]
    assert len(read_mapping(block).topics) >= 2
