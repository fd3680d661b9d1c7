"""What a command of a program of cinderlib's is, in a process that was forked from one that has imported everything."""

import json
import warnings

from cinderblock.compat import cinderlib


def run(script, names):
    """Be the command."""
    warnings.simplefilter("ignore")
    exec(script, {"cinderlib": cinderlib, "json": json, **names})  # noqa: S102 - what a command is
