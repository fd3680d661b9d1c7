"""Images made by hand: a tar of a root file system, and what says of it that it is one. No registry is asked."""

import hashlib
import io
import json
import re
import subprocess
import tarfile
from collections.abc import Mapping, Sequence
from pathlib import Path

_BUSYBOX = "/bin/busybox"


def busybox(archive: Path, *names: str, beside: Mapping[str, Path] | None = None, entry: Sequence[str] = ()) -> None:
    """Make an image of Debian's static busybox, under names, with other files beside it."""
    applets = subprocess.run([_BUSYBOX, "--list"], check=True, capture_output=True, text=True).stdout.split()
    files = {"bin/busybox": Path(_BUSYBOX), **(beside or {})}
    links = {name: "busybox" for name in (f"bin/{applet}" for applet in applets) if name not in files}
    _write(archive, names, files, links=links, entry=entry)


def with_libraries(*programs: str) -> dict[str, Path]:
    """Return where an image wants some of the machine's programs, and the libraries that they are linked with."""
    told = subprocess.run(["ldd", *programs], check=True, capture_output=True, text=True).stdout
    return {path.removeprefix("/"): Path(path) for path in [*programs, *re.findall(r"(/\S+) \(0x", told)]}


def program(archive: Path, name: str, path: str) -> None:
    """Make an image of one static program, which it runs."""
    inner = Path(path).name
    _write(archive, [name], {inner: Path(path)}, entry=[f"/{inner}"])


def borrowed(archive: Path, name: str, *, entry: Sequence[str], environment: Mapping[str, str]) -> None:
    """Make an image of next to nothing, whose programs are the machine's, mounted at /usr when it runs."""
    links = {folder: f"usr/{folder}" for folder in ("bin", "lib", "lib64", "sbin")}
    _write(archive, [name], {}, links=links, entry=entry, environment=environment)


def _write(
    archive: Path,
    names: Sequence[str],
    files: Mapping[str, Path],
    *,
    links: Mapping[str, str] | None = None,
    entry: Sequence[str],
    environment: Mapping[str, str] | None = None,
) -> None:
    layer = _layer(files, links or {})
    variables = {"PATH": "/bin:/sbin:/usr/bin:/usr/sbin", **(environment or {})}
    configuration = json.dumps(
        {
            "architecture": "amd64",
            "os": "linux",
            "config": {"Entrypoint": list(entry), "Env": [f"{key}={value}" for key, value in variables.items()]},
            "rootfs": {"type": "layers", "diff_ids": [f"sha256:{hashlib.sha256(layer).hexdigest()}"]},
        }
    ).encode()
    config_name = f"{hashlib.sha256(configuration).hexdigest()}.json"
    manifest = [{"Config": config_name, "RepoTags": list(names), "Layers": ["layer.tar"]}]
    with tarfile.open(archive, "w") as made:
        for name, content in (
            ("layer.tar", layer),
            (config_name, configuration),
            ("manifest.json", json.dumps(manifest).encode()),
        ):
            made.addfile(_entry(name, size=len(content)), io.BytesIO(content))


def _layer(files: Mapping[str, Path], links: Mapping[str, str]) -> bytes:
    made = io.BytesIO()
    with tarfile.open(fileobj=made, mode="w") as layer:
        for folder, mode in (("bin", 0o755), ("etc", 0o755), ("tmp", 0o1777)):
            if folder in links:
                continue
            layer.addfile(_entry(folder, kind=tarfile.DIRTYPE, mode=mode))
        for name, path in files.items():
            content = path.read_bytes()
            layer.addfile(_entry(name, size=len(content), mode=0o755), io.BytesIO(content))
        for name, target in links.items():
            link = _entry(name, kind=tarfile.SYMTYPE)
            link.linkname = target
            layer.addfile(link)
        people = b"root:x:0:0:root:/:/bin/sh\n"
        layer.addfile(_entry("etc/passwd", size=len(people)), io.BytesIO(people))
    return made.getvalue()


def _entry(name: str, *, size: int = 0, mode: int = 0o644, kind: bytes = tarfile.REGTYPE) -> tarfile.TarInfo:
    entry = tarfile.TarInfo(name)
    entry.size, entry.mode, entry.type = size, mode, kind
    return entry
