"""Blocks of events that fit a stated memory."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from rencheng.domain.errors import InvalidInputError, TooMuchError
from rencheng.domain.risk import EventSource
from rencheng.model.risk.stock import Stock

I64 = NDArray[np.int64]

BUDGET_MB = 512.0
"""What a job may take beyond its inputs when nobody says. Ours."""
# What one stored intensity takes while its block is worked on: point and intensity, and the same
# again where a file brings them in another form.
_STORED_BYTES = 24
# One entry of the loss matrix: row and loss; twice while blocks are joined.
_ENTRY_BYTES = 16


def must_be_budget(budget_mb: float) -> None:
    """Refuse a memory that is no finite number above zero. [MB]"""
    if not 0.0 < budget_mb < np.inf:
        raise InvalidInputError(
            "risk.no_budget",
            f"a memory of {budget_mb:g} MB is none",
            hint="Give a number of megabytes above zero, such as 512",
            params={"budget": float(budget_mb)},
        )


def blocks(
    source: EventSource,
    things: Stock,
    budget_mb: float,
    *,
    with_matrix: bool = False,
    more_bytes: int = 0,
) -> Iterator[tuple[int, int]]:
    """Yield first and last event of blocks that fit the budget, one after another.

    `more_bytes` is what else stays in memory.

    Raises
    ------
    InvalidInputError
        When the budget is no number above zero.
    TooMuchError
        When what must stay in memory, the largest event or the matrix does not fit.
    """
    must_be_budget(budget_mb)
    start = np.asarray(source.start)
    items, points = things.value.size, len(source.head.place)
    fixed = more_bytes + 48 * items + 9 * points + 40 * (start.size - 1) + 2 * things.standing.size
    each = _STORED_BYTES
    if with_matrix:
        at_point = max(1, int((things.first[1:] - things.first[:-1]).max(initial=0)))
        fixed += _ENTRY_BYTES * at_point * int(start[-1])
        each += _ENTRY_BYTES * at_point
    yield from cut(start, fixed, each, budget_mb)


def cut(start: I64, fixed: float, each: float, budget_mb: float) -> Iterator[tuple[int, int]]:
    """Yield first and last event of blocks, one after another.

    Parameters
    ----------
    start
        Where each event begins among what is stored. (events + 1,)
    fixed, each
        What stays in memory, and what one stored intensity takes. [byte]
    budget_mb
        Memory that the job may take beyond its inputs. [MB]

    Raises
    ------
    TooMuchError
        When what stays, or the largest event, does not fit.
    """
    must_fit((fixed + each * int(np.diff(start).max(initial=0))) / 1e6, budget_mb)
    room = int((budget_mb * 1e6 - fixed) // each)
    first = 0
    while first < start.size - 1:
        last = int(np.searchsorted(start, start[first] + room, side="right")) - 1
        yield first, max(last, first + 1)
        first = max(last, first + 1)


def must_fit(need_mb: float, budget_mb: float) -> None:
    """Refuse a job that needs more memory than it may take. [MB]"""
    if need_mb > budget_mb:
        raise TooMuchError(
            "risk.budget",
            f"the job needs {need_mb:.3g} MB and may take {budget_mb:.3g} MB",
            hint="Allow more, leave the loss matrix out, or split the portfolio",
            params={"need": need_mb, "budget": budget_mb},
        )
