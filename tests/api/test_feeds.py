"""Feeds and warnings of others over HTTP."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from math import nan
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from api_kit import Enter
from ops_kit import T0, Clock
from rencheng.bootstrap import Brain
from rencheng.bootstrap.feeds import open_feeds
from rencheng.connectors.cap_feed.connector import Connector
from rencheng.connectors.shape import Answer
from rencheng.connectors.taking import actor_of, take
from rencheng.domain.hazard import BulletinKind, ShakingMap
from rencheng.domain.warning import Signature
from rencheng.service.foreign import take_map
from rencheng.service.house import Command
from rencheng.service.ingest import BulletinItem, ingest_bulletin

SETTINGS = {"url": "u", "certificates": (), "must_be_signed": False, "allow_sha1": False,
            "max_messages": 9}  # fmt: skip
FOLDER = Path(__file__).parents[2] / "src/rencheng/connectors/cap_feed/examples/index"


def hear(brain: Brain) -> str:
    """Take in a warning with a circle, sent a minute before now; return its id."""
    body = (FOLDER / "2.cap").read_bytes()
    found = Connector().read(SETTINGS, None, lambda url, **_: Answer(url=url, body=body))
    [item] = found.warnings
    assert item.signature is Signature.NONE
    item = replace(item, sent=T0 - timedelta(minutes=1))
    assert take(brain.house, "office", replace(found, warnings=(item,))).taken == 1
    return item.key


def test_warnings_of_others_are_listed_drawn_and_given_as_they_came(
    brain: Brain, enter: Callable[..., Any]
) -> None:
    key = hear(brain)
    duty = enter("duty")
    [said] = duty.get("warnings").json()
    assert (said["id"], said["level"], said["is_in_force"]) == (key, 1, True)
    assert all(one["zh"] and one["en"] for one in said["findings"])
    shapes = duty.get("warnings/areas").json()
    [ring] = shapes["features"][0]["geometry"]["coordinates"][0]
    assert ring[0] == ring[-1]
    assert len(ring) == 65
    original = duty.get("warnings/original", params={"id": key})
    assert original.content == (FOLDER / "2.cap").read_bytes()
    assert "sandbox" in original.headers["Content-Security-Policy"]


def test_feeds_say_how_they_do_and_hide_secrets(
    brain: Brain, enter: Callable[..., Any], tmp_path: Path
) -> None:
    (tmp_path / "map.toml").write_text("x", "utf-8")
    file = tmp_path / "connectors.toml"
    file.write_text(
        '[feed.g]\nconnector = "http_json"\nurl = "http://127.0.0.1:9/"\nmapping = "map.toml"\n'
        'header = "X-Key"\nkey = "very secret"\n',
        "utf-8",
    )
    file.chmod(0o600)
    brain.feeds = open_feeds(brain, tmp_path)
    brain.feeds.poll("g")
    answer = enter("planner").get("connectors")
    assert "very secret" not in answer.text
    [feed] = answer.json()["feeds"]
    assert feed["failures"] == 1
    assert feed["polls"][0]["hint"]["zh"]
    assert {one["id"] for one in answer.json()["connectors"]} >= {"cap_feed", "shakemap"}
    assert enter("field").get("connectors").status_code == 403
    assert enter("duty").get("shaking-maps").json() == []


def shaken_map(clock: Clock, revision: int, **changes: Any) -> ShakingMap:
    """Return a map of shaking around the tiny city, strongest in its middle."""
    y, x = np.mgrid[-1:1:21j, -1:1:31j]
    pga = 0.5 * np.exp(-2.0 * (x**2 + y**2))
    given: dict[str, Any] = {
        "id": f"us1/map/{revision}", "event": "us1", "revision": revision, "issuer": "US",
        "issued": clock() - timedelta(minutes=30 - revision), "west": -71.6, "north": -29.7,
        "step_lon": 0.02, "step_lat": 0.02, "rows": 21, "columns": 31,
        "cells": np.stack([pga, pga, pga]).astype("<f4").tobytes(), "source": "https://us.example",
    }  # fmt: skip
    return ShakingMap(**given | changes)


def test_the_newest_map_of_shaking_is_drawn_as_lines(
    brain: Brain, enter: Enter, clock: Clock
) -> None:
    duty = enter("duty")
    assert duty.get("shaking-maps/lines").json()["features"] == []
    feed = Command(actor=actor_of("maps"), run="live")
    old = shaken_map(clock, 1, id="x", event="old", issued=clock() - timedelta(days=31))
    for one in (old, shaken_map(clock, 2), shaken_map(clock, 1)):
        take_map(brain.house, feed, one)
    outline, *lines = duty.get("shaking-maps/lines").json()["features"]
    said = outline["properties"]
    assert (said["kind"], said["issuer"], said["revision"]) == ("footprint", "US", 2)
    assert said["largest_pga_g"] == pytest.approx(0.5)
    assert outline["geometry"]["coordinates"][0] == pytest.approx([-71.6, -30.1])
    assert [one["properties"]["pga_g"] for one in lines] == [0.03, 0.06, 0.12, 0.22, 0.4]
    assert all(one["geometry"]["type"] == "MultiLineString" for one in lines)
    assert enter("auditor").get("shaking-maps/lines").status_code == 200


def test_the_map_drawn_is_that_of_the_event_in_use_and_of_none_that_was_withdrawn(
    shaken: Brain, enter: Enter, clock: Clock
) -> None:
    feed = Command(actor=actor_of("maps"), run="live")

    def drawn() -> list[str]:
        found = enter("duty").get("shaking-maps/lines").json()["features"]
        return [one["properties"]["map"] for one in found][:1]

    take_map(shaken.house, feed, shaken_map(clock, 1, event="e1"))
    after = shaken_map(clock, 1, id="after", event="e2", issued=clock() - timedelta(minutes=1))
    take_map(shaken.house, feed, after)
    assert drawn() == ["us1/map/1"], "nobody has spoken of e2; e1 is what the loop works with"
    item = BulletinItem(
        id="b2", event="e1", kind=BulletinKind.WITHDRAWN, issuer="CSN", issued=clock(),
        origin_time=T0, lon=-71.6, lat=-30.2, depth_km=25.0, magnitude=nan, magnitude_sd=nan,
        text="", source="test",
    )  # fmt: skip
    ingest_bulletin(shaken.house, feed, item)
    assert drawn() == ["after"]


def test_an_operator_asks_a_feed_at_once(
    brain: Brain, enter: Callable[..., Any], tmp_path: Path
) -> None:
    (tmp_path / "map.toml").write_text("x", "utf-8")
    file = tmp_path / "connectors.toml"
    text = '[feed.g]\nconnector = "http_json"\nurl = "http://127.0.0.1:9/"\nmapping = "map.toml"\n'
    file.write_text(text, "utf-8")
    file.chmod(0o600)
    brain.feeds = open_feeds(brain, tmp_path)
    operator = enter("sensors")
    answer = operator.post("connectors/g/poll")
    assert answer.status_code == 200, answer.text
    assert answer.json()["failures"] == 1
    assert operator.post("connectors/other/poll").status_code == 404
    assert enter("field").post("connectors/g/poll").status_code == 403
