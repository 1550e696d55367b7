"""Create the virtual environment that the Makefile works in, or say what is missing.

Runs under the system's Python, whichever that is, so it imports nothing but the standard library
and parses under old versions.
"""

# ruff: noqa: UP032 (no f-strings: an old Python shall say that it is old)

import importlib.util
import shutil
import subprocess
import sys

MINIMUM = (3, 11)


def command_for(folder):
    """The command that creates an environment in `folder`, or None if nothing here can."""
    if importlib.util.find_spec("ensurepip") and importlib.util.find_spec("venv"):
        return [sys.executable, "-m", "venv", folder]
    if importlib.util.find_spec("virtualenv"):
        return [sys.executable, "-m", "virtualenv", folder]
    if shutil.which("uv"):
        return ["uv", "venv", "--seed", "--python", sys.executable, folder]
    return None


def main(folder):
    """Create `folder`; the return value is the exit status."""
    version = "{}.{}".format(*sys.version_info[:2])
    if sys.version_info < MINIMUM:
        wanted = "{}.{}".format(*MINIMUM)
        print(
            "atlas_widget needs Python {} or newer; {} is Python {}.\n"
            "Name another one: make PYTHON=/path/to/python{} ...".format(
                wanted, sys.executable, version, wanted
            ),
            file=sys.stderr,
        )
        return 1
    command = command_for(folder)
    if command is None:
        print(
            "This Python ({}) cannot create virtual environments: its module `ensurepip` is "
            "missing.\nOn Debian and Ubuntu: sudo apt-get install python{}-venv\n"
            "Elsewhere: install virtualenv or uv, or name another Python: "
            "make PYTHON=/path/to/python3 ...".format(sys.executable, version),
            file=sys.stderr,
        )
        return 1
    return subprocess.call(command)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
