"""The live stream: a snapshot mark, then numbered events without holes for each subscriber."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from datetime import datetime

from anyio import to_thread
from fastapi import APIRouter, WebSocket, WebSocketDisconnect
from starlette.requests import HTTPConnection

from rencheng.api.security import caller_of, must_come_from_us, needs
from rencheng.api.shapes.situation import LiveEvent
from rencheng.bootstrap import Brain, handed_over
from rencheng.collaborate.jurisdiction import may_see
from rencheng.domain.errors import NotFoundError, NotSignedInError, RenchengError
from rencheng.domain.identity import Actor, Permission
from rencheng.service.house import context
from rencheng.service.ports import Event
from rencheng.service.situation import active_run

router = APIRouter(tags=["live"])
log = logging.getLogger("rencheng.live")

PAUSE_S = 0.3
"""Time between two looks at the events. [s]"""
HEARTBEAT_S = 10.0
"""A clock event at least so often, so that a dead link is noticed. [s]"""
RECHECK_S = 30.0
"""How often an open stream must prove again that its session still holds. [s]"""
QUEUE = 500
"""Events that may wait for a slow subscriber before it is told to fetch everything again."""
MOST_SUBSCRIBERS = 500
"""Open streams of this server. No source: our choice."""
SIGNED_OUT, FORBIDDEN, NO_RUN, TOO_MANY, BROKEN = 4401, 4403, 4404, 4429, 1011
KINDS = {
    "clock", "cycle", "alarm", "proposal", "task", "alert", "report", "event", "incident", "model",
    "import", "city", "risk",
}  # fmt: skip
OF_THE_HOUSE = {"import", "city", "risk"}
"""Kinds that concern every run: a replay runs in the same city."""


@dataclass(slots=True, eq=False)
class Subscriber:
    """One open stream: what waits for it, and its own numbering."""

    actor: Actor
    run: str | None
    """Run it asked for; None: the active one."""
    queue: asyncio.Queue[Event | None] = field(default_factory=lambda: asyncio.Queue(QUEUE))
    """None: fetch everything again."""
    seq: int = -1

    def offer(self, events: list[Event], active: str, *, is_new_run: bool) -> None:
        """Queue what this subscriber may see; too much becomes "fetch everything again"."""
        wanted = self.run or active
        if is_new_run and self.run is None:
            self._again()
        for event in events:
            if event.kind not in KINDS:
                continue
            if event.run != wanted and event.kind not in OF_THE_HOUSE:
                continue
            if event.organisation and not may_see(self.actor, event.organisation):
                continue
            try:
                self.queue.put_nowait(event)
            except asyncio.QueueFull:
                self._again()
                return

    def _again(self) -> None:
        while not self.queue.empty():
            self.queue.get_nowait()
        self.queue.put_nowait(None)

    def numbered(self, event: Event | None, now: datetime, run: str) -> LiveEvent:
        """Return the event under the subscriber's next number."""
        self.seq += 1
        if event is None:
            return LiveEvent(seq=self.seq, kind="snapshot", id=run, at=now)
        return LiveEvent.model_validate(
            {"seq": self.seq, "kind": event.kind, "id": event.id, "at": event.at}
        )


class Pulse:
    """Reads new events once for all subscribers."""

    def __init__(self, brain: Brain | None) -> None:
        self._brain = brain
        self.subscribers: set[Subscriber] = set()
        self.active = ""

    @property
    def brain(self) -> Brain:
        """The brain whose events these are."""
        return self._brain or handed_over()

    @asynccontextmanager
    async def beating(self) -> AsyncIterator[None]:
        """Look for events until the context ends."""
        task = asyncio.create_task(self._beat())
        yield
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task

    async def _beat(self) -> None:
        last: int | None = None
        while True:
            try:
                last, events, active = await to_thread.run_sync(self._look, last)
            except RenchengError as error:
                log.warning("the events cannot be read now: %s", error)
            else:
                is_new_run = active != self.active and self.active != ""
                self.active = active
                for one in list(self.subscribers):
                    one.offer(events, active, is_new_run=is_new_run)
            await asyncio.sleep(PAUSE_S)

    def _look(self, last: int | None) -> tuple[int, list[Event], str]:
        with self.brain.house.work() as work:
            if last is None:
                return work.events.last(), [], active_run(work, self.brain.house.now()).id
            found = work.events.since(last)
            active = active_run(work, self.brain.house.now()).id
        newest = found[-1].seq if found else last
        return newest, coalesced(found), active


