"""The laboratory's machine: namespaces of its own, out of which nothing comes that has to be looked for."""

import contextlib
import ctypes
import os
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path

from tests.lab.servers import Server
from tests.waiting import eventually

ROOT = Path(__file__).parents[2]
#: The machine's own address, and that of its pods' network.
ADDRESS = "10.244.0.1"
PODS = "10.244.0.0/24"
SERVICES = "10.96.0.0/16"
_CLONE_NEWNET = 0x40000000
_CGROUPS = Path("/sys/fs/cgroup")


@cache
def program_folders() -> list[Path]:
    """Return where the programs are that a cluster consists of, built when they are missing."""
    command = [str(ROOT / "tests" / "lab" / "cluster.sh"), *os.environ.get("CLUSTER_PARTS", "").split()]
    return [
        Path(line) for line in subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True).stdout.split()
    ]


def cluster_program(name: str) -> str:
    return next(str(folder / name) for folder in program_folders() if (folder / name).exists())


def snapshot_kinds() -> Path:
    return next(folder for folder in program_folders() if folder.name.startswith("snapshot-kinds"))


@contextmanager
def own_network() -> Iterator[None]:
    """Have this thread, and what it starts, in a network of its own, which goes with the last process in it."""
    libc = ctypes.CDLL(None, use_errno=True)
    with Path("/proc/thread-self/ns/net").open("rb") as before:
        assert libc.unshare(_CLONE_NEWNET) == 0, os.strerror(ctypes.get_errno())
        try:
            for words in (
                "link set lo up",
                "link add lab0 type bridge",
                f"address add {ADDRESS}/24 dev lab0",
                "link set lab0 up",
                # What goes to a service leaves nowhere: it is turned round here.
                f"route add {SERVICES} dev lab0",
            ):
                subprocess.run(["ip", *words.split()], check=True)
            Path("/proc/sys/net/ipv4/ip_forward").write_text("1", encoding="ascii")
            yield
        finally:
            assert libc.setns(before.fileno(), _CLONE_NEWNET) == 0, os.strerror(ctypes.get_errno())


class Machine(Server):
    """A first process, which everything else is a child of in the end."""

    kind = "machine"
    user = "root"

    @property
    def storage(self) -> Path:
        """Where the machine has a file system with reflinks, for volumes; outside of it nothing is there."""
        return self.folder / "storage"

    @property
    def group(self) -> str:
        """The control group that its pods' are in: another kubelet would take them for its own leavings."""
        return f"/{self.folder.name}"

    def make(self) -> None:
        for group in self._groups():
            group.mkdir()

    def start(self, *more: str) -> None:
        super().start(*more)
        first = Path("/proc", str(self._pids()[1]))
        self._device = Path(f"{first}/root{self.storage}").stat().st_dev
        self._spaces = {(first / "ns" / kind).readlink() for kind in ("pid", "mnt")}

    def command(self) -> list[str]:
        init = str(Path(__file__).with_name("machine-init.sh"))
        apart = ["unshare", "--mount", "--pid", "--fork", "--mount-proc", "--kill-child"]
        return [*apart, "--", init, str(self.folder)]

    def _is_up(self) -> bool:
        assert self._running().poll() is None, (self.folder / "log").read_text()
        return (self.folder / "up").exists()

    def csi_mounts(self) -> list[str]:
        """Return where volumes are mounted or bound in the machine, as the kernel has it."""
        table = Path(f"/proc/{self._pids()[1]}/mounts").read_text(encoding="utf-8")
        return [
            path
            for path in (line.split()[1] for line in table.splitlines())
            if "kubernetes.io" in path and "csi" in path
        ]

    def inside(self, *command: str) -> list[str]:
        """Return the command that runs a command in the machine."""
        first = self._pids()[1]
        path = f"PATH={Path(cluster_program('containerd')).parent}:{os.environ['PATH']}:/usr/sbin:/sbin"
        return ["nsenter", f"--target={first}", "--mount", "--pid", "--", "env", path, *command]

    def run(self, *command: str) -> str:  # type: ignore[override]  # a machine runs programs, a database statements
        """Return what a program in the machine prints."""
        done = subprocess.run(self.inside(*command), check=False, capture_output=True, text=True)
        assert done.returncode == 0, f"{' '.join(command)}: {done.stdout}{done.stderr}"
        return done.stdout

    def remove(self) -> None:
        """End all of it, and take back what the kernel keeps beyond its processes."""
        if self._process is not None and self._process.poll() is None:
            self.kill()
        for device in self.loops():
            subprocess.run(["losetup", "--detach", device], check=True)
        eventually(lambda: not self.loops(), timeout_s=30)
        for group in self.cgroups():
            eventually(lambda group=group: _removed(group))
        super().remove()

    def _groups(self) -> list[Path]:
        """Return where its control group is: in one tree, or in a tree for each controller."""
        trees = [tree for tree in _CGROUPS.iterdir() if (tree / "cgroup.procs").exists()]
        if (_CGROUPS / "cgroup.controllers").exists():
            trees = [_CGROUPS]
        return [tree / self.group[1:] for tree in trees]

    def loops(self) -> list[str]:
        """Return the loop devices over files of this machine's storage, whichever path they have now."""
        listing = ["losetup", "--list", "--noheadings", "--output", "NAME,BACK-MAJ:MIN"]
        listed = subprocess.run(listing, check=True, capture_output=True, text=True).stdout
        own = f"{os.major(self._device)}:{os.minor(self._device)}"
        return [name for name, device in map(str.split, listed.splitlines()) if device == own]

    def cgroups(self) -> list[Path]:
        """Return its control groups, those within before those around them."""
        return sorted((each for group in self._groups() for each in group.glob("**/") if each.is_dir()), reverse=True)

    def left(self) -> list[str]:
        """Return what the machine that it runs on has of it still, after it was removed."""
        mounts = [
            line for line in Path("/proc/mounts").read_text(encoding="utf-8").splitlines() if str(self.folder) in line
        ]
        files = [str(self.folder)] if self.folder.exists() else []
        networks = subprocess.run(["ip", "-brief", "link", "show", "lab0"], check=False, capture_output=True, text=True)
        found = [*map(str, self._processes()), *mounts, *self.loops(), *map(str, self.cgroups()), *files]
        return [*found, *networks.stdout.split()]

    def _processes(self) -> Iterator[Path]:
        for process in Path("/proc").glob("[0-9]*"):
            with contextlib.suppress(FileNotFoundError, ProcessLookupError, PermissionError):
                if {(process / "ns" / kind).readlink() for kind in ("pid", "mnt")} & self._spaces:
                    yield process


def _removed(folder: Path) -> bool:
    with contextlib.suppress(FileNotFoundError):
        try:
            folder.rmdir()
        except OSError:
            return False
    return True
