"""A cinder.conf, read as a configuration of Cinderblock's back ends.

The file is Cinder's own, word for word: `[DEFAULT] enabled_backends`, one
section per back end, `[backend_defaults]` for what they share. Two options of
a back end's section are ours: `driver_workers` and `topology`.
Cinder itself is not needed to read it.
"""

import difflib
import os
import re
import tempfile
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from oslo_config import cfg

from cinderblock.errors import ConfigurationError
from persistence.records import Json

#: The host part of every volume's `host` when the file does not set one: the
#: same on every machine, because it is stored with the volume.
DEFAULT_HOST = "cinderblock"
DEFAULT_WORKERS = 8
#: The section that every back end's section falls back to.
SHARED_SECTION = "backend_defaults"

_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,127}")
#: Where there is no file: one that is empty everywhere.
NO_FILE = Path(os.devnull)
#: A driver's class, as it is written.
EXAMPLE_DRIVER = "cinder.volume.drivers.lvm.LVMVolumeDriver"
_LOCAL_DRIVER = "cinderblock.cinder.local_files.LocalFilesDriver"


@dataclass(frozen=True, slots=True, kw_only=True)
class BackendConfiguration:
    """One back end's section.

    `options` are the section's own lines as they stand in the file, the last
    one where an option is repeated; or, as text, what a program gave instead of
    a section, which `values` has as it was given. `driver_workers` is how many driver
    calls may run at once; 1 also means that they all run on one same thread.
    """

    name: str
    volume_driver: str
    backend_host: str
    driver_workers: int = DEFAULT_WORKERS
    topology: Mapping[str, str] = field(default_factory=dict)
    # Passwords are among them.
    options: Mapping[str, str] = field(default_factory=dict, repr=False)
    values: Mapping[str, Json] | None = field(default=None, repr=False, compare=False)

    @property
    def cinder_host(self) -> str:
        """Cinder's "HOST@NAME", stored with every volume."""
        return f"{self.backend_host}@{self.name}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Configuration:
    """A whole file; `host` is Cinder's, for back ends that do not set `backend_host`.

    `sections` are all that the file has. `defaults` are options that a program gives instead of a [DEFAULT]
    section, and `file` is `NO_FILE` then.
    """

    file: Path
    host: str
    backends: tuple[BackendConfiguration, ...] = ()
    sections: frozenset[str] = frozenset()
    defaults: Mapping[str, Json] = field(default_factory=dict, repr=False)


def own_options() -> list[cfg.Opt]:
    """Return Cinderblock's own options of a back end's section, new objects each time."""
    return [
        cfg.IntOpt(
            "driver_workers",
            min=1,
            max=256,
            help="How many calls of this driver may run at once. 1 runs them all on one same thread, which drivers "
            "that rest on eventlet need.",
        ),
        cfg.DictOpt(
            "topology",
            help="Where this back end's volumes can be reached, as KEY:VALUE, KEY:VALUE. Nothing means everywhere.",
        ),
    ]


def read(path: Path | None, *, state_dir: Path) -> Configuration:
    """Read the file, or the embedded default when there is none.

    The embedded default is one back end, `local`, with its volumes as files in
    `state_dir`/volumes; it is written to `state_dir`/embedded.conf.

    Raises:
        ConfigurationError: what is wrong, in which file and section, and what to write instead.
    """
    file = _embedded(state_dir) if path is None else path
    sections = sections_of(file)
    parsed = _parse(file, sections)
    names = parsed.enabled_backends
    if not names:
        raise ConfigurationError(
            f"{file}: [DEFAULT] enabled_backends is not set; list the sections of the back ends to use, "
            f"such as 'enabled_backends = {', '.join(_driver_sections(sections)) or 'lvm'}'"
        )
    _check_names(file, names, sections)
    return Configuration(
        file=file,
        host=parsed.host,
        backends=tuple(_backend(file, parsed, name, sections[name]) for name in names),
        sections=frozenset(sections),
    )


def is_name(name: str) -> bool:
    """Tell whether a back end, and its section, can be called so."""
    return name not in {"DEFAULT", SHARED_SECTION} and _NAME.fullmatch(name) is not None


def closest(word: str, known: Iterable[str]) -> str:
    """Return ", did you mean 'X'?" for the known word nearest to `word`, or ""."""
    matches = difflib.get_close_matches(word, list(known), n=1, cutoff=0.6)
    return f", did you mean '{matches[0]}'?" if matches else ""


