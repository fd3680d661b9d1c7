"""The first format: one table per kind of record, a document and its indexed fields."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import mysql

revision = "0001"
down_revision = None

INDEXED = {
    "volume": ("name", "backend", "cinder_id", "source_cinder_id"),
    "snapshot": ("name", "backend", "cinder_id", "volume_id", "volume_cinder_id"),
    "connection": ("backend", "volume_id", "volume_cinder_id", "node_id"),
    "node": (),
    "key_value": (),
}


def upgrade() -> None:
    """Make the tables and their indexes."""
    key = (
        sa.String(256)
        .with_variant(sa.String(256, collation="C"), "postgresql")
        .with_variant(mysql.VARCHAR(256, charset="utf8mb4", collation="utf8mb4_nopad_bin"), "mysql")
    )
    document = sa.Text().with_variant(mysql.LONGTEXT(), "mysql")
    for kind, fields in INDEXED.items():
        table = f"cinderblock_{kind}"
        op.create_table(
            table,
            sa.Column("id", key, primary_key=True),
            sa.Column("revision", sa.String(32), nullable=False),
            *(sa.Column(field, key, nullable=False) for field in fields),
            sa.Column("document", document, nullable=False),
            mysql_engine="InnoDB",
            mysql_charset="utf8mb4",
            mysql_row_format="DYNAMIC",
            if_not_exists=True,
        )
        for field in fields:
            op.create_index(f"ix_{table}_{field}", table, [field, "id"], if_not_exists=True)
