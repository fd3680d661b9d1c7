"""How the schema came about: Alembic's environment and one module per version.

A version is never edited once released, so it imports nothing of ours: it says
itself what it makes. It can be run again over a part of itself (IF NOT EXISTS): in
MariaDB each of its statements is committed alone, and it may be cut off between them.
"""
