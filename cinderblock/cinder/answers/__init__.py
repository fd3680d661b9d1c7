"""What `cinder.db.api` answers, one module for each kind of object.

Belongs here: methods with the names and signatures of Cinder's functions, over
our store. Contexts are taken and not looked at: everything belongs to one user.
Never here: anything that a driver cannot ask.
"""
