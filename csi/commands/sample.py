"""`cinderblock sample-config`: a commented configuration, generated from the options themselves."""

import textwrap
from collections.abc import Iterator

from oslo_config import cfg

from cinderblock.config import own_options
from csi.settings import OPTIONS

_HEAD = """\
# A configuration of Cinderblock is a cinder.conf: [DEFAULT] enabled_backends, and one section per back end with the
# options of its driver; `cinderblock drivers NAME` lists them. Everything that is commented out shows its default.

[DEFAULT]
enabled_backends = local

[local]
volume_driver = cinderblock.cinder.local_files.LocalFilesDriver
volume_backend_name = local
# The folder for the volumes' files.
local_files_path = /var/lib/cinderblock/volumes
"""


def run() -> int:
    """Print the sample."""
    print(text(), end="")
    return 0


def text() -> str:
    """Return the sample; it is a valid configuration as it stands."""
    lines = [_HEAD.rstrip("\n")]
    for option in own_options():
        lines += _described(option)
    for group, options in OPTIONS.items():
        lines += ["", f"[{group}]"]
        for option in options:
            lines += _described(option)
    return "\n".join(lines) + "\n"


def _described(option: cfg.Opt) -> Iterator[str]:
    yield from (f"# {line}" for line in textwrap.wrap(option.help or "", 116))
    choices = getattr(option.type, "choices", None)
    if choices:
        yield f"# One of: {', '.join(choices)}"
    default = "" if option.default in (None, {}, "") else f" {option.default}"
    yield f"# {option.name} ={default}"
