"""While it happens: response level, evacuation, patients."""
