"""What programs work with: a storage, its back ends, volumes, snapshots and connections, as objects with verbs.

Belongs here: objects that hold a record as it was last seen, the checks of
what a program gives, and patience with others who are at work. Never here:
rules about volumes (those are the library's), Cinder, os-brick, SQL; what
these objects rest on is put together in `opening`, the composition root.
"""
