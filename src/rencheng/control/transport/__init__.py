"""Sector transport: streets and access."""
