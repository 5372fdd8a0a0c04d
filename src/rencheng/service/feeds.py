"""How feeds do: every poll is written down, and a feed that stays away raises an alarm."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime

from rencheng.domain.alarm import Finding, Level
from rencheng.domain.feed import FeedHealth, FeedPoll
from rencheng.domain.provenance import Text
from rencheng.domain.run import LIVE_RUN
from rencheng.service import alarms
from rencheng.service.house import House, context, tell

FAILED_RULE = "feed_failed"
KEPT = 50
"""Polls remembered of each feed. Chosen."""
PATIENCE = 3
"""Failures in a row before an alarm is raised. Chosen."""


def health_of(house: House, feed: str, connector: str) -> FeedHealth:
    """Return how a feed does; one that was never asked knows nothing."""
    with house.work() as work:
        return work.feeds.find(feed) or FeedHealth(id=feed, connector=connector)


def polled(
    house: House,
    known: FeedHealth,
    poll: FeedPoll,
    *,
    next_poll: datetime | None,
    newest: datetime | None = None,
    validators: tuple[tuple[str, str, str], ...] = (),
) -> FeedHealth:
    """Write down how a poll went; raise the alarm of a feed that stays away, clear it again.

    Parameters
    ----------
    known
        What was known before it.
    newest
        Time of the newest thing that this poll brought; None: nothing new.
    validators
        What to ask with next time; used when the poll was good.
    """
    with house.work() as work:
        work.lock()
        ctx = context(house, work, LIVE_RUN)
        held = work.feeds.find(known.id)
        before = held or known
        failures = 0 if poll.is_good else before.failures + 1
        now = replace(
            before,
            connector=known.connector,
            last_good=poll.at if poll.is_good else before.last_good,
            last_failure=before.last_failure if poll.is_good else poll.at,
            failures=failures,
            next_poll=next_poll,
            polls=(poll, *before.polls)[:KEPT],
            validators=validators if poll.is_good else before.validators,
        )
        if newest is not None and (before.newest is None or newest > before.newest):
            now = replace(now, newest=newest, delay_s=(ctx.wall - newest).total_seconds())
        if held is None:
            work.feeds.add(now)
        else:
            now = work.feeds.replace(now)
        if failures == PATIENCE:
            alarms.raised(work, ctx, _finding(known.id, poll))
        elif before.failures >= PATIENCE and not failures:
            alarms.cleared(work, ctx, FAILED_RULE, known.id)
        if bool(before.failures) != bool(failures):
            tell(work, ctx, "event", known.id)
        work.commit()
    return now


def _finding(feed: str, poll: FeedPoll) -> Finding:
    return Finding(
        rule=FAILED_RULE,
        rule_version="1",
        object=feed,
        level=Level.BLUE,
        text=Text(f"alarm.{FAILED_RULE}", {"name": feed, "why": poll.detail[:200]}),
    )
