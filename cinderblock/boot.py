"""Which boot of the machine this is: names of devices, and exports of this machine, do not outlive one."""

from pathlib import Path

_BOOT_ID = Path("/proc/sys/kernel/random/boot_id")


def boot_id() -> str:
    """Return what the kernel calls this boot of the machine."""
    return _BOOT_ID.read_text(encoding="ascii").strip()
