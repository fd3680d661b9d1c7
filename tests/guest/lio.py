"""What an administrator of the target may do behind everybody's back."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.guest import machine

_TARGETS = machine.SYS / "kernel/config/target/iscsi"


@contextmanager
def swapped(target: str, other: str) -> Iterator[None]:
    """Let a target's unit show another target's volume while the block runs; its name and address stay."""
    own, others = _backing(target), _backing(other)
    _show(target, others)
    try:
        yield
    finally:
        _show(target, own)


def _group(target: str) -> Path:
    return _TARGETS / target / "tpgt_1"


def _backing(target: str) -> Path:
    """Return the device behind a target's only unit."""
    (link,) = _links(_group(target) / "lun/lun_0")
    return link.resolve()


def _show(target: str, backing: Path) -> None:
    """Take the unit away from its initiators, give it another device, and give it back."""
    group = _group(target)
    unit, initiators = group / "lun/lun_0", list((group / "acls").iterdir())
    for initiator in initiators:
        for link in _links(initiator / "lun_0"):
            link.unlink()
        (initiator / "lun_0").rmdir()
    for link in _links(unit):
        link.unlink()
    (unit / "swapped").symlink_to(backing)
    for initiator in initiators:
        (initiator / "lun_0").mkdir()
        (initiator / "lun_0/unit").symlink_to(unit)


def _links(folder: Path) -> list[Path]:
    return [path for path in folder.iterdir() if path.is_symlink()]
