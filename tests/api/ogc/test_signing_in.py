"""Who may look at `/ogc`: as at the API, and by HTTP Basic with a token."""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Callable
from typing import Any

import pytest

from api_kit import PASSWORD, Enter
from rencheng.bootstrap import Brain

Ask = Callable[..., Any]

LANDING = "http://testserver/ogc"


def basic(name: str, secret: str) -> dict[str, str]:
    return {"Authorization": f"Basic {b64encode(f'{name}:{secret}'.encode()).decode()}"}


def test_a_token_opens_as_bearer_and_as_password_of_its_account(enter: Enter, brain: Brain) -> None:
    secret, _ = brain.identity.create_token("planner", "qgis")
    client = enter()
    assert client.get(LANDING, headers=basic("planner", secret)).status_code == 200
    assert client.get(LANDING, headers={"Authorization": f"Bearer {secret}"}).status_code == 200


def test_basic_opens_nothing_else(enter: Enter, brain: Brain) -> None:
    secret, _ = brain.identity.create_token("planner", "qgis")
    assert enter().get("city", headers=basic("planner", secret)).status_code == 401
    away = enter().get("http://testserver/ogcity", headers=basic("planner", secret))
    assert "collections" not in away.text


@pytest.mark.parametrize("case", ["password", "other", "empty", "nonsense", "unknown"])
def test_what_is_wrong_is_refused_and_asks_again(enter: Enter, brain: Brain, case: str) -> None:
    secret, _ = brain.identity.create_token("planner", "qgis")
    headers = {
        "password": basic("planner", PASSWORD),
        "other": basic("duty", secret),
        "empty": basic("", ""),
        "nonsense": {"Authorization": "Basic ÿ".encode("latin-1").decode("latin-1")},
        "unknown": basic("stranger", "rc_nothing"),
    }[case]
    if case == "nonsense":
        headers = {"Authorization": "Basic !!!"}
    answer = enter().get(LANDING, headers=headers)
    assert answer.status_code == 401
    assert answer.headers["content-type"] == "application/problem+json"
    assert "Basic realm=" in answer.headers["WWW-Authenticate"]


def test_guessing_has_to_wait(enter: Enter) -> None:
    client = enter()
    answers = [client.get(LANDING, headers=basic("planner", f"rc_{n}")) for n in range(7)]
    assert {answer.status_code for answer in answers[:5]} == {401}
    assert answers[-1].status_code == 429
    assert answers[-1].headers["Retry-After"]


def test_a_revoked_token_opens_nothing(enter: Enter, brain: Brain) -> None:
    secret, token = brain.identity.create_token("planner", "qgis")
    brain.identity.revoke_token(token.id)
    assert enter().get(LANDING, headers=basic("planner", secret)).status_code == 401


def test_who_may_not_read_the_city_sees_nothing(enter: Enter, brain: Brain) -> None:
    secret, _ = brain.identity.create_token("gauge", "device")
    assert enter().get(LANDING, headers=basic("gauge", secret)).status_code == 403
    assert enter("nobody").get(f"{LANDING}/collections").status_code == 403


def test_sensors_of_others_do_not_exist_for_who_is_not_city_wide(ask: Ask, enter: Enter) -> None:
    everything = ask("/collections/sensors/items").json()
    own = ask("/collections/sensors/items", "power").json()
    listed = {one["id"] for one in enter("power").get("sensors").json()["items"]}
    assert {feature["id"] for feature in own["features"]} == listed
    hidden = {feature["id"] for feature in everything["features"]} - listed
    assert hidden
    for sensor in hidden:
        assert ask(f"/collections/sensors/items/{sensor}", "power").status_code == 404
