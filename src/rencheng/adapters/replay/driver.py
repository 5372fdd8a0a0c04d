"""Send a scenario's items in through the same door as real devices, as its clock passes them."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from threading import Event, Thread
from time import monotonic
from typing import Any

import httpx

from rencheng.domain.errors import NotAllowedError

MAX_BATCH = 1000
"""Most items that one request carries."""
PATHS = {
    "observation": "/api/v1/ingest/observations",
    "bulletin": "/api/v1/ingest/bulletins",
    "report": "/api/v1/ingest/reports",
}
_TICK_S = 0.25
_LONGEST_WAIT_S = 10.0
_SLACK_S = 2.0
"""How far, in wall time, the clock may be ahead of the delivery before it is held. [s]"""
_HOLD_EVERY_S = 1.0
_LOG = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Item:
    """One thing that a device, an agency or a person says, and when it reaches us."""

    at: datetime
    """When it arrives, on the run's clock. [UTC]"""
    kind: str
    """Key of `PATHS`."""
    body: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class ClockNow:
    """The run's clock as the driver sees it."""

    now: datetime
    is_over: bool
    speed: float = 1.0


@dataclass(frozen=True, slots=True)
class Progress:
    """How far the driver is."""

    sent: int
    total: int
    refused: int
    problem: str


class Driver:
    """Deliver items in order until the run's clock is over or everything is sent.

    Parameters
    ----------
    run
        Id of the run, sent with each request as header `X-Run`.
    items
        In order of arrival.
    clock
        Reads the run's clock; called several times a second.
    finish
        Called once when everything was delivered and the clock has reached the last item's time.
    client
        Knows the address and carries the bearer token.
    hold
        Called with the time that has been delivered when the clock has run ahead of it.
    """

    def __init__(
        self,
        *,
        run: str,
        items: Sequence[Item],
        clock: Callable[[], ClockNow],
        finish: Callable[[], None],
        client: httpx.Client,
        hold: Callable[[datetime], None] = lambda delivered: None,  # noqa: ARG005
    ) -> None:
        self._run, self._items, self._clock = run, items, clock
        self._finish, self._client, self._hold = finish, client, hold
        self._held = 0.0
        self._sent = self._refused = 0
        self._problem = ""
        self._stop = Event()
        self._thread: Thread | None = None

    @property
    def progress(self) -> Progress:
        """How many items are through the door."""
        return Progress(self._sent, len(self._items), self._refused, self._problem)

    def start(self) -> None:
        """Run in a thread of its own."""
        self._thread = Thread(target=self.drive, name=f"replay-{self._run}", daemon=True)
        self._thread.start()

    def stop(self, wait_s: float = 5.0) -> None:
        """Ask the thread to end, and wait for it."""
        self._stop.set()
        if self._thread:
            self._thread.join(wait_s)

    def drive(self) -> None:
        """Deliver until the end; returns when stopped, over, or not admitted."""
        try:
            while not self._stop.is_set():
                clock = self._clock()
                if clock.is_over:
                    return
                self._deliver_until(clock.now)
                if self._sent >= len(self._items):
                    self._finish()
                    return
                self._stop.wait(_TICK_S)
        except NotAllowedError as error:
            self._problem = error.problem
            _LOG.error("replay %s stops: %s", self._run, error)

    def _deliver_until(self, now: datetime) -> None:
        for first, together in _pieces(self._items, self._sent, now):
            for kind in dict.fromkeys(item.kind for item in together):
                self._post(kind, first, [item for item in together if item.kind == kind])
            if self._stop.is_set():
                return
            self._sent = first + len(together)
            if self._was_held(together[-1].at):
                # What seemed due lies in the future now, and would be refused.
                return

    def _was_held(self, delivered: datetime) -> bool:
        """Have the clock held when it is seconds ahead of what has been delivered."""
        clock = self._clock()
        ahead_s = (clock.now - delivered).total_seconds()
        is_due = monotonic() - self._held > _HOLD_EVERY_S
        is_ahead = not clock.is_over and ahead_s > _SLACK_S * max(clock.speed, 1.0)
        if not (is_due and is_ahead):
            return False
        self._hold(delivered)
        self._held = monotonic()
        return True

    def _post(self, kind: str, first: int, batch: Sequence[Item]) -> None:
        """Send one batch; on failure the same batch under the same id, again and again."""
        body = {
            "batch": f"{self._run}-{kind}-{first}-{len(batch)}",
            "items": [dict(item.body) for item in batch],
        }
        wait_s = 0.25
        while not self._stop.is_set():
            try:
                answer = self._client.post(PATHS[kind], json=body, headers={"X-Run": self._run})
            except httpx.TransportError as error:
                self._problem = f"{type(error).__name__}: {error}"
            else:
                if answer.status_code < 500 and answer.status_code != 429:
                    self._read(answer, first)
                    return
                self._problem = f"HTTP {answer.status_code}"
            _LOG.warning("replay %s: batch %s waits: %s", self._run, body["batch"], self._problem)
            self._stop.wait(wait_s)
            wait_s = min(2.0 * wait_s, _LONGEST_WAIT_S)

    def _read(self, answer: httpx.Response, first: int) -> None:
        if answer.status_code in (401, 403):
            raise NotAllowedError(
                "replay.door",
                f"the server does not admit this token (HTTP {answer.status_code})",
                hint="Use a token whose account may write observations of this run",
            )
        if answer.is_error:
            self._problem = f"HTTP {answer.status_code}: {answer.text[:200]}"
            self._refused += 1
            _LOG.error("replay %s: batch from item %d refused: %s", self._run, first, self._problem)
            return
        rejected = answer.json().get("rejected", [])
        self._refused += len(rejected)
        self._problem = str(rejected[0].get("key", "")) if rejected else ""
        if rejected:
            _LOG.warning("replay %s: %d items refused: %s", self._run, len(rejected), rejected[:3])


def _pieces(
    items: Sequence[Item], start: int, now: datetime
) -> Iterator[tuple[int, Sequence[Item]]]:
    """Yield what has arrived by `now`, piece by piece: index of the first item, and the items.

    Nothing overtakes a bulletin. Between two bulletins observations and reports go together, so
    that a survey that trickles in among thousands of readings needs few requests.
    """
    first = start
    while first < len(items) and items[first].at <= now:
        end = first + 1
        while (
            end < min(len(items), first + MAX_BATCH)
            and items[end].at <= now
            and "bulletin" not in (items[first].kind, items[end].kind)
        ):
            end += 1
        yield first, items[first:end]
        first = end
