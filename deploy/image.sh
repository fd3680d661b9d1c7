#!/usr/bin/env bash
# Makes the images: of the controller, which has Cinder, and of the node, which has neither Cinder nor eventlet nor a compiler.
#
#   deploy/image.sh fill controller|node         install the driver into the Debian 12 that this runs in: the Dockerfile's step
#   deploy/image.sh make controller|node FILE    make an image without Docker and without a registry, in a Debian of its own
#   deploy/image.sh check controller|node        make it twice, and compare
#
# FILE becomes an archive that `docker load` and `ctr -n k8s.io images import` take, FILE.sbom.json its bill of materials. The
# same checkout and the same packages of Debian's make the same bytes. `make` wants root and debootstrap; pip's and apt's
# own settings are followed, and MIRROR names another mirror of Debian than debootstrap's own.
set -euo pipefail

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
readonly SUITE=bookworm USER_ID=64646 HOME_DIR=/opt/cinderblock
# The programs that the driver, os-brick and Cinder's drivers call; the daemons that they talk to are the machine's own.
declare -rA PROGRAMS=(
    [node]='e2fsprogs xfsprogs btrfs-progs mount util-linux kmod udev nfs-common open-iscsi multipath-tools sg3-utils nvme-cli qemu-utils'
    [controller]='e2fsprogs mount util-linux kmod udev nfs-common open-iscsi lvm2 thin-provisioning-tools sg3-utils qemu-utils tgt'
)
# What a node must not have: a process that has it needs more memory, and whoever breaks in finds more.
readonly NOT_ON_A_NODE='cinder eventlet sqlalchemy kubernetes'

say() { printf 'image: %s\n' "$*" >&2; }
fail() { say "$*"; exit 1; }

# The time that files have: that of the commit.
epoch() { echo "${SOURCE_DATE_EPOCH:-$(git -C "$root" log -1 --format=%ct 2>/dev/null || echo 0)}"; }

version() { sed -n 's/^version = "\(.*\)"$/\1/p' "$root/pyproject.toml"; }

# --- inside of the image ---------------------------------------------------------------------------------------------

fill() {
    local part=$1 installer source lists
    export DEBIAN_FRONTEND=noninteractive LC_ALL=C SOURCE_DATE_EPOCH=${SOURCE_DATE_EPOCH:-0} PIP_DISABLE_PIP_VERSION_CHECK=1
    lists=/etc/apt/apt.conf.d/99-image
    echo 'APT::Install-Recommends "false";' >$lists
    # Nothing is started in here.
    printf '#!/bin/sh\nexit 101\n' >/usr/sbin/policy-rc.d
    chmod +x /usr/sbin/policy-rc.d
    apt-get update -qq
    # shellcheck disable=SC2086  # a list of package names
    apt-get install -qq -y python3 ca-certificates ${PROGRAMS[$part]} >/dev/null
    apt-get install -qq -y python3-venv >/dev/null
    # Under the same name each time: pip notes where it found what it installs.
    installer=/tmp/installer source=/tmp/source
    mkdir $source
    python3 -m venv "$installer"
    python3 -m venv --without-pip $HOME_DIR
    cp -r "$root"/{csi,cinderblock,persistence,pyproject.toml,README.md,LICENSE} "$source"
    "$installer/bin/pip" --python $HOME_DIR/bin/python install --quiet --no-cache-dir --no-compile --no-deps \
        --require-hashes -r "$root/deploy/requirements/$part.lock"
    "$installer/bin/pip" --python $HOME_DIR/bin/python install --quiet --no-cache-dir --no-compile --no-deps \
        --no-build-isolation "$source"
    rm -rf "$installer" "$source"
    apt-get purge -qq -y --auto-remove python3-venv >/dev/null
    rm -f /usr/sbin/policy-rc.d $lists
    echo "cinderblock:x:$USER_ID:$USER_ID::/nonexistent:/usr/sbin/nologin" >>/etc/passwd
    echo "cinderblock:x:$USER_ID:" >>/etc/group
    verify "$part"
    tidy
    mkdir -p /usr/share/cinderblock
    $HOME_DIR/bin/python -B "$root/deploy/sbom.py" "cinderblock-$part" >/usr/share/cinderblock/sbom.json
}

