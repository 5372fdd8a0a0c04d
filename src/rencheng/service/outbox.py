"""What leaves the house is queued here, numbered for each subscriber."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from rencheng.domain.provenance import Mode
from rencheng.service.house import Context, House, Subscriber, new_id
from rencheng.service.ports import Delivery, UnitOfWork


def queue(
    house: House,
    work: UnitOfWork,
    ctx: Context,
    subscribers: Iterable[Subscriber],
    message: tuple[str, str, str],
    expires: datetime,
) -> None:
    """Queue a message for each of its subscribers.

    Parameters
    ----------
    message
        What it tells of (`alert` or `alarm`), the id of that, and the text to hand over.

    Notes
    -----
    On a channel that reaches people outside, a message of a drill, test or replay is kept as
    blocked, without its text and without a number.
    """
    about, subject, payload = message
    channels = {channel.name: channel for channel in house.channels}
    for subscriber in subscribers:
        channel = channels[subscriber.channel]
        is_blocked = channel.is_live and ctx.mode is not Mode.LIVE
        work.deliveries.add(
            Delivery(
                id=new_id(ctx.wall),
                alert=subject,
                channel=channel.name,
                subscriber=subscriber.id,
                seq=0 if is_blocked else _next_seq(work, ctx.run, subscriber.id),
                mode=ctx.mode,
                expires=expires,
                payload="" if is_blocked else payload,
                state="blocked" if is_blocked else "queued",
                attempts=0,
                next_try=None if is_blocked else ctx.wall,
                at=ctx.at if is_blocked else None,
                reason="mode" if is_blocked else "",
                run=ctx.run,
                about=about,
            )
        )


def _next_seq(work: UnitOfWork, run: str, subscriber: str) -> int:
    earlier = work.deliveries.list(run, where={"subscriber": subscriber}, limit=1)
    return earlier[0].seq + 1 if earlier else 1
