"""The desk of the background: two people, a server that ends, a full disk, records that are broken.

What imports and runs need of it beyond that is tested with them.
"""

from __future__ import annotations

import re
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from operator import attrgetter
from pathlib import Path
from threading import Event
from typing import BinaryIO

import pytest

from ops_kit import AUDITOR, PLANNER, Kit
from rencheng.adapters import job_folders
from rencheng.adapters.job_folders import JobFolders
from rencheng.adapters.words import both
from rencheng.domain.errors import (
    ConflictError,
    CorruptDataError,
    InvalidInputError,
    NotAllowedError,
    NotFoundError,
    SourceUnavailableError,
)
from rencheng.domain.identity import Permission
from rencheng.domain.provenance import Text
from rencheng.service.desk import Desk
from rencheng.service.house import new_id
from rencheng.service.jobs import IsStopped, Job, Params, State, Step, Tell, Trouble

Act = Callable[[Tell, IsStopped], None]


class Notes(JobFolders[Job]):
    """Jobs that say nothing but that they are jobs."""

    def __init__(self, folder: Path) -> None:
        super().__init__(folder, Job, record="job.json", ids=re.compile("[0-9a-f-]{36}"),
                         kind="risk")  # fmt: skip

    def all(self) -> list[Job]:
        return sorted(super().all(), key=attrgetter("asked", "id"), reverse=True)


@dataclass
class Hand:
    """Does as the test says."""

    act: Act = lambda _tell, _is_stopped: None
    done: list[str] = field(default_factory=list)
    kind: str = "risk"
    may: Permission = Permission.RISK_RUN
    stopped: str = "risk.stopped"

    def work(self, item: Job, tell: Tell, is_stopped: IsStopped) -> Job:
        self.done.append(item.id)
        self.act(tell, is_stopped)
        return item

    def action(self, _: Job, end: str, /) -> str:
        return f"risk.{end}"

    def params(self, item: Job) -> Params:
        return {"set": "", "city": "", "why": item.trouble.key if item.trouble else ""}


@dataclass
class Room:
    kit: Kit
    shelf: Notes
    hand: Hand
    desk: Desk[Job]

    def ask(self) -> str:
        """Put a job on the shelf; the clock goes on, so that the next one is younger."""
        at = self.kit.clock.forward(seconds=1)
        item = Job(id=new_id(at), state=State.QUEUED, asked=at)
        self.shelf.put(item)
        return item.id

    def state(self, key: str) -> State:
        return self.shelf.get(key).state

    def again(self) -> Room:
        """Return what the next server makes of the same folder."""
        hand = Hand()
        return Room(self.kit, self.shelf, hand, Desk(self.kit.house, self.shelf, hand))


@pytest.fixture
def room(kit: Kit, tmp_path: Path) -> Room:
    shelf, hand = Notes(tmp_path / "jobs"), Hand()
    return Room(kit, shelf, hand, Desk(kit.house, shelf, hand))


def until_stopped(_tell: Tell, is_stopped: IsStopped) -> None:
    while not is_stopped():
        time.sleep(0.01)
    raise ConflictError("risk.stopped", "stopped", hint="")


def test_the_oldest_goes_first_and_each_is_done_once(room: Room) -> None:
    keys = [room.ask() for _ in range(3)]
    assert [room.desk.turn() for _ in range(4)] == [True, True, True, False]
    assert room.hand.done == keys
    assert all(room.state(key) is State.DONE for key in keys)


def test_an_end_is_kept_with_its_times(room: Room) -> None:
    key = room.ask()
    room.hand.act = lambda _tell, _is_stopped: room.kit.clock.forward(minutes=3) and None
    room.desk.turn()
    item = room.shelf.get(key)
    assert item.began and item.ended and (item.ended - item.began).total_seconds() == 180


@pytest.mark.parametrize("change", ["cancel", "delete"])
def test_who_may_not_run_stops_and_deletes_nothing(room: Room, change: str) -> None:
    key = room.ask()
    with pytest.raises(NotAllowedError):
        getattr(room.desk, change)(room.kit.order(AUDITOR), key)
    assert room.state(key) is State.QUEUED and room.kit.actions() == []


def test_two_people_stop_one_job_once(room: Room) -> None:
    key = room.ask()
    with ThreadPoolExecutor(2) as people:
        told = list(people.map(lambda _: room.desk.cancel(room.kit.order(PLANNER), key), range(2)))
    assert [one.state for one in told] == [State.STOPPED] * 2
    assert room.kit.actions() == ["risk.stop_asked"]
    assert not room.desk.turn() and room.hand.done == []


