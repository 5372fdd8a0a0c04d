"""Readings on disk: kept once, found again after anything, the same from memory and from files."""

from __future__ import annotations

import os
import shutil
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rencheng.adapters.history.rows import KEY, ROW, Rows, Runs
from rencheng.adapters.history.series import RunSeries
from rencheng.domain.errors import ConflictError, CorruptDataError, SourceUnavailableError

HOUR = 3_600_000_000
DAY = 24 * HOUR


def rows(*items: tuple[int, int, float], ident: int = 0, reasons: int = 0) -> Rows:
    """Return rows of (stream, at, value)."""
    made = np.zeros(len(items), ROW)
    for name, column in zip(("stream", "at", "value"), zip(*items, strict=True), strict=True):
        made[name] = column
    made["ident"], made["reasons"] = ident, reasons
    return made


def keep(series: RunSeries, made: Rows) -> np.ndarray:
    taken = series.take(made)
    series.sync(taken)
    return taken.is_new


@pytest.fixture
def series(tmp_path: Path) -> Any:
    made = RunSeries(tmp_path / "run")
    made.numbers(["a", "b"])
    yield made
    made.close()


@contextmanager
def a_copy(series: RunSeries, folder: Path) -> Iterator[RunSeries]:
    """Open what a crash at this moment would leave behind."""
    shutil.copytree(series.folder, folder)
    made = RunSeries(folder)
    yield made
    made.close()


def test_a_reading_is_kept_once(series: RunSeries) -> None:
    batch = rows((0, 5, 1.0), (1, 5, 2.0), (0, 5, 1.0))
    assert keep(series, batch).tolist() == [True, True, False]
    assert keep(series, batch).tolist() == [False, False, False]
    assert len(series) == 2


def test_a_late_reading_is_new_and_its_repeat_is_not(series: RunSeries) -> None:
    keep(series, rows((0, 10, 1.0), (0, 30, 3.0)))
    assert keep(series, rows((0, 20, 2.0))).tolist() == [True]
    assert keep(series, rows((0, 20, 2.0))).tolist() == [False]
    series.move()
    assert keep(series, rows((0, 20, 2.0), (0, 21, 2.5))).tolist() == [False, True]
    assert series.between([0], 0, 99)["value"].tolist() == [1.0, 2.0, 2.5, 3.0]


def test_two_senders_may_say_two_things_at_one_time(series: RunSeries) -> None:
    keep(series, rows((0, 5, 1.0), ident=1))
    assert keep(series, rows((0, 5, 2.0), ident=2)).tolist() == [True]


def test_the_latest_and_the_latest_good_are_told_apart(series: RunSeries) -> None:
    keep(series, rows((0, 1, 1.0), (0, 2, 2.0)))
    keep(series, rows((0, 3, 99.0), reasons=1))
    last, good = series.latest()
    assert (last[0]["value"], good[0]["value"]) == (99.0, 2.0)
    assert last[1]["stream"] == good[1]["stream"] == -1
    assert [c.tolist() for c in series.counts()] == [[3, 0], [1, 0]]
    assert series.before(0, 99, 1, good=True)["value"].tolist() == [2.0]


def test_how_many_share_the_last_time_is_known(series: RunSeries, tmp_path: Path) -> None:
    keep(series, rows((0, 1, 1.0), (0, 2, 2.0), (1, 5, 1.0)))
    assert series.told(np.arange(2)).same.tolist() == [1, 1]
    keep(series, rows((0, 2, 3.0), (0, 1, 4.0), ident=1))
    keep(series, rows((1, 6, 1.0), (1, 4, 1.0), ident=1))
    assert series.told(np.arange(2)).same.tolist() == [2, 1]
    series.move()
    keep(series, rows((0, 2, 5.0), ident=2))
    with a_copy(series, tmp_path / "copy") as again:
        assert again.told(np.array([1, 0])).same.tolist() == [1, 3]


