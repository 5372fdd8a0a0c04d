"""`$batch`: several requests in one, as JSON; each stands for itself."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any
from urllib.parse import urlsplit

from rencheng.domain.errors import InvalidInputError
from rencheng.service.register_forms import Faults

MOST = 1_000
"""Requests in one. Chosen."""
WRONG, FAILED_BEFORE = 400, 424
"""A request failed from here on; it was not done as another had failed (OData JSON 4.01)."""
Answer = Callable[[str, str, str, Any], tuple[int, str, Any]]
"""Id of the request, method, path with options, body to status, address and body."""
_PLACEHOLDER = re.compile(r"^\$([A-Za-z0-9_.-]+)(?=[/?]|$)")


def run(body: Any, root: str, answer: Answer) -> dict[str, Any]:
    """Do the requests in their order; `$name` stands for what the request of that name made."""
    faults = Faults()
    found = body.get("requests") if isinstance(body, Mapping) else None
    requests: list[Any] = found if isinstance(found, list) else []
    if not isinstance(found, list) or len(found) > MOST:
        faults.add("requests", "no_list")
    names: set[str] = set()
    for i, one in enumerate(requests):
        _check(one, f"requests[{i}]", names, faults)
    faults.raise_any()
    made: dict[str, str] = {}
    failed: set[str] = set()
    responses: list[dict[str, Any]] = []
    for one in requests:
        path = _path(one["url"], root)
        if failed & _needed(one, path):
            failed.add(one["id"])
            responses.append({"id": one["id"], "status": FAILED_BEFORE})
            continue
        path = _PLACEHOLDER.sub(lambda m: made.get(m.group(1), m.group(0)), path)
        inner = _filled(one.get("body"), made)
        status, address, content = answer(one["id"], one["method"].upper(), path, inner)
        if status >= WRONG:
            failed.add(one["id"])
        response: dict[str, Any] = {"id": one["id"], "status": status}
        if address:
            made[str(one["id"])] = address.removeprefix(f"{root}/")
            response["location"] = address
        if content is not None:
            response["body"] = content
        responses.append(response)
    return {"responses": responses}


def no_multipart() -> InvalidInputError:
    """Return the refusal of the standard's older form, which we do not declare either."""
    return InvalidInputError(
        "sensorthings.multipart",
        "requests in parts (multipart/mixed) are not taken",
        hint='Send JSON: {"requests": [{"id": "1", "method": "post", "url": "Things", "body": …}]}',
    )


def _check(one: Any, place: str, names: set[str], faults: Faults) -> None:
    if not isinstance(one, Mapping):
        faults.add(place, "no_object")
        return
    for name in ("id", "method", "url"):
        if not isinstance(one.get(name), str):
            faults.add(f"{place}.{name}", "missing")
    if one.get("atomicityGroup") is not None:
        faults.add(f"{place}.atomicityGroup", "no_group")
    if one.get("id") in names:
        faults.add(f"{place}.id", "taken", str(one.get("id")))
    names.add(str(one.get("id")))


def _needed(one: Mapping[str, Any], path: str) -> set[str]:
    """Return the requests that have to succeed before one can be done."""
    found = _PLACEHOLDER.match(path)
    said = one.get("dependsOn")
    needed = {str(name) for name in said} if isinstance(said, list) else set()
    return needed | _named(one.get("body")) | ({found.group(1)} if found else set())


def _named(body: Any) -> set[str]:
    """Return the requests whose entities a body names as `{"@iot.id": "$name"}`."""
    if isinstance(body, list):
        return {name for one in body for name in _named(one)}
    if not isinstance(body, Mapping):
        return set()
    key = body.get("@iot.id")
    own = {key[1:]} if isinstance(key, str) and key.startswith("$") else set()
    return own | {name for one in body.values() for name in _named(one)}


def _path(url: str, root: str) -> str:
    """Return what stands after the service root: addresses may be whole or relative."""
    own = urlsplit(root).path
    parts = urlsplit(url)
    path = parts.path.removeprefix(f"{own}/").lstrip("/")
    return f"{path}?{parts.query}" if parts.query else path


def _filled(body: Any, made: Mapping[str, str]) -> Any:
    """Return a body in which `{"@iot.id": "$name"}` stands for what was made before."""
    if isinstance(body, list):
        return [_filled(one, made) for one in body]
    if not isinstance(body, Mapping):
        return body
    key = body.get("@iot.id")
    if isinstance(key, str) and key.startswith("$") and key[1:] in made:
        made_id = made[key[1:]].partition("('")[2].removesuffix("')").replace("''", "'")
        return {**body, "@iot.id": made_id}
    return {name: _filled(one, made) for name, one in body.items()}
