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

say() { printf 'csi-sanity: %s\n' "$*" >&2; }

installed csi-sanity "$VERSION" github.com/kubernetes-csi/csi-test/v5/cmd/csi-sanity 'about a minute'
