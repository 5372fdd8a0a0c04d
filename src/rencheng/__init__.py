"""韧城 Rencheng: a city's resilience brain."""

__version__ = "0.1.0"
