"""Assets as people have them: tables, areas, lines; their worth."""
