"""What routes ask for besides the body: the run, and the command's id."""

from __future__ import annotations

from typing import Annotated

from fastapi import Depends, Header, Query
from starlette.requests import HTTPConnection

from rencheng.api.security import ActorDep, brain_of
from rencheng.domain.run import LIVE_RUN
from rencheng.service.house import Command, context
from rencheng.service.situation import active_run


def run_of(
    connection: HTTPConnection,
    run: Annotated[
        str | None,
        Query(max_length=100, description="Id of a run; by default the active one."),
    ] = None,
) -> str:
    """Return the run that the request concerns: the one named, or the active one."""
    house = brain_of(connection).house
    with house.work() as work:
        return context(house, work, run).run if run else active_run(work, house.now()).id


def ingest_run(
    connection: HTTPConnection,
    run: Annotated[
        str,
        Header(alias="X-Run", max_length=100, description="Run that the values belong to."),
    ] = LIVE_RUN,
) -> str:
    """Return the run that a device writes to."""
    house = brain_of(connection).house
    with house.work() as work:
        return context(house, work, run).run


def command_of(
    actor: ActorDep,
    run: Annotated[str, Depends(run_of)],
    key: Annotated[
        str,
        Header(
            alias="Idempotency-Key",
            max_length=100,
            description="Made by the client; the same key again changes nothing.",
        ),
    ] = "",
) -> Command:
    """Return who wants what changed in which run."""
    return Command(actor=actor, run=run, id=key)


RunDep = Annotated[str, Depends(run_of)]
IngestRunDep = Annotated[str, Depends(ingest_run)]
CommandDep = Annotated[Command, Depends(command_of)]
