"""Assets and event sets as people have them, what is wrong with them, and results as files."""
