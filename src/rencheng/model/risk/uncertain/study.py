"""What an event set may do to a portfolio when its inputs are uncertain, sample by sample."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from rencheng.domain.curve import Curve
from rencheng.domain.errors import ConflictError
from rencheng.domain.risk import EventHead, EventSource, Portfolio, Standing
from rencheng.domain.risk_parts import Parts
from rencheng.domain.risk_uncertainty import QUANTILES, Design, Study, UncertainImpact
from rencheng.model.risk.draws import keys
from rencheng.model.risk.stock import counted
from rencheng.model.risk.uncertain.curves import curves_with_quantiles
from rencheng.model.risk.uncertain.lanes import Lanes, lanes
from rencheng.model.risk.uncertain.member import Block, Member, Pass
from rencheng.model.risk.uncertain.memory import Carry, Room, Sizes, room

F64 = NDArray[np.float64]
I64 = NDArray[np.int64]
Progress = Callable[[int, int], None]
"""Called with blocks done and all blocks."""
IsStopped = Callable[[], bool]
"""Asked before each block; true ends the job."""

STOPPED = "risk.stopped"
"""Key of the error of a job that was stopped, as of every run of the risk engine."""
MODEL, VERSION = "uncertain-impact", "1"
# Sums of rates and 1 / return period are held equal within this share, as `tail` does.
_SAME = 1e-12


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """What a study shall carry, and by what means."""

    carry: Carry = field(default_factory=Carry)
    groups: Sequence[str] = ()
    """Name of each asset's group; none: no groups. (assets,)"""
    budget_mb: float = 512.0
    """Memory that the job may take beyond its inputs. [MB]"""
    threads: int = 2
    progress: Progress | None = None
    is_stopped: IsStopped | None = None
    versions: Mapping[str, str] = field(default_factory=dict)


def uncertain_impact(
    members: Sequence[tuple[EventSource, Portfolio]],
    curves: Mapping[str, Curve],
    study: Study,
    design: Design,
    asked: Asked,
    parts: Sequence[Parts | None] = (),
) -> UncertainImpact:
    """Return losses in every sample of a study.

    Parameters
    ----------
    members
        One event set, or those of the study's ensemble in its order, each with the same assets at
        its points.
    curves
        By name, in the order of the portfolio's rows and in the unit of the sets; alternatives
        among them.
    study
        Checked before: its names exist, its weights sum to 1.
    design
        Its samples.
    asked
        What to carry, memory, threads.
    parts
        Where areas and lines lie in each set; none: every asset stands at its point.

    Raises
    ------
    TooMuchError
        When what is carried does not fit the memory.
    ConflictError
        With the key `STOPPED`, when `asked.is_stopped` says so; it keeps nothing.

    Notes
    -----
    The loss of event e in sample s is Σ value x factor(s) x r(x(e) x axis(s)); r is the curve that
    the sample chose, or its beta quantile: at every knot the quantile of the beta distribution with
    the curve's mean and standard deviation, straight between (scores are tabulated 64 a unit), so
    that its mean over the samples is the curve's own. What is not stored stays not reached in every
    sample: a factor moves no edge of a footprint. Every sample is summed by itself in the order of
    points: blocks, threads, other samples and other inputs change no bit of it; another order of
    assets or events changes rounding only. Parts of an asset share its own draws. What is unknown
    is counted and is in no sum. Unlike `impact` it works point by point: a set that does not fit
    the memory is read again for some of its points after the others.

    Judged against the NumPy twin, closed forms and Kolmogorov-Smirnov tests. Left out: dependence
    between inputs, spatial correlation of the part within an event, several events in a year.
    Cost: see benchmarks/uncertainty.py.
    """
    drawn = lanes(study, design, tuple(curves))
    folio = members[0][1]
    names, group = _grouped(asked.groups, len(folio.id))
    tables = curves_with_quantiles(list(curves.values()), drawn.with_quantile)
    lie = parts or [None] * len(members)
    sizes = replace(_sizes(members, drawn, len(names), tables.size), **_split(lie, folio))
    same = all(one.head.names == members[0][0].head.names for one, _ in members)
    carry = asked.carry if same else Carry(
        periods=asked.carry.periods, events=False, assets=asked.carry.assets,
        asset_samples=asked.carry.asset_samples,
    )  # fmt: skip
    cut = room(carry, sizes, asked.budget_mb)
    named = (group, keys(folio.id))
    jobs = [
        Member(source, one, where, tables, named)
        for (source, one), where in zip(members, lie, strict=True)
    ]
    whole = _Whole(carry, cut, sizes, np.array(study.return_periods))
    steps = [
        (job, which[a : a + cut.lanes])
        for which, job in ((np.flatnonzero(drawn.member == m), job) for m, job in enumerate(jobs))
        for a in range(0, which.size, cut.lanes)
    ]
    _through(jobs, steps, cut, (whole, sizes.groups, drawn), asked)
    standing = np.minimum.reduce([job.standing for job in jobs])
    whole.settle(standing)
    return UncertainImpact(
        design=design,
        names=members[0][0].head.names if same else (),
        known_aal=whole.aal,
        unknown=whole.unknown,
        return_periods=whole.periods,
        known_pml=whole.pml,
        known_event_loss=whole.event,
        event_unknown=whole.event_unknown,
        known_eai_quantiles=whole.quantiles,
        known_asset_eai=whole.asset if carry.asset_samples else None,
        dark=whole.dark,
        groups=names,
        known_group_aal=whole.group[: len(names)],
        standing=standing,
        counts=counted(standing),
        currency=folio.currency,
        year=folio.year,
        versions={MODEL: VERSION, "samples": design.origin, **asked.versions},
    )


