"""What was taken in goes out again under the topics of the standard, for whoever subscribes.

References
----------
.. [1] OGC 18-088, SensorThings API Part 1: Sensing 1.1, clause 14.2 (receive updates via MQTT).
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterator
from threading import Event, Thread

import msgspec

from rencheng.domain.observation import Datastream
from rencheng.domain.readings import from_us
from rencheng.domain.run import LIVE_RUN
from rencheng.service.waiting import Batch

MOST_WAITING = 200
"""Batches that wait to be told; older ones are left out: this is no promise. Chosen."""

Say = Callable[[list[tuple[str, bytes]]], None]
"""Sends (topic, body)."""


class Announcer:
    """Tells of every observation of the live run, whichever door it came in by.

    Parameters
    ----------
    say
        Sends messages.
    is_wanted
        Whether anybody listens; nothing is made when nobody does.
    root
        Address of the SensorThings service, without a slash at the end.
    """

    def __init__(self, say: Say, is_wanted: Callable[[], bool], root: str) -> None:
        self._say, self._is_wanted, self._root = say, is_wanted, root
        self._queue: deque[Batch] = deque(maxlen=MOST_WAITING)
        self._news, self._stop = Event(), Event()
        self._thread: Thread | None = None

    def start(self) -> None:
        """Tell from now on."""
        self._thread = Thread(target=self._work, name="mqtt-tell", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """Tell no more."""
        self._stop.set()
        self._news.set()
        if self._thread is not None:
            self._thread.join(5.0)

    def take(self, batch: Batch) -> None:
        """Have a batch told soon."""
        if batch.run == LIVE_RUN and self._is_wanted():
            self._queue.append(batch)
            self._news.set()

    def _work(self) -> None:
        while not self._stop.is_set():
            self._news.wait(1.0)
            self._news.clear()
            while self._queue and not self._stop.is_set():
                self._say(list(announcements(self._queue.popleft(), self._root)))


def announcements(batch: Batch, root: str) -> Iterator[tuple[str, bytes]]:
    """Yield topics and entities: each observation, and each datastream that got some. [1]_"""
    rows, streams = batch.rows, batch.city.datastreams
    spans: dict[int, tuple[int, int]] = {}
    columns = ("stream", "at", "value", "ident", "reasons")
    for number, at, value, ident, reasons in zip(*(rows[c].tolist() for c in columns), strict=True):
        stream = streams[number]
        key = f"{stream.id}@{at}-{ident:016x}"
        body = msgspec.json.encode(_observation(key, at, value, bool(reasons), root))
        yield f"v1.1/{_name(stream)}/Observations", body
        yield "v1.1/Observations", body
        first, last = spans.get(number, (at, at))
        spans[number] = (min(first, at), max(last, at))
    for number, (first, last) in sorted(spans.items()):
        stream = streams[number]
        told = {
            "@iot.id": stream.id,
            "@iot.selfLink": f"{root}/v1.1/{_name(stream)}",
            "name": stream.name,
            "phenomenonTime": f"{_time(first)}/{_time(last)}",
        }
        yield f"v1.1/{_name(stream)}", msgspec.json.encode(told)


def _observation(
    key: str, at: int, value: float, is_suspect: bool, root: str
) -> dict[str, str | float | None]:
    link = f"{root}/v1.1/Observations('{key.replace(chr(39), chr(39) * 2)}')"
    return {
        "@iot.id": key,
        "@iot.selfLink": link,
        "phenomenonTime": _time(at),
        "result": int(value) if value.is_integer() and abs(value) < 2**53 else value,
        "resultTime": None,
        "resultQuality": "suspect" if is_suspect else "good",
        "Datastream@iot.navigationLink": f"{link}/Datastream",
    }


def _name(stream: Datastream) -> str:
    quoted = stream.id.replace("'", "''")
    return f"Datastreams('{quoted}')"


def _time(us: int) -> str:
    text = from_us(us).isoformat(timespec="milliseconds")
    return text.replace("+00:00", "Z")
