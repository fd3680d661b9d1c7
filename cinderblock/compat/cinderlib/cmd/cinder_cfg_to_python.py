"""A cinder.conf, as a program that opens its back ends; the command `cinder-cfg-to-cinderlib-code`."""

import re
import sys
from pathlib import Path

from cinderblock.compat.cinderlib.cmd import cinder_to_yaml

_SOURCE = "/etc/cinder/cinder.conf"
_HEAD = "import cinderblock.compat.cinderlib as cinderlib\n"


def convert(source: str, dest: str) -> None:
    """Write the program for the cinder.conf `source` into the file `dest`; passwords stand in it."""
    Path(dest).write_text(program(source), encoding="utf-8")


def program(source: str) -> str:
    """Return the program.

    Raises:
        ConfigurationError: the file cannot be read, or cannot work as it is written.
    """
    lines = [_HEAD]
    for backend in cinder_to_yaml.convert(source)["backends"]:
        variable = re.sub(r"\W", "_", str(backend["volume_backend_name"]))
        variable = f"_{variable}" if variable[0].isdigit() else variable
        options = ", ".join(f"{name}={value!r}" for name, value in backend.items())
        lines.append(f"{variable} = cinderlib.Backend({options})\n")
    return "\n".join(lines)


def main() -> None:
    """Convert the file that the first argument names into the one of the second, or onto the standard output."""
    arguments = [*sys.argv[1:], *(_SOURCE, "")[len(sys.argv) - 1 :]]
    if arguments[1]:
        convert(arguments[0], arguments[1])
    else:
        sys.stdout.write(program(arguments[0]))
