"""Sector energy: electric power."""
