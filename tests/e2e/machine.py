"""A machine of the laboratory: namespaces of its own, out of which nothing comes that has to be looked for."""

import contextlib
import os
import subprocess
from functools import cache
from pathlib import Path

from tests.e2e import network
from tests.lab.servers import Server
from tests.waiting import eventually

ROOT = Path(__file__).parents[2]
#: Where each machine has file systems with reflinks, for volumes: its own, and one that is the same on all of them.
#: Outside of machines nothing is there.
STORAGE = Path("/var/lib/storage")
LOCAL = STORAGE / "local"
SHARED = STORAGE / "shared"
_CGROUPS = Path("/sys/fs/cgroup")


@cache
def program_folders() -> list[Path]:
    """Return where the programs are that a cluster consists of, built when they are missing."""
    command = [ROOT / "tests" / "lab" / "cluster.sh"]
    return [
        Path(line) for line in subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True).stdout.split()
    ]


def cluster_program(name: str) -> str:
    return next(str(folder / name) for folder in program_folders() if (folder / name).exists())


def snapshot_kinds() -> Path:
    return next(folder for folder in program_folders() if folder.name.startswith("snapshot-kinds"))


class Machine(Server):
    """A first process, which everything else is a child of in the end.

    The first machine is in the network that it is started in; another one has its own, with a wire to that.

    Args:
        first: the machine that is there already.
        number: tells it from the others.
    """

    kind = "machine"
    user = "root"

    def __init__(self, first: "Machine | None" = None, *, number: int = 0) -> None:
        super().__init__()
        self.number = number
        self.name = f"lab{number or ''}"
        self.address = network.address(number)
        self._shared = (first or self).folder / "shared.img"
        self._spaces: list[int] = []

    @property
    def group(self) -> str:
        """The control group that its pods' are in: another kubelet would take them for its own leavings."""
        return f"/{self.folder.name}"

    def make(self) -> None:
        for group in self._groups():
            group.mkdir()

    def start(self, *more: str) -> None:
        (self.folder / "up").unlink(missing_ok=True)
        super().start(*more)
        process = Path("/proc", str(self.first))
        # What all machines have is the first one's.
        own = (LOCAL,) if self.number else (LOCAL, SHARED)
        self._devices = {Path(f"{process}/root{storage}").stat().st_dev for storage in own}
        # Open, so that nobody else's gets the same number. One of mounts would keep them: their devices are looked for.
        self._spaces.append(os.open(process / "ns" / "pid", os.O_RDONLY))
        if self.number:
            network.connect(self)

    @property
    def first(self) -> int:
        """The id that its first process has outside of it."""
        return self._pids()[1]

    def command(self) -> list[str]:
        init = str(Path(__file__).with_name("machine-init.sh"))
        apart = ["unshare", "--mount", "--pid", "--fork", "--mount-proc", "--kill-child"]
        return [*apart, *(["--net"] if self.number else []), "--", init, str(self.folder), str(self._shared)]

    def _is_up(self) -> bool:
        assert self._running().poll() is None, (self.folder / "log").read_text()
        return (self.folder / "up").exists()

    def csi_mounts(self) -> list[str]:
        """Return where volumes are mounted or bound in the machine, as the kernel has it."""
        return [path for _, path in self._volumes()]

    def _volumes(self) -> list[tuple[str, str]]:
        """Return what is mounted where of volumes."""
        table = Path(f"/proc/{self.first}/mounts").read_text(encoding="utf-8")
        mounts = [(source, path) for source, path, *_ in map(str.split, table.splitlines())]
        return [(source, path) for source, path in mounts if "kubernetes.io" in path and "csi" in path]

    def inside(self, *command: str) -> list[str]:
        """Return the command that runs a command in the machine."""
        path = f"PATH={Path(cluster_program('containerd')).parent}:{os.environ['PATH']}:/usr/sbin:/sbin"
        return ["nsenter", f"--target={self.first}", "--mount", "--pid", "--net", "--", "env", path, *command]

    def run(self, *command: str) -> str:  # type: ignore[override]  # a machine runs programs, a database statements
        """Return what a program in the machine prints."""
        done = subprocess.run(self.inside(*command), check=False, capture_output=True, text=True)
        assert done.returncode == 0, f"{' '.join(command)}: {done.stdout}{done.stderr}"
        return done.stdout

    def lose_power(self) -> None:
        """End all of it at once, its mounted volumes' devices too, which another machine's kernel knows nothing of."""
        devices = {source for source, _ in self._volumes() if source.startswith("/dev/loop")}
        self.kill()
        _detach(devices)

    def remove(self) -> None:
        """End all of it, and take back what the kernel keeps beyond its processes."""
        if self._process is not None and self._process.poll() is None:
            # As soon as the machine has ended, another one's storage may be on the device that its own was on.
            own = set(self.loops())
            self.kill()
            _detach(own & set(self.loops()))
            # The kernel lets go of what was mounted a little later.
            eventually(lambda: not self._images(), timeout_s=30)
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
        """Return the loop devices over files that it has volumes in, and those by which the kubelet holds raw ones."""
        found = _loops("BACK-MAJ:MIN,BACK-INO")
        own = [[_number(device)] for device in self._devices]
        volumes = [name for name, backing in found.items() if backing.split()[:1] in own]
        files = [Path(name).stat() for name in volumes]
        held = [[_number(file.st_dev), str(file.st_ino)] for file in files]
        return [*volumes, *(name for name, backing in found.items() if backing.split() in held)]

    def cgroups(self) -> list[Path]:
        """Return its control groups, those within before those around them."""
        return sorted((each for group in self._groups() for each in group.glob("**/") if each.is_dir()), reverse=True)

    def left(self) -> list[str]:
        """Return what the machine that it runs on has of it still, after it was removed."""
        mounts = [
            line for line in Path("/proc/mounts").read_text(encoding="utf-8").splitlines() if str(self.folder) in line
        ]
        files = [str(self.folder)] if self.folder.exists() else []
        return [*self._processes(), *mounts, *self._images(), *map(str, self.cgroups()), *files]

    def _images(self) -> list[str]:
        """Return the loop devices of its file systems, which stay as long as somebody has these mounted."""
        return [f"{name} {file}" for name, file in _loops().items() if str(self.folder) in file]

    def _processes(self) -> list[str]:
        """Return the processes that are in it, or were in it before it was started again; to be asked once."""
        spaces = {os.fstat(space).st_ino for space in self._spaces}
        found = []
        for process in Path("/proc").glob("[0-9]*"):
            with contextlib.suppress(FileNotFoundError, ProcessLookupError, PermissionError):
                own = (process / "ns" / "pid").stat().st_ino in spaces
                # Who is dead, and only waits to be buried by others, has nothing any more.
                if own and "Z" not in (process / "stat").read_text(encoding="utf-8").rpartition(")")[2].split()[:1]:
                    found.append(str(process))
        for space in self._spaces:
            os.close(space)
        return found


def _number(device: int) -> str:
    """Return a device's number as losetup writes it."""
    return f"{os.major(device)}:{os.minor(device)}"


def _loops(what: str = "BACK-FILE") -> dict[str, str]:
    """Return all loop devices in use, with what losetup tells of each one's file."""
    listing = ["losetup", "--list", "--noheadings", "--output", f"NAME,{what}"]
    listed = subprocess.run(listing, check=True, capture_output=True, text=True).stdout
    # One that is being let go of may have nothing to tell any more.
    return {name: value.strip() for name, _, value in (line.partition(" ") for line in listed.splitlines())}


def _detach(devices: set[str]) -> None:
    for device in devices:
        subprocess.run(["losetup", "--detach", device], check=True)
    eventually(lambda: not devices & _loops().keys(), timeout_s=30)


def _removed(folder: Path) -> bool:
    with contextlib.suppress(FileNotFoundError):
        try:
            folder.rmdir()
        except OSError:
            return False
    return True
