"""Earthquakes as QuakeML 1.2."""
