"""Sector services: telecom, shelters, people without a home."""
