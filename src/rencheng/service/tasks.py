"""Tasks: given out, worked on by the own organisation, verified by the emergency office."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from rencheng.collaborate.jurisdiction import may_see
from rencheng.domain.city import City
from rencheng.domain.errors import InvalidInputError, NotAllowedError, NotFoundError
from rencheng.domain.identity import Actor, Permission
from rencheng.domain.incident import STEPS, Task, TaskStatus
from rencheng.service import incidents
from rencheng.service.house import (
    Command,
    Context,
    Done,
    House,
    new_id,
    perform,
    require_version,
)
from rencheng.service.ports import UnitOfWork

_RUNNING = (TaskStatus.ASSIGNED, TaskStatus.ACKNOWLEDGED)


@dataclass(frozen=True, slots=True, kw_only=True)
class TaskOrder:
    """A task as a person gives it out."""

    kind: str
    title: str
    organisation: str
    place: str = ""
    """Id of a facility or lifeline, or `zone:<id>`."""
    xy: tuple[float, float] | None = None
    """Where, if `place` does not say it."""
    due: datetime


def assign(house: House, command: Command, order: TaskOrder) -> Task:
    """Give a task to an organisation by hand."""
    command.actor.must(Permission.TASK_ASSIGN)
    city = house.cities.current()
    if order.organisation not in {party.id for party in city.organisations}:
        raise InvalidInputError(
            "task.organisation",
            f"there is no organisation {order.organisation!r}",
            hint="Choose one of the city's organisations",
            params={"organisation": order.organisation},
        )

    def change(work: UnitOfWork, ctx: Context) -> Done[Task]:
        if order.due <= ctx.at:
            raise InvalidInputError(
                "task.due",
                f"it would be due at {order.due.isoformat()}, which is past",
                hint="Set a later time",
                params={"due": order.due.isoformat(timespec="minutes")},
            )
        incident = incidents.current(work, ctx.run)
        task = Task(
            id=new_id(ctx.wall),
            incident=incident.id if incident else "",
            proposal="",
            kind=order.kind,
            title_zh=order.title,
            title_en=order.title,
            organisation=order.organisation,
            team="",
            place=order.place,
            xy=order.xy or place_xy(city, order.place),
            created=ctx.at,
            due=order.due,
            mode=ctx.mode,
            run=ctx.run,
        )
        work.tasks.add(task)
        return _done(task, "task.assigned")

    return perform(
        house,
        command,
        change,
        again=lambda work, key: work.tasks.get(key),
        content=("tasks.assign", order),
    )


def step(
    house: House, command: Command, task_id: str, version: int, status: TaskStatus, note: str = ""
) -> Task:
    """Take the next step of a task.

    Raises
    ------
    NotFoundError
        If the actor may not know that the task exists.
    NotAllowedError
        If the step is not the actor's to take.
    ConflictError
        If the present state does not lead there, or somebody was quicker.
    """

    def change(work: UnitOfWork, ctx: Context) -> Done[Task]:
        task = work.tasks.get(task_id)
        if not may_see(command.actor, task.organisation):
            raise NotFoundError(
                "store.not_found",
                f"there is no Task {task_id!r} for {command.actor.id}",
                hint="Look it up in the list again",
                params={"kind": "Task", "id": task_id},
            )
        if not _may_take(command.actor, task, status):
            raise NotAllowedError(
                "task.not_yours",
                f"{command.actor.id} may not set task {task.id} to {status}",
                hint="Its organisation works on it, the emergency office verifies it",
                params={"status": status.value},
            )
        require_version(task.version, version, "Task")
        moved = work.tasks.replace(task.moved_to(status, ctx.at, note.strip()))
        return _done(moved, f"task.{status.value}", note=note.strip())

    return perform(
        house,
        command,
        change,
        again=lambda work, key: work.tasks.get(key),
        content=("tasks.step", task_id, version, status.value, note),
    )


def visible(
    work: UnitOfWork,
    actor: Actor,
    run: str,
    *,
    where: Mapping[str, str] | None = None,
    limit: int | None = None,
) -> list[Task]:
    """Return the tasks that an actor may see: all of them, or the own organisation's."""
    actor.must(Permission.TASK_READ)
    asked = dict(where or {})
    if not actor.is_city_wide:
        if not actor.organisation or asked.get("organisation", actor.organisation) != (
            actor.organisation
        ):
            return []
        asked["organisation"] = actor.organisation
    return work.tasks.list(run, where=asked, limit=limit)


def next_steps(actor: Actor, task: Task) -> tuple[TaskStatus, ...]:
    """Return the steps that an actor may take now, in the order of the states."""
    return tuple(
        status
        for status in TaskStatus
        if status in STEPS[task.status] and _may_take(actor, task, status)
    )


def is_overdue(task: Task, at: datetime) -> bool:
    """Return whether a task is still to be done after its time."""
    return task.status in _RUNNING and at > task.due


def place_xy(city: City, place: str) -> tuple[float, float]:
    """Return where a facility, a lifeline or a zone (`zone:<id>`) is, lon lat. [deg]"""
    for table in (city.facilities, city.lifelines):
        if place in table.id:
            x, y = table.xy[table.id.index(place)]
            return float(x), float(y)
    if place.startswith("zone:"):
        for zone, (x, y) in zip(city.zones.id, city.zones.centre, strict=True):
            if place == f"zone:{zone}":
                return float(x), float(y)
    raise InvalidInputError(
        "task.place",
        f"place {place!r} is not in this city, and no coordinates are given",
        hint="Choose a place on the map",
        params={"place": place},
    )


def _may_take(actor: Actor, task: Task, status: TaskStatus) -> bool:
    """Say whose step it is; what is not named here is nobody's."""
    is_own = bool(actor.organisation) and actor.organisation == task.organisation
    held = actor.permissions
    works = is_own and bool(held & {Permission.TASK_WORK, Permission.TASK_ASSIGN})
    if status is TaskStatus.ACKNOWLEDGED and task.status is TaskStatus.DONE:
        return Permission.TASK_VERIFY in held
    if status in (TaskStatus.ACKNOWLEDGED, TaskStatus.DONE, TaskStatus.UNABLE):
        return works
    if status is TaskStatus.VERIFIED:
        return Permission.TASK_VERIFY in held
    if status in (TaskStatus.CANCELLED, TaskStatus.ASSIGNED):
        return Permission.TASK_ASSIGN in held
    return False


def _done(task: Task, action: str, note: str = "") -> Done[Task]:
    is_one = task.title_zh == task.title_en
    title = task.title_zh if is_one else f"{task.title_zh} / {task.title_en}"
    return Done(
        item=task,
        id=task.id,
        event="task",
        action=action,
        organisation=task.organisation,
        params={"title": title, "note": note, "organisation": task.organisation},
    )
