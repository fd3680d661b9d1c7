"""CSI's messages and services, as its specification words them.

`csi.proto` is the file of CSI v1.13.0, byte for byte; everything else here is
made from it by `make proto` and never edited. A process registers the file
once, under the name `csi/proto/csi.proto`.
"""
