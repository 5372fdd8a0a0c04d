"""Take a delivery into the house: every thing once, what is refused is counted and said."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from datetime import datetime

from rencheng.connectors.shape import Delivery
from rencheng.domain.errors import ConflictError, InvalidInputError, RenchengError
from rencheng.domain.identity import Actor
from rencheng.domain.provenance import Text
from rencheng.domain.run import LIVE_RUN
from rencheng.service.batches import MAX_ITEMS
from rencheng.service.bulletins import ingest_bulletin, scoped
from rencheng.service.foreign import take_map, take_warning
from rencheng.service.house import Command, House, new_id
from rencheng.service.ingest import ObservationItem, ingest_observations

SAID = 20
"""Findings of one delivery that are written down. Chosen."""


@dataclass(slots=True)
class Taken:
    """What became of a delivery."""

    taken: int = 0
    known: int = 0
    refused: int = 0
    findings: list[Text] = field(default_factory=list)
    newest: datetime | None = None
    """Time of the newest new thing. [UTC]"""

    def refuse(self, why: Text) -> None:
        """Count something that was not taken, and say why, for the first of them."""
        self.refused += 1
        if len(self.findings) < SAID:
            self.findings.append(why)

    def take(self, at: datetime) -> None:
        """Count something new."""
        self.taken += 1
        self.newest = at if self.newest is None else max(self.newest, at)


def actor_of(feed: str) -> Actor:
    """Return who a feed is, in the log and for permissions."""
    return Actor(id=f"feed:{feed}", name=feed, organisation="", roles=frozenset({"device"}))


def take(house: House, feed: str, delivery: Delivery) -> Taken:
    """Take in what a feed brought.

    Returns
    -------
    Taken
        Counts and findings. One bad thing never keeps the others out.
    """
    done = Taken()
    command = Command(actor=actor_of(feed), run=LIVE_RUN)
    for refusal in delivery.refusals:
        done.refuse(refusal.why)
    _readings(house, command, delivery, done)
    for bulletin in sorted(delivery.bulletins, key=lambda one: one.issued):
        with house.work() as work:
            is_known = work.bulletins.find(scoped(LIVE_RUN, bulletin.id)) is not None
        if is_known:
            done.known += 1
            continue
        try:
            ingest_bulletin(house, command, replace(bulletin, catalogue=f"feed:{feed}"))
        except (InvalidInputError, ConflictError) as error:
            done.refuse(_why(bulletin.id, error))
        else:
            done.take(bulletin.issued)
    for warning in sorted(delivery.warnings, key=lambda one: one.sent):
        with house.work() as work:
            is_known = work.warnings.find(scoped(LIVE_RUN, warning.key)) is not None
        if is_known:
            done.known += 1
            continue
        try:
            take_warning(house, command, warning, feed)
        except (InvalidInputError, ConflictError) as error:
            done.refuse(_why(warning.key, error))
        else:
            done.take(warning.sent)
    for one in delivery.maps:
        try:
            is_new = take_map(house, command, one)
        except (InvalidInputError, ConflictError) as error:
            done.refuse(_why(one.id, error))
            continue
        done.known += not is_new
        if is_new:
            done.take(one.issued)
    return done


def _readings(house: House, command: Command, delivery: Delivery, done: Taken) -> None:
    items = [
        ObservationItem(
            id=one.id,
            datastream=one.datastream,
            value=one.value,
            unit=one.unit,
            phenomenon_time=one.at,
        )
        for one in delivery.readings
    ]
    for first in range(0, len(items), MAX_ITEMS):
        batch = items[first : first + MAX_ITEMS]
        result = ingest_observations(house, command, new_id(house.now()), batch)
        done.taken += result.accepted
        done.known += result.duplicate
        refused = {one.index for one in result.rejected}
        for one in result.rejected:
            done.refuse(Text(f"ingest.{one.key}", one.params))
        if result.accepted:
            kept = [item.phenomenon_time for i, item in enumerate(batch) if i not in refused]
            done.newest = max(kept + ([done.newest] if done.newest else []))


def _why(key: str, error: RenchengError) -> Text:
    said: Iterable[str] = (f"{fault.where}: {fault.problem}" for fault in error.faults)
    return Text("feed.refused", {"id": key, "why": "; ".join(said) or error.problem})
