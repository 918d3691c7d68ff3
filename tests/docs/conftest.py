from __future__ import annotations

import sys
from pathlib import Path

# The generators of docs/ are scripts, and pages.py is for these tests alone.
for folder in (Path(__file__).parent, Path(__file__).parents[2] / "docs"):
    if str(folder) not in sys.path:
        sys.path.append(str(folder))
