"""The words of the house: frozen types, units and errors. Standard library and NumPy only."""
