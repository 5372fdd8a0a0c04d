"""Small batches of several senders taken in as one: one look of quality control, one sync.

Who comes while others are being taken in waits, and all who waited go in together next: nobody
waits for a timer, and a sender who is alone waits for nobody.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from threading import Lock
from typing import Generic, TypeVar

from rencheng.domain.errors import RenchengError

T = TypeVar("T")
R = TypeVar("R")


@dataclass(slots=True)
class Waiter(Generic[T, R]):
    """What one sender brought, and what became of it."""

    brought: T
    answer: R | None = None
    error: RenchengError | None = None


@dataclass(slots=True)
class Together(Generic[T, R]):
    """Where senders wait for one of them to do what all of them want. Any thread may call it."""

    _taking: Lock = field(default_factory=Lock)
    _lock: Lock = field(default_factory=Lock)
    _waiting: list[Waiter[T, R]] = field(default_factory=list)

    def done(self, brought: T, do: Callable[[list[T]], list[R]]) -> R:
        """Do something with what was brought, along with what others bring meanwhile.

        Parameters
        ----------
        brought
            What this sender wants done.
        do
            Does it for many, and answers each in its place; the `do` of any of them is used.

        Raises
        ------
        RenchengError
            What `do` raised: then nothing was done for any of them.
        """
        own: Waiter[T, R] = Waiter(brought)
        with self._lock:
            self._waiting.append(own)
        with self._taking:
            if own.answer is None and own.error is None:
                self._do_all(own, do)
        if own.error is not None:
            raise own.error
        assert own.answer is not None  # noqa: S101 - answered or failed
        return own.answer

    def _do_all(self, own: Waiter[T, R], do: Callable[[list[T]], list[R]]) -> None:
        with self._lock:
            group, self._waiting = self._waiting, []
        try:
            answers = do([one.brought for one in group])
            for one, answer in zip(group, answers, strict=True):
                one.answer = answer
        except RenchengError as error:
            for one in group:
                one.error = error
        finally:
            # After an error of ours everybody else tries by himself.
            left = [x for x in group if x.answer is None and x.error is None and x is not own]
            with self._lock:
                self._waiting = left + self._waiting
