"""The schema of a database, brought to the version that this code works with."""

import threading
from collections.abc import Collection
from pathlib import Path

import sqlalchemy as sa

from persistence.errors import StoreUnusable
from persistence.records import KeyValueRecord
from persistence.sql import cinderlib_tables
from persistence.sql.schema import TABLES, VERSION_TABLE, VERSIONS

#: Alembic keeps the migration that runs in a global.
_migrating = threading.Lock()


def is_current(connection: sa.Connection, store: str, *, beside_cinderlib: bool = False, cut_off: bool = False) -> bool:
    """Return whether the schema is the newest one; False for an empty database and an older schema.

    Args:
        connection: to the database.
        store: names it in messages.
        beside_cinderlib: whether cinderlib's tables may be there, too, not taken over yet.
        cut_off: whether a part of a migration may be there: the database commits each of its steps.

    Raises:
        StoreUnusable: the schema is newer than this code, or the database is another program's.
    """
    tables = sa.inspect(connection).get_table_names()
    if not tables:
        return False
    ours, cinderlibs = VERSION_TABLE in tables, cinderlib_tables.KEY_VALUES in tables
    if cinderlibs and not beside_cinderlib and not (ours and _taken_over(connection, tables)):
        raise StoreUnusable(
            f"{store} holds what cinderlib wrote; `cinderblock store import-cinderlib {store}` takes it over"
        )
    if cinderlibs and not ours:
        return False
    if not ours:
        raise StoreUnusable(f"{store} holds another program's tables ({', '.join(tables[:3])}, …); name another one")
    stored = connection.exec_driver_sql(f"SELECT version_num FROM {VERSION_TABLE}").scalars().all()  # noqa: S608 -- a constant
    if cut_off and not stored and not _holds_records(connection, tables):
        return False
    if len(stored) != 1:
        raise StoreUnusable(f"{store} has {len(stored)} schema versions instead of one; restore it")
    if stored[0] not in VERSIONS:
        raise StoreUnusable(
            f"{store} has the schema {stored[0]!r}, this version of Cinderblock knows up to {VERSIONS[-1]!r}: "
            "run the newer version again"
        )
    if stored[0] != VERSIONS[-1]:
        return False
    missing = sorted({table.name for table in TABLES.values()} - set(tables))
    if missing:
        raise StoreUnusable(f"{store} lacks the tables {', '.join(missing)}; restore it")
    return True


def _taken_over(connection: sa.Connection, tables: Collection[str]) -> bool:
    """Tell whether what cinderlib left in the same database is among our records."""
    marker = cinderlib_tables.marker_id(cinderlib_tables.identity(connection))
    table = TABLES[KeyValueRecord]
    if table.name not in tables:
        return False
    columns = table.c
    return connection.execute(sa.select(columns.id).where(columns.id == marker)).first() is not None


def _holds_records(connection: sa.Connection, tables: Collection[str]) -> bool:
    made = [table for table in TABLES.values() if table.name in tables]
    return any(connection.execute(sa.select(table.c.id).limit(1)).first() for table in made)


def migrate(connection: sa.Connection) -> None:
    """Run the migrations that the database has not had, in the caller's transaction."""
    # Costs 0.3 s and 9 MiB, and most starts have nothing to migrate.
    from alembic import command  # noqa: PLC0415 -- see above
    from alembic.config import Config  # noqa: PLC0415 -- see above

    config = Config(attributes={"connection": connection})
    config.set_main_option("script_location", str(Path(__file__).with_name("migrations")).replace("%", "%%"))
    # The place has one folder of versions; said, because Alembic warns when it has to guess.
    config.set_main_option("path_separator", "os")
    with _migrating:
        command.upgrade(config, "head")
