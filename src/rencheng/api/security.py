"""The gate that every request passes: who asks, may they, and does the request come from us.

Deny by default: a route that says neither `needs`, `signed_in_only` nor `public` answers 403.
"""

from __future__ import annotations

import binascii
from base64 import b64decode
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import timedelta
from secrets import compare_digest
from typing import Annotated, Any, TypeVar
from urllib.parse import urlsplit

from fastapi import Depends
from starlette.requests import HTTPConnection

from rencheng.bootstrap import Brain
from rencheng.domain.errors import NotAllowedError, NotSignedInError
from rencheng.domain.identity import Actor, Permission
from rencheng.service.attempts import Flow, Rate
from rencheng.service.callers import Caller

COOKIE = "rencheng_session"
CSRF_HEADER = "X-CSRF-Token"
BASIC = ("/ogc", "/v1.0", "/v1.1")
"""Where clients of others can send HTTP Basic: OGC API Features and SensorThings."""
SAFE = {"GET", "HEAD", "OPTIONS"}
MARK = "__rencheng_access__"
PUBLIC, SIGNED_IN = "public", "signed-in"
OR = " or "

MINUTE = timedelta(minutes=1)
TOKEN_RATE = 3000
"""Requests of one token a minute. No source: our choice."""
ADDRESS_RATE = 120
"""Sign-ins from one address a minute, right or wrong: Argon2 is dear. No source: our choice."""
VALUES_A_SECOND = 50_000.0
"""Values of a token that is bound to no datastream. No source: our choice."""
TIMES_EXPECTED = 10.0
"""Values of a bound token, as a multiple of what its streams are expected to say. Our choice."""
AT_ONCE_S, LEAST_AT_ONCE = 3600.0, 1000.0
"""What a token may send at once: so long a time's expected values, and at least so many, as a
device that was cut off has a backlog. Our choice. [s]"""

F = TypeVar("F", bound=Callable[..., Any])


@dataclass(slots=True)
class Limits:
    """How often one may knock; one of these for each application."""

    tokens: Rate = field(default_factory=lambda: Rate(TOKEN_RATE, MINUTE))
    sign_ins: Rate = field(default_factory=lambda: Rate(ADDRESS_RATE, MINUTE))
    values: Flow = field(default_factory=Flow)


def needs(*permissions: Permission) -> Callable[[F], F]:
    """Say which permission a route asks for; of several, one is enough to be let in.

    A route that takes several looks itself at what each of them allows.
    """
    return _mark(OR.join(one.value for one in permissions))


def public(route: F) -> F:
    """Say that anybody may call this route."""
    return _mark(PUBLIC)(route)


def signed_in_only(route: F) -> F:
    """Say that a route asks for a signed-in caller and nothing more."""
    return _mark(SIGNED_IN)(route)


def access_of(endpoint: object) -> str | None:
    """Return what the route declares, None when nothing."""
    mark = getattr(endpoint, MARK, None)
    return mark if isinstance(mark, str) else None


def _mark(value: str) -> Callable[[F], F]:
    def mark(route: F) -> F:
        setattr(route, MARK, value)
        return route

    return mark


def brain_of(connection: HTTPConnection) -> Brain:
    """Return everything that bootstrap wired."""
    brain: Brain = connection.app.state.brain
    return brain


def limits_of(connection: HTTPConnection) -> Limits:
    """Return how often one may knock."""
    limits: Limits = connection.app.state.limits
    return limits


def gate(connection: HTTPConnection) -> Caller | None:
    """Admit the request or raise; runs before every route of the API."""
    access = access_of(connection.scope.get("endpoint"))
    if access is None:
        raise NotAllowedError(
            "identity.undeclared",
            "this route declares no permission",
            hint="Report it: every route must declare one",
        )
    if connection.scope["type"] == "websocket":
        return None  # it admits by itself, to close with a code that the page can read
    if connection.scope["method"] not in SAFE:
        must_come_from_us(connection)
    if access == PUBLIC:
        return None
    caller = caller_of(connection)
    if access != SIGNED_IN:
        caller.actor.must_one(*(Permission(name) for name in access.split(OR)))
    connection.state.caller = caller
    return caller


