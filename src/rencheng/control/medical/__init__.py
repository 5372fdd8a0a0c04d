"""Sector medical: hospitals and patients."""
