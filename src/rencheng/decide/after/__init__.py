"""Afterwards: repair order, supplies."""
