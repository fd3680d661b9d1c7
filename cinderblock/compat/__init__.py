"""Other libraries' interfaces, for the programs that were written against them.

Belongs here: names and signatures that are not ours, each as thin as it can be over the library. Never here: rules
about volumes, and anything that only a program written against Cinderblock itself would call.
"""
