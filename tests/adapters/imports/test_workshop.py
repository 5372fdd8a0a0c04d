"""The work on an import in a process of its own: real files, a stop, a crash, a second try."""

from __future__ import annotations

import os
import signal
import threading
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

pytest.importorskip("pyogrio")

import tomllib

from import_kit import NEW, houses, room_of
from ops_kit import PLANNER, Kit, make_kit
from rencheng.adapters.cities.store import Folder
from rencheng.adapters.imports.recipe_file import write_recipe
from rencheng.adapters.imports.shelf import FolderShelf
from rencheng.domain.city import City
from rencheng.domain.errors import ConflictError, CorruptDataError, InvalidInputError
from rencheng.service import imports
from rencheng.service.import_desk import ImportRoom
from rencheng.service.importing import Import, Plan, SourcePlan, Task
from rencheng.service.jobs import State, Step
from rencheng.service.needs_form import NeedRow, Stated

STREETS = b"""{"type": "FeatureCollection", "features": [
{"type": "Feature", "properties": {"highway": "residential"}, "geometry":
 {"type": "LineString", "coordinates": [[-71.351, -29.9505], [-71.338, -29.9505]]}},
{"type": "Feature", "properties": {"highway": "residential"}, "geometry":
 {"type": "LineString", "coordinates": [[-71.338, -29.9505], [-71.338, -29.944]]}},
{"type": "Feature", "properties": {"highway": "residential"}, "geometry":
 {"type": "LineString", "coordinates": [[-71.338, -29.944], [-71.351, -29.9505]]}}]}"""
HOUSES = SourcePlan(
    id="houses",
    kind="vector",
    file="houses.geojson",
    layers=("buildings",),
    columns={"id": "nr", "use": "Nutzung", "storeys": "Stockwerke"},
    citation='register "A" of the town',
    as_of="2024-05-31",
)
PLAN = Plan(
    sources=(HOUSES, SourcePlan(id="s", kind="vector", file="streets.geojson", layers=("roads",))),
    missing=dict.fromkeys(("population", "power", "water", "telecom", "dependencies"), "generate"),
)


@pytest.fixture
def kit(tmp_path: Path, tiny_city: City) -> Kit:
    return make_kit(tmp_path, tiny_city)


@pytest.fixture
def room(kit: Kit, tmp_path: Path) -> ImportRoom:
    return room_of(kit.house, tmp_path)


def ready(kit: Kit, room: ImportRoom, plan: Plan = PLAN, **files: bytes) -> Import:
    order = kit.order(PLANNER)
    item = imports.create(kit.house, room.shelf, order, NEW)
    for name, body in ({"houses": houses(), "streets": STREETS} | files).items():
        arrived = room.shelf.incoming(item.id, f"{name}.geojson")
        arrived.write(body)
        item = imports.add_file(kit.house, room.shelf, order, item.id, f"{name}.geojson", arrived)
    kinds = tuple(room.workshop.kinds())
    return imports.plan(kit.house, room.shelf, order, item.id, item.version, plan, kinds)


def run(
    room: ImportRoom,
    item: Import,
    task: Task = Task.CHECK,
    tell: Callable[[Step], None] = lambda _: None,
    is_stopped: Callable[[], bool] = lambda: False,
) -> object:
    return room.workshop.work(item, task, tell, is_stopped)


def test_the_recipe_says_what_the_page_said(kit: Kit, room: ImportRoom) -> None:
    item = ready(kit, room, replace(PLAN, bbox=(-72.0, -30.0, -71.0, -29.0)))
    assert isinstance(room.shelf, FolderShelf)
    table = tomllib.loads((write_recipe(room.shelf, item) / "recipe.toml").read_text("utf-8"))
    assert (table["id"], table["grid"]["kind"], table["bbox"][0]) == ("haicheng", "squares", -72.0)
    assert table["sources"][0]["columns"] == dict(HOUSES.columns)
    assert table["sources"][0]["citation"] == HOUSES.citation
    assert table["missing"]["power"] == "generate"


