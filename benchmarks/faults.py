"""How many injected faults quality control finds, and how often it cries wolf.

Run with `python benchmarks/faults.py [judging|tuning] [sensor ...]`. Networks of four sensors of
each kind, five days to warm up and thirty to be judged, one fault each in one of them; seeds,
faults and sizes stand in
`tests/sense/fault_series.py`. A fault is found when any value within it is flagged, its silence is
reported by the stream's health, or its times are refused at the door. False flags are values
flagged outside the fault, of all four sensors, a sensor-month. The limits are those shipped.
"""

from __future__ import annotations

import sys
from collections import Counter, defaultdict
from pathlib import Path

from common import machine

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "tests" / "sense"))
from fault_series import (
    FAULTS,
    HIDDEN,
    JUDGING_SEEDS,
    MADE,
    SIZES,
    STATIONS,
    TUNING_SEEDS,
    broken,
    clean,
    judged,
)


def main(which: str = "judging", *kinds: str) -> None:
    """Print recall and false flags by kind of sensor and of fault."""
    seeds = TUNING_SEEDS if which == "tuning" else JUDGING_SEEDS
    print(machine())
    print(f"{which} seeds {seeds.start} to {seeds.stop - 1}; shipped limits")
    print(f"{'sensor':<18} {'fault':<11} {'size':<15} recall  false/sensor-month  by")
    totals: dict[str, list[int]] = defaultdict(list)
    hidden: list[str] = []
    worst = 0.0
    for quantity in (one for one in MADE if not kinds or one.value in kinds):
        whole = {seed: clean(quantity, seed) for seed in seeds}
        flags = sum(judged(one).false_flags for one in whole.values())
        print(f"{quantity.value:<18} {'none':<11} {'':<15}      -  {per_month(flags, seeds):18.2f}")
        worst = max(worst, per_month(flags, seeds))
        for fault in FAULTS:
            if (quantity.value, fault) == ("feeder_state", "stuck"):
                print(f"{quantity.value:<18} {fault:<11} a state may stay as it is: not looked for")
                continue
            said = [judged(broken(one, fault, seed)) for seed, one in whole.items()]
            totals[fault] += [one.is_found for one in said]
            false = per_month(sum(one.false_flags for one in said), seeds)
            worst = max(worst, false)
            print(line(quantity.value, fault, SIZES.get((quantity, fault)), said, false))
            if (quantity, fault) in HIDDEN:
                said = [judged(broken(one, fault, s, HIDDEN)) for s, one in whole.items()]
                hidden.append(
                    line(quantity.value, fault, HIDDEN[quantity, fault], said,
                         per_month(sum(one.false_flags for one in said), seeds))
                )  # fmt: skip
    print("by fault: " + ", ".join(f"{k} {sum(v) / len(v):.3f}" for k, v in totals.items()))
    found = [one for of in totals.values() for one in of]
    print(f"all: recall {sum(found) / len(found):.3f}, most false flags {worst:.2f}")
    print("smaller than what is looked for, or just what the event looks like:")
    print("\n".join(hidden))


def per_month(flags: int, seeds: range) -> float:
    """Return flags of a number of networks and months a sensor-month."""
    return flags / (len(seeds) * STATIONS)


def line(sensor: str, fault: str, size: tuple[float, float, bool] | None, said, false) -> str:
    """Return a line of the table."""
    text = f"{'±' if size[2] else ''}{size[0]:g} to {size[1]:g}" if size else ""
    recall = sum(one.is_found for one in said) / len(said)
    by = Counter(name for one in said for name in one.reasons)
    reasons = ", ".join(f"{name} {count}" for name, count in by.most_common(3))
    return f"{sensor:<18} {fault:<11} {text:<15} {recall:6.2f}  {false:18.2f}  {reasons}"


if __name__ == "__main__":
    main(*sys.argv[1:])
