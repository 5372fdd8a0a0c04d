"""The way out: one pass over the outbox, in order for each subscriber."""

from __future__ import annotations

import logging
from collections import Counter
from dataclasses import dataclass, replace
from datetime import timedelta

from rencheng.domain.errors import RenchengError, SourceUnavailableError
from rencheng.domain.identity import SYSTEM
from rencheng.domain.provenance import Mode
from rencheng.domain.run import LIVE_RUN
from rencheng.service.house import Context, Done, House, context, record
from rencheng.service.ports import Channel, Delivery, UnitOfWork

log = logging.getLogger(__name__)
QUEUED, SENT, BLOCKED, EXPIRED, FAILED = "queued", "sent", "blocked", "expired", "failed"


@dataclass(frozen=True, slots=True, kw_only=True)
class DeliveryPass:
    """What one pass over the outbox did."""

    sent: int
    retried: int
    failed: int
    expired: int
    blocked: int


def deliver(house: House, *, limit: int = 200) -> DeliveryPass:
    """Hand over what is due, at most `limit` messages.

    Notes
    -----
    A message is claimed in the store before it is handed over and marked after, so that two passes
    at once never send it both, and a crash in between sends it again: at least once, under the
    same id and number. A subscriber's messages leave in the order of their numbers; one that waits
    for its next attempt holds the later ones back until it is sent, expired or given up. Mode and
    expiry are looked at here, at the moment of sending, whatever was decided at queueing.
    """
    done: Counter[str] = Counter()
    for delivery in _due(house, limit):
        if outcome := _one(house, delivery):
            done[outcome] += 1
    return DeliveryPass(
        sent=done[SENT],
        retried=done[QUEUED],
        failed=done[FAILED],
        expired=done[EXPIRED],
        blocked=done[BLOCKED],
    )


def _due(house: House, limit: int) -> list[Delivery]:
    """Return the waiting messages whose time has come, and those that follow them."""
    wall = house.now()
    found: list[Delivery] = []
    with house.work() as work:
        for run in [LIVE_RUN, *(run.id for run in work.runs.list(""))]:
            held: set[str] = set()
            waiting = work.deliveries.list(run, where={"state": QUEUED})
            for one in sorted(waiting, key=lambda item: item.seq):
                if one.next_try is not None and one.next_try > wall:
                    held.add(one.subscriber)
                if one.subscriber not in held:
                    found.append(one)
    return found[:limit]


def _one(house: House, delivery: Delivery) -> str:
    """Try one message; return what became of it, empty when it is not this pass's turn."""
    channel = next((one for one in house.channels if one.name == delivery.channel), None)
    with house.work() as work:
        work.lock()
        if not _is_next(work, delivery):
            return ""
        ctx = context(house, work, delivery.run)
        refusal = _refusal(delivery, channel, ctx)
        if channel is None or refusal:
            state, reason = refusal or (FAILED, "no_channel")
            _settle(work, ctx, delivery, state, reason)
            work.commit()
            return state
        wait = house.settings.retry_s * 2.0**delivery.attempts
        claim = replace(
            delivery,
            attempts=delivery.attempts + 1,
            next_try=ctx.wall + timedelta(seconds=wait),
        )
        claimed = work.deliveries.replace(claim)
        work.commit()
    return _hand_over(house, channel, claimed)


def _hand_over(house: House, channel: Channel, delivery: Delivery) -> str:
    state, reason = SENT, ""
    try:
        channel.send(delivery)
    except SourceUnavailableError:
        if delivery.attempts < house.settings.retries:
            return QUEUED
        state, reason = FAILED, "unavailable"
    except RenchengError as error:
        log.warning("channel %s refused delivery %s: %s", channel.name, delivery.id, error)
        state, reason = FAILED, "refused"
    except Exception:  # noqa: BLE001 one broken channel must not stop the warnings of the others
        log.exception("channel %s broke on delivery %s", channel.name, delivery.id)
        state, reason = FAILED, "broken"
    with house.work() as work:
        work.lock()
        ctx = context(house, work, delivery.run)
        _settle(work, ctx, delivery, state, reason)
        work.commit()
    return state


def _is_next(work: UnitOfWork, delivery: Delivery) -> bool:
    """Say whether nobody else has taken it and no earlier one of its subscriber still waits."""
    if work.deliveries.get(delivery.id).version != delivery.version:
        return False
    waiting = work.deliveries.list(
        delivery.run, where={"subscriber": delivery.subscriber, "state": QUEUED}
    )
    return all(one.seq >= delivery.seq for one in waiting)


def _refusal(delivery: Delivery, channel: Channel | None, ctx: Context) -> tuple[str, str] | None:
    """Return why a message may not leave now, None when it may."""
    if channel is None:
        return FAILED, "no_channel"
    is_real = delivery.mode is Mode.LIVE and ctx.mode is Mode.LIVE
    if channel.is_live and not is_real:
        return BLOCKED, "mode"
    if delivery.expires <= ctx.at:
        return EXPIRED, "expired"
    return None


def _settle(work: UnitOfWork, ctx: Context, delivery: Delivery, state: str, reason: str) -> None:
    """Write down what became of a message."""
    settled = replace(delivery, state=state, reason=reason, next_try=None, at=ctx.at)
    work.deliveries.replace(settled)
    params: dict[str, str | int | float] = {
        "channel": delivery.channel,
        "subscriber": delivery.subscriber,
        "seq": delivery.seq,
        "attempts": delivery.attempts,
    }
    done = Done(
        item=settled,
        id=delivery.alert,
        event=delivery.about,
        action=f"{'notice' if delivery.about == 'alarm' else 'delivery'}.{state}",
        params=params,
    )
    record(work, ctx, SYSTEM, done)
