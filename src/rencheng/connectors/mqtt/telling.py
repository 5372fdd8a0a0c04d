"""What was taken in goes out again under the topics of the standard, for whoever subscribes.

References
----------
.. [1] OGC 18-088, SensorThings API Part 1: Sensing 1.1, clause 14.2 (receive updates via MQTT).
"""

from __future__ import annotations

import json
from collections import deque
from collections.abc import Callable, Iterator
from threading import Event, Thread
from typing import Any

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
    for row in batch.rows:
        stream = batch.city.datastreams[int(row["stream"])]
        body = json.dumps(_observation(stream, row, root), ensure_ascii=False).encode()
        yield f"v1.1/{_name(stream)}/Observations", body
        yield "v1.1/Observations", body
    for number in sorted(set(batch.rows["stream"].tolist())):
        stream = batch.city.datastreams[number]
        times = batch.rows["at"][batch.rows["stream"] == number]
        told = {
            "@iot.id": stream.id,
            "@iot.selfLink": f"{root}/v1.1/{_name(stream)}",
            "name": stream.name,
            "phenomenonTime": f"{_time(int(times.min()))}/{_time(int(times.max()))}",
        }
        yield f"v1.1/{_name(stream)}", json.dumps(told, ensure_ascii=False).encode()


def _observation(stream: Datastream, row: Any, root: str) -> dict[str, Any]:
    at = int(row["at"])
    key = f"{stream.id}@{at}-{int(row['ident']):016x}"
    quoted = key.replace("'", "''")
    value = float(row["value"])
    return {
        "@iot.id": key,
        "@iot.selfLink": f"{root}/v1.1/Observations('{quoted}')",
        "phenomenonTime": _time(at),
        "result": int(value) if value.is_integer() and abs(value) < 2**53 else value,
        "resultTime": None,
        "resultQuality": "suspect" if row["reasons"] else "good",
        "Datastream@iot.navigationLink": f"{root}/v1.1/Observations('{quoted}')/Datastream",
    }


def _name(stream: Datastream) -> str:
    quoted = stream.id.replace("'", "''")
    return f"Datastreams('{quoted}')"


def _time(us: int) -> str:
    text = from_us(us).isoformat(timespec="milliseconds")
    return text.replace("+00:00", "Z")
