"""Who is responsible, and who may see what."""

from rencheng.collaborate.jurisdiction import is_visible, may_see
from rencheng.collaborate.routing import responsible

__all__ = ["is_visible", "may_see", "responsible"]
