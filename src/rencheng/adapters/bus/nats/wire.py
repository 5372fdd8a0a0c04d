"""The broker's own line: subscribe, answer, publish many at once."""

from __future__ import annotations

import json
import logging
import socket
from collections.abc import Callable, Iterable, Mapping
from contextlib import suppress
from threading import Lock, Thread

log = logging.getLogger("rencheng")

Answer = Callable[[bytes], bytes | None]
"""A message's body to the body of the answer, if one was asked for; None: no answer."""


class Line:
    """A connection to the broker on this machine.

    Parameters
    ----------
    port
        Where the broker listens for its own protocol, on the loopback.
    user, password
        Of the broker's configuration.
    answers
        By subject, what answers messages; the broker knows of them on return.
    """

    def __init__(
        self, port: int, user: str, password: str, answers: Mapping[str, Answer] | None = None
    ) -> None:
        self._socket = socket.create_connection(("127.0.0.1", port), timeout=5.0)
        self._read = self._socket.makefile("rb")
        self._lock = Lock()
        self._thread: Thread | None = None
        named = enumerate((answers or {}).items(), 1)
        self._answers = {str(i).encode(): (name.encode(), one) for i, (name, one) in named}
        try:
            self._greet(user, password)
        except OSError:
            self.close()
            raise
        self._socket.settimeout(None)
        self._thread = Thread(target=self._listen, name="broker-line", daemon=True)
        self._thread.start()

    def _greet(self, user: str, password: str) -> None:
        self._read.readline()  # INFO
        greeting = {"user": user, "pass": password, "verbose": False, "pedantic": False,
                    "lang": "python", "version": "1", "protocol": 1}  # fmt: skip
        subscribed = b"".join(b"SUB %s %s\r\n" % (s, i) for i, (s, _) in self._answers.items())
        self._write(b"CONNECT %s\r\n%sPING\r\n" % (json.dumps(greeting).encode(), subscribed))
        while (line := self._read.readline()) and not line.startswith(b"PONG"):
            if line.startswith(b"-ERR"):
                raise ConnectionError(line.decode(errors="replace").strip())
        if not line:
            raise ConnectionError("the broker hung up")

    def publish(self, messages: Iterable[tuple[bytes, bytes]]) -> None:
        """Send (subject, body), all in one go."""
        parts = [b"PUB %s %d\r\n%s\r\n" % (name, len(body), body) for name, body in messages]
        if parts:
            self._write(b"".join(parts))

    def close(self) -> None:
        """Hang up."""
        with suppress(OSError):  # the broker may have gone first
            self._socket.shutdown(socket.SHUT_RDWR)
        if self._thread is not None:
            self._thread.join(5.0)
        self._read.close()
        self._socket.close()

    def _write(self, raw: bytes) -> None:
        with self._lock:
            self._socket.sendall(raw)

    def _listen(self) -> None:
        try:
            while line := self._read.readline():
                words = line.split()
                if words[:1] == [b"PING"]:
                    self._write(b"PONG\r\n")
                elif words[:1] == [b"MSG"]:
                    body = self._read.read(int(words[-1]) + 2)[:-2]
                    self._reply(words[2], words[3] if len(words) == 5 else b"", body)
                elif words[:1] == [b"-ERR"]:
                    log.warning("the broker says: %s", line.decode(errors="replace").strip())
        except (OSError, ValueError):
            return  # the broker has gone, or we hung up: who watches the process knows

    def _reply(self, number: bytes, inbox: bytes, body: bytes) -> None:
        try:
            said = self._answers[number][1](body)
        except Exception:  # whoever asks next must be heard
            log.exception("a message of the broker could not be answered")
            return
        if said is not None and inbox:
            self.publish([(inbox, said)])
