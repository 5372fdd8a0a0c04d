"""Formats with a grammar of their own: network models, timetables, road tables, rasters."""
