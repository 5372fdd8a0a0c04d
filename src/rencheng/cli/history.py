"""`rencheng history`: readings of the past from files."""

from __future__ import annotations

from pathlib import Path
from time import perf_counter
from typing import TYPE_CHECKING, Annotated

from cyclopts import Parameter

from rencheng.adapters.files import DEFAULT_CITY
from rencheng.cli import speaking
from rencheng.cli.options import STATE, State, commands

if TYPE_CHECKING:
    from rencheng.adapters.history_import.importing import Imported
    from rencheng.adapters.history_import.maps import HistoryMap
    from rencheng.bootstrap import Brain

app = commands("history", "历史观测 Readings of the past")
_EVERY_S = 2.0


@app.command(name="import")
def import_(
    file: Path,
    *,
    map_: Annotated[Path | None, Parameter(name="--map")] = None,
    dry_run: Annotated[bool, Parameter(negative=())] = False,
    state: State = STATE,
    city: str = DEFAULT_CITY,
) -> int:
    """导入历史观测 Import readings from CSV, Parquet or NetCDF; the server must not be running.

    Parameters
    ----------
    file
        文件 The file.
    map_
        列对应表；不填则给出草稿 Which column is what; without it a draft is written to the screen.
    dry_run
        只检查，不保存 Read and count everything, keep nothing.
    city
        城市编号 Id of the city.
    """
    from rencheng.adapters.history_import.maps import map_from
    from rencheng.bootstrap import build_brain, must_be_alone

    given = map_from(map_.read_bytes(), map_.name) if map_ else None
    lock = must_be_alone(state)
    brain = build_brain(state, city)
    try:
        if given is None:
            return _draft(file, brain)
        done = _import(file, given, brain, state, dry_run=dry_run)
    finally:
        brain.close()
        del lock
    return 1 if done.tally.counts else 0


def _draft(file: Path, brain: Brain) -> int:
    from rencheng.adapters.history_import.maps import guessed
    from rencheng.adapters.history_import.reading import columns_of

    streams = {one.id for one in brain.house.cities.current().datastreams}
    draft = guessed(file.name, columns_of(file), streams)
    speaking.console().print(draft, markup=False)
    speaking.say("cli.history.draft")
    return 2


def _import(file: Path, given: HistoryMap, brain: Brain, state: Path, *, dry_run: bool) -> Imported:
    from rencheng.adapters.history_import.importing import import_history

    began = last = perf_counter()

    def told(done: Imported) -> None:
        nonlocal last
        now = perf_counter()
        if now - last >= _EVERY_S:
            last = now
            rate = (done.rows - done.resumed_at) / (now - began)
            speaking.say("cli.history.progress", rows=done.rows, rate=rate)

    done = import_history(brain.house, state, file, given, dry_run=dry_run, told=told)
    took = perf_counter() - began
    if done.resumed_at:
        speaking.say("cli.history.resumed", rows=done.resumed_at)
    for fault in done.tally.faults():
        params: dict[str, str | int | float] = {
            "count": fault.count,
            "first": ", ".join(fault.first),
        }
        said = speaking.words(f"fault.{fault.key}.problem", **params)
        hint = speaking.words(f"fault.{fault.key}.hint")
        speaking.console().print(f"✗ {said} → {hint}", markup=False)
    key = "cli.history.dry" if dry_run else "cli.history.done"
    speaking.say(key, style="bold green", accepted=done.accepted, suspect=done.suspect,
                 duplicate=done.duplicate, refused=done.refused, seconds=took,
                 rate=(done.rows - done.resumed_at) / max(took, 1e-9))  # fmt: skip
    return done
