"""The operational store: everything the house must not forget, in a file or on a server."""

from rencheng.adapters.store.opening import Store, open_store
from rencheng.adapters.store.postgres import open_postgres

__all__ = ["Store", "open_postgres", "open_store"]
