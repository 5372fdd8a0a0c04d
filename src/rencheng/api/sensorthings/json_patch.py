"""JSON Patch (RFC 6902) on an entity's properties."""

from __future__ import annotations

from copy import deepcopy
from typing import Any

from rencheng.domain.errors import InvalidInputError


def patched(document: Any, steps: list[Any]) -> Any:
    """Return a document with every step done, or raise `InvalidInputError` and change nothing.

    Examples
    --------
    >>> patched({"a": [1]}, [{"op": "add", "path": "/a/-", "value": 2}])
    {'a': [1, 2]}
    """
    whole = {"": deepcopy(document)}
    for number, step in enumerate(steps):
        try:
            _do(whole, step)
        except (KeyError, IndexError, TypeError, ValueError) as error:
            raise InvalidInputError(
                "sensorthings.patch",
                f"step {number + 1} of the patch cannot be done: {error}",
                hint="See RFC 6902; the path must be there",
                params={"step": number + 1},
            ) from error
    return whole[""]


def _do(whole: dict[str, Any], step: Any) -> None:
    op, path = step["op"], step["path"]
    if op == "test":
        if _get(whole, path) != step["value"]:
            raise ValueError("the value is another one")
    elif op == "remove":
        _take(whole, path)
    elif op == "add":
        _put(whole, path, step["value"])
    elif op == "replace":
        _take(whole, path)
        _put(whole, path, step["value"])
    elif op == "move":
        _put(whole, path, _take(whole, step["from"]))
    elif op == "copy":
        _put(whole, path, deepcopy(_get(whole, step["from"])))
    else:
        raise ValueError(f"no operation {op!r}")


def _parts(path: str) -> list[str]:
    if path and not path.startswith("/"):
        raise ValueError(f"{path!r} does not begin with a slash")
    return [part.replace("~1", "/").replace("~0", "~") for part in path.split("/")]


def _reach(whole: Any, parts: list[str]) -> Any:
    at = whole
    for part in parts:
        at = at[int(part)] if isinstance(at, list) else at[part]
    return at


def _get(whole: Any, path: str) -> Any:
    return _reach(whole, _parts(path))


def _take(whole: Any, path: str) -> Any:
    *above, last = _parts(path)
    at = _reach(whole, above)
    return at.pop(int(last)) if isinstance(at, list) else at.pop(last)


def _put(whole: Any, path: str, value: Any) -> None:
    *above, last = _parts(path)
    at = _reach(whole, above)
    if not isinstance(at, list):
        at[last] = value
    elif last == "-":
        at.append(value)
    else:
        if not 0 <= int(last) <= len(at):
            raise IndexError(last)
        at.insert(int(last), value)