def test_a_check_counts_and_touches_nothing(kit: Kit, room: ImportRoom, tmp_path: Path) -> None:
    found = run(room, ready(kit, room))
    assert found.counts["buildings"] == 40 and found.counts["roads"] == 3  # type: ignore[attr-defined]
    assert not (tmp_path / "cities").exists()


def test_all_files_that_cannot_be_used_are_named(kit: Kit, room: ImportRoom) -> None:
    item = ready(kit, room, houses=b"{", streets=b"[1,")
    with pytest.raises(InvalidInputError) as caught:
        run(room, item)
    assert caught.value.key == "import.sources" and len(caught.value.faults) >= 2


def test_a_crash_of_the_reader_is_an_error_and_not_ours(
    kit: Kit, room: ImportRoom, monkeypatch: pytest.MonkeyPatch
) -> None:
    import subprocess

    item = ready(kit, room)
    started = subprocess.Popen

    def spied(*args: object, **how: object) -> object:
        child = started(*args, **how)  # type: ignore[call-overload]
        os.kill(child.pid, signal.SIGKILL)
        return child

    monkeypatch.setattr(subprocess, "Popen", spied)
    with pytest.raises(CorruptDataError) as caught:
        run(room, item)
    assert caught.value.key == "import.died"


def test_a_stop_ends_the_process(kit: Kit, room: ImportRoom) -> None:
    item = ready(kit, room)
    began = time.monotonic()
    with pytest.raises(ConflictError) as caught:
        run(room, item, is_stopped=lambda: True)
    assert caught.value.key == "city.stopped"
    assert time.monotonic() - began < 15


@pytest.mark.slow
def test_what_was_built_is_not_served_until_somebody_says_so(
    kit: Kit, room: ImportRoom, tmp_path: Path
) -> None:
    item = ready(kit, room)
    node = "substation-1"
    stated = Stated(
        node="nobody",
        rows=(NeedRow(service="power", supplier=node, backup_low_h=1.0, backup_high_h=2.0),),
        by="planner",
        at=kit.clock(),
    )
    room.statements.put(item.city, [stated])
    imports.ask(kit.house, room.shelf, kit.order(PLANNER), item.id, Task.BUILD)
    steps: list[Step] = []
    watching = threading.Event()

    def watch() -> None:
        while not watching.wait(0.05):
            if found := room.desk.step(item.id):
                steps.append(found[0])

    watcher = threading.Thread(target=watch)
    watcher.start()
    room.desk.turn()
    watching.set()
    watcher.join()
    made = room.shelf.get(item.id)
    assert made.state is State.DONE and made.built is not None, made.trouble
    assert room.versions.of("haicheng") == (made.built.version,)
    assert room.versions.current("haicheng") == ""
    shares = [step.share for step in steps]
    assert shares == sorted(shares) and len(set(shares)) > 2
    keys = {finding.key for finding in made.built.findings}
    assert "need_unknown" in keys or any("need" in key for key in keys)  # nobody is no asset
    order = kit.order(PLANNER)
    imports.serve(kit.house, room.versions, order, "haicheng", made.built.version, "")
    assert Folder(tmp_path, "haicheng").current().buildings.id.size == 40


@pytest.mark.slow
def test_after_a_kill_nothing_half_is_left_and_the_next_try_takes_up_what_was_read(
    kit: Kit, room: ImportRoom, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    import subprocess

    item = ready(kit, room)
    started, children = subprocess.Popen, []

    def spied(*args: object, **how: object) -> object:
        children.append(started(*args, **how))  # type: ignore[call-overload]
        return children[-1]

    def kill(step: Step) -> None:
        if step.source == "s":  # the first source has been read
            os.kill(children[-1].pid, signal.SIGKILL)

    monkeypatch.setattr(subprocess, "Popen", spied)
    with pytest.raises(CorruptDataError):
        run(room, item, Task.BUILD, tell=kill)
    assert not any((tmp_path / "cities").glob("*/[!.]*"))
    kept = {path.name: path.stat().st_mtime_ns for path in (tmp_path / "imports-cache").iterdir()}
    assert kept
    found = run(room, item, Task.BUILD)
    assert found.version  # type: ignore[attr-defined]
    assert {name for name in kept if (tmp_path / "imports-cache" / name).exists()} == set(kept)
