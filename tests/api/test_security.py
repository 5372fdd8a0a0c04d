"""The gate: deny by default, sessions, CSRF, headers, limits."""

from __future__ import annotations

from typing import Any

import pytest
from fastapi import FastAPI
from fastapi.routing import APIRoute, APIWebSocketRoute
from starlette.routing import BaseRoute, Route

from api_kit import PASSWORD, Enter
from rencheng.api.app import create_app
from rencheng.api.security import COOKIE, CSRF_HEADER, OR, PUBLIC, SIGNED_IN, access_of
from rencheng.bootstrap import Brain
from rencheng.domain.identity import Permission
from rencheng.service.callers import secret_hash

ANYBODY = {
    "GET /api/v1/health",
    "GET /api/v1/demo",
    "POST /api/v1/session",
    "GET /api/v1/openapi.json",
    "GET /{path:path}",
}
WHOEVER_IS_SIGNED_IN = {"GET /api/v1/session", "DELETE /api/v1/session"}


def every_route(app: FastAPI) -> dict[str, Any]:
    """Return what each route of the application is answered by, however deep it was included."""
    found: dict[str, Any] = {}

    def walk(routes: list[BaseRoute], prefix: str) -> None:
        for route in routes:
            inner = getattr(route, "original_router", None)
            if inner is not None:
                walk(inner.routes, prefix + route.include_context.prefix)
            elif isinstance(route, APIRoute | Route):
                for method in route.methods or ():
                    found[f"{method} {prefix}{route.path}"] = route.endpoint
            elif isinstance(route, APIWebSocketRoute):
                found[f"WS {prefix}{route.path}"] = route.endpoint
            else:
                found[f"? {route!r}"] = None

    walk(app.routes, "")
    return found


def test_every_route_declares_who_may_call_it(app: FastAPI) -> None:
    access = {name: access_of(endpoint) for name, endpoint in every_route(app).items()}
    assert len(access) > 50
    assert {name for name, need in access.items() if need == PUBLIC} == ANYBODY
    assert {name for name, need in access.items() if need == SIGNED_IN} == WHOEVER_IS_SIGNED_IN
    asked = {need for need in access.values() if need not in (PUBLIC, SIGNED_IN)}
    others = {name for need in asked for name in str(need).split(OR)}
    assert others <= {permission.value for permission in Permission}


def test_the_walk_agrees_with_the_schema(app: FastAPI) -> None:
    schema = app.openapi()["paths"]
    described = {f"{m.upper()} {path}" for path, methods in schema.items() for m in methods}
    assert described <= {name.replace(":path}", "}") for name in every_route(app)}


@pytest.mark.parametrize("is_known", [False, True])
def test_no_route_answers_those_who_may_not_ask(
    app: FastAPI, enter: Enter, brain: Brain, is_known: bool
) -> None:
    client = enter("nobody" if is_known else "")
    open_to_all = ANYBODY | (WHOEVER_IS_SIGNED_IN if is_known else set())
    for name in every_route(app).keys() - open_to_all:
        method, path = name.split(" ", 1)
        if method == "WS":
            continue
        for part in ("alert", "alarm", "proposal", "task", "incident", "model", "sensor"):
            path = path.replace(f"{{{part}}}", "x")
        path = path.replace("{layer}", "zones")
        answer = client.request(method, f"http://testserver{path}", json={})
        assert answer.status_code == (403 if is_known else 401), (name, answer.text)
        assert answer.headers["content-type"] == "application/problem+json"


def test_a_route_that_declares_nothing_is_denied(brain: Brain, enter: Enter) -> None:
    app = create_app(brain)
    app.router.routes.pop()  # the front end, which would answer in its place

    @app.get("/api/v1/forgotten")
    def forgotten() -> str:
        return "secret"

    client = enter("chief")
    client._transport.app = app  # type: ignore[attr-defined]
    answer = client.get("forgotten")
    assert answer.status_code == 403
    assert answer.json()["key"] == "identity.undeclared"


def test_the_cookie_is_out_of_reach_of_scripts_and_other_sites(enter: Enter) -> None:
    answer = enter().post("session", json={"username": "duty", "password": PASSWORD})
    cookie = answer.headers["set-cookie"].lower()
    assert "httponly" in cookie and "samesite=strict" in cookie and "path=/" in cookie
    assert "secure" not in cookie
    assert answer.headers["cache-control"] == "no-store"


def test_over_https_the_cookie_never_leaves_it(enter: Enter) -> None:
    client = enter()
    answer = client.post(
        "https://testserver/api/v1/session", json={"username": "duty", "password": PASSWORD}
    )
    assert "secure" in answer.headers["set-cookie"].lower()


