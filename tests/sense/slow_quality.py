"""Quality control reading by reading, in plain Python: the oracle of the compiled checks."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from math import floor, inf, isnan
from statistics import median

from rencheng.domain.observation import RESTS_AT_ZERO, Datastream, QualityReason
from rencheng.domain.quality import QualityLimits, StreamLimits
from rencheng.sense.quality import FAST_S, REASONS, SLOW_S, WARM_S

Reading = tuple[int, float, float, float, int]
"""Stream row, at [s], received [s], value, month (0 to 11)."""


@dataclass
class Past:
    """One stream's past."""

    readings: list[tuple[float, float, bool]] = field(default_factory=list)
    """At, value, passed its own checks; never a late one."""
    known: list[tuple[float, float, bool]] = field(default_factory=list)
    """The last good one before the batch: all that neighbours remember of earlier batches."""
    is_new: int = 0
    """How many came before the batch."""
    begun_at: float | None = None
    level_at: float = 0.0
    level: float = 0.0
    heard: float | None = None
    lag: float | None = None
    excess: float = 0.0
    first_at: float | None = None
    mean_at: float = 0.0
    fast: float = 0.0
    owed: float = 0.0
    pairs: dict[int, list[float]] = field(default_factory=dict)
    """By neighbour's row: usual difference from it, first at, last at."""

    def good(self) -> tuple[float, float] | None:
        for at, value, is_good in reversed(self.readings):
            if is_good:
                return at, value
        return None


@dataclass
class SlowQuality:
    """The same promises as `judge`, a batch after the other."""

    streams: Sequence[Datastream]
    limits: QualityLimits
    near: Sequence[Sequence[int]]
    past: list[Past] = field(init=False)

    def __post_init__(self) -> None:
        self.past = [Past() for _ in self.streams]

    def judge(self, batch: Sequence[Reading]) -> list[int]:
        """Return the bits of a batch sorted by stream and time."""
        for past in self.past:
            good = past.good()
            past.known = [(*good, True)] if good else []
            past.is_new = len(past.readings)
        common = self._common(batch)
        own = [self._own(reading, common) for reading in batch]
        found = []
        for reading, reasons in zip(batch, own, strict=True):
            is_late = QualityReason.LATE in reasons
            more = set() if is_late else self._others(reading, not reasons)
            found.append(sum(1 << REASONS.index(one) for one in reasons | more))
        return found

    def _common(self, batch: Sequence[Reading]) -> float:
        last = {s: received - at for s, at, received, _, _ in batch}
        lags = list(last.values())
        if len(lags) < 3:
            lags = [past.lag for past in self.past if past.lag is not None]
        return max(0.0, median(lags)) if len(lags) >= 3 else 0.0

    def _own(self, reading: Reading, common: float) -> set[QualityReason]:
        row, at, received, value, month = reading
        stream, past = self.streams[row], self.past[row]
        limit = self.limits.of(stream)
        found = set()
        low = limit.low_by_month[month] if limit.low_by_month else stream.low
        high = limit.high_by_month[month] if limit.high_by_month else stream.high
        if not low <= value <= high or (limit.is_whole and (isnan(value) or value != floor(value))):
            found.add(QualityReason.RANGE)
        if self._is_slow(stream, limit, past, at, received, common):
            found.add(QualityReason.CLOCK)
        if past.readings and at < past.readings[-1][0]:
            return found | {QualityReason.LATE}
        found |= _jumps(stream, limit, past, at, value)
        row_of_equals = 1
        for _, earlier, _ in reversed(past.readings):
            if earlier != value:
                break
            row_of_equals += 1
        if 0 < stream.stuck_after <= row_of_equals and not (
            value == 0 and stream.quantity in RESTS_AT_ZERO
        ):
            found.add(QualityReason.STUCK)
        good = past.good()
        if found & {QualityReason.RANGE, QualityReason.RATE, QualityReason.SPIKE} and good:
            close = [abs(value * f - good[1]) <= 0.02 * abs(good[1]) for f in limit.other_units]
            if good[1] != 0 and any(close):
                found.add(QualityReason.UNIT)
        past.readings.append((at, value, not found))
        return found

    @staticmethod
    def _is_slow(
        stream: Datastream,
        limit: StreamLimits,
        past: Past,
        at: float,
        received: float,
        common: float,
    ) -> bool:
        excess, half = received - at - common, stream.interval_s / 2
        is_slow = past.heard is not None and (
            min(excess, past.excess) > limit.lag_s
            and abs(excess - past.excess) <= half
            and received - past.heard >= half
        )
        past.heard, past.lag, past.excess = received, received - at, excess
        return is_slow

    def _others(self, reading: Reading, is_good: bool) -> set[QualityReason]:
        row, at, _, value, _ = reading
        stream, past = self.streams[row], self.past[row]
        limit = self.limits.of(stream)
        found = set()
        said = []
        if limit.near_abs < inf or limit.is_drift_shared or limit.rain_owed < inf:
            said = [(n, *w) for n in self.near[row] if n >= 0 for w in self._heard(n, at, stream)]
        now = [x for _, when, x in said if abs(at - when) <= stream.interval_s / 2]
        agree = [abs(value - x) <= limit.near_abs + limit.near_rel * abs(x) for x in now]
        if limit.near_abs < inf and len(now) >= 2 and not any(agree):
            found.add(QualityReason.NEIGHBOUR)
        if limit.rain_owed < inf:
            if value > 0:
                past.owed = 0.0
            elif len(said) >= 2:
                rain = [x for _, _, x in said]
                usual = min(rain) if len(rain) == 2 else median(rain)
                past.owed = past.owed * FAST_S / (FAST_S + stream.interval_s) + usual
                if past.owed >= limit.rain_owed and usual > 0:
                    found.add(QualityReason.RAIN)
        if not is_good:
            return found
        r: float | None
        if limit.is_drift_shared:
            r = _apart(stream, limit, past, at, value, {n: x for n, _, x in said})
        else:
            r = 0.0 if past.begun_at is None else value - past.level
        _level(stream, limit, past, at, value)
        if r is not None and _drifts(stream, limit, past, at, r):
            found.add(QualityReason.DRIFT)
        return found

    def _heard(self, row: int, at: float, stream: Datastream) -> list[tuple[float, float]]:
        past = self.past[row]
        for when, value, is_good in reversed([*past.known, *past.readings[past.is_new :]]):
            if when < at - 2 * stream.interval_s:
                return []
            if is_good and when <= at + stream.interval_s / 2:
                return [(when, value)]
        return []


