# Builds programs of Go modules into the cache, each once. Sourced after go.sh; whoever does so has `say` and GO_NEEDED.
#
# What all of them share is compiled once, in a build cache of the laboratory's own: whoever has built all calls `drop_builds`.

readonly GO_BUILDS=$cache/go-build

# Writes a module that stands where module $1 at version $2 does: of a module that is asked for, Go minds no replacements.
# What it takes from its own tree is a module to everybody else; in Kubernetes' case, one of the same version.
write_module() {
    local module=$1 version=$2 required
    printf 'module lab\n\ngo %s\n\nrequire %s %s\n' "$GO_NEEDED" "$module" "$version" >go.mod
    required=$("$go" mod download -json "$module@$version" | sed -n 's/^\t"GoMod": "\(.*\)",$/\1/p')
    if [ "$module" = k8s.io/kubernetes ]; then
        sed -n "s|^\t\(k8s.io/[a-z-]*\) v0.0.0\( // indirect\)*$|replace \1 => \1 v0${version#v1}|p" "$required" >>go.mod
    else
        # In a line of its own, or in a block; `=>` stands nowhere else.
        sed -n 's|^replace ||; s|^\t*\(.* => [^./].*\)$|replace \1|p' "$required" >>go.mod
    fi
}

# Makes those of the programs `NAME=PACKAGE…` of module $2 at version $3 that folder $1 lacks; a package with `test:` before
# it is one whose tests are the program. LDFLAGS are the linker's.
build() {
    local folder=$1 module=$2 version=$3 made named missing
    shift 3
    lacking "$@"
    ((${#missing[@]})) || return 0
    mkdir -p "$cache"
    (
        # One at a time, whichever checkout they are of: two would compile the same, and what is there now may be complete.
        exec 9>"$GO_BUILDS.lock"
        flock 9
        lacking "$@"
        ((${#missing[@]})) || exit 0
        go=$(find_go)
        mkdir -p "$folder"
        # Built aside and renamed, so that a build that was cut off leaves nothing that looks complete.
        made=$(mktemp -d "$folder.XXXXXX")
        trap 'rm -rf "$made"' EXIT
        # Two at a time: more would have a small machine run out of memory.
        export GOTOOLCHAIN=local GOFLAGS='-mod=mod -p=2' CGO_ENABLED=0 GOCACHE=$GO_BUILDS
        cd "$made"
        write_module "$module" "$version" >&2
        for named in "${missing[@]}"; do
            say "building ${named%%=*} $version with $("$go" env GOVERSION)"
            compile "${named#*=}" "${named%%=*}" >&2
            mv -f "${named%%=*}" "$folder/"
        done
    )
}

# Sets `missing` to those of the programs `NAME=PACKAGE…` that are not in the folder.
lacking() {
    missing=()
    for named in "$@"; do
        [ -x "$folder/${named%%=*}" ] || missing+=("$named")
    done
}

# Drops what was compiled: gigabytes, which whoever is building still needs.
drop_builds() {
    (
        exec 9>"$GO_BUILDS.lock"
        ! flock --nonblock 9 || rm -rf "$GO_BUILDS"
    )
}

compile() {
    case $1 in
        test:*) "$go" test -c -vet=off -o "$2" -ldflags "-s -w ${LDFLAGS:-}" "${1#test:}" ;;
        *) "$go" build -o "$2" -ldflags "-s -w ${LDFLAGS:-}" "$1" ;;
    esac
}
