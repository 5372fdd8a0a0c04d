"""How many injected faults quality control finds, and how often it cries wolf.

Run with `python benchmarks/faults.py [judging|tuning] [sensor ...]`. Networks of four sensors of
each kind, five days to warm up and thirty to be judged, one fault each in one of them; seeds,
faults and sizes stand in `tests/sense/fault_series.py`, the series in `clean_series.py`. A fault is
found when any value within it is flagged, its silence is reported by the stream's health, or its
times are refused at the door. False flags are values flagged outside the fault, of all four
sensors, a sensor-month. The limits are those shipped.
"""

from __future__ import annotations

import sys
from collections import Counter, defaultdict
from collections.abc import Sequence
from math import sqrt
from pathlib import Path

import numpy as np
from common import machine

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "tests" / "sense"))
from fault_series import (
    FAULTS,
    HIDDEN,
    JUDGING_SEEDS,
    MADE,
    NOT_LOOKED_FOR,
    SIZES,
    STATIONS,
    TUNING_SEEDS,
    Found,
    broken,
    clean,
    judged,
)


def main(which: str = "judging", *kinds: str) -> None:
    """Print recall and false flags by kind of sensor and of fault, with 95 % intervals."""
    seeds = TUNING_SEEDS if which == "tuning" else JUDGING_SEEDS
    print(machine())
    print(f"{which} seeds {seeds.start} to {seeds.stop - 1}; shipped limits; 95 % intervals")
    print(f"{'sensor':<18} {'fault':<11} {'size':<15} recall            false/sensor-month  by")
    totals: dict[str, list[bool]] = defaultdict(list)
    flags: dict[str, list[int]] = defaultdict(list)
    hidden: list[str] = []
    for quantity in (one for one in MADE if not kinds or one.value in kinds):
        whole = {seed: clean(quantity, seed) for seed in seeds}
        calm = [judged(one) for one in whole.values()]
        flags["none"] += [one.false_flags for one in calm]
        print(line(quantity.value, "none", None, calm, has_fault=False))
        for fault in FAULTS:
            if why := NOT_LOOKED_FOR.get((quantity, fault)):
                print(f"{quantity.value:<18} {fault:<11} not looked for: {why}")
                continue
            said = [judged(broken(one, fault, seed)) for seed, one in whole.items()]
            totals[fault] += [one.is_found for one in said]
            flags[fault] += [one.false_flags for one in said]
            print(line(quantity.value, fault, SIZES.get((quantity, fault)), said))
            if (quantity, fault) in HIDDEN:
                said = [judged(broken(one, fault, s, HIDDEN)) for s, one in whole.items()]
                hidden.append(line(quantity.value, fault, HIDDEN[quantity, fault], said))
    for fault in ("none", *totals):
        found, false = totals.get(fault, []), flags[fault]
        print(f"{'all sensors':<18} {fault:<11} {'':<15} {recall(found):<17} {rate(false)}")
    print("smaller than what is looked for, or just what the event looks like:")
    print("\n".join(hidden))


def recall(found: Sequence[bool]) -> str:
    """Return the share that was found, with its interval (Wilson's score interval)."""
    if not found:
        return "-"
    n, p, z = len(found), sum(found) / len(found), 1.96
    middle = (p + z * z / (2 * n)) / (1 + z * z / n)
    half = z / (1 + z * z / n) * sqrt(p * (1 - p) / n + z * z / (4 * n * n))
    return f"{p:.2f} ({middle - half:.2f}-{min(1.0, middle + half):.2f})"


def rate(flags: Sequence[int]) -> str:
    """Return false flags a sensor-month, with an interval (bootstrap over networks)."""
    each = np.array(flags) / STATIONS
    drawn = np.random.default_rng(0).choice(each, (2000, each.size)).mean(axis=1)
    low, high = np.quantile(drawn, (0.025, 0.975))
    return f"{each.mean():.2f} ({low:.2f}-{high:.2f})"


def line(
    sensor: str,
    fault: str,
    size: tuple[float, float, bool] | None,
    said: Sequence[Found],
    *,
    has_fault: bool = True,
) -> str:
    """Return a line of the table."""
    text = f"{'±' if size[2] else ''}{size[0]:g} to {size[1]:g}" if size else ""
    by = Counter(name for one in said for name in one.reasons)
    reasons = ", ".join(f"{name} {count}" for name, count in by.most_common(3))
    share = recall([one.is_found for one in said] if has_fault else [])
    false = rate([one.false_flags for one in said])
    return f"{sensor:<18} {fault:<11} {text:<15} {share:<17} {false:<19} {reasons}"


if __name__ == "__main__":
    main(*sys.argv[1:])