def test_two_people_delete_one_job_once(room: Room) -> None:
    key = room.ask()
    room.desk.cancel(room.kit.order(PLANNER), key)

    def delete(_: int) -> str:
        try:
            room.desk.delete(room.kit.order(PLANNER), key)
        except NotFoundError:
            return "gone"
        return "deleted"

    with ThreadPoolExecutor(2) as people:
        assert sorted(people.map(delete, range(2))) == ["deleted", "gone"]
    assert room.kit.actions().count("risk.deleted") == 1


def test_the_same_command_again_deletes_once_and_says_so_again(room: Room) -> None:
    key = room.ask()
    room.desk.turn()
    for _ in range(2):
        room.desk.delete(room.kit.order(PLANNER, id="k"), key)
    assert room.shelf.all() == [] and room.kit.actions().count("risk.deleted") == 1


def test_what_is_under_way_is_not_deleted_but_stopped(room: Room) -> None:
    key = room.ask()
    begun = Event()

    def act(tell: Tell, is_stopped: IsStopped) -> None:
        begun.set()
        until_stopped(tell, is_stopped)

    room.hand.act = act
    with ThreadPoolExecutor(1) as background:
        turn = background.submit(room.desk.turn)
        assert begun.wait(10)
        with pytest.raises(ConflictError):
            room.desk.delete(room.kit.order(PLANNER), key)
        assert room.desk.cancel(room.kit.order(PLANNER), key).state is State.STOPPING
        assert turn.result(10)
    item = room.shelf.get(key)
    assert item.state is State.STOPPED and item.trouble is None
    room.desk.delete(room.kit.order(PLANNER), key)
    assert room.shelf.all() == []


def test_a_server_that_ends_says_why_the_job_is_stopped(room: Room) -> None:
    key = room.ask()
    room.hand.act = until_stopped
    room.desk.start()
    while room.state(key) is not State.RUNNING:
        time.sleep(0.01)
    room.desk.stop()
    trouble = room.shelf.get(key).trouble
    assert room.state(key) is State.STOPPED and trouble is not None
    assert trouble.key == "risk.interrupted"
    assert room.kit.actions()[-1] == "risk.interrupted"


@pytest.mark.parametrize(
    ("left", "end"), [(State.RUNNING, "risk.interrupted"), (State.STOPPING, "risk.stopped")]
)
def test_what_a_killed_server_left_is_stopped_before_the_next_job(
    room: Room, left: State, end: str
) -> None:
    cut, waiting = room.ask(), room.ask()
    room.shelf.put(replace(room.shelf.get(cut), state=left))
    later = room.again()
    assert later.desk.turn() and later.hand.done == [waiting]
    assert room.state(cut) is State.STOPPED and end in room.kit.actions()


def test_an_error_of_the_work_is_kept(room: Room) -> None:
    key = room.ask()

    def act(*_: object) -> None:
        raise InvalidInputError("risk.hour", "no hour", hint="Mend", params={"hour": 25.0})

    room.hand.act = act
    room.desk.turn()
    trouble = room.shelf.get(key).trouble
    assert trouble is not None and room.state(key) is State.FAILED
    error = trouble.error()
    assert isinstance(error, InvalidInputError) and error.params == {"hour": 25.0}


def test_too_little_memory_is_a_failure_with_words(room: Room) -> None:
    key = room.ask()

    def act(*_: object) -> None:
        raise MemoryError

    room.hand.act = act
    room.desk.turn()
    trouble = room.shelf.get(key).trouble
    assert trouble is not None and trouble.key == "risk.memory"


def test_an_error_that_nobody_foresaw_ends_the_job_and_not_the_desk(
    room: Room, caplog: pytest.LogCaptureFixture
) -> None:
    bad, good = room.ask(), room.ask()

    def act(*_: object) -> None:
        if len(room.hand.done) == 1:
            raise ZeroDivisionError

    room.hand.act = act
    room.desk.start()
    for _ in range(1000):
        room.desk.wake()
        if room.state(good) is State.DONE:
            break
        time.sleep(0.01)
    room.desk.stop()
    item = room.shelf.get(bad)
    assert (item.state, room.state(good)) == (State.FAILED, State.DONE)
    assert item.trouble is not None and item.trouble.key == "risk.inside"
    assert "failed inside" in caplog.text


def test_progress_never_goes_back(room: Room) -> None:
    key, seen = room.ask(), []

    def act(tell: Tell, _: IsStopped) -> None:
        for share in (0.5, 0.1):
            tell(Step(step="losses", share=share))
            step = room.desk.step(key)
            assert step is not None
            seen.append(step[0].share)

    room.hand.act = act
    room.desk.turn()
    assert seen == [0.5, 0.5] and room.desk.step(key) is None


