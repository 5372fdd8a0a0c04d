"""The line to the broker: a persistent session, acknowledged by hand and only when told to."""

from __future__ import annotations

import socket
import ssl
import sys
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from threading import Event, Lock
from time import monotonic
from typing import TYPE_CHECKING, Any

from rencheng.connectors.mqtt.address import Address
from rencheng.connectors.mqtt.health import Watch
from rencheng.domain.errors import NotFoundError

if TYPE_CHECKING:
    from paho.mqtt.client import Client

    from rencheng.connectors.mqtt.line import BufferedClient, Published

LARGEST = 2**20
"""Larger messages are dead letters. Chosen. [B]"""
KEPT = 1_000
"""Of a message that is too large, so much is kept. [B]"""
MOST_WAITING = 50_000
"""Messages in hand; more are not taken up, and the broker sends them again. Chosen."""
PAUSES_S = (1.0, 2.0, 4.0, 8.0, 16.0, 30.0)
"""Waits before the broker is tried again, the last of them again and again. Chosen. [s]"""
KEEPALIVE_S = 20
"""Chosen. [s]"""


@dataclass(slots=True)
class Heard:
    """A message that is not acknowledged yet."""

    topic: str
    body: bytes
    size: int
    """Of the message as it was sent. [B]"""
    received: datetime
    number: int
    """The broker's number of it, good for one connection."""
    quality: int
    """QoS."""
    is_again: bool
    """The broker says that it sent it before."""
    is_kept: bool
    """The broker keeps it for newcomers: it may be old."""
    connection: int


class Session:
    """A session with a broker that outlives both programs.

    Parameters
    ----------
    address
        Where, and who we are.
    topics
        What we listen to, with wildcards.
    hear
        Called with each message, from the thread of the network; must be quick.
    watch
        Is told how the connection does.
    ready
        Called whenever the broker has agreed to tell us everything.
    """

    def __init__(
        self,
        address: Address,
        topics: Sequence[str],
        hear: Callable[[Heard], None],
        watch: Watch,
        ready: Callable[[], None] = lambda: None,
    ) -> None:
        self.address = address
        self.connection = 0
        """Number of the connection; 0 before the first."""
        self.lost = float("-inf")
        """When the last connection ended. [monotonic s]"""
        self._stop = Event()
        self.rest: Callable[[float], object] = self._stop.wait
        """Waits between two tries, so long or until we stop. [s]"""
        self._topics = topics
        self._hear = hear
        self._watch = watch
        self._ready = ready
        self._gate = Lock()
        self._is_on = False
        self._fails = 0
        """Tries in vain since the last connection."""
        self._client = self._made()

    def start(self) -> None:
        """Connect, and again whenever the connection is lost."""
        self._client.connect_async(self.address.host, self.address.port, KEEPALIVE_S)
        self._client.loop_start()

    def stop(self) -> None:
        """Hang up; the broker keeps what comes for us."""
        self._stop.set()
        with self._gate:
            self._is_on = False
        self._client.disconnect()
        self._client.loop_stop()

    def acknowledge(self, messages: Iterable[Heard]) -> int:
        """Tell the broker that messages are durable with us; return on which connection, 0: none.

        Those of an earlier connection are left out: their numbers mean others now, and the broker
        sends them again.
        """
        with self._gate:
            if not self._is_on:
                return 0
            self._client.acknowledge_all(
                one.number for one in messages if one.quality and one.connection == self.connection
            )
            return self.connection

    def publish(self, topic: str, body: bytes) -> None:
        """Say something to whoever listens, once and without a promise."""
        self._client.publish(topic, body, 0)

    def _made(self) -> BufferedClient:
        try:
            from paho.mqtt.enums import CallbackAPIVersion

            from rencheng.connectors.mqtt.line import BufferedClient, Checked
        except ImportError as error:
            raise NotFoundError(
                "mqtt.no_client",
                "the MQTT client is not installed",
                hint="pip install 'rencheng[mqtt]'",
            ) from error
        made = BufferedClient(
            CallbackAPIVersion.VERSION2,
            client_id=self.address.client,
            clean_session=False,
            manual_ack=True,
        )
        if self.address.user:
            made.username_pw_set(self.address.user, self.address.password)
        if self.address.is_tls:
            authority = self.address.authority
            context = ssl.create_default_context(cafile=str(authority) if authority else None)
            context.sslsocket_class = Checked
            if self.address.is_own:  # its certificate is known, and is made out to another name
                context.check_hostname = False
                context.verify_flags |= ssl.VERIFY_X509_PARTIAL_CHAIN
            made.tls_set_context(context)
        made.reconnect_delay_set(0, 0)  # we wait ourselves, see `_rest`
        made.on_connect = self._on_connect
        made.on_connect_fail = self._on_connect_fail
        made.on_disconnect = self._on_disconnect
        made.on_subscribe = self._on_subscribe
        made.on_published = self._on_published
        return made

    def _on_connect(self, client: Client, _data: Any, _flags: Any, code: Any, _more: Any) -> None:
        if code.is_failure:
            why = "login" if code.value in (134, 135) else "refused"
            self._watch.lost(why, str(code))
            return
        with self._gate:
            self.connection += 1
            self._is_on = True
        self._fails = 0
        client.subscribe([(topic, 1) for topic in self._topics])

    def _on_subscribe(self, _client: Client, _data: Any, _id: int, codes: Any, _more: Any) -> None:
        denied = [
            topic for topic, code in zip(self._topics, codes, strict=False) if code.is_failure
        ]
        self._watch.connected()
        if denied:
            self._watch.troubled("topics", ", ".join(denied))
        else:
            self._ready()

    def _on_connect_fail(self, _client: Client, _data: Any) -> None:
        error = sys.exc_info()[1]
        why = "certificate" if isinstance(error, ssl.SSLError) else "unreachable"
        why = "name" if isinstance(error, socket.gaierror) else why
        self._watch.lost(why, str(error or ""))
        self._rest()

    def _on_disconnect(
        self, _client: Client, _data: Any, _flags: Any, code: Any, _more: Any
    ) -> None:
        with self._gate:
            was_on, self._is_on = self._is_on, False
        if was_on:
            self.lost = monotonic()
            self._watch.lost("lost", str(code))
        self._rest()

    def _rest(self) -> None:
        """Wait before the next try, in the thread of the network: it has nothing else to do."""
        if not self._stop.is_set():
            pause = PAUSES_S[min(self._fails, len(PAUSES_S) - 1)]
            self._fails += 1
            self.rest(pause)

    def _on_published(self, message: Published) -> None:
        size = len(message.body)
        self._hear(
            Heard(
                topic=message.topic.decode(errors="replace"),
                body=message.body if size <= LARGEST else message.body[:KEPT],
                size=size,
                received=self._watch.now(),
                number=message.number,
                quality=message.quality,
                is_again=message.is_again,
                is_kept=message.is_kept,
                connection=self.connection,
            )
        )
