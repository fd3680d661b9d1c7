"""A back end's section of a cinder.conf, with its values of the types that the driver says."""

import importlib
from pathlib import Path
from typing import Any

from oslo_config import cfg

from cinderblock.cinder.given import names_of, options_of
from cinderblock.cinder.guard import untouched
from cinderblock.config import BackendConfiguration
from cinderblock.errors import ConfigurationError


def typed(backend: BackendConfiguration, file: Path) -> dict[str, Any]:
    """Return the options that the section sets and the driver knows.

    The process's own configuration stays as it is.

    Raises:
        ConfigurationError: the driver cannot be imported, or a value is none of its option's.
    """
    with untouched():
        importlib.import_module("cinderblock.cinder.first")
        known = {opt.dest: opt for opt in [*options_of("backend_defaults"), *_own(backend)]}
        conf = cfg.ConfigOpts()
        conf.register_opts([info["opt"] for info in cfg.CONF._opts.values() if not info["cli"]])  # noqa: SLF001 - oslo.config does not list its options
        conf.register_opts(known.values(), group=backend.name)
        given = {name.replace("-", "_") for name in backend.options}
        try:
            conf([], project="cinder", default_config_files=[str(file)], default_config_dirs=[], use_env=False)
            return {
                name: conf[backend.name][name]
                for name, opt in known.items()
                if any(other in given for other in names_of(opt))
            }
        except (cfg.Error, ValueError) as error:
            raise ConfigurationError(f"{file}, section [{backend.name}]: {error}") from error


def _own(backend: BackendConfiguration) -> list[Any]:
    """Return the options of the driver's own class; importing it registers those that are shared."""
    module, _, name = backend.volume_driver.rpartition(".")
    try:
        found = getattr(importlib.import_module(module), name)
        return list(found.get_driver_options() or ())
    except (ImportError, ValueError, AttributeError) as error:
        raise ConfigurationError(f"back end '{backend.name}': there is no driver {backend.volume_driver}") from error
