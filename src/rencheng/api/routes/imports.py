"""Importing a city: files, recipe, check, build, and serving a version."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Path, Query, Response
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request

from rencheng.api.asking import CommandDep
from rencheng.api.imports_out import import_out, plan_of, preview_out, rules_out
from rencheng.api.problems import broken_out
from rencheng.api.receiving import receive
from rencheng.api.security import BrainDep, needs
from rencheng.api.shapes.common import BrokenJobOut
from rencheng.api.shapes.imports import (
    FolderIn,
    ImportIn,
    ImportOut,
    ImportRulesOut,
    PlanIn,
    PreviewOut,
    ServedOut,
    ServeIn,
)
from rencheng.bootstrap import Brain
from rencheng.domain.errors import InvalidInputError
from rencheng.domain.identity import Permission
from rencheng.service import imports
from rencheng.service.importing import Import, Task

router = APIRouter(tags=["imports"])
Key = Annotated[str, Path(max_length=100)]
FileName = Annotated[str, Path(max_length=300)]


@router.get("/imports")
@needs(Permission.CITY_BUILD)
def list_imports(brain: BrainDep) -> list[ImportOut]:
    """Return all imports, newest first."""
    return [_told(brain, item) for item in brain.imports.shelf.all()]


@router.get("/imports/broken")
@needs(Permission.CITY_BUILD)
def broken(brain: BrainDep) -> list[BrokenJobOut]:
    """Return imports whose record cannot be read, newest first; each can be deleted."""
    return [broken_out(one) for one in brain.imports.shelf.broken()]


@router.get("/imports/rules")
@needs(Permission.CITY_BUILD)
def rules(brain: BrainDep) -> ImportRulesOut:
    """Return what an import may consist of: kinds of source, columns by layer, limits."""
    return rules_out(brain.imports.shelf, brain.imports.workshop)


@router.post("/imports", status_code=201)
@needs(Permission.CITY_BUILD)
def create(body: ImportIn, brain: BrainDep, command: CommandDep) -> ImportOut:
    """Begin an import."""
    new = imports.NewImport(
        city=body.city, name_zh=body.name_zh, name_en=body.name_en, timezone=body.timezone
    )
    return _told(brain, imports.create(brain.house, brain.imports.shelf, command, new))


@router.get("/imports/{job}")
@needs(Permission.CITY_BUILD)
def show(job: Key, brain: BrainDep) -> ImportOut:
    """Return one import, with how far the work on it is."""
    return _told(brain, brain.imports.shelf.get(job))


@router.delete("/imports/{job}", status_code=204)
@needs(Permission.CITY_BUILD)
def delete(job: Key, brain: BrainDep, command: CommandDep) -> Response:
    """Delete an import and its files; a city that was built from it stays."""
    brain.imports.desk.delete(command, job)
    return Response(status_code=204)


@router.put("/imports/{job}/folder")
@needs(Permission.CITY_BUILD)
def point(job: Key, body: FolderIn, brain: BrainDep, command: CommandDep) -> ImportOut:
    """Take the files of a folder of the server, without copying them."""
    return _told(brain, imports.point(brain.house, brain.imports.shelf, command, job, body.folder))


@router.put("/imports/{job}/files/{name}")
@needs(Permission.CITY_BUILD)
async def upload(
    job: Key, name: FileName, request: Request, brain: BrainDep, command: CommandDep
) -> ImportOut:
    """Take a file, the body of the request as it is; one of the same name gives way."""
    shelf = brain.imports.shelf
    await run_in_threadpool(imports.require_open, shelf, command, job)
    arrived = await run_in_threadpool(shelf.incoming, job, name)
    try:
        await receive(request, arrived.write)
        item = await run_in_threadpool(
            imports.add_file, brain.house, shelf, command, job, name, arrived
        )
    finally:
        await run_in_threadpool(arrived.close)
    return await run_in_threadpool(_told, brain, item)


@router.delete("/imports/{job}/files/{name}")
@needs(Permission.CITY_BUILD)
def drop_file(job: Key, name: FileName, brain: BrainDep, command: CommandDep) -> ImportOut:
    """Take a file out of the import."""
    return _told(brain, imports.drop_file(brain.house, brain.imports.shelf, command, job, name))


@router.get("/imports/{job}/files/{name}/preview")
@needs(Permission.CITY_BUILD)
def preview(
    job: Key,
    name: FileName,
    brain: BrainDep,
    part: Annotated[str, Query(max_length=200, description="Table inside the file")] = "",
    crs: Annotated[str, Query(max_length=20, description="Coordinates, if not its own")] = "",
) -> PreviewOut:
    """Look at the beginning of a file: columns, first rows, guesses."""
    shelf = brain.imports.shelf
    file = shelf.path(shelf.get(job), name)
    return preview_out(brain.imports.workshop.preview(file, part, crs))


@router.put("/imports/{job}/recipe")
@needs(Permission.CITY_BUILD)
def save_plan(job: Key, body: PlanIn, brain: BrainDep, command: CommandDep) -> ImportOut:
    """Save the recipe; all its faults are answered at once."""
    kinds = tuple(brain.imports.workshop.kinds())
    wanted = plan_of(body.plan)
    shelf = brain.imports.shelf
    item = imports.plan(brain.house, shelf, command, job, body.version, wanted, kinds)
    return _told(brain, item)


@router.post("/imports/{job}/check", status_code=202)
@needs(Permission.CITY_BUILD)
def check(job: Key, brain: BrainDep, command: CommandDep) -> ImportOut:
    """Read everything in the background; nothing is built."""
    return _ask(brain, command, job, Task.CHECK)


@router.post("/imports/{job}/build", status_code=202)
@needs(Permission.CITY_BUILD)
def build(job: Key, brain: BrainDep, command: CommandDep) -> ImportOut:
    """Build a version of the city in the background, or go on with one that was stopped."""
    return _ask(brain, command, job, Task.BUILD)


@router.post("/imports/{job}/stop", status_code=202)
@needs(Permission.CITY_BUILD)
def stop(job: Key, brain: BrainDep, command: CommandDep) -> ImportOut:
    """Stop the check or the build; it can be resumed."""
    return _told(brain, brain.imports.desk.cancel(command, job))


@router.post("/imports/{job}/serve")
@needs(Permission.CITY_BUILD)
def serve_built(job: Key, body: ServeIn, brain: BrainDep, command: CommandDep) -> ServedOut:
    """Serve the version that the last build of an import made."""
    item = brain.imports.shelf.get(job)
    if item.built is None:
        raise InvalidInputError(
            "import.not_built", "nothing has been built yet", hint="Build the city first"
        )
    return _serve(brain, command, item.city, item.built.version, body.seen)


@router.post("/city/versions/{version}/serve")
@needs(Permission.CITY_BUILD)
def serve(
    version: Annotated[str, Path(max_length=80)],
    body: ServeIn,
    brain: BrainDep,
    command: CommandDep,
) -> ServedOut:
    """Serve another version of the city that is served: forward, or back again."""
    return _serve(brain, command, brain.house.cities.current().id, version, body.seen)


def _ask(brain: Brain, command: CommandDep, job: str, task: Task) -> ImportOut:
    item = imports.ask(brain.house, brain.imports.shelf, command, job, task)
    brain.imports.desk.wake()
    return _told(brain, item)


def _serve(brain: Brain, command: CommandDep, city: str, version: str, seen: str) -> ServedOut:
    before = imports.serve(brain.house, brain.imports.versions, command, city, version, seen)
    is_live = brain.house.cities.current().id == city
    if is_live:
        brain.wake()
    return ServedOut(
        city=city,
        version=version,
        before=before,
        is_live=is_live,
        command="" if is_live else f"rencheng serve --city {city}",
    )


def _told(brain: Brain, item: Import) -> ImportOut:
    return import_out(brain, item)
