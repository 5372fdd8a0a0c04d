"""OpenQuake's files: exposure, curves, ground motion, hazard curves and jobs, read and written.

Formats as the OpenQuake engine's manual and its published test cases give them; nothing of the
engine itself is used.
"""
