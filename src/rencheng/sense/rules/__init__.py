"""Alarm rules compiled for a city's streams, and held against readings. No clock, no store."""
