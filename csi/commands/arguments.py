"""The command line of `cinderblock volume` and `cinderblock snapshot`; nothing is imported for it that takes time."""

import argparse
from collections.abc import Mapping
from pathlib import Path
from typing import TypeAlias

from csi import settings
from csi.logs import LEVELS

Subparsers: TypeAlias = "argparse._SubParsersAction[argparse.ArgumentParser]"  # noqa: SLF001 -- it has no public name

_SPECS = {"extra-spec": "an extra spec", "qos": "a QoS spec"}

_VOLUME = """\
Look at volumes and put them right, beside a driver that is running or without one. Both work on the same records, and
keep out of each other's way by leases: what the driver is at work on is refused here, in words, and may be asked again.
"""
_MANAGE = """\
Make a volume that a back end has already one of Cinderblock's, with its content. Most back ends give it a new name.
Nobody else may be using it. When the command is cut off, the same command again goes on.

  cinderblock volume manage --list --backend lvm
  cinderblock volume manage data --backend lvm --reference source-name=old-data
"""
_UNMANAGE = """\
Forget a volume, and leave it with its content to the back end. One that is published, or has snapshots, is refused.
"""
_DELETE = """\
Delete a volume and its content for good. The whole id must be given, and typed once more when asked; --yes does not
ask. One that is published is refused.
"""
_REVERT = """\
Give a volume the content of one of its snapshots again; what was written since is lost. One that is published is
refused. When the command is cut off, the volume is not published before the same command has gone on.
"""
_RETYPE = """\
Change what a volume asks of its back end, where its driver can change that; a volume may be in use meanwhile. What is
not named stays as it is, and a NAME without a value is taken away.

  cinderblock volume retype ID --qos total_iops_sec=500 --extra-spec vendor:tier=
"""
_SNAPSHOT = """\
Look at snapshots and put them right, beside a driver that is running or without one, as `cinderblock volume` does.
"""
_MANAGE_SNAPSHOT = """\
Make a snapshot that a volume's back end has already one of Cinderblock's, with its content. Most back ends give it a
new name. When the command is cut off, the same command again goes on.

  cinderblock snapshot manage before --volume ID --reference source-name=old-snapshot
"""
_UNMANAGE_SNAPSHOT = """\
Forget a snapshot, and leave it with its content to the back end. One of a group snapshot is refused.
"""
_DELETE_SNAPSHOT = """\
Delete a snapshot for good. The whole id must be given, and typed once more when asked; --yes does not ask. One of a
group snapshot is refused.
"""


def add_volume(commands: Subparsers) -> None:
    """Add `volume` and its commands."""
    parser = add_command(commands, "volume", "look at volumes, take them over, give them back", _VOLUME)
    verbs = parser.add_subparsers(dest="verb", required=True, metavar="COMMAND")
    listing = add_command(verbs, "list", "list all volumes")
    listing.add_argument("--backend", default="", metavar="NAME", help="those of one back end")
    listing.add_argument("--all", action="store_true", help="deleted ones as well that their snapshots still need")
    show = add_command(verbs, "show", "tell everything about a volume")
    show.add_argument("volume", metavar="ID|NAME")
    _add_manage(verbs)
    unmanage = add_command(verbs, "unmanage", "forget a volume, which its back end keeps", _UNMANAGE)
    unmanage.add_argument("id", metavar="ID")
    revert = add_command(verbs, "revert", "take a volume back to a snapshot", _REVERT)
    revert.add_argument("id", metavar="ID")
    revert.add_argument("--snapshot", required=True, metavar="ID", help="the snapshot")
    retype = add_command(verbs, "retype", "change what a volume asks of its back end", _RETYPE)
    retype.add_argument("id", metavar="ID")
    _add_pairs(retype, _SPECS)
    delete = add_command(verbs, "delete", "delete a volume and its content", _DELETE)
    delete.add_argument("id", metavar="ID")
    for asking in (revert, delete):
        asking.add_argument("--yes", action="store_true", help="do not ask")
    for verb in verbs.choices.values():
        add_places(verb)


