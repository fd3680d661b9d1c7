"""How the schema came about: Alembic's environment and one module per version.

A version is never edited once released, so it imports nothing of ours: it says
itself what it makes.
"""
