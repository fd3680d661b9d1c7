"""A program that uses the library stays as it was: its logging, its process, its folder."""

import pytest


@pytest.mark.alone
def test_importing_the_library_is_quick_and_imports_nothing_of_what_it_rests_on(lab):
    printed = lab.done(
        """
import time
before = time.perf_counter()
import cinderblock
took_s = time.perf_counter() - before
import sys
heavy = {"cinder", "os_brick", "oslo_config", "sqlalchemy", "cryptography", "eventlet", "grpc"}
print(sorted(heavy & set(sys.modules)), took_s < 0.3)
cinderblock.open, cinderblock.Volume, cinderblock.NotFound
heavy -= {"oslo_config", "cryptography"}
print(sorted(heavy & set(sys.modules)), set(cinderblock.__all__) <= set(dir(cinderblock)))
"""
    )
    assert printed == "[] True\n[] True\n"


def test_every_public_name_is_there_and_no_other():
    import cinderblock

    assert all(getattr(cinderblock, name) for name in cinderblock.__all__)
    assert not hasattr(cinderblock, "nothing")


_PICTURE = """
import gc, logging, os, signal, socket, sys, threading, warnings
logging.basicConfig(level=logging.WARNING, format="%(message)s")
mine = logging.getLogger("mine")
mine.setLevel(logging.INFO)
lines = []
class Lines(logging.Handler):
    def emit(self, record):
        lines.append(record.getMessage())
mine.addHandler(Lines())
os.umask(0o22)

def picture():
    umask = os.umask(0o22)
    os.umask(umask)
    root = logging.getLogger()
    return {
        "root": (list(root.handlers), root.level, list(root.filters), logging.root.manager.disable),
        "mine": (list(mine.handlers), mine.level, mine.disabled, mine.propagate),
        "raise": logging.raiseExceptions,
        "class": logging.getLoggerClass(),
        "environment": dict(os.environ),
        "warnings": list(warnings.filters),
        "shown by": warnings.showwarning,
        "folder": (os.getcwd(), os.listdir(".")),
        "signals": [signal.getsignal(one) for one in signal.valid_signals()],
        "hooks": (sys.excepthook, threading.excepthook, sys.unraisablehook),
        "umask": umask,
        "socket": (socket.socket, threading.Thread, socket.getdefaulttimeout()),
        "collector": (gc.isenabled(), gc.get_threshold()),
        "recursion": sys.getrecursionlimit(),
        # Packages of vendors that are not installed are not there; nobody has put fakes in their places.
        "missing": [name for name in ("rados", "rbd", "storops", "hpe3parclient", "dfs_sdk") if not found(name)],
    }

def found(name):
    try:
        return __import__(name)
    except ModuleNotFoundError:
        return None
"""


def test_using_a_storage_leaves_the_program_as_it_was(lab):
    printed = lab.done(
        _PICTURE
        + """
before = picture()
import cinderblock

with cinderblock.open(url, state_dir=state) as storage:
    backend = storage.backend("files", **options)
    volume = backend.create_volume(1, name="data")
    with volume.attached() as device, open(device, "r+b") as file:
        file.write(b"hello")
    snapshot = volume.create_snapshot()
    snapshot.create_volume(2).delete()
    during = picture()
    snapshot.delete()
    volume.delete()
mine.info("heard")
after = picture()
for name in before:
    assert before[name] == during[name] == after[name], (name, before[name], during[name], after[name])
assert lines == ["heard"], lines
for thread in threading.enumerate():
    if thread is not threading.main_thread():
        thread.join(10)
assert threading.active_count() == 1, threading.enumerate()
print("clean")
"""
    )
    assert printed == "clean\n"
