"""What our engine says of a job of OpenQuake, in the tables that OpenQuake exports."""

from __future__ import annotations

import itertools
from collections.abc import Mapping

import numpy as np

from rencheng.adapters.risk.openquake.calculation import (
    Amounts,
    consequences,
    damages,
    losses,
    paid,
)
from rencheng.adapters.risk.openquake.model import Model
from rencheng.model.risk.periods import loss_by_period, periods_of

Table = dict[tuple[str, ...], dict[str, object]]


class Results:
    """All amounts of a job, by kind of loss and name."""

    def __init__(self, model: Model, *, chance: str = "") -> None:
        self.model = model
        self.kinds: dict[str, dict[str, Amounts]] = {}
        self.after: dict[str, dict[str, Amounts]] = {}
        for kind in model.vulnerability:
            found = losses(model, kind)
            self.kinds[self.name(kind)] = {"loss": found}
        for kind in model.fragility:
            states = damages(model, kind, chance=chance)
            self.kinds[kind] = states
            self.after[kind] = consequences(model, states, kind)

    @property
    def is_sure(self) -> bool:
        """Whether nothing that OpenQuake samples plays a part."""
        return all(a.is_sure for kind in self.kinds.values() for a in kind.values())

    def name(self, kind: str) -> str:
        """Return what exports call a kind of loss."""
        period = self.model.job.text("time_event") or "avg"
        return f"occupants_{period}" if kind == "occupants" else kind

    @property
    def scale(self) -> float:
        """Return the share of a sum over all events that an average is."""
        return self.model.horizon / self.model.years

    def groups(self, tags: tuple[str, ...]) -> dict[tuple[str, ...], np.ndarray]:
        """Return the assets of every combination of tags that occurs."""
        exposure = self.model.exposure
        every = {"taxonomy": exposure.taxonomy, "id": exposure.id, **exposure.tag}
        every["site_id"] = self.model.point.astype(str).astype(object)
        columns = [every[tag].astype(str) for tag in tags]
        found = dict.fromkeys(zip(*columns, strict=True)) if tags else {(): None}
        return {
            key: np.logical_and.reduce(
                [
                    np.ones(exposure.id.size, bool),
                    *(c == k for c, k in zip(columns, key, strict=True)),
                ]
            )
            for key in found
        }

    def by_event(self) -> Table:
        """Return rows by `event_id` and `loss_type`."""
        table: Table = {}
        for kind, named in self.kinds.items():
            columns = {n: a.by_event for n, a in {**named, **self.after.get(kind, {})}.items()}
            for event in range(self.model.motion.events):
                table[str(event), kind] = {n: float(c[event]) for n, c in columns.items()}
        return table

    def by_asset(self) -> Table:
        """Return rows by `asset_id`."""
        exposure = self.model.exposure
        table: Table = {}
        columns = self._asset_columns()
        for i, name in enumerate(map(str, exposure.id)):
            lon, lat = exposure.lonlat[i]
            table[(name,)] = {
                "taxonomy": str(exposure.taxonomy[i]),
                "lon": float(lon),
                "lat": float(lat),
                **{tag: str(values[i]) for tag, values in exposure.tag.items()},
                **{n: float(c[i]) for n, c in columns.items()},
            }
        return table

    def _asset_columns(self) -> dict[str, np.ndarray]:
        columns = {}
        for kind, named in self.kinds.items():
            if "loss" in named:
                columns[kind] = named["loss"].by_asset * self.scale
                columns[kind.partition("_")[0]] = columns[kind]
                continue
            for name, amounts in {**named, **self.after[kind]}.items():
                columns[f"{kind}-{name}"] = amounts.by_asset * self.scale
            columns[f"{kind}-no_damage"] = (
                self.model.exposure.number - sum(a.by_asset for a in named.values()) / self.mean_of
            )
        return columns

    @property
    def mean_of(self) -> float:
        """Return how many events the undamaged are averaged over: OpenQuake takes all of them."""
        return float(self.model.motion.events)

    def aggregate(self, tags: tuple[str, ...] = ()) -> Table:
        """Return rows by `loss_type` and tags."""
        table: Table = {}
        for group, rows in self.groups(tags).items():
            for kind, named in self.kinds.items():
                table[kind, *group] = row = {}
                for name, amounts in {**named, **self.after.get(kind, {})}.items():
                    mine = amounts.of(rows)
                    total = float(mine.by_event.sum() * self.scale)
                    ratio = float(np.divide(total, mine.exposed.sum())) if total else 0.0
                    row |= {name: total, f"{name}_value": total, f"{name}_ratio": ratio}
                if kind in self.after:
                    hurt = sum(float(a.of(rows).by_event.sum()) for a in named.values())
                    whole = float(self.model.exposure.number[rows].sum())
                    row["no_damage"] = whole - hurt / self.mean_of
        return table

    def curves(self, tags: tuple[str, ...] = ()) -> Table:
        """Return rows by tags, `return_period` and `loss_type`."""
        table: Table = {}
        periods = self.periods()
        for group, rows in self.groups(tags).items():
            for kind, named in self.kinds.items():
                amounts = named.get("loss") or self.after[kind]["losses"]
                mine = amounts.of(rows)
                reached = loss_by_period(mine.by_event, self.model.years, periods)
                for period, loss in zip(periods, reached, strict=True):
                    table[*group, f"{period:.0f}", kind] = {
                        "loss": float(loss),
                        "loss_value": float(loss),
                        "loss_ratio": float(loss / mine.exposed.sum()) if loss else 0.0,
                    }
        return table

    def periods(self) -> np.ndarray:
        """Return the return periods asked for."""
        said = self.model.job.text("return_periods").strip("[] ").replace(",", " ").split()
        if said:
            return np.array([float(word) for word in said])
        return periods_of(self.model.years, self.model.motion.events).astype(float)

    def modal(self) -> Table:
        """Return the most probable state of each asset, by `asset_id`; of one event."""
        table = self.by_asset()
        for row in table.values():
            for kind, named in self.kinds.items():
                share = {n: row[f"{kind}-{n}"] for n in ("no_damage", *named)}
                row[f"modal-ds-{kind}"] = max(share, key=lambda n, s=share: s[n])
        return table

    def insurance(self) -> Table:
        """Return rows by `LossType` and `Asset`: mean and standard deviation over events."""
        return self._old("paid")

    def old_assets(self) -> Table:
        """Return rows by `LossType` and `Asset`, as the engine wrote them before 2016."""
        return self._old("loss")

    def _old(self, what: str) -> Table:
        table: Table = {}
        for kind, named in self.kinds.items():
            amounts = named["loss"] if what == "loss" else paid(self.model, named["loss"])
            assert amounts is not None
            unit = self.model.exposure.layout.cost[kind][1]
            for i, name in enumerate(map(str, self.model.exposure.id)):
                one = amounts.of(np.arange(amounts.assets) == i).by_event
                table[kind, name] = {
                    "Unit": unit,
                    "Mean": float(one.mean()),
                    "Standard Deviation": float(one.std(ddof=1)),
                }
        return table

    def exposure(self) -> Table:
        """Return the assets as they were read, by `id`."""
        given = self.model.exposure
        people = {f"occupants_{p}": given.people[p] for p in given.layout.periods}
        columns: Mapping[str, np.ndarray] = {
            "value-number": given.number,
            "value-area": given.area,
            **{f"value-{kind}": values for kind, values in given.value.items()},
            **people,
            "occupants_avg": np.mean(list(people.values()), axis=0),
        }
        if "residents" in given.people:
            columns = {**columns, "value-residents": given.people["residents"]}
        return {
            (str(given.id[i]),): {
                "lon": float(given.lonlat[i, 0]),
                "lat": float(given.lonlat[i, 1]),
                "taxonomy": str(given.taxonomy[i]),
                "ideductible": 0.0,
                **{tag: str(v[i]) for tag, v in given.tag.items()},
                **{name: float(v[i]) for name, v in columns.items()},
            }
            for i in range(given.id.size)
        }

    def numbered(self, tags: tuple[str, ...]) -> list[np.ndarray]:
        """Return the assets of each `agg_id`: every combination of the tags in order, then all."""
        every = self.groups(tags)
        nobody = np.zeros(self.model.exposure.id.size, bool)
        if tags == ("id",):  # the engine sorts assets by site, and leaves them as the file has them
            order = np.argsort(self.model.point, kind="stable")
            return [*(np.arange(order.size) == i for i in order), ~nobody]
        names = [sorted({key[k] for key in every}) for k in range(len(tags))]
        rows = [every.get(key, nobody) for key in itertools.product(*names)]
        return [*rows, ~nobody]

    def damage_table(self, tags: tuple[str, ...]) -> Table:
        """Return rows by event, aggregate and kind of loss as the engine keeps them."""
        table: Table = {}
        named = {**self.kinds["structural"], **self.after["structural"]}
        states = list(self.kinds["structural"])
        for agg, rows in enumerate(self.numbered(tags)):
            columns = {n: a.of(rows).by_event for n, a in named.items()}
            for event in range(self.model.motion.events):
                table[str(event), str(agg), "3"] = {
                    (f"dmg_{states.index(n) + 1}" if n in states else n): float(c[event])
                    for n, c in columns.items()
                }
        return table

    def damage_curves(self, tags: tuple[str, ...]) -> Table:
        """Return rows by aggregate, kind of loss and return period."""
        table: Table = {}
        found = self.after["structural"]["losses"]
        for agg, rows in enumerate(self.numbered(tags)):
            reached = loss_by_period(found.of(rows).by_event, self.model.years, self.periods())
            for period, loss in zip(self.periods(), reached, strict=True):
                table[str(agg), "3", f"{period:.0f}"] = {"loss": float(loss)}
        return table


