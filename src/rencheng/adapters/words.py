"""Sentences in Chinese and English: `words/*.toml`, one table for each key."""

from __future__ import annotations

import tomllib
from functools import cache

from rencheng.adapters.files import PACKAGE
from rencheng.domain.provenance import Text

LANGUAGES = ("zh-CN", "en")
_FIELD = {"zh-CN": "zh", "en": "en"}
_FREE = frozenset(
    {"reason", "note", "title", "text", "problem", "hint", "account", "name", "password", "path"}
)
"""Values that people write or type; they are never taken for a code: an account may be `power`."""


@cache
def catalogue() -> dict[str, dict[str, str]]:
    """Return every sentence by key, with its `zh` and `en` wording."""
    words: dict[str, dict[str, str]] = {}
    for file in sorted((PACKAGE / "words").glob("*.toml")):
        words |= tomllib.loads(file.read_text(encoding="utf-8"))
    return words


def render(text: Text, language: str) -> str:
    """Return the sentence in a language; a key without words comes back as itself.

    A value that is a code of ours, such as `tsunami_alert`, is said by its name (`code.<value>`);
    what a person wrote stays as written.
    """
    field = _FIELD.get(language, "en")
    pattern = catalogue().get(text.key, {}).get(field)
    if pattern is None:
        return text.key
    values = {
        name: value if name in _FREE else catalogue().get(f"code.{value}", {}).get(field, value)
        for name, value in text.params.items()
    }
    return pattern.format(**values)


def both(text: Text) -> tuple[str, str]:
    """Return the sentence in Chinese and in English."""
    return render(text, "zh-CN"), render(text, "en")