def _through(
    jobs: Sequence[Member],
    steps: Sequence[tuple[Member, I64]],
    cut: Room,
    into: tuple[_Whole, int, Lanes],
    asked: Asked,
) -> None:
    """Read the sets and go through all steps, each some samples of one set."""
    whole, groups, drawn = into
    for job in jobs:
        _go_on(asked)
        job.read(cut)
    done, total = 0, sum(len(part) for job, _ in steps for part in job.blocks(cut))
    for i, (job, which) in enumerate(steps):
        if i and steps[i - 1][0] is not job:
            steps[i - 1][0].rest()
        work = Pass(drawn.at(which), len(job.head.names), groups, whole.carry)
        _go_on(asked)
        for block in job.run(work, cut, asked.threads):
            _go_on(asked)
            whole.take(block, which)
            done += 1
            if asked.progress:
                asked.progress(done, total)
        whole.close(work, which, job.head)


def _go_on(asked: Asked) -> None:
    if asked.is_stopped and asked.is_stopped():
        raise ConflictError(STOPPED, "the run was stopped", hint="Ask for it again")


def _grouped(groups: Sequence[str], assets: int) -> tuple[tuple[str, ...], NDArray[np.int32]]:
    """Return the names of groups, and each asset's row among them; one nameless when none."""
    if not len(groups):
        return (), np.zeros(assets, dtype=np.int32)
    names, which = np.unique(np.asarray(groups, dtype=str), return_inverse=True)
    return tuple(map(str, names)), which.astype(np.int32)


def _sizes(
    members: Sequence[tuple[EventSource, Portfolio]], drawn: Lanes, groups: int, tables: int
) -> Sizes:
    sources = [source for source, _ in members]
    folio = members[0][1]
    starts = [np.asarray(source.start) for source in sources]
    return Sizes(
        events=max(source.head.rate.size for source in sources),
        assets=len(folio.id),
        samples=drawn.often.size,
        groups=max(1, groups),
        stored=max(int(start[-1]) for start in starts),
        largest=max(int(np.diff(start).max(initial=0)) for start in starts),
        points=sum(len(source.head.place) for source in sources),
        items=len(members) * folio.value.size,
        kinds=int(drawn.start[-1]),
        most_kinds=int(np.diff(drawn.start).max(initial=1)),
        members=len(members),
        tables=tables,
    )


def _split(lie: Sequence[Parts | None], folio: Portfolio) -> dict[str, Any]:
    """Return the sizes that change where assets have parts."""
    if not any(lie):
        return {}
    pieces = [len(folio.id) + (0 if one is None else one.asset.size) for one in lie]
    return {"items": sum(pieces) * folio.value.shape[1], "is_split": True}


