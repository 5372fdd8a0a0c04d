"""Everything that was wired, as the ways in see it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from threading import Event, Thread
from typing import TYPE_CHECKING

from rencheng.bootstrap.rounds import go_round
from rencheng.domain.errors import NotFoundError

if TYPE_CHECKING:
    import httpx

    from rencheng.adapters.replay.desk import ReplayDesk
    from rencheng.adapters.replay.scenarios import ScenarioFolder
    from rencheng.bootstrap.mqtt import MqttDoor
    from rencheng.connectors.poller import Poller
    from rencheng.domain.finding import DataFinding
    from rencheng.domain.impact import Impact
    from rencheng.domain.run import Run
    from rencheng.service.cycle import CycleResult, Models
    from rencheng.service.cycle_runner import CycleRunner
    from rencheng.service.dispatch import Dispatcher
    from rencheng.service.following import Follower
    from rencheng.service.house import House
    from rencheng.service.identity import Identity
    from rencheng.service.import_desk import ImportRoom
    from rencheng.service.lookup import Gazetteer
    from rencheng.service.net import Net
    from rencheng.service.observed import ObservedServices
    from rencheng.service.risk_jobs import RiskRoom


DELIVERY_PAUSE_S = 1.0


@dataclass(slots=True, kw_only=True)
class Brain:
    """Everything that a way in may ask for."""

    house: House
    identity: Identity
    models: Models
    runner: CycleRunner
    follower: Follower
    scenarios: ScenarioFolder
    dispatcher: Dispatcher
    observed: ObservedServices
    net: Net
    client: Callable[[], httpx.Client]
    """Makes the client by which the replay driver knocks at our own door."""
    demo_names: tuple[str, ...] = ()
    is_idle: bool = False
    """Whether nothing runs in the background: who uses the brain turns the loop itself."""
    close: Callable[[], None] = lambda: None
    warmed: Callable[[], None] = lambda: None
    """Called once, when what the loop needs is loaded and compiled."""
    room: ImportRoom | None = None
    risks: RiskRoom | None = None
    mqtt: MqttDoor | None = None
    feeds: Poller | None = None
    _desk: ReplayDesk | None = None
    _names: Gazetteer | None = None
    _stop: Event = field(default_factory=Event)
    _threads: list[Thread] = field(default_factory=list)

    def start(self) -> None:
        """Start what runs in the background: the loop, deliveries, replays that are not over."""
        from rencheng.service.warming import warm_up

        warm_up(self.house)
        if self.is_idle:
            return
        self.runner.start(self.warmed)
        self.follower.start()
        if self.room is not None:
            self.room.desk.start()
        if self.risks is not None:
            self.risks.desk.start()
        if self.mqtt is not None:
            self.mqtt.start()
        if self.feeds is not None:
            self.feeds.start()
        self._threads = [
            Thread(target=self._deliver, name="delivery", daemon=True),
            Thread(target=self._pay, name="owing", daemon=True),
        ]
        for one in self._threads:
            one.start()
        Thread(target=self.desk.resume, name="replays", daemon=True).start()

    def stop(self) -> None:
        """Stop it again, and let go of the store."""
        if self.is_idle:
            return
        self._stop.set()
        if self.feeds is not None:
            self.feeds.stop()
        if self.mqtt is not None:
            self.mqtt.stop()
        if self.room is not None:
            self.room.desk.stop()
        if self.risks is not None:
            self.risks.desk.stop()
        self.follower.stop()
        if self._desk is not None:
            self._desk.stop()
        self.runner.stop()
        for one in self._threads:
            one.join(5.0)
        self.close()

    @property
    def imports(self) -> ImportRoom:
        """What importing a city needs; `NotFoundError` where there is no state folder."""
        if self.room is None:
            raise NotFoundError(
                "import.nowhere", "there is no state folder", hint="Start with `rencheng serve`"
            )
        return self.room

    @property
    def risk(self) -> RiskRoom:
        """What runs of the risk engine need; `NotFoundError` where there is no state folder."""
        if self.risks is None:
            raise NotFoundError(
                "risk.nowhere", "there is no state folder", hint="Start with `rencheng serve`"
            )
        return self.risks

    @property
    def desk(self) -> ReplayDesk:
        """What follows replays; made when first needed."""
        if self._desk is None:
            from rencheng.adapters.replay.desk import ReplayDesk

            self._desk = ReplayDesk(self.house, self.scenarios, self.models, client=self.client)
        return self._desk

    def follow(self, run: Run) -> None:
        """Deliver a replay's items as its clock passes them, and turn the loop for it."""
        if self.is_idle:
            return
        self.desk.follow(run)
        self.runner.wake(run.id)

    def wake(self, run: str = "") -> None:
        """Say that something new was accepted."""
        self.runner.wake(run)

    def turn(self, run: str) -> CycleResult | None:
        """Return the last turn of the loop for a run, None before its first since the start."""
        found = self.runner.latest(run)
        if found is None:
            self.runner.wake(run)
        return found

    def impact(self, run: str) -> Impact | None:
        """Return what the hazard does to the city in a run, None on an ordinary day."""
        found = self.turn(run)
        return found.impact if found else None

    def names(self) -> Gazetteer:
        """Return the names of the served city's places."""
        from rencheng.service.lookup import Gazetteer

        city = self.house.cities.current()
        if self._names is None or self._names.city.version != city.version:
            self._names = Gazetteer(city)
        return self._names

    def check_city(self) -> tuple[DataFinding, ...]:
        """Return what is missing or weak in the served city's data."""
        return self.house.findings(self.house.cities.current())

    def _deliver(self) -> None:
        from rencheng.service.delivery import deliver
        from rencheng.service.escalation import escalate

        house = self.house
        jobs = (lambda: escalate(house), lambda: deliver(house), self.identity.keys.note)
        go_round("delivery", jobs, self._stop, DELIVERY_PAUSE_S)

    def _pay(self) -> None:
        from rencheng.service.owing import pay

        go_round("owing", (lambda: pay(self.house),), self._stop, DELIVERY_PAUSE_S)


_handed: list[Brain] = []


def hand_over(brain: Brain) -> None:
    """Keep the brain for the web application, which the server makes by name."""
    _handed[:] = [brain]


def handed_over() -> Brain:
    """Return the brain that was handed over."""
    if not _handed:
        raise NotFoundError(
            "bootstrap.nothing", "no brain was wired", hint="Start with `rencheng serve`"
        )
    return _handed[0]
