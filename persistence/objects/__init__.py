"""What a record is as an object of a Kubernetes cluster: its kind, its name, its fields.

Belongs here: what whoever writes or reads such an object has to know, be it the store or a node that describes itself.
Never here: how a cluster is reached.
"""
