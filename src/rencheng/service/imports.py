"""Importing a city from the console: each change is a command; the served city is never touched.

Only `serve` changes what is served, and `serve` with the version before undoes it.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, replace
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from rencheng.domain.errors import ConflictError, Fault, InvalidInputError, NotFoundError
from rencheng.domain.identity import Permission
from rencheng.domain.run import LIVE_RUN
from rencheng.service.house import Command, Context, Done, House, new_id, perform, require_version
from rencheng.service.import_plans import require_sound
from rencheng.service.importing import (
    Import,
    ImportFile,
    Incoming,
    KindInfo,
    Plan,
    Shelf,
    Task,
    Versions,
    mark_of,
    names,
)
from rencheng.service.jobs import State, require_idle
from rencheng.service.ports import UnitOfWork

Params = dict[str, str | int | float]

CITY_ID = re.compile(r"[a-z][a-z0-9_-]{1,39}")
MOST_FILES = 200
"""Files of one import. No source: our choice."""
MOST_IMPORTS = 50
"""Imports that lie open at once. No source: our choice."""


@dataclass(frozen=True, slots=True, kw_only=True)
class NewImport:
    """What an import begins with."""

    city: str
    name_zh: str
    name_en: str
    timezone: str


def create(house: House, shelf: Shelf, command: Command, new: NewImport) -> Import:
    """Begin an import.

    Raises
    ------
    InvalidInputError
        For an id, a name or a time zone that is none; all faults at once.
    """
    command.actor.must(Permission.CITY_BUILD)
    _require_new(new)

    def change(_: UnitOfWork, ctx: Context) -> Done[Import]:
        if len(shelf.all()) >= MOST_IMPORTS:
            raise ConflictError(
                "import.too_many",
                f"{MOST_IMPORTS} imports lie open",
                hint="Delete one that is not needed any more",
                params={"most": MOST_IMPORTS},
            )
        item = Import(
            id=f"{new.city}-{ctx.wall:%Y%m%d}-{new_id(ctx.wall)[-6:]}",
            city=new.city,
            name_zh=new.name_zh.strip(),
            name_en=new.name_en.strip(),
            timezone=new.timezone,
            created=ctx.wall,
            created_by=command.actor.id,
        )
        shelf.put(item)
        return _done(item, "import.created", {"city": item.city})

    return _perform(house, shelf, command, change, ("create", new))


def add_file(
    house: House, shelf: Shelf, command: Command, key: str, name: str, arrived: Incoming
) -> Import:
    """Make a file that has arrived whole part of the import; one of the same name gives way."""

    def change(_: UnitOfWork, ctx: Context) -> Done[Import]:
        item = _idle(shelf.get(key))
        others = tuple(one for one in item.files if one.name != name)
        _require_room(len(others) + 1)
        file = shelf.keep(key, name, arrived, ctx.wall)
        changed = _put(shelf, replace(item, files=_sorted((*others, file))))
        return _done(changed, "import.file_added", {"file": name, "size": file.size})

    return _perform(house, shelf, command, change, ("file", key, name, arrived.size))


def require_open(shelf: Shelf, command: Command, key: str) -> Import:
    """Return an import whose files may be changed now, before anything is sent."""
    command.actor.must(Permission.CITY_BUILD)
    return _idle(shelf.get(key))


def drop_file(house: House, shelf: Shelf, command: Command, key: str, name: str) -> Import:
    """Take a file out of the import; one that was only pointed to stays where it is."""

    def change(_: UnitOfWork, __: Context) -> Done[Import]:
        item = _idle(shelf.get(key))
        file = item.file(name)
        if file is None:
            raise NotFoundError(
                "import.no_file",
                f"the import has no file {name!r}",
                hint="Reload the list of files",
                params={"file": name},
            )
        kept = tuple(one for one in item.files if one.name != name)
        changed = _put(shelf, replace(item, files=kept))
        if not file.path:
            shelf.drop(key, name)
        return _done(changed, "import.file_dropped", {"file": name})

    return _perform(house, shelf, command, change, ("drop", key, name))


def point(house: House, shelf: Shelf, command: Command, key: str, folder: str) -> Import:
    """Take the files of a folder of the server, without copying them."""

    def change(_: UnitOfWork, ctx: Context) -> Done[Import]:
        item = _idle(shelf.get(key))
        found = shelf.look(folder, ctx.wall)
        new = set(names(found))
        others = tuple(one for one in item.files if one.name not in new)
        _require_room(len(others) + len(found))
        changed = _put(shelf, replace(item, files=_sorted((*others, *found))))
        return _done(changed, "import.pointed", {"folder": folder, "count": len(found)})

    return _perform(house, shelf, command, change, ("point", key, folder))


def plan(
    house: House,
    shelf: Shelf,
    command: Command,
    key: str,
    seen: int,
    wanted: Plan,
    kinds: tuple[KindInfo, ...],
) -> Import:
    """Save the recipe; `seen` is the version that the person saw."""

    def change(_: UnitOfWork, __: Context) -> Done[Import]:
        item = _idle(shelf.get(key))
        require_version(item.version, seen, "Import")
        require_sound(wanted, names(item.files), kinds)
        changed = _put(shelf, replace(item, plan=wanted))
        return _done(changed, "import.planned", {"sources": len(wanted.sources)})

    return _perform(house, shelf, command, change, ("plan", key, seen, wanted))


def ask(house: House, shelf: Shelf, command: Command, key: str, task: Task) -> Import:
    """Ask for a check or a build; the background takes it up, also after a stop or a failure."""

    def change(_: UnitOfWork, ctx: Context) -> Done[Import]:
        item = _idle(shelf.get(key))
        if not item.plan.sources:
            raise InvalidInputError(
                "import.nothing",
                "the recipe has no source yet",
                hint="Add at least one file and say what it holds",
            )
        changed = _put(
            shelf,
            replace(
                item,
                task=task.value,
                state=State.QUEUED,
                asked=ctx.wall,
                asked_by=command.actor.id,
                trouble=None,
            ),
        )
        return _done(changed, f"import.{task.value}_asked", {"city": item.city})

    return _perform(house, shelf, command, change, ("ask", key, task.value))


def serve(
    house: House, versions: Versions, command: Command, city: str, version: str, seen: str
) -> str:
    """Serve a version of a city from now on; return the version that was served before.

    Parameters
    ----------
    house, versions, command
        Where, and who asks.
    city, version
        What to serve. A city that is not the served one is made ready for its own start.
    seen
        The version that the person saw as the present one; another by now is a conflict.
    """
    command.actor.must(Permission.CITY_BUILD)

    def change(_: UnitOfWork, __: Context) -> Done[str]:
        before = versions.current(city)
        if before != seen:
            raise ConflictError(
                "import.overtaken",
                f"{before or 'no version'} is served by now, {seen or 'none'} was seen",
                hint="Reload, look at what is served now, and decide again",
                params={"found": before, "seen": seen},
            )
        if version not in versions.of(city):
            raise NotFoundError(
                "city.no_version",
                f"the city {city} has no version {version}",
                hint="Choose one of the list",
                params={"city": city, "version": version},
            )
        versions.set_current(city, version)
        params: Params = {"city": city, "version": version, "before": before}
        return Done(item=before, id=city, event="city", action="city.served", params=params)

    return perform(
        house,
        replace(command, run=LIVE_RUN),
        change,
        again=lambda _, __: seen,
        content=("imports.serve", city, version, seen),
    )


def is_current(item: Import, mark: str) -> bool:
    """Return whether what was found under a mark still holds for the import as it is."""
    return mark == mark_of(item)


def _perform(
    house: House,
    shelf: Shelf,
    command: Command,
    change: Callable[[UnitOfWork, Context], Done[Import]],
    content: tuple[object, ...],
) -> Import:
    command.actor.must(Permission.CITY_BUILD)
    return perform(
        house,
        replace(command, run=LIVE_RUN),
        change,
        again=lambda _, key: shelf.get(key),
        content=("imports", *content),
    )


def _put(shelf: Shelf, item: Import) -> Import:
    changed = replace(item, version=item.version + 1)
    shelf.put(changed)
    return changed


def _done(item: Import, action: str, params: Params) -> Done[Import]:
    told: Params = {"city": item.city, **params}
    return Done(item=item, id=item.id, event="import", action=action, params=told)


def _sorted(files: tuple[ImportFile, ...]) -> tuple[ImportFile, ...]:
    return tuple(sorted(files, key=lambda one: one.name))


def _idle(item: Import) -> Import:
    return require_idle(item, "import")


def _require_room(count: int) -> None:
    if count > MOST_FILES:
        raise InvalidInputError(
            "import.files",
            f"{count} files are more than {MOST_FILES}",
            hint="Zip what belongs together, or make a second import",
            params={"count": count, "most": MOST_FILES},
        )


def _require_new(new: NewImport) -> None:
    faults: list[Fault] = []
    if not CITY_ID.fullmatch(new.city):
        faults.append(
            Fault(
                where="city",
                key="import.city",
                problem=f"{new.city!r} is no id of a city",
                hint="Use 2 to 40 small letters, digits, - or _, and begin with a letter",
            )
        )
    for where, text in (("name_zh", new.name_zh), ("name_en", new.name_en)):
        if not 1 <= len(text.strip()) <= 80:
            faults.append(
                Fault(
                    where=where,
                    key="import.name",
                    problem="the name is empty or longer than 80 characters",
                    hint="Give the city a name in both languages",
                )
            )
    try:
        ZoneInfo(new.timezone)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        faults.append(
            Fault(
                where="timezone",
                key="import.timezone",
                problem=f"{new.timezone!r} is no time zone",
                hint="Use a name of the IANA list, such as Asia/Shanghai",
                first=(new.timezone,),
            )
        )
    if faults:
        raise InvalidInputError(
            "import.new",
            f"the import has {len(faults)} faults",
            hint="Mend them all and try again",
            params={"count": len(faults)},
            faults=faults,
        )
