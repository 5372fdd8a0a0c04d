"""The paths of `/v1.1` and `/v1.0`. They describe themselves at their root, not in our schema."""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from typing import Annotated, Any
from urllib.parse import parse_qsl, unquote

import msgspec
from fastapi import APIRouter, Depends, Header, Response
from starlette.requests import Request

from rencheng.api.problems import RefusedError, problem_of
from rencheng.api.security import BrainDep, CallerDep, needs, take_values
from rencheng.api.sensorthings import arrays, batch, reading, writing
from rencheng.api.sensorthings.calling import HEADERS, Call, in_their_way
from rencheng.domain.errors import ConflictError, RenchengError
from rencheng.domain.identity import Permission
from rencheng.domain.run import LIVE_RUN

ROOTS = ("/v1.1", "/v1.0")
router = APIRouter(include_in_schema=False)


async def _body(request: Request) -> bytes:
    return await request.body()


def _call(
    request: Request,
    brain: BrainDep,
    caller: CallerDep,
    run: Annotated[str, Header(alias="X-Run", max_length=100)] = LIVE_RUN,
    key: Annotated[str, Header(alias="Idempotency-Key", max_length=100)] = "",
) -> Call:
    """Return who asks what; replays and drills have no register of their own."""
    if run != LIVE_RUN:
        error = ConflictError(
            "sensorthings.run",
            "SensorThings speaks of the live run alone",
            hint="Send the values of a replay to /api/v1/ingest/observations",
        )
        raise error
    version = request.url.path.split("/")[1]
    root = f"{str(request.base_url).rstrip('/')}/{version}"
    spend = partial(take_values, request, caller)
    return Call(house=brain.house, caller=caller, root=root, key=key, spend=spend)


CallDep = Annotated[Call, Depends(_call)]
Body = Annotated[bytes, Depends(_body)]


@needs(Permission.CITY_READ, Permission.INGEST, Permission.SENSOR_WRITE)
def get(request: Request, call: CallDep, path: str = "") -> Response:
    """Read the root, a set, an entity, a property or links."""
    try:
        return _read(call, path, request.query_params.multi_items())
    except RenchengError as error:
        raise in_their_way(error) from error


@needs(Permission.INGEST, Permission.SENSOR_WRITE)
def post(request: Request, body: Body, call: CallDep, brain: BrainDep, path: str = "") -> Response:
    """Create an entity, observations as arrays, or do a batch."""
    try:
        if request.headers.get("content-type", "").startswith("multipart/"):
            raise batch.no_multipart()
        content = writing.decoded(body)
        if path == "$batch":
            answers = batch.run(content, call.root, _Requests(call).answer)
            brain.wake()
            return _json(answers)
        if path == "CreateObservations":
            addresses = arrays.create(call, content)
            brain.wake()
            return _json(addresses, 201)
        address, made = writing.post(call, path, content)
        if "Observations" in path:
            brain.wake()
        return _json(made, 201, address)
    except RenchengError as error:
        raise in_their_way(error) from error


@needs(Permission.INGEST, Permission.SENSOR_WRITE)
def patch(request: Request, body: Body, call: CallDep, path: str = "") -> Response:
    """Change an entity: with PATCH what is named, with PUT all of it."""
    try:
        is_whole = request.method == "PUT"
        return _json(writing.patch(call, path, writing.decoded(body), is_whole=is_whole))
    except RenchengError as error:
        raise in_their_way(error) from error


@needs(Permission.INGEST, Permission.SENSOR_WRITE)
def delete(call: CallDep, path: str = "") -> Response:
    """Delete an entity."""
    try:
        writing.remove(call, path)
    except RenchengError as error:
        raise in_their_way(error) from error
    return Response(status_code=200, headers=HEADERS)


for _root in ROOTS:
    router.add_api_route(_root, get, methods=["GET"])
    for _function, _methods in (
        (get, ["GET"]), (post, ["POST"]), (patch, ["PATCH", "PUT"]), (delete, ["DELETE"]),
    ):  # fmt: skip
        router.add_api_route(f"{_root}/{{path:path}}", _function, methods=_methods)


def _read(call: Call, path: str, options: list[tuple[str, str]]) -> Response:
    if not path.strip("/"):
        return _json(reading.root(call))
    found, is_bare = reading.read(call, path.strip("/"), options)
    if found is None:
        return Response(status_code=204, headers=HEADERS)
    if is_bare and isinstance(found, str):
        return Response(found, headers=HEADERS, media_type="text/plain; charset=utf-8")
    return _json(found)


def _json(content: Any, status: int = 200, address: str = "") -> Response:
    headers = HEADERS | ({"Location": address} if address else {})
    body = msgspec.json.encode(content)
    return Response(body, status, headers=headers, media_type="application/json")


class _Requests:
    """The requests within a batch, done as if each had come by itself."""

    def __init__(self, call: Call) -> None:
        self._call = call

    def answer(self, name: str, method: str, path: str, body: Any) -> tuple[int, str, Any]:
        """Return status, address and body; an error is an answer too."""
        whole = self._call
        call = replace(whole, key=f"{whole.key}/{name}") if whole.key else whole
        try:
            return self._done(call, method, path, body)
        except RenchengError as error:
            wrong = in_their_way(error)
            refused = wrong if isinstance(wrong, RefusedError) else None
            problem = problem_of(error, refused.status_code if refused else None)
        except RefusedError as error:
            problem = problem_of(error.error, error.status_code)
        return problem.status, "", problem.model_dump(mode="json")

    @staticmethod
    def _done(call: Call, method: str, path: str, body: Any) -> tuple[int, str, Any]:
        place, _, options = path.partition("?")
        place = unquote(place)
        if method == "GET":
            found, _ = reading.read(call, place, parse_qsl(options))
            return (204 if found is None else 200), "", found
        if method == "POST" and place == "CreateObservations":
            return 201, "", arrays.create(call, body)
        if method == "POST":
            address, made = writing.post(call, place, body)
            return 201, address, made
        if method in ("PATCH", "PUT"):
            return 200, "", writing.patch(call, place, body, is_whole=method == "PUT")
        if method == "DELETE":
            writing.remove(call, place)
            return 200, "", None
        return 405, "", None
