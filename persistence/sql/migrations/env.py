"""Run by Alembic for every upgrade: migrate on the connection that the caller locked."""

from alembic import context

from persistence.sql.schema import VERSION_TABLE, metadata

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=metadata,
    version_table=VERSION_TABLE,
)
context.run_migrations()