def _jumps(
    stream: Datastream, limit: StreamLimits, past: Past, at: float, value: float
) -> set[QualityReason]:
    if not past.readings:
        return set()
    last = past.readings[-1]
    base_at, base = past.good() or last[:2]
    passed, step = at - base_at, value - base
    found = set()
    if passed > 0:
        if abs(step) > stream.rate * passed:
            found.add(QualityReason.RATE)
        bound = limit.spike_up if step > 0 else limit.spike_down
        is_soon = passed <= 3 * stream.interval_s
        is_back = past.begun_at is not None and abs(value - past.level) < abs(base - past.level)
        is_far = abs(step) > bound and abs(value - last[1]) > bound / 2
        if is_soon and is_far and not is_back:
            found.add(QualityReason.SPIKE)
    return found


def _learnt(away: float, step: float, age: float, early: float, bound: float) -> float:
    if age < WARM_S:
        return max(-early, min(early, away)) * step / (max(age, step) + step)
    return max(-bound, min(bound, away)) * step / (SLOW_S + step)


def _level(stream: Datastream, limit: StreamLimits, past: Past, at: float, value: float) -> None:
    if past.begun_at is None:
        past.begun_at, past.level_at, past.level = at, at, value
        return
    step = min(at - past.level_at, 3 * stream.interval_s)
    bound = inf if limit.is_drift_shared else min(limit.drift_up, limit.drift_down) / 2
    if step > 0:
        age = past.level_at - past.begun_at
        past.level += _learnt(value - past.level, step, age, 2 * bound, bound)
    past.level_at = at


def _apart(
    stream: Datastream,
    limit: StreamLimits,
    past: Past,
    at: float,
    value: float,
    said: dict[int, float],
) -> float | None:
    found = []
    for row, x in said.items():
        pair = past.pairs.get(row)
        if pair is None:
            past.pairs[row] = [value - x, at, at]
            continue
        usual, begun, last = pair
        away, age, step = value - x - usual, last - begun, min(at - last, 3 * stream.interval_s)
        if step > 0:
            bound = min(limit.drift_up, limit.drift_down) / 2
            pair[0] += _learnt(away, step, age, inf, bound)
        pair[2] = at
        if age >= WARM_S:
            found.append(away)
    if len(found) < 2:
        return None
    if len(found) == 2 and found[0] * found[1] <= 0:
        return 0.0
    return min(found, key=abs) if len(found) == 2 else median(found)


def _drifts(stream: Datastream, limit: StreamLimits, past: Past, at: float, r: float) -> bool:
    if past.first_at is None:
        past.first_at = past.mean_at = at
        past.fast = r
        return False
    step = min(at - past.mean_at, 3 * stream.interval_s)
    age = max(past.mean_at - past.first_at, step)
    fast, least = min(FAST_S, age), min(limit.drift_up, limit.drift_down)
    if abs(past.fast) > least and (abs(r) < 0.75 * least or r * past.fast < 0):
        fast /= 30
    if step > 0:
        past.fast += (r - past.fast) * step / (fast + step)
    past.mean_at = at
    is_up = past.fast > limit.drift_up and r > 0.75 * limit.drift_up
    is_down = past.fast < -limit.drift_down and r < -0.75 * limit.drift_down
    return (limit.is_drift_shared or age >= WARM_S) and (is_up or is_down)
