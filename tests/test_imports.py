"""Importing the widget stays light: what a first atlas does not need at once comes later."""

from __future__ import annotations

import subprocess
import sys


def test_the_widget_is_imported_without_what_is_needed_later() -> None:
    code = (
        "import sys; from atlas_widget import AtlasWidget; "
        "print(*{'matplotlib', 'pandas', 'scipy', 'torchvision'} & sys.modules.keys())"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.split() == []
