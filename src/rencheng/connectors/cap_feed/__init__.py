"""OASIS Common Alerting Protocol: warnings of other offices."""
