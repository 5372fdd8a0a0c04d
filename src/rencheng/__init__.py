"""韧城 Rencheng: a city's resilience brain."""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from rencheng.library import City

__version__ = "0.1.0"
__all__ = ["City", "__version__"]


def __getattr__(name: str) -> object:
    """Read the library when it is first asked for: importing the package stays fast."""
    if name == "City":
        from rencheng.library import City

        return City
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
