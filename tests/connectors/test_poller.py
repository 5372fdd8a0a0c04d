"""A poll takes in what is new, writes down how it went, and says what to mend."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from time import monotonic, sleep
from typing import Any

import pytest

sys.path.insert(0, str(Path(__file__).parent))
from http_kit import reply, serving  # noqa: E402

from ops_kit import Kit, make_kit  # noqa: E402
from rencheng.connectors.feeds import read_feeds  # noqa: E402
from rencheng.connectors.manifests import connectors  # noqa: E402
from rencheng.connectors.poller import Poller  # noqa: E402
from rencheng.connectors.scaffold import scaffold  # noqa: E402
from rencheng.domain.city import City  # noqa: E402
from rencheng.domain.errors import InvalidInputError  # noqa: E402
from rencheng.domain.feed import FeedHealth  # noqa: E402
from rencheng.service.feeds import FAILED_RULE  # noqa: E402


@pytest.fixture
def kit(tmp_path: Path, tiny_city: City) -> Iterator[Kit]:
    made = make_kit(tmp_path, tiny_city)
    yield made
    made.store.close()


def quake(event: str, updated: datetime, magnitude: float = 6.5, **more: Any) -> dict[str, Any]:
    said = {"mag": magnitude, "time": 1442443000000, "net": "xx", "type": "earthquake", **more}
    said["updated"] = int(updated.timestamp() * 1000)
    place = {"type": "Point", "coordinates": [-71.3, -29.9, 20.0]}
    return {"type": "Feature", "id": event, "properties": said, "geometry": place}


def poller_of(kit: Kit, state: Path, text: str) -> Poller:
    (state / "connectors.toml").write_text(text, "utf-8")
    known = connectors(state)
    return Poller(kit.house, read_feeds(state, known), known=known)


def health(kit: Kit, name: str) -> FeedHealth:
    with kit.house.work() as work:
        found = work.feeds.find(name)
    assert found is not None
    return found


FEED = '[feed.quakes]\nconnector = "earthquakes"\nurl = "{url}/feed"\nallow_private = true\n'


def test_a_second_poll_makes_nothing_new_and_an_update_is_one(kit: Kit, tmp_path: Path) -> None:
    rows = [quake("xx1", kit.clock() - timedelta(minutes=2))]

    def answer(handler: BaseHTTPRequestHandler) -> None:
        reply(handler, json.dumps({"features": rows}).encode())

    with serving(answer) as url:
        poller = poller_of(kit, tmp_path, FEED.format(url=url))
        assert (poller.poll("quakes").taken, poller.poll("quakes").known) == (1, 1)
        rows[:] = [quake("xx1", kit.clock() - timedelta(minutes=1), 7.1)]
        assert poller.poll("quakes").taken == 1
    with kit.house.work() as work:
        alarms = work.alarms.list("live", where={"rule": "bulletin.earthquake"})
    assert [(one.is_open, one.level) for one in alarms] == [(True, 1)]
    found = health(kit, "quakes")
    assert found.delay_s == pytest.approx(60.0)
    assert len(found.polls) == 3


def test_a_withdrawn_earthquake_clears_its_alarm_in_whatever_order(
    kit: Kit, tmp_path: Path
) -> None:
    rows: list[dict[str, Any]] = []

    def answer(handler: BaseHTTPRequestHandler) -> None:
        reply(handler, json.dumps({"features": rows}).encode())

    with serving(answer) as url:
        poller = poller_of(kit, tmp_path, FEED.format(url=url))
        for minutes, status in ((9, "automatic"), (5, "deleted"), (7, "automatic")):
            rows[:] = [quake("xx1", kit.clock() - timedelta(minutes=minutes), status=status)]
            assert poller.poll("quakes").taken == 1
    with kit.house.work() as work:
        alarms = work.alarms.list("live", where={"rule": "bulletin.earthquake"})
    assert [one.is_open for one in alarms] == [False]


def test_failures_are_written_down_with_how_to_mend_them_and_raise_one_alarm(
    kit: Kit, tmp_path: Path
) -> None:
    good = json.dumps({"features": []}).encode()
    body = [b"<html>sorry</html>"]
    with serving(lambda one: reply(one, body[0])) as url:
        poller = poller_of(kit, tmp_path, FEED.format(url=url))
        waits = []
        for _ in range(4):
            poller.poll("quakes")
            found = health(kit, "quakes")
            assert found.next_poll is not None
            waits.append((found.next_poll - kit.clock()).total_seconds())
        assert found.failures == 4
        assert found.polls[0].hint is not None
        assert found.polls[0].hint.key == "error.feed.no_json.hint"
        assert all(a < b for a, b in zip(waits, waits[1:], strict=False))
        with kit.house.work() as work:
            where = {"rule": FAILED_RULE}
            assert [one.is_open for one in work.alarms.list("live", where=where)] == [True]
        body[0] = good
        assert poller.poll("quakes").is_good
    with kit.house.work() as work:
        assert [one.is_open for one in work.alarms.list("live", where=where)] == [False]


def test_waits_have_a_cap(kit: Kit, tmp_path: Path) -> None:
    poller = poller_of(kit, tmp_path, FEED.format(url="http://127.0.0.1:9"))
    longest = poller._wait(poller.feeds["quakes"], 10_000)
    assert timedelta(minutes=50) < longest < timedelta(minutes=70)


def test_a_strangers_mistake_is_told_and_stops_nobody(kit: Kit, tmp_path: Path) -> None:
    folder = scaffold(tmp_path, "clumsy")
    code = folder / "connector.py"
    clumsy = code.read_text("utf-8").replace('answer = get(settings["url"])', "1 / 0")
    code.write_text(clumsy, "utf-8")
    text = '[feed.mine]\nconnector = "clumsy"\nurl = "https://x.example"\n'
    poll = poller_of(kit, tmp_path, text).poll("mine")
    assert not poll.is_good
    assert "ZeroDivisionError" in poll.detail


def test_values_are_taken_and_bad_ones_are_counted(kit: Kit, tmp_path: Path) -> None:
    stream = kit.house.cities.current().datastreams[0]
    time = (kit.clock() - timedelta(minutes=1)).isoformat()
    rows = [
        {"g": stream.id, "t": time, "v": stream.low + 0.4 * (stream.high - stream.low)},
        {"g": "unheard of", "t": time, "v": 1},
        {"g": stream.id, "t": "never", "v": 1},
    ]
    (tmp_path / "map.toml").write_text(
        'schema = "rencheng/http_json/1"\n[[rows]]\npath = "$[*]"\nstream = "g"\ntime = "t"\n'
        f'value = "v"\nunit = "{stream.unit}"\n',
        "utf-8",
    )
    text = (
        '[feed.g]\nconnector = "http_json"\nurl = "{url}"\nmapping = "map.toml"\n'
        "allow_private = true\n"
    )
    with serving(lambda one: reply(one, json.dumps(rows).encode())) as url:
        poller = poller_of(kit, tmp_path, text.format(url=url))
        first, second = poller.poll("g"), poller.poll("g")
    assert (first.taken, first.refused) == (1, 2)
    assert (second.taken, second.known) == (0, 1)


def test_all_faults_of_the_list_are_named_at_once(kit: Kit, tmp_path: Path) -> None:
    text = '[feed.a]\nconnector = "nope"\n[feed.b]\nconnector = "quakeml"\nevery_s = -1\nx = 1\n'
    with pytest.raises(InvalidInputError) as error:
        poller_of(kit, tmp_path, text)
    where = {fault.where for fault in error.value.faults}
    assert where == {"feed.a.connector", "feed.b.every_s", "feed.b.x", "feed.b.url"}


def test_a_secret_that_others_may_read_is_refused(kit: Kit, tmp_path: Path) -> None:
    (tmp_path / "map.toml").write_text("", "utf-8")
    text = (
        '[feed.a]\nconnector = "http_json"\nurl = "https://x.example"\nmapping = "map.toml"\n'
        'key = "s"\n'
    )
    file = tmp_path / "connectors.toml"
    file.write_text(text, "utf-8")
    file.chmod(0o644)
    with pytest.raises(InvalidInputError, match="chmod 600"):
        read_feeds(tmp_path, connectors())
    file.chmod(0o600)
    assert read_feeds(tmp_path, connectors())["a"].shown()["key"] == "•••"


def test_feeds_are_asked_in_the_background(kit: Kit, tmp_path: Path) -> None:
    kit.clock.time = datetime.now(UTC)
    asked: list[str] = []

    def answer(handler: BaseHTTPRequestHandler) -> None:
        asked.append(handler.path)
        reply(handler, b'{"features": []}')

    with serving(answer) as url:
        poller = poller_of(kit, tmp_path, FEED.format(url=url) + "every_s = 1\n")
        poller.start()
        until = monotonic() + 10
        while len(asked) < 2 and monotonic() < until:
            kit.clock.forward(seconds=2)
            sleep(0.1)
        poller.stop()
    assert len(asked) >= 2


def test_a_message_that_could_not_be_had_is_tried_again(kit: Kit, tmp_path: Path) -> None:
    examples = connectors()["cap_feed"].folder / "examples" / "index"
    is_there = [False]
    asked: list[str] = []

    def answer(handler: BaseHTTPRequestHandler) -> None:
        asked.append(handler.path)
        name = "1.cap" if handler.path == "/3.cap" else handler.path[1:]
        if handler.path == "/warnings.atom" and handler.headers["If-None-Match"]:
            reply(handler, b"", 304)
        elif handler.path == "/3.cap" and not is_there[0]:
            reply(handler, b"", 503)
        else:
            reply(handler, (examples / name).read_bytes(), ETag='"1"')

    kit.clock.time = datetime(2024, 5, 2, tzinfo=UTC)
    text = '[feed.w]\nconnector = "cap_feed"\nurl = "{url}/warnings.atom"\nallow_private = true\n'
    with serving(answer) as url:
        poller = poller_of(kit, tmp_path, text.format(url=url))
        assert (poller.poll("w").taken, health(kit, "w").polls[0].refused) == (2, 1)
        is_there[0] = True
        asked.clear()
        assert poller.poll("w").refused == 0
        assert asked == ["/warnings.atom", "/3.cap"]
        asked.clear()
        poller.poll("w")
        assert asked == ["/warnings.atom"]
