"""The `cinderblock` command.

Exit codes: 0 done, 1 it failed for the reason that was printed, 2 the command
line itself is wrong. What a command needs is imported when it runs: a node has
neither Cinder nor SQL.
"""

import argparse
import sys
from collections.abc import Sequence
from functools import partial
from pathlib import Path

# First of all, because it sets up gRPC's environment before gRPC is imported.
from csi.server import end_now  # isort: skip

from cinderblock.concealment import masked
from cinderblock.errors import CinderblockError
from csi import settings
from csi.commands.arguments import add_snapshot, add_volume, check
from csi.commands.store_arguments import add_store
from csi.identity.service import vendor_version
from csi.logs import LEVELS
from csi.serving import Mode, serve
from persistence.errors import PersistenceError

_DESCRIPTION = "Every storage driver of OpenStack Cinder as a CSI driver, with no OpenStack service running."
_SERVE = """\
Serve CSI on a Unix socket until SIGTERM or SIGINT. Calls in work get to finish
within [csi] drain_s seconds; a second signal ends the process at once.

  all         controller and node in one process, with a key of its own
  controller  volumes and snapshots; needs --key-file
  node        mounts on this machine; needs --key-file, neither Cinder nor a store
"""


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command and return its exit code."""
    parser = _parser()
    given = parser.parse_args(arguments)
    check(parser, given)
    if given.command == "serve" and given.mode == Mode.CONTROLLER and given.registration_dir:
        parser.error("--registration-dir is for a node: a controller has nothing to register")
    if given.command == "serve" and given.mode == Mode.ALL and given.node_object:
        parser.error("--node-object is for controllers and nodes that are processes of their own")
    if given.command == "serve" and given.mode == Mode.NODE and given.connection:
        parser.error("--store is for a controller: a node keeps no records")
    try:
        return _run(given)
    except (CinderblockError, PersistenceError) as error:
        print(masked(f"cinderblock: {error}"), file=sys.stderr)
        return 1
    except BrokenPipeError:
        # Whoever read our output has gone (`| head`); the interpreter must not complain of it at its end.
        sys.stderr.close()
        return 1
    except KeyboardInterrupt:
        return 130


def _run(given: argparse.Namespace) -> int:
    match given.command:
        case "serve":
            return _serve(given)
        case "demo":
            from csi import demo

            return demo.run()
        case "drivers":
            from csi.commands.drivers import run as run_drivers

            return run_drivers(given.name, as_json=given.json)
        case "check":
            from csi.commands.check import run as run_check

            return run_check(given.config, strict=given.strict)
        case "volume":
            from csi.commands.volume import run as run_volume

            return run_volume(given)
        case "snapshot":
            from csi.commands.snapshot import run as run_snapshot

            return run_snapshot(given)
        case "sample-config":
            from csi.commands.sample import run as run_sample

            return run_sample()
        case "store":
            from csi.commands.store import run as run_store

            return run_store(given)
        case _:
            raise AssertionError(given.command)


def _serve(given: argparse.Namespace) -> int:
    from csi.composition import compose
    from csi.instruments import Instruments

    chosen = settings.read(
        given.config,
        endpoint=given.endpoint,
        state_dir=given.state_dir,
        driver_name=given.driver_name,
        connection=given.connection,
        node_id=given.node_id,
        registration_dir=given.registration_dir,
        kubelet_endpoint=given.kubelet_endpoint,
        node_object=given.node_object or None,
        metrics_address=given.metrics_address,
        key_file=given.key_file,
        log_level=given.log_level,
    )
    if chosen.metrics_address:
        from csi.monitoring.monitor import Monitor

        monitor = Monitor(chosen.metrics_address)
        instruments = Instruments(driver=monitor.driver)
        serve(Mode(given.mode), chosen, compose=partial(compose, instruments=instruments), observer=monitor)
    else:
        serve(Mode(given.mode), chosen, compose=compose)
    # A driver's threads must not keep a process that has said that it stopped.
    end_now(0)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="cinderblock", description=_DESCRIPTION, allow_abbrev=False)
    parser.add_argument("--version", action="version", version=f"cinderblock {vendor_version()}")
    commands = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")
    _add_serve(commands)
    commands.add_parser(
        "demo", help="make, fill, snapshot and restore a volume, with nothing set up", allow_abbrev=False
    )
    drivers = commands.add_parser("drivers", help="list Cinder's drivers, or the options of one", allow_abbrev=False)
    drivers.add_argument("name", nargs="?", metavar="NAME", help="a driver's class, or part of its name")
    drivers.add_argument("--json", action="store_true", help="for programs")
    checking = commands.add_parser("check", help="start every back end of a configuration once", allow_abbrev=False)
    checking.add_argument("--config", type=Path, metavar="FILE", help="a cinder.conf; the embedded default without one")
    checking.add_argument("--strict", action="store_true", help="an unknown option of a back end is an error")
    add_volume(commands)
    add_snapshot(commands)
    commands.add_parser("sample-config", help="print a commented configuration", allow_abbrev=False)
    add_store(commands)
    return parser


def _add_serve(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    parser = commands.add_parser(
        "serve",
        help="serve CSI on a Unix socket",
        description=_SERVE,
        formatter_class=argparse.RawDescriptionHelpFormatter,
        allow_abbrev=False,
    )
    parser.add_argument("mode", choices=[mode.value for mode in Mode], help="which services")
    parser.add_argument("--endpoint", metavar="unix:///PATH", help="the socket; CSI_ENDPOINT without it")
    parser.add_argument(
        "--state-dir", type=Path, metavar="DIR", help=f"what must survive; {settings.DEFAULT_STATE_DIR} without it"
    )
    parser.add_argument("--config", type=Path, metavar="FILE", help="a cinder.conf; files on this machine without it")
    parser.add_argument("--driver-name", metavar="NAME", help="the name in CSIDriver and StorageClass objects")
    parser.add_argument(
        "--store", dest="connection", metavar="URL", help="where records are; [persistence] connection without it"
    )
    parser.add_argument("--node-id", metavar="ID", help="this node's name; the host name without it")
    parser.add_argument(
        "--registration-dir", type=Path, metavar="DIR", help="register with the kubelet whose plugins_registry this is"
    )
    parser.add_argument(
        "--kubelet-endpoint", metavar="PATH", help="the endpoint as the kubelet sees it; itself without"
    )
    parser.add_argument(
        "--node-object",
        action="store_true",
        help="nodes describe themselves in objects of the cluster, not in their ids",
    )
    parser.add_argument("--metrics-address", metavar="HOST:PORT", help="serve /metrics and /healthz there, over HTTP")
    parser.add_argument("--key-file", type=Path, metavar="FILE", help="the key that seals secrets")
    parser.add_argument("--log-level", choices=LEVELS, help="info without it")


if __name__ == "__main__":
    sys.exit(main())
