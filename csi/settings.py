"""The driver's own settings: [csi] and [persistence] of the configuration, the environment, the command line.

The later one counts. This is the only reader of the environment: of
`CSI_ENDPOINT`, and of what tells a pod where its cluster's API is.
"""

import difflib
import os
import re
import socket
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, fields
from pathlib import Path

from oslo_config import cfg

from cinderblock.config import sections_of
from cinderblock.errors import ConfigurationError
from csi.logs import LEVELS

DEFAULT_STATE_DIR = Path("/var/lib/cinderblock")
_NODE_ID_BYTES = 256
#: Source: CSI spec, GetPluginInfo: domain name notation, 63 characters at most.
_DRIVER_NAME = re.compile(r"[A-Za-z0-9]([A-Za-z0-9.-]{0,61}[A-Za-z0-9])?")

#: The options of each group, in the order of the sample.
OPTIONS: Mapping[str, Sequence[cfg.Opt]] = {
    "csi": (
        cfg.StrOpt("endpoint", default="", help="Where CSI calls come in: unix:///PATH."),
        cfg.StrOpt("state_dir", default=str(DEFAULT_STATE_DIR), help="The folder for everything that must survive."),
        cfg.StrOpt("driver_name", default="cinderblock.io", help="The name in CSIDriver and StorageClass objects."),
        cfg.StrOpt("node_id", default="", help="This node's name in CSI, the host name by default. 256 bytes at most."),
        cfg.IntOpt(
            "max_volumes_per_node", default=128, min=1, max=4096, help="How many volumes a node takes at the same time."
        ),
        cfg.BoolOpt(
            "snapshot_topology",
            default=False,
            help="Advertise SNAPSHOT_ACCESSIBILITY_CONSTRAINTS, an alpha part of CSI: a snapshot is refused where it "
            "would not be usable.",
        ),
        cfg.DictOpt("topology", default={}, help="Where this node is, as KEY:VALUE, KEY:VALUE."),
        cfg.StrOpt(
            "registration_dir",
            default="",
            help="The kubelet's plugins_registry, where a node makes itself known to it; it does not without one.",
        ),
        cfg.StrOpt(
            "kubelet_endpoint",
            default="",
            help="The node's endpoint as the kubelet sees it, where that is another path.",
        ),
        cfg.BoolOpt(
            "node_object",
            default=False,
            help="A node that is a pod describes itself in an object of its cluster, CinderNode, instead of in its id, "
            "and a controller believes nothing else. The controller's records have to be there, too.",
        ),
        cfg.StrOpt(
            "metrics_address",
            default="",
            help="Where /metrics, for Prometheus, and /healthz are served over HTTP: HOST:PORT, :PORT or unix:///PATH; "
            "nowhere by default. There is no login, and nothing secret.",
        ),
        cfg.StrOpt("log_level", default="info", choices=LEVELS, help="The least severe level that is logged."),
        cfg.StrOpt(
            "key_file",
            default="",
            help="The key that seals secrets in records and on their way to nodes. `openssl rand -base64 32` makes "
            "one. A controller and a node in separate processes need the same one; a process that is both "
            "makes its own.",
        ),
        cfg.FloatOpt(
            "drain_s", default=30.0, min=0.0, max=3600.0, help="Seconds that calls in work get to finish at SIGTERM."
        ),
    ),
    "persistence": (
        cfg.StrOpt(
            "connection",
            default="",
            secret=True,
            help="The store of records: sqlite:///PATH, in the state folder by default; "
            "postgresql://USER:PASSWORD@HOST/DATABASE (PostgreSQL 14 or later, with cinderblock[postgresql]); "
            "mariadb:// or mysql:// likewise (MariaDB 10.6 or later, cinderblock[mariadb]); kubernetes://NAMESPACE, "
            "the cluster that the process is in, or that of ?kubeconfig=PATH&context=NAME (cinderblock[kubernetes]). "
            "Special characters of a password stand as %XX. Several controllers may share a store, never Cinder's own.",
        ),
    ),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """What the process was told; checked, and complete but for `endpoint`, which only a server needs.

    `topology` maps keys to this node's values. `config_file` None means the
    embedded default. `key_file` None means a key of the process's own.
    `kubelet_endpoint` "" means that the kubelet sees the same path,
    `metrics_address` "" that there are none.
    `connection` may hold a password and is not shown.
    `cluster_api` is "HOST:PORT", "" outside of a cluster.
    """

    endpoint: str = ""
    state_dir: Path = DEFAULT_STATE_DIR
    config_file: Path | None = None
    node_id: str = ""
    driver_name: str = "cinderblock.io"
    max_volumes_per_node: int = 128
    topology: Mapping[str, str] = field(default_factory=dict)
    snapshot_topology: bool = False
    registration_dir: Path | None = None
    kubelet_endpoint: str = ""
    node_object: bool = False
    cluster_api: str = ""
    metrics_address: str = ""
    log_level: str = "info"
    key_file: Path | None = None
    drain_s: float = 30.0
    connection: str = field(default="", repr=False)


def read(config_file: Path | None = None, *, environment: Mapping[str, str] | None = None, **flags: object) -> Settings:
    """Read the settings: defaults, then the file, then the environment, then the flags.

    Args:
        config_file: a configuration; only [csi] and [persistence] of it are looked at.
        environment: instead of the process's own.
        flags: fields of `Settings`; None stands for a flag that was not given.

    Raises:
        ConfigurationError: an unknown option or a bad value, in which file and group.
    """
    values: dict[str, object] = {"config_file": config_file, **_from_file(config_file)}
    told = os.environ if environment is None else environment
    if told.get("CSI_ENDPOINT"):
        values["endpoint"] = told["CSI_ENDPOINT"]
    if told.get("KUBERNETES_SERVICE_HOST"):
        values["cluster_api"] = f"{told['KUBERNETES_SERVICE_HOST']}:{told.get('KUBERNETES_SERVICE_PORT', '443')}"
    values.update((name, value) for name, value in flags.items() if value is not None)
    return _checked(values)


def _from_file(config_file: Path | None) -> dict[str, object]:
    conf = cfg.ConfigOpts()
    for group, options in OPTIONS.items():
        conf.register_opts(options, group=group)
    files = []
    if config_file is not None:
        files.append(str(config_file))
        _refuse_unknown(config_file)
    try:
        conf([], project="cinderblock", default_config_files=files, default_config_dirs=[], use_env=False)
        return {option.name: conf[group][option.name] for group, options in OPTIONS.items() for option in options}
    except (cfg.Error, ValueError) as error:
        raise ConfigurationError(f"{config_file}: {error}") from error


def _refuse_unknown(config_file: Path) -> None:
    sections = sections_of(config_file)
    for group, options in OPTIONS.items():
        known = [option.name for option in options]
        for given in sections.get(group, {}):
            if given.replace("-", "_") not in known:
                close = difflib.get_close_matches(given, known, n=1, cutoff=0.5)
                advice = f"did you mean '{close[0]}'?" if close else f"known are {', '.join(known)}"
                raise ConfigurationError(f"{config_file}: [{group}] has no option '{given}'; {advice}")


def _checked(values: Mapping[str, object]) -> Settings:
    unknown = values.keys() - {member.name for member in fields(Settings)}
    if unknown:
        raise TypeError(f"no settings: {', '.join(sorted(unknown))}")
    state_dir = Path(str(values["state_dir"])).absolute()
    node_id = str(values["node_id"] or socket.gethostname())
    if len(node_id.encode()) > _NODE_ID_BYTES or not node_id.isprintable():
        raise ConfigurationError(
            f"node_id {node_id[:64]!r} has {len(node_id.encode())} bytes; "
            f"{_NODE_ID_BYTES} bytes of printable characters are allowed"
        )
    driver_name = str(values["driver_name"])
    if not _DRIVER_NAME.fullmatch(driver_name):
        raise ConfigurationError(
            f"driver_name {driver_name!r} is no domain name of at most 63 letters, digits, '-' and '.'"
        )
    topology = values["topology"]
    return Settings(
        endpoint=str(values["endpoint"]),
        state_dir=state_dir,
        config_file=_path(values["config_file"]),
        node_id=node_id,
        driver_name=driver_name,
        max_volumes_per_node=int(str(values["max_volumes_per_node"])),
        topology=dict(topology) if isinstance(topology, Mapping) else {},
        snapshot_topology=bool(values["snapshot_topology"]),
        registration_dir=_path(values["registration_dir"]),
        kubelet_endpoint=str(values["kubelet_endpoint"]),
        node_object=bool(values["node_object"]),
        cluster_api=str(values.get("cluster_api", "")),
        metrics_address=str(values["metrics_address"]),
        log_level=str(values["log_level"]),
        key_file=_path(values["key_file"]),
        drain_s=float(str(values["drain_s"])),
        connection=str(values["connection"]) or f"sqlite:///{state_dir}/cinderblock.db",
    )


def _path(value: object) -> Path | None:
    return Path(str(value)).absolute() if value else None
