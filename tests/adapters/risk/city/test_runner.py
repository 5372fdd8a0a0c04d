"""A run in a process of its own, on a state folder: its result, a stop, a crash."""

from __future__ import annotations

import os
import signal
import subprocess
from pathlib import Path

import pytest

from ops_kit import PLANNER, Kit, make_kit
from rencheng.adapters.cities.store import Folder
from rencheng.bootstrap.risk import open_risk
from rencheng.bootstrap.wiring import load_models
from rencheng.domain.city import City
from rencheng.service import risk_jobs
from rencheng.service.jobs import State
from rencheng.service.risk_jobs import RiskRoom
from rencheng.service.risk_runs import RiskRun, RunWish
from risk_console_kit import SOURCE

pytestmark = pytest.mark.slow


@pytest.fixture
def kit(tmp_path: Path, tiny_city: City, state: Path) -> Kit:
    (tmp_path / "packages").symlink_to(state / "packages")
    cities = Folder(tmp_path, tiny_city.id)
    cities.set_current(cities.save(tiny_city).version)
    return make_kit(tmp_path, cities.current())


@pytest.fixture
def room(kit: Kit, tmp_path: Path) -> RiskRoom:
    (tmp_path / "events").mkdir()
    (tmp_path / "events" / "source.toml").write_text(SOURCE)
    return open_risk(kit.house, tmp_path, load_models(tmp_path))


def ask(kit: Kit, room: RiskRoom) -> RiskRun:
    return risk_jobs.ask(kit.house, room, kit.order(PLANNER), RunWish(set="source", hour=3.0))


def test_a_run_leaves_its_result_on_the_shelf(kit: Kit, room: RiskRoom) -> None:
    item = ask(kit, room)
    assert room.desk.turn()
    done = room.runs.get(item.id)
    assert done.state is State.DONE, done.trouble
    result = room.runs.result(item.id)
    assert sum(result.summary.counts.values()) == 60
    assert result.arrays["zone_loss"].shape == (result.summary.events, 6)


def test_what_is_wrong_with_a_set_reaches_the_run(kit: Kit, room: RiskRoom, tmp_path: Path) -> None:
    item = ask(kit, room)
    (tmp_path / "events" / "source.toml").write_text(SOURCE.replace("rate = 0.5", "rate = 0.6"))
    room.desk.turn()
    trouble = room.runs.get(item.id).trouble
    assert trouble is not None and trouble.key == "risk.set_changed"


@pytest.mark.skipif(os.name == "nt", reason="kills by signal")
def test_a_process_that_is_killed_is_a_failed_run_and_leaves_no_half_table(
    kit: Kit, room: RiskRoom, monkeypatch: pytest.MonkeyPatch
) -> None:
    item = ask(kit, room)
    started = subprocess.Popen

    def spied(*args: object, **how: object) -> object:
        child = started(*args, **how)  # type: ignore[call-overload]
        (folder / ".part-tables.npz-x").write_bytes(b"half")
        os.kill(child.pid, signal.SIGKILL)
        return child

    folder = room.runs.folder_of(item.id)  # type: ignore[attr-defined]
    monkeypatch.setattr(subprocess, "Popen", spied)
    room.desk.turn()
    found = room.runs.get(item.id)
    assert found.trouble is not None and found.trouble.key == "risk.died"
    assert sorted(path.name for path in folder.iterdir()) == ["run.json", "work.log"]


def test_a_stop_ends_the_process_and_leaves_no_result(
    kit: Kit, room: RiskRoom, monkeypatch: pytest.MonkeyPatch
) -> None:
    item = ask(kit, room)
    started = subprocess.Popen
    children = []

    def spied(*args: object, **how: object) -> object:
        children.append(started(*args, **how))  # type: ignore[call-overload]
        room.desk.cancel(kit.order(PLANNER), item.id)
        return children[-1]

    monkeypatch.setattr(subprocess, "Popen", spied)
    room.desk.turn()
    assert room.runs.get(item.id).state is State.STOPPED
    assert children[0].poll() is not None