# The disk -------------------------------------------------------------------------------------


def full(_file: Path, _fill: Callable[[BinaryIO], object]) -> None:
    raise OSError(28, "No space left on device")


def test_a_full_disk_refuses_by_name_and_changes_nothing(
    room: Room, monkeypatch: pytest.MonkeyPatch
) -> None:
    key = room.ask()
    monkeypatch.setattr(job_folders, "write_whole", full)
    with pytest.raises(SourceUnavailableError) as caught:
        room.desk.cancel(room.kit.order(PLANNER), key)
    assert caught.value.key == "risk.no_room"
    assert room.state(key) is State.QUEUED and room.kit.actions() == []


def test_a_disk_that_fills_up_meanwhile_leaves_no_job_that_seems_to_run(
    room: Room, monkeypatch: pytest.MonkeyPatch
) -> None:
    key = room.ask()
    with monkeypatch.context() as while_full:
        room.hand.act = lambda *_: while_full.setattr(job_folders, "write_whole", full)
        with pytest.raises(SourceUnavailableError):
            room.desk.turn()
    room.desk.turn()
    assert room.state(key) is State.FAILED


def test_a_write_that_fails_half_way_leaves_the_record_as_it_was(room: Room) -> None:
    key = room.ask()
    file = room.shelf.folder_of(key) / "job.json"
    before = file.read_bytes()

    def fill(stream: BinaryIO) -> None:
        stream.write(b"half")
        raise OSError(28, "No space left on device")

    with pytest.raises(SourceUnavailableError):
        room.shelf.write(file, fill)
    assert file.read_bytes() == before and len(list(file.parent.iterdir())) == 1


@pytest.mark.parametrize("body", [b"", b"{", b'{"id": 3}', b"\x00\xff", b'{"id": "another"}'])
def test_a_broken_record_stops_neither_the_list_nor_the_queue(room: Room, body: bytes) -> None:
    bad, good = room.ask(), room.ask()
    (room.shelf.folder_of(bad) / "job.json").write_bytes(body)
    assert [one.id for one in room.shelf.all()] == [good]
    (found,) = room.shelf.broken()
    assert (found.id, found.trouble.key) == (bad, "risk.broken")
    assert room.desk.turn() and room.state(good) is State.DONE


def test_a_broken_record_is_not_found_sound_but_can_be_deleted(room: Room) -> None:
    bad = room.ask()
    (room.shelf.folder_of(bad) / "job.json").write_bytes(b"{")
    with pytest.raises(CorruptDataError):
        room.desk.cancel(room.kit.order(PLANNER), bad)
    room.desk.delete(room.kit.order(PLANNER), bad)
    assert not room.shelf.folder_of(bad).exists()
    assert room.kit.actions() == ["risk.broken_deleted"]


@pytest.mark.parametrize("key", ["..", "../x", "", "a" * 36 + "/", "G" * 36])
def test_what_is_no_id_leads_nowhere(room: Room, key: str) -> None:
    with pytest.raises(NotFoundError):
        room.desk.delete(room.kit.order(PLANNER), key)


@pytest.mark.parametrize("kind", ["risk", "import"])
@pytest.mark.parametrize(
    ("key", "params"),
    [
        ("busy", {}), ("unknown", {"id": "x"}), ("broken", {"file": "x", "why": "y"}),
        ("memory", {}), ("interrupted", {}), ("no_room", {"why": "y"}), ("inside", {}),
        ("died", {"code": 1}),
    ],
)  # fmt: skip
def test_whatever_ends_a_job_of_either_kind_has_words(
    kind: str, key: str, params: dict[str, str | int]
) -> None:
    for part in ("problem", "hint"):
        zh, en = both(Text(f"error.{kind}.{key}.{part}", params))
        assert zh and en and zh != en and "{" not in zh + en


@pytest.mark.parametrize("kind", ["risk", "import"])
def test_deleting_a_broken_record_has_a_line_in_the_log(kind: str) -> None:
    zh, en = both(Text(f"log.{kind}.broken_deleted", {"id": "77"}))
    assert "77" in zh and "77" in en


def test_a_kept_error_of_a_class_that_is_gone_is_still_an_error() -> None:
    kept = Trouble.of(InvalidInputError("risk.hour", "no hour", hint="Mend"))
    assert replace(kept, type="NoSuchError").error().key == "risk.hour"
