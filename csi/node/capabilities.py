"""What this node can do; each of them has its RPC in `service`."""

NODE_CAPABILITIES = (
    "STAGE_UNSTAGE_VOLUME",
    "GET_VOLUME_STATS",
    "EXPAND_VOLUME",
    "SINGLE_NODE_MULTI_WRITER",
    "GET_VOLUME_HEALTH",
    "GET_STORAGE_HEALTH",
)
