"""Volumes that are files: only a raw one may become a block device."""

from pathlib import Path

from cinderblock.errors import BackendUnavailable, InvalidRequest

#: Where in the file which bytes say that it is an image of another format.
_MAGIC: tuple[tuple[int, bytes, str], ...] = (
    (0, b"QFI\xfb", "qcow2"),
    (0, b"QED\x00", "qed"),
    (0, b"KDMV", "vmdk"),
    (0, b"# Disk DescriptorFile", "vmdk"),
    (0, b"vhdxfile", "vhdx"),
    (0, b"conectix", "vpc"),
    (0, b"WithoutFreeSpace", "parallels"),
    (0, b"WithouFreSpacExt", "parallels"),
    (0x40, b"\x7f\x10\xda\xbe", "vdi"),
)
_LONGEST = 0x60


def require_raw(path: str, *, declared: str) -> None:
    """Refuse a file whose bytes are not the volume's bytes.

    Args:
        path: the file.
        declared: the format that the driver gave, "" when it gave none; what
            is declared raw is raw whatever a user wrote to its first sector.

    Raises:
        InvalidRequest: the format is not raw.
        BackendUnavailable: the file cannot be read.
    """
    found = declared.lower() or _sniffed(path)
    if found != "raw":
        raise InvalidRequest(
            f"the volume's file {path!r} has the format {found!r}, and only 'raw' can be a block device here; "
            "flatten it (delete its snapshots, or copy it with `qemu-img convert -O raw`) and repeat"
        )


def _sniffed(path: str) -> str:
    """Tell the format by the first bytes."""
    try:
        with Path(path).open("rb") as file:
            head = file.read(_LONGEST)
    except OSError as error:
        raise BackendUnavailable(f"the volume's file {path!r} cannot be read: {error.strerror}") from error
    for offset, magic, name in _MAGIC:
        if head[offset : offset + len(magic)] == magic:
            return name
    return "raw"
