"""Reading files of any kind: coordinates, columns, rows, shapes, and the faults that they have."""
