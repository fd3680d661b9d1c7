"""Cinder's `cinder-rtstool`, the same program without what it does not need: run as a file, by `programs`.

Cinder's package imports eventlet, which takes three quarters of the time that
the program takes, and the driver of an LIO target runs it nine times for one
connection. Here the package is found as any other, but its `__init__`, which
does nothing else, is left out.
"""

import importlib.util
import sys


def main() -> int | str | None:
    """Run the program with the arguments of this process; return its status, None for success."""
    spec = importlib.util.find_spec("cinder")
    if spec is None:
        return "the Python package 'cinder' is not installed"
    sys.modules["cinder"] = importlib.util.module_from_spec(spec)
    from cinder.cmd import rtstool

    status: int | None = rtstool.main()
    return status


if __name__ == "__main__":
    sys.exit(main())
