"""Warnings and maps of others: kept as they were heard, in order, never sent on as our own."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta

from rencheng.domain.alert import MessageType
from rencheng.domain.errors import InvalidInputError
from rencheng.domain.hazard import Bulletin, ShakingMap
from rencheng.domain.identity import Permission
from rencheng.domain.provenance import Text
from rencheng.domain.warning import ForeignWarning, Signature, WarningInfo
from rencheng.service.bulletins import scoped
from rencheng.service.house import Command, Context, Done, House, perform
from rencheng.service.ports import UnitOfWork
from rencheng.service.quake_events import of_event

# A warning that does not say when it ends holds so long. Chosen; CAP 1.2 leaves it to the reader.
UNSAID = timedelta(days=1)
LOOKED_AT = 1000
"""Warnings of a run that are looked through, the newest first. Chosen."""
_AHEAD = timedelta(minutes=10)
LARGEST_MAP = 4_000_000
"""Cells of a map of shaking. Chosen."""


@dataclass(frozen=True, slots=True, kw_only=True)
class WarningItem:
    """A warning of others, as it was read; see `ForeignWarning`."""

    sender: str
    identifier: str
    sent: datetime
    status: str
    kind: MessageType
    scope: str
    references: tuple[str, ...]
    infos: tuple[WarningInfo, ...]
    signature: Signature
    signed_by: str
    findings: tuple[Text, ...]
    original: bytes

    @property
    def key(self) -> str:
        """Sender, identifier and time of sending, as CAP references name it."""
        return reference(self.sender, self.identifier, self.sent)


def reference(sender: str, identifier: str, sent: datetime) -> str:
    """Return how references name a message; the time in UTC, so that zones make no difference."""
    return f"{sender},{identifier},{sent.astimezone(UTC).strftime('%Y-%m-%dT%H:%M:%SZ')}"


def take_warning(house: House, command: Command, item: WarningItem, feed: str) -> ForeignWarning:
    """Keep a warning once; what it replaces or withdraws is marked, whichever comes first.

    A message replaces only messages of the same feed and of the same status: a test withdraws
    nothing real, and one source withdraws nothing of another's.

    Raises
    ------
    InvalidInputError
        If it was sent in the future.
    """
    command.actor.must(Permission.INGEST)

    def change(work: UnitOfWork, ctx: Context) -> Done[ForeignWarning]:
        if item.sent > ctx.at + _AHEAD:
            raise InvalidInputError(
                "foreign.future",
                f"the warning {item.key} was sent at {item.sent.isoformat()}, in the future",
                hint="Look at the clock of its sender and at ours",
                params={"id": item.key, "sent": item.sent.isoformat()},
            )
        key = scoped(ctx.run, item.key)
        known = work.warnings.find(key)
        if known is not None:
            return Done(item=known, id=key, event="")
        made = _made(item, key, feed, ctx)
        near = [
            one
            for one in work.warnings.list(ctx.run, limit=LOOKED_AT)
            if one.feed == feed and one.status == made.status
        ]
        later = [one for one in near if made.id in one.references and _counts(one)]
        if later:
            made = replace(made, superseded_by=later[0].id)
        work.warnings.add(made)
        for one in near:
            if one.id in made.references and not one.superseded_by and _counts(made):
                work.warnings.replace(replace(one, superseded_by=made.id))
        params = {"sender": made.sender, "kind": made.kind.value}
        return Done(item=made, id=key, event="event", action="foreign.taken", params=params)

    return perform(
        house,
        command,
        change,
        again=lambda work, key: work.warnings.get(key),
        content=("foreign.take", item),
    )


def take_map(house: House, command: Command, given: ShakingMap) -> bool:
    """Keep a published map of shaking; return whether it is new.

    Raises
    ------
    InvalidInputError
        If it is too large, or its cells do not fit its rows and columns.
    """
    command.actor.must(Permission.INGEST)
    if not 0 < given.rows * given.columns <= LARGEST_MAP or len(given.cells) != (
        12 * given.rows * given.columns
    ):
        raise InvalidInputError(
            "foreign.map",
            f"map {given.id} has {given.rows} × {given.columns} cells, {len(given.cells)} bytes",
            hint="Fetch it again, or ask its issuer for a coarser one",
            params={"id": given.id, "rows": given.rows, "columns": given.columns},
        )

    def change(work: UnitOfWork, ctx: Context) -> Done[bool]:
        key = scoped(ctx.run, given.id)
        if work.shaking_maps.find(key) is not None:
            return Done(item=False, id=key, event="")
        work.shaking_maps.add(replace(given, id=key, mode=ctx.mode, run=ctx.run))
        params: dict[str, str | int | float] = {
            "issuer": given.issuer,
            "revision": given.revision,
        }
        return Done(item=True, id=key, event="event", action="foreign.map", params=params)

    return perform(
        house,
        command,
        change,
        again=lambda work, key: False,  # noqa: ARG005 commands of feeds have no id
        content=("foreign.map", given.id),
    )


def map_of(work: UnitOfWork, run: str, word: Bulletin, at: datetime) -> ShakingMap | None:
    """Return the map of an event that was out at a time, under its event's id; None: none was.

    The highest revision, of the maps that name the event as `word` does before those that name it
    as another catalogue does.
    """
    names = {one.own for one in of_event(work, run, word.event)} | {word.event}
    found = work.shaking_maps.list(run, where={"event": names})
    out = [one for one in found if one.issued <= at]
    best = max(out, key=lambda one: (one.event == word.own, one.revision), default=None)
    return best and replace(best, event=word.event)


def in_force(work: UnitOfWork, run: str, at: datetime) -> list[ForeignWarning]:
    """Return the warnings that hold at a time, the most serious first."""
    found = [one for one in work.warnings.list(run, limit=LOOKED_AT) if one.is_in_force(at)]
    return sorted(found, key=lambda one: (one.level or 9, -one.sent.timestamp()))


def _counts(one: ForeignWarning) -> bool:
    """Return whether a message may change what others mean."""
    return one.kind is not MessageType.ALERT and one.signature is not Signature.BAD


def _made(item: WarningItem, key: str, feed: str, ctx: Context) -> ForeignWarning:
    ends = [info.expires or item.sent + UNSAID for info in item.infos]
    return ForeignWarning(
        id=key,
        sender=item.sender,
        identifier=item.identifier,
        sent=item.sent,
        status=item.status,
        kind=item.kind,
        scope=item.scope,
        references=tuple(scoped(ctx.run, one) for one in item.references),
        infos=item.infos,
        signature=item.signature,
        signed_by=item.signed_by,
        findings=item.findings,
        original=item.original,
        feed=feed,
        received=ctx.wall,
        ends=max(ends, default=item.sent + UNSAID),
        mode=ctx.mode,
        run=ctx.run,
    )