class _Whole:
    """Results of all samples, as passes fill them in."""

    def __init__(self, carry: Carry, cut: Room, sizes: Sizes, periods: F64) -> None:
        n, many = sizes, sizes.samples
        self.carry, self.periods = carry, periods
        self.aal, self.unknown = np.zeros(many), np.zeros(many, dtype=np.int64)
        self.pml = np.full((periods.size if carry.periods else 0, many), np.nan)
        self.periods = periods if carry.periods else periods[:0]
        self.event = np.zeros((n.events, many)) if carry.events else None
        self.event_unknown = np.zeros(n.events, dtype=np.int64) if carry.events else None
        self.asset = np.zeros((n.assets, many), np.float32) if cut.keeps_assets else None
        self.quantiles = np.zeros((n.assets, len(QUANTILES))) if carry.assets else None
        self.dark = np.zeros(n.assets, dtype=np.int64)
        self._dark, self._is_split = np.zeros(n.assets, dtype=np.int64), n.is_split
        self.group = np.zeros((n.groups, many))

    def take(self, block: Block, which: I64) -> None:
        """Keep a block of assets."""
        np.add.at(self._dark, block.asset, block.dark)
        if not block.eai.size:
            return
        if self.asset is not None and self._is_split:
            np.add.at(self.asset, np.ix_(block.asset, which), block.eai.astype(np.float32))
        elif self.asset is not None:
            self.asset[np.ix_(block.asset, which)] = block.eai
        elif self.quantiles is not None:
            self.quantiles[block.asset] = _quantiles(block.eai.astype(np.float32))

    def close(self, work: Pass, which: I64, head: EventHead) -> None:
        """Keep the sums of a pass."""
        np.maximum(self.dark, self._dark, out=self.dark)
        self._dark[:] = 0
        for c, (a, b) in enumerate(work.cuts):
            mine = which[a:b]
            self.aal[mine], self.unknown[mine] = work.aal[c], work.missing[c]
            self.group[:, mine] = work.group[c]
            if self.carry.periods:
                often = work.lanes.often[a:b]
                self.pml[:, mine] = reached(work.loss[c], head.rate, often, self.periods)
            if self.event is not None and self.event_unknown is not None:
                self.event[:, mine] = work.loss[c]
                most = work.unknown[c].max(axis=1, initial=0)
                self.event_unknown = np.maximum(self.event_unknown, most)

    def settle(self, standing: NDArray[np.uint8]) -> None:
        """Take quantiles of what was kept; what was not assessed is unknown."""
        if self.quantiles is None:
            return
        if self.asset is not None:
            for a in range(0, len(self.asset), 4096):
                self.quantiles[a : a + 4096] = _quantiles(self.asset[a : a + 4096])
        self.quantiles[standing > Standing.NOT_EXPOSED] = np.nan


def _quantiles(rows: NDArray[np.float32]) -> F64:
    """Return `QUANTILES` of each row. (rows, 5)"""
    return np.asarray(np.quantile(rows, QUANTILES, axis=1).T, dtype=np.float64)


def reached(loss: F64, rate: F64, often: F64, periods: F64) -> F64:
    """Return the loss that is reached once in each period, sample by sample.

    Parameters
    ----------
    loss
        [currency] (events, samples)
    rate
        [1/yr] (events,)
    often
        Factor on all rates. (samples,)
    periods
        [yr] (periods,)

    Returns
    -------
    loss
        As `tail.loss_at` of each sample's own curve. [currency] (periods, samples)
    """
    found = np.full((periods.size, loss.shape[1]), np.nan)
    if not loss.shape[0] or not np.isfinite(rate).all():
        return found if loss.shape[0] else np.zeros_like(found)
    order = np.argsort(-loss, axis=0, kind="stable")
    down = np.take_along_axis(loss, order, axis=0)
    upto = np.cumsum(rate[order], axis=0) * often
    largest = np.where(down == down[0], upto, 0.0).max(axis=0)
    for i, years in enumerate(periods):
        q = (1.0 - _SAME) / years
        enough = upto >= q
        at = np.where(enough.any(axis=0), enough.argmax(axis=0), -1)
        value = np.where(at < 0, 0.0, np.take_along_axis(down, np.maximum(at, 0)[None], axis=0)[0])
        beyond = (down[0] > 0.0) & (1.0 / years < largest * (1.0 - _SAME))
        found[i] = np.where(beyond, np.nan, value)
    return found
