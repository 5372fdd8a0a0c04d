"""When datastreams observed: the first and last times of phenomena and results."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from rencheng.domain.run import LIVE_RUN
from rencheng.service.house import House
from rencheng.service.ports import UnitOfWork
from rencheng.service.register import register_of
from rencheng.service.register_readings import AT_ONCE, WITH_DETAILS, Span, says

Extent = tuple[Span | None, Span | None]
"""Of the phenomena and of the results."""
MOST_LOOKED_AT = 100_000
"""Most raw values of a datastream with details that are looked at for their times. Chosen."""


def extent(house: House, stream: str) -> Extent:
    """Return the first and the last time of the phenomena and of the results of a datastream.

    Kept as values come in; None: there are none. [µs UTC]
    """
    return extents(house, (stream,))[stream]


def extents(house: House, streams: Sequence[str]) -> dict[str, Extent]:
    """Return the extents in time of many datastreams, asked for together.

    Notes
    -----
    Whether results were made at the phenomena's times is taken from the newest value for all of a
    datastream, as its sender says it always or never. Where there are details too, each value is
    looked at, up to `MOST_LOOKED_AT`.
    """
    names = tuple(dict.fromkeys(streams))
    found: dict[str, Extent] = {}
    with house.work() as work:
        spans = work.observations.spans(LIVE_RUN, names)
        last, same = work.observations.newest(LIVE_RUN, names)
        noted = register_of(house).noted(names)
        beside = work.details.spans(noted) if noted else {}
        is_at_once = says(last["ident"], AT_ONCE)
        for n in np.flatnonzero((spans[:, 0] > 0) & (same != 1)).tolist():
            raw = work.observations.rows(LIVE_RUN, (names[n],), spans[n, 2], spans[n, 2])
            is_at_once[n] = says(raw["ident"], AT_ONCE).any()
        rows = zip(names, spans.tolist(), is_at_once.tolist(), strict=True)
        for name, (many, first, until), at_once in rows:
            own = (first, until) if many else None
            results = own if at_once else None
            if own and name in beside and many <= MOST_LOOKED_AT:
                results = _plain_at_once(work, name, own)
            begin, end, earliest, latest = beside.get(name, (None, None, None, None))
            found[name] = _around([own, (begin, end)]), _around([results, (earliest, latest)])
    return found


def _plain_at_once(work: UnitOfWork, stream: str, span: Span) -> Span | None:
    """Return the first and last of the plain values made at once; details have their own times."""
    rows = work.observations.rows(LIVE_RUN, (stream,), *span)
    at = rows["at"][says(rows["ident"], AT_ONCE) & ~says(rows["ident"], WITH_DETAILS)]
    return (int(at.min()), int(at.max())) if len(at) else None


def _around(spans: Sequence[tuple[int | None, int | None] | None]) -> Span | None:
    ends = [one for one in spans if one is not None]
    first = [low for low, _ in ends if low is not None]
    last = [high for _, high in ends if high is not None]
    return (min(first), max(last)) if first and last else None
