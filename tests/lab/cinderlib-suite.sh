#!/usr/bin/env bash
# Prints a folder with cinderlib's own functional tests and the one package that they need beside Cinderblock's; fetches
# it first when the cache has none. Everything else that it says goes to stderr.
#
# The cache is ${XDG_CACHE_HOME:-~/.cache}/cinderblock. Nothing of it is changed, and nothing of cinderlib is installed.
set -euo pipefail

readonly VERSION=5.2.0

folder=${XDG_CACHE_HOME:-$HOME/.cache}/cinderblock/cinderlib-suite-$VERSION

say() { printf 'cinderlib-suite: %s\n' "$*" >&2; }

wanted() {
    cat <<PINS
cinderlib==$VERSION --hash=sha256:dd212563dcb238ead35d37ce4b3dd2ef40a8629ef91a6be969ebcd8f5079094f
ddt==1.7.2 --hash=sha256:6adcfaf9785f0a36f9e73a89b91e412de9ef8649e289b750e3683bc79d5e2354
PINS
}

if ! [ -d "$folder" ]; then
    say "fetching cinderlib $VERSION and ddt"
    mkdir -p "$(dirname "$folder")"
    # Made aside and renamed, so that what was cut off leaves nothing that looks complete.
    aside=$(mktemp -d "$folder.XXXXXX")
    trap 'rm -rf "$aside"' EXIT
    wanted >"$aside/pins"
    python3 -m venv "$aside/venv"
    "$aside/venv/bin/python" -m pip download --quiet --disable-pip-version-check --no-deps --only-binary :all: \
        --require-hashes --dest "$aside/wheels" --requirement "$aside/pins" >&2
    mkdir "$aside/content"
    for wheel in "$aside"/wheels/*.whl; do
        python3 -m zipfile -e "$wheel" "$aside/content"
    done
    mv -T "$aside/content" "$folder" 2>/dev/null || [ -d "$folder" ]
fi
echo "$folder"
