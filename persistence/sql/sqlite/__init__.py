"""A SQLite file: its lock, its shared commits, the room that it keeps.

Belongs here: what is true of SQLite only. Never here: tables and statements.
"""

from persistence.sql.sqlite.opening import engine_on, open_database

__all__ = ["engine_on", "open_database"]
