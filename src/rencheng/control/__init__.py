"""Stage 6: one board for each sector: state, forecast, proposed measures.

Each sector is a folder with a manifest (inputs and outputs with units) and a `board.py` whose
`board(view)` makes the `SectorBoard`; one contract test holds all of them.
"""
