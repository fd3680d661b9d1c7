"""The versions of the schema; the newest is `persistence.sql.schema`."""
