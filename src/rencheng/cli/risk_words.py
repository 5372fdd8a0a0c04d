"""Words of the command line that name things, `NAME=ID`: each name once."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from rencheng.domain.errors import InvalidInputError

if TYPE_CHECKING:
    from rencheng.domain.curve import Curve


def once(option: str, pairs: Sequence[tuple[str, str]]) -> dict[str, str]:
    """Return what each name stands for, in their order.

    Raises
    ------
    InvalidInputError
        When an option gives a name more than once.
    """
    from rencheng.adapters.risk.faults import fault, refuse

    many = Counter(name for name, _ in pairs)
    twice = [name or what for name, what in dict(pairs).items() if many[name] > 1]
    refuse([fault("twice", f"--{option}", twice)] if twice else [])
    return dict(pairs)


def named(option: str, words: Iterable[str]) -> dict[str, str]:
    """Return what words such as `NAME=WHAT`, or `WHAT` alone, stand for; blank: no name."""
    split = [word.rpartition("=") for word in words]
    return once(option, [(name, what) for name, _, what in split])


def curves_of(words: Iterable[str], state: Path, option: str = "curves") -> dict[str, Curve]:
    """Return curves of the library by name; a word without a name goes by its id."""
    from rencheng.adapters.curve_library.kept import library_of

    split = [word.rpartition("=") for word in words]
    given = once(option, [(name or identity, identity) for name, _, identity in split])
    library = library_of(state)
    return {name: library.get(identity) for name, identity in given.items()}


def unread(option: str, word: str, example: str) -> InvalidInputError:
    """Return the error of a word that cannot be read."""
    return InvalidInputError(
        "risk.option",
        f"--{option} {word} cannot be read",
        hint=f"Write it as {example}",
        params={"option": option, "word": word, "example": example},
    )
