"""CSI's messages and services, as its specification words them, and those of a kubelet's registration.

`csi.proto` is the file of CSI v1.13.0, byte for byte; `pluginregistration.proto`
is our own wording of the kubelet's v1. Everything else here is made from them
by `make proto` and never edited. A process registers a file once, under a name
such as `csi/proto/csi.proto`.
"""
