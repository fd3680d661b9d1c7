"""Options that a program gives, as a source of oslo.config: asked for what no file says, and written nowhere.

What is given is taken as it stands: a `$` in it refers to nothing.
"""

from collections.abc import Mapping
from typing import Any

from oslo_config import cfg, sources, types

from cinderblock.given import as_text
from persistence.records import Json

_NOTHING = (sources._NoValue, None)  # noqa: SLF001 - how a source says that it has no value
_LOCATION = cfg.LocationInfo(cfg.Locations.user, "the program's own options")


class Given(sources.ConfigurationSource):
    """Sections by their name, None for [DEFAULT]."""

    def __init__(self, defaults: Mapping[str, Json]) -> None:
        self._sections: dict[str | None, Mapping[str, Json]] = {None: defaults}

    def put(self, section: str, options: Mapping[str, Json]) -> None:
        """Have these options in a section, and none of those that it had before."""
        self._sections[section] = options
        _forget_answers()

    def install(self) -> None:
        """Let oslo.config ask."""
        cfg.CONF._sources.append(self)  # noqa: SLF001 - the official way needs a file
        _forget_answers()

    def remove(self) -> None:
        """Let oslo.config ask no more."""
        cfg.CONF._sources.remove(self)  # noqa: SLF001 - it was added by hand
        _forget_answers()

    def get(
        self,
        group_name: str | None,
        option_name: str,  # noqa: ARG002 - as oslo.config calls it
        opt: cfg.Opt,
    ) -> tuple[Any, cfg.LocationInfo | None]:
        """Answer oslo.config with the value of an option, by any name that the option has or had."""
        options = self._sections.get(group_name, {})
        for name in names_of(opt):
            if name in options:
                return _valid(opt, options[name]), _LOCATION
        return _NOTHING


def names_of(opt: cfg.Opt) -> list[str]:
    """Return every name that an option is read by."""
    return [opt.dest, *(old.name.replace("-", "_") for old in opt.deprecated_opts if old.name)]


def options_of(section: str) -> list[cfg.Opt]:
    """Return the options that are registered in a section."""
    group = cfg.CONF._groups.get(section)  # noqa: SLF001 - oslo.config does not list a group's options
    return [] if group is None else [one["opt"] for one in group._opts.values()]  # noqa: SLF001 - and has no list of them


def _valid(opt: cfg.Opt, value: Json) -> Any:
    """Return the value as the option's type wants it; oslo.config converts it once more."""
    if opt.multi:
        prepared: Any = [_literal(item) for item in (value if isinstance(value, list) else [value])]
    elif isinstance(value, list | dict) and not isinstance(opt.type, types.List | types.Dict):
        prepared = _literal(as_text(value))
    else:
        prepared = _literal(value)
    try:
        for item in prepared if opt.multi else [prepared]:
            opt.type(item)
    except ValueError as error:
        raise cfg.ConfigSourceValueError(f"Value for option {opt.name} is not valid: {error}") from error
    return prepared


def _literal(value: Json) -> Any:
    # oslo.config substitutes $NAME in values; `$$` is a plain dollar sign.
    if isinstance(value, str):
        return value.replace("$", "$$")
    if isinstance(value, Mapping):
        return {key: _literal(item) for key, item in value.items()}
    if isinstance(value, list):
        return [_literal(item) for item in value]
    return value


def _forget_answers() -> None:
    # oslo.config remembers what a source said for as long as the process lives.
    cfg.CONF._ConfigOpts__drivers_cache.clear()  # noqa: SLF001 - and has no other way to forget it
