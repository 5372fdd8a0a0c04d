"""Wiring: the one place that knows everybody."""

from __future__ import annotations

import logging
import os
import secrets
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from threading import Event, Thread
from typing import TYPE_CHECKING

from rencheng.adapters.files import DEFAULT_CITY
from rencheng.adapters.files import must_be_alone as must_be_alone
from rencheng.domain.errors import NotFoundError, RenchengError
from rencheng.service.ports import Account, Cities

if TYPE_CHECKING:
    import httpx

    from rencheng.adapters.notify.webhook.channel import Target
    from rencheng.adapters.replay.desk import ReplayDesk
    from rencheng.adapters.replay.scenarios import ScenarioFolder
    from rencheng.adapters.store import Store
    from rencheng.domain.finding import DataFinding
    from rencheng.domain.impact import Impact
    from rencheng.domain.resource import Organisation
    from rencheng.domain.run import Run
    from rencheng.service.cycle import CycleResult, Models
    from rencheng.service.cycle_runner import CycleRunner
    from rencheng.service.dispatch import Dispatcher
    from rencheng.service.house import House
    from rencheng.service.identity import Identity
    from rencheng.service.import_desk import ImportRoom
    from rencheng.service.lookup import Gazetteer
    from rencheng.service.observed import ObservedServices

log = logging.getLogger("rencheng")

STORE_FILE = "rencheng.sqlite"
STORE_ADDRESS = "RENCHENG_STORE"
"""Environment variable with the address of a PostgreSQL database, instead of the file."""
LOGINS_FILE = "demo-logins.txt"
DRIVER = "replay-driver"
DELIVERY_PAUSE_S = 1.0
DEMO = (
    # id, name in Chinese, role, organisation
    ("duty", "值班员", "duty_officer", "emergency"),
    ("chief", "指挥长", "commander", "emergency"),
    ("deputy", "副指挥长", "commander", "emergency"),
    ("power", "供电公司调度", "utility", "power_utility"),
    ("water", "供水公司调度", "utility", "water_utility"),
    ("hospital", "医院调度", "hospital", "health_service"),
    ("ambulance", "急救中心调度", "hospital", "ambulance_service"),
    ("field", "网格员", "field", "community_la_serena"),
    ("planner", "韧性规划师", "planner", "emergency"),
    ("auditor", "审计员", "auditor", "emergency"),
)


@dataclass(slots=True, kw_only=True)
class Brain:
    """Everything that a way in may ask for."""

    house: House
    identity: Identity
    models: Models
    runner: CycleRunner
    scenarios: ScenarioFolder
    dispatcher: Dispatcher
    observed: ObservedServices
    client: Callable[[], httpx.Client]
    """Makes the client by which the replay driver knocks at our own door."""
    demo_names: tuple[str, ...] = ()
    is_idle: bool = False
    """Whether nothing runs in the background: who uses the brain turns the loop itself."""
    close: Callable[[], None] = lambda: None
    room: ImportRoom | None = None
    _desk: ReplayDesk | None = None
    _names: Gazetteer | None = None
    _stop: Event = field(default_factory=Event)
    _thread: Thread | None = None

    def start(self) -> None:
        """Start what runs in the background: the loop, deliveries, replays that are not over."""
        if self.is_idle:
            return
        self.runner.start()
        if self.room is not None:
            self.room.desk.start()
        self._thread = Thread(target=self._deliver, name="delivery", daemon=True)
        self._thread.start()
        Thread(target=self.desk.resume, name="replays", daemon=True).start()

    def stop(self) -> None:
        """Stop it again, and let go of the store."""
        if self.is_idle:
            return
        self._stop.set()
        if self.room is not None:
            self.room.desk.stop()
        if self._desk is not None:
            self._desk.stop()
        self.runner.stop()
        if self._thread is not None:
            self._thread.join(5.0)
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

        while not self._stop.wait(DELIVERY_PAUSE_S):
            try:
                deliver(self.house)
            except RenchengError as error:
                log.warning("deliveries wait: %s", error)


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


def wall_clock() -> datetime:
    """Return the time now. [UTC]"""
    return datetime.now(UTC)


def open_identity(state: Path) -> tuple[Identity, Store]:
    """Open the accounts of a state folder, without the rest (for the command line).

    The store is the file in the folder, or the database that `$RENCHENG_STORE` names.
    """
    from rencheng.adapters.store import open_postgres, open_store
    from rencheng.service.identity import Identity

    address = os.environ.get(STORE_ADDRESS, "")
    store = open_postgres(address, state) if address else open_store(state / STORE_FILE)
    return Identity(work=store, now=wall_clock), store


def build_brain(
    state: Path,
    city: str = DEFAULT_CITY,
    *,
    demo: bool = False,
    address: str = "http://127.0.0.1:8000",
    data_root: Path | None = None,
) -> Brain:
    """Wire everything on a state folder.

    Parameters
    ----------
    state
        Folder of the store and the built cities; made when missing.
    city
        Id of the city to serve.
    demo
        Make demo accounts on a fresh state; without it existing ones cannot sign in.
    address
        Where the server will listen; the replay driver knocks there.
    data_root
        Folder whose files may be imported without sending them; None: none.
    """
    from rencheng.adapters.cities.store import Folder
    from rencheng.adapters.imports import open_room
    from rencheng.adapters.notify.webhook.targets import read_targets

    identity, store = open_identity(state)
    identity.is_demo_allowed = demo
    try:
        cities = Folder(state, city)
        cities.current()
        targets = read_targets(state)
        models = load_models(state)
        brain = assemble(
            store, identity, cities, models=models, address=address, targets=targets, state=state
        )
        brain.room = open_room(brain.house, state, data_root=data_root)
        offices = cities.current().organisations
        brain.demo_names = demo_accounts(identity, state, offices) if demo else ()
    except RenchengError:
        store.close()
        raise
    return brain


