"""Tests of sensing share their slow twin and their generated series."""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))
