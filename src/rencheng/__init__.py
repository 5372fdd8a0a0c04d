"""韧城 Rencheng: a city's resilience brain."""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from rencheng.domain.errors import RenchengError
    from rencheng.library import City

__version__ = "0.1.0"
__all__ = ["City", "RenchengError", "__version__"]


def __getattr__(name: str) -> object:
    """Read the library when it is first asked for: importing the package stays fast."""
    if name == "City":
        from rencheng.library import City

        return City
    if name == "RenchengError":
        from rencheng.domain.errors import RenchengError

        return RenchengError
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
