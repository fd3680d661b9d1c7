"""Databases that are servers: PostgreSQL and MariaDB.

Belongs here: sessions and their ends, limits on every wait, what each server's errors mean.
Never here: tables and statements. What differs between the servers is a `Dialect`, one module each.
"""

from persistence.sql.servers.opening import open_server

__all__ = ["open_server"]
