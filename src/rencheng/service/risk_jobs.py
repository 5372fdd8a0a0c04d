"""Asking for runs of the risk engine, stopping and deleting them; giving it event sets."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from rencheng.domain.errors import InvalidInputError, SourceUnavailableError, TooMuchError
from rencheng.domain.identity import Permission
from rencheng.domain.run import LIVE_RUN
from rencheng.service.house import Command, Context, Done, House, new_id, perform
from rencheng.service.jobs import State
from rencheng.service.ports import UnitOfWork
from rencheng.service.risk_measures import MeasureFile, MeasureShelf, MeasureWish
from rencheng.service.risk_runs import (
    Engine,
    EventShelf,
    IncomingSet,
    NewSet,
    RiskRun,
    RiskSet,
    RunShelf,
    RunWish,
    SetKind,
)
from rencheng.service.risk_study import StudyWish

if TYPE_CHECKING:
    from rencheng.service.risk_desk import RiskDesk

MOST_WAITING = 10
"""Runs that wait at once. No source: our choice."""
MOST_RUNS = 200
"""Runs that are kept. No source: our choice."""
MOST_SETS = 100
"""Sets that an office keeps. No source: our choice."""


DEPTH, SPEED = "water_depth", "flow_speed"
"""Measures of water that go together."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RiskRoom:
    """Everything that runs of the risk engine need, wired once."""

    sets: EventShelf
    runs: RunShelf
    engine: Engine
    desk: RiskDesk
    measures: MeasureShelf


def ask(house: House, room: RiskRoom, command: Command, wish: RunWish) -> RiskRun:
    """Ask for a run; the background takes it up when those before it are over.

    Raises
    ------
    InvalidInputError
        When the hour is not on the clock, or the set cannot be run.
    TooMuchError
        When too many wait, or too many are kept.
    """

    def change(_: UnitOfWork, ctx: Context) -> Done[RiskRun]:
        city = house.cities.current()
        found = room.sets.get(city.id, wish.set)
        if not 0.0 <= wish.hour < 24.0:
            raise InvalidInputError(
                "risk.hour",
                f"hour {wish.hour} is not on the clock",
                hint="Give the local hour, from 0 up to 24",
                params={"hour": wish.hour},
            )
        _require_sound(found)
        speed = _speed(room, city.id, found, wish)
        _require_room(room)
        whole = replace(wish, measures=_marked(room, found, wish.measures))
        _require_inputs(room, found, wish.study)
        item = RiskRun(
            id=new_id(ctx.wall),
            city=city.id,
            city_version=city.version,
            set=found,
            wish=whole,
            speed=speed,
            state=State.QUEUED,
            asked=ctx.wall,
            asked_by=command.actor.id,
        )
        room.runs.put(item)
        return _done(item, "risk.asked")

    return _perform(house, room, command, change, ("ask", wish))


def _require_sound(found: RiskSet) -> None:
    if found.trouble is not None:
        raise InvalidInputError(
            "risk.set_faulty",
            f"{found.id} cannot be run: {found.trouble.problem}",
            hint="Mend the file and what is said of it, or pick another set",
            params={"set": found.id},
            faults=found.trouble.faults,
        )


def _speed(room: RiskRoom, city: str, found: RiskSet, wish: RunWish) -> RiskSet | None:
    """Return the set of flow speeds that is asked for; refuse speeds without depths."""
    if found.measure == SPEED:
        raise InvalidInputError(
            "risk.speed_alone",
            f"{found.id} has speeds of water alone",
            hint="Run the set of depths of the same events, and name this one there",
            params={"set": found.id},
        )
    if not wish.speed:
        return None
    speed = room.sets.get(city, wish.speed)
    _require_sound(speed)
    if (found.measure, speed.measure) != (DEPTH, SPEED):
        raise InvalidInputError(
            "risk.speed_set",
            f"{speed.id} ({speed.measure}) is no set of speeds for {found.id} ({found.measure})",
            hint="Speeds of water go with depths of water of the same events",
            params={"speed": speed.id, "set": found.id},
        )
    return speed


def _marked(room: RiskRoom, found: RiskSet, wish: MeasureWish | None) -> MeasureWish | None:
    """Return what is asked of measures with the mark of their file; refuse what cannot be."""
    if wish is None:
        return None
    file = room.measures.get(wish.file)
    if file.trouble is not None:
        raise file.trouble.error()
    if found.kind is SetKind.SCENARIO:
        raise InvalidInputError(
            "risk.measures_rates",
            f"{found.id} has no rates, so nothing is saved a year",
            hint="Pick a set with rates, or ask for the run without measures",
        )
    return replace(wish, mark=file.mark)


