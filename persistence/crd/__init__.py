"""Records as objects of a Kubernetes cluster, one kind of object for each kind of record.

Belongs here: everything that knows the Kubernetes API and its client.
Never here: what a record means. The definitions of the kinds (`deploy/crds`) are made from the records.
"""

from persistence.crd.opening import SCHEME, open_store

__all__ = ["SCHEME", "open_store"]
