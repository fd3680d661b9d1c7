#!/usr/bin/env bash
# Prints the folder of the driver's own images, controller.tar and node.tar, made from the checkout as it is, if the cache has
# them. With `make` they are made first when it has none, by deploy/image.sh, as root with debootstrap; the cache keeps the
# last ones only. Everything else that it says goes to stderr.
#
# The cache is ${XDG_CACHE_HOME:-~/.cache}/cinderblock.
set -euo pipefail

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
cache=${XDG_CACHE_HOME:-$HOME/.cache}/cinderblock
# All that deploy/image.sh puts into them, and itself.
readonly MADE_FROM='csi cinderblock persistence pyproject.toml README.md LICENSE deploy/requirements deploy/image.sh deploy/sbom.py'

say() { printf 'images: %s\n' "$*" >&2; }

digest() {
    # shellcheck disable=SC2086  # a list of paths
    (cd "$root" && find $MADE_FROM -type f ! -path '*/__pycache__/*' -print0 | LC_ALL=C sort -z | xargs -0 sha256sum) |
        sha256sum | cut -c1-16
}

folder=$cache/images-$(digest)
if [ "${1:-}" = make ] && ! [ -d "$folder" ]; then
    mkdir -p "$cache"
    # Made aside and renamed, so that what was cut off leaves nothing that looks complete.
    made=$(mktemp -d "$cache/making-images.XXXXXX")
    trap 'rm -rf "$made"' EXIT
    for part in controller node; do
        "$root/deploy/image.sh" make "$part" "$made/$part.tar" >&2
    done
    [ "$folder" = "$cache/images-$(digest)" ] || { say 'the checkout was changed meanwhile'; exit 1; }
    say "they are in $folder"
    rm -rf "$cache"/images-*
    mv "$made" "$folder"
fi
! [ -d "$folder" ] || echo "$folder"
