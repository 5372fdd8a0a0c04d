"""Cities on disk: fetched packages, recipes, building, storing, checking."""
