"""Our errors as HTTP: one table, one shape (RFC 9457, problem details), both languages."""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from typing import Any

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect
from starlette.responses import Response

from rencheng.adapters.words import catalogue
from rencheng.api.shapes.common import BrokenJobOut, FaultOut, ProblemOut, TextOut
from rencheng.api.telling import text_out
from rencheng.domain.errors import (
    ConflictError,
    CorruptDataError,
    Fault,
    InvalidInputError,
    NotAllowedError,
    NotFoundError,
    NotSignedInError,
    Param,
    RenchengError,
    SourceUnavailableError,
    TooLargeError,
    TooMuchError,
)
from rencheng.domain.provenance import Text
from rencheng.service.jobs import Broken

STATUS: dict[type[RenchengError], int] = {
    InvalidInputError: 422,
    NotFoundError: 404,
    ConflictError: 409,
    NotSignedInError: 401,
    NotAllowedError: 403,
    TooMuchError: 429,
    TooLargeError: 413,
    SourceUnavailableError: 503,
    CorruptDataError: 500,
}
MEDIA_TYPE = "application/problem+json"
GONE = 499
"""Nobody reads this answer: nginx's number for a client that went away before it was told."""
_HTTP_KEYS = {404: "http.not_found", 405: "http.method", 413: "http.too_large"}

log = logging.getLogger("rencheng.api")


class RefusedError(HTTPException):
    """An error of ours that has to pass through FastAPI's own reading of the body."""

    def __init__(self, error: RenchengError, status: int) -> None:
        super().__init__(status, error.problem)
        self.error = error


def sentence(
    key: str, part: str, params: Mapping[str, Param], english: str, *, kind: str = "error"
) -> TextOut:
    """Return the sentence of an error in both languages; without words, its English one."""
    full = f"{kind}.{key}.{part}"
    if full not in catalogue():
        return TextOut(key=full, zh=english, en=english)
    try:
        return text_out(Text(full, params))
    except (KeyError, IndexError, ValueError):
        log.exception("the words of %s ask for other values than %s", full, sorted(params))
        return TextOut(key=full, zh=english, en=english)


def fault_out(fault: Fault) -> FaultOut:
    """Return a fault with both languages."""
    params: dict[str, Param] = {
        "where": fault.where,
        "count": fault.count,
        "first": ", ".join(fault.first),
        "problem": fault.problem,
        "hint": fault.hint,
    }
    return FaultOut(
        where=fault.where,
        key=fault.key,
        problem=sentence(fault.key, "problem", params, fault.problem, kind="fault"),
        hint=sentence(fault.key, "hint", params, fault.hint, kind="fault"),
        count=fault.count,
        first=list(fault.first),
    )


def problem_of(error: RenchengError, status: int | None = None) -> ProblemOut:
    """Return the error as problem details."""
    return ProblemOut(
        type=f"urn:rencheng:{error.key}",
        status=status or STATUS[type(error)],
        title=error.problem,
        detail=error.hint,
        key=error.key,
        problem=sentence(error.key, "problem", error.params, error.problem),
        hint=sentence(error.key, "hint", error.params, error.hint),
        faults=[fault_out(fault) for fault in error.faults],
    )


def broken_out(one: Broken) -> BrokenJobOut:
    """Return a job whose record cannot be read."""
    return BrokenJobOut(id=one.id, changed=one.changed, trouble=problem_of(one.trouble.error()))


def answer(error: RenchengError, status: int | None = None) -> JSONResponse:
    """Return the HTTP answer to an error."""
    problem = problem_of(error, status)
    headers = {"Cache-Control": "no-store"}
    if problem.status == 401:
        headers["WWW-Authenticate"] = 'Bearer realm="rencheng"'
    if problem.status == 429 and (seconds := error.params.get("seconds")):
        headers["Retry-After"] = str(int(float(seconds)) or 1)
    return JSONResponse(
        problem.model_dump(mode="json"), problem.status, headers, media_type=MEDIA_TYPE
    )


def add_problem_handlers(app: FastAPI) -> None:
    """Answer every error as `application/problem+json`; none shows our insides."""

    @app.exception_handler(RenchengError)
    def _ours(request: Request, error: RenchengError) -> JSONResponse:
        if isinstance(error, CorruptDataError):
            log.error("%s", error)
        response = answer(error)
        if response.status_code == 401 and request.url.path.startswith(("/ogc", "/v1.0", "/v1.1")):
            response.headers.append("WWW-Authenticate", 'Basic realm="rencheng", charset="UTF-8"')
        return response

    @app.exception_handler(ClientDisconnect)
    def _gone(request: Request, _: ClientDisconnect) -> Response:
        log.info("%s %s: the client broke off while sending", request.method, request.url.path)
        return Response(status_code=GONE)

    @app.exception_handler(RequestValidationError)
    def _shape(_: Request, error: RequestValidationError) -> JSONResponse:
        return answer(shape_error(error.errors()))

    @app.exception_handler(HTTPException)
    def _http(_: Request, error: HTTPException) -> JSONResponse:
        if isinstance(error, RefusedError):
            return answer(error.error, error.status_code)
        key = _HTTP_KEYS.get(error.status_code, "http.other")
        ours = NotFoundError(
            key,
            str(error.detail),
            hint="Look at /api/v1/openapi.json",
            params={"status": error.status_code},
        )
        return answer(ours, error.status_code)

    @app.exception_handler(Exception)
    def _unknown(request: Request, error: Exception) -> JSONResponse:
        log.error("%s %s failed", request.method, request.url.path, exc_info=error)
        ours = CorruptDataError(
            "http.internal",
            "something went wrong inside",
            hint="Try again; if it stays, look at the server's log",
        )
        return answer(ours, 500)


def shape_error(errors: Sequence[Mapping[str, Any]]) -> InvalidInputError:
    """Return what pydantic found as one error of ours with all faults."""
    faults = [
        Fault(
            where=_where(found["loc"]),
            key=_fault_key(str(found["type"])),
            problem=str(found["msg"]),
            hint="See the schema at /api/v1/openapi.json",
        )
        for found in errors
    ]
    return InvalidInputError(
        "http.shape",
        f"the request has {len(faults)} faults",
        hint="Mend them all and send it again",
        params={"count": len(faults)},
        faults=faults,
    )


def _where(place: Sequence[str | int]) -> str:
    parts = [f"[{part}]" if isinstance(part, int) else f".{part}" for part in place]
    return "".join(parts).lstrip(".")


def _fault_key(kind: str) -> str:
    if kind == "missing":
        return "shape.missing"
    if kind == "extra_forbidden":
        return "shape.extra"
    return "shape.value"
