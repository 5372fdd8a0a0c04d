"""Changes of the register: each is one unit of work, whole or not at all."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any

from rencheng.domain.errors import ConflictError
from rencheng.domain.identity import Permission
from rencheng.domain.sensing import Entity, EntityKind, Owed
from rencheng.service.house import Command, Context, Done, House, perform
from rencheng.service.ports import UnitOfWork
from rencheng.service.register import TABLES, Register, register_of
from rencheng.service.register_cascade import cascade
from rencheng.service.register_forms import Draft, Faults, draft_of
from rencheng.service.register_index import Index
from rencheng.service.register_plan import Plan, changed_by, ensure_feature, made, moved
from rencheng.service.register_readings import places_at

K = EntityKind


@dataclass(frozen=True, slots=True, kw_only=True)
class Made:
    """What came of a body: the entity that it is."""

    kind: EntityKind
    key: str


def create(house: House, command: Command, draft: Draft) -> Made:
    """Keep a new entity with everything inside it, or nothing.

    Observations inside are kept with it, and owed to the history: `owing.insert` brings them there.

    Raises
    ------
    InvalidInputError
        If anything in it points at what is not there; all faults at once.
    ConflictError
        If an id that the sender chose is taken or was used before.
    """

    def change(register: Register, work: UnitOfWork, ctx: Context) -> tuple[Plan, Made]:
        plan, faults = Plan(index=register.index(), ctx=ctx, quantity=register.quantity), Faults()
        key = made(plan, draft, faults)
        faults.raise_any()
        require_fresh(work, command.run, plan)
        if plan.observations:
            said = tuple(plan.observations)
            work.owed.add(Owed(id=plan.fresh(), actor=command.actor.id, observations=said))
        return plan, Made(kind=draft.kind, key=key)

    def again(key: str) -> Made:
        return Made(kind=draft.kind, key=key)

    return _done(house, command, "sensorthings.created", change, again, draft)


def update(house: House, command: Command, kind: EntityKind, key: str, body: Mapping[str, Any],
           *, is_whole: bool = False) -> Made:  # fmt: skip
    """Change what a body says of an entity; `is_whole`: what it does not say is empty again.

    Raises
    ------
    InvalidInputError
        If the body has faults; all at once.
    ConflictError
        If the entity belongs to the city's data.
    """

    def change(register: Register, _: UnitOfWork, ctx: Context) -> tuple[Plan, Made]:
        index = register.index()
        old, faults = index.get(kind, key), Faults()
        require_ours(index, kind, key)
        plan = Plan(index=index, ctx=ctx, quantity=register.quantity)
        draft = draft_of(kind, body, faults, is_change=True)
        changed_by(plan, old, draft, faults, is_whole=is_whole)
        faults.raise_any()
        return plan, Made(kind=kind, key=key)

    content = (kind, key, body, is_whole)
    again = Made(kind=kind, key=key)
    return _done(house, command, "sensorthings.changed", change, lambda _: again, content)


def delete(house: House, command: Command, kind: EntityKind, key: str) -> None:
    """Delete an entity and what cannot be without it, as the standard says.

    Raises
    ------
    ConflictError
        If the entity, or one that would go with it, belongs to the city's data.
    """

    def change(register: Register, work: UnitOfWork, ctx: Context) -> tuple[Plan, Made]:
        index = register.index()
        index.get(kind, key)
        plan = Plan(index=index, ctx=ctx, quantity=register.quantity)
        cascade(plan, work, kind, key)
        for one in plan.drops:
            require_ours(index, *one)
        return plan, Made(kind=kind, key=key)

    again = Made(kind=kind, key=key)
    _done(house, command, "sensorthings.deleted", change, lambda _: again, (kind, key))


def unlink(house: House, command: Command, thing: str, place: str) -> None:
    """Take a location away from a thing, or a thing from a location; both stay."""

    def change(register: Register, _: UnitOfWork, ctx: Context) -> tuple[Plan, Made]:
        index = register.index()
        require_ours(index, K.THINGS, thing)
        plan = Plan(index=index, ctx=ctx, quantity=register.quantity)
        left = tuple(one for one in index.related(K.THINGS, thing, "Locations") if one != place)
        moved(plan, thing, left)
        return plan, made_now

    made_now = Made(kind=K.THINGS, key=thing)
    _done(house, command, "sensorthings.changed", change, lambda _: made_now, (thing, place))


def extend_area(house: House, command: Command, kind: EntityKind, key: str,
                box: tuple[float, float, float, float]) -> None:  # fmt: skip
    """Take a new feature into the area that a datastream has observed; the city's own stay."""
    register = register_of(house)
    item: Any = register.index().find(kind, key)
    if item is None or (kind, key) in register.index().own or _holds(item.observed_area, box):
        return

    def change(register: Register, _: UnitOfWork, ctx: Context) -> tuple[Plan, Made]:
        plan = Plan(index=register.index(), ctx=ctx, quantity=register.quantity)
        now: Any = plan.index.get(kind, key)
        old = now.observed_area or box
        wide = (min(old[0], box[0]), min(old[1], box[1]), max(old[2], box[2]), max(old[3], box[3]))
        plan.put(kind, replace(now, observed_area=wide))
        return plan, Made(kind=kind, key=key)

    again = Made(kind=kind, key=key)
    _done(house, replace(command, id=""), "", change, lambda _: again, (kind, key, box))


