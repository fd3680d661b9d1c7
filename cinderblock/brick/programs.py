"""The programs that os-brick runs, run as it runs them, but without a copy of this process for each.

oslo's executor gives Python a function to call between fork and exec, so the
kernel copies the page tables of the whole process for every program. That
function restores a signal, which Python does anyway; where there is none to
call, Python starts a program by vfork.
"""

import logging
import os
import subprocess
import time
from collections.abc import Collection, Mapping
from typing import Any

from os_brick import exception
from os_brick.privileged import rootwrap
from oslo_concurrency import processutils
from oslo_utils import strutils

log = logging.getLogger(__name__)

#: os-brick's own: what takes longer hangs.
_TIMEOUT_S = 600.0
#: Of options, those that are understood here; a call with any other one is left to os-brick.
_KNOWN = frozenset(
    {"run_as_root", "root_helper", "process_input", "check_exit_code", "timeout", "attempts", "interval"}
)


def execute(*command: object, **options: Any) -> tuple[str, str]:
    """Run a program to its end; return what it wrote to its two outputs. Takes the place of os-brick's own `execute`.

    Raises:
        ProcessExecutionError: it ended in another way than `check_exit_code` allows, or is not there.
        ExecutionTimeout: it did not end in time, and was told to.
    """
    if options.keys() - _KNOWN:
        answer: tuple[str, str] = rootwrap.execute(*command, **options)
        return answer
    argv = [str(word) for word in command]
    text, timeout_s = options.get("process_input"), float(options.get("timeout") or _TIMEOUT_S)
    accept = _accepted(options)
    for attempt in range(1, options.get("attempts", 1)):
        try:
            return _run(argv, text=text, timeout_s=timeout_s, accept=accept)
        except processutils.ProcessExecutionError as error:
            wait_s = options.get("interval", 1) * 2**attempt
            log.debug("a program failed and is run again", extra={"program": argv[0], "code": error.exit_code})
            time.sleep(wait_s)
    return _run(argv, text=text, timeout_s=timeout_s, accept=accept)


def _accepted(options: Mapping[str, Any]) -> Collection[int] | None:
    """Return the statuses that are no failures, None for all of them; "check_exit_code" is a flag, one, or several."""
    wanted = options.get("check_exit_code")
    if isinstance(wanted, bool) or wanted is None:
        return None if wanted is False else (0,)
    return (wanted,) if isinstance(wanted, int) else tuple(wanted)


def _run(
    argv: list[str], *, text: str | bytes | None, timeout_s: float, accept: Collection[int] | None
) -> tuple[str, str]:
    """Run a program once."""
    shown = strutils.mask_password(" ".join(argv))
    log.debug("os-brick runs a program", extra={"command": shown})
    try:
        process = subprocess.Popen(argv, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    except OSError as error:
        raise processutils.ProcessExecutionError(cmd=shown, description=str(error)) from error
    late = False
    try:
        out, err = process.communicate(os.fsencode(text or b""), timeout=timeout_s)
    except subprocess.TimeoutExpired:
        late = True
        log.warning("a program that takes too long is told to end", extra={"command": shown, "seconds": timeout_s})
        process.terminate()
        out, err = process.communicate()
    said, complained = os.fsdecode(out), os.fsdecode(err)
    if accept is None:
        return said, complained
    if late:
        raise exception.ExecutionTimeout(stderr=f"not done after {timeout_s:g} s", cmd=shown)
    if process.returncode not in accept:
        raise processutils.ProcessExecutionError(
            exit_code=process.returncode,
            stdout=strutils.mask_password(said),
            stderr=strutils.mask_password(complained),
            cmd=shown,
        )
    return said, complained
