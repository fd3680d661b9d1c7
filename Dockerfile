# syntax=docker/dockerfile:1
# Two images from one file:
#
#   docker build --target controller -t cinderblock-controller .
#   docker build --target node -t cinderblock-node .
#
# deploy/image.sh does the work, and makes the same images where no registry can be reached. To have the same bytes twice, give
# the base by its digest, and --build-arg SOURCE_DATE_EPOCH with an output that has rewrite-timestamp=true.
ARG BASE=debian:12-slim

FROM ${BASE} AS filled-controller
ARG SOURCE_DATE_EPOCH=0
ARG PIP_INDEX_URL
RUN --mount=type=bind,target=/build /build/deploy/image.sh fill controller

FROM ${BASE} AS filled-node
ARG SOURCE_DATE_EPOCH=0
ARG PIP_INDEX_URL
RUN --mount=type=bind,target=/build /build/deploy/image.sh fill node

# What was deleted on the way is in no layer.
FROM scratch AS controller
COPY --from=filled-controller / /
ENV PATH=/opt/cinderblock/bin:/usr/sbin:/usr/bin:/sbin:/bin
USER 64646
ENTRYPOINT ["/opt/cinderblock/bin/cinderblock"]

FROM scratch AS node
COPY --from=filled-node / /
ENV PATH=/opt/cinderblock/bin:/usr/sbin:/usr/bin:/sbin:/bin
# It mounts for others: root, with a root file system that is read-only, as the chart says.
USER 0
ENTRYPOINT ["/opt/cinderblock/bin/cinderblock"]
