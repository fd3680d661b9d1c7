"""`cinderblock drivers`: all of Cinder's drivers, or the options of one."""

import json
import textwrap
from collections.abc import Iterable, Sequence
from dataclasses import asdict

from cinderblock.cinder.listing import DriverDescription, list_drivers
from cinderblock.config import closest
from cinderblock.errors import ConfigurationError

_WIDTH = 120


def run(name: str | None, *, as_json: bool) -> int:
    """Print a table of all drivers, or everything about those that the name fits.

    Raises:
        ConfigurationError: no driver has this name; with the closest one.
    """
    drivers = list_drivers()
    if name is not None:
        drivers = _named(drivers, name)
    if as_json:
        print(json.dumps([asdict(driver) for driver in drivers], indent=2))
    elif name is None:
        print("\n".join(_table(drivers)))
    else:
        print("\n\n".join("\n".join(_described(driver)) for driver in drivers))
    return 0


def _named(drivers: Iterable[DriverDescription], name: str) -> list[DriverDescription]:
    """Return the drivers with exactly this name or path, else those with it as a part of their path."""
    exact = [driver for driver in drivers if name in (driver.name, driver.class_path)]
    found = exact or [driver for driver in drivers if name.lower() in driver.class_path.lower()]
    if not found:
        raise ConfigurationError(
            f"no driver is called {name!r}{closest(name, [driver.name for driver in drivers])}; "
            "`cinderblock drivers` lists them all"
        )
    return found


def _table(drivers: Sequence[DriverDescription]) -> Iterable[str]:
    width = max((len(driver.class_path) for driver in drivers), default=0)
    yield f"{'volume_driver':<{width}}  {'state':<11}  needs"
    for driver in drivers:
        yield f"{driver.class_path:<{width}}  {_state(driver):<11}  {driver.missing}".rstrip()
    supported = sum(driver.supported for driver in drivers)
    yield f"{len(drivers)} drivers, {supported} of them supported by Cinder"


def _state(driver: DriverDescription) -> str:
    if driver.supported:
        return "supported"
    # What could not be imported did not say.
    return "not loaded" if driver.missing else "unsupported"


def _described(driver: DriverDescription) -> Iterable[str]:
    yield driver.class_path
    yield f"  {driver.description or driver.name}"
    facts = {
        "state": _state(driver),
        "version": driver.version,
        "needs": driver.missing,
        "CI": driver.ci_wiki_name,
    }
    yield from (f"  {fact}: {value}" for fact, value in facts.items() if value)
    for option in driver.options:
        default = "(secret)" if option.secret else option.default
        yield f"\n  {option.name} = {default}".rstrip()
        yield from textwrap.wrap(option.help, _WIDTH, initial_indent="      ", subsequent_indent="      ")
