"""Network block devices of this machine: each shows an image through a qemu-nbd process, which says which one.

The kernel tells nothing of what is behind such a device, so the process was
given the image's identity for an argument.
"""

import os
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

PROGRAM = "qemu-nbd"
#: Arguments that say what is shown where.
CONNECT = "--connect="
DESCRIPTION = "--description="

_PROC = Path("/proc")


@dataclass(frozen=True, slots=True, kw_only=True)
class Server:
    """A process that shows an image; `file_id` is the image's, as `cinderblock.host.Device.file_id`."""

    process_id: int
    device: str
    file_id: str


def servers() -> Iterator[Server]:
    """Yield every such process that this one can see."""
    for folder in _PROC.iterdir():
        if not folder.name.isdigit():
            continue
        arguments = []
        with suppress(OSError):
            arguments = os.fsdecode((folder / "cmdline").read_bytes()).split("\0")
        if not arguments or arguments[0].rpartition("/")[2] != PROGRAM:
            continue
        device, file_id = _value(arguments, CONNECT), _value(arguments, DESCRIPTION)
        if device and file_id:
            yield Server(process_id=int(folder.name), device=device, file_id=file_id)


def file_id(device: str) -> str:
    """Return the identity of the image that a device shows, "" when it shows none."""
    if not Path(device).name.startswith("nbd") or not is_connected(device):
        return ""
    return next((server.file_id for server in servers() if server.device == device), "")


def is_connected(device: str) -> bool:
    """Say whether the device was given a content, which may have gone since: it stays as it is while it is open."""
    return (Path("/sys/block") / Path(device).name / "pid").exists()


def _value(arguments: list[str], option: str) -> str:
    return next((argument.removeprefix(option) for argument in arguments if argument.startswith(option)), "")
