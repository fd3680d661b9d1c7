"""CSI's Controller service over the library.

Belongs here: what a request means, and what an answer says. Never here: what
a back end does, or how a record is stored.
"""
