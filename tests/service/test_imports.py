"""Imports as use cases: every change is a command, the work can be stopped, cut off and resumed."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from import_kit import KINDS, NEW, PLAN, SOURCE, FakeWorkshop, outcome_of, room_of, stopped
from ops_kit import AUDITOR, PLANNER, POWER, Kit
from rencheng.domain.errors import (
    ConflictError,
    InvalidInputError,
    NotAllowedError,
    NotFoundError,
    TooMuchError,
)
from rencheng.service import imports
from rencheng.service.import_desk import ImportRoom
from rencheng.service.importing import Import, Plan, Task
from rencheng.service.jobs import State, Step


@pytest.fixture
def workshop() -> FakeWorkshop:
    return FakeWorkshop()


@pytest.fixture
def room(kit: Kit, tmp_path: Path, workshop: FakeWorkshop) -> ImportRoom:
    return room_of(kit.house, tmp_path, workshop, largest=1000)


def begin(kit: Kit, room: ImportRoom, **change: Any) -> Import:
    new = replace(NEW, **change)
    return imports.create(kit.house, room.shelf, kit.order(PLANNER), new)


def send(kit: Kit, room: ImportRoom, key: str, name: str, body: bytes = b"{}") -> Import:
    arrived = room.shelf.incoming(key, name)
    try:
        arrived.write(body)
        return imports.add_file(kit.house, room.shelf, kit.order(PLANNER), key, name, arrived)
    finally:
        arrived.close()


def ready(kit: Kit, room: ImportRoom, **change: Any) -> Import:
    """Return an import with a file and a recipe."""
    item = send(kit, room, begin(kit, room, **change).id, "houses.geojson")
    return save(kit, room, item, PLAN)


def save(kit: Kit, room: ImportRoom, item: Import, plan: Plan) -> Import:
    return imports.plan(
        kit.house, room.shelf, kit.order(PLANNER), item.id, item.version, plan, KINDS
    )


def ask(kit: Kit, room: ImportRoom, item: Import, task: Task = Task.BUILD) -> Import:
    return imports.ask(kit.house, room.shelf, kit.order(PLANNER), item.id, task)


def test_every_step_leaves_an_audit_line(kit: Kit, room: ImportRoom) -> None:
    item = ready(kit, room)
    ask(kit, room, item)
    room.desk.turn()
    assert kit.actions() == [
        "import.created", "import.file_added", "import.planned", "import.build_asked",
        "import.build_done",
    ]  # fmt: skip
    assert set(kit.events()) == {"import"}


def test_a_retry_makes_one_import(kit: Kit, room: ImportRoom) -> None:
    first, again = (
        imports.create(kit.house, room.shelf, kit.order(PLANNER, id="k1"), NEW) for _ in range(2)
    )
    assert first.id == again.id and len(room.shelf.all()) == 1


def test_all_that_is_wrong_with_a_new_import_is_said_at_once(kit: Kit, room: ImportRoom) -> None:
    with pytest.raises(InvalidInputError) as caught:
        begin(kit, room, city="../x", name_zh=" ", timezone="Mars/Olympus")
    assert [fault.where for fault in caught.value.faults] == ["city", "name_zh", "timezone"]
    assert room.shelf.all() == []


@pytest.mark.parametrize("actor", [AUDITOR, POWER])
def test_who_may_not_build_may_not_import(kit: Kit, room: ImportRoom, actor: Any) -> None:
    with pytest.raises(NotAllowedError):
        imports.create(kit.house, room.shelf, kit.order(actor), NEW)
    assert kit.actions() == []


@pytest.mark.parametrize(
    "name",
    ["../../etc/passwd.csv", "/etc/x.csv", "a/b.csv", "..csv", ".hidden.csv", "con.csv",
     "a\x00.csv", "a\n.csv", "x.exe", "noending", "", "a" * 200 + ".csv", "a\\b.csv", "a:b.csv",
     "x.csv "],
)  # fmt: skip
def test_a_name_that_leads_elsewhere_is_refused(kit: Kit, room: ImportRoom, name: str) -> None:
    key = begin(kit, room).id
    with pytest.raises(InvalidInputError):
        room.shelf.incoming(key, name)


@pytest.mark.parametrize("name", ["建筑 2024.geojson", "a.b.csv", "Straße (1).csv", "（终稿）.csv"])
def test_a_name_in_any_script_is_taken(kit: Kit, room: ImportRoom, name: str) -> None:
    item = send(kit, room, begin(kit, room).id, name)
    assert [file.name for file in item.files] == [name]
    assert room.shelf.path(item, name).read_bytes() == b"{}"


def test_too_large_a_file_leaves_nothing_behind(kit: Kit, room: ImportRoom, tmp_path: Path) -> None:
    key = begin(kit, room).id
    with pytest.raises(TooMuchError):
        send(kit, room, key, "big.csv", b"x" * 1001)
    assert list((tmp_path / "imports" / key / "files").iterdir()) == []
    assert room.shelf.get(key).files == ()


def test_all_faults_of_a_recipe_are_said_at_once(kit: Kit, room: ImportRoom) -> None:
    item = ready(kit, room)
    bad = Plan(
        sources=(
            replace(SOURCE, file="gone.csv", crs="WGS", layers=("terrain",), as_of="yesterday"),
            replace(SOURCE, kind="osm_pbf", layers=()),
            replace(SOURCE, id="!", kind="magic"),
        ),
        missing={"power": "invent"},
        grid="circles",
    )
    with pytest.raises(InvalidInputError) as caught:
        save(kit, room, item, bad)
    assert {fault.key.removeprefix("import.") for fault in caught.value.faults} == {
        "missing", "grid", "twice", "no_file", "layers", "crs", "as_of", "no_extra", "source_id",
        "no_kind",
    }  # fmt: skip
    assert room.shelf.get(item.id).plan == PLAN


def test_two_people_do_not_overwrite_each_other(kit: Kit, room: ImportRoom) -> None:
    item = ready(kit, room)
    save(kit, room, item, PLAN)
    with pytest.raises(ConflictError):
        save(kit, room, item, Plan())


def test_nothing_changes_while_it_is_being_built(kit: Kit, room: ImportRoom) -> None:
    item = ready(kit, room)
    ask(kit, room, item)
    with pytest.raises(ConflictError):
        send(kit, room, item.id, "more.csv")
    with pytest.raises(ConflictError):
        room.desk.delete(kit.order(PLANNER), item.id)
    with pytest.raises(ConflictError):
        ask(kit, room, item)


def test_of_two_imports_the_older_goes_first(
    kit: Kit, room: ImportRoom, workshop: FakeWorkshop
) -> None:
    items = []
    for city in ("first", "second"):
        items.append(ready(kit, room, city=city))
        ask(kit, room, items[-1])
        kit.clock.forward(minutes=1)
    assert [room.desk.turn() for _ in range(3)] == [True, True, False]
    assert [key for key, _ in workshop.seen] == [item.id for item in items]
    assert {room.shelf.get(item.id).state for item in items} == {State.DONE}


def test_how_far_it_is_can_be_asked_while_it_runs(
    kit: Kit, room: ImportRoom, workshop: FakeWorkshop
) -> None:
    item = ready(kit, room)
    seen = []

    def act(item: Import, task: Task, tell: Any, is_stopped: Any) -> Any:
        tell(Step(source="houses", step="read", number=0, total=2, share=0.5))
        seen.append(room.desk.step(item.id))
        tell(Step(share=0.1))
        seen.append(room.desk.step(item.id))
        return outcome_of(item, "abcd1234")

    workshop.act = act
    ask(kit, room, item)
    room.desk.turn()
    (first, left), (second, _) = seen
    assert (first.source, first.share) == ("houses", 0.5) and left is not None
    assert second.share == 0.5  # it never goes back
    assert room.desk.step(item.id) is None


def test_what_is_stopped_can_be_resumed(kit: Kit, room: ImportRoom, workshop: FakeWorkshop) -> None:
    item = ready(kit, room)

    def act(item: Import, task: Task, tell: Any, is_stopped: Any) -> Any:
        assert not is_stopped()
        room.desk.cancel(kit.order(PLANNER), item.id)
        assert is_stopped()
        raise stopped()

    workshop.act = act
    ask(kit, room, item)
    room.desk.turn()
    assert room.shelf.get(item.id).state is State.STOPPED
    workshop.act = None
    ask(kit, room, item)
    room.desk.turn()
    assert room.shelf.get(item.id).state is State.DONE


def test_what_waits_is_stopped_at_once(kit: Kit, room: ImportRoom, workshop: FakeWorkshop) -> None:
    item = ready(kit, room)
    ask(kit, room, item)
    stopped_item = room.desk.cancel(kit.order(PLANNER), item.id)
    assert stopped_item.state is State.STOPPED
    assert not room.desk.turn() and workshop.seen == []


def test_a_new_server_says_that_the_old_ones_work_was_cut_off(
    kit: Kit, room: ImportRoom, tmp_path: Path
) -> None:
    item = ready(kit, room)
    ask(kit, room, item)
    room.shelf.put(replace(room.shelf.get(item.id), state=State.RUNNING))
    later = room_of(kit.house, tmp_path, FakeWorkshop())
    later.desk.recover()
    assert later.shelf.get(item.id).state is State.STOPPED
    assert kit.actions()[-1] == "import.interrupted"
    ask(kit, later, item)
    later.desk.turn()
    assert later.shelf.get(item.id).state is State.DONE


def test_a_failure_is_kept_with_all_its_faults(
    kit: Kit, room: ImportRoom, workshop: FakeWorkshop
) -> None:
    item = ready(kit, room)

    def act(*_: Any) -> Any:
        raise InvalidInputError("city.csv_broken", "it is", hint="Mend", params={"line": 3})

    workshop.act = act
    ask(kit, room, item)
    room.desk.turn()
    kept = room.shelf.get(item.id)
    assert kept.state is State.FAILED and kept.trouble is not None
    assert (kept.trouble.key, kept.trouble.params) == ("city.csv_broken", {"line": 3})


def test_a_check_is_out_of_date_once_a_file_changes(kit: Kit, room: ImportRoom) -> None:
    item = ready(kit, room)
    ask(kit, room, item, Task.CHECK)
    room.desk.turn()
    checked = room.shelf.get(item.id)
    assert checked.checked is not None and imports.is_current(checked, checked.checked.mark)
    changed = send(kit, room, item.id, "houses.geojson", b"[]")
    assert not imports.is_current(changed, checked.checked.mark)


def test_a_folder_of_the_server_is_closed_unless_it_was_opened(kit: Kit, room: ImportRoom) -> None:
    with pytest.raises(NotAllowedError):
        imports.point(kit.house, room.shelf, kit.order(PLANNER), begin(kit, room).id, ".")


@pytest.mark.parametrize("folder", ["..", "../other", "/etc", "way-out", "in/../../other"])
def test_only_what_lies_in_the_open_folder_is_taken(kit: Kit, tmp_path: Path, folder: str) -> None:
    (tmp_path / "open" / "in").mkdir(parents=True)
    (tmp_path / "other").mkdir()
    (tmp_path / "other" / "secret.csv").write_text("a,b")
    (tmp_path / "open" / "way-out").symlink_to(tmp_path / "other")
    room = room_of(kit.house, tmp_path, FakeWorkshop(), data_root=tmp_path / "open")
    with pytest.raises(NotAllowedError):
        imports.point(kit.house, room.shelf, kit.order(PLANNER), begin(kit, room).id, folder)


def test_files_pointed_to_stay_where_they_are(kit: Kit, tmp_path: Path) -> None:
    place = tmp_path / "open" / "in"
    place.mkdir(parents=True)
    (place / "zones.csv").write_text("a,b")
    (place / "notes.docx").write_text("no data")
    (tmp_path / "secret.csv").write_text("x")
    (place / "link.csv").symlink_to(tmp_path / "secret.csv")
    room = room_of(kit.house, tmp_path, FakeWorkshop(), data_root=tmp_path / "open")
    key = begin(kit, room).id
    item = imports.point(kit.house, room.shelf, kit.order(PLANNER), key, "in")
    assert [file.name for file in item.files] == ["zones.csv"]
    assert room.shelf.path(item, "zones.csv") == place / "zones.csv"
    imports.drop_file(kit.house, room.shelf, kit.order(PLANNER), key, "zones.csv")
    room.desk.delete(kit.order(PLANNER), key)
    assert (place / "zones.csv").is_file() and room.shelf.all() == []


def test_only_a_version_that_is_there_can_be_served(kit: Kit, room: ImportRoom) -> None:
    with pytest.raises(NotFoundError):
        imports.serve(kit.house, room.versions, kit.order(PLANNER), "tiny", "0123456789", "")
    with pytest.raises(ConflictError):
        imports.serve(kit.house, room.versions, kit.order(PLANNER), "tiny", "0123456789", "old")
    with pytest.raises(NotFoundError):
        imports.serve(kit.house, room.versions, kit.order(PLANNER), "../..", "0123456789", "")
