"""From messages to durable observations: in small batches, acknowledged once they are on disk."""

from __future__ import annotations

import logging
from collections import Counter, deque
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from itertools import count
from pathlib import Path
from threading import Event, Thread
from time import monotonic

import numpy as np

from rencheng.connectors.mqtt.address import Address
from rencheng.connectors.mqtt.again import Expected, Open
from rencheng.connectors.mqtt.client import LARGEST, MOST_WAITING, Heard, Session
from rencheng.connectors.mqtt.connector import SAME, Connector
from rencheng.connectors.mqtt.health import MqttHealth, Watch
from rencheng.connectors.mqtt.letters import DeadLetter, DeadLetters
from rencheng.connectors.mqtt.limits import Limits
from rencheng.connectors.mqtt.mapping import read_mapping
from rencheng.connectors.mqtt.topics import CREATE
from rencheng.connectors.shape import Message, Reading
from rencheng.domain.city import City
from rencheng.domain.errors import RenchengError, SourceUnavailableError
from rencheng.domain.identity import Actor
from rencheng.domain.provenance import Text
from rencheng.domain.readings import EPOCH, to_us
from rencheng.domain.run import LIVE_RUN
from rencheng.service.house import Command, House
from rencheng.service.intake import (
    DUPLICATE,
    REFUSED,
    SUSPECT,
    Columns,
    Taken,
    identity,
    refusal,
    stream_rows,
    take_in,
)

log = logging.getLogger("rencheng")

BATCH, WAIT_S = 2_000, 0.05
"""Most messages of a batch, and how long its first waits for the others. Chosen. [s]"""
ROWS = 50_000
"""Most values that are taken in at once. Chosen."""
PAUSES_S = (0.2, 1.0, 2.0, 5.0, 10.0)
"""Waits while the store takes nothing. Chosen. [s]"""
DOUBT = timedelta(seconds=60)
"""What was taken in so shortly before a connection may be sent again after it. Chosen."""
ACTOR = Actor(id="mqtt", name="MQTT", organisation="", roles=frozenset({"device"}))
"""In whose name messages are taken in: the broker has asked who their senders are."""
OURS = b'"@iot.selfLink"'
"""Only a server's own words have it: a device that creates an observation does not know it yet."""


@dataclass(slots=True)
class _Lot:
    """The values of some messages, and what will be counted of them."""

    expected: Expected
    """What may come again."""
    rows: list[tuple[int, int, float, int, int]] = field(default_factory=list)
    """Stream, time [µs], value, id, code of a refusal."""
    origin: list[tuple[Heard, Reading]] = field(default_factory=list)
    counts: Counter[str] = field(default_factory=Counter)
    marks: set[tuple[str, int]] = field(default_factory=set)
    """Datastream and id of each row."""
    kept: dict[str, set[int]] = field(default_factory=dict)
    """By datastream the ids that were taken in lately, once somebody asked; see `_is_known`."""


