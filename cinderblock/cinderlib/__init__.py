"""What cinderlib left behind, and our records instead.

Belongs here: what the fields of its database and of its JSON mean, and how both become records and back.
Never here: its API (that is `cinderblock.compat.cinderlib`), SQL, Cinder's own classes.
"""
