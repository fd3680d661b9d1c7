"""The door to Cinder: the only package that imports `cinder`.

Belongs here: starting Cinder's drivers in this process, the objects and the
"database" that they expect, the translation of their values and exceptions.
Never here: decisions about volumes (those are the library's), or anything
that another package would import besides `loading` and `listing`.
Importing Cinder changes the process it happens in, so every module but this
one and `listing` is imported by `loading`, inside of its guard.
"""
