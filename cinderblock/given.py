"""A back end's options as a program gives them, instead of a section of a file; they are written nowhere."""

import os
from collections.abc import Mapping, Sequence

from cinderblock.config import DEFAULT_WORKERS, EXAMPLE_DRIVER, BackendConfiguration, is_name, own_options
from cinderblock.errors import ConfigurationError
from persistence.records import Json


def backend(name: str, options: Mapping[str, object], *, host: str) -> BackendConfiguration:
    """Return the back end of this name with the options that a program gives instead of a section.

    Args:
        name: as in a file.
        options: Cinder's and our own, by name; texts, numbers, truth values, paths, and lists and mappings of these.
            None stands for an option that is not given.
        host: Cinder's, when there is no `backend_host` among them.

    Raises:
        ConfigurationError: the name or an option cannot be used; which, and why.
    """
    where = f"back end '{name}'"
    if not is_name(name):
        raise ConfigurationError(f"'{name}' cannot be a back end's name; use letters, digits, '_', '.' and '-'")
    values = plain_options(where, {"volume_backend_name": name, **options})
    if not values.get("volume_driver"):
        raise ConfigurationError(
            f"{where}: volume_driver is not given; name the driver's class, such as '{EXAMPLE_DRIVER}'"
        )
    own: dict[str, object] = {}
    for opt in own_options():
        try:
            own[opt.name] = opt.type(values[opt.name]) if opt.name in values else None
        except (TypeError, ValueError) as error:
            raise ConfigurationError(f"{where}: {opt.name}: {error}") from error
    workers, topology = own["driver_workers"], own["topology"]
    return BackendConfiguration(
        name=name,
        volume_driver=str(values["volume_driver"]),
        backend_host=str(values.get("backend_host") or host),
        driver_workers=workers if isinstance(workers, int) else DEFAULT_WORKERS,
        topology=topology if isinstance(topology, dict) else {},
        options={option: as_text(value) for option, value in values.items()},
        values=values,
    )


def plain_options(where: str, options: Mapping[str, object]) -> Mapping[str, Json]:
    """Return options that a program gives as what JSON has, without those that are None.

    Raises:
        ConfigurationError: a value is of a kind that no option has; the text begins with `where`.
    """
    return {
        option.replace("-", "_"): _plain(f"{where}: {option}", value)
        for option, value in options.items()
        if value is not None
    }


def as_text(value: Json) -> str:
    """Return a value as it would stand in a file."""
    if isinstance(value, Mapping):
        return ", ".join(f"{key}:{as_text(item)}" for key, item in value.items())
    if isinstance(value, Sequence) and not isinstance(value, str):
        return ", ".join(map(as_text, value))
    return str(value).lower() if isinstance(value, bool) else str(value)


def _plain(where: str, value: object) -> Json:
    if isinstance(value, os.PathLike):
        value = os.fsdecode(value)
    if isinstance(value, str) and "\\$" in value:
        raise ConfigurationError(
            f"{where}: a backslash before a dollar sign gets lost in oslo.config; use another value"
        )
    if isinstance(value, bool | int | float | str):
        return value
    if isinstance(value, Mapping):
        return {str(key): _plain(where, item) for key, item in value.items()}
    if isinstance(value, list | tuple | set | frozenset):
        return [_plain(where, item) for item in value]
    raise ConfigurationError(f"{where} is {type(value).__name__}; give a text, a number, a list or a mapping")
