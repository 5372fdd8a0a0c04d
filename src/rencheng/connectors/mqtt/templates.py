"""Ids of datastreams made of a topic and a message, such as `tide-{1}` or `{device.id}`."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from rencheng.connectors.paths import first, steps

_FIELD = re.compile(r"\{([^{}]*)\}")


@dataclass(frozen=True, slots=True)
class Template:
    """A text with places that are filled in from each message."""

    parts: tuple[str | int | tuple[str | int, ...], ...]
    """Fixed texts, numbers of wildcards from 1, paths in the message."""

    @property
    def is_of_topic(self) -> bool:
        """Whether the topic alone says it."""
        return not any(isinstance(part, tuple) for part in self.parts)

    def filled(self, levels: Sequence[str], content: Any = None) -> str:
        """Return the text for a message; `LookupError` when the message lacks a field.

        Examples
        --------
        >>> template("{site}-{2}").filled(["a", "b"], {"site": "pier"})
        'pier-b'
        """
        found = []
        for part in self.parts:
            if isinstance(part, int):
                found.append(levels[part - 1])
            elif isinstance(part, str):
                found.append(part)
            else:
                value = first(content, part)
                if isinstance(value, bool) or not isinstance(value, str | int):
                    raise LookupError(".".join(map(str, part)))
                found.append(str(value))
        return "".join(found)


def template(text: str) -> Template:
    """Read a template; `InvalidInputError` where a place in it is no path."""
    parts: list[str | int | tuple[str | int, ...]] = []
    for index, piece in enumerate(_FIELD.split(text)):
        if index % 2 == 0:
            parts += [piece] if piece else []
        else:
            parts.append(int(piece) if piece.isdecimal() else steps(piece))
    return Template(tuple(parts))


def topic_for(pattern: str, made: Template, text: str) -> str | None:
    """Return the topic of a pattern that can only mean one text; None when there is none.

    Examples
    --------
    >>> topic_for("plant/+/level", template("tide-{1}"), "tide-7")
    'plant/7/level'
    """
    if not made.is_of_topic or "#" in pattern:
        return None
    numbers = [part for part in made.parts if isinstance(part, int)]
    if sorted(numbers) != list(range(1, pattern.count("+") + 1)):
        return None
    shape = "".join("([^/]+)" if isinstance(p, int) else re.escape(str(p)) for p in made.parts)
    match = re.fullmatch(shape, text)
    if match is None:
        return None
    by_number = dict(zip(numbers, match.groups(), strict=True))
    order = iter(sorted(by_number))
    levels = [by_number[next(order)] if level == "+" else level for level in pattern.split("/")]
    return "/".join(levels)
