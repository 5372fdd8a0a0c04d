"""Ground shaking of an earthquake: from a bulletin and a few records to fields of acceleration."""
