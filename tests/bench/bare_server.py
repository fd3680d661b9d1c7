"""The least that answers Probe: gRPC for Python with a servicer of one line, on a socket, until it is killed."""

import sys
from concurrent.futures import ThreadPoolExecutor

import grpc
from google.protobuf.wrappers_pb2 import BoolValue

from csi.proto import csi_pb2, csi_pb2_grpc


class Bare(csi_pb2_grpc.IdentityServicer):
    """Ready, always."""

    def Probe(self, request: csi_pb2.ProbeRequest, context: grpc.ServicerContext) -> csi_pb2.ProbeResponse:
        return csi_pb2.ProbeResponse(ready=BoolValue(value=True))


def main(endpoint: str, threads: int) -> None:
    server = grpc.server(ThreadPoolExecutor(threads))
    csi_pb2_grpc.add_IdentityServicer_to_server(Bare(), server)  # type: ignore[abstract]  # Probe is all that is asked
    server.add_insecure_port(endpoint)
    server.start()
    server.wait_for_termination()


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]))
