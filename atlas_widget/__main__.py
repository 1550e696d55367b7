"""``python -m atlas_widget``."""

import sys

from atlas_widget.cli import main

if __name__ == "__main__":
    sys.exit(main())
