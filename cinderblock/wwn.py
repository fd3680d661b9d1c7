"""World-wide names: one identity of a logical unit, however it is spelled.

Arrays, the kernel and udev write the same name as `naa.6001405…`, `0x6001405…`,
`36001405…` (udev puts the designator's type before it) or with colons.
"""

#: How many hexadecimal digits a name has at least; anything shorter proves nothing.
SHORTEST = 16

_PREFIXES = ("naa.", "eui.", "uuid.", "nvme.", "t10.", "wwn-", "0x")


def normal(name: str) -> str:
    """Return the name in lower case, with no prefix, colons or dashes; "" stays ""."""
    plain = name.strip().lower()
    for prefix in _PREFIXES:
        plain = plain.removeprefix(prefix)
    return plain.replace(":", "").replace("-", "").replace(" ", "")


def same(one: str, other: str) -> bool:
    """Say whether both names are surely of one logical unit.

    udev's leading type digit is optional on either side. Two empty or very
    short names are not the same: they prove nothing.
    """
    left, right = _without_type(normal(one)), _without_type(normal(other))
    return len(left) >= SHORTEST and left == right


def _without_type(name: str) -> str:
    """Drop udev's digit: what is left of it has whole bytes."""
    return name[1:] if len(name) % 2 else name