def assemble(
    store: Store,
    identity: Identity,
    cities: Cities,
    *,
    models: Models,
    address: str,
    targets: Mapping[str, Target] | None = None,
    state: Path | None = None,
) -> Brain:
    """Wire services around a store, a city and models; nothing is started yet.

    `targets` are the webhook subscribers, who get live warnings only; `state` is the folder where
    builds keep what was wrong in a city's sources.
    """
    import httpx

    from rencheng.adapters.cities.check import Checked
    from rencheng.adapters.notify.console.channel import ConsoleChannel
    from rencheng.adapters.notify.webhook.channel import WebhookChannel
    from rencheng.adapters.quality_limits import load_quality_limits
    from rencheng.adapters.replay.scenarios import ScenarioFolder
    from rencheng.adapters.words import render
    from rencheng.service.cycle_runner import CycleRunner
    from rencheng.service.dispatch import Dispatcher
    from rencheng.service.house import House, Subscriber
    from rencheng.service.observed import ObservedServices

    console = ConsoleChannel()
    webhook = WebhookChannel(targets or {}, identity.now)
    house = House(
        work=store,
        now=identity.now,
        cities=cities,
        words=render,
        channels=(console, webhook),
        subscribers=(
            Subscriber(id="console", channel=console.name),
            *(Subscriber(id=name, channel=webhook.name) for name in targets or {}),
        ),
        rules=models.rules,
        findings=Checked(state),
        quality=load_quality_limits(),
    )
    secret = ""

    def client() -> httpx.Client:
        nonlocal secret
        secret = secret or driver_token(identity)
        headers = {"Authorization": f"Bearer {secret}"}
        return httpx.Client(base_url=address, headers=headers, timeout=30.0, trust_env=False)

    return Brain(
        house=house,
        identity=identity,
        models=models,
        runner=CycleRunner(house, models),
        scenarios=ScenarioFolder(),
        dispatcher=Dispatcher(),
        observed=ObservedServices(house),
        client=client,
        close=store.close,
    )


def load_models(state: Path) -> Models:
    """Read everything that is data rather than code."""
    from rencheng.adapters.alarm_rules import load_alarm_rules
    from rencheng.adapters.curves import read_casualty_rates, read_curves
    from rencheng.adapters.restoration import load_restoration
    from rencheng.adapters.rules import load_indicators, load_rules
    from rencheng.service.cycle import Models

    return Models(
        table=read_curves(state),
        rates=read_casualty_rates(),
        restoration=load_restoration(),
        rules=load_rules(),
        indicators=load_indicators(),
        alarms=load_alarm_rules(),
    )


def driver_token(identity: Identity) -> str:
    """Return a fresh key for the replay driver; it lives in memory, and older ones end."""
    known = {account.id: account for account in identity.accounts()}
    if DRIVER not in known:
        account = Account(
            id=DRIVER,
            name="回放驱动 replay driver",
            organisation="",
            roles=("replay_device",),
            language="en",
            password_hash="",
            is_demo=False,
        )
        identity.add_account(account, "")
    for token in identity.tokens():
        if token.account == DRIVER and token.revoked is None:
            identity.revoke_token(token.id)
    return identity.create_token(DRIVER, f"driver {secrets.token_hex(4)}")[0]


def demo_accounts(
    identity: Identity, state: Path, offices: Sequence[Organisation] = ()
) -> tuple[str, ...]:
    """Make the demo accounts of a fresh state, with random passwords in a file of mode 0600."""
    from rencheng.service.seats import seat

    known = {account.id for account in identity.accounts()}
    missing = [row for row in DEMO if row[0] not in known]
    if missing:
        lines = demo_logins(state)
        for key, name, role, organisation in missing:
            password = secrets.token_urlsafe(9)
            account = Account(
                id=key,
                name=name,
                organisation=seat(organisation, offices),
                roles=(role,),
                language="zh-CN",
                password_hash="",
                is_demo=True,
            )
            identity.add_account(account, password)
            lines[key] = password
        _write_private(state / LOGINS_FILE, lines)
    names = {account.id for account in identity.accounts() if account.is_demo and account.roles}
    return tuple(row[0] for row in DEMO if row[0] in names)


def demo_logins(state: Path) -> dict[str, str]:
    """Return the demo passwords by name, as far as the file still has them."""
    file = state / LOGINS_FILE
    if not file.is_file():
        return {}
    lines = file.read_text(encoding="utf-8").splitlines()
    return dict(line.split(None, 1) for line in lines if line.strip() and line[0] != "#")


def _write_private(file: Path, logins: dict[str, str]) -> None:
    file.touch(mode=0o600)
    file.chmod(0o600)
    rows = "".join(f"{name} {password}\n" for name, password in logins.items())
    file.write_text(f"# 演示账号 demo accounts: name password\n{rows}", encoding="utf-8")
