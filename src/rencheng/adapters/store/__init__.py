"""The operational store: everything the house must not forget, in one SQLite file."""

from rencheng.adapters.store.opening import Store, open_store

__all__ = ["Store", "open_store"]