def volcano(models: Mapping[str, Model]) -> tuple[Table, Table]:
    """Return rows by `asset_id` and by `peril` of a job with several perils."""
    found = {name: Results(model) for name, model in models.items()}
    exposure = next(iter(models.values())).exposure
    assets: Table = {}
    for i, name in enumerate(map(str, exposure.id)):
        assets[(name,)] = {
            "lon": float(f"{exposure.lonlat[i, 0]:.5E}"),
            "lat": float(f"{exposure.lonlat[i, 1]:.5E}"),
            "taxonomy": str(exposure.taxonomy[i]),
            "occupants_night": float(exposure.people["night"][i]),
            "value-number": float(exposure.number[i]),
            "value-structural": float(exposure.value["structural"][i]),
            **{tag: str(values[i]) for tag, values in exposure.tag.items()},
        }
    totals: Table = {}
    for name, result in found.items():
        columns = _peril(result)
        total: dict[str, object] = {
            "occupants_night": float("nan"), "no_damage-structural": float("nan"),
            "collapse-structural": float("nan"),
        }  # fmt: skip
        for column, values in columns.items():
            total[column] = float(values.sum())
            for i, asset in enumerate(map(str, exposure.id)):
                kept = assets[(asset,)]
                kept[f"{column}-{name}"] = float(values[i])
        totals[(name,)] = total
    return assets, totals


def _peril(result: Results) -> dict[str, np.ndarray]:
    """Return what a peril does to each asset, by what exports call it."""
    if "structural" not in result.after:
        names = {"structural": "loss-structural", "number": "number"}
        return {names.get(k, k): named["loss"].by_asset for k, named in result.kinds.items()}
    states = result.kinds["structural"]
    columns = {f"{name}-structural": a.by_asset for name, a in states.items()}
    whole = result.model.exposure.number
    columns["no_damage-structural"] = whole - sum(a.by_asset for a in states.values())
    for a in result.after["structural"].values():
        columns["loss-structural"] = a.by_asset
    return columns
