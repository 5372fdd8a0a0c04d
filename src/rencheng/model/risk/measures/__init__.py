"""Measures: what they change, save and are worth, and which to choose."""
