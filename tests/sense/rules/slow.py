"""Alarm rules read word by word: nothing is remembered but readings and what counts."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from rencheng.domain.city import City
from rencheng.domain.watch import Condition, Measure, WatchRule
from rencheng.sense.rules.compiled import BINS, SILENT, objects_of, selected

US = 1_000_000
PARTLY = {(Measure.SUM, False), (Measure.MAX, False), (Measure.MIN, True),
          (Measure.CHANGE, False), (Measure.CHANGE, True)}  # fmt: skip


@dataclass
class Cell:
    """One condition of one stream."""

    one: Condition
    row: int
    is_on: bool = False
    since: int | None = None
    back: int | None = None
    on_at: int | None = None
    seen: int | None = None


@dataclass
class Slow:
    """Rules over a city, asked reading by reading."""

    rules: Sequence[WatchRule]
    city: City
    said: dict[int, list[tuple[int, float]]] = field(default_factory=dict)
    level: dict[tuple[int, str], int] = field(default_factory=dict)
    held: dict[tuple[int, str, int, int], bool] = field(default_factory=dict)
    cells: dict[tuple[int, str, int, int], list[Cell]] = field(default_factory=dict)
    counted: dict[tuple[int, str, int, int], int] = field(default_factory=dict)

    def __post_init__(self) -> None:
        names, codes = objects_of(self.city)
        for r, rule in enumerate(self.rules):
            for s, step in enumerate(rule.steps):
                for c, one in enumerate(step.conditions):
                    for row in selected(one.select, self.city.datastreams):
                        about = codes[rule.speaks][row]
                        if about >= 0:
                            name = names[rule.speaks][about]
                            cell = Cell(one, int(row))
                            self.cells.setdefault((r, name, s, c), []).append(cell)
                            self.level.setdefault((r, name), -1)

    def interval(self, row: int) -> int:
        return int(self.city.datastreams[row].interval_s * US)

    def hear(self, row: int, at: int, value: float) -> list[tuple[int, str, int, int]]:
        """Take one good reading; return what changed: rule, object, step before and after."""
        past = self.said.setdefault(row, [])
        if past and at <= past[-1][0]:
            return []
        past.append((at, value))
        for cells in self.cells.values():
            for cell in cells:
                other = [i for i, s in enumerate(self.city.datastreams) if s.id == cell.one.minus]
                if cell.row == row or row in other:
                    self.look(cell, at)
        return self.changes(at, is_tick=False)

    def look(self, cell: Cell, at: int) -> None:
        answer = self.says(cell)
        if answer is None:
            return
        if cell.seen is not None and at - cell.seen > SILENT * self.interval(cell.row):
            cell.since = cell.back = None
        cell.seen = at
        if answer == "true":
            cell.back = None
            cell.since = at if cell.since is None else cell.since
            if at - cell.since >= cell.one.lasting_s * US:
                cell.is_on, cell.on_at = True, at
            return
        cell.since = None
        cell.back = None if answer == "between" else at if cell.back is None else cell.back
        if cell.back is not None and at - cell.back >= cell.one.clear_after_s * US:
            cell.is_on = False

    def says(self, cell: Cell) -> str | None:
        one, past = cell.one, self.said.get(cell.row, [])
        if not past:
            return None
        at, x = past[-1]
        if one.measure is Measure.SILENCE:
            return "back"
        knows = True
        if one.measure is Measure.DIFFERENCE:
            row = next((i for i, s in enumerate(self.city.datastreams) if s.id == one.minus), -1)
            if not self.said.get(row) or abs(self.said[row][-1][0] - at) > one.window_s * US:
                return None
            x -= self.said[row][-1][1]
        elif one.window_s:
            width = int(one.window_s * US) // BINS
            window = [(t, v) for t, v in past if t // width > at // width - BINS]
            values = [v for _, v in window]
            knows = len(values) * self.interval(cell.row) >= one.least_known * one.window_s * US
            match one.measure:
                case Measure.SUM:
                    x = sum(values)
                case Measure.MEAN:
                    x = sum(values) / len(values)
                case Measure.MAX:
                    x = max(values)
                case Measure.MIN:
                    x = min(values)
                case Measure.ANOMALY:
                    x -= sum(values) / len(values)
                case Measure.CHANGE:
                    x -= values[0]
                    span = at // width - window[0][0] // width
                    knows = span >= one.least_known * BINS - 1
        clear = one.at if one.clear is None else one.clear
        if x <= one.at if one.is_below else x >= one.at:
            return "true" if knows or (one.measure, one.is_below) in PARTLY else None
        if not knows:
            return None
        return "back" if (x > clear if one.is_below else x < clear) else "between"

    def pass_time(self, now: int) -> list[tuple[int, str, int, int]]:
        """Let time pass without a reading."""
        for cells in self.cells.values():
            for cell in cells:
                past = self.said.get(cell.row)
                if not past or past[-1][0] > now:
                    continue
                age, one = now - past[-1][0], cell.one
                if one.measure is Measure.SILENCE:
                    if not cell.is_on and age >= one.at * US:
                        cell.is_on, cell.on_at = True, now
                elif age > SILENT * self.interval(cell.row):
                    continue
                elif cell.is_on:
                    if cell.back is not None and now - cell.back >= one.clear_after_s * US:
                        cell.is_on = False
                elif cell.since is not None and now - cell.since >= one.lasting_s * US:
                    cell.is_on, cell.on_at = True, now
        return self.changes(now, is_tick=True)

    def changes(self, at: int, *, is_tick: bool) -> list[tuple[int, str, int, int]]:
        found = []
        for key, cells in self.cells.items():
            self.held[key] = self.agree(key, cells, at, is_tick=is_tick)
        for (r, name), before in self.level.items():
            steps = self.rules[r].steps
            holding = [
                s
                for s, step in enumerate(steps)
                if all(self.held.get((r, name, s, c)) for c in range(len(step.conditions)))
            ]
            after = holding[0] if holding else -1
            if after != before:
                found.append((r, name, before, after))
                self.level[r, name] = after
        return found

    def agree(
        self, key: tuple[int, str, int, int], cells: list[Cell], at: int, *, is_tick: bool
    ) -> bool:
        one, was = cells[0].one, self.held.get(key, False)
        count = sum(cell.is_on for cell in cells)
        if one.share:
            if not is_tick and count == self.counted.get(key, 0):
                return was
            self.counted[key] = count
            known = sum(
                cell.is_on
                or bool(
                    self.said.get(cell.row)
                    and at - self.said[cell.row][-1][0] <= SILENT * self.interval(cell.row)
                )
                for cell in cells
            )
            few = known == 0 or known < one.least_known * len(cells)
            return was if few else count >= one.share * known
        if one.within_s:
            times = [cell.on_at for cell in cells if cell.on_at is not None]
            if was:
                stay = sum(
                    c.is_on or (c.on_at is not None and c.on_at >= at - one.within_s * US)
                    for c in cells
                )
                return stay >= one.at_least if is_tick else was
            if at not in times:  # agreement begins with a stream that says so now
                return False
            span = one.within_s * US
            newest = max(t for t in times if t <= at + span)
            ends = (at, newest)
            return max(sum(e - span <= t <= e for t in times) for e in ends) >= one.at_least
        return count >= one.at_least
