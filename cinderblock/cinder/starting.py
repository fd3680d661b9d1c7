"""Making and starting one driver, and saying in words why it does not start."""

import contextlib
import importlib
import logging
import threading
from collections.abc import Iterator, Sequence
from typing import Any

from cinder import exception
from cinder.volume import configuration as cinder_configuration
from oslo_concurrency import processutils
from oslo_config import cfg

from cinderblock.cinder import listing, programs
from cinderblock.cinder.errors import program_of, words
from cinderblock.cinder.given import names_of, options_of
from cinderblock.cinder.objects import new_context
from cinderblock.cinder.overlays import mended
from cinderblock.cinder.packages import missing_packages
from cinderblock.concealment import conceal, conceal_named, masked
from cinderblock.config import BackendConfiguration, closest, own_options
from cinderblock.errors import BackendUnavailable, ConfigurationError

log = logging.getLogger(__name__)

#: Cinder's options and its drivers' modules belong to the whole process.
_loading = threading.Lock()

#: Options of a back end's section that Cinder's volume service reads, and the driver does not.
_SERVICE_OPTIONS = ("volume_driver", "backend_host", "extra_capabilities", "suppress_requests_ssl_warnings")
#: What a shell, or sudo, ends with where there is no such program.
_NO_PROGRAM = 127
_REFUSED = (
    cfg.Error,
    exception.InvalidConfigurationValue,
    exception.InvalidInput,
    exception.InvalidParameterValue,
    exception.ConfigNotFound,
    exception.ParameterNotFound,
)


def start(backend: BackendConfiguration, *, is_new: bool) -> Any:
    """Return the vendor's driver object, started.

    Args:
        backend: its section.
        is_new: the store has no volume of this back end.

    Raises:
        ConfigurationError: the section cannot work as it is written, or something must be installed.
        BackendUnavailable: the driver does not come up now.
    """
    with _in_words(backend):
        with _loading:
            driver = _load(backend, is_new=is_new)
        # Without the lock: a back end that hangs here must not keep the others from starting.
        driver.do_setup(new_context())
        driver.check_for_setup_error()
        driver.init_capabilities()
        driver.set_throttle()
        driver.set_initialized()
        return driver


def _load(backend: BackendConfiguration, *, is_new: bool) -> Any:
    driver_class = mended(_find(backend))
    # Into this section only: Cinder's volume manager, which Fibre Channel drivers import, defines some of them for
    # all sections in its own way, and refuses another one.
    cfg.CONF.register_opts([*map(cfg.StrOpt, _SERVICE_OPTIONS), *own_options()], group=backend.name)
    options = cinder_configuration.Configuration([], config_group=backend.name)
    driver = driver_class(
        configuration=options,
        host=backend.cinder_host,
        cluster_name=None,
        is_vol_db_empty=is_new,
        active_backend_id=None,
        **programs.arguments(driver_class),
    )
    # Only now, because a driver may import more modules of Cinder when it is made.
    programs.install()
    _conceal_options(backend)
    for opt in options_of(backend.name) if backend.values is not None else ():
        # Read once, so that a bad value is found here and not in the middle of some call.
        getattr(cfg.CONF[backend.name], opt.dest)
    if not driver.supported and not options.safe_get("enable_unsupported_driver"):
        raise ConfigurationError(
            f"back end '{backend.name}': Cinder marks {backend.volume_driver} as unsupported; "
            "write 'enable_unsupported_driver = true' in its section to use it all the same"
        )
    return driver


def forget_options(section: str) -> None:
    """Let the options of a section be registered anew: the next driver in it may have others."""
    for opt in options_of(section):
        cfg.CONF._groups[section]._unregister_opt(opt)  # noqa: SLF001 - the official way needs all back ends closed


def unknown_options(backend: BackendConfiguration) -> Sequence[str]:
    """Return a sentence for each option of the section that no driver registered, with the nearest that one did."""
    known = {name for opt in options_of(backend.name) for name in names_of(opt)}
    return [
        f"section [{backend.name}]: option '{option}' is not known to {backend.volume_driver}{closest(option, known)}"
        for option in sorted(backend.options)
        if option.replace("-", "_") not in known
    ]


def _find(backend: BackendConfiguration) -> Any:
    """Import the driver's class."""
    module_name, _, class_name = backend.volume_driver.rpartition(".")
    try:
        module = importlib.import_module(module_name)
    except ModuleNotFoundError as error:
        missing = error.name or ""
        if missing and module_name != missing and not module_name.startswith(f"{missing}."):
            raise ConfigurationError(
                f"back end '{backend.name}': {backend.volume_driver} needs the Python package '{missing}', "
                "which is not installed"
            ) from error
        raise _not_found(backend) from error
    except ValueError as error:
        # An empty module name: the option has no dot in it.
        raise _not_found(backend) from error
    found = getattr(module, class_name, None)
    if not isinstance(found, type):
        raise _not_found(backend)
    return found


def _not_found(backend: BackendConfiguration) -> ConfigurationError:
    return ConfigurationError(
        f"back end '{backend.name}': there is no driver {backend.volume_driver}"
        f"{closest(backend.volume_driver, listing.class_names()) or '; `cinderblock drivers` lists them all'}"
    )


@contextlib.contextmanager
def _in_words(backend: BackendConfiguration) -> Iterator[None]:
    try:
        yield
    except (ConfigurationError, BackendUnavailable):
        raise
    except Exception as error:
        _conceal_options(backend)
        said = masked(words(error))
        who = f"back end '{backend.name}': {backend.volume_driver}"
        program = _missing_program(error)
        if program:
            raise ConfigurationError(f"{who} needs the program '{program}', which is not installed") from error
        if isinstance(error, ImportError):
            raise ConfigurationError(f"{who} cannot be imported: {said}") from error
        if isinstance(error, _REFUSED):
            raise ConfigurationError(f"{who} refuses its configuration: {said}") from error
        raise BackendUnavailable(f"{who} does not start: {said}{_packages(backend)}") from error


def _packages(backend: BackendConfiguration) -> str:
    missing = missing_packages(backend.volume_driver)
    if not missing:
        return ""
    names = ", ".join(f"'{name}'" for name in missing)
    return f"; not installed, of the Python packages that it can use: {names}"


def _missing_program(error: BaseException) -> str:
    """Return the program whose absence an exception is about, or ""."""
    seen: BaseException | None = error
    while seen is not None:
        # subprocess raises FileNotFoundError with the program's name; a path in it is a file that a driver misses.
        if isinstance(seen, FileNotFoundError) and seen.filename and "/" not in str(seen.filename):
            return str(seen.filename)
        if isinstance(seen, processutils.ProcessExecutionError) and seen.exit_code == _NO_PROGRAM:
            return program_of(seen)
        seen = seen.__cause__ or seen.__context__
    return ""


def _conceal_options(backend: BackendConfiguration) -> None:
    # What a program gives may hold passwords inside of lists and mappings.
    conceal_named(backend.values, lasting=True)
    given = {option.replace("-", "_"): value for option, value in backend.options.items()}
    for opt in options_of(backend.name):
        if opt.secret:
            for name in names_of(opt):
                conceal(given.get(name, ""), lasting=True)
