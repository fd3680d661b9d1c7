"""The programs that Cinder's drivers run, run by oslo as ever, but without a copy of this process for each.

oslo has Python call a function between fork and exec, so the kernel copies the
page tables of the whole process for every program. That function restores a
signal, which Python does anyway; where there is none to call, Python starts a
program by vfork.
"""

import functools
import inspect
import shutil
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import FunctionType, ModuleType, SimpleNamespace
from typing import Any

from oslo_concurrency import processutils

#: By name: how a program of Cinder's own starts sooner, where this process is Python's own and no server around it.
_SOONER: Mapping[str, Sequence[str]] = (
    {"cinder-rtstool": (sys.executable, "-P", str(Path(__file__).with_name("rtstool.py")))}
    if Path(sys.executable or "").name.startswith("python")
    else {}
)
#: What oslo has a Python run that sets limits and becomes the program; util-linux's `prlimit` takes the same arguments.
_LIMITED = ("-m", "oslo_concurrency.prlimit")


def _start(argv: Sequence[str], *, preexec_fn: Any = None, **options: Any) -> "subprocess.Popen[bytes]":
    """Start a program in the place of `Popen`, by vfork unless the caller has a function of its own to be called."""
    # The name is oslo's own: should it go, all is as it was.
    if isinstance(preexec_fn, functools.partial) and preexec_fn.args == (None,):
        preexec_fn = None if preexec_fn.func is getattr(processutils, "_subprocess_setup", None) else preexec_fn
    started = argv if options.get("shell") else _sooner(argv)
    return subprocess.Popen(started, preexec_fn=preexec_fn, **options)  # noqa: PLW1509 - the caller's own, if any


def _sooner(argv: Sequence[str]) -> Sequence[str]:
    """Return what does the same in less time."""
    if tuple(argv[1:3]) == _LIMITED and shutil.which("prlimit"):
        return ["prlimit", *argv[3:]]
    return [*_SOONER.get(argv[0], argv[:1]), *argv[1:]]


#: oslo's function, with all of its options and errors; only what it starts a program with is another.
execute = FunctionType(
    processutils.execute.__code__,
    {**vars(processutils), "subprocess": SimpleNamespace(**{**vars(subprocess), "Popen": _start})},
    argdefs=processutils.execute.__defaults__,
)
execute.__kwdefaults__ = processutils.execute.__kwdefaults__

#: What Cinder's modules have under the name of oslo's module.
_OURS = SimpleNamespace(**{**vars(processutils), "execute": execute})


def install() -> None:
    """Have every module of Cinder that is loaded run its programs so; oslo's own stays as it is for the host program.

    Drivers that work over SSH run nothing by oslo, and go on so.
    """
    _replace(processutils, _OURS)


def remove() -> None:
    """Have Cinder's modules run programs as they did."""
    _replace(_OURS, processutils)


def arguments(driver_class: Any) -> Mapping[str, Any]:
    """Return what to give a driver whose class was made with oslo's function as the default of an argument."""
    given = inspect.signature(driver_class).parameters.get("execute")
    return {"execute": execute} if given is not None and given.default is processutils.execute else {}


def _replace(known: ModuleType | SimpleNamespace, other: ModuleType | SimpleNamespace) -> None:
    """Give every module of Cinder that has `known` under some name `other` under that name."""
    # Copies, because another thread may import something meanwhile.
    for module_name, module in sys.modules.copy().items():
        if module_name == "cinder" or module_name.startswith("cinder."):
            for name, value in vars(module).copy().items():
                if value is known:
                    setattr(module, name, other)
