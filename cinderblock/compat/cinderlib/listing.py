"""Cinder's drivers, told as cinderlib did."""

from typing import Any

from cinderblock.compat.cinderlib import opening

#: What a back end says of itself, and not of a pool.
NOT_OF_POOLS = frozenset(
    {"driver_version", "shared_targets", "sparse_copy_volume", "storage_protocol", "vendor_name",
     "volume_backend_name", "pools"}
)  # fmt: skip
#: Where Ceph's key is: an option of Cinder's that goes away there, and not here.
_KEYRING = "rbd_keyring_conf"


def supported_drivers(output_version: int) -> dict[str, dict[str, Any]]:
    """Describe all drivers; see `Backend.list_supported_drivers`.

    Raises:
        ValueError: there is no such version.
    """
    if output_version not in (1, 2):
        raise ValueError(f"there is no output_version {output_version!r}; 1 and 2 are known")
    found = {driver["class_name"]: driver for driver in opening.driver_classes()}
    for driver in found.values():
        options = [_described(opt, output_version) for opt in driver["driver_options"]]
        driver["driver_options"] = (
            _with_keyring(options, output_version) if driver["class_name"] == "RBDDriver" else options
        )
    return found


def _described(opt: Any, output_version: int) -> dict[str, Any]:
    fields = _public(opt)
    if output_version == 1:
        return {name: str(value) for name, value in fields.items()}
    return {**fields, "type": {**_public(opt.type), "type_class": opt.type}}


def _with_keyring(options: list[dict[str, Any]], output_version: int) -> list[dict[str, Any]]:
    keyring = _described(opening.text_option(_KEYRING, help_text="Path to the ceph keyring file"), output_version)
    return [*(option for option in options if option["dest"] != _KEYRING), keyring]


def _public(value: Any) -> dict[str, Any]:
    return {name: item for name, item in vars(value).items() if not name.startswith("_")}
