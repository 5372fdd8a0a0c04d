"""Files that come in as the body of a request, written as they come."""

from __future__ import annotations

from collections.abc import Callable

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request

PART = 1024 * 1024
"""Bytes that are written to the disk at a time."""


async def receive(request: Request, write: Callable[[bytes], None]) -> None:
    """Write the body as it comes in, in large parts."""
    waiting = bytearray()
    async for part in request.stream():
        waiting += part
        if len(waiting) >= PART:
            await run_in_threadpool(write, bytes(waiting))
            waiting.clear()
    await run_in_threadpool(write, bytes(waiting))
