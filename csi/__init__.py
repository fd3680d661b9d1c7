"""The gRPC edge: CSI's three services, and the `cinderblock` command.

Belongs here: decoding requests, encoding answers, locks around RPCs, statuses,
logs, settings, sockets, and what a node does with mounts and file systems.
Never here: storage logic, Cinder, SQL. What a volume is and how it is made is
the library's business (`cinderblock`).
"""
