"""A cinder.conf, as the options of its back ends."""

from pathlib import Path
from typing import Any

import yaml  # type: ignore[import-untyped]  # its stubs are a package of their own, for two calls

from cinderblock import config
from cinderblock.compat.cinderlib.opening import typed_section


def convert(cinder_source: str, yaml_dest: str | None = None) -> dict[str, list[dict[str, Any]]]:
    """Return the options of each enabled back end, of the types that the drivers say; what no driver knows is left out.

    Args:
        cinder_source: the path of the file.
        yaml_dest: where the same is written as YAML.

    Raises:
        ConfigurationError: the file cannot be read, or cannot work as it is written.
    """
    file = Path(cinder_source).absolute()
    backends = config.read(file, state_dir=file.parent).backends
    result = {
        "backends": [
            {"volume_backend_name": one.name, "volume_driver": one.volume_driver, **typed_section(one, file)}
            for one in backends
        ]
    }
    if yaml_dest:
        Path(yaml_dest).write_text(yaml.safe_dump(result), encoding="utf-8")
    return result
