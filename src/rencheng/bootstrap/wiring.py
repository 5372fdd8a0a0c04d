"""Wiring: what is made of what."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from math import nan
from pathlib import Path
from typing import TYPE_CHECKING

from rencheng.adapters.files import DEFAULT_CITY
from rencheng.bootstrap.accounts import demo_accounts, driver_token
from rencheng.bootstrap.brain import Brain
from rencheng.domain.errors import InvalidInputError, RenchengError
from rencheng.service.ports import Cities

if TYPE_CHECKING:
    import httpx

    from rencheng.adapters.notify.webhook.channel import Target
    from rencheng.adapters.store import Store
    from rencheng.domain.impact import FragilityTable
    from rencheng.service.cycle import Models
    from rencheng.service.house import Settings
    from rencheng.service.identity import Identity

STORE_FILE = "rencheng.sqlite"
HISTORY_DAYS = "RENCHENG_HISTORY_DAYS"
"""Environment variable with the age from which readings are put into files by month. [d]"""
STORE_ADDRESS = "RENCHENG_STORE"
"""Environment variable with the address of a PostgreSQL database, instead of the file."""


def wall_clock() -> datetime:
    """Return the time now. [UTC]"""
    return datetime.now(UTC)


def open_identity(state: Path, *, is_shared: bool = False) -> tuple[Identity, Store]:
    """Open the accounts of a state folder, without the rest (for the command line).

    The store is the file in the folder, or the database that `$RENCHENG_STORE` names. `is_shared`:
    a service may run on it, whose readings are read and not changed.
    """
    from rencheng.adapters.store import open_postgres, open_store
    from rencheng.service.identity import Identity

    address = os.environ.get(STORE_ADDRESS, "")
    if address:
        store = open_postgres(address, state, is_shared=is_shared)
    else:
        store = open_store(state / STORE_FILE, is_shared=is_shared)
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
    from rencheng.adapters.curves import curves_in_use
    from rencheng.adapters.imports import open_room
    from rencheng.adapters.notify.webhook.targets import read_targets
    from rencheng.bootstrap.feeds import open_feeds
    from rencheng.bootstrap.risk import open_risk
    from rencheng.service.curve_faults import tell_of_curves

    identity, store = open_identity(state)
    identity.is_demo_allowed = demo
    try:
        cities = Folder(state, city)
        cities.current()
        targets = read_targets(state)
        table, fault = curves_in_use(state)
        models = load_models(state, table)
        brain = assemble(
            store, identity, cities, models=models, address=address, targets=targets, state=state
        )
        tell_of_curves(brain.house, fault)
        brain.feeds = open_feeds(brain, state)
        brain.room = open_room(brain.house, state, data_root=data_root)
        brain.risks = open_risk(brain.house, state, models)
        offices = cities.current().organisations
        brain.demo_names = demo_accounts(identity, state, offices) if demo else ()
    except RenchengError:
        store.close()
        raise
    return brain


def office_settings(history_days: str) -> Settings:
    """Return the settings of the office; empty: as they are without one being stated."""
    from rencheng.service.house import Settings

    if not history_days:
        return Settings()
    try:
        days = float(history_days)
    except ValueError:
        days = nan
    if not days >= 1.0:
        raise InvalidInputError(
            "intake.history_days",
            f"{HISTORY_DAYS} is {history_days!r}, not a number of days from 1 on",
            hint="Set it to a number such as 92, or leave it out",
            params={"name": HISTORY_DAYS, "value": history_days},
        )
    return Settings(history_days=days)


def _client_of(identity: Identity, address: str) -> Callable[[], httpx.Client]:
    """Return what makes clients of our own door, with a fresh key from the first one on."""
    import httpx

    secret = ""

    def client() -> httpx.Client:
        nonlocal secret
        secret = secret or driver_token(identity)
        headers = {"Authorization": f"Bearer {secret}"}
        return httpx.Client(base_url=address, headers=headers, timeout=30.0, trust_env=False)

    return client


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
    from rencheng.adapters.cities.check import Checked
    from rencheng.adapters.cities.files.units import known_quantity
    from rencheng.adapters.escalation import load_escalation
    from rencheng.adapters.notify.console.channel import ConsoleChannel
    from rencheng.adapters.notify.webhook.channel import WebhookChannel
    from rencheng.adapters.quality_limits import load_quality_limits
    from rencheng.adapters.replay.scenarios import ScenarioFolder
    from rencheng.adapters.watch_packs import open_watch
    from rencheng.adapters.words import render
    from rencheng.service.cycle_runner import CycleRunner
    from rencheng.service.dispatch import Dispatcher
    from rencheng.service.following import Follower
    from rencheng.service.house import House, Subscriber
    from rencheng.service.net import Net
    from rencheng.service.observed import ObservedServices
    from rencheng.service.register import Register

    console, webhook = ConsoleChannel(), WebhookChannel(targets or {}, identity.now)
    house = House(
        work=store,
        now=identity.now,
        settings=office_settings(os.environ.get(HISTORY_DAYS, "")),
        cities=Register(store, cities, known_quantity),
        words=render,
        channels=(console, webhook),
        subscribers=(
            Subscriber(id="console", channel=console.name, takes_alarms=True),
            *(
                Subscriber(id=name, channel=webhook.name, takes_alarms=target.takes_alarms)
                for name, target in (targets or {}).items()
            ),
        ),
        rules=models.rules,
        findings=Checked(state),
        quality=load_quality_limits(),
        escalation=load_escalation(state),
        watch=open_watch(state),
    )
    runner = CycleRunner(house, models)
    return Brain(
        house=house,
        identity=identity,
        models=models,
        runner=runner,
        follower=Follower(house, runner.wake),
        scenarios=ScenarioFolder(),
        dispatcher=Dispatcher(),
        observed=ObservedServices(house),
        net=Net(house),
        client=_client_of(identity, address),
        close=store.close,
    )


def load_models(state: Path, table: FragilityTable | None = None) -> Models:
    """Read everything that is data rather than code; `table`: the curves, when they are known."""
    from rencheng.adapters.curves import read_curves
    from rencheng.adapters.restoration import load_restoration
    from rencheng.adapters.risk.people.tables import casualty_table
    from rencheng.adapters.rules import load_indicators, load_rules
    from rencheng.service.cycle import Models

    return Models(
        table=read_curves(state) if table is None else table,
        rates=casualty_table(),
        restoration=load_restoration(),
        rules=load_rules(),
        indicators=load_indicators(),
    )
