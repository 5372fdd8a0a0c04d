"""What every store promises, in a file and on a server alike."""

from __future__ import annotations

import math
import threading
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rencheng.adapters.store import codec
from rencheng.domain.alarm import Alarm, Level
from rencheng.domain.errors import ConflictError, InvalidInputError, NotFoundError
from rencheng.domain.hazard import Bulletin, BulletinKind
from rencheng.domain.incident import Task, TaskStatus
from rencheng.domain.log import first_broken
from rencheng.domain.provenance import Mode, Text
from rencheng.domain.readings import from_us, to_us
from rencheng.domain.run import Run
from rencheng.domain.sensing import Thing
from rencheng.service.ports import Event, UnitOfWork
from store_kit import T0, Work, keep


def alarm(key: str, *, rule: str = "level", run: str = "r1", **changes: Any) -> Alarm:
    return Alarm(
        id=key,
        rule=rule,
        rule_version="1",
        object="gauge",
        level=Level.RED,
        text=Text("alarm.level", {"m": 4.5, "n": 2, "who": "港口"}),
        started=T0,
        last=T0,
        mode=Mode.REPLAY,
        run=run,
        **changes,
    )


def task(key: str, organisation: str, run: str = "r1") -> Task:
    return Task(
        id=key,
        incident="i1",
        proposal="",
        kind="inspect",
        title_zh="查",
        title_en="look",
        organisation=organisation,
        team="",
        place="",
        xy=(-71.3, -29.9),
        created=T0,
        due=T0 + timedelta(hours=1),
        mode=Mode.REPLAY,
        run=run,
    )


def test_what_is_committed_comes_back_equal(work: Work) -> None:
    given = alarm("a")
    keep(work, lambda unit: unit.alarms.add(given))
    with work() as unit:
        assert unit.alarms.get("a") == given
        assert unit.alarms.list("r1") == [given]


def test_what_is_not_committed_is_undone(work: Work) -> None:
    with work() as unit:
        unit.alarms.add(alarm("a"))
        unit.log.append(
            actor="li",
            action="x",
            subject="a",
            params={},
            at=T0,
            sim_at=T0,
            mode=Mode.LIVE,
            run="r1",
        )
    with work() as unit:
        assert unit.alarms.find("a") is None
        assert unit.log.lines(None) == []


def test_unknown_numbers_stay_unknown(work: Work) -> None:
    nan = math.nan
    bulletin = Bulletin(
        id="b",
        event="e",
        kind=BulletinKind.EARTHQUAKE,
        issuer="CSN",
        issued=T0,
        origin_time=T0,
        lon=-71.6,
        lat=-31.5,
        depth_km=nan,
        magnitude=8.3,
        magnitude_sd=math.inf,
        text="",
        source="s",
        mode=Mode.REPLAY,
        run="r1",
    )
    keep(work, lambda unit: unit.bulletins.add(bulletin))
    with work() as unit:
        back = unit.bulletins.get("b")
    assert math.isnan(back.depth_km)
    assert math.isinf(back.magnitude_sd)


def test_what_is_not_there_is_said_to_be_missing(work: Work) -> None:
    with work() as unit:
        assert unit.tasks.find("nobody") is None
        with pytest.raises(NotFoundError):
            unit.tasks.get("nobody")


def test_an_id_is_taken_once(work: Work) -> None:
    keep(work, lambda unit: unit.tasks.add(task("t", "water")))
    with work() as unit, pytest.raises(ConflictError):
        unit.tasks.add(task("t", "power"))


def test_a_stale_version_loses(work: Work) -> None:
    keep(work, lambda unit: unit.tasks.add(task("t", "water")))
    with work() as unit:
        seen = unit.tasks.get("t")
    winner = keep(work, lambda unit: unit.tasks.replace(replace(seen, note="first")))
    assert winner.version == 2
    with work() as unit, pytest.raises(ConflictError):
        unit.tasks.replace(replace(seen, note="second"))
    with work() as unit:
        assert unit.tasks.get("t").note == "first"


def test_replacing_what_was_never_there_is_not_a_conflict(work: Work) -> None:
    with work() as unit, pytest.raises(NotFoundError):
        unit.tasks.replace(task("t", "water"))


def test_lists_run_newest_first_and_by_column(work: Work) -> None:
    def fill(unit: UnitOfWork) -> None:
        for n in range(6):
            unit.tasks.add(task(f"t{n}", "water" if n % 2 else "power"))
        unit.tasks.add(task("other", "water", run="r2"))

    keep(work, fill)
    with work() as unit:
        assert [item.id for item in unit.tasks.list("r1", limit=2)] == ["t5", "t4"]
        mine = {"organisation": "water", "status": TaskStatus.ASSIGNED.value}
        assert [item.id for item in unit.tasks.list("r1", where=mine)] == ["t5", "t3", "t1"]
        assert unit.tasks.count("r1", where=mine) == 3


def test_a_column_that_is_not_kept_cannot_be_asked_by(work: Work) -> None:
    with work() as unit, pytest.raises(InvalidInputError):
        unit.tasks.list("r1", where={"note": "x"})


def test_runs_are_listed_whatever_the_run(work: Work) -> None:
    run = Run(
        id="r1",
        mode=Mode.REPLAY,
        scenario="s",
        city_version="c",
        started=T0,
        sim_start=T0,
        sim_end=T0 + timedelta(days=1),
        anchor_sim=T0,
        anchor_wall=T0,
        speed=60.0,
    )
    keep(work, lambda unit: unit.runs.add(run))
    with work() as unit:
        assert unit.runs.list("", where={"is_over": "false"}) == [run]


