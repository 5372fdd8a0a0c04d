"""The application over a real store and the tiny city, with its clock in the hand of the test."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from fastapi import FastAPI

from api_kit import PASSWORD, ROOT, WEAK, Enter, TestClient
from cycle_kit import table
from ops_kit import T0, Clock, OneCity
from rencheng.adapters.restoration import load_restoration
from rencheng.adapters.risk.people.tables import casualty_table
from rencheng.adapters.rules import load_indicators, load_rules
from rencheng.adapters.store import open_store
from rencheng.api.app import create_app
from rencheng.api.live import Pulse
from rencheng.api.security import CSRF_HEADER, Limits
from rencheng.bootstrap import DEMO, Brain, assemble, hand_over
from rencheng.domain.city import City
from rencheng.domain.hazard import BulletinKind
from rencheng.service.cycle import Models
from rencheng.service.house import Command
from rencheng.service.identity import Identity
from rencheng.service.ingest import BulletinItem, ingest_bulletin
from rencheng.service.ports import Account


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def brain(tmp_path: Path, tiny_city: City, clock: Clock) -> Iterator[Brain]:
    store = open_store(tmp_path / "state.sqlite")
    identity = Identity(work=store, now=clock, hasher=WEAK)
    models = Models(
        table=table(),
        rates=casualty_table(),
        restoration=load_restoration(),
        rules=load_rules(),
        indicators=load_indicators(),
    )
    made = assemble(store, identity, OneCity(tiny_city), models=models, address="http://test")
    made.is_idle = True
    hashed = WEAK.hash(PASSWORD)
    with store() as work:
        for key, name, role, organisation in (
            *DEMO,
            ("gauge", "gauge", "device", ""),
            ("sensors", "sensors", "sensor_operator", ""),
            ("driver", "driver", "replay_device", ""),
            ("nobody", "nobody", "unheard of", ""),
        ):
            work.accounts.add(
                Account(
                    id=key,
                    name=name,
                    organisation=organisation,
                    roles=(role,),
                    language="zh-CN",
                    password_hash=hashed,
                    is_demo=False,
                )
            )
        work.commit()
    yield made
    store.close()


@cache
def application() -> FastAPI:
    """Return the one application of all tests; making it takes longer than most of them."""
    return create_app()


@pytest.fixture
def app(brain: Brain) -> FastAPI:
    hand_over(brain)
    app = application()
    app.state.brain, app.state.limits, app.state.pulse = brain, Limits(), Pulse(brain)
    return app


@pytest.fixture
def enter(app: FastAPI) -> Enter:
    """Return a function that gives a browser in which somebody is signed in, or nobody."""

    def enter(name: str = "") -> TestClient:
        client = TestClient(app, base_url=f"http://testserver{ROOT}/")
        if name:
            answer = client.post("session", json={"username": name, "password": PASSWORD})
            assert answer.status_code == 200, answer.text
            client.headers[CSRF_HEADER] = answer.json()["csrf"]
        return client

    return enter


@pytest.fixture
def device(app: FastAPI, brain: Brain) -> Callable[..., TestClient]:
    """Return a function that gives a program with the key of an account."""

    def device(account: str = "gauge", **limits: Any) -> TestClient:
        secret, _ = brain.identity.create_token(account, "test", **limits)
        headers = {"Authorization": f"Bearer {secret}"}
        return TestClient(app, base_url=f"http://testserver{ROOT}/", headers=headers)

    return device


@pytest.fixture
def shaken(brain: Brain, clock: Clock) -> Brain:
    """Return the brain three minutes after a strong earthquake off the tiny city's coast."""
    clock.forward(minutes=3)
    gauge = brain.identity.caller_of_token(brain.identity.create_token("gauge", "feed")[0]).actor
    item = BulletinItem(
        id="b1",
        event="e1",
        kind=BulletinKind.EARTHQUAKE,
        issuer="CSN",
        issued=T0,
        origin_time=T0,
        lon=-71.6,
        lat=-30.2,
        depth_km=25.0,
        magnitude=8.0,
        magnitude_sd=0.2,
        text="",
        source="test",
    )
    ingest_bulletin(brain.house, Command(actor=gauge, run="live"), item)
    brain.runner.turn("live")
    return brain
