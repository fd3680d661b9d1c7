"""Storage through OpenStack Cinder's drivers, with no OpenStack service running.

Belongs here: what a volume, a snapshot and a connection are and what can be
done with them; the ports to drivers (`driver.py`) and hosts (`host.py`).
Never here: gRPC, SQL, Kubernetes. Cinder is touched in `cinderblock.cinder`
only, os-brick in `cinderblock.brick` only.
"""
