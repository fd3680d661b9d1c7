"""The command line of `cinderblock volume`; nothing is imported for it that takes time."""

import argparse
from pathlib import Path
from typing import TypeAlias

from csi import settings
from csi.logs import LEVELS

Subparsers: TypeAlias = "argparse._SubParsersAction[argparse.ArgumentParser]"  # noqa: SLF001 -- it has no public name

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
    delete = add_command(verbs, "delete", "delete a volume and its content", _DELETE)
    delete.add_argument("id", metavar="ID")
    for asking in (revert, delete):
        asking.add_argument("--yes", action="store_true", help="do not ask")
    for verb in verbs.choices.values():
        add_places(verb)


def check_volume(parser: argparse.ArgumentParser, given: argparse.Namespace) -> None:
    """End the process with the code of a wrong command line where `volume manage` lacks something."""
    if getattr(given, "verb", "") == "manage" and not given.list and not (given.name and given.reference):
        parser.error("volume manage: a NAME and a --reference are needed, or --list")


def _add_manage(verbs: Subparsers) -> None:
    manage = add_command(verbs, "manage", "take over a volume that a back end has already", _MANAGE)
    manage.add_argument("name", nargs="?", metavar="NAME", help="its name from now on")
    manage.add_argument("--backend", default="", metavar="NAME", help="the back end; needed where there are several")
    manage.add_argument("--list", action="store_true", help="only list what the back end has")
    manage.add_argument(
        "--reference",
        action="append",
        default=[],
        type=_pair,
        metavar="KEY=VALUE",
        help="where the driver finds it: source-name=… or source-id=…, as it wants",
    )
    manage.add_argument(
        "--pool", default="", metavar="NAME", help="the pool that it is in; needed where there are several"
    )
    manage.add_argument("--multiattach", action="store_true", help="it is for several nodes at once")
    for option, what in (("metadata", "its metadata"), ("extra-spec", "an extra spec"), ("qos", "a QoS spec")):
        manage.add_argument(
            f"--{option}",
            action="append",
            default=[],
            type=_pair,
            metavar="NAME=VALUE",
            help=f"{what}; may be repeated",
        )
    manage.add_argument("--node-id", metavar="ID", help="the driver's --node-id, for volumes of this machine")


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
