"""The server's side of replays: one driver for each replay that is not over."""

from __future__ import annotations

import logging
from collections.abc import Callable
from threading import Event, Thread

import httpx

from rencheng.adapters.replay.driver import ClockNow, Driver, Item
from rencheng.adapters.replay.items import items_of
from rencheng.adapters.replay.scenarios import ScenarioFolder
from rencheng.domain.errors import RenchengError
from rencheng.domain.provenance import Mode
from rencheng.domain.run import Run
from rencheng.service.cycle import Models
from rencheng.service.house import House
from rencheng.service.replay import clock, finish, hold

_LOG = logging.getLogger(__name__)


class ReplayDesk:
    """Follow replays: post what is due through the HTTP door until the run is over.

    Parameters
    ----------
    house, scenarios, models
        Where, what can be replayed, and what the synthetic streams are drawn with.
    client
        Makes a client that knows the server's address and carries a device's token.
    """

    def __init__(
        self,
        house: House,
        scenarios: ScenarioFolder,
        models: Models,
        *,
        client: Callable[[], httpx.Client],
    ) -> None:
        self._house, self._scenarios, self._models = house, scenarios, models
        self._client = client
        self._stop = Event()
        self._drivers: dict[str, Driver] = {}
        self._threads: dict[str, Thread] = {}
        self._problems: dict[str, str] = {}
        self._items: dict[tuple[str, str], tuple[Item, ...]] = {}

    def follow(self, run: Run) -> None:
        """Start to deliver a run, in a thread of its own; once for each run."""
        if run.id in self._threads:
            return
        thread = Thread(target=self._follow, args=(run,), name=f"replay-{run.id}", daemon=True)
        self._threads[run.id] = thread
        thread.start()

    def resume(self) -> None:
        """Follow every replay that is not over, after a restart; what is repeated counts once."""
        with self._house.work() as work:
            runs = work.runs.list("", where={"is_over": "false", "mode": Mode.REPLAY.value})
        for run in runs:
            self.follow(run)

    def problem(self, run: str) -> str:
        """Return why the delivery of a run is stuck or over; empty: it is not."""
        driver = self._drivers.get(run)
        return self._problems.get(run) or (driver.progress.problem if driver else "")

    def stop(self) -> None:
        """End all deliveries; the runs stay open."""
        self._stop.set()
        for driver in list(self._drivers.values()):
            driver.stop(0.0)
        for thread in self._threads.values():
            thread.join(5.0)

    def _follow(self, run: Run) -> None:
        try:
            items = self._items_of(run.scenario)
            with self._client() as client:
                driver = Driver(
                    run=run.id,
                    items=items,
                    clock=lambda: ClockNow(*clock(self._house, run.id)),
                    finish=lambda: finish(self._house, run.id),
                    client=client,
                    hold=lambda delivered: hold(self._house, run.id, delivered),
                )
                self._drivers[run.id] = driver
                if not self._stop.is_set():
                    driver.drive()
        except RenchengError as error:
            self._problems[run.id] = error.problem
            _LOG.error("replay %s cannot be followed: %s", run.id, error)

    def _items_of(self, scenario: str) -> tuple[Item, ...]:
        city = self._house.cities.current()
        key = (scenario, city.version)
        if key not in self._items:
            file = self._scenarios.file(scenario)
            models = self._models
            self._items[key] = items_of(city, file, models.table, models.restoration)
        return self._items[key]
