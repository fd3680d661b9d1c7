"""The command line of `cinderblock store`; nothing is imported for it that takes time."""

from pathlib import Path

from csi import settings
from csi.commands.arguments import Subparsers, add_command, add_places

_IMPORT = """\
Take over the volumes, snapshots, connections and keys that cinderlib (or
Ember-CSI) left in its database. Stop the programs that use it, and the driver,
before. All of it is stored, or nothing; its own tables are only read, and stay.

SOURCE_URL may be the store itself: our tables then stand beside cinderlib's.
Each of cinderlib's back ends must be a back end of the configuration, under the
same name. Done again, it says what has changed since, and changes nothing.
Secrets are sealed in the store; in cinderlib's own database they stay readable.
"""
_COPY = """\
Make the records of one store those of another one, which must be empty: from SQLite to PostgreSQL, say. No driver may
use either of them meanwhile; one that was used lately is watched for half a minute, to see whether it still is. Both
are compared in the end. When the command is cut off, the same command again goes on, and until it is done no driver
starts on TO. Secrets stay sealed as they are, so the driver keeps its key.

Afterwards the driver must never use FROM again: what it would change there is not in TO.

  cinderblock store copy sqlite:////var/lib/cinderblock/cinderblock.db postgresql://cinderblock:PASSWORD@db/cinderblock
"""
_EXPORT = """\
Write all records to a file of JSON lines, as a backup; secrets in it stay sealed, so the key belongs to a backup as
well. The driver may go on meanwhile: then a record may be older than the next one. After such a backup was restored,
`cinderblock store check` says what the back ends have made of it since.
"""
_IMPORT_FILE = """\
Put the records of such a file into an empty store, and compare them in the end. When the command is cut off, the same
command again goes on, and until it is done no driver starts on the store.
"""
_REKEY = """\
Seal every secret with the newest key. To change the key:

  1. put the new one on the first line of every process's key file, the old one below it, and restart the processes
  2. cinderblock store rekey
  3. take the old key out of the controllers' key files; nodes keep it until the volumes that were published before the
     first step have been unpublished, because what a node was given for them is sealed with it

The processes may go on meanwhile. When the command is cut off, the same command again goes on.
"""
_CHECK = """\
Compare the records with what each back end says it has, where its driver can list that, and tell what is on one side
only: a volume that no record knows, a record whose volume is gone, and what was begun and not finished. The driver may
go on meanwhile. Nothing is changed but what --mend names:

  missing   forget the records of volumes that the back end does not have; those in use, or with snapshots, stay

Exit code 1 says that something is left.
"""


def add_store(commands: Subparsers) -> None:
    """Add `store` and its commands."""
    store = commands.add_parser("store", help="work on the store of records", allow_abbrev=False)
    works = store.add_subparsers(dest="work", required=True, metavar="WORK")
    _add_import_cinderlib(works)
    copy = add_command(works, "copy", "make the records of one store those of another", _COPY)
    copy.add_argument("source", metavar="FROM", help="the store's URL, as in [persistence] connection")
    copy.add_argument("target", metavar="TO", help="an empty store's")
    export = add_command(works, "export", "write all records to a file", _EXPORT)
    restore = add_command(works, "import", "put the records of a file into an empty store", _IMPORT_FILE)
    for work in (export, restore):
        work.add_argument("file", type=Path, metavar="FILE", help="JSON lines")
    rekey = add_command(works, "rekey", "seal every secret with the newest key", _REKEY)
    check = add_command(works, "check", "compare the records with what the back ends have", _CHECK)
    check.add_argument("--backend", default="", metavar="NAME", help="only this back end")
    check.add_argument("--mend", action="append", default=[], choices=["missing"], help="what to put right")
    check.add_argument("--node-id", metavar="ID", help="the driver's --node-id, for volumes of this machine")
    for work in (export, restore, rekey, check):
        add_places(work)


def _add_import_cinderlib(works: Subparsers) -> None:
    parser = add_command(works, "import-cinderlib", "take over what cinderlib remembered", _IMPORT)
    parser.add_argument("source", metavar="SOURCE_URL", help="cinderlib's database, such as sqlite:///PATH")
    parser.add_argument("--store", metavar="URL", help="where to; [persistence] connection without it")
    parser.add_argument("--config", type=Path, metavar="FILE", help="the cinder.conf that has cinderlib's back ends")
    parser.add_argument(
        "--state-dir", type=Path, metavar="DIR", help=f"the driver's own; {settings.DEFAULT_STATE_DIR} without it"
    )
    parser.add_argument("--key-file", type=Path, metavar="FILE", help="the key that seals secrets; the driver's own")
    parser.add_argument("--dry-run", action="store_true", help="say what would be taken over, and change nothing")
    parser.add_argument("--json", action="store_true", help="for programs; with the id that each object gets")
