#!/usr/bin/env bash
# Prints the path of helm; builds it first when the cache has none. Everything else that it says goes to stderr.
#
# The cache is ${XDG_CACHE_HOME:-~/.cache}/cinderblock.
set -euo pipefail

readonly VERSION=v3.22.0
# The `go` line of the module's go.mod.
readonly GO_NEEDED=1.26.0

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
source "$here/go.sh"
binary=$cache/helm-$VERSION/helm

say() { printf 'helm: %s\n' "$*" >&2; }

if ! [ -x "$binary" ]; then
    go=$(find_go)
    say "building $VERSION with $("$go" version); about two minutes"
    mkdir -p "$cache"
    # Built aside and renamed, so that a build that was cut off leaves nothing that looks complete.
    build=$(mktemp -d "$cache/helm-build.XXXXXX")
    trap 'rm -rf "$build"' EXIT
    GOTOOLCHAIN=local GOFLAGS=-mod=mod CGO_ENABLED=0 GOBIN=$build "$go" install "helm.sh/helm/v3/cmd/helm@$VERSION" >&2
    mkdir -p "$(dirname "$binary")"
    mv -f "$build/helm" "$binary"
fi
echo "$binary"
