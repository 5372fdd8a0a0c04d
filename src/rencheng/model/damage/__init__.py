"""Damage states of buildings, lifelines and facilities."""
