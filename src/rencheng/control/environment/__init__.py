"""Sector environment: the sea, and what is not watched."""
