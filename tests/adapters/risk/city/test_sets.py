"""Files of the office on the shelf of event sets: the old set or the new one, never neither."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import BinaryIO

import pytest

from rencheng.adapters import job_folders
from rencheng.adapters.arriving import Arriving
from rencheng.adapters.risk.city import sets as module
from rencheng.adapters.risk.city.sets import EventSets
from rencheng.domain.errors import InvalidInputError, SourceUnavailableError
from rencheng.service.risk_runs import NewSet, RiskSet

OLD = b"event,lon,lat,intensity\na,-71.3,-29.9,1\n"
NEW = OLD + b"b,-71.3,-29.9,2\n"
TIFF = b"II*\0" + b"x" * 20
STEPS = ("mkdir", "move", "sync", "write_whole", "description")


def new(file: str = "water.csv") -> NewSet:
    return NewSet(
        id="water", file=file, name_zh="水", name_en="Water", hazard="flood",
        measure="water_depth", unit="m", source="made up",
    )  # fmt: skip


def hand_over(shelf: EventSets, body: bytes, file: str = "water.csv") -> RiskSet:
    arrived = shelf.incoming(new(file))
    try:
        arrived.write(body)
        return shelf.keep(new(file), arrived)
    finally:
        arrived.close()


def held(shelf: EventSets) -> bytes:
    """Return the data that the description names."""
    assert shelf.get("any", "water").trouble is None
    table, folder = shelf.table("water")
    place = folder / str(table["data"])
    return (next(place.iterdir()) if place.is_dir() else place).read_bytes()


def fail_at(step: str, monkeypatch: pytest.MonkeyPatch, fail: Callable[..., None]) -> None:
    if step == "description":  # the new one is in place, and its name may not be durable

        def write(file: Path, fill: Callable[[BinaryIO], object]) -> None:
            job_folders.write_whole(file, fill)
            fail()

        monkeypatch.setattr(module, "write_whole", write)
    elif step == "mkdir":
        monkeypatch.setattr(module, "_place", fail)
    elif step == "move":
        monkeypatch.setattr(Arriving, "move", fail)
    else:
        monkeypatch.setattr(module, step, fail)


@pytest.mark.parametrize("file", ["water.csv", "water.tif"])
@pytest.mark.parametrize("step", STEPS)
def test_a_full_disk_leaves_the_old_set_or_the_new_and_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, step: str, file: str
) -> None:
    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    shelf, body = EventSets(tmp_path), NEW if file == "water.csv" else TIFF
    hand_over(shelf, OLD)
    fail_at(step, monkeypatch, full)
    with pytest.raises(SourceUnavailableError) as caught:
        hand_over(shelf, body, file)
    assert caught.value.key == "risk.no_room"
    assert held(shelf) == (body if step == "description" else OLD)
    assert len(list(shelf.folder.iterdir())) == (3 if step == "description" else 2)
    monkeypatch.undo()
    hand_over(shelf, body, file)
    assert held(shelf) == body and len(list(shelf.folder.iterdir())) == 2


KILLED = """
import os, signal, sys
from pathlib import Path
sys.path[:0] = sys.argv[2:]
import test_sets as t
class Step:
    def setattr(self, *a): setattr(*a)
t.fail_at(sys.argv[1].split(":")[0], Step(), lambda *_: os.kill(os.getpid(), signal.SIGKILL))
t.hand_over(t.EventSets(Path(sys.argv[1].split(":")[1])), t.NEW)
"""


@pytest.mark.parametrize("step", STEPS)
def test_a_server_that_is_killed_leaves_one_whole_set_and_the_next_one_tidies(
    tmp_path: Path, step: str
) -> None:
    hand_over(EventSets(tmp_path), OLD)
    done = subprocess.run(
        [sys.executable, "-c", KILLED, f"{step}:{tmp_path}", str(Path(__file__).parent), *sys.path],
        check=False, env={**os.environ},
    )  # fmt: skip
    assert done.returncode == -signal.SIGKILL
    shelf = EventSets(tmp_path)
    assert held(shelf) == (NEW if step == "description" else OLD)
    assert [one.id for one in shelf.all("any") if one.is_own] == ["water"]
    shelf.sweep()
    assert held(shelf) and len(list(shelf.folder.iterdir())) == 2


def test_tidying_leaves_files_that_somebody_put_there(tmp_path: Path) -> None:
    shelf = EventSets(tmp_path)
    shelf.folder.mkdir()
    for name in ("flood.20200101.csv", "flood.csv", "notes.txt"):
        (shelf.folder / name).write_bytes(OLD)
    shelf.sweep()
    assert len(list(shelf.folder.iterdir())) == 3


def test_a_set_that_is_replaced_by_another_form_or_deleted_leaves_nothing(tmp_path: Path) -> None:
    shelf = EventSets(tmp_path)
    for body, file in ((OLD, "a.csv"), (TIFF, "a.tif"), (NEW, "a.csv")):
        hand_over(shelf, body, file)
        assert held(shelf) == body
    shelf.remove("water")
    assert list(shelf.folder.iterdir()) == []


@pytest.mark.parametrize(
    ("file", "body", "key"),
    [
        ("a.csv", b"", "city.file_empty"),
        ("a.csv", b"event,lon,lat,intensity\n", "risk.empty"),
        ("a.csv", b"event,lon,depth\na,1,2\n", "risk.columns"),
        ("a.csv", b"\0\1\2", "risk.set_content"),
        ("a.h5", b"x", "risk.set_content"),
        ("a.hdf5", b"", "city.file_empty"),
        ("a.nc", OLD, "risk.set_content"),
        ("a.tif", b"x" * 100, "risk.set_content"),
        ("a.asc", TIFF, "risk.set_content"),
    ],
)
def test_a_file_that_is_not_what_its_name_says_is_refused_before_the_old_one_gives_way(
    tmp_path: Path, file: str, body: bytes, key: str
) -> None:
    shelf = EventSets(tmp_path)
    hand_over(shelf, OLD)
    with pytest.raises(InvalidInputError) as caught:
        hand_over(shelf, body, file)
    assert [(fault.where, fault.key) for fault in caught.value.faults] == [(file, key)]
    assert held(shelf) == OLD and len(list(shelf.folder.iterdir())) == 2


@pytest.mark.parametrize(
    ("file", "body"),
    [
        ("a.h5", b"\x89HDF\r\n\x1a\n"),
        ("a.hdf", b"\0" * 512 + b"\x89HDF\r\n\x1a\n"),
        ("a.nc", b"\x89HDF\r\n\x1a\n"),
        ("a.nc", b"CDF\x02"),
        ("a.tiff", b"MM\0+"),
        ("a.asc", b"NCOLS 3\nnrows 2\n"),
        ("a.csv", "event;lon;lat;intensity\n洪水;1;2;3\n".encode("gb18030")),
    ],
)
def test_a_file_of_the_kind_that_its_name_says_is_taken(
    tmp_path: Path, file: str, body: bytes
) -> None:
    shelf = EventSets(tmp_path)
    hand_over(shelf, body, file)
    assert held(shelf) == body


def test_a_file_put_there_by_hand_says_what_is_wrong_with_it(tmp_path: Path) -> None:
    shelf = EventSets(tmp_path)
    hand_over(shelf, OLD)
    table, folder = shelf.table("water")
    (folder / table["data"]).write_bytes(b"")
    trouble = shelf.get("any", "water").trouble
    assert trouble is not None and trouble.key == "risk.set_file"
    assert [fault.key for fault in trouble.faults] == ["city.file_empty"]
