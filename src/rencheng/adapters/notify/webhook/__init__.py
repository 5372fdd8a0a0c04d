"""Signed HTTP POST to another program."""
