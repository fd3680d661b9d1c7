"""What is remembered: records, the port that stores them, and the stores.

Belongs here: record types, their JSON form, sealing, and adapters to databases.
Never here: what the records are *for* (that is `cinderblock`), gRPC, Cinder.
The adapters (`memory`, `sql`, `crd`) are imported by composition roots only.
"""
