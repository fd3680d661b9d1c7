"""`cinderblock check`: start every back end once, away from the real state, and say in words what is wrong."""

import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from cinderblock import config
from cinderblock.cinder.loading import Runtime
from cinderblock.concealment import masked
from cinderblock.config import BackendConfiguration
from cinderblock.errors import CinderblockError, ConfigurationError
from csi import logs, settings
from csi.node import mounts
from csi.node.commands import Commands
from persistence.memory import MemoryStore


def run(config_file: Path | None, *, strict: bool) -> int:
    """Check a configuration; return 1 when anything in it fails.

    Args:
        config_file: None checks the embedded default.
        strict: an unknown option is a failure, too.

    Raises:
        ConfigurationError: the file as a whole cannot be used.
    """
    # Drivers log what they try; what counts of it comes back as an error, once. Python itself would print warnings, and
    # what ended a driver's thread, with whatever secret they hold.
    logs.configure("critical")
    logs.catch_the_uncaught()
    settings.read(config_file, environment={})
    with _state_dir() as state_dir:
        configuration = config.read(config_file, state_dir=state_dir)
        runtime = Runtime.open(configuration, state_dir=state_dir, store=MemoryStore())
        try:
            failures = [_failures(runtime, backend, strict=strict) for backend in configuration.backends]
        finally:
            runtime.close()
    return 1 if any(failures) else 0


@contextmanager
def _state_dir() -> Iterator[Path]:
    """Give the drivers a folder, and remove it; never through what one of them has mounted there: that is the data."""
    folder = Path(tempfile.mkdtemp(prefix="cinderblock-check-")).resolve()
    try:
        yield folder
    finally:
        for path in reversed([mount.path for mount in mounts.table() if Path(mount.path).is_relative_to(folder)]):
            try:
                mounts.unmount_all(Commands(), path)
            except CinderblockError as error:
                print(f"warning: a driver has left a mount: {error}")
        if not any(Path(mount.path).is_relative_to(folder) for mount in mounts.table()):
            shutil.rmtree(folder)


def _failures(runtime: Runtime, backend: BackendConfiguration, *, strict: bool) -> int:
    """Say how a back end does, and return how many things are wrong with it."""
    name = f"{backend.name} ({backend.volume_driver})"
    try:
        driver = runtime.start(backend)
    except (CinderblockError, ConfigurationError) as error:
        print(masked(f"FAILED  {name}: {error}"))
        return 1
    try:
        pools = ", ".join(pool.name for pool in driver.pools())
    except Exception as error:  # noqa: BLE001 -- any driver, any error: it is what this command is to find out
        print(masked(f"FAILED  {name}: it starts, but cannot tell its capacity: {error}"))
        return 1
    finally:
        driver.close()
    warnings = runtime.warnings(backend)
    print(f"{'FAILED' if warnings and strict else 'ok':<7} {name}: pools {pools}")
    for warning in warnings:
        print(masked(f"{'error' if strict else 'warning':>9}: {warning}"))
    return len(warnings) if strict else 0