# What it is for is there, and what must not be is not.
verify() {
    local tool
    (cd / && $HOME_DIR/bin/cinderblock --version >/dev/null)
    for tool in gcc cc g++ clang; do
        ! command -v "$tool" >/dev/null || fail "$1 has a compiler: $tool"
    done
    if [ "$1" = node ]; then
        (cd / && $HOME_DIR/bin/python -B - $NOT_ON_A_NODE) <<'EOF'
import importlib.util
import sys

found = [name for name in sys.argv[1:] if importlib.util.find_spec(name)]
sys.exit(f"image: a node must not have {', '.join(found)}" if found else 0)
EOF
        for tool in mkfs.ext4 mkfs.xfs mkfs.btrfs blkid losetup iscsiadm multipath mount.nfs qemu-nbd nvme; do
            command -v "$tool" >/dev/null || fail "a node lacks $tool"
        done
    fi
}

# Nothing stays that another build would have otherwise: logs, caches, lists, names and keys of this machine.
tidy() {
    apt-get clean
    rm -rf /var/lib/apt/lists/* /var/cache/* /var/log/* /var/lib/dpkg/*-old /etc/*- /tmp/* /root/.cache /root/.config
    rm -rf /usr/share/man/* /usr/share/info/* /usr/share/locale/* /etc/nvme/host* /etc/iscsi/initiatorname.iscsi /etc/machine-id
    find /usr/share/doc -mindepth 1 ! -name copyright ! -type d -delete
    find /usr/share/doc -mindepth 1 -type d -empty -delete
    # The day on which an account was made.
    sed -i -E 's/^([^:]*:[^:]*):[0-9]+:/\1:0:/' /etc/shadow
    find /usr $HOME_DIR -name __pycache__ -type d -prune -exec rm -rf {} +
    # A read-only root keeps no bytecode, so it is made here; by content, because times are no use.
    # Without `site`: bytecode of a module differs with whether the compiler itself has loaded it.
    PYTHONHASHSEED=0 python3 -S -m compileall -q --invalidation-mode unchecked-hash /usr/lib/python3.11 $HOME_DIR/lib \
        >/dev/null || true
}

# --- around it -------------------------------------------------------------------------------------------------------

# In namespaces of its own, so that no mount is left, whatever becomes of it.
inside() {
    local tree=$1
    shift
    # shellcheck disable=SC2016  # expanded by the shell inside
    unshare --mount --pid --fork --kill-child bash -c '
        mount -t proc proc "$1/proc" && mount --bind /dev "$1/dev" && mount --bind "$2" "$1/build" &&
        mount -o remount,bind,ro "$1/build" && shift 2 && exec chroot "$@"' bash "$tree" "$root" "$tree" "$@"
}

make_image() {
    local part=$1 file=$2 work tree time index
    [ "$(id -u)" = 0 ] || fail "make wants root"
    command -v debootstrap >/dev/null || fail "make wants debootstrap; install the package of that name"
    time=$(epoch)
    work=$(mktemp -d)
    trap 'rm -rf "$work"' EXIT
    tree=$work/root
    say "$part: a Debian"
    debootstrap --variant=minbase --merged-usr "$SUITE" "$tree" ${MIRROR:+"$MIRROR"} >"$work/log" 2>&1 || fail "$(tail -n 5 "$work/log")"
    mkdir -p "$tree/build"
    cp /etc/resolv.conf "$tree/etc/resolv.conf"
    apt-config dump | grep '^Acquire::' >"$tree/etc/apt/apt.conf.d/99-machine" || true
    install -m 644 "${PIP_CERT:-${SSL_CERT_FILE:-/etc/ssl/certs/ca-certificates.crt}}" "$tree/certificates"
    index=${PIP_INDEX_URL:-$(python3 -m pip config get global.index-url 2>/dev/null || true)}
    say "$part: the driver in it"
    inside "$tree" /usr/bin/env -i PATH=/usr/sbin:/usr/bin:/sbin:/bin HOME=/root SOURCE_DATE_EPOCH="$time" \
        PIP_CERT=/certificates ${index:+PIP_INDEX_URL="$index"} PIP_DEFAULT_TIMEOUT=180 \
        http_proxy="${http_proxy:-}" https_proxy="${https_proxy:-}" /build/deploy/image.sh fill "$part" >"$work/log" 2>&1 ||
        fail "$(tail -n 15 "$work/log")"
    rm -rf "$tree/certificates" "$tree/etc/apt/apt.conf.d/99-machine" "$tree/etc/resolv.conf" "$tree/etc/hostname" \
        "$tree/build" "$tree"/dev/* "$tree/debootstrap"
    pack "$part" "$tree" "$work/image" "$time"
    cp "$tree/usr/share/cinderblock/sbom.json" "$file.sbom.json"
    mv "$work/image.tar" "$file"
    say "$part: $file, $(du -h "$file" | cut -f1), sha256 $(sha256sum <"$file" | cut -c1-64)"
    rm -rf "$work"
    trap - EXIT
}

archived() { tar --create --sort=name --mtime="@$1" --numeric-owner --format=posix --pax-option=delete=atime,delete=ctime "${@:2}"; }

pack() {
    local part=$1 tree=$2 image=$3 time=$4 layer config user=0
    [ "$part" = node ] || user=$USER_ID
    mkdir "$image"
    archived "$time" --directory "$tree" --file "$image/layer.tar" .
    layer=$(sha256sum <"$image/layer.tar" | cut -c1-64)
    cat >"$image/config.json" <<EOF
{"architecture": "$(dpkg --print-architecture)", "os": "linux", "created": "$(date -u -d "@$time" +%Y-%m-%dT%H:%M:%SZ)",
 "config": {"Entrypoint": ["$HOME_DIR/bin/cinderblock"], "User": "$user", "Env": ["PATH=$HOME_DIR/bin:/usr/sbin:/usr/bin:/sbin:/bin"],
  "Labels": {"org.opencontainers.image.title": "cinderblock-$part", "org.opencontainers.image.version": "$(version)"}},
 "rootfs": {"type": "layers", "diff_ids": ["sha256:$layer"]}}
EOF
    config=$(sha256sum <"$image/config.json" | cut -c1-64)
    mv "$image/config.json" "$image/$config.json"
    printf '[{"Config": "%s.json", "RepoTags": ["localhost/cinderblock-%s:%s"], "Layers": ["layer.tar"]}]\n' \
        "$config" "$part" "$(version)" >"$image/manifest.json"
    archived "$time" --owner=0 --group=0 --directory "$image" --file "$image.tar" manifest.json "$config.json" layer.tar
}

check() {
    local part=$1 folder
    # Whoever commits meanwhile changes the time, and not the content.
    SOURCE_DATE_EPOCH=$(epoch)
    export SOURCE_DATE_EPOCH
    folder=$(mktemp -d)
    (make_image "$part" "$folder/first.tar")
    (make_image "$part" "$folder/second.tar")
    if ! cmp "$folder/first.tar" "$folder/second.tar"; then
        fail "$part: two builds differ; see $folder"
    fi
    rm -rf "$folder"
    say "$part: two builds are the same"
}

case "${1:-} ${2:-}" in
    'fill controller' | 'fill node') fill "$2" ;;
    'make controller' | 'make node') make_image "$2" "$(realpath "${3:?FILE is missing}")" ;;
    'check controller' | 'check node') check "$2" ;;
    *) sed -n '2,/^set /s/^# \{0,1\}//p' "$0" >&2; exit 2 ;;
esac
