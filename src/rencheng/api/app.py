"""The web application: routes, errors, guards and the front end around one brain."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from threading import Thread
from typing import Any

from fastapi import Depends, FastAPI
from fastapi.routing import APIRoute
from starlette.middleware.gzip import GZipMiddleware

from rencheng import __version__
from rencheng.api.live import Pulse
from rencheng.api.live import router as live
from rencheng.api.ogc.routes import router as ogc
from rencheng.api.problems import MEDIA_TYPE, add_problem_handlers
from rencheng.api.routes import (
    alarms,
    alerts,
    assessment,
    city,
    columns,
    command,
    devices,
    exports,
    feeds,
    imports,
    ingest,
    mqtt,
    needs,
    quality,
    records,
    replay,
    risk,
    risk_files,
    risk_inputs,
    risk_results,
    rules,
    scenes,
    sensing,
    session,
    situation,
    state,
    tiles,
    versions,
)
from rencheng.api.security import Limits, gate, public
from rencheng.api.sensorthings.routes import router as sensorthings
from rencheng.api.shapes.city import BulletinsIn, ObservationsIn, ReportsIn
from rencheng.api.shapes.common import ProblemOut
from rencheng.api.shapes.situation import LiveEvent
from rencheng.api.shell import BodyLimit, SecurityHeaders, add_front_end
from rencheng.bootstrap import Brain, handed_over

ROOT = "/api/v1"
TOPICS = (
    session,
    versions,
    imports,
    needs,
    exports,  # before `/city/{layer}`
    city,
    situation,
    columns,
    command,
    alarms,
    rules,
    alerts,
    records,
    quality,
    assessment,
    devices,
    replay,
    mqtt,
    ingest,
    feeds,
    tiles,
    state,
    scenes,
    sensing,
    risk,
    risk_files,
    risk_inputs,
    risk_results,
)
SCHEMA = f"{ROOT}/openapi.json"


def create_app(brain: Brain | None = None) -> FastAPI:
    """Return the application around a wired brain; None takes the one that the CLI handed over."""
    app = _application(brain or handed_over())
    _open_routes(app)
    return app


def schema_without_brain() -> dict[str, Any]:
    """Return the OpenAPI schema; it is the same for every city and state."""
    return openapi(_application(None))


def _application(brain: Brain | None) -> FastAPI:
    app = FastAPI(
        title="韧城 Rencheng",
        version=__version__,
        docs_url=None,
        redoc_url=None,
        openapi_url=None,
        dependencies=[Depends(gate)],
        generate_unique_id_function=_operation,
        lifespan=_lifespan,
        responses={"default": {"model": ProblemOut, "content": {MEDIA_TYPE: {}}}},
        separate_input_output_schemas=False,
    )
    app.state.brain = brain
    app.state.limits = Limits()
    app.state.pulse = Pulse(brain)
    app.add_middleware(GZipMiddleware, minimum_size=1000, compresslevel=5)
    app.add_middleware(BodyLimit)
    app.add_middleware(SecurityHeaders)
    add_problem_handlers(app)
    for topic in TOPICS:
        app.include_router(topic.router, prefix=ROOT)
    app.include_router(live, prefix=ROOT)
    app.include_router(ogc)
    app.include_router(sensorthings)

    @app.get(SCHEMA, include_in_schema=False)
    @public
    def schema() -> dict[str, Any]:
        return openapi(app)

    add_front_end(app)
    return app


def _open_routes(app: FastAPI) -> None:
    """Have FastAPI build what routes need; it would with the first request, all others waiting."""
    nowhere = {"type": "http", "method": "GET", "path": "/", "root_path": "", "headers": []}
    for route in app.router.routes:
        route.matches(nowhere)


def openapi(app: FastAPI) -> dict[str, Any]:
    """Return the schema, with the shapes that FastAPI does not see: ingest bodies, live events."""
    document = app.openapi()
    schemas = document["components"]["schemas"]
    for shape in (ObservationsIn, BulletinsIn, ReportsIn, LiveEvent):
        if shape.__name__ not in schemas:
            made = shape.model_json_schema(ref_template="#/components/schemas/{model}")
            schemas |= made.pop("$defs", {})
            schemas[shape.__name__] = made
    return document


def _operation(route: APIRoute) -> str:
    """Name an operation after its function and topic, for generated clients."""
    return f"{route.tags[0] if route.tags else 'app'}_{route.name}"


@asynccontextmanager
async def _lifespan(app: FastAPI) -> AsyncIterator[None]:
    brain: Brain = app.state.brain
    pulse: Pulse = app.state.pulse
    brain.start()
    if not brain.is_idle:
        Thread(target=tiles.warm_up, args=(brain,), name="tiles", daemon=True).start()
    async with pulse.beating():
        yield
    brain.stop()
