"""The tables as they are now; `migrations` is how they came about.

Made for SQLite, PostgreSQL and MariaDB: ids and indexed values compare byte by
byte and to the last blank, two of them fit into one index, and a document has
no length that a record reaches. The tables' names keep clear of those of Cinder.
"""

from collections.abc import Mapping

import sqlalchemy as sa
from sqlalchemy.dialects import mysql

from persistence.keys import KINDS, MAX_KEY_LENGTH
from persistence.records import Record

#: The schema's versions, oldest first; the last one is what `TABLES` describes.
VERSIONS = ("0001",)
#: Where the database remembers which of them it has.
VERSION_TABLE = "cinderblock_version"

metadata = sa.MetaData()

#: Text that is compared byte by byte, so that ids have one order in every store.
KEY = (
    sa.String(MAX_KEY_LENGTH)
    .with_variant(sa.String(MAX_KEY_LENGTH, collation="C"), "postgresql")
    .with_variant(mysql.VARCHAR(MAX_KEY_LENGTH, charset="utf8mb4", collation="utf8mb4_nopad_bin"), "mysql")
)
#: ASCII JSON, up to 4 GiB where a database counts.
DOCUMENT = sa.Text().with_variant(mysql.LONGTEXT(), "mysql")


def _table(record_type: type[Record]) -> sa.Table:
    kind = KINDS[record_type]
    return sa.Table(
        f"cinderblock_{kind}",
        metadata,
        sa.Column("id", KEY, primary_key=True),
        sa.Column("revision", sa.String(32), nullable=False),
        *(sa.Column(field, KEY, nullable=False) for field in record_type.INDEXED),
        sa.Column("document", DOCUMENT, nullable=False),
        # With the id, so that a page in the middle is found without sorting what comes before it.
        *(sa.Index(f"ix_cinderblock_{kind}_{field}", field, "id") for field in record_type.INDEXED),
        mysql_engine="InnoDB",
        mysql_charset="utf8mb4",
        mysql_row_format="DYNAMIC",
    )


TABLES: Mapping[type[Record], sa.Table] = {record_type: _table(record_type) for record_type in KINDS}
