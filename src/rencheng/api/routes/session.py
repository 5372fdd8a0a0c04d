"""Signing in and out, and what anybody may know."""

from __future__ import annotations

from fastapi import APIRouter, Response
from starlette.requests import HTTPConnection, Request

from rencheng.api.security import (
    COOKIE,
    BrainDep,
    CallerDep,
    address_of,
    limits_of,
    public,
    signed_in_only,
)
from rencheng.api.shapes.common import DemoOut, HealthOut, SessionOut, SignIn
from rencheng.api.telling import user_out
from rencheng.domain.errors import NotAllowedError
from rencheng.service.identity import SESSION_LIFE, SignedIn

router = APIRouter(tags=["session"])


@router.get("/health")
@public
def health() -> HealthOut:
    """Say that the server answers."""
    return HealthOut(status="ok")


@router.get("/demo")
@public
def demo(brain: BrainDep) -> DemoOut:
    """Say whether demo accounts exist, and their names; never a password."""
    return DemoOut(is_demo=bool(brain.demo_names), names=list(brain.demo_names))


@router.post("/session")
@public
def sign_in(body: SignIn, request: Request, response: Response, brain: BrainDep) -> SessionOut:
    """Open a session; the cookie is for the browser, the CSRF token for the page."""
    address = address_of(request)
    limits_of(request).sign_ins.take(address, brain.house.now())
    opened = brain.identity.sign_in(body.username, body.password, address=address)
    return _hand_out(opened, request, response)


@router.get("/session")
@signed_in_only
def session(request: Request, response: Response, caller: CallerDep, brain: BrainDep) -> SessionOut:
    """Say who is signed in; an older session gets a new secret."""
    if caller.session is None:
        raise NotAllowedError(
            "identity.no_session", "a token has no session", hint="Sign in with a password"
        )
    renewed = brain.identity.renew(caller)
    if renewed is not None:
        return _hand_out(renewed, request, response)
    response.headers["Cache-Control"] = "no-store"
    return SessionOut(user=user_out(caller.actor), csrf=caller.session.csrf)


@router.delete("/session", status_code=204)
@signed_in_only
def sign_out(response: Response, caller: CallerDep, brain: BrainDep) -> None:
    """End the session."""
    brain.identity.sign_out(caller)
    response.delete_cookie(COOKIE, path="/", httponly=True, samesite="strict")


def _hand_out(opened: SignedIn, request: HTTPConnection, response: Response) -> SessionOut:
    response.set_cookie(
        COOKIE,
        opened.secret,
        max_age=int(SESSION_LIFE.total_seconds()),
        path="/",
        httponly=True,
        samesite="strict",
        secure=request.url.scheme == "https",
    )
    response.headers["Cache-Control"] = "no-store"
    return SessionOut(user=user_out(opened.caller.actor), csrf=opened.session.csrf)
