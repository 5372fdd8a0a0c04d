"""Readings of the past from files: CSV, Parquet, NetCDF, read by a map."""
