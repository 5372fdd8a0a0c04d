"""`python -m rencheng`: the same as the command `rencheng`."""

from rencheng.cli import main

main()
