"""Quality control of one value: flags beside it, never a change to it."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from rencheng.domain.observation import Datastream, Quality, QualityReason, Verdict

VERSION = "quality 1"
"""Version of the checks below; every verdict carries it."""


def judge(
    stream: Datastream,
    value: float,
    at: datetime,
    recent: Sequence[tuple[datetime, float]],
    last_good: tuple[datetime, float] | None = None,
) -> Verdict:
    """Say how far to trust a value.

    Parameters
    ----------
    stream
        What is plausible for its values.
    value
        The raw value; NaN is suspect. [stream.unit]
    at
        When it was so in the world. [UTC]
    recent
        Earlier values of the stream, good or not, oldest first. [stream.unit]
    last_good
        The last good value; without it the last of `recent` stands in.

    Returns
    -------
    Verdict
        Suspect with every reason that applies: outside the plausible range (`range`), changed
        faster than the world can (`rate`), one of too many equal values in a row (`stuck`), or
        older than what was heard already (`late`); good otherwise.

    Notes
    -----
    The rate is taken against the last good value, so that a spike does not make the next good
    value suspect, and a true jump is believed again once enough time has passed for it. A late
    value is compared with nothing. The limits come from the datastream; the checks themselves
    follow the gross-range, spike and flat-line tests that are usual for real-time sensors and were
    not verified against a published implementation.

    Examples
    --------
    >>> from datetime import UTC
    >>> from rencheng.domain.observation import Quantity
    >>> from rencheng.domain.provenance import Origin
    >>> gauge = Datastream(
    ...     id="g", name="gauge", quantity=Quantity.WATER_LEVEL, unit="m", xy=(0.0, 0.0), asset="",
    ...     zone=0, interval_s=60.0, low=-5.0, high=5.0, rate=0.1, stuck_after=3, is_vital=True,
    ...     origin=Origin.SYNTHETIC)
    >>> judge(gauge, 9.0, datetime(2015, 9, 16, tzinfo=UTC), []).reasons
    (<QualityReason.RANGE: 'range'>,)
    """
    reasons: list[QualityReason] = []
    if not stream.low <= value <= stream.high:
        reasons.append(QualityReason.RANGE)
    if recent and at < recent[-1][0]:
        reasons.append(QualityReason.LATE)
    else:
        base = last_good or (recent[-1] if recent else None)
        if base and _is_too_fast(stream, value, at, base):
            reasons.append(QualityReason.RATE)
        if stream.stuck_after and equal_in_a_row(value, recent) >= stream.stuck_after:
            reasons.append(QualityReason.STUCK)
    quality = Quality.SUSPECT if reasons else Quality.GOOD
    return Verdict(quality=quality, reasons=tuple(reasons), version=VERSION)


def equal_in_a_row(value: float, recent: Sequence[tuple[datetime, float]]) -> int:
    """Return how many equal values end with `value`, itself included."""
    count = 1
    for _, earlier in reversed(recent):
        if earlier != value:
            break
        count += 1
    return count


def _is_too_fast(
    stream: Datastream, value: float, at: datetime, base: tuple[datetime, float]
) -> bool:
    passed = (at - base[0]).total_seconds()
    return passed > 0 and abs(value - base[1]) > stream.rate * passed
