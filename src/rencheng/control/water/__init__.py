"""Sector water: drinking water."""
