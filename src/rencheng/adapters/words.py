"""Sentences in Chinese and English: `words/*.toml`, one table for each key."""

from __future__ import annotations

from functools import cache

from rencheng.adapters.files import PACKAGE, read_toml
from rencheng.domain.provenance import Text

LANGUAGES = ("zh-CN", "en")
_FIELD = {"zh-CN": "zh", "en": "en"}
_FREE = frozenset(
    {"reason", "note", "title", "text", "problem", "hint", "account", "name", "password", "path"}
)
"""Values that people write or type; they are never taken for a code: an account may be `power`."""

_LISTS = frozenset({"roles"})
"""Values that are several codes, with commas between them."""


@cache
def catalogue() -> dict[str, dict[str, str]]:
    """Return every sentence by key, with its `zh` and `en` wording."""
    words: dict[str, dict[str, str]] = {}
    for file in sorted((PACKAGE / "words").glob("*.toml")):
        words |= read_toml(file)
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
    values = {name: _said(name, value, field) for name, value in text.params.items()}
    # What an office named in both languages: `title_zh` and `title_en` fill `{title}`.
    ending = f"_{field}"
    named = [name for name in text.params if name.endswith(ending)]
    values |= {name.removesuffix(ending): text.params[name] for name in named}
    return pattern.format(**values)


def _said(name: str, value: str | int | float, field: str) -> str | int | float:
    if name in _FREE:
        return value
    if name in _LISTS:
        comma = "、" if field == "zh" else ", "
        return comma.join(str(_said("", one, field)) for one in str(value).split(", "))
    return catalogue().get(f"code.{value}", {}).get(field, value)


def both(text: Text) -> tuple[str, str]:
    """Return the sentence in Chinese and in English."""
    return render(text, "zh-CN"), render(text, "en")