def sections_of(file: Path) -> Mapping[str, Mapping[str, Sequence[str]]]:
    """Return a configuration's options by their section, each with the values that it was given.

    Raises:
        ConfigurationError: the file cannot be read, or is none.
    """
    sections: dict[str, dict[str, list[str]]] = {}
    try:
        cfg.ConfigParser(str(file), sections).parse()
    except OSError as error:
        raise ConfigurationError(f"the configuration {file} cannot be read: {error.strerror}") from error
    except UnicodeDecodeError as error:
        raise ConfigurationError(f"the configuration {file} is no text in UTF-8: {error.reason}") from error
    except cfg.ParseError as error:
        # The text of the line is left out: it may hold a password.
        raise ConfigurationError(f"{file}, line {error.lineno}: {error.msg}") from error
    return sections


def _parse(file: Path, sections: Mapping[str, object]) -> cfg.ConfigOpts:
    """Return the parsed values of the options that matter before a driver is there."""
    conf = cfg.ConfigOpts()
    conf.register_opt(cfg.ListOpt("enabled_backends"))
    conf.register_opt(cfg.StrOpt("host", default=DEFAULT_HOST))
    for section in {*sections, SHARED_SECTION} - {"DEFAULT"}:
        conf.register_opts([*own_options(), cfg.StrOpt("volume_driver"), cfg.StrOpt("backend_host")], group=section)
    try:
        conf([], project="cinder", default_config_files=[str(file)], default_config_dirs=[], use_env=False)
        # Every value is looked at once, so that a bad one is found here.
        _ = conf.enabled_backends, conf.host
    except cfg.Error as error:
        raise ConfigurationError(f"{file}: {error}") from error
    return conf


def _check_names(file: Path, names: Sequence[str], sections: Mapping[str, object]) -> None:
    for name in names:
        if names.count(name) > 1:
            raise ConfigurationError(f"{file}: enabled_backends names '{name}' twice; name each back end once")
        if not is_name(name):
            raise ConfigurationError(
                f"{file}: enabled_backends names '{name}', which cannot be a back end's name; "
                "use letters, digits, '_', '.' and '-'"
            )
        if name not in sections:
            raise ConfigurationError(
                f"{file}: enabled_backends names '{name}', but there is no section [{name}]{closest(name, sections)}"
            )


def _backend(file: Path, parsed: cfg.ConfigOpts, name: str, given: Mapping[str, Sequence[str]]) -> BackendConfiguration:
    def value(option: str) -> object:
        own = parsed[name][option]
        return parsed[SHARED_SECTION][option] if own is None else own

    try:
        driver, host, workers, topology = map(value, ("volume_driver", "backend_host", "driver_workers", "topology"))
    except (cfg.Error, ValueError) as error:
        raise ConfigurationError(f"{file}, section [{name}]: {error}") from error
    if not driver:
        raise ConfigurationError(
            f"{file}, section [{name}]: volume_driver is not set; write the driver's class, "
            f"such as 'volume_driver = {EXAMPLE_DRIVER}'"
        )
    return BackendConfiguration(
        name=name,
        volume_driver=str(driver),
        backend_host=str(host or parsed.host),
        driver_workers=workers if isinstance(workers, int) else DEFAULT_WORKERS,
        topology=topology if isinstance(topology, dict) else {},
        options={option: values[-1] for option, values in given.items()},
    )


def _driver_sections(sections: Mapping[str, Mapping[str, object]]) -> list[str]:
    return [name for name, options in sections.items() if "volume_driver" in options and name != SHARED_SECTION]


def _embedded(state_dir: Path) -> Path:
    """Write the embedded default, when it is not there already, and return its path."""
    volumes = state_dir.absolute() / "volumes"
    if any(character in str(volumes) for character in "\r\n"):
        raise ConfigurationError(f"the state folder {str(state_dir)!r} has a line break in its name; use another one")
    # oslo.config substitutes $NAME in values; `$$` is a plain dollar sign.
    escaped = str(volumes).replace("$", "$$")
    text = (
        "# Written by Cinderblock, which was started without a configuration.\n"
        "[DEFAULT]\n"
        "enabled_backends = local\n"
        "\n"
        "[local]\n"
        f"volume_driver = {_LOCAL_DRIVER}\n"
        "volume_backend_name = local\n"
        f"local_files_path = {escaped}\n"
    )
    file = state_dir / "embedded.conf"
    try:
        if not file.exists() or file.read_text(encoding="utf-8") != text:
            _replace(file, text)
    except OSError as error:
        raise ConfigurationError(f"the state folder {state_dir} cannot be used: {error.strerror}") from error
    return file


def _replace(file: Path, text: str) -> None:
    descriptor, name = tempfile.mkstemp(dir=file.parent, prefix=f".{file.name}.")
    try:
        with os.fdopen(descriptor, "w", encoding="utf-8") as stream:
            stream.write(text)
            stream.flush()
            os.fsync(descriptor)
        Path(name).replace(file)
    except BaseException:
        Path(name).unlink(missing_ok=True)
        raise
