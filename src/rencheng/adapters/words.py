"""Sentences in Chinese and English: `words/*.toml`, one table for each key."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from functools import cache
from pathlib import Path

from rencheng.adapters.files import PACKAGE
from rencheng.domain.provenance import Text
from rencheng.service.toml import parse_toml

LANGUAGES = ("zh-CN", "en")
_FIELD = {"zh-CN": "zh", "en": "en"}
_FREE = frozenset(
    {"reason", "note", "title", "text", "problem", "hint", "account", "name", "password", "path"}
)
"""Values that people write or type; they are never taken for a code: an account may be `power`."""

_LISTS = frozenset({"roles"})
"""Values that are several codes, with commas between them."""


_TABLE = re.compile(r'^\["([^"\n]+)"\]\n((?:(?!\[").*\n?)*)', re.MULTILINE)


class Catalogue(Mapping[str, Mapping[str, str]]):
    """Every sentence by key, with its `zh` and `en` wording.

    A command says a few of thousands of sentences: each is read as TOML when it is asked for.
    """

    def __init__(self, folder: Path) -> None:
        files = sorted(folder.glob("*.toml"))
        self._written: dict[str, str] = {}
        for file in files:
            self._written |= dict(_TABLE.findall(file.read_text(encoding="utf-8")))
        self._read: dict[str, Mapping[str, str]] = {}

    def __getitem__(self, key: str) -> Mapping[str, str]:
        """Return the wordings of a key."""
        if key not in self._read:
            self._read[key] = parse_toml(self._written[key], key)
        return self._read[key]

    def __contains__(self, key: object) -> bool:
        """Whether there is a sentence."""
        return key in self._written

    def __iter__(self) -> Iterator[str]:
        """Return the keys."""
        return iter(self._written)

    def __len__(self) -> int:
        """Return how many sentences there are."""
        return len(self._written)


@cache
def catalogue() -> Catalogue:
    """Return every sentence that comes with the program."""
    return Catalogue(PACKAGE / "words")


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
