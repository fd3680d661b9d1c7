#!/usr/bin/env bash
# Prints the folder of Kubernetes' kube-apiserver and kubectl, and of the etcd that belongs to them; builds them first when the
# cache has none. With names of further programs of Kubernetes, builds those. Everything else that it says goes to stderr.
#
# The cache is ${XDG_CACHE_HOME:-~/.cache}/cinderblock. Cold, the build takes about seven minutes on two cores.
set -euo pipefail

readonly VERSION=v1.36.3
# The `go` line of the module's go.mod.
readonly GO_NEEDED=1.26.0
# Each with its package. The etcd is the one that this Kubernetes is itself tested with.
declare -rA PACKAGES=(
    [kube-apiserver]=k8s.io/kubernetes/cmd/kube-apiserver
    [kubectl]=k8s.io/kubernetes/cmd/kubectl
    [etcd]=go.etcd.io/etcd/server/v3
    [kube-controller-manager]=k8s.io/kubernetes/cmd/kube-controller-manager
    [kube-scheduler]=k8s.io/kubernetes/cmd/kube-scheduler
    [kube-proxy]=k8s.io/kubernetes/cmd/kube-proxy
    [kubelet]=k8s.io/kubernetes/cmd/kubelet
    [agnhost]=k8s.io/kubernetes/test/images/agnhost
    [e2e.test]=test:k8s.io/kubernetes/test/e2e
    [ginkgo]=github.com/onsi/ginkgo/v2/ginkgo
)

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
source "$here/go.sh"
source "$here/build.sh"
folder=$cache/kubernetes-$VERSION

say() { printf 'kubernetes: %s\n' "$*" >&2; }

wanted=()
for program in kube-apiserver kubectl etcd "$@"; do
    wanted+=("$program=${PACKAGES[$program]}")
done
LDFLAGS="-X k8s.io/component-base/version.gitVersion=$VERSION"
build "$folder" k8s.io/kubernetes "$VERSION" "${wanted[@]}"
echo "$folder"
