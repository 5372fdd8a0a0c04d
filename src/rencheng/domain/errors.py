"""Every error that this package raises on purpose."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

Param = str | int | float


@dataclass(frozen=True, slots=True, kw_only=True)
class Fault:
    """One kind of fault in an input: where, what, how many, the first of them, how to mend."""

    where: str
    """Field, index or file, such as `observations[3].value`."""
    key: str
    """Message key; `words/*.json` hold the sentence under `fault.<key>`."""
    problem: str
    hint: str
    count: int = 1
    first: tuple[str, ...] = ()


class RenchengError(Exception):
    """Says what is wrong, and what the reader can do about it.

    Parameters
    ----------
    key
        Message key; `words/*.json` hold the sentences `error.<key>.problem` and `.hint`.
    problem
        What broke which rule, with the offending values (English, for logs and developers).
    hint
        The next step for whoever reads the message.
    params
        Values that the sentence in the reader's language needs.
    faults
        All faults of an imported file or batch at once.
    """

    def __init__(
        self,
        key: str,
        problem: str,
        *,
        hint: str,
        params: Mapping[str, Param] | None = None,
        faults: Sequence[Fault] = (),
    ) -> None:
        super().__init__(f"{problem}. {hint}.")
        self.key = key
        self.problem = problem
        self.hint = hint
        self.params = dict(params or {})
        self.faults = tuple(faults)


class InvalidInputError(RenchengError):
    """The data handed over breaks a stated rule."""


class NotFoundError(RenchengError):
    """The thing named does not exist, or the asker may not know that it does."""


class ConflictError(RenchengError):
    """The thing exists, but its present state forbids the step."""


class NotSignedInError(RenchengError):
    """Nobody, or nobody known, signed this request."""


class NotAllowedError(RenchengError):
    """The actor's role or jurisdiction does not cover the step."""


class TooMuchError(RenchengError):
    """The request is larger or more frequent than this door admits."""


class TooLargeError(TooMuchError):
    """What was handed over is larger than this door admits, however long one waits."""


class SourceUnavailableError(RenchengError):
    """An outside source did not answer, or not in its own format."""


class CorruptDataError(RenchengError):
    """A file of ours is damaged or does not match its checksum."""
