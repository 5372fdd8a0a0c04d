"""OpenStreetMap extracts: from the bytes of a PBF file to roads, buildings, places and zones."""
