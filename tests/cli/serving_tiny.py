"""Serves the tiny city with ten more gauges and one rule, and prints a key for them."""

from __future__ import annotations

import sys
from dataclasses import replace
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

import uvicorn

from cycle_kit import table
from ops_kit import GAUGE, OneCity
from rencheng.adapters.restoration import load_restoration
from rencheng.adapters.risk.people.tables import casualty_table
from rencheng.adapters.rules import load_indicators, load_rules
from rencheng.adapters.store import open_store
from rencheng.adapters.watch_packs import OFFICE_FOLDER
from rencheng.api.app import create_app
from rencheng.bootstrap.wiring import assemble, wall_clock
from rencheng.domain.city import City
from rencheng.service.cycle import Models
from rencheng.service.identity import Identity
from rencheng.service.ports import Account
from tiny_city import make_tiny_city

GAUGES = 10
PACK = """schema = "rencheng/alarms/2"
id = "tiny"
version = "1"
title_zh = "试验"
title_en = "Test"
jurisdiction = "CL"
status = "unverified"
source = "Made up"
valid_from = "2020-01-01"

[[rule]]
id = "high"
title_zh = "高水位"
title_en = "High water"
speaks = "stream"
streams = ["g*"]
measure = "last"
lasting_s = 0
steps = [{ level = 2, at = 4.0 }]
"""


def city() -> City:
    tiny = make_tiny_city()
    gauges = tuple(
        replace(GAUGE, id=f"g{n}", name=f"g{n}", rate=float("inf"), stuck_after=0, low=-15.0,
                high=20.0)
        for n in range(GAUGES)
    )  # fmt: skip
    return replace(tiny, datastreams=(*tiny.datastreams, *gauges))


def main(folder: Path, port: int) -> None:
    rules = folder / OFFICE_FOLDER
    rules.mkdir(parents=True, exist_ok=True)
    (rules / "tiny.toml").write_text(PACK, encoding="utf-8")
    store = open_store(folder / "rencheng.sqlite")
    identity = Identity(work=store, now=wall_clock)
    models = Models(
        table=table(), rates=casualty_table(), restoration=load_restoration(),
        rules=load_rules(), indicators=load_indicators(),
    )  # fmt: skip
    brain = assemble(
        store, identity, OneCity(city()), models=models, address=f"http://127.0.0.1:{port}",
        state=folder,
    )  # fmt: skip
    with store() as work:
        if work.accounts.find("gauge") is None:
            work.accounts.add(
                Account(id="gauge", name="gauge", organisation="",
                        roles=("device", "sensor_operator"), language="en", password_hash="",
                        is_demo=False)
            )  # fmt: skip
            work.commit()
    sys.stdout.write(identity.create_token("gauge", "test")[0] + "\n")
    sys.stdout.flush()
    uvicorn.run(create_app(brain), host="127.0.0.1", port=port, log_level="warning")


if __name__ == "__main__":
    main(Path(sys.argv[1]), int(sys.argv[2]))
