"""Network files of the INP family (EPANET, SWMM): sections of rows, read with their line numbers.

The programs' own libraries stop at the first fault. Here every fault of a file is collected, each
with its section and lines, and nothing of the file is run.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from rencheng.domain.errors import Fault, InvalidInputError

FIRST = 5
"""Lines named of one kind of fault."""
MAX_LINE = 4096
"""Longer lines are of no network file. [characters]"""
_WORD = re.compile(r'"[^"]*"|\S+')
_HINTS = {
    "inp.section": "Name the section as the program's manual does",
    "inp.outside": "Put the row under the heading of its section",
    "inp.short": "Give the row all the fields that the section needs",
    "inp.number": "Write a number, with a point and without separators",
    "inp.binary": "Save the network as a text file (INP) from the program",
    "inp.units": "Use a unit of flow that the program knows",
}


@dataclass(frozen=True, slots=True)
class Row:
    """One row of a section."""

    section: str
    line: int
    words: tuple[str, ...]
    comment: str = ""

    def get(self, place: int, otherwise: str = "") -> str:
        """Return the word at a place, or `otherwise` where the row is shorter."""
        return self.words[place] if place < len(self.words) else otherwise


@dataclass(slots=True)
class Troubles:
    """Collects what is wrong with a file, by kind and section."""

    name: str
    lines: dict[tuple[str, str], list[tuple[int, str]]] = field(default_factory=dict)

    def add(self, key: str, section: str, line: int, what: str) -> None:
        """Note one fault."""
        self.lines.setdefault((key, section), []).append((line, what[:40]))

    def number(self, row: Row, place: int, otherwise: float = math.nan) -> float:
        """Return the number at a place; `otherwise` where there is none; note what is not one."""
        word = row.get(place)
        if word in ("", "*"):
            return otherwise
        try:
            value = float(word)
        except ValueError:
            value = math.nan
        if not math.isfinite(value):
            self.add("inp.number", row.section, row.line, word)
            return math.nan
        return value

    def has(self, row: Row, count: int) -> bool:
        """Say whether a row has so many words; note it where not."""
        if len(row.words) < count:
            self.add("inp.short", row.section, row.line, " ".join(row.words))
            return False
        return True

    def faults(self) -> tuple[Fault, ...]:
        """Return all faults, in the order of the file."""
        kinds = sorted(self.lines.items(), key=lambda item: item[1][0][0])
        return tuple(
            Fault(
                where=f"{self.name}:{lines[0][0]} [{section}]",
                key=key,
                problem=f"{key}: {len(lines)} rows of [{section}]",
                hint=_HINTS[key],
                count=len(lines),
                first=tuple(f"{line} “{what}”" for line, what in lines[:FIRST]),
            )
            for (key, section), lines in kinds
        )

    def settle(self) -> None:
        """Raise when anything was noted.

        Raises
        ------
        InvalidInputError
            With all faults at once.
        """
        faults = self.faults()
        if faults:
            count = sum(fault.count for fault in faults)
            raise InvalidInputError(
                "inp.file",
                f"{self.name} does not parse: {count} faults",
                hint="Mend the lines named, or open the file in the program and save it again",
                params={"file": self.name, "count": count},
                faults=faults,
            )


def read_rows(file: Path, sections: frozenset[str], troubles: Troubles) -> Mapping[str, list[Row]]:
    """Return the rows of a network file by section; sections given twice are put together.

    Parameters
    ----------
    file
        The file; UTF-8, else Latin-1 as older programs write it.
    sections
        Names that the program knows, in capitals; a longer or shorter form with the same first
        four letters is the same section, as in the programs themselves.
    troubles
        Takes every fault met.
    """
    known = {name[:4]: name for name in sorted(sections, key=len, reverse=True)}
    found: dict[str, list[Row]] = {name: [] for name in sections}
    section = ""
    for number, line in _lines(file, troubles):
        text, _, comment = line.partition(";")
        text = text.strip()
        if text.startswith("["):
            name = text[1:].partition("]")[0].strip().upper()
            section = name if name in sections else known.get(name[:4], "?")
            if section == "?":
                troubles.add("inp.section", name, number, text)
            elif section == "END":
                break
        elif text and section == "":
            troubles.add("inp.outside", "", number, text)
        elif text and section != "?":
            words = tuple(word.strip('"') for word in _WORD.findall(text))
            found[section].append(Row(section, number, words, comment.strip()))
    return found


def _lines(file: Path, troubles: Troubles) -> Iterator[tuple[int, str]]:
    raw = file.read_bytes()
    if b"\0" in raw[:65536]:
        troubles.add("inp.binary", "", 1, repr(raw[:8]))
        return
    try:
        text = raw.decode("utf-8-sig")
    except UnicodeDecodeError:
        text = raw.decode("latin-1")
    for number, line in enumerate(text.splitlines(), start=1):
        if len(line) > MAX_LINE:
            troubles.add("inp.binary", "", number, line[:20])
            return
        yield number, line
