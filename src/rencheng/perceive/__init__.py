"""Resilience sensing: what state the city and its people are in, from observations alone."""