def test_one_cause_has_one_open_alarm(work: Work) -> None:
    keep(work, lambda unit: unit.alarms.add(alarm("a")))
    with work() as unit, pytest.raises(ConflictError):
        unit.alarms.add(alarm("b"))
    keep(work, lambda unit: unit.alarms.replace(replace(unit.alarms.get("a"), cleared=T0)))
    keep(work, lambda unit: unit.alarms.add(alarm("c")))
    keep(work, lambda unit: unit.alarms.add(alarm("d", run="r2")))
    with work() as unit:
        assert unit.alarms.count("r1", where={"is_open": "true"}) == 1


def test_a_refused_row_leaves_the_rest_of_the_unit_whole(work: Work) -> None:
    keep(work, lambda unit: unit.alarms.add(alarm("a")))

    def try_twice(unit: UnitOfWork) -> None:
        with pytest.raises(ConflictError):
            unit.alarms.add(alarm("b"))
        unit.alarms.add(alarm("c", rule="silence"))

    keep(work, try_twice)
    with work() as unit:
        assert {item.id for item in unit.alarms.list("r1")} == {"a", "c"}


def test_many_changes_at_once_are_all_kept_or_none(work: Work) -> None:
    before = [replace(alarm(str(n)), object=f"o{n}") for n in range(3)]
    keep(work, lambda unit: unit.alarms.add_all(before))
    changed = [replace(one, level=Level.BLUE) for one in before]
    found = keep(work, lambda unit: unit.alarms.replace_all(changed))
    assert [one.version for one in found] == [2, 2, 2]
    stale = [replace(found[0], level=Level.RED), changed[1]]
    with work() as unit:
        with pytest.raises(ConflictError, match="'1'"):
            unit.alarms.replace_all(stale)
        unit.commit()
    with work() as unit:
        assert {one.level for one in unit.alarms.list("r1")} == {Level.BLUE}
        where = {"is_open": "true", "object": ("o0", "o2", "o9")}
        assert [one.id for one in unit.alarms.list("r1", where=where)] == ["2", "0"]


def test_the_log_is_a_whole_chain_and_refuses_change(work: Work) -> None:
    def write(unit: UnitOfWork) -> None:
        for n in range(5):
            unit.log.append(
                actor="李",
                action="note",
                subject=str(n),
                params={"n": n, "x": 0.1, "who": "王"},
                at=T0 + timedelta(seconds=n),
                sim_at=T0,
                mode=Mode.LIVE,
                run="live" if n % 2 else "r1",
            )

    keep(work, write)
    with work() as unit:
        lines = list(unit.log.walk())
        assert [line.seq for line in lines] == [1, 2, 3, 4, 5]
        assert first_broken(lines) is None
        assert [line.seq for line in unit.log.lines("live")] == [4, 2]
        assert [line.seq for line in unit.log.lines(None, before=4, limit=2)] == [3, 2]


def test_events_are_numbered_without_holes_even_after_an_undo(work: Work) -> None:
    def say(unit: UnitOfWork, kind: str) -> int:
        return unit.events.append_all(
            [Event(seq=0, kind=kind, id="x", organisation="", at=T0, mode=Mode.LIVE, run="live")]
        )

    keep(work, lambda unit: say(unit, "task"))
    with work() as unit:
        say(unit, "lost")
    keep(work, lambda unit: say(unit, "alarm"))
    with work() as unit:
        assert [(item.seq, item.kind) for item in unit.events.since(0)] == [
            (1, "task"),
            (2, "alarm"),
        ]
        assert unit.events.since(0, run="r9") == []
        assert unit.events.last() == 2


def test_a_command_is_answered_once(work: Work) -> None:
    keep(work, lambda unit: unit.answer("c1", "{}"))
    with work() as unit:
        assert unit.answered("c1") == "{}"
        assert unit.answered("c2") is None
        with pytest.raises(ConflictError):
            unit.answer("c1", "[]")


def test_a_reader_holds_up_no_writer_and_sees_one_moment(work: Work) -> None:
    with work() as reader:
        assert reader.tasks.list("r1") == []
        keep(work, lambda unit: unit.tasks.add(task("t", "water")))
        assert reader.tasks.list("r1") == []
    with work() as reader:
        assert len(reader.tasks.list("r1")) == 1


def test_under_the_lock_what_is_read_is_the_present(work: Work) -> None:
    with work() as unit:
        assert unit.tasks.list("r1") == []
        keep(work, lambda other: other.tasks.add(task("t", "water")))
        unit.lock()
        assert len(unit.tasks.list("r1")) == 1


def test_of_many_threads_raising_one_alarm_one_wins(work: Work) -> None:
    start, won = threading.Barrier(8), []

    def race(n: int) -> None:
        start.wait()
        try:
            keep(work, lambda unit: unit.alarms.add(alarm(f"a{n}")))
        except ConflictError:
            return
        won.append(n)

    threads = [threading.Thread(target=race, args=(n,)) for n in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(won) == 1


@given(st.datetimes(timezones=st.just(UTC)))
def test_times_survive_to_the_microsecond(time: datetime) -> None:
    assert from_us(to_us(time)) == time


@given(st.floats(), st.text(), st.integers(-(2**63), 2**63 - 1))
def test_every_number_and_text_survives(number: float, text: str, whole: int) -> None:
    given = alarm("a")
    given = replace(given, text=Text("k", {"f": number, "s": text, "i": whole}))
    back = codec.decode(codec.encode(given), Alarm)
    assert repr(back) == repr(given)


def test_what_is_removed_is_gone(work: Work) -> None:
    thing = Thing(id="t", name="t", description="t")
    with work() as unit:
        unit.things.add(thing)
        unit.things.remove("t")
        assert unit.things.find("t") is None
        with pytest.raises(NotFoundError):
            unit.things.remove("t")
