"""Bytes and GiB: Cinder counts in GiB, CSI in bytes."""

GIB = 1024**3


def gib_rounded_up(size_bytes: int) -> int:
    """Return the least number of GiB that holds `size_bytes`, so a volume is never too small."""
    return -(-size_bytes // GIB)


def in_bytes(size_gib: int) -> int:
    """Return `size_gib` GiB in bytes."""
    return size_gib * GIB
