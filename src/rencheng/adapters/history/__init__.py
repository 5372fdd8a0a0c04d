"""What was heard from devices, for ever: a durable log, sorted runs in memory, Parquet by day."""

from rencheng.adapters.history.observations import History

__all__ = ["History"]
