#!/usr/bin/env bash
# Prints the folders of all the programs that a Kubernetes with a node and its own tests consist of, one a line; builds them
# first when the cache has none. Everything else that it says goes to stderr.
#
# The cache is ${XDG_CACHE_HOME:-~/.cache}/cinderblock. Cold, the build takes about a quarter of an hour on two cores.
set -euo pipefail

# The largest of the modules' `go` lines.
readonly GO_NEEDED=1.26.6
readonly CONTAINERD=v2.4.2

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
source "$here/go.sh"
source "$here/build.sh"

# Prints the version of a sidecar that the chart names.
chosen() { sed -n "s|^    image: .*/csi-$1:\(v[0-9.]*\)\$|\1|p" "$root/deploy/helm/cinderblock/values.yaml" | grep .; }

say() { printf 'cluster: %s\n' "$*" >&2; }

# Builds commands $4… of module $2 at version $3, and prints the folder that is called $1 after them.
commands() {
    local folder=$cache/$1-$3 module=$2 version=$3 programs=()
    shift 3
    for program in "$@"; do
        programs+=("$program=$module/cmd/$program")
    done
    build "$folder" "$module" "$version" "${programs[@]}"
    echo "$folder"
}

mkdir -p "$cache"
"$here/kubernetes.sh" kubelet kube-controller-manager kube-scheduler kube-proxy agnhost ginkgo e2e.test
commands containerd github.com/containerd/containerd/v2 $CONTAINERD containerd containerd-shim-runc-v2 ctr
commands csi-provisioner github.com/kubernetes-csi/external-provisioner/v6 "$(chosen provisioner)" csi-provisioner
commands csi-attacher github.com/kubernetes-csi/external-attacher/v4 "$(chosen attacher)" csi-attacher
commands csi-resizer github.com/kubernetes-csi/external-resizer/v2 "$(chosen resizer)" csi-resizer
commands csi-snapshotter github.com/kubernetes-csi/external-snapshotter/v8 "$(chosen snapshotter)" csi-snapshotter snapshot-controller
dirname "$("$here/helm.sh")"
"$here/snapshot-kinds.sh"
drop_builds