@settings(max_examples=30)
@given(
    batches=st.lists(
        st.lists(
            st.tuples(st.integers(0, 3), st.integers(0, 3 * DAY), st.integers(0, 1)),
            max_size=15,
        ),
        max_size=6,
    ),
    moves=st.sets(st.integers(0, 5)),
    reopen=st.sets(st.integers(0, 5)),
)
def test_memory_files_and_a_new_start_answer_alike(
    tmp_path_factory: pytest.TempPathFactory,
    batches: list[list[tuple[int, int, int]]],
    moves: set[int],
    reopen: set[int],
) -> None:
    folder = tmp_path_factory.mktemp("run")
    series = RunSeries(folder)
    series.numbers(list("abcd"))
    truth: dict[tuple[int, int, int], float] = {}
    for number, batch in enumerate(batches):
        made = np.zeros(len(batch), ROW)
        for i, (stream, at, key) in enumerate(batch):
            made[i] = (stream, at, 0, number + i / 100, key, 0, 0)
        taken = keep(series, made)
        for row, is_new in zip(made, taken, strict=True):
            key = (int(row["stream"]), int(row["at"]), int(row["ident"]))
            assert bool(is_new) == (key not in truth)
            truth.setdefault(key, float(row["value"]))
        if number in moves:
            series.move()
        if number in reopen:
            series.close()
            series = RunSeries(folder)
    found = series.between([0, 1, 2, 3], 0, 3 * DAY)
    told = {(int(r["stream"]), int(r["at"]), int(r["ident"])): float(r["value"]) for r in found}
    assert told == truth and len(found) == len(truth)
    assert series.counts()[0].sum() == len(truth)
    for stream in range(4):
        mine = sorted(k for k in truth if k[0] == stream)
        last = series.before(stream, DAY, 2)
        assert [int(r["at"]) for r in last] == [k[1] for k in mine if k[1] <= DAY][-2:]
    series.close()


def test_what_was_synced_survives_a_torn_tail(tmp_path: Path) -> None:
    series = RunSeries(tmp_path)
    series.numbers(["a"])
    keep(series, rows((0, 1, 1.0)))
    (log,) = tmp_path.glob("log-*.bin")
    whole = log.stat().st_size
    keep(series, rows((0, 2, 2.0)))
    series.close()
    os.truncate(log, log.stat().st_size - 3)
    again = RunSeries(tmp_path)
    assert again.between([0], 0, 9)["value"].tolist() == [1.0]
    assert log.stat().st_size == whole
    assert keep(again, rows((0, 2, 2.0))).tolist() == [True]
    again.close()


def test_a_full_disk_refuses_the_batch_and_keeps_the_log_whole(
    series: RunSeries, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    keep(series, rows((0, 1, 1.0)))
    real = os.write

    def half(handle: int, data: Any) -> int:
        if len(data) > 20:
            return real(handle, data[:20])
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "write", half)
    with pytest.raises(SourceUnavailableError) as refused:
        series.take(rows((0, 2, 2.0)))
    assert refused.value.key == "history.disk"
    monkeypatch.undo()
    assert len(series) == 1
    assert keep(series, rows((0, 2, 2.0))).tolist() == [True]
    with a_copy(series, tmp_path / "copy") as again:
        assert again.between([0], 0, 9)["value"].tolist() == [1.0, 2.0]


@pytest.mark.parametrize("step", ["write", "write_manifest"])
def test_a_move_that_fails_loses_nothing(
    series: RunSeries, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, step: str
) -> None:
    keep(series, rows((0, 1, 1.0), (1, DAY, 2.0)))

    def fail(*_: object) -> None:
        raise OSError("no")

    with monkeypatch.context() as patch:
        where = series._parts if step == "write" else "rencheng.adapters.history.series"
        if step == "write":
            patch.setattr(where, step, fail)
        else:
            patch.setattr(f"{where}.{step}", fail)
        with pytest.raises(OSError, match="no"):
            series.move()
    keep(series, rows((0, 3, 3.0)))
    assert series.between([0, 1], 0, DAY)["value"].tolist() == [1.0, 3.0, 2.0]
    series.move()
    with a_copy(series, tmp_path / "copy") as again:
        assert again.between([0, 1], 0, DAY)["value"].tolist() == [1.0, 3.0, 2.0]
        assert len(list(again.folder.glob("part-*.parquet"))) == 2


def test_a_second_program_is_refused(series: RunSeries) -> None:
    with pytest.raises(ConflictError):
        RunSeries(series.folder)


def test_a_missing_file_is_named(series: RunSeries, tmp_path: Path) -> None:
    keep(series, rows((0, 1, 1.0)))
    series.move()
    (part,) = series.folder.glob("part-*.parquet")
    part.unlink()
    with pytest.raises(CorruptDataError) as refused, a_copy(series, tmp_path / "copy"):
        pass
    assert part.name in refused.value.problem


def test_hours_are_summed_over_memory_and_files(series: RunSeries) -> None:
    keep(series, rows((0, 1, 1.0), (0, 2, 3.0), (0, HOUR + 1, 5.0)))
    series.move()
    keep(series, rows((1, 7, 4.0)))
    keep(series, rows((1, 8, 400.0), reasons=2))
    found = series.by_hour(0, DAY)
    table = zip(
        *(found[k].tolist() for k in ("stream", "hour", "count", "mean", "max")), strict=True
    )
    assert list(table) == [(0, 0, 2, 2.0, 3.0), (0, HOUR, 1, 5.0, 5.0), (1, 0, 1, 4.0, 4.0)]


