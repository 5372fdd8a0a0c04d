"""What stands around every answer: size limit, security headers, and the front end's files."""

from __future__ import annotations

import re
from pathlib import Path

from fastapi import FastAPI
from fastapi.responses import FileResponse, HTMLResponse, Response
from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from rencheng.adapters.files import PACKAGE
from rencheng.adapters.words import both
from rencheng.api.problems import RefusedError, answer
from rencheng.api.security import public
from rencheng.domain.errors import NotFoundError, TooLargeError
from rencheng.domain.provenance import Text

MAX_BODY = 5 * 1024 * 1024
"""Largest request. [byte]"""
MAX_BATCH = 32 * 1024 * 1024
"""Largest batch of readings: 100,000 with long names. [byte]"""
BATCHES = re.compile(
    r"/api/v1/(ingest/observations|devices/provision)|.*/v1\.[01]/CreateObservations"
)
"""Addresses that take batches of readings."""
UPLOAD = re.compile(r"/api/v1/imports/[^/]+/files/[^/]+")
EVENT_SET = re.compile(r"/api/v1/risk/sets/[^/]+")
"""Address of a file of an import."""
CONTENT_POLICY = (
    "default-src 'self'; worker-src blob: 'self'; img-src 'self' data: blob:; "
    "style-src 'self' 'unsafe-inline'; object-src 'none'; base-uri 'self'; form-action 'self'; "
    "frame-ancestors 'none'"
)
HEADERS = {
    "Content-Security-Policy": CONTENT_POLICY,
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), microphone=(), payment=(), usb=()",
}
WEB = PACKAGE / "web_dist"
FOREVER = "public, max-age=31536000, immutable"


class BodyLimit:
    """Refuse a request whose body is larger than `limit`, whatever it says of itself. [byte]

    A file of an import is written to the disk as it comes in, and has the limit of its shelf.
    """

    def __init__(self, app: ASGIApp, limit: int = MAX_BODY) -> None:
        self.app, self.limit = app, limit

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on, counting."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        limit = self._limit_of(scope)
        said = Headers(scope=scope).get("content-length", "0")
        if not said.isdigit() or int(said) > limit:
            response = answer(self._error(limit), 413)
            response.headers["Connection"] = "close"
            await response(scope, receive, send)
            return
        size = 0

        async def counted() -> Message:
            nonlocal size
            message = await receive()
            size += len(message.get("body", b""))
            if size > limit:
                raise RefusedError(self._error(limit), 413)
            return message

        await self.app(scope, counted, send)

    def _limit_of(self, scope: Scope) -> int:
        if scope["method"] == "POST" and BATCHES.fullmatch(scope["path"]):
            return max(self.limit, MAX_BATCH)
        brain = getattr(scope["app"].state, "brain", None)
        if scope["method"] == "PUT" and EVENT_SET.fullmatch(scope["path"]):
            risks = getattr(brain, "risks", None)
            return self.limit if risks is None else max(self.limit, risks.sets.largest)
        if scope["method"] != "PUT" or not UPLOAD.fullmatch(scope["path"]):
            return self.limit
        room = getattr(brain, "room", None)
        return self.limit if room is None else max(self.limit, room.shelf.largest)

    def _error(self, limit: int) -> TooLargeError:
        return TooLargeError(
            "http.too_large",
            f"the request is larger than {limit} bytes",
            hint="Send smaller batches",
            params={"limit_mb": limit / 1024 / 1024},
        )


class SecurityHeaders:
    """Add the headers that keep a browser from being used against its owner."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on and complete the answer's headers."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        is_api = scope["path"].startswith("/api/")

        async def with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                for name, value in HEADERS.items():
                    headers.setdefault(name, value)
                if is_api:
                    headers.setdefault("Cache-Control", "no-store")
            await send(message)

        await self.app(scope, receive, with_headers)


def add_front_end(app: FastAPI, folder: Path = WEB) -> None:
    """Serve the built front end; every unknown path is a page of it, except under `/api`."""

    @app.get("/{path:path}", include_in_schema=False)
    @public
    def page(path: str) -> Response:
        if path == "api" or path.startswith("api/"):
            raise NotFoundError(
                "http.not_found",
                f"there is nothing at /{path}",
                hint="Look at /api/v1/openapi.json",
            )
        root = folder.resolve()
        file = _file_of(root, path)
        if file is not None:
            is_named_by_content = path.startswith("assets/")
            headers = {"Cache-Control": FOREVER if is_named_by_content else "no-cache"}
            return FileResponse(file, headers=headers)
        if path.startswith("assets/") or not (root / "index.html").is_file():
            return _not_built(is_missing=not (root / "index.html").is_file())
        return FileResponse(root / "index.html", headers={"Cache-Control": "no-cache"})


def _file_of(root: Path, path: str) -> Path | None:
    """Return the file of the front end that a path names, None when it names none."""
    try:
        file = (root / path).resolve()
        is_there = bool(path) and file.is_relative_to(root) and file.is_file()
    except (OSError, ValueError):  # longer than a name may be, or with a zero byte in it
        return None
    return file if is_there else None


def _not_built(*, is_missing: bool) -> Response:
    """Say in both languages that the front end is not built, and how to build it."""
    if not is_missing:
        raise NotFoundError("http.file", "no such file", hint="Reload the page")
    zh, en = both(Text("page.not_built"))
    body = (
        '<!doctype html><html lang="zh-CN"><meta charset="utf-8"><title>韧城 Rencheng</title>'
        '<body style="font:1.1rem/1.7 sans-serif;max-width:40rem;margin:4rem auto;padding:0 1rem">'
        f'<h1>韧城 Rencheng</h1><p>{zh}</p><p lang="en">{en}</p></body></html>'
    )
    return HTMLResponse(body, 503, {"Cache-Control": "no-store"})