def _require_inputs(room: RiskRoom, found: RiskSet, wish: StudyWish | None) -> None:
    """Refuse a study whose file has faults, or that cannot have the indices asked for."""
    if wish is None:
        return
    menu = room.engine.menu(found.hazard)
    if menu.trouble is not None:
        raise menu.trouble.error()
    if wish.sobol and not menu.has_sensitivity:
        raise SourceUnavailableError(
            "risk_uncertainty.extra",
            "Sobol indices need SALib, which is not installed",
            hint="Install rencheng[sensitivity]",
        )


def require_new(room: RiskRoom, command: Command, city: str, new: NewSet) -> IncomingSet:
    """Open a file of events before anything is sent.

    Raises
    ------
    InvalidInputError
        With every fault of what is said of it.
    TooMuchError
        When the office keeps too many sets.
    """
    command.actor.must(Permission.RISK_RUN)
    own = [one for one in room.sets.all(city) if one.is_own]
    if len(own) >= MOST_SETS:
        raise TooMuchError(
            "risk.many_sets",
            f"{len(own)} event sets are kept",
            hint="Delete one that is not needed any more",
            params={"most": MOST_SETS},
        )
    return room.sets.incoming(new)


def keep_set(
    house: House, room: RiskRoom, command: Command, new: NewSet, arrived: IncomingSet
) -> RiskSet:
    """Put a file of events that has arrived whole on the shelf."""
    command.actor.must(Permission.RISK_RUN)

    def change(_: UnitOfWork, __: Context) -> Done[RiskSet]:
        kept = room.sets.keep(new, arrived)
        return Done(
            item=kept, id=kept.id, event="risk", action="risk.set_kept",
            params={"set": kept.id, "file": new.file, "size": kept.size},
        )  # fmt: skip

    return perform(
        house,
        replace(command, run=LIVE_RUN),
        change,
        again=lambda _, key: room.sets.get(house.cities.current().id, key),
        content=("risk", "set", new, arrived.size),
    )


def drop_set(house: House, room: RiskRoom, command: Command, key: str) -> None:
    """Delete a set of the office; results made of it stay, with the hazard that they used."""
    command.actor.must(Permission.RISK_RUN)

    def change(_: UnitOfWork, __: Context) -> Done[str]:
        room.sets.remove(key)
        params: dict[str, str | int | float] = {"set": key}
        return Done(item=key, id=key, event="risk", action="risk.set_dropped", params=params)

    perform(
        house,
        replace(command, run=LIVE_RUN),
        change,
        again=lambda _, made: made,
        content=("risk", "drop", key),
    )


def keep_measures(
    house: House, room: RiskRoom, command: Command, key: str, body: bytes
) -> MeasureFile:
    """Keep a file of measures of the office; one of the same id gives way."""
    command.actor.must(Permission.RISK_RUN)

    def change(_: UnitOfWork, __: Context) -> Done[MeasureFile]:
        kept = room.measures.keep(key, body)
        params: dict[str, str | int | float] = {"file": key, "size": len(body)}
        return Done(item=kept, id=key, event="risk", action="risk.measures_kept", params=params)

    return perform(
        house,
        replace(command, run=LIVE_RUN),
        change,
        again=lambda _, made: room.measures.get(made),
        content=("risk", "measures", key, body),
    )


def drop_measures(house: House, room: RiskRoom, command: Command, key: str) -> None:
    """Delete a file of measures; results made with it stay."""
    command.actor.must(Permission.RISK_RUN)

    def change(_: UnitOfWork, __: Context) -> Done[str]:
        room.measures.remove(key)
        params: dict[str, str | int | float] = {"file": key}
        return Done(item=key, id=key, event="risk", action="risk.measures_dropped", params=params)

    perform(
        house,
        replace(command, run=LIVE_RUN),
        change,
        again=lambda _, made: made,
        content=("risk", "measures_drop", key),
    )


def _perform(
    house: House,
    room: RiskRoom,
    command: Command,
    change: Callable[[UnitOfWork, Context], Done[RiskRun]],
    content: tuple[object, ...],
) -> RiskRun:
    command.actor.must(Permission.RISK_RUN)
    return perform(
        house,
        replace(command, run=LIVE_RUN),
        change,
        again=lambda _, key: room.runs.get(key),
        content=("risk", *content),
    )


def _done(item: RiskRun, action: str) -> Done[RiskRun]:
    params: dict[str, str | int | float] = {"set": item.set.id, "city": item.city}
    return Done(item=item, id=item.id, event="risk", action=action, params=params)


def _require_room(room: RiskRoom) -> None:
    kept = room.runs.all()
    waiting = sum(one.state is State.QUEUED for one in kept)
    if waiting >= MOST_WAITING:
        raise TooMuchError(
            "risk.many_waiting",
            f"{waiting} runs wait",
            hint="Wait until they are done, or stop one",
            params={"most": MOST_WAITING},
        )
    if len(kept) >= MOST_RUNS:
        raise TooMuchError(
            "risk.many_runs",
            f"{len(kept)} runs are kept",
            hint="Delete one that is not needed any more",
            params={"most": MOST_RUNS},
        )
