"""How the command line speaks: one language at a time, Chinese first."""

from __future__ import annotations

import errno
import os
from functools import cache
from typing import TYPE_CHECKING

from rencheng.domain.errors import Fault, Param, RenchengError

if TYPE_CHECKING:
    from rich.console import Console

_chosen: list[str] = []
_REFUSALS = {
    errno.EACCES: "denied",
    errno.EPERM: "denied",
    errno.EROFS: "denied",
    errno.EEXIST: "no_folder",
    errno.ENOTDIR: "no_folder",
    errno.ENOSPC: "full",
    errno.EDQUOT: "full",
}
"""Name in the words of what the operating system refuses."""


def take_language(arguments: list[str]) -> list[str]:
    """Take `--lang zh|en` out of the arguments, wherever it stands, and remember it."""
    _chosen.clear()
    rest: list[str] = []
    words = iter(arguments)
    for word in words:
        name, _, value = word.partition("=")
        if name == "--lang":
            _chosen.append(value or next(words, ""))
        else:
            rest.append(word)
    return rest


def language() -> str:
    """Return the language to speak: `--lang`, else the environment's, else Chinese."""
    said = _chosen or [os.environ.get(n, "") for n in ("RENCHENG_LANG", "LC_ALL", "LANG")]
    for one in said:
        if one.lower().startswith("en"):
            return "en"
        if one.lower().startswith("zh"):
            return "zh-CN"
    return "zh-CN"


@cache
def console(*, is_error: bool = False) -> Console:
    """Return where to write."""
    from rich.console import Console

    return Console(stderr=is_error, highlight=False, soft_wrap=True)


def words(key: str, **params: Param) -> str:
    """Return a sentence in the language of the command line."""
    from rencheng.adapters.words import render
    from rencheng.domain.provenance import Text

    return render(Text(key, params), language())


def say(key: str, style: str = "", **params: Param) -> None:
    """Write a sentence."""
    console().print(words(key, **params), style=style, markup=False)


def complain(error: RenchengError) -> None:
    """Write what is wrong and what to do, with every fault."""
    out = console(is_error=True)
    problem = _sentence(f"error.{error.key}.problem", error.params, error.problem)
    hint = _sentence(f"error.{error.key}.hint", error.params, error.hint)
    out.print(f"✗ {problem}", style="bold red", markup=False)
    out.print(f"  {hint}", markup=False)
    if isinstance(error.__cause__, ExceptionGroup):  # several at once: each in its own words
        for one in error.__cause__.exceptions:
            if isinstance(one, RenchengError):
                complain(one)
        return
    for fault in error.faults:
        said = _fault(fault)
        where = "" if said.startswith(fault.where) else f"{fault.where}: "
        out.print(f"  · {where}{said}", markup=False)


def complain_of_file(error: OSError) -> None:
    """Write what the operating system refused, and what to do about it."""
    kind = _REFUSALS.get(error.errno or 0, "failed")
    path = str(error.filename or error.filename2 or "?")
    out = console(is_error=True)
    out.print(f"✗ {words(f'cli.file.{kind}', path=path)}", style="bold red", markup=False)
    out.print(f"  {words(f'cli.file.{kind}.hint')}", markup=False)
    out.print(f"  ({type(error).__name__}: {error})", style="dim", markup=False)


def _fault(fault: Fault) -> str:
    params: dict[str, Param] = {
        "where": fault.where,
        "count": fault.count,
        "first": ", ".join(fault.first),
        "problem": fault.problem,
        "hint": fault.hint,
    }
    problem = _sentence(f"fault.{fault.key}.problem", params, fault.problem)
    hint = _sentence(f"fault.{fault.key}.hint", params, fault.hint)
    return f"{problem} → {hint}"


def _sentence(key: str, params: dict[str, Param], english: str) -> str:
    from rencheng.adapters.words import catalogue

    if key not in catalogue():
        return english
    try:
        return words(key, **params)
    except (KeyError, IndexError, ValueError):
        return english
