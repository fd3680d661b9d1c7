"""An API server that has little time for one account."""

from contextlib import closing, contextmanager

from persistence.crd import open_store
from tests.waiting import eventually


@contextmanager
def one_at_a_time(kubernetes, space):
    """Have the server do one request of the space's account at a time, and turn the others away with 429."""
    version = "flowcontrol.apiserver.k8s.io/v1"
    least = {"nominalConcurrencyShares": 0, "borrowingLimitPercent": 0, "limitResponse": {"type": "Reject"}}
    account = {"kind": "ServiceAccount", "serviceAccount": {"name": "*", "namespace": space}}
    everything = {"verbs": ["*"], "apiGroups": ["*"], "resources": ["*"], "namespaces": ["*"], "clusterScope": True}
    flow = {
        "priorityLevelConfiguration": {"name": space},
        "matchingPrecedence": 2,
        "rules": [{"subjects": [account], "resourceRules": [everything]}],
    }
    contents = {"PriorityLevelConfiguration": {"type": "Limited", "limited": least}, "FlowSchema": flow}
    for kind, spec in contents.items():
        content = {"apiVersion": version, "kind": kind, "metadata": {"name": space}, "spec": spec}
        kubernetes.ask("POST", f"/apis/{version}/{kind.lower()}s", content)
    with closing(open_store(kubernetes.url(space))) as store:
        eventually(lambda: [store.key_values.page(), figures(kubernetes, space)["DispatchedRequests"] != "0"][1])
    try:
        yield
    finally:
        for kind in reversed(contents):
            kubernetes.ask("DELETE", f"/apis/{version}/{kind.lower()}s/{space}")


def figures(kubernetes, space):
    """Return what the server counts of the requests that are done one at a time."""
    said = kubernetes.text("/debug/api_priority_and_fairness/dump_priority_levels").splitlines()
    table = [[cell.strip() for cell in line.split(",")] for line in said]
    return next(
        (dict(zip(table[0], row, strict=True)) for row in table if row[0] == space), {"DispatchedRequests": "0"}
    )


def turned_away(kubernetes, space):
    """Return how many requests were turned away."""
    return int(figures(kubernetes, space)["RejectedRequests"])


def under_way(kubernetes, space):
    """Return how many requests it is doing, one at most."""
    return int(figures(kubernetes, space)["ExecutingRequests"])
