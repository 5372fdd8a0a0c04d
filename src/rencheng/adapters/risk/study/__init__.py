"""Studies of uncertainty: files, runs, results."""