def coalesced(events: list[Event]) -> list[Event]:
    """Keep the last of several events about one thing: the reader fetches its present state."""
    kept = {(event.run, event.kind, event.id): event for event in events}
    return sorted(kept.values(), key=lambda event: event.seq)


@router.websocket("/live")
@needs(Permission.SITUATION_READ)
async def live(socket: WebSocket, run: str | None = None) -> None:
    """Send a snapshot mark and then every event that the caller may see."""
    pulse: Pulse = socket.app.state.pulse
    try:
        actor = await to_thread.run_sync(_admitted, socket)
        if run is not None:
            await to_thread.run_sync(_heartbeat, pulse.brain, run)
    except NotSignedInError:
        await _refuse(socket, SIGNED_OUT)
        return
    except NotFoundError:
        await _refuse(socket, NO_RUN)
        return
    except RenchengError:
        await _refuse(socket, FORBIDDEN)
        return
    if len(pulse.subscribers) >= MOST_SUBSCRIBERS:
        await _refuse(socket, TOO_MANY)
        return
    await socket.accept()
    one = Subscriber(actor, run)
    one.queue.put_nowait(None)
    pulse.subscribers.add(one)
    tasks = [asyncio.create_task(_send(socket, one, pulse)), asyncio.create_task(_listen(socket))]
    try:
        await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
    finally:
        pulse.subscribers.discard(one)
        for task in tasks:
            task.cancel()
        await asyncio.wait(tasks)
    ends = [task.exception() for task in tasks if not task.cancelled()]
    gone = (WebSocketDisconnect, RuntimeError)  # the client left while something was being sent
    if faults := [end for end in ends if end is not None and not isinstance(end, gone)]:
        log.warning("a live stream ends: %s", faults[0])
        await socket.close(BROKEN)  # an open stream that says nothing more would look like peace


async def _listen(socket: WebSocket) -> None:
    """Return when the client has gone; it has nothing to say, and what it says is not read."""
    while (await socket.receive())["type"] != "websocket.disconnect":
        pass


async def _send(socket: WebSocket, one: Subscriber, pulse: Pulse) -> None:
    loop = asyncio.get_running_loop()
    checked = loop.time()
    while True:
        event: Event | None
        try:
            event = await asyncio.wait_for(one.queue.get(), HEARTBEAT_S)
        except TimeoutError:
            event = await to_thread.run_sync(_heartbeat, pulse.brain, one.run or pulse.active)
        if loop.time() - checked > RECHECK_S:
            checked = loop.time()
            try:
                await to_thread.run_sync(_admitted, socket)
            except RenchengError:
                await socket.close(SIGNED_OUT)
                return
        message = one.numbered(event, pulse.brain.house.now(), one.run or pulse.active)
        await socket.send_text(message.model_dump_json())


def _heartbeat(brain: Brain, run: str) -> Event:
    with brain.house.work() as work:
        ctx = context(brain.house, work, run)
    return Event(
        seq=0, kind="clock", id=run, organisation="", at=ctx.at, mode=ctx.mode, run=ctx.run
    )


def _admitted(connection: HTTPConnection) -> Actor:
    """Return who listens, or raise."""
    must_come_from_us(connection)
    actor = caller_of(connection).actor
    actor.must(Permission.SITUATION_READ)
    return actor


async def _refuse(socket: WebSocket, code: int) -> None:
    """Close with a code that the page can read; before the handshake it could only see "failed"."""
    await socket.accept()
    await socket.close(code)
