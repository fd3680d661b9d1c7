#!/usr/bin/env bash
# Prints the path of csi-sanity; builds it first when the cache has none. Everything else that it says goes to stderr.
#
# The cache is ${XDG_CACHE_HOME:-~/.cache}/cinderblock.
set -euo pipefail

readonly VERSION=v5.6.0
# The `go` line of the module's go.mod.
readonly GO_NEEDED=1.25.0

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
source "$here/go.sh"
binary=$cache/csi-sanity-$VERSION/csi-sanity

say() { printf 'csi-sanity: %s\n' "$*" >&2; }

if ! [ -x "$binary" ]; then
    go=$(find_go)
    say "building $VERSION with $("$go" version); about a minute"
    mkdir -p "$cache"
    # Built aside and renamed, so that a build that was cut off leaves nothing that looks complete.
    build=$(mktemp -d "$cache/csi-sanity-build.XXXXXX")
    trap 'rm -rf "$build"' EXIT
    GOTOOLCHAIN=local GOFLAGS=-mod=mod CGO_ENABLED=0 GOBIN=$build \
        "$go" install "github.com/kubernetes-csi/csi-test/v5/cmd/csi-sanity@$VERSION" >&2
    mkdir -p "$(dirname "$binary")"
    mv -f "$build/csi-sanity" "$binary"
fi
echo "$binary"