class Receiver:
    """Listens to a broker for the house.

    Parameters
    ----------
    house, address
        Who listens, and where.
    mapping
        Text of the mapping file; empty: only topics of SensorThings.
    folder
        Where dead letters are kept; None: in memory alone.
    wake
        Called when something new was taken in.
    ready
        Called whenever the broker has agreed to tell us everything.
    """

    def __init__(
        self,
        house: House,
        address: Address,
        *,
        mapping: str = "",
        folder: Path | None = None,
        wake: Callable[[], None] = lambda: None,
        ready: Callable[[], None] = lambda: None,
    ) -> None:
        self.address = address
        self.watch = Watch(str(address), house.now, self._say)
        self.mapping = read_mapping(mapping) if mapping else None
        rules = self.mapping.topics if self.mapping else ()
        # Both: a broker that moves topics does not move what comes in one packet with the greeting.
        topics = list(
            dict.fromkeys(f"{place}{one}" for place in (address.inbox, "") for one in CREATE)
        )
        topics += dict.fromkeys(rule.pattern for rule in rules)
        self.session = Session(address, topics, self.hear, self.watch, ready)
        self._house, self._wake = house, wake
        self._settings = {"mapping": mapping}
        self._connector = Connector()
        self._letters = DeadLetters(folder / "dead-letters.json" if folder else None)
        self._mark = folder / "last-batch" if folder else None
        self._limits = Limits()
        self._open = Open()
        self._queue: deque[Heard] = deque()
        self._news, self._stop = Event(), Event()
        self._in_hand = 0
        self._last = _last_batch(self._mark)
        self._doubt = (0, EPOCH)
        """Connection, and from when on what was taken in may come again in it."""
        self._thread: Thread | None = None

    def start(self) -> None:
        """Connect, and take in what comes."""
        self._thread = Thread(target=self._work, name="mqtt", daemon=True)
        self._thread.start()
        self.session.start()

    def stop(self) -> None:
        """Take in what is in hand, and hang up; the broker keeps what comes then."""
        self._stop.set()
        self._news.set()
        if self._thread is not None:
            self._thread.join(10.0)
        self.session.stop()
        self._letters.save()

    def health(self, foreign: int = 0) -> MqttHealth:
        """Return how the connection does."""
        return self.watch.record(waiting=len(self._queue) + self._in_hand, foreign=foreign)

    def letters(self) -> list[DeadLetter]:
        """Return the messages that could not be taken in, the last first."""
        return self._letters.all()

    def hear(self, message: Heard) -> None:
        """Put a message in the queue; called by the network's thread."""
        if len(self._queue) < MOST_WAITING:
            self._queue.append(message)
            if not self._news.is_set():
                self._news.set()

    def refuse_foreign(self, account: str, topic: str, is_reading: bool) -> None:
        """Note that somebody went beyond their rights; the broker has refused it."""
        key = "mqtt.refused.listening" if is_reading else "mqtt.refused.foreign"
        topic = topic.removeprefix(self.address.inbox)
        self._letters.add(topic, b"", 0, Text(key, {"account": account}), self._house.now())

    # Batches -----------------------------------------------------------------------------------

    def _work(self) -> None:
        # Each batch runs as a future: its error is a value here, so nothing can end this thread.
        with ThreadPoolExecutor(max_workers=1, thread_name_prefix="mqtt-batch") as pool:
            while not self._stop.is_set() or self._queue:
                batch = self._collect()
                self._in_hand = len(batch)
                error = self._tried(pool, batch) if batch else None
                if error is not None and not self._stop.is_set():
                    log.error("a batch of messages could not be taken in", exc_info=error)
                    self._one_by_one(pool, batch)
                self._in_hand = 0
                if self._stop.is_set() and error is not None:
                    return  # not acknowledged: the broker sends it again

    def _tried(self, pool: ThreadPoolExecutor, batch: Sequence[Heard]) -> BaseException | None:
        """Take a batch in; return an error that its messages are to blame for."""
        for attempt in count():
            error = pool.submit(self._take, batch).exception()
            if not isinstance(error, RenchengError | OSError):
                return error
            self._trouble(error)
            if self._stop.wait(PAUSES_S[min(attempt, len(PAUSES_S) - 1)]):
                return error
        return None

    def _one_by_one(self, pool: ThreadPoolExecutor, batch: Sequence[Heard]) -> None:
        """Find out which message it is that nobody can read; the others are taken in."""
        for one in batch:
            error = self._tried(pool, [one])
            if error is not None and not self._stop.is_set():
                self._dead(one, Text("mqtt.refused.fault", {"why": type(error).__name__}))
                self.watch.heard(1, refused=1)
                self.session.acknowledge([one])

    def _collect(self) -> list[Heard]:
        """Return the messages of a batch, none when nothing came for a while."""
        self._news.wait(0.5)
        if not self._stop.is_set() and len(self._queue) < BATCH:
            self._stop.wait(WAIT_S if self._queue else 0.0)
        self._news.clear()
        batch = [self._queue.popleft() for _ in range(min(BATCH, len(self._queue)))]
        if self._queue:
            self._news.set()
        return batch

    def _take(self, batch: Sequence[Heard]) -> None:
        lot = _Lot(self._open.expected(self.session.lost))
        city = self._house.cities.current()
        rows = stream_rows(self._house, city)
        for one in batch:
            self._read(one, city, rows, lot)
        for start in range(0, len(lot.rows), ROWS):
            self._keep(city, lot, slice(start, start + ROWS))
        self._letters.save()
        self.watch.heard(len(batch), **lot.counts)
        self._open.settle(lot.expected, self.session.acknowledge(batch), monotonic())

    def _read(self, one: Heard, city: City, rows: Mapping[str, int], lot: _Lot) -> None:
        """Add the values of a message to a lot; what cannot be read is a dead letter."""
        self._follow(one)
        if one.size > LARGEST:
            why = Text("mqtt.refused.large", {"size": one.size, "most": LARGEST})
            return self._refuse(one, why, lot)
        topic = one.topic.removeprefix(self.address.inbox)
        if OURS in one.body and topic == one.topic:
            return None  # our own announcement
        said = self._connector.hear(
            self._settings, Message(topic=topic, body=one.body, received=one.received)
        )
        for refused in said.refusals:
            self._refuse(one, refused.why, lot)
        for reading in said.readings:
            row, code = rows.get(reading.datastream, -1), 0
            at, ident = to_us(reading.at), identity(reading.id)
            if row >= 0:
                stream = city.datastreams[row]
                if reading.unit not in (SAME, stream.unit):
                    code = refusal("unit")
                elif not self._limits.admits(stream.id, stream.interval_s, at):
                    lot.counts["limited"] += 1
                    why = Text("mqtt.refused.limited", {"datastream": stream.id})
                    self._dead(one, why)
                    continue
            if reading.at is one.received:
                if one.is_kept:
                    continue  # of unknown age: what a broker keeps for newcomers has no time
                is_expected = lot.expected.has(one, (reading.datastream, ident))
                if is_expected or (one.is_again and self._is_known(reading, ident, one, lot)):
                    lot.counts["repeats"] += 1
                    continue
            lot.rows.append((row, at, reading.value, ident, code))
            lot.origin.append((one, reading))
            lot.marks.add((reading.datastream, ident))
        return None

    def _refuse(self, one: Heard, why: Text, lot: _Lot) -> None:
        lot.counts["refused"] += 1
        self._dead(one, why)

    def _keep(self, city: City, lot: _Lot, part: slice) -> None:
        """Have a part of a lot taken in."""
        stream, at, value, ident, code = zip(*lot.rows[part], strict=True)
        columns = Columns(
            stream=np.array(stream, np.int32),
            at=np.array(at, np.int64),
            value=np.array(value, np.float64),
            ident=np.array(ident, np.uint64),
            refused=np.array(code, np.uint8),
        )
        if lot.expected.seen:
            self._remember(lot.origin[part][0][0].received)
        taken = self._taken(columns)
        lot.counts["values"] += int((taken.codes <= SUSPECT).sum())
        lot.counts["repeats"] += int((taken.codes == DUPLICATE).sum())
        origin = lot.origin[part]
        for index in np.flatnonzero(taken.codes >= REFUSED):
            one, reading = origin[index]
            key, params = taken.reason(city, columns, int(index))
            row = int(columns.stream[index])
            expected = city.datastreams[row].unit if row >= 0 else ""
            more = {"unit": reading.unit, "expected": expected, "datastream": reading.datastream}
            self._refuse(one, Text(f"ingest.{key}", more | params), lot)
        self._wake()

    def _taken(self, columns: Columns) -> Taken:
        """Have columns taken in; waits as long as the store takes nothing."""
        for attempt in count():
            try:
                taken = take_in(self._house, Command(actor=ACTOR, run=LIVE_RUN), columns)
            except (SourceUnavailableError, OSError) as error:
                self._trouble(error)
                if self._stop.wait(PAUSES_S[min(attempt, len(PAUSES_S) - 1)]):
                    raise
            else:
                if attempt:
                    self.watch.mended()
                return taken
        raise AssertionError  # `count` does not end

    def _trouble(self, error: BaseException) -> None:
        self.watch.troubled("store", str(error))

    def _dead(self, one: Heard, why: Text) -> None:
        topic = one.topic.removeprefix(self.address.inbox)
        self._letters.add(topic, one.body, one.size, why, one.received)

    def _say(self, problem: Text, hint: Text) -> None:
        log.warning("%s. %s.", *(self._house.words(one, "en") for one in (problem, hint)))

    # Messages that carry no time ---------------------------------------------------------------

    def _remember(self, first: datetime) -> None:
        """Note since when messages without a time waited to be taken in; see `_is_known`."""
        self._last = first
        if self._mark is not None:
            self._mark.write_text(self._last.isoformat(), encoding="utf-8")

    def _is_known(self, reading: Reading, ident: int, one: Heard, lot: _Lot) -> bool:
        """Return whether a message without a time, sent again, was taken in the first time.

        Looks for the same bytes among what was taken in shortly before the connection began, or
        since: only that can be sent again. Times cannot tell, as it has none.
        """
        if (reading.datastream, ident) in lot.marks:
            return True
        if reading.datastream not in lot.kept:
            span = to_us(self._doubt[1]), to_us(one.received + timedelta(days=1))
            with self._house.work() as work:
                found = work.observations.rows(LIVE_RUN, [reading.datastream], *span)
            lot.kept[reading.datastream] = set(found["ident"].tolist())
        return ident in lot.kept[reading.datastream]

    def _follow(self, one: Heard) -> None:
        """Note, with the first message of a connection, what may come again in it."""
        if one.connection != self._doubt[0]:
            self._doubt = (one.connection, (self._last or one.received) - DOUBT)


def _last_batch(mark: Path | None) -> datetime | None:
    if mark is None or not mark.is_file():
        return None
    try:
        return datetime.fromisoformat(mark.read_text(encoding="utf-8"))
    except ValueError:
        return None
