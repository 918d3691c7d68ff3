"""What a job left in its folder is removed, however deep its folders lie in each other."""

from __future__ import annotations

import os
import shutil
import subprocess
from contextlib import suppress
from pathlib import Path


def remove(folder: Path) -> None:
    """Remove a folder with all that is in it, as far as that can be."""
    with suppress(RecursionError):
        shutil.rmtree(folder, ignore_errors=True)
    if os.name == "posix" and folder.is_dir():
        # Deeper than Python follows, or than it may have folders open: no author's code must stop a server with that.
        with suppress(OSError):
            subprocess.run(["rm", "-rf", "--", folder], check=False, stderr=subprocess.DEVNULL)
