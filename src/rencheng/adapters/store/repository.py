"""One repository for every kind of object: a row is its columns to ask by and its body."""

from __future__ import annotations

import dataclasses
from collections.abc import Collection, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Generic, TypeVar

from sqlalchemy import Select, bindparam, func, select
from sqlalchemy.exc import IntegrityError

from rencheng.adapters.store import codec
from rencheng.adapters.store.schema import KINDS, Kind, tables
from rencheng.domain.errors import ConflictError, InvalidInputError, NotFoundError

if TYPE_CHECKING:
    from rencheng.adapters.store.unit import Transaction

T = TypeVar("T")


_NAMES = {kind.name: {item.name for item in dataclasses.fields(kind.type)} for kind in KINDS}
"""Fields of each kind; every unit of work asks for all kinds."""


class SqlRepository(Generic[T]):
    """Objects of one kind in one table."""

    def __init__(self, transaction: Transaction, kind: Kind) -> None:
        self._transaction = transaction
        self._kind = kind
        self._table = tables[kind.name]
        names = _NAMES[kind.name]
        self._has_run, self._has_version = "run" in names, "version" in names

    def get(self, key: str) -> T:
        """Return the object, or raise `NotFoundError`."""
        found = self.find(key)
        if found is None:
            raise NotFoundError(
                "store.not_found",
                f"there is no {self._kind.type.__name__} {key!r}",
                hint="Look it up in the list again",
                params={"kind": self._kind.type.__name__, "id": key},
            )
        return found

    def find(self, key: str) -> T | None:
        """Return the object, or None."""
        query = select(self._table.c.body).where(self._table.c.id == key)
        body = self._transaction.read(query).scalar_one_or_none()
        return None if body is None else self._decoded(body)

    def add(self, item: T) -> None:
        """Keep a new object."""
        row = self._row(item)
        connection = self._transaction.writing()
        try:
            with connection.begin_nested():
                connection.execute(self._table.insert().values(row))
        except IntegrityError as error:
            raise ConflictError(
                "store.exists",
                f"a {self._kind.type.__name__} like {row['id']!r} is there already",
                hint="Reload to see it",
                params={"kind": self._kind.type.__name__, "id": row["id"]},
            ) from error

    def add_all(self, items: Sequence[T]) -> None:
        """Keep many new objects at once."""
        if not items:
            return
        connection = self._transaction.writing()
        try:
            with connection.begin_nested():
                connection.execute(self._table.insert(), [self._row(item) for item in items])
        except IntegrityError as error:
            kind = self._kind.type.__name__
            raise ConflictError(
                "store.exists",
                f"one of {len(items)} objects of kind {kind} is there already",
                hint="Reload to see it",
                params={"kind": kind, "id": self._taken(items)},
            ) from error

    def stamp(self) -> tuple[int, int]:
        """Return how many there are and the sum of their versions."""
        many = func.coalesce(func.sum(self._table.c.version), 0)
        count = self._transaction.read(select(func.count()).select_from(self._table)).scalar_one()
        return int(count), int(self._transaction.read(select(many)).scalar_one())

    def replace(self, item: T) -> T:
        """Keep a changed object and return it with the next version."""
        changed = self._next(item)
        row = self._row(changed)
        read = row["version"] - 1
        connection = self._transaction.writing()
        statement = (
            self._table.update()
            .where(self._table.c.id == row["id"], self._table.c.version == read)
            .values(row)
        )
        try:
            with connection.begin_nested():
                count = connection.execute(statement).rowcount
        except IntegrityError as error:
            raise self._changed(row["id"]) from error
        if count == 0:
            self.get(row["id"])
            raise self._changed(row["id"])
        return changed

    def replace_all(self, items: Sequence[T]) -> list[T]:
        """Keep many changed objects at once and return them with the next version."""
        if not items:
            return []
        changed = [self._next(item) for item in items]
        connection = self._transaction.writing()
        statement = self._table.update().where(
            self._table.c.id == bindparam("its_id"), self._table.c.version == bindparam("read")
        )
        rows = [self._row(item) for item in changed]
        given = [row | {"its_id": row["id"], "read": row["version"] - 1} for row in rows]
        try:
            with connection.begin_nested() as part:
                count = connection.execute(statement, given).rowcount
                if count != len(rows):
                    part.rollback()
        except IntegrityError as error:
            raise self._changed(rows[0]["id"]) from error
        if count != len(rows):
            raise self._changed(self._first_other(items))
        return changed

    def remove(self, key: str) -> None:
        """Forget an object, or raise `NotFoundError`."""
        self.get(key)
        self._transaction.writing().execute(self._table.delete().where(self._table.c.id == key))

    def list(
        self,
        run: str,
        *,
        where: Mapping[str, str | Collection[str]] | None = None,
        limit: int | None = None,
    ) -> list[T]:
        """Return the objects of a run, newest first."""
        query = self._asked(select(self._table.c.body), run, where)
        query = query.order_by(self._table.c.seq.desc())
        if limit is not None:
            query = query.limit(limit)
        return [self._decoded(body) for body in self._transaction.read(query).scalars()]

    def count(self, run: str, *, where: Mapping[str, str | Collection[str]] | None = None) -> int:
        """Return how many objects `list` would return."""
        query = self._asked(select(func.count()).select_from(self._table), run, where)
        return int(self._transaction.read(query).scalar_one())

    def _asked(
        self, query: Select[Any], run: str, where: Mapping[str, str | Collection[str]] | None
    ) -> Select[Any]:
        if self._has_run:
            query = query.where(self._table.c.run == run)
        for name, value in (where or {}).items():
            if name not in self._kind.columns:
                raise InvalidInputError(
                    "store.column",
                    f"{self._kind.name} cannot be asked by {name!r}",
                    hint=f"Ask by {', '.join(self._kind.columns)}",
                    params={"column": name},
                )
            column = self._table.c[name]
            is_one = isinstance(value, str)
            query = query.where(column == value if is_one else column.in_(list(value)))
        return query

    def _next(self, item: T) -> T:
        if not self._has_version:
            raise TypeError(f"a {self._kind.type.__name__} never changes")
        version = int(item.version) + 1  # type: ignore[attr-defined]
        changed: T = dataclasses.replace(item, version=version)  # type: ignore[type-var]
        return changed

    def _first_other(self, items: Sequence[T]) -> str:
        """Return the id of the first of these that is not kept as it was read."""
        pairs = [(str(item.id), int(item.version)) for item in items]  # type: ignore[attr-defined]
        kept = ((key, read, self.get(key)) for key, read in pairs)
        return next((key for key, read, one in kept if int(one.version) != read), "")  # type: ignore[attr-defined]

    def _row(self, item: T) -> dict[str, Any]:
        columns = {name: codec.column_text(getattr(item, name)) for name in self._kind.columns}
        return {
            "id": item.id,  # type: ignore[attr-defined]
            "run": getattr(item, "run", ""),
            "version": getattr(item, "version", 1),
            "mode": codec.column_text(getattr(item, "mode", "")),
            "body": codec.encode(item),
        } | columns

    def _taken(self, items: Sequence[T]) -> str:
        """Return the first id among these that is kept already; empty: another rule is broken."""
        keys = [str(item.id) for item in items]  # type: ignore[attr-defined]
        return next((key for key in keys if self.find(key) is not None), "")

    def _decoded(self, body: bytes) -> T:
        item: T = codec.decode(body, self._kind.type)
        return item

    def _changed(self, key: str) -> ConflictError:
        return ConflictError(
            "store.version",
            f"{self._kind.type.__name__} {key!r} was changed by somebody else",
            hint="Reload, look at what changed, and act again",
            params={"kind": self._kind.type.__name__, "id": key},
        )
