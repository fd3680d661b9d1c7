"""All of Cinder's drivers: what they are called, whether they are supported, their options.

Listing imports all of them, which costs a second and 150 MiB: it is for a
command of its own, never for a process that serves.
"""

import importlib
import importlib.util
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from cinderblock.cinder.guard import uncollected, untouched

_PACKAGE = "cinder.volume.drivers"
#: A driver is a class with this decorator; others may stand between.
_DRIVER = re.compile(r"^@interface\.volumedriver\s*\n(?:@.*\n)*class (\w+)", re.MULTILINE)


@dataclass(frozen=True, slots=True, kw_only=True)
class OptionDescription:
    """One option of a driver; `default` is its text, "" without any."""

    name: str
    default: str
    help: str
    secret: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class DriverDescription:
    """One driver; `missing` says what must be installed before it can be loaded, "" when nothing must."""

    name: str
    class_path: str
    description: str = ""
    version: str = ""
    supported: bool = False
    ci_wiki_name: str = ""
    options: tuple[OptionDescription, ...] = ()
    missing: str = ""


def list_drivers() -> Sequence[DriverDescription]:
    """Import and describe every driver of Cinder, by the path of its class.

    One that cannot be imported is described by what its source says, with what it misses.
    """
    failures: dict[str, str] = {}
    with untouched():
        described = {one.class_path: one for one in map(_describe, _registered(failures))}
    for path in class_names():
        module, _, name = path.rpartition(".")
        if path not in described:
            described[path] = DriverDescription(name=name, class_path=path, missing=failures.get(module, ""))
    return sorted(described.values(), key=lambda one: one.class_path)


def list_classes() -> list[dict[str, Any]]:
    """Import every driver that can be, and describe its class by the names of Cinder's own listing.

    `driver_options` are oslo.config's own objects.
    """
    with untouched():
        return [
            {
                "class_name": cls.__name__,
                "class_fqn": f"{cls.__module__}.{cls.__name__}",
                "desc": cls.__doc__,
                "version": getattr(cls, "VERSION", None),
                "ci_wiki_name": getattr(cls, "CI_WIKI_NAME", None),
                "supported": getattr(cls, "SUPPORTED", True),
                "driver_options": list(cls.get_driver_options() or ()),
            }
            for cls in _registered({})
        ]


def class_names() -> Sequence[str]:
    """Return the paths of all driver classes, from the sources, with nothing imported."""
    return [
        f"{module}.{name}"
        for module, source in _sources()
        for name in _DRIVER.findall(source.read_text(encoding="utf-8", errors="replace"))
    ]


def _registered(failures: dict[str, str]) -> list[Any]:
    """Return the classes of all drivers that can be imported; why others cannot is put into `failures`."""
    with uncollected():
        importlib.import_module("cinderblock.cinder.first")
        for module, _ in _sources():
            try:
                importlib.import_module(module)
            except Exception as error:  # noqa: BLE001 - vendors' modules fail in every way
                failures[module] = _why(error)
    from cinder import interface

    # In the process of a test, drivers of the tests' own may be registered, too.
    return [cls for cls in interface._volume_register if cls.__module__.startswith(_PACKAGE)]  # noqa: SLF001 - Cinder's list


def _sources() -> Iterator[tuple[str, Path]]:
    """Yield every module of the drivers' package and its file.

    By the files, not by pkgutil: some vendors' folders are no packages, and their drivers load all the same.
    """
    cinder = importlib.util.find_spec("cinder")
    for location in (cinder.submodule_search_locations or ()) if cinder else ():
        root = Path(location)
        for source in sorted((root / "volume" / "drivers").rglob("*.py")):
            parts = source.relative_to(root.parent).with_suffix("").parts
            yield ".".join(parts[:-1] if parts[-1] == "__init__" else parts), source


def _describe(cls: Any) -> DriverDescription:
    try:
        options = tuple(map(_option, cls.get_driver_options() or ()))
    except Exception:  # noqa: BLE001 - a driver that cannot list its options is still a driver
        options = ()
    return DriverDescription(
        name=cls.__name__,
        class_path=f"{cls.__module__}.{cls.__name__}",
        description=_first_sentence(cls.__doc__),
        version=str(getattr(cls, "VERSION", "") or ""),
        supported=bool(getattr(cls, "SUPPORTED", True)),
        ci_wiki_name=str(getattr(cls, "CI_WIKI_NAME", "") or ""),
        options=options,
    )


def _option(opt: Any) -> OptionDescription:
    default = "" if opt.default is None else str(opt.default)
    return OptionDescription(
        name=opt.dest,
        default="***" if opt.secret and default else default,
        help=" ".join((opt.help or "").split()),
        secret=bool(opt.secret),
    )


def _first_sentence(text: str | None) -> str:
    paragraph = (text or "").strip().split("\n\n", maxsplit=1)[0]
    return " ".join(paragraph.split())


def _why(error: BaseException) -> str:
    if isinstance(error, ModuleNotFoundError) and error.name:
        return f"the Python package '{error.name}'"
    return f"{type(error).__name__}: {' '.join(str(error).split())[:200]}"


if __name__ == "__main__":
    for driver in list_drivers():
        print(f"{'supported  ' if driver.supported else 'unsupported'} {driver.class_path} {driver.missing}")  # noqa: T201 - a program's output