def test_many_writers_at_once_lose_and_double_nothing(tmp_path: Path) -> None:
    series = RunSeries(tmp_path, flush_rows=500)
    series.numbers([str(i) for i in range(8)])

    def write(writer: int) -> None:
        for n in range(40):
            keep(series, rows(*((writer, 100 * n + k, 1.0) for k in range(5))))
            keep(series, rows((writer, 100 * n, 1.0)))

    threads = [threading.Thread(target=write, args=(i,)) for i in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    series.move()
    found = series.between(list(range(8)), 0, DAY)
    assert len(found) == 8 * 40 * 5 == len(series)
    series.close()
    again = RunSeries(tmp_path)
    assert len(again.between(list(range(8)), 0, DAY)) == 1600
    again.close()


def test_sorted_runs_stay_few() -> None:
    runs = Runs()
    for n in range(1000):
        runs.add(rows((n % 7, n, 1.0)))
    assert len(runs) == 1000 and len(runs.runs) <= 11


def month_by_day(series: RunSeries) -> int:
    """Keep readings of every second day of January 1970 in files, and some of March in memory."""
    for day in range(0, 30, 2):
        keep(series, rows((0, day * DAY + 1, float(day)), (1, day * DAY + 2, -1.0 * day)))
        series.move()
    keep(series, rows((0, 70 * DAY, 70.0)))
    return 59 * DAY


def asked(series: RunSeries) -> list[object]:
    """Return what every kind of question finds."""
    hours = series.by_hour(0, 99 * DAY)
    return [
        series.between([0, 1], 0, 99 * DAY)["value"].tolist(),
        series.between([1], 9 * DAY, 11 * DAY)["value"].tolist(),
        series.before(1, 20 * DAY, 3)["value"].tolist(),
        {name: column.tolist() for name, column in hours.items()},
        [len(series), *(c.tolist() for c in series.counts())],
    ]


def test_a_month_compacted_is_one_file_and_answers_every_question_alike(
    series: RunSeries, tmp_path: Path
) -> None:
    end = month_by_day(series)
    before = asked(series)
    assert series.compact(end) == 1
    assert asked(series) == before
    late = keep(series, rows((1, 3, 5.0), (0, 1, 0.0)))
    assert late.tolist() == [True, False]
    assert series.compact(end) == 0
    with a_copy(series, tmp_path / "copy") as again:
        assert len(list(again.folder.glob("*-1970-01.parquet"))) == 1
        assert len(again.between([0, 1], 0, 40 * DAY)) == 31
        again.move()
        assert again.compact(end) == 1
        assert len(again.between([0, 1], 0, 40 * DAY)) == 31


@pytest.mark.parametrize("step", ["write_manifest", "read_manifest"])
def test_a_crash_amid_compaction_loses_and_doubles_nothing(
    series: RunSeries, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, step: str
) -> None:
    end = month_by_day(series)
    before = asked(series)

    def crash(*_: object) -> None:
        raise OSError("crash")

    with monkeypatch.context() as patch:
        patch.setattr(f"rencheng.adapters.history.compaction.{step}", crash)
        with pytest.raises(OSError, match="crash"):
            series.compact(end)
    with a_copy(series, tmp_path / "copy") as again:
        assert asked(again) == before
        assert again.compact(end) == 1
        assert asked(again) == before


def test_a_sync_that_fails_is_not_taken_back_by_a_later_one(
    series: RunSeries, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(_: int) -> None:
        raise OSError(28, "No space left on device")

    taken = series.take(rows((0, 1, 1.0)))
    with monkeypatch.context() as patch:
        patch.setattr(os, "fdatasync", fail)
        with pytest.raises(SourceUnavailableError):
            series.sync(taken)
    with pytest.raises(SourceUnavailableError):
        series.sync(taken)
    assert keep(series, rows((0, 1, 1.0), (0, 2, 2.0))).tolist() == [False, True]
    with a_copy(series, tmp_path / "copy") as again:
        assert again.between([0], 0, 9)["value"].tolist() == [1.0, 2.0]


def test_answers_to_batches_survive_a_move_and_a_new_start(
    series: RunSeries, tmp_path: Path
) -> None:
    series.sync(series.take(rows((0, 1, 1.0)), batch="b", answer=lambda _: b"told"))
    series.move()
    with a_copy(series, tmp_path / "copy") as again:
        assert again.answered("b") == b"told"
        assert again.answered("c") is None


def test_rows_of_many_streams_are_those_of_each_of_them() -> None:
    rng = np.random.default_rng(5)
    runs = Runs()
    for part in range(3):
        made = rows(*((int(s), int(t), 1.0) for s, t in rng.integers(0, 60, (400, 2))), ident=part)
        runs.add(made)
    asked = [*range(0, 60, 2), 99]
    together = np.concatenate(runs.between(asked, 10, 40))
    singly = np.concatenate([piece for one in asked for piece in runs.between([one], 10, 40)])
    assert len(together) == len(singly) > 200
    assert np.array_equal(np.sort(together, order=KEY), np.sort(singly, order=KEY))
