"""The client's socket, with few calls into the system: each costs a wait among busy threads.

The MQTT client reads a packet in three calls, looks at the network before each and sends each
acknowledgement alone. Here one call reads all that has come, published messages are taken apart on
the spot, and their acknowledgements go out together; everything else is the client's.

References
----------
.. [1] MQTT 3.1.1 (OASIS, 2014): 2.2 fixed header, 3.3 PUBLISH, 3.4 PUBACK.
"""

from __future__ import annotations

import ssl
from collections.abc import Callable, Iterable
from threading import RLock
from typing import Any, NamedTuple

from paho.mqtt.client import Client
from paho.mqtt.enums import MQTTErrorCode

MANY = 262_144
"""Bytes that are read in one call. Chosen. [B]"""
PUBLISH, PUBACK = 0x30, b"\x40\x02"
"""First byte of a published message (flags left out), head of an acknowledgement. [1]_"""


class Published(NamedTuple):
    """A published message. [1]_"""

    topic: bytes
    body: bytes
    number: int
    """0 when it was sent without a promise."""
    quality: int
    is_again: bool
    is_kept: bool


class Checked(ssl.SSLSocket):
    """Hangs up at once on a broker that is not who it says it is."""

    def do_handshake(self, block: bool = False) -> None:
        """Agree on keys, or hang up."""
        try:
            super().do_handshake(block)
        except OSError:
            self.close()
            raise


class Buffered:
    """A socket that reads ahead, and of which several threads may send."""

    def __init__(self, socket: Any) -> None:
        self._socket = socket
        self._in, self._at, self._out = bytearray(), 0, bytearray()
        self._is_over = False
        self._lock = RLock()

    def __getattr__(self, name: str) -> Any:
        return getattr(self._socket, name)

    @property
    def is_over(self) -> bool:
        """Whether the other side has hung up, or does not speak MQTT."""
        return self._is_over

    def read(self) -> None:
        """Read what has come."""
        try:
            with self._lock:
                more = self._socket.recv(MANY)
        except (BlockingIOError, ssl.SSLWantReadError, ssl.SSLWantWriteError):
            return
        except OSError:
            more = b""
        del self._in[: self._at]
        self._at = 0
        self._in += more
        self._is_over = not more

    def recv(self, most: int) -> bytes:
        """Return bytes that were read, empty once the other side has hung up."""
        part = bytes(self._in[self._at : self._at + most])
        if not part and not self._is_over:
            raise BlockingIOError
        self._at += len(part)
        return part

    def packet(self) -> tuple[int, int] | None:
        """Return where the next packet's content begins and ends, None before all of it is here."""
        size = shift = 0
        for place in range(self._at + 1, min(self._at + 5, len(self._in))):
            byte = self._in[place]
            size |= (byte & 127) << shift
            shift += 7
            if byte < 128:
                start, end = place + 1, place + 1 + size
                return (start, end) if end <= len(self._in) else None
        self._is_over |= shift == 28  # no length is that long: this is not MQTT
        return None

    def published(self, start: int, end: int) -> Published | None:
        """Take the next packet if it is a published message."""
        head = self._in[self._at]
        if head & 0xF0 != PUBLISH:
            return None
        quality = head >> 1 & 3
        body = start + 2 + int.from_bytes(self._in[start : start + 2], "big")
        topic = bytes(self._in[start + 2 : body])
        number = 0
        if quality:
            number = int.from_bytes(self._in[body : body + 2], "big")
            body += 2
        found = bytes(self._in[body:end])
        self._at = end
        return Published(topic, found, number, quality, bool(head & 8), bool(head & 1))

    def send(self, part: bytes | bytearray) -> int:
        """Send bytes, or keep them until the network takes them."""
        with self._lock:
            self._out += part
            self._flush()
        return len(part)

    def pending(self) -> int:
        """Send what was kept; return how many bytes wait inside of TLS."""
        with self._lock:
            self._flush()
            is_tls = isinstance(self._socket, ssl.SSLSocket)
            return int(self._socket.pending()) if is_tls else 0

    def close(self) -> None:
        """Hang up."""
        with self._lock:
            self._socket.close()

    def _flush(self) -> None:
        while self._out:
            try:
                sent = self._socket.send(bytes(self._out))
            except OSError:  # not now, or never again: who reads next is told which
                return
            del self._out[:sent]


class BufferedClient(Client):
    """The MQTT client on such a socket."""

    on_published: Callable[[Published], None]
    """Is told of every message."""

    def acknowledge_all(self, numbers: Iterable[int]) -> None:
        """Acknowledge messages by their numbers, in one go."""
        line = self.socket()
        said = b"".join(PUBACK + number.to_bytes(2, "big") for number in numbers)
        if isinstance(line, Buffered) and said:
            line.send(said)

    def loop_read(self, max_packets: int = 1) -> MQTTErrorCode:
        """Read every packet that is here before the network is looked at again."""
        line = self.socket()
        if not isinstance(line, Buffered):
            return super().loop_read(max_packets)
        line.read()
        while (place := line.packet()) is not None:
            message = line.published(*place)
            if message is not None:
                self.on_published(message)
            elif code := super().loop_read(max_packets):
                return code
        return super().loop_read(max_packets) if line.is_over else MQTTErrorCode.MQTT_ERR_SUCCESS

    def _create_socket(self) -> Any:
        return Buffered(super()._create_socket())
