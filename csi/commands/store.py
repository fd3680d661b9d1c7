"""`cinderblock store`: work on the store of records."""

import argparse
import sys
from contextlib import closing
from pathlib import Path

from cinderblock import copying
from cinderblock.copying import StoreSource
from cinderblock.dumping import Dump, dump
from cinderblock.errors import ConfigurationError
from cinderblock.folder import make_private
from cinderblock.rekeying import rekey
from csi import settings
from csi.commands import import_cinderlib, opened, store_check
from csi.composition import open_unsealed
from csi.serving import Mode, open_sealer
from csi.settings import Settings


def run(given: argparse.Namespace) -> int:
    """Do what was given on the command line; return the exit code.

    Raises:
        ConfigurationError: the configuration cannot be used, or the driver is running.
        StoreUnusable: a store, a file or the key is not what it is to be.
        StoreUnavailable: a store does not answer now.
    """
    match given.work:
        case "import-cinderlib":
            return import_cinderlib.run(given.source, _places(given), dry_run=given.dry_run, as_json=given.json)
        case "copy":
            return _copy(given.source, given.target)
        case "export":
            return _export(opened.chosen(given), given.file)
        case "import":
            return _import(_places(given), given.file)
        case "check":
            return store_check.run(given)
        case "rekey":
            return _rekey(opened.chosen(given))
        case _:
            raise AssertionError(given.work)


def _copy(source: str, target: str) -> int:
    # Where a server is may stand in the query. Of two ways to one store it is seen that it is not empty.
    if (_named(source), source.partition("?")[2]) == (_named(target), target.partition("?")[2]):
        raise ConfigurationError("the two stores are the same one")
    opened.check_there(source)
    with closing(open_unsealed(source)) as store, closing(open_unsealed(target)) as empty:
        copying.check_whole(store)
        processes = copying.alive(store, told=_say)
        if processes:
            raise ConfigurationError(f"process {', '.join(processes)} works with {_named(source)}; stop it, and repeat")
        total = copying.copy(StoreSource(store), empty, origin=_named(source), progress=_say_progress)
    print(f"{total} records are in {_named(target)}, compared one by one; no driver may use {_named(source)} again")
    return 0


def _export(found: Settings, file: Path) -> int:
    with closing(open_unsealed(found.connection)) as store:
        copying.check_whole(store)
        try:
            total = dump(StoreSource(store), file, progress=_say_progress)
        except OSError as error:
            raise ConfigurationError(f"{file} cannot be written: {error.strerror}") from error
    print(f"{total} records are in {file}; keep the key beside it, without which their secrets stay sealed")
    return 0


def _import(found: Settings, file: Path) -> int:
    source = Dump(file)
    make_private(found.state_dir)
    with closing(open_unsealed(found.connection)) as store:
        total = copying.copy(source, store, origin=str(file.absolute()), progress=_say_progress)
    print(f"{total} records are in {_named(found.connection)}, compared one by one")
    return 0


def _rekey(found: Settings) -> int:
    sealer = open_sealer(Mode.ALL if found.key_file is None else Mode.CONTROLLER, found)
    with closing(open_unsealed(found.connection)) as store:
        copying.check_whole(store)
        total = rekey(store, sealer, progress=lambda table, done: _say(f"sealed anew: {done} {table}"))
    print(f"{total} records were sealed anew; key {sealer.key_id} alone opens all of the store now")
    return 0


def _places(given: argparse.Namespace) -> Settings:
    return settings.read(
        given.config, state_dir=given.state_dir, key_file=given.key_file, connection=given.store, environment={}
    )


def _named(url: str) -> str:
    """Return a store's URL without what may hold a password."""
    scheme, separator, rest = url.partition("?")[0].partition("://")
    return f"{scheme}{separator}{rest.rpartition('@')[2]}"


def _say(words: str) -> None:
    print(words, file=sys.stderr, flush=True)


def _say_progress(what: str, done: int) -> None:
    _say(f"{what}: {done} records")
