"""Who is connected: whoever's rights have ended or changed is shown out within seconds.

The broker asks about somebody once, when a connection opens. What happens to the key afterwards
is watched here, and a connection that it no longer opens is ended (by number, over the broker's
system account).

References
----------
.. [1] NATS server, system events (`$SYS.ACCOUNT.*.DISCONNECT`) and requests
   (`$SYS.REQ.SERVER.*.KICK`).
"""

from __future__ import annotations

import json
import logging
import time
from collections import OrderedDict
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import datetime
from threading import Event, Lock, Thread
from typing import Protocol

log = logging.getLogger("rencheng")

LOOK_S = 0.5
"""How often it is looked whether any key has changed. Chosen. [s]"""
AGAIN_S = 2.0
"""After so long somebody who is still there is shown out again. Chosen. [s]"""
TRIES = 5
"""After so many it is taken that the connection never came to be. Chosen."""
REMEMBERED = 1_000
"""Names that are known for a while after their connection ended. Chosen."""
LIFE_S = 3600
"""After so long the broker ends a connection by itself, whatever we know of it. Chosen. [s]"""
SPREAD_S = LIFE_S // 10
"""Spread of that, so that not all come back at once. Chosen. [s]"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Rights:
    """Topics that somebody may write and read, with MQTT's wildcards."""

    name: str
    publish: tuple[str, ...] = ()
    subscribe: tuple[str, ...] = ()
    key: str = ""
    """What they are asked about by later; empty: they never end."""
    expires: datetime | None = None
    """When the key ends by itself. [UTC]"""
    turn: int = field(default=0, compare=False)
    """State of all keys when they were asked about."""


class Gate(Protocol):
    """Says who may do what."""

    def rights(self, name: str, password: str) -> Rights:
        """Return the rights of a user name and password; one of our errors for a stranger."""
        ...

    def turn(self) -> int:
        """Return a number that grows whenever the rights of anybody may have changed."""
        ...

    def holds(self, rights: Rights) -> bool:
        """Return whether the key still gives just these rights."""
        ...


@dataclass(slots=True)
class _Guest:
    server: str
    rights: Rights
    turn: int
    until: float
    """When the broker ends the connection by itself. [s since 1970]"""
    tries: int = 0
    next_try: float = 0.0
    """Of showing them out. [monotonic s]"""


class Guests:
    """The open connections, by the broker's number.

    Parameters
    ----------
    gate
        Knows the keys.
    show_out
        Ends connections: the broker's id and the number of each.
    """

    def __init__(self, gate: Gate, show_out: Callable[[Iterable[tuple[str, int]]], object]) -> None:
        self.shown_out = 0
        """Connections that were ended because their key no longer opens them."""
        self._gate, self._show_out = gate, show_out
        self._guests: dict[int, _Guest] = {}
        self._left: OrderedDict[int, str] = OrderedDict()
        """Names of those who went last: the broker may yet speak of them."""
        self._lock = Lock()
        self._stop = Event()
        self._thread: Thread | None = None

    def start(self) -> None:
        """Watch from now on."""
        self._thread = Thread(target=self._watch, name="broker-guests", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """Watch no longer."""
        self._stop.set()
        if self._thread is not None:
            self._thread.join(5.0)

    def come(self, server: str, number: int, rights: Rights, until: float) -> None:
        """Remember a connection that is being let in. `until`: [s since 1970]."""
        if rights.key:
            with self._lock:
                self._guests[number] = _Guest(server, rights, rights.turn, until)

    def gone(self, event: bytes) -> None:
        """Take note of the broker's word that a connection has ended. [1]_"""
        number = json.loads(event)["client"]["id"]
        with self._lock:
            found = self._guests.pop(number, None)
            if found is not None:
                self._left[number] = found.rights.name
                if len(self._left) > REMEMBERED:
                    self._left.popitem(last=False)

    def forget(self) -> None:
        """Forget all: the broker has ended."""
        with self._lock:
            self._guests.clear()
            self._left.clear()

    def name(self, number: int) -> str:
        """Return whose connection it is, empty when that is not known."""
        with self._lock:
            found = self._guests.get(number)
            return found.rights.name if found is not None else self._left.get(number, "")

    def look(self, now: float) -> None:
        """Show out everybody whose key no longer gives the rights they came in with."""
        turn = self._gate.turn()
        with self._lock:
            self._guests = {
                number: one
                for number, one in self._guests.items()
                if one.tries < TRIES and one.until > now - SPREAD_S
            }
            held = list(self._guests.items())
        verdicts: dict[Rights, bool] = {}
        for one in (one for _, one in held if one.turn != turn and not one.tries):
            if one.rights not in verdicts:
                verdicts[one.rights] = self._gate.holds(one.rights)
            if verdicts[one.rights]:
                one.turn = turn
        self._end([(number, one) for number, one in held if one.turn != turn])

    def _end(self, unwanted: list[tuple[int, _Guest]]) -> None:
        now = time.monotonic()
        due = [(number, one) for number, one in unwanted if one.next_try <= now]
        for _, one in due:
            if not one.tries:
                self.shown_out += 1
                log.info("the connection of %s is ended: its key has changed", one.rights.name)
            one.tries += 1
            one.next_try = now + AGAIN_S
        if due:
            self._show_out((one.server, number) for number, one in due)

    def _watch(self) -> None:
        is_well = True
        while not self._stop.wait(LOOK_S):
            try:
                self.look(time.time())
            except Exception as error:  # noqa: BLE001 a look that fails must not be the last
                if is_well:
                    log.warning("keys of open connections cannot be looked at: %s", error)
                is_well = False
            else:
                is_well = True


def kick(server: str, number: int) -> tuple[bytes, bytes]:
    """Return the message that ends a connection: subject, where the answer goes, and body. [1]_

    The broker takes it from its system account, and only if it asks for an answer; nobody reads
    that, as `Guests.gone` hears of the end.
    """
    return f"$SYS.REQ.SERVER.{server}.KICK kicked".encode(), json.dumps({"cid": number}).encode()
