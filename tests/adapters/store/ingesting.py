"""Ingests batches without end and prints the ids of each one once it was acknowledged."""

from __future__ import annotations

import sys
from datetime import timedelta
from itertools import count
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from ops_kit import DEVICE, T0, make_kit
from rencheng.service.ingest import ObservationItem, ingest_observations
from tiny_city import make_tiny_city


def main(folder: Path) -> None:
    kit = make_kit(folder, make_tiny_city())
    kit.clock.forward(days=1)
    for batch in count():
        items = [
            ObservationItem(
                id=f"{batch}-{n}",
                datastream="tide-1",
                value=0.001 * ((batch * 20 + n) % 1000),
                unit="m",
                phenomenon_time=T0 + timedelta(seconds=batch * 20 + n),
            )
            for n in range(20)
        ]
        result = ingest_observations(kit.house, kit.order(DEVICE), f"b{batch}", items)
        if result.accepted:
            sys.stdout.write(" ".join(item.id for item in items) + "\n")
            sys.stdout.flush()


if __name__ == "__main__":
    main(Path(sys.argv[1]))
