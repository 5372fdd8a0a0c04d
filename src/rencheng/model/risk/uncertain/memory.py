"""How many samples may stand side by side in a stated memory."""

from __future__ import annotations

import math
from dataclasses import dataclass

from rencheng.domain.errors import TooMuchError
from rencheng.model.risk.blocks import must_be_budget

LANES = 128
"""Samples that a loop takes at a time: losses of 1,000 events then stay in the cache. Ours."""
KINDS_MB = 64.0
"""Up to here losses by class are worked out once and added up sample by sample. Ours."""
# One stored intensity turned around: event and value; and as the source brings it: point and value,
# and the same again where a file has them in another form.
_HELD_BYTES, _READ_BYTES = 8, 24
_FIRST_READ = 4096
"""Stored intensities that are read together at least. Ours."""
# One loss of an event in a sample, and how many of its parts are unknown.
_LOSS_BYTES = 12


@dataclass(frozen=True, slots=True, kw_only=True)
class Carry:
    """What is kept of the samples beside average annual losses."""

    periods: bool = True
    """The exceedance curve at the return periods."""
    events: bool = True
    """The loss of each event in each sample."""
    assets: bool = True
    """Quantiles of each asset's annual loss."""
    asset_samples: bool = False
    """The annual loss of each asset in each sample."""

    @property
    def losses(self) -> bool:
        """Whether losses of events are needed at all."""
        return self.periods or self.events


@dataclass(frozen=True, slots=True, kw_only=True)
class Sizes:
    """How large a study is."""

    events: int
    assets: int
    samples: int
    groups: int
    stored: int
    """Intensities of the largest member."""
    largest: int
    """Intensities of the largest event."""
    points: int
    items: int
    kinds: int
    """Curves of all classes, alternatives counted."""
    most_kinds: int
    """Of one class."""
    members: int
    is_split: bool = False
    """Whether assets have parts, which lie in several blocks."""
    tables: int = 0
    """What curves and their quantiles take. [byte]"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Room:
    """How a study is cut to fit its memory."""

    lanes: int
    """Samples of one pass over all assets."""
    keeps_assets: bool
    """Whether all assets' samples are held, because the passes see only some."""
    slots: int
    """Assets of one block."""
    load: int
    """Intensities that are worked on together: those of some points in all events."""
    read: int
    """Intensities that are read together, or one event."""


def room(carry: Carry, sizes: Sizes, budget_mb: float) -> Room:
    """Return how to cut a study, so that its set is read as seldom as the memory allows.

    Raises
    ------
    TooMuchError
        When not even a few samples at a time fit, with the hits of one point.
    """
    must_be_budget(budget_mb)
    loads = [max(1, sizes.stored)]
    while loads[-1] > max(1, sizes.events):  # which one point may have at most
        loads.append(max(loads[-1] // 2, sizes.events, 1))
    found = [_cut(carry, sizes, budget_mb, load) for load in loads]
    fits = [one for one in found if isinstance(one, Room)]
    if not fits:
        raise _too_much(min(one for one in found if not isinstance(one, Room)), budget_mb)
    return min(fits, key=lambda one: -(-sizes.samples // one.lanes) * -(-sizes.stored // one.load))


def _cut(carry: Carry, sizes: Sizes, budget_mb: float, load: int) -> Room | float:
    """Return how to cut a study of which so many hits are held, or what it needs. [byte]"""
    n = sizes
    budget = budget_mb * 1e6
    read = max(n.largest, min(n.stored, max(_FIRST_READ, load // 3)))
    fixed = float(_HELD_BYTES * load + _READ_BYTES * read + n.tables)
    fixed += 32 * n.points + 64 * n.items + 64 * n.assets
    fixed += 16 * n.groups * n.samples + 40 * n.samples * max(1, n.kinds)
    fixed += 16 * n.events * n.kinds if carry.losses and small(n.events, n.kinds) else 0
    fixed += 8 * n.events * n.samples if carry.events else 0
    slots = max(1, min(n.assets, int(0.1 * budget / (24 * max(1, n.samples)))))
    with_slots = carry.assets or carry.asset_samples
    fixed += 24 * slots * n.samples if with_slots else 0
    fixed += 16 * n.items * n.most_kinds
    asset_bytes = 4 * n.assets * n.samples
    # A loop's own lanes, and sorting them for the exceedance curve.
    lane = (_LOSS_BYTES + 16) * n.events if carry.losses else 8 * n.events
    sorting = 32 * n.events * min(LANES, n.samples) if carry.periods else 0
    keeps = carry.asset_samples or (carry.assets and (n.members > 1 or n.is_split))
    for held in (keeps, True):
        need = fixed + sorting + (asset_bytes if held else 0)
        lanes = n.samples if not lane else int((budget - need) // lane)
        if need <= budget and (lanes >= n.samples or (held or not carry.assets) and lanes >= 1):
            return Room(
                lanes=min(lanes, n.samples),
                keeps_assets=held and with_slots,
                slots=slots,
                load=load,
                read=read,
            )
        if not carry.assets:
            break
    one = 24 * n.samples  # an asset of a block; of those there are as many as a tenth allows
    rest = fixed + sorting - (one * slots if with_slots else 0)
    ways = [asset_bytes + lane] if carry.assets else []
    ways += [(asset_bytes if keeps else 0) + lane * (n.samples if carry.assets else 1)]
    least = rest + min(ways)
    return least + (min(one * n.assets, max(one, least / 9)) if with_slots else 0)


def must_hold(names: int, samples: int, budget_mb: float) -> None:
    """Refuse samples of which not even the draws of inputs and the sums fit the memory.

    Raises
    ------
    TooMuchError
        With what they need.
    """
    must_be_budget(budget_mb)
    need = (16 * names + 40) * samples
    if need > budget_mb * 1e6:
        raise _too_much(need, budget_mb)


def _too_much(need: float, budget_mb: float) -> TooMuchError:
    """Return the error of a study that needs so much. [bytes, MB]"""
    need_mb = math.ceil(need / 1e6)
    return TooMuchError(
        "risk_uncertainty.budget",
        f"the study needs {need_mb:,} MB at least and may take {budget_mb:,g} MB",
        hint="Allow more, take fewer samples, or carry no losses of events or assets",
        params={"need": need_mb, "budget": budget_mb},
    )


def small(events: int, kinds: int) -> bool:
    """Whether losses by event and kind are few enough to be worked out once."""
    return 16 * events * kinds <= KINDS_MB * 1e6
