"""The readings of a run, read by another program while a service takes in more."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pytest

from rencheng.adapters.history import History, copying
from rencheng.adapters.history.copying import copy_of
from rencheng.domain.errors import ConflictError
from rencheng.domain.provenance import Mode
from rencheng.domain.readings import ROW, Rows, to_us

START = to_us(datetime(2026, 3, 1, tzinfo=UTC))
EVER = (0, 2**62)


def heard(history: History, minutes: range) -> None:
    rows = np.zeros(len(minutes), ROW)
    rows["at"] = rows["received"] = START + 60_000_000 * np.array(minutes)
    rows["value"] = list(minutes)
    kept = history.take("live", Mode.LIVE, ("tide",), rows, version="t", judge=lambda _rows: None)
    history.sync("live", kept)


def read(history: History) -> Rows:
    return history.rows("live", ["tide"], *EVER)


@pytest.fixture
def service(tmp_path: Path) -> Iterator[History]:
    history = History(tmp_path)
    heard(history, range(3))
    yield history
    history.close()


def test_what_was_heard_so_far_is_read_beside_the_service(service: History) -> None:
    service.run("live").move()
    heard(service, range(3, 5))
    beside = History(service.folder, is_shared=True)
    assert read(beside)["value"].tolist() == [0, 1, 2, 3, 4]
    heard(service, range(5, 6))
    assert len(read(beside)) == 5
    assert len(read(service)) == 6
    beside.close()


def test_reading_changes_nothing_and_leaves_nothing_behind(service: History) -> None:
    files = {file: file.read_bytes() for file in service.folder.rglob("*") if file.is_file()}
    beside = History(service.folder, is_shared=True)
    found = beside.run("live").by_hour(*EVER)
    copied = beside.run("live").folder
    beside.close()
    assert found["mean"].tolist() == [1.0]
    assert not copied.exists()
    assert files == {f: f.read_bytes() for f in service.folder.rglob("*") if f.is_file()}


def test_files_that_move_meanwhile_are_copied_anew(
    service: History, monkeypatch: pytest.MonkeyPatch
) -> None:
    copy = copying.shutil.copyfile
    left = [1]

    def slow(source: Path, target: Path) -> None:
        copy(source, target)
        if source.suffix == ".bin" and left and left.pop():
            service.run("live").move()

    monkeypatch.setattr(copying.shutil, "copyfile", slow)
    beside = History(service.folder, is_shared=True)
    assert len(read(beside)) == 3
    beside.close()


def test_a_run_without_readings_is_empty(tmp_path: Path) -> None:
    beside = History(tmp_path / "history", is_shared=True)
    assert len(read(beside)) == 0
    beside.close()
    assert not (tmp_path / "history").exists()


def test_files_that_never_rest_are_said_to(
    service: History, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(copying, "_is_whole", lambda _folder, _target: False)
    with pytest.raises(ConflictError, match="move all the time"):
        copy_of(service.folder / "live")
