"""Where a reader of the pages sits: a folder with what they speak of, and the programs that they call."""

import os
import shutil
import sys
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from persistence.seal import new_key_file
from tests.deploy.chart import LEAST, ROOT, program
from tests.lab import documents
from tests.lab.clusters import programs
from tests.lab.documents import Block

_CONFIGURATION = """\
[DEFAULT]
enabled_backends = files
[files]
volume_driver = cinderblock.cinder.local_files.LocalFilesDriver
local_files_path = {folder}/volumes
"""
#: Runs what stands behind it with this checkout's code.
_COMMAND = '#!/bin/sh\nPYTHONPATH={root} exec {python} -m tests.deploy.as_written {folder}/state "$@"\n'
#: What the pages have as the machine's own.
_MACHINE = ("/var/lib/cinderblock", "/var/lib/kubelet", "/run/cinderblock", "/backup", "/csi/")
INSTALLED = f"""
kubectl create namespace cinderblock --dry-run=client -o yaml | kubectl apply -f -
kubectl create secret generic cinderblock-config -n cinderblock --from-file=cinder.conf
kubectl create secret generic cinderblock-key -n cinderblock --from-file=key
helm install cinderblock deploy/helm/cinderblock -n cinderblock --set {",".join(LEAST)}
"""
#: Whatever a page has left of it.
CLEARED = """
helm uninstall cinderblock -n cinderblock --ignore-not-found
kubectl delete -k deploy/kustomize/base --ignore-not-found --wait=false
kubectl delete secret -n cinderblock --all
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Desk:
    """A folder of its own; `places` says what stands for names of the pages."""

    folder: Path
    places: dict[str, str] = field(default_factory=dict)

    @classmethod
    def laid(cls, folder: Path, kubeconfig: Path) -> "Desk":
        """Lay out a configuration, a key, the checkout's files and what reaches a cluster."""
        made = cls(folder=folder)
        (folder / "cinder.conf").write_text(_CONFIGURATION.format(folder=folder))
        new_key_file(folder / "key")
        (folder / "deploy").symlink_to(ROOT / "deploy")
        (folder / ".kube").mkdir()
        shutil.copy(kubeconfig, folder / ".kube" / "config")
        (folder / "bin").mkdir()
        (folder / "bin" / "kubectl").symlink_to(programs() / "kubectl")
        (folder / "bin" / "helm").symlink_to(program())
        command = folder / "bin" / "cinderblock"
        command.write_text(_COMMAND.format(root=ROOT, python=sys.executable, folder=folder))
        command.chmod(0o700)
        for path in _MACHINE:
            here = folder / "machine" / path.strip("/")
            here.mkdir(parents=True)
            made.places[path] = f"{here}/" if path.endswith("/") else str(here)
        (folder / "machine" / "var/lib/kubelet/plugins_registry").mkdir()
        made.places["/var/lib/cinderblock"] = str(folder / "state")
        return made

    def run(self, block: Block) -> str:
        """Run a block's commands; return what they printed."""
        # It remembers for long what kinds there were.
        shutil.rmtree(self.folder / ".kube" / "cache", ignore_errors=True)
        return documents.run(block, folder=self.folder, environment=self._environment(), places=self.places)

    def script(self, text: str) -> str:
        """Run commands that are no page's."""
        return self.run(Block(page="-", line=0, kind=documents.COMMANDS, text=text))

    def volume(self, **with_store: str) -> None:
        """Have a volume, `data`, in a store: that of the folder without one."""
        self.disk()
        more = " ".join(f"--{name.replace('_', '-')} '{value}'" for name, value in with_store.items())
        reference = "--backend files --reference source-name=old-data --config cinder.conf"
        self.script(f"cinderblock volume manage data {reference} {more}")

    def disk(self) -> None:
        """Have a disk, `old-data`, on the back end."""
        (self.folder / "volumes").mkdir(mode=0o700, exist_ok=True)
        with (self.folder / "volumes" / "old-data").open("wb") as file:
            file.truncate(1 << 30)

    def _environment(self) -> Mapping[str, str]:
        path = os.pathsep.join((str(self.folder / "bin"), os.environ["PATH"]))
        return {"PATH": path, "HOME": str(self.folder), "LANG": "C.UTF-8"}
