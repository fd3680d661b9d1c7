"""Records in a SQL database: SQLAlchemy Core for the verbs, Alembic for the schema.

Belongs here: everything that knows SQLAlchemy, Alembic or a database's habits.
Never here: what a record means. One table per kind of record, all of one shape:
id, revision, the indexed fields, and the record as a document.
"""

from persistence.sql.opening import open_store
from persistence.sql.urls import password_of

__all__ = ["open_store", "password_of"]
