#!/usr/bin/env bash
# Prints the folder of the kinds of snapshot.storage.k8s.io, as the snapshotter that the chart names wants them; fetches them
# first when the cache has none. Everything else that it says goes to stderr.
#
# The cache is ${XDG_CACHE_HOME:-~/.cache}/cinderblock.
set -euo pipefail

readonly VERSION=v8.6.0
# Any Go that knows modules would do.
readonly GO_NEEDED=1.24.0

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
source "$here/go.sh"
folder=$cache/snapshot-kinds-$VERSION

say() { printf 'snapshot-kinds: %s\n' "$*" >&2; }

if ! [ -d "$folder" ]; then
    go=$(find_go)
    say "fetching $VERSION"
    mkdir -p "$cache"
    fetched=$(mktemp -d "$cache/snapshot-kinds.XXXXXX")
    trap 'rm -rf "$fetched"' EXIT
    module=$(cd "$fetched" && GOTOOLCHAIN=local "$go" mod download -json \
        "github.com/kubernetes-csi/external-snapshotter/client/v8@$VERSION" | sed -n 's/^\t"Dir": "\(.*\)",$/\1/p')
    # No kustomization, and nothing but kinds.
    mkdir "$fetched/kinds"
    grep -l '^kind: CustomResourceDefinition' "$module"/config/crd/*.yaml | xargs -I{} install -m 644 {} "$fetched/kinds"
    mv -f "$fetched/kinds" "$folder"
fi
echo "$folder"
