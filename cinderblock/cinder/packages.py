"""Which vendor's Python packages a driver would use, and has not got.

Drivers import what their vendor ships inside of `try … except ImportError` and
fail much later, often with words about None. Their sources say what it is.
"""

import ast
import importlib.util
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path

_DRIVERS = "cinder.volume.drivers"


def missing_packages(driver: str) -> Sequence[str]:
    """Return the packages that a driver's modules try to import and that are not installed.

    Args:
        driver: the path of its class; its module was imported.
    """
    tried = {name for module in _modules(driver) for name in _tried(module)}
    return sorted(name for name in tried if name not in sys.modules and _spec(name) is None)


def _modules(driver: str) -> Iterator[Path]:
    """Yield the files of the driver's modules: its own, and those of its folder when it has one to itself."""
    module = driver.rpartition(".")[0]
    folder = module.rpartition(".")[0]
    for name, loaded in list(sys.modules.items()):
        file = getattr(loaded, "__file__", None)
        is_ours = name == module or (folder.startswith(f"{_DRIVERS}.") and name.startswith(f"{folder}."))
        if is_ours and file:
            yield Path(file)


def _tried(file: Path) -> Iterator[str]:
    try:
        tree = ast.parse(file.read_text(encoding="utf-8", errors="replace"))
    except (OSError, SyntaxError):
        return
    for node in ast.walk(tree):
        if isinstance(node, ast.Try) and any(_is_import_error(handler) for handler in node.handlers):
            yield from _imported(node.body)
        elif isinstance(node, ast.Call) and _called(node) == "try_import" and node.args:
            name = node.args[0]
            if isinstance(name, ast.Constant) and isinstance(name.value, str):
                yield name.value.partition(".")[0]


def _imported(body: Sequence[ast.stmt]) -> Iterator[str]:
    for statement in body:
        if isinstance(statement, ast.Import):
            yield from (alias.name.partition(".")[0] for alias in statement.names)
        elif isinstance(statement, ast.ImportFrom) and statement.module and not statement.level:
            yield statement.module.partition(".")[0]


def _is_import_error(handler: ast.ExceptHandler) -> bool:
    caught = handler.type
    names = caught.elts if isinstance(caught, ast.Tuple) else [caught]
    return any(isinstance(name, ast.Name) and name.id in {"ImportError", "ModuleNotFoundError"} for name in names)


def _called(node: ast.Call) -> str:
    function = node.func
    if isinstance(function, ast.Attribute):
        return function.attr
    return function.id if isinstance(function, ast.Name) else ""


def _spec(name: str) -> object:
    try:
        return importlib.util.find_spec(name)
    except (ImportError, ValueError):
        return None
