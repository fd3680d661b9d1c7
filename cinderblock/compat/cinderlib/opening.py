"""What is put together of doors for cinderlib's interface: the composition root of `cinderblock.compat.cinderlib`."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from cinderblock.cinder.guard import untouched
from cinderblock.config import BackendConfiguration
from persistence.records import Json


def brick_connector(
    protocol: str, *, multipath: bool, scan_attempts: int, folder: Path, data: Mapping[str, Json]
) -> Any:
    """Return os-brick's own connector of a protocol; `folder` is the storage's."""
    with untouched():
        from cinderblock.brick import connectors

        connectors.set_up(folder / "locks")
        return connectors.connector(
            protocol, multipath=multipath, mount_base=folder / "mnt", data=data, scan_attempts=scan_attempts
        )


def driver_classes() -> list[dict[str, Any]]:
    """Describe all of Cinder's drivers by the names of Cinder's own listing, the options as oslo.config's objects."""
    from cinderblock.cinder.listing import list_classes

    return list_classes()


def typed_section(backend: BackendConfiguration, file: Path) -> dict[str, Any]:
    """Return the options in a back end's section of a cinder.conf, each of the type that its driver says."""
    from cinderblock.cinder.sections import typed

    return typed(backend, file)


def text_option(name: str, *, help_text: str) -> Any:
    """Return an option of oslo.config that takes text, "" where it is not set."""
    from oslo_config import cfg

    return cfg.StrOpt(name, default="", help=help_text)
