"""Measures: files, appraisal, results."""
