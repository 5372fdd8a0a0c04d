"""One earthquake, one event, however many catalogues tell of it; see `sense.solutions`."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import timedelta

from rencheng.domain.hazard import Bulletin, BulletinKind
from rencheng.domain.provenance import Text
from rencheng.sense.solutions import associate, preferred, solutions_of
from rencheng.service.house import Context, Done
from rencheng.service.ports import UnitOfWork

LOOKED_AT = 2000
"""Bulletins of a run that are looked through, the newest first. Chosen."""
NEAR = timedelta(minutes=5)
"""Earthquakes that may be told apart only together. Chosen: many times the window."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Settled:
    """Where a bulletin belongs, and what that changed."""

    bulletin: Bulletin
    events: tuple[str, ...]
    """Events whose solutions changed, that of the bulletin first."""
    notes: tuple[Done[Text], ...]
    """Lines of the log."""


def settle(work: UnitOfWork, ctx: Context, bulletin: Bulletin) -> Settled:
    """Keep a new bulletin under the event that it is about.

    An entry that is nearer to an earthquake heard of later moves to that one's event.
    """
    known = work.bulletins.list(ctx.run, limit=LOOKED_AT)[::-1]
    event_of = {one.own: one.event for one in known}
    target = {bulletin.own: event_of.get(bulletin.own, bulletin.own)}
    if bulletin.kind is BulletinKind.EARTHQUAKE:
        target |= _targets(known, bulletin, event_of)
    made = _under(bulletin, target[bulletin.own])
    work.bulletins.add(made)
    places: dict[tuple[str, str], str] = {}
    now = []
    for one in known:
        event = target.get(one.own, one.event)
        if event != one.event:
            places[one.own, one.event] = event
            one = work.bulletins.replace(_under(one, event))  # noqa: PLW2901
        now.append(one)
    now.append(made)
    notes = [
        _note(made, "bulletin.moved", own, before=old, event=new)
        for (own, old), new in places.items()
    ]
    is_new = bulletin.own not in event_of
    if is_new and any(one.event == made.event and one.own != made.own for one in now):
        notes.append(_note(made, "bulletin.joined", made.own, event=made.event))
    touched = [one for (_, old), new in places.items() for one in (old, new)]
    events = tuple(dict.fromkeys([made.event, *touched]))
    notes += [note for event in events for note in _turned(known, now, event)]
    return Settled(bulletin=made, events=events, notes=tuple(notes))


def of_event(work: UnitOfWork, run: str, event: str) -> list[Bulletin]:
    """Return every bulletin of an event, in the order in which they were heard."""
    return work.bulletins.list(run, where={"event": event})[::-1]


def _targets(
    known: Sequence[Bulletin], bulletin: Bulletin, event_of: dict[str, str]
) -> dict[str, str]:
    """Return the event of each entry near a new solution, by its own id.

    An event keeps its name with the entry that was heard first.
    """
    near = [one for one in known if abs(one.origin_time - bulletin.origin_time) <= NEAR]
    solutions = solutions_of([*near, bulletin])
    rank = {own: place for place, own in enumerate(event_of)}
    groups = [sorted((solutions[row].own for row in rows), key=lambda own: rank.get(own, len(rank)))
              for rows in associate(solutions)]  # fmt: skip
    target: dict[str, str] = {}
    for group in sorted(groups, key=lambda owns: rank.get(owns[0], len(rank))):
        name = event_of.get(group[0], group[0])
        if name in target.values():
            name = group[0]
        target |= dict.fromkeys(group, name)
    return target


def _under(bulletin: Bulletin, event: str) -> Bulletin:
    own = bulletin.own
    return replace(bulletin, event=event, reported=own if own != event else "")


def _turned(before: Sequence[Bulletin], now: Sequence[Bulletin], event: str) -> list[Done[Text]]:
    """Return the line that says that another catalogue has the word on an event."""
    old = preferred(one for one in before if one.event == event)
    new = preferred(one for one in now if one.event == event)
    if old is None or new is None or old.own == new.own:
        return []
    return [_note(new, "bulletin.preferred", new.own, before=old.issuer, event=event)]


def _note(about: Bulletin, action: str, own: str, **params: str) -> Done[Text]:
    said = {"issuer": about.issuer, "solution": own, **params}
    return Done(item=Text(action), id=about.id, event="", action=action, params=said)
