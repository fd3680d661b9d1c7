#!/usr/bin/env bash
# Makes .venv, with everything that a developer needs, on a fresh Debian 12 or any machine like it.
#
# Says what it does, line by line; does nothing, quickly, when nothing is to be done. As root it installs the system
# packages that are missing; otherwise it names them and ends with 1. Nothing is written outside of the checkout and
# the cache folder (${XDG_CACHE_HOME:-~/.cache}/cinderblock), system packages aside.
#
#   deploy/setup.sh         make .venv from requirements.lock
#   deploy/setup.sh lock    choose the newest versions that pyproject.toml allows, and write requirements.lock
set -euo pipefail

# What the lock was made with and is installed with.
readonly UV_VERSION=0.13.9

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
cache=${XDG_CACHE_HOME:-$HOME/.cache}/cinderblock
venv=$root/.venv
stamp=$venv/.setup

say() { printf 'setup: %s\n' "$*"; }
fail() { printf 'setup: %s\n' "$*" >&2; exit 1; }

# Tools of a node live in sbin, which is not on everybody's PATH.
has() { PATH=$PATH:/usr/sbin:/sbin command -v "$1" >/dev/null 2>&1; }

# The first Python >= 3.11 that can also make virtual environments; the machine's own default comes first.
find_python() {
    local candidate
    for candidate in "${PYTHON:-python3}" python3.13 python3.12 python3.11 /usr/bin/python3; do
        if "$candidate" -c 'import sys, venv, ensurepip; sys.exit(sys.version_info < (3, 11))' >/dev/null 2>&1; then
            "$candidate" -c 'import sys; print(sys.executable)'
            return
        fi
    done
    return 1
}

missing_packages() {
    local tool_and_package
    for tool_and_package in mkfs.ext4:e2fsprogs mkfs.xfs:xfsprogs mkfs.btrfs:btrfs-progs losetup:mount blkid:util-linux \
        modprobe:kmod flock:util-linux qemu-img:qemu-utils mount.nfs:nfs-common; do
        has "${tool_and_package%%:*}" || echo "${tool_and_package##*:}"
    done
    find_python >/dev/null || echo python3-venv
    [ -e "${SSL_CERT_FILE:-/etc/ssl/certs/ca-certificates.crt}" ] || echo ca-certificates
}

install_system_packages() {
    local packages
    packages=$(missing_packages | sort -u | tr '\n' ' ')
    [ -n "$packages" ] || return 0
    has apt-get || fail "this machine lacks: ${packages}- install them (the names are Debian's), then run this again"
    [ "$(id -u)" = 0 ] || fail "this machine lacks: ${packages}- run 'sudo apt-get install ${packages% }', then this again"
    say "installing system packages: $packages"
    export DEBIAN_FRONTEND=noninteractive
    # shellcheck disable=SC2086  # a list of package names
    apt-get install -qq -y --no-install-recommends $packages >/dev/null 2>&1 || {
        apt-get update -qq
        apt-get install -qq -y --no-install-recommends $packages >/dev/null
    }
}

# uv reads its own settings only; whoever pointed pip somewhere means us, too.
follow_pip() {
    local setting
    if [ -z "${UV_DEFAULT_INDEX:-}${UV_INDEX_URL:-}" ]; then
        setting=${PIP_INDEX_URL:-$("$1" -m pip config get global.index-url 2>/dev/null || true)}
        [ -z "$setting" ] || export UV_DEFAULT_INDEX=$setting
    fi
    if [ -z "${SSL_CERT_FILE:-}" ]; then
        setting=${PIP_CERT:-$("$1" -m pip config get global.cert 2>/dev/null || true)}
        [ -z "$setting" ] || export SSL_CERT_FILE=$setting
    fi
}

# Prints the path of uv; makes a private virtual environment for it when there is none.
bootstrap_uv() {
    local home=$cache/uv-$UV_VERSION
    if ! "$home/bin/uv" --version >/dev/null 2>&1; then
        say "fetching uv $UV_VERSION into $home" >&2
        rm -rf "$home"
        mkdir -p "$cache"
        "$1" -m venv "$home"
        "$home/bin/python" -m pip install --quiet --disable-pip-version-check "uv==$UV_VERSION"
    fi
    echo "$home/bin/uv"
}

# What .venv was made from; equal means that there is nothing to do.
fingerprint() {
    echo "$root $1 $UV_VERSION"
    sha256sum <"$root/requirements.lock"
    sha256sum <"$root/pyproject.toml"
}

# The lock holds versions and hashes only, so that it serves whichever index the machine uses.
lock() {
    local uv
    follow_pip "$1"
    uv=$(bootstrap_uv "$1")
    say "resolving pyproject.toml into requirements.lock"
    cd "$root"
    "$uv" pip compile --quiet pyproject.toml --all-extras --universal --python-version 3.11 --upgrade \
        --generate-hashes --no-emit-index-url --no-header --output-file requirements.lock
    lock_image "$uv" pyproject.toml controller --extra postgresql --extra mariadb --extra kubernetes
    # What asks for eventlet does without it where it is not installed, and has less to load.
    lock_image "$uv" deploy/requirements/node.in node --no-emit-package eventlet --no-emit-package greenlet
}

# What an image has, in the versions of requirements.lock.
lock_image() {
    say "the part of it that the $3's image has"
    "$1" pip compile --quiet "$2" "${@:4}" --universal --python-version 3.11 --constraints requirements.lock \
        --generate-hashes --no-emit-index-url --no-header --output-file "deploy/requirements/$3.lock"
}

# Whether .venv works and is this Python's; then what runs from it may go on while packages are brought up to date.
made_with() {
    [ -x "$venv/bin/python" ] && "$venv/bin/python" - "$1" <<'EOF' >/dev/null 2>&1
import os, sys
sys.exit(os.path.realpath(sys.executable) != os.path.realpath(sys.argv[1]))
EOF
}

make_venv() {
    local python=$1 uv wanted
    wanted=$(fingerprint "$python")
    if [ -x "$venv/bin/python" ] && [ -f "$stamp" ] && [ "$(cat "$stamp")" = "$wanted" ]; then
        say "nothing to do: .venv is up to date"
        return
    fi
    follow_pip "$python"
    uv=$(bootstrap_uv "$python")
    export UV_PYTHON_DOWNLOADS=never UV_NO_PROGRESS=1 VIRTUAL_ENV=$venv
    if ! made_with "$python"; then
        say "making .venv with $("$python" --version) ($python)"
        "$uv" venv --quiet --clear --python "$python" "$venv"
    fi
    rm -f "$stamp"
    say "installing what requirements.lock names, hashes checked"
    "$uv" pip sync --quiet --require-hashes "$root/requirements.lock"
    say "installing cinderblock itself, editable"
    "$uv" pip install --quiet --no-deps --no-build-isolation --editable "$root"
    printf '%s\n' "$wanted" >"$stamp"
    say "done: .venv/bin/cinderblock"
}

main() {
    local python
    # One at a time in a checkout; the script itself is the lock, so nothing is left behind.
    exec 9<"${BASH_SOURCE[0]}"
    ! has flock || flock 9
    install_system_packages
    python=$(find_python) || fail "no Python >= 3.11 with the venv module was found; install python3-venv, or set PYTHON"
    case ${1:-} in
        '') make_venv "$python" ;;
        lock) lock "$python" ;;
        *) fail "unknown argument '$1'; see the head of $0" ;;
    esac
}

main "$@"
