"""Observations inside a deep insert: kept with its entities, owed to the history until there.

The history is no part of the operational store's transaction. So the observations are checked and
kept in the same unit of work as the entities that they came with, and go to the history after it;
what is left by a fault goes there at the next call, or after the next start.
"""

from __future__ import annotations

import logging
from dataclasses import replace

from rencheng.domain.errors import RenchengError, TooLargeError
from rencheng.domain.identity import Actor, Permission
from rencheng.domain.readings import to_us
from rencheng.domain.run import LIVE_RUN
from rencheng.domain.sensing import EntityKind, Owed
from rencheng.service.house import Command, Context, Done, House, perform
from rencheng.service.intake import MAX_ROWS
from rencheng.service.observing import keep_told
from rencheng.service.ports import UnitOfWork
from rencheng.service.register import register_of
from rencheng.service.register_forms import Draft
from rencheng.service.registering import Made, create

K = EntityKind
_LOG = logging.getLogger(__name__)


def insert(house: House, command: Command, draft: Draft) -> Made:
    """Keep a new entity with everything inside it, observations too, or nothing.

    Returns
    -------
    Made
        Durable when it returns. Where the history cannot be written now, the observations follow as
        soon as it can.

    Raises
    ------
    InvalidInputError
        If anything in it points at what is not there; all faults at once.
    TooLargeError
        If there are more observations in it than one batch may have.
    """
    many = observations_in(draft)
    if many:
        command.actor.must(Permission.INGEST)
    if many > MAX_ROWS:
        raise TooLargeError(
            "ingest.size",
            f"the body has {many} observations, {MAX_ROWS} are allowed",
            hint="Send them in several batches",
            params={"count": many, "most": MAX_ROWS},
        )
    try:
        made = create(house, command, draft)
    finally:
        register_of(house).is_owing |= many > 0
    try:
        pay(house)
    except RenchengError as error:  # the insert itself is durable: that it waits is no refusal
        _LOG.warning("observations wait for the history: %s", error)
    return made


def observations_in(draft: Draft) -> int:
    """Return how many observations lie in a body."""
    inner = (one for links in draft.links.values() for one in links if isinstance(one, Draft))
    return int(draft.kind is K.OBSERVATIONS) + sum(observations_in(one) for one in inner)


def pay(house: House) -> None:
    """Bring what is owed into the history, in the order in which it came.

    Raises
    ------
    SourceUnavailableError
        If store or history cannot be written now: what is left waits for the next call.
    """
    register = register_of(house)
    if not register.is_owing:
        return
    with register.paying:
        register.is_owing = False
        try:
            with house.work() as work:
                waiting = work.owed.list("")
            for one in reversed(waiting):
                _pay(house, one)
        except BaseException:
            register.is_owing = True
            raise


def first_asked(house: House, command: Command, content: object) -> int | None:
    """Return when a command was first given, so that a retry speaks of the same time. [µs UTC]

    None: the command has no id, each time is a new one.
    """

    def noted(_: UnitOfWork, ctx: Context) -> Done[int]:
        now = to_us(ctx.wall)
        return Done(item=now, id=str(now), event="")

    if not command.id:
        return None
    return perform(
        house, replace(command, id=f"{command.id}/asked"), noted,
        again=lambda _, told: int(told), content=("sensorthings.asked", content),
    )  # fmt: skip


def _pay(house: House, owed: Owed) -> None:
    """Keep observations of streams that are still there; those taken back meanwhile stay so."""
    index = register_of(house).index()
    there = [
        one
        for one in owed.observations
        if any(index.find(kind, one.datastream) for kind in (K.DATASTREAMS, K.MULTI_DATASTREAMS))
    ]
    actor = Actor(id=owed.actor, name="", organisation="", roles=frozenset({"device"}))
    command = Command(actor=actor, run=LIVE_RUN)
    for outcome in keep_told(house, command, there, is_again=False):
        if outcome.reason:
            _LOG.error("an observation was not kept: %s %s", outcome.reason, outcome.params)
    with house.work() as work:
        work.owed.remove(owed.id)
        work.commit()
