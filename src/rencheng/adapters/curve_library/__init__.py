"""The library of damage curves: our own tables, those that packages carry, those of a city."""
