"""What tests of imports need: a room on a folder, an obedient workshop, small files."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from rencheng.adapters.imports import open_room
from rencheng.domain.errors import ConflictError
from rencheng.service.house import House
from rencheng.service.import_desk import ImportRoom, import_desk
from rencheng.service.importing import (
    Import,
    KindInfo,
    Outcome,
    Plan,
    Preview,
    SourcePlan,
    Task,
    mark_of,
)
from rencheng.service.imports import NewImport
from rencheng.service.jobs import Step

NEW = NewImport(city="haicheng", name_zh="海城", name_en="Haicheng", timezone="Asia/Shanghai")
KINDS = (
    KindInfo(kind="vector", layers=("zones", "buildings", "facilities"), endings=(".geojson",)),
    KindInfo(kind="osm_pbf", layers=("roads",), endings=(".pbf",), is_usable=False),
)
SOURCE = SourcePlan(id="houses", kind="vector", file="houses.geojson", layers=("buildings",))
PLAN = Plan(sources=(SOURCE,), missing={"power": "generate", "water": "leave"})


@dataclass
class FakeWorkshop:
    """Works as the test says: `act` gets the import, the task, and how to tell and hear."""

    act: Callable[..., Outcome] | None = None
    seen: list[tuple[str, str]] = field(default_factory=list)

    def kinds(self) -> tuple[KindInfo, ...]:
        return KINDS

    def columns(self) -> Mapping[str, tuple[str, ...]]:
        return {"buildings": ("id", "use")}

    def preview(self, file: Path, part: str, crs: str) -> Preview:
        raise NotImplementedError

    def work(
        self,
        item: Import,
        task: Task,
        tell: Callable[[Step], None],
        is_stopped: Callable[[], bool],
    ) -> Outcome:
        self.seen.append((item.id, task.value))
        if self.act is not None:
            return self.act(item, task, tell, is_stopped)
        return outcome_of(item, "0123456789abcdef" if task is Task.BUILD else "")


def outcome_of(item: Import, version: str = "", **more: Any) -> Outcome:
    return Outcome(
        mark=mark_of(item),
        at=datetime(2026, 1, 1, tzinfo=UTC),
        seconds=1.0,
        version=version,
        **more,
    )


def stopped() -> ConflictError:
    return ConflictError("city.stopped", "stopped", hint="Start it again")


def room_of(
    house: House, folder: Path, workshop: FakeWorkshop | None = None, **how: Any
) -> ImportRoom:
    """Return a room on a folder; with a workshop of the test's own if one is given."""
    made = open_room(house, folder, **how)
    if workshop is None:
        return made
    return ImportRoom(
        shelf=made.shelf,
        workshop=workshop,
        versions=made.versions,
        statements=made.statements,
        desk=import_desk(house, made.shelf, workshop),
    )


def houses(count: int = 40, west: float = -71.35, south: float = -29.95) -> bytes:
    """Return square houses in rows as GeoJSON."""
    features = []
    for number in range(count):
        x, y = west + 0.0006 * (number % 20), south + 0.0006 * (number // 20)
        ring = [[x, y], [x + 2e-4, y], [x + 2e-4, y + 2e-4], [x, y + 2e-4], [x, y]]
        features.append(
            {
                "type": "Feature",
                "geometry": {"type": "Polygon", "coordinates": [ring]},
                "properties": {
                    "nr": number,
                    "Nutzung": "residential",
                    "Stockwerke": 1 + number % 4,
                },
            }
        )
    return json.dumps({"type": "FeatureCollection", "features": features}).encode()
