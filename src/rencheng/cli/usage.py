"""What is wrong with a command as it was typed, in the language of the command line."""

from __future__ import annotations

import difflib
from collections.abc import Iterable
from datetime import date, datetime
from enum import Enum
from typing import Any, Literal, get_args, get_origin

from cyclopts.exceptions import (
    CoercionError,
    CycloptsError,
    MissingArgumentError,
    RepeatArgumentError,
    UnknownCommandError,
    UnknownOptionError,
    UnusedCliTokensError,
    ValidationError,
)
from rich.text import Text

from rencheng.cli.speaking import words

_SHOWN = 20
"""Choices that are named at most. Chosen."""
_KINDS = {int: "int", float: "float", bool: "bool", datetime: "time", date: "date"}


def refusal(error: CycloptsError) -> Text:
    """Return what is wrong, what was probably meant, and where it is said what is right."""
    problem, meant = _said(error)
    command = " ".join(("rencheng", *(error.command_chain or ())))
    lines = [words("cli.usage.meant", text=meant)] if meant else []
    lines.append(words("cli.usage.hint", command=command))
    said = Text()
    said.append(f"✗ {problem}\n", style="bold red")
    return said.append("\n".join(f"  {line}" for line in lines), style="default")


def _said(error: CycloptsError) -> tuple[str, str]:
    """Return the sentence, and the word that was probably meant."""
    given = error.root_input_tokens or []
    match error:
        case UnknownCommandError(unused_tokens=[word, *_]):
            is_option = word.startswith("-")
            known = [one for one in error.app or () if one.startswith("-") is is_option]
            kind = "option" if is_option else "command"
            return words(f"cli.usage.unknown_{kind}", text=word), _near(word, known)
        case UnknownOptionError():
            word = error.token.keyword or error.token.value
            known = [name for one in error.argument_collection for name in one.names]
            kind = "option" if word.startswith("-") else "extra"
            return words(f"cli.usage.unknown_{kind}", text=word), _near(word, known)
        case UnusedCliTokensError():
            return words("cli.usage.unknown_extra", text=" ".join(error.unused_tokens or ())), ""
        case MissingArgumentError(argument=argument) if argument is not None:
            named = [one for one in given if one.split("=")[0] in argument.names]
            if named:
                return words("cli.usage.no_value", name=named[0]), ""
            strange = [one for one in error.unused_tokens or () if one.startswith("-")]
            slip = _near(argument.name, strange)
            return words("cli.usage.missing", name=argument.name), slip and argument.name
        case RepeatArgumentError():
            return words("cli.usage.repeated", name=error.token.keyword or ""), ""
        case CoercionError(token=token, target_type=kind) if token is not None:
            return _misread(error, token.value, token.keyword or "", kind)
        case ValidationError(argument=argument) if argument is not None:
            params = {"name": argument.name, "said": error.exception_message}
            return words("cli.usage.invalid", **params), ""
    return words("cli.usage.other", said=str(error)), ""


def _misread(error: CoercionError, word: str, name: str, kind: Any) -> tuple[str, str]:
    """Return what a word should have been."""
    name = name or (error.argument.name if error.argument is not None else "")
    choices: list[str] = []
    if get_origin(kind) is Literal:
        choices = [str(one) for one in get_args(kind)]
    elif isinstance(kind, type) and issubclass(kind, Enum):
        choices = [one.name.lower().replace("_", "-") for one in kind]
    if choices:
        shown = ", ".join([*choices[:_SHOWN], *(["…"] if len(choices) > _SHOWN else [])])
        said = words("cli.usage.no_choice", text=word, name=name, choices=shown)
        return said, _near(word, choices)
    what = words(f"cli.usage.kind.{_KINDS.get(kind, 'other')}")
    return words("cli.usage.no_kind", text=word, name=name, what=what), ""


def _near(word: str, known: Iterable[str]) -> str:
    """Return the known word that is most like another, empty when none is."""
    found = difflib.get_close_matches(word, list(known), n=1)
    return found[0] if found else ""