def test_a_change_needs_the_csrf_token(enter: Enter) -> None:
    client = enter("duty")
    right = client.headers.pop(CSRF_HEADER)
    assert client.get("situation").status_code == 200
    for wrong in ({}, {CSRF_HEADER: "x"}, {CSRF_HEADER: ""}):
        answer = client.post("log", json={"text": "hello"}, headers=wrong)
        assert (answer.status_code, answer.json()["key"]) == (403, "identity.csrf")
    assert client.post("log", json={"text": "hello"}, headers={CSRF_HEADER: right}).is_success


def test_the_csrf_token_of_another_session_is_worth_nothing(enter: Enter) -> None:
    other = enter("chief").headers[CSRF_HEADER]
    answer = enter("duty").post("log", json={"text": "x"}, headers={CSRF_HEADER: other})
    assert answer.status_code == 403


@pytest.mark.parametrize("path", ["session", "log"])
def test_a_page_of_another_site_changes_nothing(enter: Enter, path: str) -> None:
    client = enter("duty")
    body = {"username": "duty", "password": PASSWORD} if path == "session" else {"text": "x"}
    answer = client.post(path, json=body, headers={"Origin": "http://evil.example"})
    assert (answer.status_code, answer.json()["key"]) == (403, "identity.origin")
    assert client.post(path, json=body, headers={"Origin": "http://testserver"}).is_success


def test_signing_out_ends_the_session_on_the_server(enter: Enter) -> None:
    client = enter("duty")
    kept = client.cookies[COOKIE]
    assert client.delete("session").status_code == 204
    client.cookies.set(COOKIE, kept)
    assert client.get("session").status_code == 401


def test_a_session_is_told_with_permissions_and_nothing_secret(enter: Enter) -> None:
    client = enter("power")
    told = client.get("session").json()
    assert told["user"]["organisation"] == "power_utility"
    assert "task:work" in told["user"]["permissions"]
    assert told["csrf"] == client.headers[CSRF_HEADER]
    assert secret_hash(client.cookies[COOKIE]) not in str(told)


def test_guessing_is_slowed_down(enter: Enter) -> None:
    client = enter()
    wrong = {"username": "duty", "password": "guess"}
    statuses = [client.post("session", json=wrong).status_code for _ in range(6)]
    assert statuses == [401] * 5 + [429]
    answer = client.post("session", json={"username": "duty", "password": PASSWORD})
    assert answer.status_code == 429
    assert int(answer.headers["retry-after"]) >= 1


@pytest.mark.parametrize("path", ["health", "situation", "http://testserver/", "nothing"])
def test_every_answer_carries_the_security_headers(enter: Enter, path: str) -> None:
    headers = enter().get(path).headers
    assert "default-src 'self'" in headers["content-security-policy"]
    assert "frame-ancestors 'none'" in headers["content-security-policy"]
    assert headers["x-content-type-options"] == "nosniff"
    assert headers["x-frame-options"] == "DENY"


@pytest.mark.parametrize("is_honest", [True, False])
def test_a_huge_request_is_refused(enter: Enter, is_honest: bool) -> None:
    body = b"x" * (5 * 1024 * 1024 + 1)
    content = body if is_honest else iter([body[:4_000_000], body[4_000_000:]])
    answer = enter("duty").post(
        "log", content=content, headers={"Content-Type": "application/json"}
    )
    assert (answer.status_code, answer.json()["key"]) == (413, "http.too_large")


def test_a_wrong_shape_names_all_faults_in_both_languages(enter: Enter) -> None:
    answer = enter("duty").post("tasks", json={"kind": "", "colour": "red"})
    told = answer.json()
    assert (answer.status_code, told["key"]) == (422, "http.shape")
    keys = {fault["key"] for fault in told["faults"]}
    assert keys == {"shape.missing", "shape.extra", "shape.value"}
    assert "处" in told["problem"]["zh"] and "faults" in told["problem"]["en"]


def test_an_error_of_the_inside_shows_nothing_of_it(
    app: FastAPI, brain: Brain, enter: Enter, monkeypatch: pytest.MonkeyPatch
) -> None:
    client = enter("duty")
    client._transport.raise_server_exceptions = False  # type: ignore[attr-defined]
    monkeypatch.setattr(type(brain), "names", lambda self: 1 / 0)
    answer = client.get("places", params={"q": "x"})
    assert (answer.status_code, answer.json()["key"]) == (500, "http.internal")
    assert "division" not in answer.text
