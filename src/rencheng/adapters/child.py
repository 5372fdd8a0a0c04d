"""Work in a process of its own: it holds up nobody, and a crash or a full memory harms nobody.

The child says how far it is on its standard output, one line of JSON each. On its standard input
the parent says `stop`; where that ends, the parent is gone, and the child ends at once. The work
has a lower priority than the server (`nice`), and a limit of memory where the system has one.
"""

from __future__ import annotations

import os
import queue
import subprocess
import sys
import threading
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from time import monotonic
from typing import IO

import msgspec

from rencheng.domain.errors import ConflictError, CorruptDataError, RenchengError, TooMuchError
from rencheng.service.jobs import IsStopped, Step, Tell, Trouble

LOG = "work.log"
GRACE_S = 10.0
"""How long the child may take to stop by itself. No source: our choice. [s]"""
NICE = 5
"""How far behind the server the child stands in the queue for a core. No source: our choice."""
_LOOK_S = 0.5
_TELL_S = 0.2
"""Least time between two words on how far it is. [s]"""
_STOP = b"stop\n"
_ORPHAN = 3


class Line(msgspec.Struct, omit_defaults=True):
    """One thing that the child says."""

    step: Step | None = None
    done: msgspec.Raw = msgspec.Raw()
    """What the work came to; empty: it goes on."""
    trouble: Trouble | None = None


_read_line = msgspec.json.Decoder(Line).decode


@dataclass(frozen=True, slots=True, kw_only=True)
class Child:
    """How a kind of work is started.

    Parameters
    ----------
    module
        What the child runs; its `main` ends in `answer`.
    kind
        Beginning of the words for how it ended: `risk`, `import`.
    stopped
        Makes the error for after a stop.
    """

    module: str
    kind: str
    stopped: Callable[[], ConflictError]

    def work(
        self, arguments: Sequence[str], folder: Path, tell: Tell, is_stopped: IsStopped
    ) -> msgspec.Raw:
        """Start a child and return what it came to, as JSON; blocks until it is gone.

        Parameters
        ----------
        arguments
            What the child is told.
        folder
            Where what it writes to its standard error is kept, in `work.log`.
        tell, is_stopped
            Called with how far it is; asked twice a second whether to stop.

        Raises
        ------
        RenchengError
            What the child raised; `stopped`; `CorruptDataError` when it ended by itself.
        """
        with (folder / LOG).open("wb") as log:
            child = subprocess.Popen(  # noqa: S603 our own program, with our own arguments
                [sys.executable, "-m", self.module, *arguments],
                stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=log,
                start_new_session=True,  # Ctrl+C is for the server, which tells the child
            )  # fmt: skip
            try:
                return self._listen(child, folder, tell, is_stopped)
            finally:
                _end(child)

    def _listen(
        self, child: subprocess.Popen[bytes], folder: Path, tell: Tell, is_stopped: IsStopped
    ) -> msgspec.Raw:
        said: queue.Queue[bytes | None] = queue.Queue()
        assert child.stdout is not None
        threading.Thread(target=_read, args=(child.stdout, said), daemon=True).start()
        asked_at: float | None = None
        while True:
            if asked_at is None and is_stopped():
                asked_at = monotonic()
                _say_stop(child)
            if asked_at is not None and monotonic() - asked_at > GRACE_S:
                raise self.stopped()
            try:
                raw = said.get(timeout=_LOOK_S)
            except queue.Empty:
                continue
            if raw is None:
                break
            line = _read_line(raw)
            if line.step is not None:
                tell(line.step)
            if line.trouble is not None:
                raise line.trouble.error()
            if bytes(line.done):
                return line.done
        if asked_at is not None or is_stopped():
            raise self.stopped()
        raise CorruptDataError(
            f"{self.kind}.died",
            f"the work ended by itself with code {(code := child.wait(GRACE_S))}; "
            f"see {folder / LOG}",
            hint="Ask for less or give it more memory, and start it again",
            params={"code": code},
        )


@dataclass(slots=True)
class Parent:
    """The server, as the child sees it: is told how far the work is, and says when to stop."""

    _told: float = 0.0
    _step: tuple[str, str] = ("", "")
    _stop: threading.Event = field(default_factory=threading.Event)

    def listen(self) -> Parent:
        """Hear from now on what the parent says."""
        threading.Thread(target=self._hear, name="parent", daemon=True).start()
        return self

    def tell(self, step: Step) -> None:
        """Say how far it is: at each new step at once, within one now and then."""
        now, name = monotonic(), (step.source, step.step)
        if name != self._step or now - self._told >= _TELL_S:
            self._told, self._step = now, name
            _say(Line(step=step))

    def is_stopped(self) -> bool:
        """Return whether to stop."""
        return self._stop.is_set()

    def _hear(self) -> None:
        while heard := os.read(0, len(_STOP)):  # `sys.stdin` would be locked when we end
            if heard == _STOP:
                self._stop.set()
        os._exit(_ORPHAN)  # what is being written has no name yet


def answer(work: Callable[[Parent], object], kind: str, *, memory_mb: float = 0.0) -> int:
    """Do the work of a child and say what it came to; return its exit status.

    Parameters
    ----------
    work
        Is handed the parent, and returns what can be written as JSON.
    kind
        Beginning of the words for what is wrong.
    memory_mb
        What the process may take, where the system can limit it; 0: no limit.
    """
    with suppress(AttributeError, OSError):
        os.nice(NICE)
    limit_memory(memory_mb)
    try:
        found = work(Parent().listen())
    except RenchengError as error:
        _say(Line(trouble=Trouble.of(error)))
        return 1
    except MemoryError:
        short = TooMuchError(
            f"{kind}.memory",
            "the work needs more memory than it may take",
            hint="Ask for less at once",
        )
        _say(Line(trouble=Trouble.of(short)))
        return 1
    _say(Line(done=msgspec.Raw(msgspec.json.encode(found))))
    return 0


def limit_memory(memory_mb: float) -> None:
    """Let this process have so much memory; beyond it, `MemoryError`. Not on Windows."""
    if memory_mb <= 0:
        return
    try:
        import resource
    except ImportError:
        return
    most = int(memory_mb * 1024**2)
    _, hard = resource.getrlimit(resource.RLIMIT_DATA)
    if hard == resource.RLIM_INFINITY or most <= hard:
        resource.setrlimit(resource.RLIMIT_DATA, (most, hard))


def _say(line: Line) -> None:
    sys.stdout.buffer.write(msgspec.json.encode(line) + b"\n")
    sys.stdout.buffer.flush()


def _say_stop(child: subprocess.Popen[bytes]) -> None:
    assert child.stdin is not None
    with suppress(BrokenPipeError):
        child.stdin.write(_STOP)
        child.stdin.flush()


def _read(stream: IO[bytes], said: queue.Queue[bytes | None]) -> None:
    for line in stream:
        if line.startswith(b"{"):
            said.put(line)
    said.put(None)


def _end(child: subprocess.Popen[bytes]) -> None:
    """See that the child is gone, by force if it must be."""
    if child.stdin is not None:
        with suppress(BrokenPipeError):
            child.stdin.close()
    if child.poll() is None:
        child.terminate()
        try:
            child.wait(GRACE_S)
        except subprocess.TimeoutExpired:
            child.kill()
            child.wait()
    if child.stdout is not None:
        child.stdout.close()