def create_feature(house: House, command: Command, draft: Draft) -> None:
    """Keep a feature that came with an observation."""

    def change(register: Register, _: UnitOfWork, ctx: Context) -> tuple[Plan, Made]:
        plan = Plan(index=register.index(), ctx=ctx, quantity=register.quantity)
        if plan.find(K.FEATURES, draft.key) is None:
            made(plan, draft, Faults())
        return plan, Made(kind=K.FEATURES, key=draft.key)

    again = Made(kind=K.FEATURES, key=draft.key)
    _done(house, replace(command, id=""), "", change, lambda _: again, draft)


def create_place_feature(house: House, command: Command, stream: str, at: int) -> None:
    """Keep the feature of the place where the thing of a datastream was."""

    def change(register: Register, _: UnitOfWork, ctx: Context) -> tuple[Plan, Made]:
        plan = Plan(index=register.index(), ctx=ctx, quantity=register.quantity)
        item: Any = plan.index.find(K.DATASTREAMS, stream)
        item = item or plan.index.find(K.MULTI_DATASTREAMS, stream)
        for place in places_at(plan.index, item.thing, at) if item else ():
            ensure_feature(plan, place)
        return plan, Made(kind=K.FEATURES, key="")

    again = Made(kind=K.FEATURES, key="")
    _done(house, replace(command, id=""), "", change, lambda _: again, (stream, at))


def require_ours(index: Index, kind: EntityKind, key: str) -> None:
    """Raise `ConflictError` for what the city's data state."""
    if (kind, key) in index.own:
        raise ConflictError(
            "sensorthings.of_the_city",
            f"{kind.value}('{key}') belongs to the data of the served city",
            hint="Change it in the city's sources and build the city again",
            params={"kind": kind.value, "id": key},
        )


def _done(
    house: House,
    command: Command,
    action: str,
    change: Callable[[Register, UnitOfWork, Context], tuple[Plan, Made]],
    again: Callable[[str], Made],
    content: object,
) -> Made:
    """Plan, keep and commit under one lock, then take up in memory what is kept."""
    register = register_of(house)
    if action:
        command.actor.must(Permission.SENSOR_WRITE)
    plans: list[Plan] = []

    def step(work: UnitOfWork, ctx: Context) -> Done[Made]:
        plan, result = change(register, work, ctx)
        plans.append(plan)
        keep(work, plan)
        params = {"kind": result.kind.value, "many": len(plan.puts) + len(plan.drops)}
        event = "event" if action else ""
        return Done(item=result, id=result.key, event=event, action=action, params=params)

    with register.writing:
        result = perform(
            house, command, step, again=lambda _, key: again(key), content=(action, content)
        )
        for plan in plans:
            register.changed([(kind, item) for (kind, _), item in plan.puts.items()], plan.drops)
    return result


def keep(work: UnitOfWork, plan: Plan) -> None:
    """Put what is planned into the store."""
    fresh: dict[EntityKind, list[Entity]] = {}
    for (kind, key), item in list(plan.puts.items()):
        if plan.index.find(kind, key) is None:
            fresh.setdefault(kind, []).append(item)
        else:
            plan.puts[kind, key] = getattr(work, TABLES[kind]).replace(item)
    for kind, items in fresh.items():
        getattr(work, TABLES[kind]).add_all(items)
    for kind, key in plan.drops:
        getattr(work, TABLES[kind]).remove(key)
        if kind in (K.DATASTREAMS, K.MULTI_DATASTREAMS):
            work.details.forget(key)
            _forget_owed(work, key)


def _forget_owed(work: UnitOfWork, stream: str) -> None:
    for one in work.owed.list(""):
        left = tuple(said for said in one.observations if said.datastream != stream)
        if len(left) < len(one.observations):
            work.owed.replace(replace(one, observations=left))


def require_fresh(work: UnitOfWork, run: str, plan: Plan) -> None:
    """Refuse ids under which values lie already: they would come back to life."""
    streams = [key for kind, key in plan.puts if kind is K.DATASTREAMS]
    spans = work.observations.spans(run, streams)
    for key, span in zip(streams, spans, strict=True):
        if span[0]:
            raise ConflictError(
                "sensorthings.used",
                f"a datastream {key!r} had observations before",
                hint="Choose another id, or none",
                params={"id": key},
            )


def _holds(area: tuple[float, float, float, float] | None,
           box: tuple[float, float, float, float]) -> bool:  # fmt: skip
    if area is None:
        return False
    return area[0] <= box[0] and area[1] <= box[1] and area[2] >= box[2] and area[3] >= box[3]
