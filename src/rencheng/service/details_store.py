"""What the store keeps of observations beside the raw values."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Protocol

from rencheng.domain.sensing import ObservationDetails

Span = tuple[int, int, int | None, int | None]
"""First and last time of the phenomena, first and last time of the results. [µs UTC]"""


class Details(Protocol):
    """What of observations is no plain number, beside the raw values."""

    def put(self, items: Sequence[ObservationDetails]) -> None:
        """Keep details, in place of those of the same observation."""
        ...

    def of(self, keys: Iterable[str]) -> dict[str, ObservationDetails]:
        """Return the details of those observations that have some, by id."""
        ...

    def between(
        self,
        streams: Sequence[str],
        start: int,
        end: int,
        *,
        limit: int | None = None,
        is_newest_first: bool = False,
    ) -> list[ObservationDetails]:
        """Return the details between two times, both included, by time. [µs UTC]"""
        ...

    def of_feature(self, feature: str) -> list[ObservationDetails]:
        """Return the details of the observations that are about a feature of their own."""
        ...

    def spans(self, streams: Sequence[str]) -> dict[str, Span]:
        """Return the first and the last time of those that have any, and of the results."""
        ...

    def told(self, streams: Sequence[str]) -> int:
        """Return how many are told beside the raw values, less the raw values taken back."""
        ...

    def streams(self) -> set[str]:
        """Return the datastreams that have any."""
        ...

    def drop(self, keys: Sequence[str]) -> None:
        """Drop the details of observations; raw values stay as they are."""
        ...

    def forget(self, stream: str) -> None:
        """Drop everything of a datastream."""
        ...