def add_snapshot(commands: Subparsers) -> None:
    """Add `snapshot` and its commands."""
    parser = add_command(commands, "snapshot", "look at snapshots, take them over, give them back", _SNAPSHOT)
    verbs = parser.add_subparsers(dest="verb", required=True, metavar="COMMAND")
    listing = add_command(verbs, "list", "list all snapshots")
    listing.add_argument("--backend", default="", metavar="NAME", help="those of one back end")
    listing.add_argument("--volume", default="", metavar="ID|NAME", help="those of one volume")
    show = add_command(verbs, "show", "tell everything about a snapshot")
    show.add_argument("snapshot", metavar="ID|NAME")
    manage = add_command(verbs, "manage", "take over a snapshot that a back end has already", _MANAGE_SNAPSHOT)
    manage.add_argument("name", metavar="NAME", help="its name from now on")
    manage.add_argument("--volume", required=True, metavar="ID", help="the volume that it is of")
    _add_reference(manage, required=True)
    _add_pairs(manage, {"metadata": "its metadata"})
    unmanage = add_command(verbs, "unmanage", "forget a snapshot, which its back end keeps", _UNMANAGE_SNAPSHOT)
    unmanage.add_argument("id", metavar="ID")
    delete = add_command(verbs, "delete", "delete a snapshot", _DELETE_SNAPSHOT)
    delete.add_argument("id", metavar="ID")
    delete.add_argument("--yes", action="store_true", help="do not ask")
    for verb in verbs.choices.values():
        add_places(verb)


def check(parser: argparse.ArgumentParser, given: argparse.Namespace) -> None:
    """End the process with the code of a wrong command line where a verb on volumes lacks something."""
    if given.command != "volume":
        return
    if given.verb == "manage" and not given.list and not (given.name and given.reference):
        parser.error("volume manage: a NAME and a --reference are needed, or --list")
    if given.verb == "retype" and not (given.extra_spec or given.qos):
        parser.error("volume retype: a --extra-spec or a --qos is needed")


def _add_manage(verbs: Subparsers) -> None:
    manage = add_command(verbs, "manage", "take over a volume that a back end has already", _MANAGE)
    manage.add_argument("name", nargs="?", metavar="NAME", help="its name from now on")
    manage.add_argument("--backend", default="", metavar="NAME", help="the back end; needed where there are several")
    manage.add_argument("--list", action="store_true", help="only list what the back end has")
    _add_reference(manage)
    manage.add_argument(
        "--pool", default="", metavar="NAME", help="the pool that it is in; needed where there are several"
    )
    manage.add_argument("--multiattach", action="store_true", help="it is for several nodes at once")
    _add_pairs(manage, {"metadata": "its metadata", **_SPECS})
    manage.add_argument("--node-id", metavar="ID", help="the driver's --node-id, for volumes of this machine")


def _add_reference(manage: argparse.ArgumentParser, *, required: bool = False) -> None:
    manage.add_argument(
        "--reference",
        action="append",
        default=[],
        required=required,
        type=_pair,
        metavar="KEY=VALUE",
        help="where the driver finds it: source-name=… or source-id=…, as it wants",
    )


def _add_pairs(parser: argparse.ArgumentParser, options: Mapping[str, str]) -> None:
    for option, what in options.items():
        parser.add_argument(
            f"--{option}",
            action="append",
            default=[],
            type=_pair,
            metavar="NAME=VALUE",
            help=f"{what}; may be repeated",
        )


def add_places(parser: argparse.ArgumentParser) -> None:
    """Add the options that say where the driver's things are, and those of every such command."""
    parser.add_argument("--config", type=Path, metavar="FILE", help="the driver's cinder.conf, if it has one")
    parser.add_argument(
        "--state-dir", type=Path, metavar="DIR", help=f"the driver's; {settings.DEFAULT_STATE_DIR} without it"
    )
    parser.add_argument("--store", metavar="URL", help="the driver's store, as in [persistence] connection")
    parser.add_argument("--key-file", type=Path, metavar="FILE", help="the driver's key")
    parser.add_argument("--json", action="store_true", help="for programs")
    parser.add_argument("--log-level", choices=(*LEVELS, "critical"), default="critical", help="critical without it")


def add_command(commands: Subparsers, name: str, words: str, more: str = "") -> argparse.ArgumentParser:
    """Add a command with its help in `words`, and `more` of them in its own help."""
    return commands.add_parser(
        name,
        help=words,
        description=more or f"{words[0].upper()}{words[1:]}.",
        formatter_class=argparse.RawDescriptionHelpFormatter,
        allow_abbrev=False,
    )


def _pair(text: str) -> tuple[str, str]:
    key, separator, value = text.partition("=")
    if not (key and separator):
        raise argparse.ArgumentTypeError(f"{text!r} is no KEY=VALUE")
    return key, value
