"""Smart sensing: how far to trust a value, and whether a stream still speaks."""
