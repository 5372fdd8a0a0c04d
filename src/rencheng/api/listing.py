"""Long lists looked through on the server: words, filters, an order."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Sequence
from typing import Annotated, Any, TypeVar

from fastapi import Query

T = TypeVar("T")
Words = Annotated[str, Query(alias="q", max_length=100, description="Words that all must occur.")]
Descending = Annotated[bool, Query(description="The greatest first; unknown stays last.")]
_DIGITS = re.compile(r"(\d+)")


def finds(words: str, texts: Iterable[str]) -> bool:
    """Whether every word occurs in some text, whatever the case."""
    text = "\n".join(texts).casefold()
    return all(word in text for word in words.casefold().split())


def natural(text: str) -> tuple[tuple[int, int | str], ...] | None:
    """Return a key that puts `gauge 9` before `gauge 10`; None, unknown, for no text."""
    parts = _DIGITS.split(text.casefold())
    return tuple((0, int(p)) if p.isdecimal() else (1, p) for p in parts if p) or None


def ordered(items: Sequence[T], key: Callable[[T], Any], *, descending: bool) -> list[T]:
    """Return items in the order of a key; unknown (None) stands last, ties keep their order."""
    keys = [(key(item), item) for item in items]
    known = [pair for pair in keys if pair[0] is not None]
    known.sort(key=lambda pair: pair[0], reverse=descending)
    return [item for _, item in known] + [item for value, item in keys if value is None]
