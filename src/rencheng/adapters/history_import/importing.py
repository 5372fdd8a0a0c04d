"""Take a history file in: in batches, each durable before the next; to be gone on with later."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from rencheng.adapters.history_import.maps import HistoryMap
from rencheng.adapters.history_import.reading import Piece, pieces
from rencheng.adapters.history_import.tally import Tally
from rencheng.domain.identity import Actor
from rencheng.domain.readings import to_us
from rencheng.domain.run import LIVE_RUN
from rencheng.service.house import Command, House
from rencheng.service.intake import (
    MAX_ROWS,
    Columns,
    identity,
    refusal,
    stream_rows,
    take_in,
)

FOLDER = "history-imports"
"""Folder in the state folder with how far each import has come."""


@dataclass(slots=True)
class Imported:
    """What became of a file."""

    rows: int = 0
    """Rows of the file that were read."""
    resumed_at: int = 0
    accepted: int = 0
    suspect: int = 0
    duplicate: int = 0
    refused: int = 0
    tally: Tally = field(default_factory=Tally)


def import_history(
    house: House,
    state: Path,
    file: Path,
    given: HistoryMap,
    *,
    dry_run: bool = False,
    told: Callable[[Imported], None] = lambda _: None,
) -> Imported:
    """Import a file.

    Parameters
    ----------
    house, state
        Where; the state folder remembers how far an import has come.
    dry_run
        Read and count everything, keep nothing.
    told
        Called after each batch.

    Returns
    -------
    Imported
        Everything that is counted as accepted is on the disk.

    Notes
    -----
    A reading is one and the same when source, datastream and time are: the same file again makes
    nothing new. An import that was cut off goes on at the last batch that was kept.
    """
    city = house.cities.current()
    row_of = stream_rows(house, city)
    mark = state / FOLDER / f"{_fingerprint(file, given)}.json"
    done = Imported()
    if not dry_run and mark.is_file():
        done.resumed_at = int(json.loads(mark.read_text(encoding="utf-8"))["rows"])
    actor = Actor(id="history", name="history", organisation="", roles=frozenset({"device"}))
    command, key = Command(actor=actor, run=LIVE_RUN), identity(f"history/{given.source}")
    for piece in pieces(file, given, row_of, done.tally, skip=done.resumed_at):
        now = to_us(house.now())
        if dry_run:
            done.accepted += int((piece.at <= now).sum())
            done.tally.add_rows("future", np.flatnonzero(piece.at > now) * 0 + piece.rows)
        else:
            _take(house, command, key, piece, done)
        done.rows = piece.rows
        if piece.is_whole and not dry_run:
            _remember(mark, done.rows)
        told(done)
    mark.unlink(missing_ok=True)
    return done


def _take(house: House, command: Command, key: int, piece: Piece, done: Imported) -> None:
    for first in range(0, len(piece.at), MAX_ROWS):
        part = slice(first, first + MAX_ROWS)
        columns = Columns(
            stream=piece.stream[part],
            at=piece.at[part],
            value=piece.value[part],
            ident=_same(key, len(piece.at[part])),
        )
        taken = take_in(house, command, columns, is_history=True)
        done.accepted += taken.accepted
        done.suspect += taken.suspect
        done.duplicate += taken.duplicate
        done.refused += len(taken.refused)
        future = np.flatnonzero(taken.codes == refusal("future"))
        done.tally.add_rows("future", future * 0 + piece.rows)


def _same(key: int, count: int) -> NDArray[np.uint64]:
    return np.full(count, key, np.uint64)


def _fingerprint(file: Path, given: HistoryMap) -> str:
    """Return what tells one import from another: the file's size, age and start, and the map."""
    about = file.stat()
    with file.open("rb") as handle:
        start = handle.read(1_000_000)
    said = f"{about.st_size} {about.st_mtime_ns} {given!r}".encode()
    return hashlib.sha256(said + start).hexdigest()[:24]


def _remember(mark: Path, rows: int) -> None:
    mark.parent.mkdir(parents=True, exist_ok=True)
    fresh = mark.with_suffix(".new")
    fresh.write_text(json.dumps({"rows": rows}), encoding="utf-8")
    fresh.replace(mark)
