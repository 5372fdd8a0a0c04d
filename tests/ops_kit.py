"""A whole house on a temporary store, with its clock in the hand of the test."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from rencheng.adapters.store import Store, open_store
from rencheng.adapters.words import render
from rencheng.domain.change import CityVersion
from rencheng.domain.city import City
from rencheng.domain.errors import NotFoundError, SourceUnavailableError
from rencheng.domain.identity import Actor
from rencheng.domain.observation import Datastream, Quantity
from rencheng.domain.provenance import Mode, Origin
from rencheng.domain.run import Run
from rencheng.service.house import Command, House, Subscriber
from rencheng.service.ports import Delivery, UnitOfWork

T0 = datetime(2015, 9, 16, 22, 54, 33, tzinfo=UTC)
GAUGE = Datastream(
    id="tide",
    name="tide",
    quantity=Quantity.WATER_LEVEL,
    unit="m",
    xy=(-71.3, -29.9),
    asset="",
    zone=0,
    interval_s=60.0,
    low=-6.0,
    high=8.0,
    rate=0.05,
    stuck_after=4,
    is_vital=True,
    origin=Origin.SYNTHETIC,
)


def person(name: str, role: str, organisation: str = "emergency") -> Actor:
    return Actor(id=name, name=name, organisation=organisation, roles=frozenset({role}))


DUTY = person("duty", "duty_officer")
CHIEF = person("chief", "commander")
DEPUTY = person("deputy", "commander")
PLANNER = person("planner", "planner")
AUDITOR = person("auditor", "auditor")
POWER = person("power", "utility", "power_utility")
WATER = person("water", "utility", "water_utility")
FIELD = person("field", "field", "community_la_serena")
DEVICE = person("device", "device")
NOBODY = person("nobody", "unheard of")


@dataclass
class Clock:
    """Wall time that stands still until the test moves it."""

    time: datetime = T0

    def __call__(self) -> datetime:
        return self.time

    def forward(self, **by: float) -> datetime:
        self.time += timedelta(**by)
        return self.time


class OneCity:
    """Versions of a city that need no disk; the last one given is served."""

    def __init__(self, *cities: City) -> None:
        self._cities = list(cities)

    def current(self) -> City:
        return self._cities[-1]

    def kept(self) -> tuple[CityVersion, ...]:
        return tuple(
            CityVersion(
                version=one.version,
                built=T0 + timedelta(days=day),
                buildings=one.buildings.id.size,
                links=one.roads.start.size,
                is_current=one is self.current(),
            )
            for day, one in reversed(list(enumerate(self._cities)))
        )

    def load(self, version: str) -> City:
        for one in self._cities:
            if one.version == version:
                return one
        raise NotFoundError(
            "city.no_version",
            f"no version {version}",
            hint="Look at the list",
            params={"city": self.current().id, "version": version},
        )

    def set_current(self, version: str) -> City:
        self._cities.append(self.load(version))
        return self.current()


@dataclass
class Outside:
    """A channel that remembers what it handed over, and fails when it is told to."""

    name: str = "outside"
    is_live: bool = True
    sent: list[Delivery] = field(default_factory=list)
    failures: int = 0

    def send(self, delivery: Delivery) -> None:
        if self.failures:
            self.failures -= 1
            raise SourceUnavailableError("notify.down", "it is down", hint="Try again")
        self.sent.append(delivery)


@dataclass
class Kit:
    """The house, and everything that a test may turn."""

    house: House
    store: Store
    clock: Clock
    outside: Outside
    inside: Outside

    def order(self, actor: Actor, run: str = "live", id: str = "") -> Command:  # noqa: A002
        return Command(actor=actor, run=run, id=id)

    def see(self, look: Callable[[UnitOfWork], Any]) -> Any:
        with self.house.work() as work:
            return look(work)

    def keep(self, do: Callable[[UnitOfWork], Any]) -> Any:
        with self.house.work() as work:
            answer = do(work)
            work.commit()
        return answer

    def replay(self, key: str = "r1", *, mode: Mode = Mode.REPLAY) -> str:
        """Start a run whose clock keeps pace with the wall clock."""
        run = Run(
            id=key,
            mode=mode,
            scenario="test",
            city_version="1",
            started=self.clock(),
            sim_start=T0,
            sim_end=T0 + timedelta(days=3),
            anchor_sim=T0,
            anchor_wall=self.clock(),
            speed=1.0,
        )
        self.keep(lambda work: work.runs.add(run))
        return key

    def actions(self) -> list[str]:
        """Return the log's actions, oldest first."""
        return self.see(lambda work: [line.action for line in work.log.walk()])

    def events(self) -> list[str]:
        return self.see(lambda work: [event.kind for event in work.events.since(0)])


def make_kit(folder: Path, city: City, **changes: Any) -> Kit:
    """Open a store in `folder` and wire a house around it."""
    store, clock = open_store(folder / "state.db"), Clock()
    outside, inside = Outside(), Outside(name="console", is_live=False)
    house = House(
        work=store,
        now=clock,
        cities=OneCity(city),
        words=render,
        channels=(outside, inside),
        subscribers=(
            Subscriber(id="radio", channel="outside"),
            Subscriber(id="console", channel="console"),
        ),
    )
    return Kit(replace(house, **changes), store, clock, outside, inside)
