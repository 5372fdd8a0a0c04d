"""Tasks: done by the own organisation, verified by the emergency office, hidden from others."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from ops_kit import AUDITOR, CHIEF, DUTY, NOBODY, POWER, T0, WATER, Kit
from rencheng.domain.errors import (
    ConflictError,
    InvalidInputError,
    NotAllowedError,
    NotFoundError,
)
from rencheng.domain.incident import Task, TaskStatus
from rencheng.service import tasks
from rencheng.service.tasks import TaskOrder

ORDER = TaskOrder(
    kind="repair_power", title="检查变电站", organisation="power_utility", place="FDR-1",
    due=T0 + timedelta(hours=1),
)  # fmt: skip
S = TaskStatus


def assigned(kit: Kit, **changes: object) -> Task:
    return tasks.assign(kit.house, kit.order(DUTY), replace(ORDER, **changes))


def go(kit: Kit, actor: object, task: Task, status: TaskStatus, note: str = "") -> Task:
    return tasks.step(kit.house, kit.order(actor), task.id, task.version, status, note)


def test_a_task_goes_its_way_and_every_step_is_logged(kit: Kit) -> None:
    task = assigned(kit)
    for minute, actor, status in (
        (1, POWER, S.ACKNOWLEDGED), (2, POWER, S.DONE), (3, CHIEF, S.VERIFIED),
    ):  # fmt: skip
        kit.clock.time = T0 + timedelta(minutes=minute)
        task = go(kit, actor, task, status)
    times = (task.acknowledged, task.done, task.verified)
    assert times == tuple(T0 + timedelta(minutes=n) for n in (1, 2, 3))
    assert kit.actions() == ["task.assigned", "task.acknowledged", "task.done", "task.verified"]


def test_another_organisation_does_not_learn_that_the_task_exists(kit: Kit) -> None:
    task = assigned(kit)
    with pytest.raises(NotFoundError) as hidden:
        go(kit, WATER, task, S.ACKNOWLEDGED)
    with pytest.raises(NotFoundError) as absent:
        tasks.step(kit.house, kit.order(WATER), "nothing", 1, S.ACKNOWLEDGED)
    assert hidden.value.key == absent.value.key


@pytest.mark.parametrize(
    ("actor", "status"),
    [
        (POWER, S.CANCELLED), (CHIEF, S.ACKNOWLEDGED), (AUDITOR, S.CANCELLED),
        (AUDITOR, S.ACKNOWLEDGED), (DUTY, S.UNABLE),
    ],
)  # fmt: skip
def test_what_is_not_yours_is_refused(kit: Kit, actor: object, status: TaskStatus) -> None:
    with pytest.raises(NotAllowedError):
        go(kit, actor, assigned(kit), status, "因为")


def test_the_doer_does_not_verify(kit: Kit) -> None:
    task = go(kit, POWER, go(kit, POWER, assigned(kit), S.ACKNOWLEDGED), S.DONE)
    with pytest.raises(NotAllowedError):
        go(kit, POWER, task, S.VERIFIED)
    with pytest.raises(InvalidInputError):
        go(kit, DUTY, task, S.ACKNOWLEDGED)
    assert go(kit, DUTY, task, S.ACKNOWLEDGED, "没修好").note == "没修好"


def test_who_cannot_says_why_and_the_task_is_given_again(kit: Kit) -> None:
    task = assigned(kit)
    with pytest.raises(InvalidInputError):
        go(kit, POWER, task, S.UNABLE)
    task = go(kit, POWER, task, S.UNABLE, "道路中断")
    assert go(kit, DUTY, task, S.ASSIGNED).status is S.ASSIGNED


def test_the_offered_steps_are_exactly_those_that_succeed(kit: Kit) -> None:
    for actor in (DUTY, CHIEF, POWER, AUDITOR):
        for status in TaskStatus:
            task = assigned(kit)
            offered = status in tasks.next_steps(actor, task)
            try:
                go(kit, actor, task, status, "因为")
            except (NotAllowedError, ConflictError):
                assert not offered
            else:
                assert offered


def test_a_stale_step_is_told(kit: Kit) -> None:
    task = assigned(kit)
    go(kit, POWER, task, S.ACKNOWLEDGED)
    with pytest.raises(ConflictError):
        go(kit, POWER, task, S.ACKNOWLEDGED)


def test_lists_show_the_own_organisation_only(kit: Kit) -> None:
    mine, other = assigned(kit), assigned(kit, organisation="water_utility")

    def seen(actor: object, **where: str) -> set[str]:
        found = kit.see(lambda work: tasks.visible(work, actor, "live", where=where))
        return {task.id for task in found}

    assert seen(DUTY) == {mine.id, other.id}
    assert seen(POWER) == {mine.id}
    assert seen(POWER, organisation="water_utility") == set()
    assert seen(replace(POWER, organisation="")) == set()
    with pytest.raises(NotAllowedError):
        seen(NOBODY)


def test_overdue_is_seen_not_stored(kit: Kit) -> None:
    task = assigned(kit)
    late = T0 + timedelta(hours=1, seconds=1)
    assert not tasks.is_overdue(task, T0)
    assert tasks.is_overdue(task, late)
    assert not tasks.is_overdue(replace(task, status=S.DONE), late)


@pytest.mark.parametrize(
    "changes",
    [{"organisation": "nobody"}, {"due": T0}, {"place": ""}, {"place": "nowhere"}],
)
def test_a_task_nobody_could_do_is_refused(kit: Kit, changes: dict[str, object]) -> None:
    with pytest.raises(InvalidInputError):
        assigned(kit, **changes)


def test_a_place_on_the_map_is_enough(kit: Kit) -> None:
    assert assigned(kit, place="", xy=(-71.27, -29.94)).xy == (-71.27, -29.94)
    assert assigned(kit, place="zone:101").xy == pytest.approx((-71.2774, -29.94775))


def test_a_retry_assigns_once(kit: Kit) -> None:
    made = {tasks.assign(kit.house, kit.order(DUTY, id="k"), ORDER).id for _ in range(3)}
    assert len(made) == 1
    with pytest.raises(ConflictError):
        tasks.assign(kit.house, kit.order(DUTY, id="k"), replace(ORDER, title="别的"))


def test_only_who_may_assign_assigns(kit: Kit) -> None:
    with pytest.raises(NotAllowedError):
        tasks.assign(kit.house, kit.order(POWER), ORDER)
