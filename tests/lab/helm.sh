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

say() { printf 'helm: %s\n' "$*" >&2; }

installed helm "$VERSION" helm.sh/helm/v3/cmd/helm 'about two minutes'
