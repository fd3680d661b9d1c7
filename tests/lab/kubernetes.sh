#!/usr/bin/env bash
# Prints the folder of Kubernetes' kube-apiserver and kubectl, and of the etcd that belongs to them; builds them first when the
# cache has none. Everything else that it says goes to stderr.
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
)

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
source "$here/go.sh"
folder=$cache/kubernetes-$VERSION

say() { printf 'kubernetes: %s\n' "$*" >&2; }

# A module that stands where Kubernetes itself does: what Kubernetes takes from its own tree comes as modules of the same version.
write_module() {
    local go=$1 required
    printf 'module lab\n\ngo %s\n\nrequire k8s.io/kubernetes %s\n' "$GO_NEEDED" "$VERSION" >go.mod
    required=$(GOFLAGS=-mod=mod "$go" mod download -json "k8s.io/kubernetes@$VERSION" | sed -n 's/^\t"GoMod": "\(.*\)",$/\1/p')
    sed -n "s|^\t\(k8s.io/[a-z-]*\) v0.0.0\( // indirect\)*$|replace \1 => \1 v0${VERSION#v1}|p" "$required" >>go.mod
}

is_complete() {
    local program
    for program in "${!PACKAGES[@]}"; do
        [ -x "$folder/$program" ] || return 1
    done
}

if ! is_complete; then
    go=$(find_go)
    say "building $VERSION with $("$go" version); about seven minutes"
    mkdir -p "$cache"
    # Built aside and renamed, so that a build that was cut off leaves nothing that looks complete.
    build=$(mktemp -d "$cache/kubernetes-build.XXXXXX")
    trap 'rm -rf "$build"' EXIT
    export GOTOOLCHAIN=local GOFLAGS=-mod=mod CGO_ENABLED=0
    cd "$build"
    write_module "$go" >&2
    mkdir made
    for program in "${!PACKAGES[@]}"; do
        say "$program"
        "$go" build -o "made/$program" -ldflags "-s -w -X k8s.io/component-base/version.gitVersion=$VERSION" \
            "${PACKAGES[$program]}" >&2
    done
    rm -rf "$folder"
    mv made "$folder"
fi
echo "$folder"