def caller_of(connection: HTTPConnection) -> Caller:
    """Return who signed the request: bearer token, Basic for some paths, cookie with CSRF token."""
    brain = brain_of(connection)
    scheme, _, secret = connection.headers.get("Authorization", "").partition(" ")
    if scheme.lower() == "bearer" and secret:
        caller = brain.identity.caller_of_token(secret.strip())
        if caller.token is not None:
            rate = limits_of(connection).tokens
            rate.take(caller.token.id, brain.house.now(), limit=caller.token.rate)
        return caller
    if scheme.lower() == "basic" and takes_basic(connection):
        return _caller_of_basic(connection, secret)
    cookie = connection.cookies.get(COOKIE)
    if not cookie:
        raise NotSignedInError(
            "identity.nobody", "nobody signed this request", hint="Sign in, or send a bearer token"
        )
    caller = brain.identity.caller_of_session(cookie)
    if connection.scope["type"] == "http" and connection.scope["method"] not in SAFE:
        sent = connection.headers.get(CSRF_HEADER, "")
        kept = caller.session.csrf if caller.session else ""
        if not kept or not compare_digest(sent.encode(), kept.encode()):
            raise NotAllowedError(
                "identity.csrf",
                f"header {CSRF_HEADER} is missing or wrong",
                hint="Reload the page and try again",
            )
    return caller


def take_values(connection: HTTPConnection, caller: Caller, count: int) -> None:
    """Count values that a token sends, or raise `TooMuchError`; 0 only looks before the body."""
    if caller.token is None:
        return
    brain, a_second = brain_of(connection), VALUES_A_SECOND
    most = VALUES_A_SECOND * MINUTE.total_seconds()
    if caller.token.datastreams:
        streams = brain.house.heard.streams(brain.house.cities.current(), brain.house.quality)
        rows = [streams.row[one] for one in caller.token.datastreams if one in streams.row]
        expected = sum(1.0 / max(1e-3, streams.streams[row].interval_s) for row in rows)
        a_second = TIMES_EXPECTED * max(expected, 1.0 / AT_ONCE_S)
        most = max(LEAST_AT_ONCE, AT_ONCE_S * expected)
    flow = limits_of(connection).values
    flow.take(caller.token.id, count, brain.house.now(), a_second=a_second, most=most)


def must_be_unbound(caller: Caller) -> None:
    """Refuse a key that was made for certain datastreams: it may send their values alone."""
    if caller.token is not None and caller.token.datastreams:
        raise NotAllowedError(
            "identity.bound_token",
            "this key may write to its own datastreams only",
            hint="Use a key that is bound to no datastream",
        )


def takes_basic(connection: HTTPConnection) -> bool:
    """Return whether it is a request of clients that can send HTTP Basic."""
    path = str(connection.scope.get("path", ""))
    return any(path == root or path.startswith(f"{root}/") for root in BASIC)


def _caller_of_basic(connection: HTTPConnection, secret: str) -> Caller:
    """Return the account that HTTP Basic names, with one of its tokens as the password.

    Wrong ones count like wrong passwords at sign-in. Passwords themselves are not taken: every
    request would have to hash one.
    """
    brain, address = brain_of(connection), address_of(connection)
    now = brain.house.now()
    try:
        name, _, token = b64decode(secret.strip(), validate=True).decode().partition(":")
    except (binascii.Error, UnicodeDecodeError):
        name, token = "", ""
    brain.identity.attempts.must_be_free(name, address, now)
    caller: Caller | None = None
    if name and token:
        with suppress(NotSignedInError):
            caller = brain.identity.caller_of_token(token)
    if caller is None or caller.token is None or caller.actor.id != name:
        brain.identity.attempts.failed(name, address, now)
        raise NotSignedInError(
            "identity.basic",
            "name and token do not belong together",
            hint="Send the account's name and one of its tokens as the password",
        )
    limits_of(connection).tokens.take(caller.token.id, now, limit=caller.token.rate)
    return caller


def must_come_from_us(connection: HTTPConnection) -> None:
    """Refuse a request that a page of another site makes a browser send."""
    origin = connection.headers.get("Origin")
    if origin is not None and urlsplit(origin).netloc != connection.headers.get("Host", ""):
        raise NotAllowedError(
            "identity.origin",
            "the request comes from another site",
            hint="Open the console at its own address",
        )


def signed_in(connection: HTTPConnection) -> Caller:
    """Return the caller that the gate admitted."""
    caller: Caller | None = getattr(connection.state, "caller", None)
    if caller is None:
        caller = gate(connection)
    if caller is None:
        raise NotSignedInError(
            "identity.nobody", "nobody signed this request", hint="Sign in, or send a bearer token"
        )
    return caller


def acting(caller: Annotated[Caller, Depends(signed_in)]) -> Actor:
    """Return who acts."""
    return caller.actor


def address_of(connection: HTTPConnection) -> str:
    """Return the network address of the other side."""
    return connection.client.host if connection.client else "unknown"


BrainDep = Annotated[Brain, Depends(brain_of)]
CallerDep = Annotated[Caller, Depends(signed_in)]
ActorDep = Annotated[Actor, Depends(acting)]
