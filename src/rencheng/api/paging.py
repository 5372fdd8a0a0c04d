"""Pages of long lists: a cursor is the number of items before the page."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated, TypeVar

from fastapi import Depends, Query

from rencheng.api.shapes.common import Page

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Slice:
    """Which part of a list is asked for."""

    start: int
    limit: int

    @property
    def end(self) -> int:
        """Return how many items must be read to fill the page."""
        return self.start + self.limit

    def cut(self, items: Sequence[T]) -> Sequence[T]:
        """Return the page's part of a list read from its beginning."""
        return items[self.start : self.end]

    def page(self, items: list[T], total: int) -> Page[T]:
        """Return a page whose items were cut already."""
        following = self.start + len(items)
        return Page(items=items, total=total, next=str(following) if following < total else None)


def slice_of(
    after: Annotated[int, Query(ge=0, le=1_000_000, description="`next` of the last page.")] = 0,
    limit: Annotated[int, Query(ge=1, le=1000)] = 200,
) -> Slice:
    """Return which part of a list is asked for."""
    return Slice(after, limit)


def long_slice_of(
    after: Annotated[int, Query(ge=0, le=1_000_000, description="`next` of the last page.")] = 0,
    limit: Annotated[int, Query(ge=1, le=10_000)] = 200,
) -> Slice:
    """Return which part of a list of small items is asked for: a map wants them all."""
    return Slice(after, limit)


# The store counts in 64 bits.
BeforeQuery = Annotated[int | None, Query(ge=0, lt=2**63, description="`next` of the last page.")]
SliceDep = Annotated[Slice, Depends(slice_of)]
LongSliceDep = Annotated[Slice, Depends(long_slice_of)]
